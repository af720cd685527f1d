//! A transparency log: its tree (RFC 6962), its tiles (C2SP `tlog-tiles`) and its checkpoints (C2SP `tlog-checkpoint`).
//!
//! Plain values and arithmetic: nothing here knows what the entries are or where they are kept. What is computed says first
//! which tiles it needs ([`proof::Plan::tiles`]), and computes once it has them; so the database, another server's answers
//! and a folder of files are read alike.

pub mod checkpoint;
pub mod proof;
pub mod tiles;
pub mod tree;

pub use crate::crypto::Hash;
pub use checkpoint::Checkpoint;
pub use proof::Plan;
pub use tiles::Tile;
pub use tree::{Frontier, Node};
