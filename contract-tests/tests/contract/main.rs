//! The contract: every operation and every declared answer, on both databases, against the real server.
//!
//! A test is an actor, a request and the answer. The harness checks each answer against `openapi.yaml`; a recording keeps
//! it whole.

mod agents;
mod audit;
mod audit_log;
mod authorization;
mod connections;
mod credentials;
mod discovery;
mod documentation;
mod door;
mod expiry;
mod faults;
mod forgeries;
mod guessing;
mod health;
mod idempotency;
mod introspection;
mod operations;
mod revocation;
mod rotations;
mod statuses;
mod tokens;
mod updates;
mod walls;

use contract_tests::actor::Actor;
use contract_tests::world::World;
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

/// The path of an agent.
fn path_of(agent: &Actor<'_>) -> String {
    format!("/agents/{}", agent.id())
}

/// Whether a token is alive, as far as this client may know.
#[track_caller]
fn is_active(client: &Actor<'_>, token: &str) -> bool {
    let answer = client.asks_about(token);
    assert_eq!(answer.status(), 200, "{answer}");
    answer.json()["active"] == true
}

/// The audit events that pass a filter, the newest first, as somebody sees them who sees all.
#[track_caller]
fn events(world: &World, filter: &str) -> Vec<Value> {
    let answer =
        world.operator().holding("audit:read idp:admin").gets(&format!("/audit/events?limit=100&{filter}"));
    assert_eq!(answer.status(), 200, "{answer}");
    answer.json()["items"].as_array().cloned().unwrap_or_default()
}
