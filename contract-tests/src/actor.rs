//! Who sends requests, and what comes back.
//!
//! An [`Actor`] acts in a [`Place`]: on the server of a test, or on a deployment.

use std::fmt;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use crate::check::Exchange;
use crate::operations::RESERVED;
use crate::recording;
use crate::server::Credentials;
use crate::world::World;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// The client of the tests. They stay on loopback, where there is no TLS and no certificate to trust.
pub(crate) static CLIENT: LazyLock<Client> = LazyLock::new(|| {
    client(PATIENCE).no_proxy().tls_certs_only([]).build().expect("an HTTP client can be made")
});

/// An HTTP client that takes every answer as it comes, with so much time for each.
pub(crate) fn client(patience: Duration) -> reqwest::blocking::ClientBuilder {
    reqwest::blocking::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(patience)
        // Well before whatever is in between gives up a connection on which nothing is said.
        .pool_idle_timeout(Duration::from_secs(2))
        .user_agent(concat!("agentidp-contract-tests/", env!("CARGO_PKG_VERSION")))
}

/// The HTTP client of a program.
pub type Client = reqwest::blocking::Client;

/// A client for a deployment: with so much time for each answer, and with the certificates that it trusts instead of the
/// system's, by the name and the text of a PEM file.
///
/// # Errors
/// When there is no certificate in the file, or the system has none to trust.
pub fn client_of(
    base: &str,
    patience: Duration,
    certificates: Option<(String, String)>,
) -> Result<Client, String> {
    let building = match certificates {
        Some((name, pem)) => {
            let certificates = reqwest::Certificate::from_pem_bundle(pem.as_bytes())
                .ok()
                .filter(|certificates| !certificates.is_empty())
                .ok_or_else(|| format!("{name}: there is no PEM certificate in it"))?;
            client(patience).tls_certs_only(certificates)
        }
        // Without TLS there is nothing to trust, and nothing that the system would have to have.
        None if base.starts_with("http:") => client(patience).tls_certs_only([]),
        None => client(patience),
    };
    building
        .build()
        .map_err(|error| format!("no HTTPS client can be made: {}", crate::deployment::causes(&error)))
}

/// Where requests go.
pub trait Place: Sized {
    /// Sends a request, judges the answer by the specification, and notes both.
    fn send(&self, request: Request) -> Answer<'_, Self>;

    /// Takes note of a secret or a token that must appear nowhere.
    fn remember(&self, secret: &str);

    /// A text as people may read it.
    fn redacted(&self, text: String) -> String;

    /// The client that registers everybody else.
    fn operator(&self) -> Actor<'_, Self>;

    /// The operator's bearer of this scope, who sees agents of every owner if the operator may.
    fn seeing_all(&self, scope: &str) -> Actor<'_, Self>;

    /// The email address of an agent that is registered here under this name.
    fn email(&self, name: &str) -> String;

    /// Ends a test or a scenario, because an answer breaks a rule.
    fn broken(&self, rule: &str, exchange: &Exchange) -> !;
}

/// A request as it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    method: String,
    target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    within: Option<Duration>,
}

impl Request {
    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path and the query.
    pub fn target(&self) -> &str {
        &self.target
    }

    /// The headers, as they were added.
    pub fn headers(&self) -> &[(String, String)] {
        &self.headers
    }

    /// The body.
    pub fn content(&self) -> &[u8] {
        &self.body
    }

    /// A request without headers and body.
    pub fn new(method: &str, target: &str) -> Self {
        Self {
            method: method.to_owned(),
            target: target.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            within: None,
        }
    }

    /// With so much patience for its answer, and no more.
    #[must_use]
    pub fn within(self, patience: Duration) -> Self {
        Self { within: Some(patience), ..self }
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
pub struct Actor<'w, P = World> {
    place: &'w P,
    shows: Shows,
}

impl<P> Clone for Actor<'_, P> {
    fn clone(&self) -> Self {
        Self { place: self.place, shows: self.shows.clone() }
    }
}

#[derive(Clone)]
enum Shows {
    Nothing,
    Secret(Credentials),
    Token(String),
}

impl<'w, P: Place> Actor<'w, P> {
    pub(crate) fn nobody(place: &'w P) -> Self {
        Self { place, shows: Shows::Nothing }
    }

    pub(crate) fn client(place: &'w P, credentials: Credentials) -> Self {
        place.remember(&credentials.client_secret);
        Self { place, shows: Shows::Secret(credentials) }
    }

