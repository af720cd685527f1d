//! One run of the program for QA: which scenarios, what became of each, and what was made along the way.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use regex::Regex;
use serde_json::Value;

use crate::coverage::Reach;
use crate::deployment::{Cleanup, Deployment, Noted, Stop};
use crate::scenarios::Scenario;
use crate::spec::Spec;

/// The specification that the program was built with.
pub const BUILT_IN: &str = include_str!("../../openapi.yaml");

/// What `--only` leaves of the scenarios: patterns of operation ids, tags and names, with `*` for anything.
pub struct Selection {
    patterns: Vec<(String, Regex)>,
}

impl Selection {
    /// Scenarios that one of these patterns fits; all of them if there is none.
    pub fn new(patterns: &[String]) -> Self {
        let pattern = |text: &String| {
            let parts: Vec<String> = text.split('*').map(regex::escape).collect();
            let regex =
                Regex::new(&format!("(?i)^{}$", parts.join(".*"))).expect("an escaped text is a pattern");
            (text.clone(), regex)
        };
        Self { patterns: patterns.iter().map(pattern).collect() }
    }

    /// Whether a scenario is to be done.
    pub fn has(&self, scenario: &Scenario, spec: &Spec) -> bool {
        self.fits(&scenario.name)
            || scenario.reaches.iter().any(|(operation, _)| self.has_operation(operation, spec))
    }

    /// Whether an operation is asked for, by its id or its tag.
    pub fn has_operation(&self, id: &str, spec: &Spec) -> bool {
        let tag = spec
            .operations
            .iter()
            .find(|operation| operation.id == id)
            .map(|operation| operation.tag.as_str());
        self.fits(id) || tag.is_some_and(|tag| self.fits(tag))
    }

    /// The patterns that fit nothing at all.
    pub fn idle(&self, scenarios: &[Scenario], spec: &Spec) -> Vec<String> {
        let idle = |(text, _): &&(String, Regex)| {
            let alone = Self::new(std::slice::from_ref(text));
            !scenarios.iter().any(|scenario| alone.has(scenario, spec))
        };
        self.patterns.iter().filter(idle).map(|(text, _)| text.clone()).collect()
    }

    fn fits(&self, text: &str) -> bool {
        self.patterns.is_empty() || self.patterns.iter().any(|(_, pattern)| pattern.is_match(text))
    }
}

/// What became of a scenario.
pub struct Outcome {
    /// The scenario's sentence.
    pub name: String,
    /// What it was to reach.
    pub reaches: Vec<Reach>,
    /// How it ended.
    pub ending: Ending,
    /// Its requests, by their place among all that were noted.
    pub exchanges: Range<usize>,
    /// How long it took.
    pub took: Duration,
}

/// How a scenario ended.
pub enum Ending {
    /// Every answer was as it should be.
    Passed,
    /// These rules were broken.
    Failed(Vec<Failure>),
    /// It was not done, for this reason.
    Skipped(String),
}

/// A broken rule.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The rule, as a sentence.
    pub rule: String,
    /// The request whose answer broke it, by its place among all that were noted.
    pub exchange: Option<usize>,
}

/// Tells somebody how a run goes on.
pub trait Progress {
    /// A scenario begins: its number, of how many, and its name.
    fn begins(&mut self, number: usize, of: usize, name: &str);

    /// A scenario has ended.
    fn ended(&mut self, outcome: &Outcome);
}

/// Does the selected scenarios, one after the other.
pub fn run(
    site: &Deployment,
    scenarios: &[Scenario],
    selection: &Selection,
    progress: &mut dyn Progress,
) -> Vec<Outcome> {
    let selected: Vec<&Scenario> =
        scenarios.iter().filter(|scenario| selection.has(scenario, &site.spec)).collect();
    let mut outcomes = Vec::new();
    for (number, scenario) in selected.iter().enumerate() {
        progress.begins(number + 1, selected.len(), &scenario.name);
        let outcome = outcome_of(site, scenario);
        progress.ended(&outcome);
        outcomes.push(outcome);
    }
    outcomes
}

fn outcome_of(site: &Deployment, scenario: &Scenario) -> Outcome {
    let (first, started) = (site.noted(), Instant::now());
    let result = catch_unwind(AssertUnwindSafe(|| {
        if site.is_interrupted() {
            return Some("the run was interrupted".to_owned());
        }
        if site.is_gone() {
            return Some("the deployment had stopped answering".to_owned());
        }
        let hindrance = scenario.hindrance(site);
        if hindrance.is_none() {
            (scenario.does)(site);
        }
        hindrance
    }));
    let exchanges = first..site.noted();
    let ending = match result {
        Ok(Some(reason)) => Ending::Skipped(reason),
        Ok(None) => ended(site, scenario, exchanges.clone(), None),
        Err(stop) => match stop.downcast::<Stop>() {
            Ok(stop) => match *stop {
                Stop::Interrupted => Ending::Skipped("the run was interrupted".to_owned()),
                Stop::Hindered(reason) => Ending::Skipped(reason),
                stop => ended(site, scenario, exchanges.clone(), Some(stop)),
            },
            Err(panic) => {
                let said = panic.downcast_ref::<String>().map(String::as_str);
                let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("it panicked");
                Ending::Failed(vec![Failure {
                    rule: format!("the scenario itself is wrong: {said}"),
                    exchange: None,
                }])
            }
        },
    };
    let (name, reaches) = (scenario.name.clone(), scenario.reaches.clone());
    Outcome { name, reaches, ending, exchanges, took: started.elapsed() }
}

