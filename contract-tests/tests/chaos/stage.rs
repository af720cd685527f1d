//! Where it happens: three nodes, what they need, who watches, and what is held against them.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use contract_tests::actor::{Request, token_parts};
use contract_tests::between::Between;
use contract_tests::line::percentile;
use contract_tests::redis::OwnRedis;
use contract_tests::world::{World, now};

use crate::ended::TAKES_EFFECT_WITHIN;
use crate::faults::{Fault, Felt};
use crate::proofs::Proofs;
use crate::traffic::{End, Kind, Seen, Traffic};

/// Every node.
pub const ALL: &[usize] = &[0, 1, 2];

/// How long a node may take to come back by itself, once what kept it from its work is over.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// How long it is waited for at all.
const GIVEN_UP_AFTER: Duration = Duration::from_secs(60);

/// How long a request may take: the ten seconds that nodes give it by default, and what somebody who asks needs beside
/// them on a machine that does other things.
const IN_TIME: Duration = Duration::from_secs(11);

/// How long all is well before the next thing happens, and is seen to be well after it.
const CALM: Duration = Duration::from_millis(1500);

/// How long somebody waits who asks whether a node is back.
const PROBED_WITHIN: Duration = Duration::from_secs(1);

/// A time in which a node may turn requests away, or, where it is away, not answer.
struct Trouble {
    node: usize,
    away: bool,
    from: Instant,
    until: Option<Instant>,
}

impl Trouble {
    /// Whether it excuses what came of a request.
    fn excuses(&self, seen: &Seen) -> bool {
        let (began, ended) = (seen.sent, seen.sent + seen.took);
        let meets =
            self.node == seen.node && ended > self.from && self.until.is_none_or(|until| began < until);
        let asks_much = matches!(seen.end, End::Unanswered(_)) || seen.took > IN_TIME;
        meets && (self.away || !asks_much)
    }
}

/// What is noted while something happens.
#[derive(Default)]
struct Notes {
    troubles: Vec<Trouble>,
    back_after: Duration,
    wrong: Vec<String>,
}

