//! Parameters that arrive as text: in the path, the query, a header or a form.

use std::borrow::Cow;
use std::collections::HashSet;

use axum::extract::RawPathParams;
use http::HeaderMap;
use uuid::Uuid;

use crate::check::{Found, Place, Pointer};
use crate::types::{Secret, Timestamp};

/// A type that a parameter's text can be read as.
pub trait FromText: Sized {
    /// The rule that a text breaks which cannot be read.
    const RULE: &'static str;

    /// Reads it.
    ///
    /// # Errors
    /// What the text must be, as a sentence for people.
    fn from_text(text: &str) -> Result<Self, String>;
}

impl FromText for String {
    const RULE: &'static str = "type";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(text.to_owned())
    }
}

impl FromText for Secret {
    const RULE: &'static str = "type";

    fn from_text(text: &str) -> Result<Self, String> {
        Ok(Self::new(text))
    }
}

impl FromText for Uuid {
    const RULE: &'static str = "format";

    fn from_text(text: &str) -> Result<Self, String> {
        // Other spellings of a UUID (braces, no hyphens) would give one agent several addresses.
        let uuid = Self::try_parse(text).ok().filter(|_| text.len() == 36);
        uuid.ok_or_else(|| "must be a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057".to_owned())
    }
}

impl FromText for Timestamp {
    const RULE: &'static str = "format";

    fn from_text(text: &str) -> Result<Self, String> {
        Self::parse(text)
            .ok_or_else(|| "must be an RFC 3339 time such as 2026-01-31T12:00:00.000Z".to_owned())
    }
}

macro_rules! from_text_by_parse {
    ($($type:ty: $must:literal),*) => {$(
        impl FromText for $type {
            const RULE: &'static str = "type";

            fn from_text(text: &str) -> Result<Self, String> {
                text.parse().map_err(|_| $must.to_owned())
            }
        }
    )*};
}
from_text_by_parse!(
    bool: "must be true or false",
    i32: "must be a whole number",
    i64: "must be a whole number",
    u32: "must be a whole number, not negative",
    u64: "must be a whole number, not negative"
);

/// The parameters of one place, as text.
pub struct Texts<'r> {
    place: Place,
    pairs: Vec<(Cow<'r, str>, Cow<'r, str>)>,
}

impl<'r> Texts<'r> {
    /// The path's parameters, as the router found them.
    pub fn path(raw: &'r RawPathParams) -> Self {
        let pairs = raw.iter().map(|(name, value)| (name.into(), value.into())).collect();
        Self { place: Place::Path, pairs }
    }

    /// The query's parameters. What is not percent-encoded UTF-8 is a violation.
    pub fn query(query: Option<&'r str>, found: &mut Found) -> Self {
        Self::urlencoded(Place::Query, query.unwrap_or_default().as_bytes(), found)
    }

    /// A form's parameters. What is not percent-encoded UTF-8 is a violation; so is a name that is there twice, but for
    /// those in `repeatable` (RFC 6749 §3.2). A parameter without a value counts as absent.
    pub fn form(body: &'r [u8], repeatable: &[&str], found: &mut Found) -> Self {
        let mut form = Self::urlencoded(Place::Form, body, found);
        let mut seen = HashSet::new();
        for (name, _) in &form.pairs {
            if !seen.insert(name) && !repeatable.contains(&name.as_ref()) {
                let at = &Pointer::parameters(Place::Form);
                if !found.names(Place::Form, name) {
                    found.add(&at.key(name), "unique", "must not be there more than once");
                }
            }
        }
        form.pairs.retain(|(_, value)| !value.is_empty());
        form
    }

