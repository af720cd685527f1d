//! The contract: every operation and every declared answer, on both databases, against the real server.
//!
//! A test is an actor, a request and the answer. The harness checks each answer against `openapi.yaml`; a recording keeps
//! it whole.

mod agents;
mod audit;
mod discovery;
mod documentation;
mod door;
mod faults;
mod forgeries;
mod health;
mod introspection;
mod tokens;

use serde_json::{Value, json};

/// An agent to register, with its smallest number of members.
fn new_agent(email: &str) -> Value {
    json!({
        "email": email,
        "agentType": "screener",
        "version": "v1.4.2",
        "capabilities": ["resume:read", "resume:score"],
        "deploymentEnv": "production",
    })
}

/// The same with some members set to something else, or with more.
fn new_agent_with(more: &Value) -> Value {
    let mut agent = new_agent("screener-001@example.com");
    for (name, value) in more.as_object().into_iter().flatten() {
        agent[name] = value.clone();
    }
    agent
}
