//! The contract: every operation and every declared answer, on both databases, against the real server.
//!
//! A test is an actor, a request and the answer. The harness checks each answer against `openapi.yaml`; a recording keeps
//! it whole.

mod agents;
mod audit;
mod audit_log;
mod audit_monitor;
mod audit_readers;
mod audit_reopening;
mod audit_retention;
mod audit_tampering;
mod authorization;
mod connections;
mod cors;
mod credentials;
mod discovery;
mod documentation;
mod door;
mod expiry;
mod faults;
mod forgeries;
mod guessing;
mod heads;
mod health;
mod idempotency;
mod introspection;
mod keys;
mod limits;
mod lists;
mod log;
mod metrics;
mod privileges;
mod promotions;
mod redis;
mod resealing;
mod revocation;
mod rotations;
mod starting;
mod statuses;
mod stopping;
mod tokens;
mod updates;
mod walls;

use contract_tests::actor::Actor;
use contract_tests::operations::{self, events, path_of, with};
use serde_json::Value;

/// An agent to register, with its smallest number of members.
fn new_agent(email: &str) -> Value {
    operations::new_agent(email, &["resume:read", "resume:score"])
}

/// The same with some members set to something else, or with more.
fn new_agent_with(more: &Value) -> Value {
    with(new_agent("screener-001@example.com"), more)
}

/// Whether a token is alive, as far as this client may know.
#[track_caller]
fn is_active(client: &Actor<'_>, token: &str) -> bool {
    let answer = client.asks_about(token);
    assert_eq!(answer.status(), 200, "{answer}");
    answer.json()["active"] == true
}
