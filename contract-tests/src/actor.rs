//! Who sends requests, and what comes back.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::LazyLock;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::check::Exchange;
use crate::recording;
use crate::server::Credentials;
use crate::world::World;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

static CLIENT: LazyLock<reqwest::blocking::Client> = LazyLock::new(|| {
    reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .timeout(PATIENCE)
        .build()
        .expect("an HTTP client can be made")
});

/// A request as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self { method: method.to_owned(), target: target.to_owned(), headers: Vec::new(), body: Vec::new() }
    }

    /// With a header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// With a body of a media type.
    #[must_use]
    pub fn body(mut self, media: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media)
    }

    /// With a body that says nothing of its media type.
    #[must_use]
    pub fn bare_body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    /// With a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        self.body("application/json", body.to_string())
    }

    /// With a JSON merge patch as its body (RFC 7396).
    #[must_use]
    pub fn merge_patch(self, body: &Value) -> Self {
        self.body("application/merge-patch+json", body.to_string())
    }

    /// With a form as its body.
    #[must_use]
    pub fn form(self, pairs: &[(&str, &str)]) -> Self {
        self.body("application/x-www-form-urlencoded", form(pairs))
    }
}

/// Who sends a request.
#[derive(Clone)]
pub struct Actor<'w> {
    world: &'w World,
    shows: Shows,
}

#[derive(Clone)]
enum Shows {
    Nothing,
    Secret(Credentials),
    Token(String),
}

impl<'w> Actor<'w> {
    pub(crate) fn nobody(world: &'w World) -> Self {
        Self { world, shows: Shows::Nothing }
    }

    pub(crate) fn client(world: &'w World, credentials: Credentials) -> Self {
        world.remember(&credentials.client_secret);
        Self { world, shows: Shows::Secret(credentials) }
    }

    pub(crate) fn bearer(world: &'w World, token: String) -> Self {
        Self { world, shows: Shows::Token(token) }
    }

    /// The credentials of a client.
    ///
    /// # Panics
    /// When this is not a client.
    pub fn credentials(&self) -> &Credentials {
        match &self.shows {
            Shows::Secret(credentials) => credentials,
            _ => panic!("only a client has credentials"),
        }
    }

    /// The id of a client, which is the agent's.
    pub fn id(&self) -> &str {
        &self.credentials().client_id
    }

    /// The token itself, of an actor that shows one.
    ///
    /// # Panics
    /// When this actor shows none.
    pub fn token(&self) -> &str {
        match &self.shows {
            Shows::Token(token) => token,
            _ => panic!("only a bearer has a token"),
        }
    }

