//! A deployment that runs somewhere else: what the program for QA sends requests to.
//!
//! Unlike a test's [`World`](crate::world::World) it goes on when an answer breaks a rule, since the report is to name
//! every broken rule. It keeps each request and its answer, without their secrets, and remembers what it made there, so
//! that all of it can be ended again.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use crate::actor::{self, Actor, Answer, Place, Request, encoded};
use crate::check::{self, Exchange};
use crate::coverage::Reach;
use crate::operations::{self, RESERVED, Subjects, new_agent, path_of, with};
use crate::secret;
use crate::server::Credentials;
use crate::spec::Spec;
use crate::world;

/// How long the run waits in all for one request that the deployment's rate limits refuse.
const PATIENCE_WITH_LIMITS: Duration = Duration::from_secs(180);

/// Requests without any answer, one after the other, after which the run does not go on.
const SILENCE: usize = 3;

/// How much of a body a report shows, in characters.
const SHOWN: usize = 6_000;

/// How much of a body is looked at for that, in bytes: by far more, so that no secret is cut in two where it is shown.
const LOOKED_AT: usize = 10 * SHOWN;

/// Headers of which a report shows nothing but the scheme.
const HIDDEN: [&str; 4] = ["authorization", "cookie", "proxy-authorization", "set-cookie"];

/// Members and parameters that no report shows, whatever is in them.
const HIDDEN_MEMBERS: [&str; 4] = ["access_token", "clientSecret", "client_secret", "refresh_token"];

/// A deployment, as the client of an operator sees it.
pub struct Deployment {
    /// Its URL, without a slash at the end.
    pub base: String,
    /// What its answers are judged by.
    pub spec: Spec,
    /// What tells this run from others; the addresses of its agents and the ids of its requests have it.
    pub run: String,
    client: actor::Client,
    operator: Credentials,
    held: BTreeSet<String>,
    interrupted: Arc<AtomicBool>,
    cleaning: AtomicBool,
    provoking: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    noted: Vec<Noted>,
    secrets: BTreeSet<String>,
    tokens: BTreeMap<String, (String, Instant)>,
    made: BTreeSet<String>,
    ahead: TimeDelta,
    requests: usize,
    addresses: usize,
    silent: usize,
}

/// A request and its answer, as people may read them.
#[derive(Clone, Debug)]
pub struct Noted {
    /// The operation's id, or `door`.
    pub operation: String,
    /// The method and the target.
    pub line: String,
    /// The request's `X-Request-Id`, as the deployment's logs have it.
    pub request_id: String,
    /// The request's headers and its body.
    pub request: Said,
    /// The status of the answer, its headers and its body; nothing if none came.
    pub answer: Option<(u16, Said)>,
    /// What the specification has against the answer, a sentence each.
    pub faults: Vec<String>,
    /// Which declared answer it is.
    pub reached: Option<Reach>,
    /// How long it took.
    pub took: Duration,
}

/// Headers and a body without their secrets.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The headers, in their order.
    pub headers: Vec<(String, String)>,
    /// The body; what is longer than a page is cut.
    pub body: String,
}

/// Why a scenario ended before its last sentence.
#[derive(Debug)]
pub enum Stop {
    /// An answer, by the id of its request, broke a rule.
    Broken {
        /// The rule.
        rule: String,
        /// The id of the request.
        request_id: Option<String>,
    },
    /// No answer came.
    Unanswered,
    /// What it takes is not there, for this reason.
    Hindered(String),
    /// Somebody wants the run to end.
    Interrupted,
}

/// What became of what a run had made.
#[derive(Debug, Default)]
pub struct Cleanup {
    /// How many agents were decommissioned.
    pub ended: usize,
    /// The ids of those that were not, each with the reason.
    pub left: Vec<String>,
}

impl Deployment {
    /// A deployment at a URL that is judged by a specification, with the credentials of an operator. `interrupted` says
    /// when somebody wants the run to end.
    #[expect(clippy::disallowed_methods, reason = "runs are told apart, and nothing is decided")]
    pub fn new(
        base: &str,
        spec: Spec,
        client: actor::Client,
        operator: Credentials,
        interrupted: Arc<AtomicBool>,
    ) -> Self {
        let mut random = [0; 5];
        aws_lc_rs::rand::fill(&mut random).expect("the operating system has entropy");
        let run = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let state = State { secrets: [operator.client_secret.clone()].into(), ..State::default() };
        Self {
            base: base.to_owned(),
            spec,
            run,
            client,
            operator,
            held: BTreeSet::new(),
            interrupted,
            cleaning: AtomicBool::new(false),
            provoking: AtomicBool::new(false),
            state: Mutex::new(state),
        }
    }

