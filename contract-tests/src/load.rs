//! What clients do while a server is harmed: they register agents and ask for tokens, and remember what they were answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::actor::{Actor, Answer, Request};
use crate::operations::new_agent;
use crate::world::World;

/// How long what is waited for may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Who sends requests, one after the other.
pub enum Caller<'w> {
    /// Registers agents.
    Registrar(Actor<'w>),
    /// Asks for tokens.
    Client(Actor<'w>),
}

/// What came of the requests of a load.
#[derive(Default)]
pub struct Outcomes {
    /// The agents whose registration was answered, with the secrets that they were given.
    pub registered: Vec<(String, String)>,
    /// The `jti` of every token that was answered.
    pub issued: BTreeSet<String>,
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
            let asked = Instant::now();
            let answer = match caller {
                Caller::Registrar(registrar) => {
                    let email = format!("load-{caller_number}-{number}@example.com");
                    let agent = new_agent(&email, &["resume:read", "resume:score"]);
                    registrar.tries(Request::new("POST", "/agents").json(&agent))
                }
                Caller::Client(client) => {
                    let form = [("grant_type", "client_credentials")];
                    client.tries(Request::new("POST", "/oauth2/token").form(&form))
                }
            };
            let took = asked.elapsed();
            assert!(took < self.within, "a request took {took:?}");
            self.remember(answer);
        }
    }

    fn remember(&self, answer: Option<Answer<'_>>) {
        match (answer.as_ref().map(Answer::status), answer) {
            (Some(201), Some(answer)) => self.outcomes().registers(&answer),
            (Some(200), Some(answer)) => self.outcomes().issues(&answer),
            (Some(503), _) => self.outcomes().turned_away += 1,
            (None, None) if self.may_be_away => {
                self.outcomes().turned_away += 1;
                std::thread::sleep(Duration::from_millis(20));
            }
            (_, answer) => {
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

    /// Holds the audit log to it that every request which was answered has exactly one event.
    ///
    /// # Panics
    /// When one has none, or several.
    pub fn have_one_event_each(&self, world: &World) {
        let events = world.server.events().expect("the events can be read");
        let wrong = self.without_one_event(&events);
        assert!(wrong.is_empty(), "answered, and not with one event each: {wrong:?}");
    }
}
