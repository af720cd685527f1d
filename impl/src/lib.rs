//! AgentIdP, the server: an identity provider for AI agents.
//!
//! The rooms of the house, and what each may use, are described in `docs/architecture.md`; the test `house` reads
//! the imports and holds them to it.

#[macro_use]
mod fault_points;

pub mod api;
pub mod app;
pub mod cache;
pub mod cli;
pub mod clock;
pub mod config;
pub mod crypto;
pub mod domain;
pub mod jobs;
pub mod measures;
pub mod store;
