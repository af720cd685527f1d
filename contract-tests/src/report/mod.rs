//! What a run came to: every declared answer with what became of it, and every scenario with what was said.
//!
//! [`console`], [`junit`] and [`html`] write it down; nothing in it has a secret, as [`Noted`] has none.

pub mod console;
pub mod html;
pub mod junit;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::coverage::Reach;
use crate::deployment::{Deployment, Noted};
use crate::operations::RESERVED;
use crate::run::{Authority, Ending, Failure, Outcome, Selection};
use crate::scenarios::{self, Scenario};
use crate::spec::Spec;

/// A whole run.
pub struct Report {
    /// The deployment's URL.
    pub base: String,
    /// What tells the run from others.
    pub run: String,
    /// When it began, in UTC.
    pub began: String,
    /// How long it took.
    pub took: Duration,
    /// The specification that the answers were judged by.
    pub authority: String,
    /// The client that the run was done with.
    pub client: String,
    /// What of the reserved capabilities the client has, and what it lacks.
    pub held: Vec<String>,
    /// See [`Report::held`].
    pub lacked: Vec<String>,
    /// What is wrong apart from any single answer.
    pub findings: Vec<String>,
    /// Whether somebody ended the run before its end.
    pub interrupted: bool,
    /// How many agents were made and decommissioned.
    pub ended: usize,
    /// Every operation in the order of the specification, and the door.
    pub rows: Vec<Row>,
    /// Every scenario that was selected.
    pub outcomes: Vec<Outcome>,
    /// Every request with its answer.
    pub noted: Vec<Noted>,
}

/// An operation with its answers.
pub struct Row {
    /// Its id, or `door`.
    pub operation: String,
    /// Its method and path.
    pub route: String,
    /// Its tag.
    pub tag: String,
    /// Its answers by status.
    pub cells: BTreeMap<u16, Cell>,
}

/// What became of a declared answer.
pub enum Cell {
    /// It was seen, and it was as declared. The first request that got it, by its place in [`Report::noted`].
    Passed(usize),
    /// A rule was broken.
    Failed(Vec<Failure>),
    /// It was not seen, for this reason.
    Unreached(String),
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// As it should be.
    pub passed: usize,
    /// Not as it should be.
    pub failed: usize,
    /// Not known.
    pub unreached: usize,
}

/// The name of what belongs to no operation.
const DOOR: &str = "door";

impl Report {
    /// Puts a run together.
    #[allow(clippy::too_many_arguments, reason = "each is a part of the run that nothing else has")]
    pub fn new(
        site: &Deployment,
        authority: (String, Vec<String>),
        began: String,
        took: Duration,
        scenarios: &[Scenario],
        selection: &Selection,
        outcomes: Vec<Outcome>,
        ended: usize,
    ) -> Self {
        let noted = site.with_noted(<[Noted]>::to_vec);
        let rows = rows(&site.spec, scenarios, selection, &outcomes, &noted);
        let (held, lacked) = RESERVED.iter().map(|one| (*one).to_owned()).partition(|one| site.may(one));
        let (authority, findings) = authority;
        Self {
            base: site.base.clone(),
            run: site.run.clone(),
            began,
            took,
            authority,
            client: site.operator_id().to_owned(),
            held,
            lacked,
            findings,
            interrupted: site.is_interrupted(),
            ended,
            rows,
            outcomes,
            noted,
        }
    }

    /// The statuses that any operation has.
    pub fn statuses(&self) -> BTreeSet<u16> {
        self.rows.iter().flat_map(|row| row.cells.keys().copied()).collect()
    }

    /// Every declared answer with what became of it.
    pub fn cells(&self) -> impl Iterator<Item = (&Row, u16, &Cell)> {
        self.rows.iter().flat_map(|row| row.cells.iter().map(move |(status, cell)| (row, *status, cell)))
    }

    /// How many of the declared answers are as they should be.
    pub fn answers(&self) -> Counts {
        counts(self.cells().map(|(_, _, cell)| match cell {
            Cell::Passed(_) => State::Passed,
            Cell::Failed(_) => State::Failed,
            Cell::Unreached(_) => State::Unreached,
        }))
    }

    /// How many of the scenarios went as they should.
    pub fn scenarios(&self) -> Counts {
        counts(self.outcomes.iter().map(|outcome| outcome.ending.state()))
    }

    /// Why answers were not reached, each reason with its answers.
    pub fn reasons(&self) -> BTreeMap<&str, Vec<Reach>> {
        let mut reasons: BTreeMap<&str, Vec<Reach>> = BTreeMap::new();
        for (row, status, cell) in self.cells() {
            if let Cell::Unreached(reason) = cell {
                reasons.entry(reason).or_default().push((row.operation.clone(), status));
            }
        }
        reasons
    }

    /// Whether nothing was found to be wrong.
    pub fn is_good(&self) -> bool {
        self.findings.is_empty() && self.answers().failed == 0 && self.scenarios().failed == 0
    }
}

/// How something ended, whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// As it should.
    Passed,
    /// Not as it should.
    Failed,
    /// Not known.
    Unreached,
}

impl State {
    /// Its name in classes and filters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unreached => "unreached",
        }
    }
}

