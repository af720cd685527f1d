//! One answer against the specification.

use serde_json::Value;

use crate::spec::{Header, Response, Spec, Target};

/// Headers that the protocol brings along, which no specification declares.
const OF_THE_PROTOCOL: [&str; 6] =
    ["connection", "content-length", "content-type", "date", "transfer-encoding", "vary"];

/// The statuses at the door that an operation's own request can meet before the operation does, unless the operation
/// declares them itself.
const BEFORE_AN_OPERATION: [u16; 1] = [431];

/// What was asked and what came back.
#[derive(Clone, Debug, Default)]
pub struct Exchange {
    /// The request's method.
    pub method: String,
    /// The request's path and query.
    pub target: String,
    /// The `X-Request-Id` that the request brought, if it was a valid one.
    pub request_id: Option<String>,
    /// The answer's status.
    pub status: u16,
    /// The answer's headers, names in small letters.
    pub headers: Vec<(String, String)>,
    /// The answer's body.
    pub body: Vec<u8>,
}

/// The judgement on one answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whose answer it is: an operation's id, or `door`.
    pub operation: String,
    /// Which declared response it is: the operation's id, or `door`, and the status. `HEAD` reaches nothing, as its
    /// answers are those of `GET`.
    pub reached: Option<(String, u16)>,
    /// What is wrong, a sentence each.
    pub faults: Vec<String>,
}

impl Exchange {
    /// The values of a header.
    pub fn values(&self, name: &str) -> Vec<&str> {
        let of_this_name = self.headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
        of_this_name.map(|(_, value)| value.as_str()).collect()
    }

    /// The only value of a header, or the first of several.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.values(name).first().copied()
    }
}

/// Judges an answer.
pub fn check(spec: &Spec, exchange: &Exchange) -> Verdict {
    let mut faults = Vec::new();
    let status = exchange.status;
    let (name, response) = match spec.target(&exchange.method, &exchange.target) {
        Target::Operation(operation) => match operation.responses.get(&status) {
            Some(response) => (operation.id.as_str(), Some(response)),
            None if BEFORE_AN_OPERATION.contains(&status) => ("door", spec.door.get(&status)),
            None => (operation.id.as_str(), None),
        },
        Target::OtherMethod(methods) => {
            if status == 405 {
                faults.extend(allow_faults(exchange, &methods));
            }
            // Which of 405 and what comes before it is answered depends on what is wrong besides the method.
            ("door", spec.door.get(&status).filter(|_| status != 404))
        }
        Target::UnknownPath => ("door", spec.door.get(&status).filter(|_| status != 405)),
    };
    match response {
        None => faults.push(format!("{name} does not declare the status {status}")),
        Some(response) => {
            faults.extend(header_faults(spec, exchange, response));
            faults.extend(body_faults(spec, exchange, response));
        }
    }
    let reached = (response.is_some() && exchange.method != "HEAD").then(|| (name.to_owned(), status));
    Verdict { operation: name.to_owned(), reached, faults }
}

/// `Allow` names exactly the methods that the path has.
fn allow_faults(exchange: &Exchange, methods: &[String]) -> Option<String> {
    let mut allowed: Vec<&str> =
        exchange.values("allow").into_iter().flat_map(|value| value.split(',')).map(str::trim).collect();
    allowed.sort_unstable();
    (allowed != methods).then(|| format!("allow names {allowed:?}, the path has {methods:?}"))
}

fn header_faults(spec: &Spec, exchange: &Exchange, response: &Response) -> Vec<String> {
    let mut faults = Vec::new();
    let declared: Vec<&Header> = spec.everywhere.iter().chain(&response.headers).collect();
    for header in &declared {
        let values = exchange.values(&header.name);
        let name = header.name.to_lowercase();
        match values.as_slice() {
            [] if header.required => faults.push(format!("the header {name} is missing")),
            [] => {}
            [value] => faults.extend(
                header.faults(spec, value).into_iter().map(|fault| format!("the header {name}: {fault}")),
            ),
            _ => faults.push(format!("the header {name} is there {} times", values.len())),
        }
    }
    for (name, _) in &exchange.headers {
        let known = OF_THE_PROTOCOL.contains(&name.to_lowercase().as_str())
            || declared.iter().any(|header| header.name.eq_ignore_ascii_case(name));
        if !known {
            faults.push(format!("the header {name} is not declared"));
        }
    }
    if let Some(sent) = &exchange.request_id
        && exchange.header("x-request-id") != Some(sent)
    {
        faults.push(format!("the request's id {sent} did not come back"));
    }
    faults
}

fn body_faults(spec: &Spec, exchange: &Exchange, response: &Response) -> Vec<String> {
    let content_type = exchange.header("content-type");
    if exchange.method == "HEAD" {
        return (!exchange.body.is_empty())
            .then(|| "the answer to HEAD has a body".to_owned())
            .into_iter()
            .collect();
    }
    if response.content.is_empty() {
        let mut faults = Vec::new();
        if !exchange.body.is_empty() {
            faults.push("there is a body where none is declared".to_owned());
        }
        if let Some(media) = content_type {
            faults.push(format!("there is the media type {media} where no body is declared"));
        }
        return faults;
    }
    let Some(content_type) = content_type else {
        return vec!["the body has no media type".to_owned()];
    };
    let (media, charset) = media_type(content_type);
    if charset.as_deref().is_some_and(|charset| charset != "utf-8") {
        return vec![format!("the charset of {content_type} is not utf-8")];
    }
    let declared = response.content.iter().find(|(declared, _)| media_type(declared).0 == media);
    let Some((_, schema)) = declared else {
        return vec![format!("the media type {media} is not declared")];
    };
    if media == "application/octet-stream" {
        return Vec::new();
    }
    let Ok(text) = std::str::from_utf8(&exchange.body) else {
        return vec!["the body is not UTF-8".to_owned()];
    };
    let value = if is_json(&media) {
        match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return vec![format!("the body is not JSON: {error}")],
        }
    } else {
        Value::String(text.to_owned())
    };
    let faults = spec.faults(schema, &value).into_iter().map(|fault| format!("the body at {fault}"));
    faults
        .chain(response.first_line.iter().flat_map(|schema| first_line_faults(spec, schema, text)))
        .collect()
}

/// What is wrong with the first line of a body that is lines of JSON.
fn first_line_faults(spec: &Spec, schema: &Value, text: &str) -> Vec<String> {
    match serde_json::from_str(text.lines().next().unwrap_or_default()) {
        Ok(line) => {
            let faults = spec.faults(schema, &line).into_iter();
            faults.map(|fault| format!("the first line of the body at {fault}")).collect()
        }
        Err(error) => vec![format!("the first line of the body is not JSON: {error}")],
    }
}

/// A `Content-Type` as its media type and its charset, both in small letters.
fn media_type(value: &str) -> (String, Option<String>) {
    let mut parts = value.split(';').map(|part| part.trim().to_lowercase());
    let media = parts.next().unwrap_or_default();
    let charset = parts
        .find_map(|part| part.strip_prefix("charset=").map(|charset| charset.trim_matches('"').to_owned()));
    (media, charset)
}

/// Whether a media type is JSON or is written in it (RFC 6839 section 3.1).
fn is_json(media: &str) -> bool {
    media == "application/json" || media.ends_with("+json")
}
