//! The constraints of the specification: where a value breaks one, and which.

use std::collections::HashSet;
use std::fmt::{self, Write as _};
use std::hash::Hash;

use regex::Regex;
use serde_json::Value;
use validator::{ValidateEmail, ValidateLength, ValidateRange, ValidateUrl};

use crate::types::{JsonObject, Secret};

/// Which part of a request a value stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// The JSON body.
    Body,
    /// The form in the body.
    Form,
    /// The header fields.
    Header,
    /// The path.
    Path,
    /// The query of the URL.
    Query,
}

impl Place {
    /// The place's name in an error.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Form => "form",
            Self::Header => "header",
            Self::Path => "path",
            Self::Query => "query",
        }
    }
}

/// One constraint that a request broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// In which part of the request.
    pub place: Place,
    /// Where there: a JSON pointer (RFC 6901) into the body, or the name of a parameter.
    pub path: String,
    /// Which rule: the keyword of the specification (`maxLength`), or `syntax`.
    pub rule: &'static str,
    /// What to do about it, for a person. It never repeats the value.
    pub message: String,
}

impl Violation {
    /// How many characters path and message have at most; of longer ones the end is cut off, for names in a path are the
    /// client's and may be as long as its request.
    pub const MOST_CHARACTERS: usize = 512;

    /// A violation of a rule, at a place.
    pub fn new(
        place: Place,
        path: impl Into<String>,
        rule: &'static str,
        message: impl Into<String>,
    ) -> Self {
        Self { place, path: Self::cut(path.into()), rule, message: Self::cut(message.into()) }
    }

    fn cut(mut text: String) -> String {
        if let Some((end, _)) = text.char_indices().nth(Self::MOST_CHARACTERS) {
            text.truncate(end);
        }
        text
    }
}

/// The violations found so far; at most [`Found::MOST`] are kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found(Vec<Violation>);

impl Found {
    /// How many violations one answer names.
    pub const MOST: usize = 32;

    /// Adds a violation.
    pub fn add(&mut self, at: &Pointer<'_>, rule: &'static str, message: impl Into<String>) {
        if self.0.len() < Self::MOST {
            let (place, path) = at.resolve();
            self.0.push(Violation::new(place, path, rule, message));
        }
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether something was found at that place already.
    pub fn names(&self, place: Place, path: &str) -> bool {
        self.0.iter().any(|violation| violation.place == place && violation.path == path)
    }

    /// Adds what another reading found.
    pub fn append(&mut self, other: Self) {
        self.0.extend(other.0);
        self.0.truncate(Self::MOST);
    }

    /// The violations, in the order in which they were found.
    pub fn into_violations(self) -> Vec<Violation> {
        self.0
    }
}

impl From<Violation> for Found {
    fn from(violation: Violation) -> Self {
        Self(vec![violation])
    }
}

/// Where a value stands. It borrows its way from the root, so that going down costs nothing until something is wrong.
#[derive(Clone, Copy, Debug)]
pub enum Pointer<'p> {
    /// The whole body.
    Root(Place),
    /// All parameters of a place; its keys are their names.
    Parameters(Place),
    /// A member of an object.
    Key(&'p Pointer<'p>, &'p str),
    /// An element of an array.
    Index(&'p Pointer<'p>, usize),
}

impl<'p> Pointer<'p> {
    /// The whole JSON body.
    pub const fn body() -> Pointer<'static> {
        Pointer::Root(Place::Body)
    }

    /// The parameters of a place.
    pub const fn parameters(place: Place) -> Pointer<'static> {
        Pointer::Parameters(place)
    }

    /// The member of that name.
    pub const fn key<'k>(&'k self, key: &'k str) -> Pointer<'k> {
        Pointer::Key(self, key)
    }

    /// The element at that index.
    pub const fn index(&self, index: usize) -> Pointer<'_> {
        Pointer::Index(self, index)
    }

    fn resolve(&self) -> (Place, String) {
        match self {
            Self::Root(place) | Self::Parameters(place) => (*place, String::new()),
            Self::Key(Self::Parameters(place), name) => (*place, (*name).to_owned()),
            Self::Key(parent, key) => {
                let (place, mut path) = parent.resolve();
                push_key(&mut path, key);
                (place, path)
            }
            Self::Index(parent, index) => {
                let (place, mut path) = parent.resolve();
                let _ = write!(path, "/{index}");
                (place, path)
            }
        }
    }
}

/// Makes a JSON pointer lead to that member (RFC 6901 section 3).
pub(crate) fn push_key(pointer: &mut String, key: &str) {
    pointer.push('/');
    pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
}