    /// The same agent as the bearer of a token with this scope.
    ///
    /// # Panics
    /// When it gets none.
    pub fn holding(&self, scope: &str) -> Actor<'w> {
        let answer = self.asks_for_a_token(&[("scope", scope)]);
        assert_eq!(answer.status(), 200, "no token for {scope}:\n{answer}");
        let token = answer.json()["access_token"].as_str().unwrap_or_default().to_owned();
        Actor::bearer(self.world, token)
    }

    /// Asks the token endpoint, with further parameters beside the grant.
    pub fn asks_for_a_token(&self, more: &[(&str, &str)]) -> Answer<'w> {
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend_from_slice(more);
        self.posts_form("/oauth2/token", &pairs)
    }

    /// Asks the introspection endpoint about a token.
    pub fn asks_about(&self, token: &str) -> Answer<'w> {
        self.posts_form("/oauth2/introspect", &[("token", token)])
    }

    /// Asks the revocation endpoint to end a token.
    pub fn revokes(&self, token: &str) -> Answer<'w> {
        self.posts_form("/oauth2/revoke", &[("token", token)])
    }

    /// `GET`.
    pub fn gets(&self, target: &str) -> Answer<'w> {
        self.sends(Request::new("GET", target))
    }

    /// `HEAD`.
    pub fn heads(&self, target: &str) -> Answer<'w> {
        self.sends(Request::new("HEAD", target))
    }

    /// `POST` of JSON.
    pub fn posts(&self, target: &str, body: &Value) -> Answer<'w> {
        self.sends(Request::new("POST", target).json(body))
    }

    /// `PUT` of JSON.
    pub fn puts(&self, target: &str, body: &Value) -> Answer<'w> {
        self.sends(Request::new("PUT", target).json(body))
    }

    /// `PATCH` with a JSON merge patch.
    pub fn patches(&self, target: &str, body: &Value) -> Answer<'w> {
        self.sends(Request::new("PATCH", target).merge_patch(body))
    }

    /// `DELETE`.
    pub fn deletes(&self, target: &str) -> Answer<'w> {
        self.sends(Request::new("DELETE", target))
    }

    /// `POST` of a form.
    pub fn posts_form(&self, target: &str, pairs: &[(&str, &str)]) -> Answer<'w> {
        self.sends(Request::new("POST", target).form(pairs))
    }

    /// Sends a request, with what the actor shows.
    pub fn sends(&self, request: Request) -> Answer<'w> {
        self.world.send(self.shown(request))
    }

    /// The same, where the server may be away: `None` if no whole answer came.
    pub fn tries(&self, request: Request) -> Option<Answer<'w>> {
        self.world.try_send(self.shown(request))
    }

    fn shown(&self, request: Request) -> Request {
        match &self.shows {
            Shows::Nothing => request,
            Shows::Secret(credentials) => request.header("authorization", &basic(credentials)),
            Shows::Token(token) => request.header("authorization", &format!("Bearer {token}")),
        }
    }
}

/// An answer that the specification has nothing against.
pub struct Answer<'w> {
    world: &'w World,
    exchange: Exchange,
}

impl<'w> Answer<'w> {
    pub(crate) fn new(world: &'w World, exchange: Exchange) -> Self {
        Self { world, exchange }
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.exchange.status
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.header(name)
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.exchange.body).into_owned()
    }

    /// The body as JSON, `null` if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.exchange.body).unwrap_or_default()
    }

    /// The header and the claims of the access token in the answer, unverified.
    ///
    /// # Panics
    /// When there is no token.
    pub fn token_parts(&self) -> (Value, Value) {
        let answer = self.json();
        let token = answer["access_token"].as_str().unwrap_or_else(|| panic!("no token:\n{self}"));
        let mut parts = token.split('.').map(|part| {
            let bytes = URL_SAFE_NO_PAD.decode(part).expect("the token is base64url");
            serde_json::from_slice(&bytes).unwrap_or_default()
        });
        (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
    }

    /// Compares the whole answer with its recording.
    ///
    /// # Panics
    /// When it differs.
    pub fn is_as_recorded(self) -> Self {
        self.is_recorded_as("")
    }

    /// Compares the whole answer with one of several recordings of a test.
    ///
    /// # Panics
    /// When it differs.
    pub fn is_recorded_as(self, part: &str) -> Self {
        self.world.is_recorded(part, &self.redacted(recording::answer(&self.exchange)));
        self
    }

    /// Compares the header and the claims of the access token in the answer with a recording.
    ///
    /// # Panics
    /// When they differ.
    pub fn has_a_token_recorded_as(self, part: &str) -> Self {
        let (header, claims) = self.token_parts();
        let text = format!("{}\n\n{}\n", recording::json(&header), recording::json(&claims));
        self.world.is_recorded(part, &self.redacted(text));
        self
    }

    fn redacted(&self, text: String) -> String {
        let known = [
            (self.world.server.operator.client_id.as_str(), "[operator]"),
            (self.world.server.base.as_str(), "[issuer]"),
        ];
        recording::redacted(text, &known)
    }
}

impl fmt::Display for Answer<'_> {
    /// The whole exchange without its secrets, for the message of a failed test.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted(recording::everything(&self.exchange)))
    }
}

/// A form as bytes.
pub fn form(pairs: &[(&str, &str)]) -> String {
    let pairs: Vec<String> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pairs.join("&")
}