/// The nodes and what they need.
pub struct Stage<'n> {
    traffic: &'n Traffic<'n>,
    redis: Mutex<OwnRedis>,
    way_to_redis: Between,
    without_a_disk: Option<String>,
    notes: Mutex<Notes>,
    proofs: Mutex<Proofs>,
    wrong: Mutex<Vec<String>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'n> Stage<'n> {
    /// `without_a_disk` says why PostgreSQL has no disk of its own, if it has none.
    pub fn new(
        traffic: &'n Traffic<'n>,
        redis: OwnRedis,
        way_to_redis: Between,
        without_a_disk: Option<String>,
    ) -> Self {
        Self {
            traffic,
            redis: Mutex::new(redis),
            way_to_redis,
            without_a_disk,
            notes: Mutex::default(),
            proofs: Mutex::default(),
            wrong: Mutex::default(),
        }
    }

    pub fn nodes(&self) -> &'n [World] {
        self.traffic.nodes()
    }

    pub fn first(&self) -> &'n World {
        &self.traffic.nodes()[0]
    }

    pub fn each(&self, does: impl FnMut(&World)) {
        self.nodes().iter().for_each(does);
    }

    pub fn redis(&self) -> MutexGuard<'_, OwnRedis> {
        locked(&self.redis)
    }

    pub fn way_to_redis(&self) -> &Between {
        &self.way_to_redis
    }

    pub fn without_a_disk(&self) -> Option<&String> {
        self.without_a_disk.as_ref()
    }

    /// From now on these nodes may say that they cannot.
    pub fn harms(&self, nodes: &[usize]) {
        self.notes_trouble(nodes, false);
    }

    /// From now on this node may not answer.
    pub fn takes_away(&self, node: usize) {
        self.notes_trouble(&[node], true);
    }

    fn notes_trouble(&self, nodes: &[usize], away: bool) {
        let from = Instant::now();
        let troubles = nodes.iter().map(|node| Trouble { node: *node, away, from, until: None });
        locked(&self.notes).troubles.extend(troubles);
    }

    /// Says since when nothing keeps these nodes from their work, and waits until each says that it is ready and issues a
    /// token. Within the bound that may be so, and no request may fail after it.
    ///
    /// # Panics
    /// When one does not come back.
    pub fn is_over(&self, since: Instant, nodes: &[usize]) {
        for trouble in &mut locked(&self.notes).troubles {
            if nodes.contains(&trouble.node) && trouble.until.is_none() {
                trouble.until = Some(since + BACK_WITHIN);
            }
        }
        std::thread::scope(|scope| {
            for node in nodes {
                scope.spawn(move || {
                    while !self.is_back(*node) {
                        self.traffic.is_well();
                        assert!(since.elapsed() < GIVEN_UP_AFTER, "node {node} does not come back");
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    let mut notes = locked(&self.notes);
                    notes.back_after = notes.back_after.max(since.elapsed());
                });
            }
        });
    }

    fn is_back(&self, node: usize) -> bool {
        let world = &self.nodes()[node];
        let ready = world.anyone().asks_in_doubt(Request::new("GET", "/health/ready").within(PROBED_WITHIN));
        ready.is_ok_and(|answer| answer.status() == 200) && self.issues_a_token(node).is_some()
    }

    fn issues_a_token(&self, node: usize) -> Option<String> {
        let form = [("grant_type", "client_credentials")];
        let request = Request::new("POST", "/oauth2/token").form(&form).within(PROBED_WITHIN);
        let answer = self.traffic.client().at(&self.nodes()[node]).asks_in_doubt(request).ok()?;
        let issued = (answer.status() == 200).then_some(answer)?;
        self.traffic.outcomes().issues(&issued);
        Some(issued.bearer().token().to_owned())
    }

    /// Lets everybody go on calling.
    pub fn goes_on_for(&self, time: Duration) {
        let until = Instant::now() + time;
        while Instant::now() < until {
            self.traffic.is_well();
            std::thread::sleep(Duration::from_millis(20).min(time));
        }
    }

    /// Waits until a request was told to try again later.
    ///
    /// # Panics
    /// When none is.
    pub fn until_somebody_is_turned_away(&self) {
        let began = Instant::now();
        while !self.traffic.seen_since(began).iter().any(Seen::failed) {
            assert!(began.elapsed() < GIVEN_UP_AFTER, "nobody is turned away");
            self.goes_on_for(Duration::from_millis(50));
        }
    }

    /// Sees that a node's clock is wrong by so many seconds.
    ///
    /// # Panics
    /// When it is not.
    pub fn clock_is(&self, node: usize, ahead: i64) {
        let token = self.issues_a_token(node).expect("the node issues tokens");
        let issued_at = token_parts(&token).1["iat"].as_i64().unwrap_or_default();
        let off = issued_at - now().timestamp() - ahead;
        assert!(off.abs() <= 2, "the clock of node {node} is {} s ahead", off + ahead);
    }

    /// Waits until everybody has been served at every node.
    ///
    /// # Panics
    /// When somebody is not.
    pub fn warms_up(&self) {
        let began = Instant::now();
        let all_served = || {
            let seen = self.traffic.seen();
            let served = |node, kind| {
                seen.iter().any(|seen| {
                    seen.node == node && seen.kind == kind && matches!(seen.end, End::Answered(200 | 201))
                })
            };
            ALL.iter().all(|node| KINDS.iter().all(|kind| served(*node, *kind)))
        };
        while !all_served() {
            assert!(began.elapsed() < GIVEN_UP_AFTER, "not everybody is served");
            self.goes_on_for(Duration::from_millis(50));
        }
        self.traffic.pauses();
    }

    /// Lets something happen, holds it against everything that must hold, and prints a line.
    #[allow(clippy::print_stderr, reason = "whoever waits for the table sees at once what is wrong")]
    pub fn lets_happen(&self, fault: &Fault) {
        if let Err(reason) = (fault.prepare)(self) {
            say(&format!("DID NOT RUN: {}: {reason}", fault.name));
            return;
        }
        *locked(&self.notes) = Notes::default();
        let resumed = Instant::now();
        self.traffic.resumes();
        self.goes_on_for(CALM);
        let began = Instant::now();
        (fault.act)(self);
        self.goes_on_for(CALM);
        self.traffic.pauses();

        let seen = self.traffic.seen_since(resumed);
        let lost = locked(&self.proofs).lost(self.traffic);
        let accepted = [self.traffic.ended.accepted(), locked(&self.proofs).accepted(self.traffic)].concat();
        (fault.restore)(self);
        let Notes { troubles, back_after, mut wrong } = std::mem::take(&mut *locked(&self.notes));
        let of_fault: Vec<_> = seen.iter().filter(|seen| seen.sent + seen.took >= began).collect();
        let turned_away = of_fault.iter().filter(|seen| seen.end == End::Answered(503)).count();
        let unanswered = of_fault.iter().filter(|seen| matches!(seen.end, End::Unanswered(_))).count();
        say(&line(
            fault.name,
            &[of_fault.len(), turned_away, unanswered, lost.len()].map(|number| number.to_string()),
            &format!("{:.1} s", back_after.as_secs_f64()),
        ));

        wrong.extend(inexcusable(&seen, &troubles, began));
        if fault.felt == Felt::Surely && turned_away + unanswered == 0 {
            wrong.push("nobody felt it".to_owned());
        }
        if back_after > BACK_WITHIN {
            wrong.push(format!("the service came back after {back_after:.1?}"));
        }
        wrong.extend(lost);
        wrong.extend(accepted);
        for what in wrong {
            eprintln!("    {what}");
            locked(&self.wrong).push(format!("{}: {what}", fault.name));
        }
    }

    /// Looks at everything once more, says what there was altogether, and what was wrong: a sentence each. Nobody asks for
    /// anything meanwhile.
    pub fn ends(&self) -> Vec<String> {
        std::thread::sleep(TAKES_EFFECT_WITHIN);
        let mut proofs = locked(&self.proofs);
        proofs.begin_anew();
        let mut wrong = std::mem::take(&mut *locked(&self.wrong));
        wrong.extend(proofs.lost(self.traffic));
        wrong.extend(proofs.accepted(self.traffic));
        for node in ALL {
            let mut answers: BTreeMap<String, usize> = BTreeMap::new();
            for seen in self.traffic.seen().iter().filter(|seen| seen.node == *node) {
                let end = match seen.end {
                    End::Answered(status) => status.to_string(),
                    End::Unanswered(_) => "unanswered".to_owned(),
                };
                *answers.entry(end).or_default() += 1;
            }
            let answers: Vec<_> = answers.iter().map(|(end, number)| format!("{number} x {end}")).collect();
            say(&format!("node {node}: {}", answers.join(", ")));
        }
        let good_for = self.traffic.ended.good_for();
        let at = |percent| format!("{:.2} s", percentile(&good_for, percent).as_secs_f64());
        say(&format!(
            "{} tokens and secrets ended, each good at a node for p50 {}, p99 {}, at most {}",
            self.traffic.ended.from(0).len(),
            at(50),
            at(99),
            at(100),
        ));
        let outcomes = self.traffic.outcomes();
        let (agents, tokens) = (outcomes.registered.len(), outcomes.issued.len());
        say(&format!("{agents} agents registered and {tokens} tokens issued"));
        wrong
    }
}