/// A value that the specification constrains.
pub trait Check {
    /// Adds every constraint that the value breaks.
    fn check(&self, at: &Pointer<'_>, found: &mut Found);
}

/// A string, secret or not.
pub trait Text {
    /// Its characters.
    fn text(&self) -> &str;
}

impl Text for String {
    fn text(&self) -> &str {
        self
    }
}

impl Text for Secret {
    fn text(&self) -> &str {
        self.expose()
    }
}

/// `minLength`, in characters.
pub fn min_length(value: &impl Text, least: u64, at: &Pointer<'_>, found: &mut Found) {
    if !value.text().validate_length(Some(least), None, None) {
        found.add(at, "minLength", format!("must have at least {least} characters"));
    }
}

/// `maxLength`, in characters.
pub fn max_length(value: &impl Text, most: u64, at: &Pointer<'_>, found: &mut Found) {
    if !value.text().validate_length(None, Some(most), None) {
        found.add(at, "maxLength", format!("must have at most {most} characters"));
    }
}

/// `pattern`.
pub fn pattern(value: &impl Text, pattern: &Regex, at: &Pointer<'_>, found: &mut Found) {
    if !pattern.is_match(value.text()) {
        found.add(at, "pattern", format!("must match {pattern}"));
    }
}

/// A pattern of the specification, compiled.
///
/// # Panics
/// If it is no pattern; the tests of this crate compile every one.
pub fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of the specification")
}

/// `format: email`.
pub fn email(value: &impl Text, at: &Pointer<'_>, found: &mut Found) {
    if !value.text().validate_email() {
        found.add(at, "format", "must be an email address");
    }
}

/// `format: uri`: absolute, and in the characters that RFC 3986 has; a URL's reader alone would mend others silently.
pub fn uri(value: &impl Text, at: &Pointer<'_>, found: &mut Found) {
    let text = value.text();
    let is_written_right =
        text.bytes().all(|byte| byte.is_ascii_graphic() && !br#""<>\^`{|}"#.contains(&byte));
    if !is_written_right || !text.validate_url() {
        found.add(at, "format", "must be an absolute URI");
    }
}

/// `minimum`.
pub fn minimum<T: PartialOrd + Copy + fmt::Display + ValidateRange<T>>(
    value: T,
    least: T,
    at: &Pointer<'_>,
    found: &mut Found,
) {
    if !value.validate_range(Some(least), None, None, None) {
        found.add(at, "minimum", format!("must be at least {least}"));
    }
}

/// `maximum`.
pub fn maximum<T: PartialOrd + Copy + fmt::Display + ValidateRange<T>>(
    value: T,
    most: T,
    at: &Pointer<'_>,
    found: &mut Found,
) {
    if !value.validate_range(None, Some(most), None, None) {
        found.add(at, "maximum", format!("must be at most {most}"));
    }
}

/// `minItems`.
pub fn min_items<T>(value: &[T], least: usize, at: &Pointer<'_>, found: &mut Found) {
    if value.len() < least {
        found.add(at, "minItems", format!("must have at least {least} items"));
    }
}

/// `maxItems`.
pub fn max_items<T>(value: &[T], most: usize, at: &Pointer<'_>, found: &mut Found) {
    if value.len() > most {
        found.add(at, "maxItems", format!("must have at most {most} items"));
    }
}

/// `uniqueItems`; the violation names the later twin.
pub fn unique_items<T: Eq + Hash>(value: &[T], at: &Pointer<'_>, found: &mut Found) {
    let mut seen = HashSet::with_capacity(value.len());
    for (index, item) in value.iter().enumerate() {
        if !seen.insert(item) {
            found.add(&at.index(index), "uniqueItems", "must not repeat an earlier item");
        }
    }
}

/// `minProperties`, of an object with that many members.
pub fn min_properties(count: usize, least: usize, at: &Pointer<'_>, found: &mut Found) {
    if count < least {
        found.add(at, "minProperties", format!("must have at least {least} members"));
    }
}

/// `maxProperties`, of an object with that many members.
pub fn max_properties(count: usize, most: usize, at: &Pointer<'_>, found: &mut Found) {
    if count > most {
        found.add(at, "maxProperties", format!("must have at most {most} members"));
    }
}

/// `x-max-depth`: how deep objects and arrays may nest; the object itself is the first level.
pub fn max_depth(value: &JsonObject, most: usize, at: &Pointer<'_>, found: &mut Found) {
    fn depth(value: &Value) -> usize {
        match value {
            Value::Array(list) => 1 + list.iter().map(depth).max().unwrap_or(0),
            Value::Object(map) => 1 + map.values().map(depth).max().unwrap_or(0),
            _ => 0,
        }
    }
    if 1 + value.0.values().map(depth).max().unwrap_or(0) > most {
        found.add(at, "x-max-depth", format!("must not nest deeper than {most} levels"));
    }
}

/// `x-max-bytes`: the size of the object as compact JSON, in bytes.
pub fn max_bytes(value: &JsonObject, most: usize, at: &Pointer<'_>, found: &mut Found) {
    let size = serde_json::to_vec(value).map_or(usize::MAX, |json| json.len());
    if size > most {
        found.add(at, "x-max-bytes", format!("must have at most {most} bytes as JSON"));
    }
}

/// The sentence that names the allowed values.
pub fn one_of<'v>(values: impl Iterator<Item = &'v str>) -> String {
    format!("must be one of {}", values.collect::<Vec<_>>().join(", "))
}
