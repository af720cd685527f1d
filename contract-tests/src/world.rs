//! A server as a test sees it: who is there, and what was said.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde_json::{Value, json};

use crate::actor::{self, Actor, Answer, Place, Request, Unanswered};
use crate::check::{Exchange, check};
use crate::events::{self, Asked};
use crate::ground::Ground;
use crate::operations::{self, new_agent, with};
use crate::server::{Cluster, Credentials, Database, Server};
use crate::spec::Spec;
use crate::{coverage, recording, secret};

/// The specification, read once.
static SPEC: LazyLock<Spec> = LazyLock::new(Spec::load);

/// The time in so many seconds, as requests write it.
pub fn in_seconds(seconds: u64) -> String {
    let time = now() + std::time::Duration::from_secs(seconds);
    time.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// The machine's time.
#[allow(clippy::disallowed_methods, reason = "the server's clock is the machine's, and so is the tests'")]
pub fn now() -> chrono::DateTime<chrono::Utc> {
    std::time::SystemTime::now().into()
}

/// One test on one database.
#[derive(Clone, Copy)]
pub struct Case {
    database: Database,
    module: &'static str,
    name: &'static str,
}

impl Case {
    /// The test `name` in `module` (as `module_path!()` says it within `on_both_databases!`).
    pub fn new(database: Database, module: &'static str, name: &'static str) -> Self {
        let module = module.rsplit("::").nth(1).unwrap_or(module);
        Self { database, module, name }
    }

    /// The database that the test runs on.
    pub fn database(self) -> Database {
        self.database
    }

    /// A server with the usual settings and nobody in it but the first operator.
    pub fn world(self) -> World {
        self.world_with(&[])
    }

    /// A server with further settings.
    pub fn world_with(self, settings: &[(&str, &str)]) -> World {
        self.start(&self.recording(), settings)
    }

    /// A server with further settings and a database that can crash ([`Server::crash_database`]).
    pub fn world_that_crashes(self, settings: &[(&str, &str)]) -> World {
        self.around(Server::start_alone(self.database, &self.recording(), settings))
    }

    /// A server with further settings and a database that it can be cut off from ([`Server::between`]).
    pub fn world_that_is_cut_off(self, settings: &[(&str, &str)]) -> World {
        self.around(Server::start_apart(self.database, &self.recording(), settings))
    }

    /// A server with further settings on a PostgreSQL of the test's own, which it can also be cut off from.
    pub fn world_on(self, cluster: Cluster, settings: &[(&str, &str)]) -> World {
        self.around(Server::start_on_cluster(cluster, &self.recording(), settings))
    }

    /// A second server beside the test's own one, with a database of its own.
    pub fn world_of(self, name: &str) -> World {
        self.start(&format!("{}__{name}", self.recording()), &[])
    }

    /// What a server starts on, with these settings and no server.
    pub fn ground(self, settings: &[(&str, &str)]) -> Ground {
        Ground::new(self.database, &self.recording(), settings)
    }

    fn start(self, name: &str, settings: &[(&str, &str)]) -> World {
        self.around(Server::start(self.database, name, settings))
    }

    /// Another node of the deployment that a world is, with further settings. It must end before the first. The events of
    /// the two are in one database and are not compared with what either was asked.
    pub fn node_beside(self, world: &World, settings: &[(&str, &str)]) -> World {
        self.beside(world, world.server.start_beside(settings))
    }

    /// The same, with something of its own between it and the PostgreSQL.
    pub fn node_beside_apart(self, world: &World, settings: &[(&str, &str)]) -> World {
        self.beside(world, world.server.start_beside_apart(settings))
    }

    fn beside(self, world: &World, server: Server) -> World {
        let node = self.around(server);
        for one in [world, &node] {
            one.is_asked_from_outside();
        }
        node
    }

    fn around(self, server: Server) -> World {
        let world = World {
            server,
            case: self,
            secrets: Mutex::default(),
            asked: Mutex::default(),
            asked_more: AtomicBool::default(),
            unknown_commits: AtomicBool::default(),
        };
        world.remember(&world.server.operator.client_secret);
        world
    }

    fn recording(self) -> String {
        format!("{}__{}", self.module, self.name)
    }
}

/// A running server and everything that must stay secret about it.
pub struct World {
    /// The server itself.
    pub server: Server,
    case: Case,
    secrets: Mutex<BTreeSet<String>>,
    asked: Mutex<Vec<Asked>>,
    /// Whether the test sent requests that are not among those.
    asked_more: AtomicBool,
    /// Whether the test did something after which the server cannot know whether a commit happened.
    unknown_commits: AtomicBool,
}

impl World {
    /// The first operator, who holds every reserved capability.
    pub fn operator(&self) -> Actor<'_> {
        Actor::client(self, self.server.operator.clone())
    }

    /// Somebody who shows nothing.
    pub fn anyone(&self) -> Actor<'_> {
        Actor::nobody(self)
    }

    /// Somebody who shows these as client id and client secret.
    pub fn somebody(&self, client_id: &str, client_secret: &str) -> Actor<'_> {
        let (client_id, client_secret) = (client_id.to_owned(), client_secret.to_owned());
        Actor::client(self, Credentials { client_id, client_secret })
    }

    /// Somebody who shows this as an access token.
    pub fn bearer(&self, token: &str) -> Actor<'_> {
        Actor::bearer(self, token.to_owned())
    }

    /// An agent with this email address and these capabilities, of the operator's own owner.
    pub fn agent(&self, email: &str, capabilities: &[&str]) -> Actor<'_> {
        self.agent_like(email, capabilities, &json!({}))
    }

    /// An agent of another owner.
    pub fn stranger(&self, email: &str, capabilities: &[&str]) -> Actor<'_> {
        self.agent_like(email, capabilities, &json!({ "owner": "strangers" }))
    }

    /// An agent that the operator registers, with further members of `NewAgent`.
    pub fn agent_like(&self, email: &str, capabilities: &[&str], more: &Value) -> Actor<'_> {
        self.operator().registers(&with(new_agent(email, capabilities), more))
    }

    /// The id of the newest credential of an agent.
    ///
    /// # Panics
    /// When it has none.
    pub fn credential_of(&self, agent: &Actor<'_>) -> String {
        operations::credential_of(self, agent)
    }

    /// Who can show a secret that was just issued or rotated.
    pub fn holder_of(&self, issued: &Answer<'_>) -> Actor<'_> {
        Actor::client(self, issued.holder().credentials().clone())
    }

    /// Judges an exchange by the specification and notes it for the coverage.
    ///
    /// # Panics
    /// When anything about it is not as the specification says.
    pub(crate) fn judge(&self, exchange: Exchange) -> Answer<'_> {
        let verdict = check(&SPEC, &exchange);
        if let Some(reached) = &verdict.reached {
            coverage::note(self.case.database.name(), reached);
        }
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(Asked::of(&SPEC, &exchange));
        let faults = verdict.faults;
        let answer = Answer::new(self, exchange);
        let told = if answer.status() < 400 { None } else { self.secret_in(&answer) };
        assert!(told.is_none(), "a refusal has a secret or a token in it:\n{answer}");
        for secret in secret::in_text(&answer.text()) {
            self.remember(&secret);
        }
        assert!(
            faults.is_empty(),
            "the answer is not as openapi.yaml says:\n- {}\n\n{answer}",
            faults.join("\n- ")
        );
        answer
    }

    /// Something in an answer that must be in none.
    fn secret_in(&self, answer: &Answer<'_>) -> Option<String> {
        let (text, secrets) = (answer.whole(), self.secrets.lock().unwrap_or_else(PoisonError::into_inner));
        secrets.iter().find(|secret| text.contains(secret::telling_part(secret))).cloned()
    }

    /// Sends a request as raw bytes. `method` and `target` say what the specification should be asked about.
    pub fn raw(&self, method: &str, target: &str, bytes: &[u8]) -> Answer<'_> {
        self.judge(crate::actor::raw(self.server.port, method, target, bytes))
    }

    /// The answer to a request where the server may be away, or why no whole one came.
    pub(crate) fn try_send(&self, request: Request) -> Result<Answer<'_>, Unanswered> {
        Ok(self.judge(actor::send(&actor::CLIENT, &self.server.base, request)?))
    }

    /// Says that requests are sent past this world, or that answers may be lost: its events are then no part of what is
    /// compared with the table of events.
    pub fn is_asked_from_outside(&self) {
        self.asked_more.store(true, Ordering::Relaxed);
    }

    /// Says that commits are broken off, or requests run out of time after theirs, so that what is answered 503 may have been
    /// done: with nothing but its events.
    pub fn may_not_know_of_commits(&self) {
        self.unknown_commits.store(true, Ordering::Relaxed);
    }

    /// Reads the answer to a request that a test wrote to a connection of its own.
    pub fn answer_on(&self, stream: &mut std::net::TcpStream, method: &str, target: &str) -> Answer<'_> {
        self.judge(crate::actor::receive(stream, method, target))
    }

    /// The answer to a request, sent until it has this status: for what takes effect after a while.
    ///
    /// # Panics
    /// When that takes more than half a minute.
    pub fn eventually<'w>(&'w self, status: u16, ask: impl FnMut() -> Answer<'w>) -> Answer<'w> {
        actor::eventually(status, ask)
    }

    /// Compares a text with the recording of this test; `part` tells several in one test apart.
    ///
    /// # Panics
    /// When they differ.
    pub fn is_recorded(&self, part: &str, text: &str) {
        let mut name = self.case.recording();
        if !part.is_empty() {
            name = format!("{name}__{part}");
        }
        recording::compare(&name, text);
    }
}

