//! Canonical JSON (RFC 8785), which the audit log is made of.

use agentidp::domain::canonical::value_write;
use serde_json::Value;

use crate::Decision;

/// The rule, read slowly. `None` for a number that not every reader takes exactly.
fn canonical(value: &Value) -> Option<String> {
    Some(match value {
        Value::Null => "null".into(),
        Value::Bool(truth) => truth.to_string(),
        Value::Number(number) => {
            let text = number.to_string();
            let exact: i128 = text.parse().ok()?;
            if exact.abs() >= 1 << 53 {
                return None;
            }
            text
        }
        Value::String(text) => string(text),
        Value::Array(items) => {
            format!("[{}]", items.iter().map(canonical).collect::<Option<Vec<_>>>()?.join(","))
        }
        Value::Object(members) => {
            let mut names: Vec<_> = members.keys().collect();
            names.sort_by_key(|name| name.encode_utf16().collect::<Vec<_>>());
            let member = |name: &String| Some(format!("{}:{}", string(name), canonical(&members[name])?));
            format!("{{{}}}", names.into_iter().map(member).collect::<Option<Vec<_>>>()?.join(","))
        }
    })
}

fn string(text: &str) -> String {
    let mut written = String::from("\"");
    for character in text.chars() {
        match character {
            '"' => written.push_str(r#"\""#),
            '\\' => written.push_str(r"\\"),
            '\u{8}' => written.push_str(r"\b"),
            '\t' => written.push_str(r"\t"),
            '\n' => written.push_str(r"\n"),
            '\u{c}' => written.push_str(r"\f"),
            '\r' => written.push_str(r"\r"),
            control if u32::from(control) < 0x20 => {
                written.push_str(&format!(r"\u{:04x}", u32::from(control)));
            }
            other => written.push(other),
        }
    }
    written.push('"');
    written
}

/// Writes the input's value canonically.
pub fn judge(input: &[u8]) -> Decision {
    let Ok(value) = serde_json::from_slice::<Value>(input) else { return Decision::Elsewhere };
    let mut written = Vec::new();
    let done = value_write(&value, &mut written).is_ok();
    let rule = canonical(&value);
    assert_eq!(done, rule.is_some(), "{value}");
    let Some(rule) = rule else { return Decision::Refused };
    assert_eq!(std::str::from_utf8(&written), Ok(rule.as_str()));
    let read: Value = serde_json::from_slice(&written).expect("canonical JSON is JSON");
    assert_eq!(read, value, "it means the same");
    let mut again = Vec::new();
    value_write(&read, &mut again).expect("it was written before");
    assert_eq!(again, written, "there is one way to write it");
    Decision::Accepted
}
