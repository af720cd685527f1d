//! What was ended, and whether every node knows: tokens and secrets that must be good for nothing any more.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract_tests::actor::{Answer, Request};
use contract_tests::server::Credentials;

use crate::traffic::{Kind, Traffic, Who};

/// How long it may take at the very most until no node accepts what was ended.
pub const TAKES_EFFECT_WITHIN: Duration = Duration::from_secs(5);

/// From one look to the next.
const EVERY: Duration = Duration::from_millis(50);

/// Something that was ended, and when its end was answered.
pub struct Ended {
    why: &'static str,
    what: What,
    since: Instant,
}

enum What {
    /// A token, and the id of its agent if the token is for this server.
    Token(String, Option<String>),
    Secret(Credentials),
}

/// What a node said of something that was ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing, or that it cannot know.
    None,
    /// That it is over.
    Over,
    /// That it is good, so long after its end, which is within the time that this may take.
    StillGood(Duration),
    /// That it is good, beyond it; the sentence says what.
    TooLate(String),
}

impl Ended {
    pub fn token(why: &'static str, token: String, agent: Option<&str>) -> Self {
        Self { why, what: What::Token(token, agent.map(str::to_owned)), since: Instant::now() }
    }

    pub fn secret(why: &'static str, secret: Credentials) -> Self {
        Self { why, what: What::Secret(secret), since: Instant::now() }
    }

    /// What a node says of it that is asked by `ask`, where whoever may asks about tokens.
    pub fn judged<'n>(
        &self,
        who_may: &Who,
        ask: impl Fn(&Who, Request) -> Option<Answer<'n>>,
        remember: impl Fn(&Answer<'n>),
    ) -> Verdict {
        let sent = Instant::now();
        let good = match &self.what {
            What::Token(token, agent) => {
                let about = Request::new("POST", "/oauth2/introspect").form(&[("token", token)]);
                let told = ask(who_may, about).map(|answer| answer.json()["active"] != false);
                let used = agent.as_ref().map(|id| {
                    let itself = Request::new("GET", &format!("/agents/{id}"));
                    ask(&Who::Bearer(token.clone()), itself).map(|answer| answer.status() != 401)
                });
                // Either may not have said anything; good is what one of them says is good.
                match (told, used.unwrap_or(Some(false))) {
                    (Some(true), _) | (_, Some(true)) => Some(true),
                    (Some(false), Some(false)) => Some(false),
                    _ => None,
                }
            }
            What::Secret(secret) => {
                let form = [("grant_type", "client_credentials")];
                let token = Request::new("POST", "/oauth2/token").form(&form);
                ask(&Who::Client(secret.clone()), token).map(|answer| {
                    if answer.status() == 200 {
                        remember(&answer);
                    }
                    answer.status() != 401
                })
            }
        };
        let age = sent.duration_since(self.since);
        match good {
            None => Verdict::None,
            Some(false) => Verdict::Over,
            Some(true) if age < TAKES_EFFECT_WITHIN => Verdict::StillGood(age),
            Some(true) => {
                Verdict::TooLate(format!("{}, and is good for something {age:.1?} later", self.why))
            }
        }
    }

    /// Whether by now every node must know.
    pub fn must_be_known(&self) -> bool {
        self.since.elapsed() >= TAKES_EFFECT_WITHIN
    }
}

/// Everything that was ended.
#[derive(Default)]
pub struct EndedThings {
    all: Mutex<Vec<Arc<Ended>>>,
    /// For how long each was still good at a node after its end was answered, as far as that was seen.
    good_for: Mutex<Vec<Duration>>,
    accepted: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl EndedThings {
    pub fn add(&self, ended: Ended) {
        locked(&self.all).push(Arc::new(ended));
    }

    /// Those from a number on.
    pub fn from(&self, number: usize) -> Vec<Arc<Ended>> {
        locked(&self.all)[number..].to_vec()
    }

    /// For how long each was still good at a node, the shortest first.
    pub fn good_for(&self) -> Vec<Duration> {
        let mut times = locked(&self.good_for).clone();
        times.sort_unstable();
        times
    }

    /// What was accepted beyond the bound since this was asked last: a sentence each.
    pub fn accepted(&self) -> Vec<String> {
        std::mem::take(&mut *locked(&self.accepted))
    }

    /// Asks a node about each until it knows.
    pub fn are_watched_at(&self, traffic: &Traffic<'_>, node: usize) {
        let (mut number, mut open) = (0, Vec::new());
        while traffic.goes_on() {
            let more = self.from(number);
            number += more.len();
            open.extend(more.into_iter().map(|ended| (ended, Duration::ZERO)));
            open.retain_mut(|(ended, good_for)| {
                let ask = |who: &Who, request| traffic.asks(Kind::Ended, node, who, request);
                let verdict =
                    ended.judged(&traffic.inspector(), ask, |token| traffic.outcomes().issues(token));
                match verdict {
                    Verdict::None => return true,
                    Verdict::StillGood(age) => {
                        *good_for = age;
                        return true;
                    }
                    Verdict::Over => locked(&self.good_for).push(*good_for),
                    Verdict::TooLate(what) => locked(&self.accepted).push(format!("at node {node}: {what}")),
                }
                false
            });
            std::thread::sleep(EVERY);
        }
    }
}
