//! What clients do on every node all the time: a little of everything that a deployment is for, at a steady pace.
//!
//! Whoever is told to try again, or is not answered, does: on the next node, as behind a load balancer, and with the same
//! idempotency key where something is made. What was answered is remembered, to be found again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract_tests::actor::{Actor, Answer, Request, Unanswered, token_parts};
use contract_tests::load::{Ends, Outcomes};
use contract_tests::operations::new_agent;
use contract_tests::secret::credential_id;
use contract_tests::server::Credentials;
use contract_tests::world::World;
use serde_json::{Value, json};

use crate::ended::{Ended, EndedThings, TAKES_EFFECT_WITHIN};

/// For how long a client waits for an answer: longer than any server may take, and than one is stopped here.
const PATIENCE: Duration = Duration::from_secs(15);

/// From one try to the next.
const AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What clients ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Token,
    Introspection,
    Registration,
    Revocation,
    Status,
    Rotation,
    Capabilities,
    List,
    /// Whether what was ended is over.
    Ended,
}

/// What clients do on each node, and how long each rests after having done it.
const CALLERS: [(Kind, Duration); 9] = [
    (Kind::Token, Duration::from_millis(40)),
    (Kind::Token, Duration::from_millis(60)),
    (Kind::Introspection, Duration::from_millis(70)),
    (Kind::Registration, Duration::from_millis(1500)),
    (Kind::Revocation, Duration::from_millis(700)),
    (Kind::Status, Duration::from_millis(500)),
    (Kind::Rotation, Duration::from_millis(1700)),
    (Kind::Capabilities, Duration::from_millis(600)),
    (Kind::List, Duration::from_millis(150)),
];

/// What an agent may, and what is left when it may less.
const MORE: [&str; 2] = ["resume:read", "resume:score"];
const LESS: [&str; 1] = ["resume:read"];

/// What came of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Answered(u16),
    Unanswered(Unanswered),
}

/// A request that was sent, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    pub kind: Kind,
    pub node: usize,
    pub sent: Instant,
    pub took: Duration,
    pub end: End,
}

impl Seen {
    /// Whether it was told to try again, or not answered at all.
    pub fn failed(&self) -> bool {
        matches!(self.end, End::Answered(503) | End::Unanswered(_))
    }
}

/// Who asks: the same on whichever node.
#[derive(Clone)]
pub enum Who {
    Client(Credentials),
    Bearer(String),
}

impl Who {
    pub fn at<'n>(&self, node: &'n World) -> Actor<'n> {
        match self {
            Self::Client(client) => node.somebody(&client.client_id, &client.client_secret),
            Self::Bearer(token) => node.bearer(token),
        }
    }
}

/// What was answered of agents that change, and must therefore be so: `None` while a change is under way.
#[derive(Default)]
pub struct Known {
    /// Members of agents, by the agent's id.
    pub agents: BTreeMap<String, Option<Value>>,
    /// The one secret of agents that are given new ones, by the agent's id.
    pub secrets: BTreeMap<String, Option<Credentials>>,
    /// Ids of tokens whose revocation was answered.
    pub revoked: Vec<String>,
    /// Ids of credentials that were answered to a rotation.
    pub rotated: Vec<String>,
}

/// Who is let through: nobody while it is closed.
#[derive(Default)]
struct Gate {
    closed: bool,
    inside: usize,
}

