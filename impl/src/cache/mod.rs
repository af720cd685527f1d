//! Memory that may cost time and never correctness: it decides nothing.

pub mod memory;
pub mod redis;