/// Of what everybody asks for.
const KINDS: [Kind; 9] = [
    Kind::Token,
    Kind::Introspection,
    Kind::Registration,
    Kind::Revocation,
    Kind::Status,
    Kind::Rotation,
    Kind::Capabilities,
    Kind::List,
    Kind::Ended,
];

/// What came of requests that no trouble excuses: a sentence for each kind at each node.
fn inexcusable(seen: &[Seen], troubles: &[Trouble], began: Instant) -> Vec<String> {
    let mut found: BTreeMap<String, (usize, f64, Duration)> = BTreeMap::new();
    for one in seen {
        let wrong = one.failed() || one.took > IN_TIME;
        if wrong && !troubles.iter().any(|trouble| trouble.excuses(one)) {
            let when = match one.sent.checked_duration_since(began) {
                Some(after) => after.as_secs_f64(),
                None => -began.duration_since(one.sent).as_secs_f64(),
            };
            let what = format!("{:?} at node {} came to {:?}", one.kind, one.node, one.end);
            let (times, last, longest) = found.entry(what).or_insert((0, when, one.took));
            (*times, *last, *longest) = (*times + 1, last.max(when), (*longest).max(one.took));
        }
    }
    let told = found.into_iter();
    told.map(|(what, (times, last, longest))| {
        format!("{times} x {what}, last sent at {last:+.1} s, after {:.1} s at most", longest.as_secs_f64())
    })
    .collect()
}

/// A line of the table.
pub fn line(fault: &str, figures: &[String; 4], back_after: &str) -> String {
    let [requests, failures, unanswered, lost] = figures;
    format!("{fault:<58} {requests:>8} {failures:>8} {unanswered:>10} {lost:>5} {back_after:>11}")
}

/// Prints a figure, as `scripts/test` repeats it.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
pub fn say(figure: &str) {
    println!("==> {figure}");
}