/// Everything that is asked of the nodes, and what was answered.
pub struct Traffic<'n> {
    nodes: &'n [World],
    operator: Who,
    client: Who,
    running: AtomicBool,
    failed: AtomicBool,
    gate: Mutex<Gate>,
    passed: Condvar,
    seen: Mutex<Vec<Seen>>,
    outcomes: Mutex<Outcomes>,
    known: Mutex<Known>,
    pub ended: EndedThings,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'n> Traffic<'n> {
    pub fn on(nodes: &'n [World]) -> Self {
        let operator = nodes[0].operator();
        let client = nodes[0].agent("everyone@example.com", &["resume:read"]);
        let scope = "agents:read agents:write credentials:write";
        Self {
            nodes,
            operator: Who::Bearer(operator.holding(scope).token().to_owned()),
            client: Who::Client(client.credentials().clone()),
            running: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            gate: Mutex::default(),
            passed: Condvar::new(),
            seen: Mutex::default(),
            outcomes: Mutex::default(),
            known: Mutex::default(),
            ended: EndedThings::default(),
        }
    }

    /// Lets everybody call and watch until `meanwhile` is done.
    pub fn runs(&self, meanwhile: impl FnOnce()) {
        std::thread::scope(|scope| {
            for node in 0..self.nodes.len() {
                for (number, (kind, rest)) in CALLERS.into_iter().enumerate() {
                    scope.spawn(move || self.calls(node, number, kind, rest));
                }
                scope.spawn(move || {
                    let _fails = Ends(&self.failed, true);
                    self.ended.are_watched_at(self, node);
                });
            }
            let _opens = Opens(self);
            let _ends = Ends(&self.running, false);
            meanwhile();
        });
    }

    /// Whether it goes on.
    ///
    /// # Panics
    /// When a caller has failed.
    #[track_caller]
    pub fn is_well(&self) {
        assert!(!self.failed.load(Ordering::Relaxed), "a caller failed; what it says stands above");
    }

    pub fn goes_on(&self) -> bool {
        self.running.load(Ordering::Relaxed)
    }

    /// Waits until nobody asks for anything any more, and keeps it so until [`Traffic::resumes`].
    pub fn pauses(&self) {
        let mut gate = locked(&self.gate);
        gate.closed = true;
        while gate.inside > 0 {
            gate = self.passed.wait(gate).unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn resumes(&self) {
        locked(&self.gate).closed = false;
        self.passed.notify_all();
    }

    /// Everything that was asked since a moment.
    pub fn seen_since(&self, moment: Instant) -> Vec<Seen> {
        locked(&self.seen).iter().rev().take_while(|seen| seen.sent + seen.took >= moment).copied().collect()
    }

    pub fn seen(&self) -> Vec<Seen> {
        locked(&self.seen).clone()
    }

    pub fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        locked(&self.outcomes)
    }

    pub fn known(&self) -> MutexGuard<'_, Known> {
        locked(&self.known)
    }

    pub fn nodes(&self) -> &'n [World] {
        self.nodes
    }

    /// Whoever manages agents.
    pub fn operator(&self) -> &Who {
        &self.operator
    }

    /// Whoever may know of any token whether it lives.
    pub fn inspector(&self) -> Who {
        Who::Client(self.nodes[0].server.operator.clone())
    }

    /// A client that nobody ends.
    pub fn client(&self) -> &Who {
        &self.client
    }

    /// Sends a request to a node and remembers what came of it: `None` if it was not answered, or told to try again.
    pub fn asks(&self, kind: Kind, node: usize, who: &Who, request: Request) -> Option<Answer<'n>> {
        {
            let mut gate = locked(&self.gate);
            while gate.closed && self.goes_on() {
                gate = self.passed.wait(gate).unwrap_or_else(PoisonError::into_inner);
            }
            gate.inside += 1;
        }
        let _leaves = Leaves(self);
        let sent = Instant::now();
        let answer = who.at(&self.nodes[node]).asks_in_doubt(request.within(PATIENCE));
        let end = match &answer {
            Ok(answer) => End::Answered(answer.status()),
            Err(unanswered) => End::Unanswered(*unanswered),
        };
        locked(&self.seen).push(Seen { kind, node, sent, took: sent.elapsed(), end });
        let answer = answer.ok()?;
        if answer.status() == 503 {
            assert!(answer.header("retry-after").is_some(), "it does not say when to try again\n{answer}");
            return None;
        }
        Some(answer)
    }

    /// Sends a request to one node after the other until it is answered with this status; `None` if all ends before.
    fn gets_done(
        &self,
        kind: Kind,
        from: usize,
        who: &Who,
        request: &Request,
        status: u16,
    ) -> Option<Answer<'n>> {
        for turn in from.. {
            if !self.goes_on() {
                break;
            }
            match self.asks(kind, turn % self.nodes.len(), who, request.clone()) {
                Some(answer) if answer.status() == status => return Some(answer),
                // The try before may still be under way.
                Some(answer) if turn > from && answer.json()["code"] == "IDEMPOTENCY_CONFLICT" => {}
                Some(answer) => panic!("{status} was to be answered\n{answer}"),
                None => {}
            }
            self.rests(AGAIN_AFTER);
        }
        None
    }

    fn rests(&self, time: Duration) {
        let until = Instant::now() + time;
        while self.goes_on() && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20).min(time));
        }
    }

    fn calls(&self, node: usize, number: usize, kind: Kind, rest: Duration) {
        let _fails = Ends(&self.failed, true);
        let name = format!("caller-{node}-{number}");
        // Not all at the same moment.
        self.rests(rest.mul_f64(f64::from(u32::try_from(node).unwrap_or_default()) / 3.0));
        let done = match kind {
            Kind::Token => self.every(rest, |_| self.gets_a_token(node, &self.client, &[]).map(drop)),
            Kind::Introspection => self.introspects(node, rest),
            Kind::Registration => {
                self.every(rest, |turn| self.registers(node, &format!("{name}-{turn}")).map(drop))
            }
            Kind::Revocation => self.revokes(node, &name, rest),
            Kind::Status => self.suspends(node, &name, rest),
            Kind::Rotation => self.rotates(node, &name, rest),
            Kind::Capabilities => self.changes_capabilities(node, &name, rest),
            Kind::List => self.every(rest, |_| self.lists(node)),
            Kind::Ended => None,
        };
        assert!(done.is_none() && !self.goes_on(), "{kind:?} ended before its time");
    }

    /// Does something again and again, until everything ends.
    fn every(&self, rest: Duration, mut what: impl FnMut(usize) -> Option<()>) -> Option<()> {
        for turn in 0.. {
            what(turn)?;
            self.rests(rest);
        }
        None
    }

    /// A token of a client, from this node unless it has none to give.
    fn gets_a_token(&self, node: usize, who: &Who, more: &[(&str, &str)]) -> Option<String> {
        let form = [&[("grant_type", "client_credentials")], more].concat();
        let request = Request::new("POST", "/oauth2/token").form(&form);
        let answer = self.gets_done(Kind::Token, node, who, &request, 200)?;
        self.outcomes().issues(&answer);
        Some(answer.bearer().token().to_owned())
    }

    /// An agent that is registered once, however often it takes.
    fn registers(&self, node: usize, name: &str) -> Option<Credentials> {
        let agent = new_agent(&format!("{name}@example.com"), &MORE);
        let request = Request::new("POST", "/agents")
            .header("Idempotency-Key", &format!("registration-of-{name}"))
            .json(&agent);
        let answer = self.gets_done(Kind::Registration, node, &self.operator, &request, 201)?;
        self.outcomes().registers(&answer);
        Some(answer.holder().credentials().clone())
    }

    /// A token that nobody ends is alive wherever it is asked about.
    fn introspects(&self, node: usize, rest: Duration) -> Option<()> {
        const AGAIN_AFTER: usize = 100;
        let mut token = String::new();
        self.every(rest, |turn| {
            if turn % AGAIN_AFTER == 0 {
                token = self.gets_a_token(node, &self.client, &[])?;
            }
            let request = Request::new("POST", "/oauth2/introspect").form(&[("token", &token)]);
            let answer = self.gets_done(Kind::Introspection, node, &self.client, &request, 200)?;
            assert_eq!(answer.json()["active"], true, "a token that nobody ended is dead\n{answer}");
            Some(())
        })
    }

    fn lists(&self, node: usize) -> Option<()> {
        let request = Request::new("GET", "/agents?limit=20");
        let page = self.gets_done(Kind::List, node, &self.operator, &request, 200)?;
        assert!(page.json()["items"].as_array().is_some_and(|agents| !agents.is_empty()), "{page}");
        Some(())
    }

    /// An agent ends its own tokens.
    fn revokes(&self, node: usize, name: &str, rest: Duration) -> Option<()> {
        let agent = self.registers(node, name)?;
        let (id, who) = (agent.client_id.clone(), Who::Client(agent));
        self.every(rest, |_| {
            let token = self.gets_a_token(node, &who, &[("scope", "self:read")])?;
            let request = Request::new("POST", "/oauth2/revoke").form(&[("token", &token)]);
            self.gets_done(Kind::Revocation, node, &who, &request, 200)?;
            self.known().revoked.push(token_id(&token));
            self.ended.add(Ended::token("it was revoked", token, Some(&id)));
            Some(())
        })
    }

    /// An agent is suspended, with all its tokens, and comes back; the tokens do not.
    fn suspends(&self, node: usize, name: &str, rest: Duration) -> Option<()> {
        let agent = self.registers(node, name)?;
        let (id, who) = (agent.client_id.clone(), Who::Client(agent));
        self.every(rest, |_| {
            let token = self.gets_a_token(node, &who, &[("scope", "self:read")])?;
            self.becomes(node, &id, "suspended")?;
            let since = Instant::now();
            self.ended.add(Ended::token("its agent was suspended", token, Some(&id)));
            self.rests(TAKES_EFFECT_WITHIN);
            let form = [("grant_type", "client_credentials")];
            for node in 0..self.nodes.len() {
                let sent = Instant::now();
                let request = Request::new("POST", "/oauth2/token").form(&form);
                if let Some(answer) = self.asks(Kind::Status, node, &who, request) {
                    assert!(
                        answer.status() == 401 || sent < since + TAKES_EFFECT_WITHIN,
                        "a suspended agent got a token\n{answer}"
                    );
                }
            }
            self.becomes(node, &id, "active")?;
            // Other nodes learn of it as they learn of an end.
            loop {
                let request = Request::new("POST", "/oauth2/token").form(&form);
                let answer = self.asks(Kind::Status, node, &who, request);
                if answer.is_some_and(|answer| answer.status() == 200) || !self.goes_on() {
                    return Some(());
                }
                self.rests(AGAIN_AFTER);
            }
        })
    }

    fn becomes(&self, node: usize, id: &str, status: &str) -> Option<()> {
        self.known().agents.insert(id.to_owned(), None);
        let change = json!({ "status": status, "reason": "to see what comes of it" });
        let request = Request::new("PUT", &format!("/agents/{id}/status")).json(&change);
        self.gets_done(Kind::Status, node, &self.operator, &request, 200)?;
        self.known().agents.insert(id.to_owned(), Some(json!({ "status": status })));
        Some(())
    }

    /// An agent is given another secret, and the one before is over.
    fn rotates(&self, node: usize, name: &str, rest: Duration) -> Option<()> {
        let mut agent = self.registers(node, name)?;
        let id = agent.client_id.clone();
        self.every(rest, |turn| {
            self.known().secrets.insert(id.clone(), None);
            let credential = credential_id(&agent.client_secret);
            let request = Request::new("POST", &format!("/agents/{id}/credentials/{credential}/rotate"))
                .header("Idempotency-Key", &format!("rotation-{turn}-of-{name}"))
                .json(&json!({}));
            let rotated = self.gets_done(Kind::Rotation, node, &self.operator, &request, 201)?;
            let before = std::mem::replace(&mut agent, rotated.holder().credentials().clone());
            {
                let mut known = self.known();
                known.rotated.push(rotated.text_at("/id"));
                known.secrets.insert(id.clone(), Some(agent.clone()));
            }
            self.ended.add(Ended::secret("it was rotated", before));
            // Every node knows the new one at once.
            self.gets_a_token(node + 1, &Who::Client(agent.clone()), &[])?;
            Some(())
        })
    }

    /// An agent may more, and less again: what it was given meanwhile is over then.
    fn changes_capabilities(&self, node: usize, name: &str, rest: Duration) -> Option<()> {
        let agent = self.registers(node, name)?;
        let (id, who) = (agent.client_id.clone(), Who::Client(agent));
        self.every(rest, |turn| {
            let token = self.gets_a_token(node, &who, &[])?;
            self.may(node, &id, &LESS, 2 * turn)?;
            self.ended.add(Ended::token("its agent may less", token, None));
            self.rests(rest);
            self.may(node, &id, &MORE, 2 * turn + 1)
        })
    }

    fn may(&self, node: usize, id: &str, capabilities: &[&str], number: usize) -> Option<()> {
        self.known().agents.insert(id.to_owned(), None);
        let patch = json!({ "capabilities": capabilities, "version": format!("v1.0.{number}") });
        let request = Request::new("PATCH", &format!("/agents/{id}")).merge_patch(&patch);
        self.gets_done(Kind::Capabilities, node, &self.operator, &request, 200)?;
        self.known().agents.insert(id.to_owned(), Some(patch));
        Some(())
    }
}

/// The `jti` of a token.
fn token_id(token: &str) -> String {
    token_parts(token).1["jti"].as_str().unwrap_or_default().to_owned()
}

struct Leaves<'t, 'n>(&'t Traffic<'n>);

impl Drop for Leaves<'_, '_> {
    fn drop(&mut self) {
        locked(&self.0.gate).inside -= 1;
        self.0.passed.notify_all();
    }
}

/// Lets whoever waits at the gate see that everything is over.
struct Opens<'t, 'n>(&'t Traffic<'n>);

impl Drop for Opens<'_, '_> {
    fn drop(&mut self) {
        self.0.resumes();
    }
}