    pub(crate) fn bearer(place: &'w P, token: String) -> Self {
        Self { place, shows: Shows::Token(token) }
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
    pub fn holding(&self, scope: &str) -> Self {
        self.asks_for_a_token(&[("scope", scope)]).is(200).bearer()
    }

    /// Registers an agent, with a token of the scope that this takes. What comes back is the agent.
    ///
    /// # Panics
    /// When it is not registered.
    pub fn registers(&self, agent: &Value) -> Self {
        let capabilities = agent["capabilities"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let mut scope = vec!["agents:write"];
        scope.extend(capabilities.filter(|capability| RESERVED.contains(capability)));
        scope.sort_unstable();
        scope.dedup();
        self.place.seeing_all(&scope.join(" ")).posts("/agents", agent).is(201).holder()
    }

    /// Asks the token endpoint, with further parameters beside the grant.
    pub fn asks_for_a_token(&self, more: &[(&str, &str)]) -> Answer<'w, P> {
        let mut pairs = vec![("grant_type", "client_credentials")];
        pairs.extend_from_slice(more);
        self.posts_form("/oauth2/token", &pairs)
    }

    /// Asks the introspection endpoint about a token.
    pub fn asks_about(&self, token: &str) -> Answer<'w, P> {
        self.posts_form("/oauth2/introspect", &[("token", token)])
    }

    /// Asks the revocation endpoint to end a token.
    pub fn revokes(&self, token: &str) -> Answer<'w, P> {
        self.posts_form("/oauth2/revoke", &[("token", token)])
    }

    /// `GET`.
    pub fn gets(&self, target: &str) -> Answer<'w, P> {
        self.sends(Request::new("GET", target))
    }

    /// `HEAD`.
    pub fn heads(&self, target: &str) -> Answer<'w, P> {
        self.sends(Request::new("HEAD", target))
    }

    /// `POST` of JSON.
    pub fn posts(&self, target: &str, body: &Value) -> Answer<'w, P> {
        self.sends(Request::new("POST", target).json(body))
    }

    /// `PUT` of JSON.
    pub fn puts(&self, target: &str, body: &Value) -> Answer<'w, P> {
        self.sends(Request::new("PUT", target).json(body))
    }

    /// `PATCH` with a JSON merge patch.
    pub fn patches(&self, target: &str, body: &Value) -> Answer<'w, P> {
        self.sends(Request::new("PATCH", target).merge_patch(body))
    }

    /// `DELETE`.
    pub fn deletes(&self, target: &str) -> Answer<'w, P> {
        self.sends(Request::new("DELETE", target))
    }

    /// `POST` of a form.
    pub fn posts_form(&self, target: &str, pairs: &[(&str, &str)]) -> Answer<'w, P> {
        self.sends(Request::new("POST", target).form(pairs))
    }

    /// Sends a request, with what the actor shows.
    pub fn sends(&self, request: Request) -> Answer<'w, P> {
        self.place.send(self.shown(request))
    }

    fn shown(&self, request: Request) -> Request {
        match &self.shows {
            Shows::Nothing => request,
            Shows::Secret(credentials) => request.header("authorization", &basic(credentials)),
            Shows::Token(token) => request.header("authorization", &format!("Bearer {token}")),
        }
    }
}

impl<'w> Actor<'w> {
    /// Sends a request, where the server may be away: `None` if no whole answer came.
    pub fn tries(&self, request: Request) -> Option<Answer<'w>> {
        self.asks_in_doubt(request).ok()
    }

    /// The same, and why no whole answer came.
    ///
    /// # Errors
    /// When none came.
    pub fn asks_in_doubt(&self, request: Request) -> Result<Answer<'w>, Unanswered> {
        self.place.try_send(self.shown(request))
    }
}

/// Why no whole answer came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// Nobody was there, or the connection ended.
    Nobody,
    /// It would have been later than whoever asked had patience for.
    TooLate,
}

impl From<reqwest::Error> for Unanswered {
    fn from(error: reqwest::Error) -> Self {
        if error.is_timeout() { Self::TooLate } else { Self::Nobody }
    }
}

/// An answer. What the specification has against it is known by then: a test has failed, a deployment's report has it.
pub struct Answer<'w, P = World> {
    place: &'w P,
    exchange: Exchange,
}

impl<'w, P: Place> Answer<'w, P> {
    pub(crate) fn new(place: &'w P, exchange: Exchange) -> Self {
        Self { place, exchange }
    }

    /// The same, if it has this status.
    ///
    /// # Panics
    /// When it has another one.
    #[track_caller]
    pub fn is(self, status: u16) -> Self {
        let got = self.status();
        self.shows(got == status, &format!("the status should be {status}, and is {got}"))
    }

    /// The same, if its JSON has this value at this pointer (RFC 6901).
    ///
    /// # Panics
    /// When it has another one or none.
    #[track_caller]
    pub fn says(self, pointer: &str, value: impl Into<Value>) -> Self {
        let (value, json) = (value.into(), self.json());
        let got = json.pointer(pointer);
        let rule = match got {
            Some(got) => format!("{pointer} in the body should be {value}, and is {got}"),
            None => format!("{pointer} in the body should be {value}, and is not there"),
        };
        self.shows(got == Some(&value), &rule)
    }