/// A text as a part of a form or of a query.
pub fn encoded(text: &str) -> String {
    utf8_percent_encode(text, NON_ALPHANUMERIC).to_string()
}

/// The value of `Authorization` for a client (RFC 6749 section 2.3.1).
pub fn basic(credentials: &Credentials) -> String {
    let pair = format!("{}:{}", encoded(&credentials.client_id), encoded(&credentials.client_secret));
    format!("Basic {}", STANDARD.encode(pair))
}

/// Whether a server says that it is ready.
pub(crate) fn is_ready(base: &str) -> bool {
    CLIENT
        .get(format!("{base}/health/ready"))
        .timeout(Duration::from_secs(2))
        .send()
        .is_ok_and(|answer| answer.status().as_u16() == 200)
}

/// Sends a request with an HTTP client.
pub(crate) fn send(base: &str, request: Request) -> Exchange {
    let (method, target) = (request.method.clone(), request.target.clone());
    try_send(base, request).unwrap_or_else(|error| panic!("{method} {target} got no answer: {error:?}"))
}

/// The same, where there may be no answer.
pub(crate) fn try_send(base: &str, request: Request) -> Result<Exchange, reqwest::Error> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).expect("the method is one");
    let mut building = CLIENT.request(method, format!("{base}{}", request.target)).body(request.body);
    for (name, value) in &request.headers {
        building = building.header(name, value);
    }
    let request_id = request
        .headers
        .iter()
        .find(|(name, value)| name.eq_ignore_ascii_case("x-request-id") && is_request_id(value))
        .map(|(_, value)| value.clone());
    let answer = building.send()?;
    Ok(Exchange {
        method: request.method,
        target: request.target,
        request_id,
        status: answer.status().as_u16(),
        headers: answer
            .headers()
            .iter()
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect(),
        body: answer.bytes()?.to_vec(),
    })
}

/// Whether a server takes over this `X-Request-Id`.
fn is_request_id(value: &str) -> bool {
    (1..=64).contains(&value.len())
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
}

/// Sends bytes as they are and reads one answer.
pub(crate) fn raw(port: u16, method: &str, target: &str, bytes: &[u8]) -> Exchange {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server can be reached");
    stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
    // A server that has refused already may have closed its side; what it said is still there to be read.
    let _ = stream.write_all(bytes);
    receive(&mut stream, method, target)
}

/// Reads one answer from a connection.
pub(crate) fn receive(stream: &mut TcpStream, method: &str, target: &str) -> Exchange {
    let mut received = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        if let Some(exchange) = parse(method, target, &received) {
            return exchange;
        }
        match stream.read(&mut buffer) {
            Ok(0) => panic!(
                "{method} {target}: the connection ended within the answer {:?}",
                String::from_utf8_lossy(&received)
            ),
            Ok(count) => received.extend_from_slice(&buffer[..count]),
            Err(error) => panic!("{method} {target}: {error} after {:?}", String::from_utf8_lossy(&received)),
        }
    }
}

/// An answer in HTTP/1.1, if it is whole.
fn parse(method: &str, target: &str, received: &[u8]) -> Option<Exchange> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(received.get(..end)?).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    let exchange = Exchange {
        method: method.to_owned(),
        target: target.to_owned(),
        request_id: None,
        status,
        headers,
        body: Vec::new(),
    };
    let rest = received.get(end + 4..)?;
    let body = if exchange.header("transfer-encoding").is_some() {
        chunks(rest)?
    } else {
        let length = exchange.header("content-length").and_then(|value| value.parse().ok()).unwrap_or(0);
        rest.get(..length)?.to_vec()
    };
    Some(Exchange { body, ..exchange })
}

/// A chunked body (RFC 9112 section 7.1), if it is whole.
fn chunks(mut rest: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = rest.windows(2).position(|window| window == b"\r\n")?;
        let size = usize::from_str_radix(std::str::from_utf8(rest.get(..line)?).ok()?.trim(), 16).ok()?;
        rest = rest.get(line + 2..)?;
        if size == 0 {
            return Some(body);
        }
        body.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size + 2..)?;
    }
}
