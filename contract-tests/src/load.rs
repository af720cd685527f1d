//! What clients do while a server is harmed: they register and change agents, ask for tokens and end them, and remember what
//! they were answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::actor::{Actor, Answer, Request};
use crate::operations::new_agent;
use crate::world::{World, in_seconds};

/// How long what is waited for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who sends requests, one after the other.
pub enum Caller<'w> {
    /// Registers agents.
    Registrar(Actor<'w>),
    /// Asks for tokens.
    Client(Actor<'w>),
    /// Registers agents, does to each what there is to do to an agent and its credentials, and asks for one that there is not.
    Manager(Actor<'w>),
    /// Asks for tokens, ends each, and asks for what it is refused.
    Ender(Actor<'w>),
}

/// A request that was answered, and the event that it must have left.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Answered {
    request_id: String,
    action: &'static str,
    outcome: &'static str,
}

/// What came of the requests of a load.
#[derive(Default)]
pub struct Outcomes {
    /// The agents whose registration was answered, with the secrets that they were given.
    pub registered: Vec<(String, String)>,
    /// The `jti` of every token that was answered.
    pub issued: BTreeSet<String>,
    /// What managers and enders were answered.
    answered: Vec<Answered>,
    /// The credentials that a manager was issued for a short time, of agents that stay.
    expiring: BTreeSet<String>,
    /// How many were told to try again later, or found nobody there.
    pub turned_away: usize,
}

/// How many requests came to what so far.
#[derive(Clone, Copy, Debug)]
pub struct Counts {
    /// Registrations that were answered.
    pub registered: usize,
    /// Tokens that were answered.
    pub issued: usize,
    /// Requests that were turned away.
    pub turned_away: usize,
}

/// What a client asks for a token with.
const GRANT: &[(&str, &str)] = &[("grant_type", "client_credentials")];

/// An agent of this name, to register.
fn agent(name: &str) -> serde_json::Value {
    new_agent(&format!("{name}@example.com"), &["resume:read", "resume:score"])
}

/// Requests that go on until what is done meanwhile is done. Each is answered in the specification's shape.
pub struct Load {
    /// How long an answer may take.
    within: Duration,
    /// Whether the server may be away.
    may_be_away: bool,
    running: AtomicBool,
    failed: AtomicBool,
    outcomes: Mutex<Outcomes>,
}

impl Load {
    /// A load on servers that are always there and answer in this time, if only that they cannot.
    pub fn answered_within(within: Duration) -> Self {
        Self {
            within,
            may_be_away: false,
            running: AtomicBool::new(true),
            failed: AtomicBool::new(false),
            outcomes: Mutex::default(),
        }
    }

    /// The same on servers that may be away.
    pub fn that_may_find_nobody(self) -> Self {
        Self { may_be_away: true, ..self }
    }

    /// Lets all callers call until `meanwhile` is done; answers what they were answered.
    ///
    /// # Panics
    /// When a caller is answered what it should not be.
    pub fn run(self, callers: &[Caller<'_>], meanwhile: impl FnOnce(&Self)) -> Outcomes {
        std::thread::scope(|scope| {
            let load = &self;
            for (number, caller) in callers.iter().enumerate() {
                scope.spawn(move || load.calls(number, caller));
            }
            let _ends = Ends(&self.running, false);
            meanwhile(&self);
        });
        self.outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// What came of the requests so far.
    pub fn counts(&self) -> Counts {
        let outcomes = self.outcomes();
        Counts {
            registered: outcomes.registered.len(),
            issued: outcomes.issued.len(),
            turned_away: outcomes.turned_away,
        }
    }

    /// Waits until so much has come of the requests.
    ///
    /// # Panics
    /// When it does not come to that, or a caller has failed.
    #[track_caller]
    pub fn until(&self, what: &str, is_reached: impl Fn(Counts) -> bool) {
        let began = Instant::now();
        while !is_reached(self.counts()) {
            assert!(!self.failed.load(Ordering::Relaxed), "a caller failed before there was {what}");
            assert!(began.elapsed() < PATIENCE, "no {what}: {:?}", self.counts());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until more agents are registered and more tokens are issued.
    ///
    /// # Panics
    /// When they are not, or a caller has failed.
    #[track_caller]
    pub fn goes_on(&self) {
        let before = self.counts();
        self.until("recovery", |now| now.registered > before.registered && now.issued >= before.issued + 10);
    }

    fn outcomes(&self) -> MutexGuard<'_, Outcomes> {
        self.outcomes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self, caller_number: usize, caller: &Caller<'_>) {
        let _fails = Ends(&self.failed, true);
        for number in 0.. {
            if !self.running.load(Ordering::Relaxed) {
                break;
            }
            let name = format!("load-{caller_number}-{number}");
            match caller {
                Caller::Registrar(registrar) => {
                    self.remember(self.asks(registrar, Request::new("POST", "/agents").json(&agent(&name))));
                }
                Caller::Client(client) => {
                    self.remember(self.asks(client, Request::new("POST", "/oauth2/token").form(GRANT)));
                }
                // Whatever is turned away may have been done or not, so there the next round begins.
                Caller::Manager(manager) => drop(self.manages(manager, &name, number % 2 == 0)),
                Caller::Ender(ender) => drop(self.ends(ender, &name)),
            }
        }
    }

    fn asks<'w>(&self, actor: &Actor<'w>, request: Request) -> Option<Answer<'w>> {
        let asked = Instant::now();
        let answer = actor.tries(request);
        let took = asked.elapsed();
        assert!(took < self.within, "a request took {took:?}");
        answer
    }

    /// The life of an agent and of its credentials, a request for each step. What is archived has no credential whose time
    /// could be over, so every other agent stays, with one.
    fn manages(&self, manager: &Actor<'_>, name: &str, stays: bool) -> Option<()> {
        let step = |number: u32, request: Request, status: u16, action: &'static str| {
            self.is_answered(manager, format!("{name}-{number}"), request, status, action, "success")
        };
        let status = |of: &str, status: &str| {
            let change = json!({ "status": status, "reason": "the load has it so" });
            Request::new("PUT", &format!("{of}/status")).json(&change)
        };
        let registered =
            step(1, Request::new("POST", "/agents").json(&agent(name)), 201, "agent.registered")?;
        let agent = format!("/agents/{}", registered.text_at("/agent/id"));
        step(
            2,
            Request::new("PATCH", &agent).merge_patch(&json!({ "version": "v2.0.0" })),
            200,
            "agent.updated",
        )?;
        step(3, status(&agent, "suspended"), 200, "agent.suspended")?;
        step(4, status(&agent, "active"), 200, "agent.reactivated")?;
        let credentials = format!("{agent}/credentials");
        // Its time is over as soon as it can be without being over before it is asked for.
        let for_a_while = json!({ "expiresAt": in_seconds(self.within.as_secs() + 2) });
        let issued =
            step(5, Request::new("POST", &credentials).json(&for_a_while), 201, "credential.issued")?;
        if stays {
            self.outcomes().expiring.insert(issued.text_at("/id"));
        }
        let first = format!("{credentials}/{}", registered.text_at("/credential/id"));
        let rotation =
            Request::new("POST", &format!("{first}/rotate")).json(&json!({ "gracePeriodSeconds": 60 }));
        step(6, rotation, 201, "credential.rotated")?;
        step(7, Request::new("DELETE", &first), 204, "credential.revoked")?;
        let nowhere = Request::new("GET", "/agents/01931e2c-0000-7000-8000-000000000000");
        self.is_answered(manager, format!("{name}-8"), nowhere, 404, "access.denied", "denied")?;
        if !stays {
            step(9, Request::new("DELETE", &agent), 204, "agent.archived")?;
        }
        Some(())
    }

    /// A token, its end, and the refusal of another.
    fn ends(&self, ender: &Actor<'_>, name: &str) -> Option<()> {
        let step = |number: u32, path: &str, form: &[(&str, &str)], status: u16, action, outcome| {
            let request = Request::new("POST", path).form(form);
            self.is_answered(ender, format!("{name}-{number}"), request, status, action, outcome)
        };
        let issued = step(1, "/oauth2/token", GRANT, 200, "token.issued", "success")?;
        let token = issued.bearer().token().to_owned();
        step(2, "/oauth2/revoke", &[("token", &token)], 200, "token.revoked", "success")?;
        let more = [GRANT, &[("scope", "nothing:granted")]].concat();
        step(3, "/oauth2/token", &more, 400, "token.refused", "denied")?;
        Some(())
    }

    /// The answer, and that it must have left one event; nothing if the request was turned away.
    fn is_answered<'w>(
        &self,
        actor: &Actor<'w>,
        request_id: String,
        request: Request,
        status: u16,
        action: &'static str,
        outcome: &'static str,
    ) -> Option<Answer<'w>> {
        let answer = self.asks(actor, request.header("x-request-id", &request_id));
        match answer {
            Some(answer) if answer.status() == status => {
                self.outcomes().answered.push(Answered { request_id, action, outcome });
                Some(answer)
            }
            other => {
                self.is_turned_away(other);
                None
            }
        }
    }

    fn remember(&self, answer: Option<Answer<'_>>) {
        match (answer.as_ref().map(Answer::status), answer) {
            (Some(201), Some(answer)) => self.outcomes().registers(&answer),
            (Some(200), Some(answer)) => self.outcomes().issues(&answer),
            (_, answer) => self.is_turned_away(answer),
        }
    }

    fn is_turned_away(&self, answer: Option<Answer<'_>>) {
        match answer {
            Some(answer) if answer.status() == 503 => self.outcomes().turned_away += 1,
            None if self.may_be_away => {
                self.outcomes().turned_away += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            answer => {
                panic!("{}", answer.map_or_else(|| "nobody answered".to_owned(), |answer| answer.to_string()))
            }
        }
    }
}

/// Says on a flag that a scope has ended: always that something is over, or that it ended in a panic.
pub struct Ends<'f>(pub &'f AtomicBool, pub bool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        match self {
            Self(running, false) => running.store(false, Ordering::Relaxed),
            Self(failed, true) if std::thread::panicking() => failed.store(true, Ordering::Relaxed),
            Self(..) => {}
        }
    }
}

