//! What must be true of every parser that reads a stranger's bytes, whatever the bytes: it never panics, it decides as a
//! slow reading of the rule decides, and what it takes is what was written.
//!
//! `fuzz/` runs these on inputs that a coverage-guided fuzzer finds; the tests here run them on the checked-in seeds and
//! on random changes of them.

pub mod basic;
pub mod canonical;
pub mod cursor;
pub mod form;
pub mod json;
pub mod jwt;
pub mod log;
pub mod reference;
pub mod secret;

/// What a parser made of an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It took it.
    Accepted,
    /// It did not.
    Refused,
    /// The input is nothing that could reach the parser.
    Elsewhere,
}

impl Decision {
    /// Accepted or refused.
    pub fn of(accepted: bool) -> Self {
        if accepted { Self::Accepted } else { Self::Refused }
    }
}

/// An oracle: panics where the parser is wrong about the input.
pub type Oracle = fn(&[u8]) -> Decision;

/// Every oracle, by the name of its fuzz target and of the folder of its seeds.
pub const ORACLES: [(&str, Oracle); 8] = [
    ("basic", basic::judge),
    ("canonical", canonical::judge),
    ("cursor", cursor::judge),
    ("form", form::judge),
    ("json", json::judge),
    ("jwt", jwt::judge),
    ("log", log::judge),
    ("secret", secret::judge),
];
