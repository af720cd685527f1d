//! The mind: plain values and the rules between them. Nothing here knows of HTTP or of SQL.

pub mod agents;
pub mod audit;
pub mod callers;
pub mod changes;
pub mod credentials;
pub mod keys;
pub mod policy;
pub mod refusal;