/// How many of these events there are of each subject, an action and the member that names its subject each.
pub fn recorded<'e>(events: &'e [Value], actions: &[(&'e str, &str)]) -> BTreeMap<(&'e str, &'e str), usize> {
    let mut recorded = BTreeMap::new();
    for event in events {
        let action = actions.iter().find(|(action, _)| event["action"] == *action);
        if let Some((action, member)) = action
            && let Some(subject) = event["subject"][member].as_str()
        {
            *recorded.entry((*action, subject)).or_default() += 1;
        }
    }
    recorded
}

impl Outcomes {
    /// Remembers a registration by its answer.
    pub fn registers(&mut self, answer: &Answer<'_>) {
        let credential = &answer.json()["credential"];
        let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
        self.registered.push((text("clientId"), text("clientSecret")));
    }

    /// Remembers a token by its answer.
    ///
    /// # Panics
    /// When it was issued before.
    pub fn issues(&mut self, answer: &Answer<'_>) {
        let (_, claims) = answer.token_parts();
        let is_new = self.issued.insert(claims["jti"].as_str().unwrap_or_default().to_owned());
        assert!(is_new, "a token was issued twice: {claims}");
    }

    /// What was answered and does not have exactly one event, and how many it has.
    pub fn without_one_event<'a>(&'a self, events: &'a [Value]) -> Vec<(&'a str, &'a str, usize)> {
        const ACTIONS: [(&str, &str); 2] = [("agent.registered", "agentId"), ("token.issued", "tokenId")];
        let recorded = recorded(events, &ACTIONS);
        let registered = self.registered.iter().map(|(id, _)| ("agent.registered", id.as_str()));
        let issued = self.issued.iter().map(|id| ("token.issued", id.as_str()));
        registered
            .chain(issued)
            .map(|(action, id)| (action, id, recorded.get(&(action, id)).copied().unwrap_or_default()))
            .filter(|(_, _, events)| *events != 1)
            .collect()
    }

    /// Holds the audit log to it that every request which was answered has exactly one event, and so has every credential
    /// whose time is over.
    ///
    /// # Panics
    /// When one has none, or several.
    pub fn have_one_event_each(&self, world: &World) {
        let began = Instant::now();
        loop {
            let wrong = self.wrong_in(world);
            // The end of the last credentials is still to come, and their events a few seconds after it.
            if wrong.is_empty() {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "answered, and not with one event each: {wrong:?}");
            std::thread::sleep(Duration::from_millis(500));
        }
    }

    /// What has no event or several, and how many.
    fn wrong_in(&self, world: &World) -> Vec<(String, usize)> {
        let events = world.server.events().expect("the events can be read");
        let mut recorded: BTreeMap<String, usize> = BTreeMap::new();
        for event in &events {
            let text = |member: &str| event[member].as_str().unwrap_or_default();
            let (action, subject) = (text("action"), &event["subject"]);
            let of = match action {
                "agent.registered" => &subject["agentId"],
                "token.issued" => &subject["tokenId"],
                "credential.expired" => &subject["credentialId"],
                _ => &Value::Null,
            };
            let of = of.as_str().map(|of| format!("{action} of {of}"));
            let during = format!("{action} {} during {}", text("outcome"), text("requestId"));
            for what in of.into_iter().chain([during]) {
                *recorded.entry(what).or_default() += 1;
            }
        }
        let registered = self.registered.iter().map(|(id, _)| format!("agent.registered of {id}"));
        let issued = self.issued.iter().map(|id| format!("token.issued of {id}"));
        let expired = self.expiring.iter().map(|id| format!("credential.expired of {id}"));
        let answered = self.answered.iter().map(|Answered { request_id, action, outcome }| {
            format!("{action} {outcome} during {request_id}")
        });
        registered
            .chain(issued)
            .chain(expired)
            .chain(answered)
            .map(|what| {
                let events = recorded.get(&what).copied().unwrap_or_default();
                (what, events)
            })
            .filter(|(_, events)| *events != 1)
            .collect()
    }
}