    fn preflight(&mut self) -> Result<(), String> {
        let operator = Place::operator(self);
        let answer = operator.asks_for_a_token(&[("scope", "self:read")]);
        match answer.status() {
            200 => {}
            401 => {
                return Err(format!(
                    "the deployment refuses the credentials of {}: check --client-id and --client-secret, that the agent is \
                     active, and that the credential was not revoked and has not expired",
                    self.operator.client_id
                ));
            }
            status => return Err(format!("the token endpoint answers {status}:\n{answer}")),
        }
        let all = operations::reserved_without(&[]);
        let held = if operator.asks_for_a_token(&[("scope", &all)]).status() == 200 {
            RESERVED.map(str::to_owned).into()
        } else {
            let asks = |one: &&str| operator.asks_for_a_token(&[("scope", one)]).status() == 200;
            RESERVED.into_iter().filter(asks).map(str::to_owned).collect()
        };
        drop(answer);
        self.held = held;
        Ok(())
    }

    /// Finds out which of the reserved capabilities the operator has.
    ///
    /// # Errors
    /// When the deployment does not let the operator in; what to do about it.
    pub fn enters(&mut self) -> Result<(), String> {
        let result = attempt(|| self.preflight());
        let last = || self.with_noted(|noted| noted.last().map(|one| one.faults.join(", ")));
        match result {
            Some(result) => result,
            None => Err(format!("{} does not let the client in: {}", self.base, last().unwrap_or_default())),
        }
    }

    /// The reserved capabilities that the operator has.
    pub fn held(&self) -> &BTreeSet<String> {
        &self.held
    }

    /// Whether the operator has a capability. Every agent may read itself and rotate its own credential.
    pub fn may(&self, capability: &str) -> bool {
        capability.starts_with("self:") || self.held.contains(capability)
    }

    /// The operator's id, which is its client id.
    pub fn operator_id(&self) -> &str {
        &self.operator.client_id
    }

