//! Reading bodies: bounded, of the declared media type, and for JSON without repeated keys or bottomless nesting.

use std::collections::HashSet;
use std::fmt;

use axum::body::Body;
use bytes::Bytes;
use http::HeaderMap;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::{self, DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_path_to_error::Segment;

use crate::check::{Check, Found, Place, Pointer, Violation, push_key};
use crate::door::Refusal;

/// How many bytes a body may have (`x-max-body-bytes`).
pub const MOST_BYTES: usize = 65536;

/// How deep a JSON body may nest.
pub const MOST_LEVELS: usize = 32;

/// Reads a body of that media type, if it declares itself as such and is not too large.
///
/// # Errors
/// [`Refusal::UnsupportedMediaType`] and, when the length is declared, [`Refusal::BodyTooLarge`] before anything is read.
pub async fn read(headers: &HeaderMap, body: Body, media_type: &'static str) -> Result<Bytes, Refusal> {
    if !is_of(headers, media_type) {
        return Err(Refusal::UnsupportedMediaType { expected: media_type });
    }
    let declared = headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > MOST_BYTES as u64) {
        return Err(Refusal::BodyTooLarge { limit: MOST_BYTES });
    }
    match Limited::new(body, MOST_BYTES).collect().await {
        Ok(read) => Ok(read.to_bytes()),
        Err(error) if error.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge { limit: MOST_BYTES }),
        Err(_) => Err(Refusal::BodyUnreadable),
    }
}

/// Whether the one `Content-Type` is that media type, in UTF-8 if it names a character set.
fn is_of(headers: &HeaderMap, media_type: &str) -> bool {
    let mut fields = headers.get_all(CONTENT_TYPE).iter();
    let (Some(field), None) = (fields.next(), fields.next()) else { return false };
    let Ok(field) = field.to_str() else { return false };
    let mut parts = field.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let foreign_charset = parts.any(|parameter| {
        parameter.split_once('=').is_some_and(|(name, value)| {
            name.trim().eq_ignore_ascii_case("charset")
                && !value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
        })
    });
    essence.eq_ignore_ascii_case(media_type) && !foreign_charset
}

/// Reads a text.
///
/// # Errors
/// A violation if it is not UTF-8.
pub fn text(bytes: Bytes) -> Result<String, Refusal> {
    String::from_utf8(bytes.into()).map_err(|_| whole_body("syntax", "must be UTF-8"))
}

/// Reads a JSON document and holds it to its schema.
///
/// # Errors
/// All constraints that it breaks; but for what is no JSON, or not of the schema's types: the first such place alone.
pub fn json<T: DeserializeOwned + Check>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = std::str::from_utf8(bytes).map_err(|_| whole_body("syntax", "must be UTF-8"))?;
    scan(text)?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value: T = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| mistyped(&error))?;
    let mut found = Found::default();
    value.check(&Pointer::body(), &mut found);
    if found.is_empty() { Ok(value) } else { Err(found.into()) }
}

fn whole_body(rule: &'static str, message: impl Into<String>) -> Refusal {
    Refusal::Invalid(vec![Violation::new(Place::Body, "", rule, message)])
}

/// Turns serde's complaint into the place and the rule. Its sentence may repeat a value of the request, so it is said
/// afresh.
fn mistyped(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let mut path = String::new();
    for segment in error.path() {
        match segment {
            Segment::Seq { index } => path.push_str(&format!("/{index}")),
            Segment::Map { key } => push_key(&mut path, key),
            Segment::Enum { .. } | Segment::Unknown => {}
        }
    }
    let said = error.inner().to_string();
    let said = said.rsplit_once(" at line ").map_or(said.as_str(), |(sentence, _)| sentence);
    let quoted = || said.split('`').nth(1).unwrap_or_default();
    let (rule, message) = if let Some(message) = said.strip_prefix("format: ") {
        ("format", message.to_owned())
    } else if let Some(message) = said.strip_prefix("enum: ") {
        ("enum", message.to_owned())
    } else if said.starts_with("missing field") {
        push_key(&mut path, quoted());
        ("required", "must be there".to_owned())
    } else if said.starts_with("unknown field") {
        ("additionalProperties", "is not a member of this schema".to_owned())
    } else if said.starts_with("invalid value: integer `-") {
        ("minimum", "is less than the smallest value of its type".to_owned())
    } else if said.starts_with("invalid value: integer") {
        ("maximum", "is more than the greatest value of its type".to_owned())
    } else {
        let expected = match said.rsplit_once("expected ") {
            Some((_, "i32" | "i64" | "u32" | "u64")) => "a whole number",
            Some((_, "a sequence")) => "an array",
            Some((_, expected)) => expected,
            None => "of the type that the schema says",
        };
        ("type", format!("must be {expected}"))
    };
    Refusal::Invalid(vec![Violation::new(Place::Body, path, rule, message)])
}

/// Looks through a JSON document once for what a typed reading would pass over: repeated keys and deep nesting.
fn scan(text: &str) -> Result<(), Refusal> {
    let mut broken = Found::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let look = Look { at: &Pointer::body(), level: 0, broken: &mut broken };
    let outcome = look.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if !broken.is_empty() {
        return Err(broken.into());
    }
    outcome.map_err(|error| {
        whole_body("syntax", format!("is not JSON: look at line {}, column {}", error.line(), error.column()))
    })
}

struct Look<'s, 'p> {
    at: &'s Pointer<'p>,
    level: usize,
    broken: &'s mut Found,
}

impl Look<'_, '_> {
    /// NUL is JSON, and no database keeps it in a text.
    fn kept(&mut self, text: &str, at: &Pointer<'_>) {
        if text.contains('\0') {
            self.broken.add(at, "nul", "must not contain the character U+0000");
        }
    }

    fn deeper<E: de::Error>(&mut self) -> Result<usize, E> {
        if self.level == MOST_LEVELS {
            self.broken.add(self.at, "depth", format!("must not nest deeper than {MOST_LEVELS} levels"));
            return Err(E::custom("too deep"));
        }
        Ok(self.level + 1)
    }
}

impl<'de> DeserializeSeed<'de> for Look<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        let at = self.at;
        self.kept(text, at);
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        let level = self.deeper()?;
        let mut index = 0;
        loop {
            let at = &self.at.index(index);
            if access.next_element_seed(Look { at, level, broken: self.broken })?.is_none() {
                return Ok(());
            }
            index += 1;
        }
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut access: A) -> Result<(), A::Error> {
        let level = self.deeper()?;
        let mut seen = HashSet::new();
        while let Some(key) = access.next_key::<String>()? {
            let at = &self.at.key(&key);
            if seen.contains(&key) {
                self.broken.add(at, "unique", "must not be there more than once");
                return Err(de::Error::custom("repeated key"));
            }
            self.kept(&key, at);
            access.next_value_seed(Look { at, level, broken: self.broken })?;
            seen.insert(key);
        }
        Ok(())
    }
}
