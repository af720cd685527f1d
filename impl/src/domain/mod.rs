//! The mind: plain values and the rules between them. Nothing here knows of HTTP or of SQL.

pub mod agents;
pub mod audit;
pub mod bootstrap;
pub mod callers;
pub mod canonical;
pub mod changes;
pub mod clients;
pub mod clocks;
pub mod credentials;
pub mod feed;
pub mod idempotency;
pub mod keys;
pub mod limits;
pub mod log;
pub mod pages;
pub mod policy;
pub mod refusal;
pub mod registry;
pub mod tally;
pub mod tokens;
pub mod uses;