/// Puts together what the specification has against the answers and what ended the scenario.
fn ended(site: &Deployment, scenario: &Scenario, exchanges: Range<usize>, stop: Option<Stop>) -> Ending {
    site.with_noted(|noted| judged(noted, scenario, exchanges, stop))
}

fn judged(noted: &[Noted], scenario: &Scenario, exchanges: Range<usize>, stop: Option<Stop>) -> Ending {
    let here = || noted.iter().enumerate().take(exchanges.end).skip(exchanges.start);
    let mut failures: Vec<Failure> = here()
        .flat_map(|(place, one)| {
            one.faults.iter().map(move |fault| Failure { rule: fault.clone(), exchange: Some(place) })
        })
        .collect();
    match stop {
        Some(Stop::Broken { rule, request_id }) => {
            let place = here().rfind(|(_, one)| Some(&one.request_id) == request_id.as_ref());
            failures.push(Failure { rule, exchange: place.map(|(place, _)| place) });
        }
        Some(Stop::Unanswered | Stop::Hindered(_) | Stop::Interrupted) => {}
        None => {
            let reached = |reach: &&Reach| here().any(|(_, one)| one.reached.as_ref() == Some(reach));
            if failures.is_empty()
                && let Some((operation, status)) = scenario.reaches.iter().find(|reach| !reached(reach))
            {
                let rule = format!("the scenario should reach {operation} {status}, and did not");
                failures.push(Failure { rule, exchange: None });
            }
        }
    }
    if failures.is_empty() { Ending::Passed } else { Ending::Failed(failures) }
}

/// Ends what the run made, as a last scenario.
pub fn clean_up(site: &Deployment, progress: &mut dyn Progress) -> (Cleanup, Outcome) {
    let name = "what the run made is ended";
    progress.begins(1, 1, name);
    let (first, started) = (site.noted(), Instant::now());
    let cleanup = site.clean_up();
    let left = cleanup.left.iter();
    let failures: Vec<Failure> =
        left.map(|left| Failure { rule: format!("left behind: {left}"), exchange: None }).collect();
    let outcome = Outcome {
        name: name.to_owned(),
        reaches: Vec::new(),
        ending: if failures.is_empty() { Ending::Passed } else { Ending::Failed(failures) },
        exchanges: first..site.noted(),
        took: started.elapsed(),
    };
    progress.ended(&outcome);
    (cleanup, outcome)
}

/// Where the specification came from that judges the answers.
pub struct Authority {
    /// What it is, for people.
    pub name: String,
    /// What is wrong with it, a sentence each.
    pub findings: Vec<String>,
    /// The specification.
    pub spec: Spec,
}

impl Authority {
    /// The specification in a file.
    ///
    /// # Errors
    /// When the file has none.
    pub fn of_file(name: &str, text: &str) -> Result<Self, String> {
        let spec = Spec::read(text).map_err(|fault| format!("{name} is no specification: {fault}"))?;
        Ok(Self { name: name.to_owned(), findings: Vec::new(), spec })
    }

    /// The deployment's own specification, compared with the built-in one, which takes its place when there is none.
    /// `published` is what the deployment answers at `/openapi.yaml`: the status and the body.
    pub fn of_deployment(published: (u16, &str)) -> Self {
        let (status, text) = published;
        let built_in = |fault: String| Self {
            name: "the one that the program was built with".to_owned(),
            findings: vec![format!("the deployment's own specification cannot be used: {fault}")],
            spec: Spec::parse(BUILT_IN),
        };
        if status != 200 {
            return built_in(format!("/openapi.yaml answers {status}"));
        }
        let spec = match Spec::read(text) {
            Ok(spec) if !spec.operations.is_empty() => spec,
            Ok(_) => return built_in("it has no operations".to_owned()),
            Err(fault) => return built_in(fault),
        };
        let differences = differences(text, BUILT_IN);
        let name = if differences.is_empty() {
            "the deployment's own, which is the one that the program was built with"
        } else {
            "the deployment's own"
        };
        let findings = if differences.is_empty() {
            Vec::new()
        } else {
            vec![format!(
                "the deployment's specification is not the one that this program was built with: use the program of the \
                 same version, or say with --spec which one counts; they differ at {}",
                differences.join(", ")
            )]
        };
        Self { name: name.to_owned(), findings, spec }
    }
}

/// Where two documents differ, as JSON pointers, at most ten of them. Which servers are named plays no part.
fn differences(one: &str, other: &str) -> Vec<String> {
    const MOST: usize = 10;
    let read = |text: &str| {
        let mut document: Value = serde_norway::from_str(text).unwrap_or_default();
        document.as_object_mut().map(|members| members.remove("servers"));
        document
    };
    let mut found = Vec::new();
    compare("", &read(one), &read(other), &mut found);
    if found.len() > MOST {
        let more = found.len() - MOST;
        found.truncate(MOST);
        found.push(format!("{more} more places"));
    }
    found
}

fn compare(place: &str, one: &Value, other: &Value, found: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(one), Value::Object(other)) => {
            let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
            for name in names {
                let at =
                    |object: &serde_json::Map<String, Value>| object.get(name).cloned().unwrap_or_default();
                let place = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                compare(&place, &at(one), &at(other), found);
            }
        }
        _ if one == other => {}
        _ => found.push(if place.is_empty() { "(the whole)".to_owned() } else { place.to_owned() }),
    }
}
