//! The API of AgentIdP 0.1.0, made from its specification. Nobody types here: change
//! `openapi.yaml` or `scripts/codegen/` and run `scripts/generate`.
//!
//! Each tag of the specification is a trait in [`apis`], each operation a method of it, each declared status a variant of
//! the method's answer. Before a method is called, the caller has been authenticated as the operation's `security` asks,
//! and parameters and body have been read and held to every constraint.
//!
//! What this layer refuses by itself is a [`door::Refusal`]; the implementation turns it into one of the operation's
//! declared answers.

pub mod apis;
pub mod body;
pub mod check;
pub mod client;
pub mod door;
pub mod models;
pub mod operations;
pub mod params;
pub mod server;
pub mod types;

pub use operations::{OPERATIONS, Operation, SPEC, SPEC_JSON};