impl Place for World {
    fn send(&self, request: Request) -> Answer<'_> {
        let what = format!("{} {}", request.method(), request.target());
        let exchange = actor::send(&actor::CLIENT, &self.server.base, request)
            .unwrap_or_else(|error| panic!("{what} got no answer: {error:?}"));
        self.judge(exchange)
    }

    /// Makes sure that a secret or a token appears in no log.
    fn remember(&self, secret: &str) {
        if secret.len() > 16 {
            self.secrets.lock().unwrap_or_else(PoisonError::into_inner).insert(secret.to_owned());
        }
    }

    fn redacted(&self, text: String) -> String {
        let known = [
            (self.server.operator.client_id.as_str(), "[operator]"),
            (self.server.base.as_str(), "[issuer]"),
        ];
        recording::redacted(text, &known)
    }

    fn operator(&self) -> Actor<'_> {
        Self::operator(self)
    }

    fn seeing_all(&self, scope: &str) -> Actor<'_> {
        Self::operator(self).holding(&operations::scope_with(scope, "idp:admin"))
    }

    fn email(&self, name: &str) -> String {
        format!("{name}@example.com")
    }

    #[track_caller]
    fn broken(&self, rule: &str, exchange: &Exchange) -> ! {
        panic!("{rule}\n{}", self.redacted(recording::everything(exchange)))
    }
}

impl Drop for World {
    /// Every test is also a test that no secret and no token was logged, and its part of the table of events.
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        let ended = self.server.stop();
        if !self.asked_more.load(Ordering::Relaxed)
            && let Some(events) = self.server.events()
        {
            let asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
            let mut told = events::told(&asked, &events, ended);
            told["test"] = json!(self.case.recording());
            told["unknownCommits"] = json!(self.unknown_commits.load(Ordering::Relaxed));
            events::note(self.case.database.name(), &told);
        }
        let log = self.server.log();
        for secret in self.secrets.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let telling = secret::telling_part(secret);
            assert!(!log.contains(telling), "a secret or a token is in the server's log");
        }
    }
}