    /// The same, if a rule holds that is about what it says.
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn shows(self, kept: bool, rule: &str) -> Self {
        self.must(kept, rule);
        self
    }

    /// Goes on if a rule holds that is about what it says.
    ///
    /// # Panics
    /// When the rule is broken.
    #[track_caller]
    pub fn must(&self, kept: bool, rule: &str) {
        if !kept {
            self.place.broken(rule, &self.exchange);
        }
    }

    /// The text in its JSON at this pointer (RFC 6901).
    ///
    /// # Panics
    /// When there is none.
    #[track_caller]
    pub fn text_at(&self, pointer: &str) -> String {
        match self.json().pointer(pointer).and_then(Value::as_str) {
            Some(text) => text.to_owned(),
            None => self.place.broken(&format!("{pointer} in the body should be a text"), &self.exchange),
        }
    }

    /// The bearer of the access token in the answer.
    pub fn bearer(&self) -> Actor<'w, P> {
        let token = self.json()["access_token"].as_str().unwrap_or_default().to_owned();
        Actor::bearer(self.place, token)
    }

    /// Who can show the secret in the answer to a registration, an issue or a rotation.
    pub fn holder(&self) -> Actor<'w, P> {
        let answer = self.json();
        let credential = answer.get("credential").unwrap_or(&answer);
        let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
        Actor::client(
            self.place,
            Credentials { client_id: text("clientId"), client_secret: text("clientSecret") },
        )
    }

    /// The status.
    pub fn status(&self) -> u16 {
        self.exchange.status
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.exchange.header(name)
    }

    /// All headers, names in small letters.
    pub fn headers(&self) -> &[(String, String)] {
        &self.exchange.headers
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.exchange.body).into_owned()
    }

    /// The headers and the body as text, nothing redacted.
    pub(crate) fn whole(&self) -> String {
        let headers = self.exchange.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        headers.collect::<String>() + &self.text()
    }

    /// The body as it is.
    pub fn bytes(&self) -> &[u8] {
        &self.exchange.body
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
        token_parts(token)
    }

    fn redacted(&self, text: String) -> String {
        self.place.redacted(text)
    }
}

impl Answer<'_> {
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
        self.place.is_recorded(part, &self.redacted(recording::answer(&self.exchange)));
        self
    }

    /// Compares the header and the claims of the access token in the answer with a recording.
    ///
    /// # Panics
    /// When they differ.
    pub fn has_a_token_recorded_as(self, part: &str) -> Self {
        let (header, claims) = self.token_parts();
        let text = format!("{}\n\n{}\n", recording::json(&header), recording::json(&claims));
        self.place.is_recorded(part, &self.redacted(text));
        self
    }
}

impl<P: Place> fmt::Display for Answer<'_, P> {
    /// The whole exchange without its secrets, for the message of a failed test.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.redacted(recording::everything(&self.exchange)))
    }
}

/// The header and the claims of an access token, unverified.
///
/// # Panics
/// When it is none.
pub fn token_parts(token: &str) -> (Value, Value) {
    let mut parts = token.split('.').map(|part| {
        let bytes = URL_SAFE_NO_PAD.decode(part).expect("the token is base64url");
        serde_json::from_slice(&bytes).unwrap_or_default()
    });
    (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
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

/// The answer to a request, sent until it has this status: for what takes effect after a while.
///
/// # Panics
/// When that takes more than half a minute.
pub fn eventually<'w, P: Place>(status: u16, ask: impl FnMut() -> Answer<'w, P>) -> Answer<'w, P> {
    sooner_or_later(ask, |answer| answer.status() == status).is(status)
}

/// The answer to a request, sent until something holds of it, or half a minute is over.
pub(crate) fn sooner_or_later<'w, P: Place>(
    mut ask: impl FnMut() -> Answer<'w, P>,
    holds: impl Fn(&Answer<'w, P>) -> bool,
) -> Answer<'w, P> {
    let (started, mut pause) = (Instant::now(), Duration::from_millis(25));
    loop {
        let answer = ask();
        if holds(&answer) || started.elapsed() > Duration::from_secs(30) {
            return answer;
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(Duration::from_millis(400));
    }
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
///
/// # Errors
/// When no whole answer comes.
pub(crate) fn send(client: &Client, base: &str, request: Request) -> reqwest::Result<Exchange> {
    let method = reqwest::Method::from_bytes(request.method.as_bytes()).expect("the method is one");
    let mut building = client.request(method, format!("{base}{}", request.target)).body(request.body);
    for (name, value) in &request.headers {
        building = building.header(name, value);
    }
    if let Some(patience) = request.within {
        building = building.timeout(patience);
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
