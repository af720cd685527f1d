//! Canonical JSON (RFC 8785, JCS) of the values that the audit log holds: everything but fractions.

use serde_json::{Map, Value};

/// The largest integer that every reader of JSON takes exactly (RFC 8785 §3.2.2.3, RFC 7493 §2.2).
const LARGEST_INTEGER: u64 = (1 << 53) - 1;

/// Why a value has no canonical form here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotCanonical {
    /// A number with a fraction, or too large to be exact everywhere.
    #[error("a number is not an integer of at most 53 bits")]
    Number,
}

/// Appends the value's canonical form (RFC 8785 §3.2).
pub fn value_write(value: &Value, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            let exact = match (number.as_u64(), number.as_i64()) {
                (Some(positive), _) => positive <= LARGEST_INTEGER,
                (None, Some(negative)) => negative.unsigned_abs() <= LARGEST_INTEGER,
                (None, None) => false,
            };
            if !exact {
                return Err(NotCanonical::Number);
            }
            out.extend_from_slice(number.to_string().as_bytes());
        }
        Value::String(text) => string_write(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                value_write(item, out)?;
            }
            out.push(b']');
        }
        Value::Object(members) => object_write(members, out)?,
    }
    Ok(())
}

/// Appends the object's canonical form: its members sorted by the UTF-16 code units of their names (RFC 8785 §3.2.3).
pub fn object_write(members: &Map<String, Value>, out: &mut Vec<u8>) -> Result<(), NotCanonical> {
    let mut sorted: Vec<_> = members.iter().collect();
    sorted.sort_by(|(one, _), (other, _)| one.encode_utf16().cmp(other.encode_utf16()));
    out.push(b'{');
    for (index, (name, value)) in sorted.into_iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        string_write(name, out);
        out.push(b':');
        value_write(value, out)?;
    }
    out.push(b'}');
    Ok(())
}

/// Appends the string's canonical form: the shortest escape where one is needed, and none elsewhere (RFC 8785
/// §3.2.2.2).
pub fn string_write(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0..0x20 => out.extend_from_slice(format!("\\u{byte:04x}").as_bytes()),
            _ => out.push(byte),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn canonical(value: &Value) -> Result<String, NotCanonical> {
        let mut out = Vec::new();
        value_write(value, &mut out)?;
        Ok(String::from_utf8(out).expect("JSON is UTF-8"))
    }

    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            (-9_007_199_254_740_991_i64..=9_007_199_254_740_991).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 64, 8, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..8).prop_map(Value::from),
                prop::collection::hash_map(any::<String>(), inner, 0..8)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_canonical_form_means_the_same(value in values()) {
            let read: Value = serde_json::from_str(&canonical(&value).unwrap()).unwrap();
            prop_assert_eq!(read, value);
        }

        #[test]
        fn the_canonical_form_of_what_was_read_back_is_the_same_bytes(value in values()) {
            let written = canonical(&value).unwrap();
            let read: Value = serde_json::from_str(&written).unwrap();
            prop_assert_eq!(canonical(&read).unwrap(), written);
        }

        #[test]
        fn members_are_sorted_by_their_utf_16(names in prop::collection::hash_set(any::<String>(), 0..12)) {
            let object: Map<_, _> = names.iter().map(|name| (name.clone(), json!(1))).collect();
            let mut sorted: Vec<Vec<u16>> = names.iter().map(|name| name.encode_utf16().collect()).collect();
            sorted.sort();
            let expected: Vec<String> = sorted
                .iter()
                .map(|name| format!("{}:1", json!(String::from_utf16(name).unwrap())))
                .collect();
            let written = canonical(&Value::Object(object)).unwrap();
            prop_assert_eq!(written, format!("{{{}}}", expected.join(",")));
        }
    }

    #[test]
    fn the_example_of_the_rfc_sorts_as_it_says() {
        // RFC 8785 §3.2.3.
        let value = json!({
            "\u{20ac}": "Euro Sign", "\r": "Carriage Return", "\u{fb33}": "Hebrew Letter Dalet With Dagesh",
            "1": "One", "\u{1f600}": "Emoji: Grinning Face", "\u{80}": "Control",
            "\u{f6}": "Latin Small Letter O With Diaeresis",
        });
        let expected = "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u{80}\":\"Control\",\
            \"\u{f6}\":\"Latin Small Letter O With Diaeresis\",\"\u{20ac}\":\"Euro Sign\",\
            \"\u{1f600}\":\"Emoji: Grinning Face\",\"\u{fb33}\":\"Hebrew Letter Dalet With Dagesh\"}";
        assert_eq!(canonical(&value).unwrap(), expected);
    }

    #[test]
    fn escapes_are_the_shortest() {
        let value = json!("\u{20ac}$\u{f}\u{a}A'\u{42}\u{22}\u{5c}\\\"/\u{7f}");
        assert_eq!(canonical(&value).unwrap(), "\"\u{20ac}$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\u{7f}\"");
    }

    #[test]
    fn a_number_that_is_not_exact_everywhere_is_refused() {
        for value in [json!(1.5), json!(1_u64 << 53), json!(-(1_i64 << 53)), json!(u64::MAX)] {
            assert_eq!(canonical(&value), Err(NotCanonical::Number));
        }
        assert_eq!(canonical(&json!(-1)).unwrap(), "-1");
    }
}