    /// The header fields of these names (lower case). A value that is not visible ASCII is a violation.
    pub fn headers(headers: &'r HeaderMap, names: &[&'static str], found: &mut Found) -> Self {
        let mut pairs = Vec::new();
        for name in names {
            for value in headers.get_all(*name) {
                match value.to_str() {
                    Ok(value) => pairs.push((Cow::Borrowed(*name), Cow::Borrowed(value))),
                    Err(_) => {
                        let at = &Pointer::parameters(Place::Header);
                        found.add(&at.key(name), "syntax", "must be visible ASCII characters");
                    }
                }
            }
        }
        Self { place: Place::Header, pairs }
    }

    fn urlencoded(place: Place, text: &'r [u8], found: &mut Found) -> Self {
        let at = &Pointer::parameters(place);
        let mut pairs = Vec::new();
        for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
            let (name, value) = match pair.iter().position(|byte| *byte == b'=') {
                Some(middle) => (&pair[..middle], &pair[middle + 1..]),
                None => (pair, &b""[..]),
            };
            match (decoded(name), decoded(value)) {
                (Some(name), Some(value)) => pairs.push((name, value)),
                (Some(name), None) => found.add(&at.key(&name), "syntax", "must be percent-encoded UTF-8"),
                _ => found.add(at, "syntax", "names must be percent-encoded UTF-8"),
            }
        }
        Self { place, pairs }
    }

    /// Where these parameters stand.
    pub fn place(&self) -> Place {
        self.place
    }

    /// The text of a parameter, if it is there.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_ref())
    }

    /// A parameter that may be there once; a second one is a violation.
    pub fn one<T: FromText>(&self, name: &str, found: &mut Found) -> Option<T> {
        let parameters = Pointer::parameters(self.place);
        let at = &parameters.key(name);
        let mut values = self.pairs.iter().filter(|(known, _)| known == name).map(|(_, value)| value);
        let first = values.next()?;
        if values.next().is_some() {
            found.add(at, "unique", "must not be there more than once");
            return None;
        }
        T::from_text(first).map_err(|message| found.add(at, T::RULE, message)).ok()
    }

    /// A parameter that may be there several times.
    pub fn many<T: FromText>(&self, name: &str, found: &mut Found) -> Vec<T> {
        let parameters = Pointer::parameters(self.place);
        let at = &parameters.key(name);
        let values = self.pairs.iter().filter(|(known, _)| known == name);
        values
            .filter_map(|(_, text)| {
                T::from_text(text).map_err(|message| found.add(at, T::RULE, message)).ok()
            })
            .collect()
    }

    /// Notes the absence of a required parameter, unless something else is wrong with it.
    pub fn require(&self, name: &str, is_there: bool, found: &mut Found) {
        if !is_there && !found.names(self.place, name) {
            found.add(&Pointer::parameters(self.place).key(name), "required", "must be there");
        }
    }

    /// Notes every parameter that is not among the known ones: a misspelt filter would otherwise widen an answer.
    pub fn refuse_unknown(&self, known: &[&str], found: &mut Found) {
        for (name, _) in self.pairs.iter().filter(|(name, _)| !known.contains(&name.as_ref())) {
            if !found.names(self.place, name) {
                let at = &Pointer::parameters(self.place);
                found.add(&at.key(name), "unknown", "is not a parameter of this operation");
            }
        }
    }

    /// Notes every parameter that belongs into the form of the body: a secret in a URL ends up in logs.
    pub fn refuse_form_parameters(&self, form: &[&str], found: &mut Found) {
        for (name, _) in self.pairs.iter().filter(|(name, _)| form.contains(&name.as_ref())) {
            let at = &Pointer::parameters(self.place);
            found.add(&at.key(name), "unknown", "belongs into the form of the body, never into the URL");
        }
    }
}

/// One name or value of a query or a form (`application/x-www-form-urlencoded`), if it is percent-encoded UTF-8.
pub fn decoded(text: &[u8]) -> Option<Cow<'_, str>> {
    let stray = text.iter().enumerate().any(|(index, byte)| {
        *byte == b'%'
            && !text.get(index + 1..index + 3).is_some_and(|hex| hex.iter().all(u8::is_ascii_hexdigit))
    });
    if stray {
        return None;
    }
    if !text.iter().any(|byte| matches!(byte, b'%' | b'+')) {
        return std::str::from_utf8(text).ok().map(Cow::Borrowed);
    }
    let spaced: Vec<u8> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let bytes: Vec<u8> = percent_encoding::percent_decode(&spaced).collect();
    String::from_utf8(bytes).ok().map(Cow::Owned)
}
