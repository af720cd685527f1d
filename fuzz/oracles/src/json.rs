//! JSON bodies: what the door lets in of them.

use generated::body::{self, MOST_LEVELS};
use generated::models::{AgentPatch, NewAgent, NewCredential, Rotation, StatusChange};
use serde_json::Value;

use crate::Decision;

/// How deep the value nests; each object and each array is a level.
fn levels(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(members) => members.iter().any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// How many members the objects of a document have as it is written, those counted that repeat a name: each colon outside
/// of strings.
fn members_written(document: &[u8]) -> usize {
    let (mut within, mut escaped, mut colons) = (false, false, 0);
    for byte in document {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if within => escaped = true,
            b'"' => within = !within,
            b':' if !within => colons += 1,
            _ => {}
        }
    }
    colons
}

fn members(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(members).sum(),
        Value::Object(map) => map.len() + map.values().map(members).sum::<usize>(),
        _ => 0,
    }
}

macro_rules! read_as {
    ($input:expr, $($schema:ty),*) => {{
        let mut accepted = false;
        $(
            if let Ok(read) = body::json::<$schema>($input) {
                accepted = true;
                let value: Value = serde_json::from_slice($input).expect("what was let in is JSON");
                assert!(levels(&value) <= MOST_LEVELS && !has_nul(&value), "{value}");
                assert_eq!(members(&value), members_written($input), "no name is there twice");
                let written = serde_json::to_vec(&read).expect("it can be written");
                let again = body::json::<$schema>(&written).expect("what was let in is let in again");
                assert_eq!(again, read, "and means the same");
            }
        )*
        accepted
    }};
}

/// Reads the input as each of the bodies that there are.
pub fn judge(input: &[u8]) -> Decision {
    Decision::of(read_as!(input, NewAgent, AgentPatch, StatusChange, NewCredential, Rotation))
}