    /// Somebody who shows nothing.
    pub fn anyone(&self) -> Actor<'_, Self> {
        Actor::nobody(self)
    }

    /// Somebody who shows these as client id and client secret.
    pub fn somebody(&self, client_id: &str, client_secret: &str) -> Actor<'_, Self> {
        let (client_id, client_secret) = (client_id.to_owned(), client_secret.to_owned());
        Actor::client(self, Credentials { client_id, client_secret })
    }

    /// Somebody who shows this as an access token.
    pub fn bearer(&self, token: &str) -> Actor<'_, Self> {
        Actor::bearer(self, token.to_owned())
    }

    /// The operator's bearer of exactly this scope. A token is used again for as long as it lives.
    pub fn holding(&self, scope: &str) -> Actor<'_, Self> {
        let kept = self.state().tokens.get(scope).filter(|(_, until)| *until > Instant::now()).cloned();
        if let Some((token, _)) = kept {
            return Actor::bearer(self, token);
        }
        let answer = Place::operator(self).asks_for_a_token(&[("scope", scope)]).is(200);
        let lives = Duration::from_secs(answer.json()["expires_in"].as_u64().unwrap_or_default());
        let token = answer.text_at("/access_token");
        let until = Instant::now() + lives.saturating_sub(Duration::from_secs(20));
        self.state().tokens.insert(scope.to_owned(), (token.clone(), until));
        Actor::bearer(self, token)
    }

    /// The operator's bearer of everything that it has.
    pub fn holding_everything(&self) -> Actor<'_, Self> {
        self.holding(&self.held.iter().map(String::as_str).collect::<Vec<_>>().join(" "))
    }

    /// An agent to register, with an address that nobody has had.
    pub fn new_agent(&self, capabilities: &[&str]) -> Value {
        let number = {
            let mut state = self.state();
            state.addresses += 1;
            state.addresses
        };
        new_agent(&self.email(&number.to_string()), capabilities)
    }

    /// An agent with these capabilities, of the operator's own owner. It is decommissioned at the end of the run.
    pub fn agent(&self, capabilities: &[&str]) -> Actor<'_, Self> {
        self.agent_like(capabilities, &json!({}))
    }

    /// The same with further members of `NewAgent`.
    pub fn agent_like(&self, capabilities: &[&str], more: &Value) -> Actor<'_, Self> {
        Place::operator(self).registers(&with(self.new_agent(capabilities), more))
    }

    /// The id of the newest credential of an agent.
    pub fn credential_of(&self, agent: &Actor<'_, Self>) -> String {
        operations::credential_of(self, agent)
    }

    /// What requests of the table of operations are about, as far as the operator may know of it.
    pub fn subjects_of(&self, agent: &Actor<'_, Self>) -> Subjects {
        if self.may("audit:read") && self.may("agents:read") {
            return Subjects::of(self, agent);
        }
        let mut subjects = Subjects::nowhere();
        subjects.agent = agent.id().to_owned();
        subjects.email = self.email("registered");
        if self.may("agents:read") {
            subjects.credential = self.credential_of(agent);
        }
        subjects
    }

    /// The time in so many seconds, by the deployment's clock, as requests write it.
    pub fn in_seconds(&self, seconds: i64) -> String {
        let time = world::now() + self.state().ahead + TimeDelta::seconds(seconds);
        time.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// Sends what may come up against a rate limit, and takes such an answer as it is.
    pub fn provoking<T>(&self, act: impl FnOnce() -> T) -> T {
        self.provoking.store(true, Ordering::Relaxed);
        let result = catch_unwind(AssertUnwindSafe(act));
        self.provoking.store(false, Ordering::Relaxed);
        result.unwrap_or_else(|stop| resume_unwind(stop))
    }

    /// How many requests were noted so far.
    pub fn noted(&self) -> usize {
        self.state().noted.len()
    }

    /// Looks at every request from the first, with its answer.
    pub fn with_noted<T>(&self, look: impl FnOnce(&[Noted]) -> T) -> T {
        look(&self.state().noted)
    }

    /// Whether the deployment has stopped answering.
    pub fn is_gone(&self) -> bool {
        self.state().silent >= SILENCE
    }

    /// Whether somebody wants the run to end.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Decommissions every agent that the run made, which ends their credentials and tokens, and ends the operator's
    /// tokens of this run. This is done to the end, whoever wants the run to end.
    pub fn clean_up(&self) -> Cleanup {
        self.cleaning.store(true, Ordering::Relaxed);
        self.state().silent = 0;
        let mut cleanup = Cleanup::default();
        // The run may have made agents of whose ids it never heard, if an answer got lost.
        if self.may("agents:read")
            && let Some(found) = attempt(|| self.agents_found())
        {
            self.state().made.extend(found);
        }
        let made = std::mem::take(&mut self.state().made);
        for id in made {
            let reason = (0..3).find_map(|turn| {
                if turn > 0 {
                    std::thread::sleep(Duration::from_secs(1));
                }
                let status = attempt(|| self.holding_everything().deletes(&format!("/agents/{id}")).status());
                let refusal = match status {
                    Some(204) => return Some(None),
                    Some(status) => format!("the deployment answers {status}"),
                    None => "the deployment does not answer".to_owned(),
                };
                (turn == 2 || self.is_gone()).then_some(Some(refusal))
            });
            match reason.flatten() {
                None => cleanup.ended += 1,
                Some(reason) => cleanup.left.push(format!("agent {id}: {reason}")),
            }
        }
        let tokens = std::mem::take(&mut self.state().tokens);
        for (scope, (token, _)) in tokens {
            if attempt(|| Place::operator(self).revokes(&token).status()) != Some(200) {
                cleanup.left.push(format!(
                    "a token of the operator with the scope {scope}, which ends by itself within its lifetime"
                ));
            }
        }
        cleanup
    }

    /// The agents of this run that are there and not archived.
    fn agents_found(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut cursor = String::new();
        loop {
            let query = format!("/agents?limit=100&q={}{cursor}", encoded(&self.prefix()));
            let page = self.seeing_all("agents:read").gets(&query).is(200).json();
            let agents = page["items"].as_array().cloned().unwrap_or_default();
            let living = agents.iter().filter(|agent| agent["status"] != "archived");
            found.extend(living.filter_map(|agent| agent["id"].as_str().map(str::to_owned)));
            match page["nextCursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return found,
            }
        }
    }

    /// How the addresses of this run's agents begin.
    fn prefix(&self) -> String {
        format!("contract-tests-{}-", self.run)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn stop_if_wanted(&self) {
        if self.is_interrupted() && !self.cleaning.load(Ordering::Relaxed) {
            resume_unwind(Box::new(Stop::Interrupted));
        }
    }

    /// Sends a request once and notes it with its answer.
    fn sends_once(&self, mut request: Request) -> Exchange {
        self.stop_if_wanted();
        let own_id = request.headers().iter().find(|(name, _)| name.eq_ignore_ascii_case("x-request-id"));
        let request_id = match own_id {
            Some((_, id)) => id.clone(),
            None => {
                let number = {
                    let mut state = self.state();
                    state.requests += 1;
                    state.requests
                };
                let id = format!("contract-tests-{}-{number}", self.run);
                request = request.header("x-request-id", &id);
                id
            }
        };
        let sent = request.clone();
        let started = Instant::now();
        let result = actor::send(&self.client, &self.base, request);
        let mut noted = Noted {
            operation: operation_of(&self.spec, &sent),
            line: self.redacted(format!("{} {}", sent.method(), shortened(sent.target(), 512))),
            request_id,
            request: self.said(sent.headers(), sent.content()),
            answer: None,
            faults: Vec::new(),
            reached: None,
            took: started.elapsed(),
        };
        match result {
            Ok(exchange) => {
                self.learns(&exchange);
                let verdict = check::check(&self.spec, &exchange);
                noted.operation = verdict.operation;
                noted.reached = verdict.reached;
                noted.faults = verdict.faults.into_iter().map(|fault| self.redacted(fault)).collect();
                noted.answer = Some((exchange.status, self.said(&exchange.headers, &exchange.body)));
                // Of the many requests up to a limit, those are of interest that came up against it.
                let telling = exchange.status == 429 || !noted.faults.is_empty();
                let mut state = self.state();
                state.silent = 0;
                if telling || !self.provoking.load(Ordering::Relaxed) {
                    state.noted.push(noted);
                }
                drop(state);
                exchange
            }
            Err(error) => {
                noted.faults = vec![self.redacted(format!("no answer came: {}", causes(&error)))];
                let mut state = self.state();
                state.silent += 1;
                state.noted.push(noted);
                drop(state);
                resume_unwind(Box::new(Stop::Unanswered));
            }
        }
    }

    /// Takes note of what must be ended later, of what must not be shown, and of the deployment's clock.
    fn learns(&self, exchange: &Exchange) {
        let text = String::from_utf8_lossy(&exchange.body);
        for secret in secret::in_text(&text) {
            self.remember(&secret);
        }
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        for member in HIDDEN_MEMBERS {
            for place in [&body, &body["credential"]] {
                if let Some(secret) = place[member].as_str() {
                    self.remember(secret);
                }
            }
        }
        let mut state = self.state();
        if exchange.method == "POST"
            && exchange.target == "/agents"
            && let Some(id) = body["agent"]["id"].as_str()
        {
            state.made.insert(id.to_owned());
        }
        let date = exchange.header("date").and_then(|date| DateTime::parse_from_rfc2822(date).ok());
        if let Some(date) = date {
            state.ahead = date.with_timezone(&Utc) - world::now();
        }
    }

    /// Headers and a body as people may read them.
    fn said(&self, headers: &[(String, String)], body: &[u8]) -> Said {
        let media = headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let media = media.map(|(_, media)| media.as_str()).unwrap_or_default();
        let text = String::from_utf8_lossy(body.get(..LOOKED_AT).unwrap_or(body));
        let text = if media.starts_with("application/x-www-form-urlencoded") {
            form_shown(&text)
        } else {
            match serde_json::from_slice::<Value>(body) {
                Ok(mut value) => {
                    hide(&mut value);
                    serde_json::to_string_pretty(&value).unwrap_or_default()
                }
                Err(_) => text.into_owned(),
            }
        };
        let shown = |(name, value): &(String, String)| {
            let value = if HIDDEN.contains(&name.to_lowercase().as_str()) {
                match value.split_once(' ') {
                    Some((scheme, _)) => format!("{scheme} [hidden]"),
                    None if value.is_empty() => String::new(),
                    None => "[hidden]".to_owned(),
                }
            } else {
                shortened(&self.redacted(value.clone()), 512)
            };
            (name.to_lowercase(), value)
        };
        Said { headers: headers.iter().map(shown).collect(), body: shortened(&self.redacted(text), SHOWN) }
    }
}

impl Place for Deployment {
    /// Sends a request, and again after a while when a rate limit refuses it.
    fn send(&self, request: Request) -> Answer<'_, Self> {
        let mut waited = Duration::ZERO;
        loop {
            let exchange = self.sends_once(request.clone());
            let pause = exchange.header("retry-after").and_then(|seconds| seconds.parse().ok());
            let pause = Duration::from_secs(pause.unwrap_or(1).max(1));
            let goes_on = exchange.status == 429
                && !self.provoking.load(Ordering::Relaxed)
                && waited + pause <= PATIENCE_WITH_LIMITS;
            if !goes_on {
                return Answer::new(self, exchange);
            }
            waited += pause;
            let until = Instant::now() + pause;
            while Instant::now() < until {
                self.stop_if_wanted();
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }

    fn remember(&self, secret: &str) {
        if secret.len() >= 16 {
            self.state().secrets.insert(secret.to_owned());
        }
    }

    fn redacted(&self, text: String) -> String {
        let mut text = text;
        for secret in &self.state().secrets {
            for written in [secret.clone(), encoded(secret)] {
                if !secret.is_empty() && text.contains(&written) {
                    text = text.replace(&written, "[secret]");
                }
            }
        }
        secret::without(&text)
    }

    fn operator(&self) -> Actor<'_, Self> {
        Actor::client(self, self.operator.clone())
    }

    fn seeing_all(&self, scope: &str) -> Actor<'_, Self> {
        if self.may("idp:admin") {
            self.holding(&operations::scope_with(scope, "idp:admin"))
        } else {
            self.holding(scope)
        }
    }

    fn email(&self, name: &str) -> String {
        format!("{}{name}@contract-tests-{}.invalid", self.prefix(), self.run)
    }

    fn broken(&self, rule: &str, exchange: &Exchange) -> ! {
        let request_id = exchange.request_id.clone();
        resume_unwind(Box::new(Stop::Broken { rule: self.redacted(rule.to_owned()), request_id }))
    }
}