impl Ending {
    /// How it ended.
    pub fn state(&self) -> State {
        match self {
            Self::Passed => State::Passed,
            Self::Failed(_) => State::Failed,
            Self::Skipped(_) => State::Unreached,
        }
    }
}

fn counts(states: impl Iterator<Item = State>) -> Counts {
    let mut counts = Counts::default();
    for state in states {
        match state {
            State::Passed => counts.passed += 1,
            State::Failed => counts.failed += 1,
            State::Unreached => counts.unreached += 1,
        }
    }
    counts
}

/// The operations in order, each with all that is declared of it and all that was seen besides.
fn rows(
    spec: &Spec,
    scenarios: &[Scenario],
    selection: &Selection,
    outcomes: &[Outcome],
    noted: &[Noted],
) -> Vec<Row> {
    let broken = broken(outcomes, noted);
    let mut rows: Vec<Row> = Vec::new();
    let operations = spec.operations.iter().map(|operation| {
        let route = format!("{} {}", operation.method, operation.path);
        (operation.id.as_str(), route, operation.tag.as_str(), operation.responses.keys().copied().collect())
    });
    let door: BTreeSet<u16> = spec.door.keys().copied().collect();
    let door = (DOOR, "whatever belongs to no operation".to_owned(), "", door);
    for (operation, route, tag, mut statuses) in operations.chain([door]) {
        // An answer that is not declared has its place beside those that are.
        statuses.extend(broken.keys().filter(|(id, _)| id == operation).map(|(_, status)| *status));
        let cells = statuses.into_iter().filter(|status| *status != 0).map(|status| {
            let reach = (operation.to_owned(), status);
            let cell = match broken.get(&reach) {
                Some(failures) => Cell::Failed(failures.clone()),
                None => match noted.iter().position(|one| one.reached.as_ref() == Some(&reach)) {
                    Some(place) => Cell::Passed(place),
                    None => Cell::Unreached(unreached(&reach, spec, scenarios, selection, outcomes)),
                },
            };
            (status, cell)
        });
        rows.push(Row {
            operation: operation.to_owned(),
            route,
            tag: tag.to_owned(),
            cells: cells.collect(),
        });
    }
    rows
}

/// Every broken rule under the answer that it is about: the one that broke it, or those of the same operation that the
/// scenario should have reached instead.
fn broken(outcomes: &[Outcome], noted: &[Noted]) -> BTreeMap<Reach, Vec<Failure>> {
    let mut broken: BTreeMap<Reach, Vec<Failure>> = BTreeMap::new();
    let mut add = |reach: Reach, failure: &Failure| {
        let failures = broken.entry(reach).or_default();
        if !failures.iter().any(|known| known.rule == failure.rule && known.exchange == failure.exchange) {
            failures.push(failure.clone());
        }
    };
    for outcome in outcomes {
        let Ending::Failed(failures) = &outcome.ending else {
            continue;
        };
        for failure in failures {
            let one = failure.exchange.and_then(|place| noted.get(place));
            if let Some((one, (status, _))) =
                one.and_then(|one| one.answer.as_ref().map(|answer| (one, answer)))
            {
                add((one.operation.clone(), *status), failure);
            }
        }
        for reach in missed(outcome, noted) {
            let about = |failure: &&Failure| {
                let one = failure.exchange.and_then(|place| noted.get(place));
                one.is_none_or(|one| one.operation == reach.0)
            };
            for failure in failures.iter().filter(about) {
                add(reach.clone(), failure);
            }
        }
    }
    broken
}

/// What a scenario should have reached, and nothing else reached either.
fn missed<'a>(outcome: &'a Outcome, noted: &'a [Noted]) -> impl Iterator<Item = &'a Reach> {
    outcome.reaches.iter().filter(|reach| !noted.iter().any(|one| one.reached.as_ref() == Some(reach)))
}

/// Why an answer was not reached.
fn unreached(
    reach: &Reach,
    spec: &Spec,
    scenarios: &[Scenario],
    selection: &Selection,
    outcomes: &[Outcome],
) -> String {
    let (operation, status) = reach;
    let skipped =
        outcomes.iter().filter(|outcome| outcome.reaches.contains(reach)).find_map(|outcome| match &outcome
            .ending
        {
            Ending::Skipped(reason) => Some(reason.clone()),
            _ => None,
        });
    if let Some(reason) = skipped {
        return reason;
    }
    let left_out = scenarios.iter().any(|scenario| scenario.reaches.contains(reach));
    if left_out || !selection.has_operation(operation, spec) {
        return "--only left it out".to_owned();
    }
    scenarios::reason(operation, *status).unwrap_or("no scenario").to_owned()
}

/// The name that a run's specification, for people: what it is called and what it was found to be.
impl From<&Authority> for (String, Vec<String>) {
    fn from(authority: &Authority) -> Self {
        (authority.name.clone(), authority.findings.clone())
    }
}

/// A time span for people.
pub fn span(took: Duration) -> String {
    match took.as_millis() {
        0..1000 => format!("{} ms", took.as_millis()),
        _ => format!("{:.1} s", took.as_secs_f64()),
    }
}

/// A number of requests for people.
pub fn requests(number: usize) -> String {
    if number == 1 { "1 request".to_owned() } else { format!("{number} requests") }
}
