//! Answers as texts that a snapshot keeps.
//!
//! Everything of an answer is kept but the headers that every answer has (one test records those) and those of the
//! protocol. What differs from run to run has a name in brackets instead; equal ids have equal names within one answer.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;

use crate::check::Exchange;
use crate::secret;
use crate::spec::repository;

/// Headers that are checked in every answer and recorded in one.
const IN_EVERY_ANSWER: [&str; 12] = [
    "connection",
    "content-length",
    "date",
    "transfer-encoding",
    "content-security-policy",
    "ratelimit",
    "ratelimit-policy",
    "referrer-policy",
    "strict-transport-security",
    "x-content-type-options",
    "x-frame-options",
    "x-request-id",
];

/// Members of JSON objects whose values differ from run to run, and what stands for them.
const MEMBERS: [(&str, &str); 15] = [
    ("clientSecret", "[secret]"),
    ("access_token", "[token]"),
    ("requestId", "[request id]"),
    ("nextCursor", "[cursor]"),
    ("salt", "[salt]"),
    ("kid", "[key id]"),
    ("verifierKey", "[verifier key]"),
    ("x", "[key]"),
    ("y", "[key]"),
    ("n", "[key]"),
    ("exp", "[numeric date]"),
    ("iat", "[numeric date]"),
    ("expiresAt", "[time]"),
    ("rev", "[rev]"),
    ("jti", "[token id]"),
];

/// An answer without what every answer has.
pub fn answer(exchange: &Exchange) -> String {
    let headers =
        exchange.headers.iter().filter(|(name, _)| !IN_EVERY_ANSWER.contains(&name.to_lowercase().as_str()));
    // How long there is to wait counts down; it is compared where it is the point.
    let headers = headers.cloned().map(|(name, value)| match exchange.status {
        429 if name.eq_ignore_ascii_case("retry-after") => (name, "[seconds]".to_owned()),
        _ => (name, value),
    });
    written(exchange, headers.collect())
}

/// An answer with all its headers.
pub fn everything(exchange: &Exchange) -> String {
    written(exchange, exchange.headers.clone())
}

fn written(exchange: &Exchange, mut headers: Vec<(String, String)>) -> String {
    headers.sort();
    let mut text = format!("{} {}\n\n{}\n", exchange.method, exchange.target, exchange.status);
    for (name, value) in headers {
        let value = match name.as_str() {
            "etag" => "[etag]".to_owned(),
            "x-request-id" => "[request id]".to_owned(),
            _ => value,
        };
        text.push_str(&format!("{name}: {value}\n"));
    }
    if !exchange.body.is_empty() {
        let body = match serde_json::from_slice::<Value>(&exchange.body) {
            Ok(value) => json(&value),
            Err(_) => String::from_utf8_lossy(&exchange.body).into_owned(),
        };
        text.push_str(&format!("\n{body}\n"));
    }
    text
}

/// JSON with its members in order, and with names for what differs from run to run.
pub fn json(value: &Value) -> String {
    let mut text = String::new();
    write(value, 0, &mut text);
    text
}

fn write(value: &Value, depth: usize, text: &mut String) {
    let indent = "  ".repeat(depth + 1);
    let end = "  ".repeat(depth);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let members: BTreeMap<_, _> = members.iter().collect();
            text.push('{');
            for (index, (name, value)) in members.into_iter().enumerate() {
                text.push_str(if index == 0 { "\n" } else { ",\n" });
                text.push_str(&format!("{indent}{}: ", Value::String(name.clone())));
                let differing = MEMBERS.iter().find(|(member, _)| member == name);
                match differing {
                    Some((_, stand_in)) if !value.is_object() && !value.is_array() => text.push_str(stand_in),
                    _ => write(value, depth + 1, text),
                }
            }
            text.push_str(&format!("\n{end}}}"));
        }
        Value::Array(items) if !items.is_empty() => {
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                text.push_str(if index == 0 { "\n" } else { ",\n" });
                text.push_str(&indent);
                write(item, depth + 1, text);
            }
            text.push_str(&format!("\n{end}]"));
        }
        _ => text.push_str(&value.to_string()),
    }
}

/// A text with names for what is `known` and for whatever else differs from run to run.
pub fn redacted(mut text: String, known: &[(&str, &str)]) -> String {
    static TIME: LazyLock<Regex> = LazyLock::new(|| regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"));
    static ID: LazyLock<Regex> =
        LazyLock::new(|| regex(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"));
    for (value, name) in known {
        text = text.replace(value, name);
    }
    text = secret::without(&text);
    text = TIME.replace_all(&text, "[time]").into_owned();
    let mut ids: Vec<String> = Vec::new();
    ID.replace_all(&text, |found: &Captures<'_>| {
        let id = found[0].to_owned();
        let number = ids.iter().position(|known| *known == id).unwrap_or_else(|| {
            ids.push(id);
            ids.len() - 1
        });
        format!("[id {}]", number + 1)
    })
    .into_owned()
}

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the pattern is one")
}

/// Compares a text with the recording of this name.
///
/// # Panics
/// When they differ.
pub fn compare(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(repository().join("contract-tests/snapshots"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}