/// What an act came to, or nothing if it was stopped.
pub(crate) fn attempt<T>(act: impl FnOnce() -> T) -> Option<T> {
    catch_unwind(AssertUnwindSafe(act)).ok()
}

/// The operation that a request is for, or `door`.
fn operation_of(spec: &Spec, request: &Request) -> String {
    match spec.target(request.method(), request.target()) {
        crate::spec::Target::Operation(operation) => operation.id.clone(),
        _ => "door".to_owned(),
    }
}

/// An error with everything that caused it.
pub fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(&format!(": {more}"));
        }
        cause = error.source();
    }
    text
}

/// A form, decoded, a parameter in a line.
fn form_shown(text: &str) -> String {
    let decoded = |part: &str| percent_decode_str(&part.replace('+', " ")).decode_utf8_lossy().into_owned();
    let line = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let name = decoded(name);
        let value =
            if HIDDEN_MEMBERS.contains(&name.as_str()) { "[secret]".to_owned() } else { decoded(value) };
        format!("{name} = {value}")
    };
    text.split('&').map(line).collect::<Vec<_>>().join("\n")
}

/// Hides the members that no report shows.
fn hide(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members.iter_mut() {
                if HIDDEN_MEMBERS.contains(&name.as_str()) && value.is_string() {
                    *value = json!("[secret]");
                } else {
                    hide(value);
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(hide),
        _ => {}
    }
}

/// A text of at most so many characters, with a word about the rest.
fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{} … ({} bytes more)", &text[..end], text.len() - end),
        None => text.to_owned(),
    }
}

/// The path of an agent's credentials.
pub fn credentials_of(agent: &Actor<'_, Deployment>) -> String {
    format!("{}/credentials", path_of(agent))
}
