//! The services on a real database: who may do what, what is recorded of it, and what a token is worth when.

mod agents;
mod audit;
mod bootstrap;
mod clients;
mod expiry;
mod idempotency;
mod keys;
mod laws;
mod laws_merge;
mod laws_overlap;
mod limits;
#[path = "../shared/postgres.rs"]
mod postgres;
mod stopped;
mod store;
mod tokens;
mod world;
