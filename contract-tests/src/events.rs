//! The audit events that requests leave, compared with the table that says which.
//!
//! When a test's server has stopped, its events are read from its database and put beside the answers that the test saw:
//! one line for each server in a file under `target/contract-events/<database>/`. At the end of a run `contract-tests
//! events` compares what the files hold with the tables of `docs/audit-events.md`, in both directions and for each
//! database by itself: an event that no row has fails, and so does a row that never happened.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Value, json};

use crate::check::Exchange;
use crate::spec::{Spec, Target, repository};

/// The name of what belongs to no operation.
const DOOR: &str = "door";

/// What ends the names of events that stand for many requests.
const COUNTED: &str = ".counted";

/// Where the lines are kept.
pub fn folder() -> PathBuf {
    repository().join("target/contract-events")
}

/// The tables.
pub fn document() -> PathBuf {
    repository().join("docs/audit-events.md")
}

/// One answer, as the tables speak of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Outcome {
    /// The operation's id, or `door`.
    pub operation: String,
    /// The status.
    pub status: u16,
    /// The code in the body, or empty if it has none.
    pub code: String,
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.operation, self.status)?;
        if self.code.is_empty() { Ok(()) } else { write!(formatter, " {}", self.code) }
    }
}

/// An event without whom and when.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// What was done.
    pub action: String,
    /// How it ended.
    pub outcome: String,
    /// Why so; empty where it went well.
    pub reason: String,
}

impl fmt::Display for Event {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "`{}` {}", self.action, self.outcome)?;
        if self.reason.is_empty() { Ok(()) } else { write!(formatter, " `{}`", self.reason) }
    }
}

/// Behind whose wall an event stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wall {
    /// That of the owner of whoever did it.
    Caller,
    /// That of the owner of the agent which it was done to.
    Subject,
    /// Nobody's: only `idp:admin` sees it.
    Nobody,
}

impl Wall {
    const ALL: [Self; 3] = [Self::Caller, Self::Subject, Self::Nobody];

    fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller's wall",
            Self::Subject => "subject's wall",
            Self::Nobody => "nobody's wall",
        }
    }

    fn from_str(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wall| wall.as_str() == text)
    }
}

/// An event and every wall that it may stand behind, by what was seen.
type Seen = (Event, BTreeSet<Wall>);

/// One answer of a test's server.
#[derive(Clone, Debug)]
pub struct Asked {
    request_id: String,
    outcome: Outcome,
    /// The answer to `HEAD` has no body, and so no code.
    head: bool,
}

impl Asked {
    /// What the tables need to know of an exchange.
    pub fn of(spec: &Spec, exchange: &Exchange) -> Self {
        let operation = match spec.target(&exchange.method, &exchange.target) {
            Target::Operation(operation) if operation.responses.contains_key(&exchange.status) => {
                &operation.id
            }
            _ => DOOR,
        };
        let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
        let code = if exchange.status < 400 { &Value::Null } else { &body["code"] };
        let code = code.as_str().or_else(|| body["error"].as_str()).unwrap_or_default();
        Self {
            request_id: exchange.header("x-request-id").unwrap_or_default().to_owned(),
            outcome: Outcome {
                operation: operation.to_owned(),
                status: exchange.status,
                code: code.to_owned(),
            },
            head: exchange.method == "HEAD",
        }
    }
}

/// What one server's events say beside what it answered.
///
/// `whole` says that the server ended by itself on a whole database, so that its counts were written.
pub fn told(asked: &[Asked], events: &[Value], whole: bool) -> Value {
    let owners = owners(events);
    let mut by_request: BTreeMap<&str, Vec<Seen>> = BTreeMap::new();
    let mut alone: Vec<Seen> = Vec::new();
    let mut counted: BTreeMap<&str, u64> = BTreeMap::new();
    for event in events {
        let seen = (event_of(event), walls(event, &owners));
        if let Some(id) = event["requestId"].as_str() {
            by_request.entry(id).or_default().push(seen);
            continue;
        }
        alone.push(seen);
        if let Some(action) = event["action"].as_str().filter(|action| action.ends_with(COUNTED)) {
            *counted.entry(action).or_default() += event["data"]["count"].as_u64().unwrap_or_default();
        }
    }
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    for one in asked {
        *times.entry(one.request_id.as_str()).or_default() += 1;
    }
    let mut answers: Vec<Value> = Vec::new();
    for one in asked {
        let mut left = by_request.remove(one.request_id.as_str()).unwrap_or_default();
        left.sort();
        // Whoever sends an id twice cannot tell whose event is whose.
        let ambiguous = times[one.request_id.as_str()] > 1;
        answers.push(json!({
            "operation": one.outcome.operation,
            "status": one.outcome.status,
            "code": one.outcome.code,
            "loose": one.head || ambiguous,
            "events": written(&left),
        }));
    }
    let unknown: Vec<Seen> = by_request.into_values().flatten().collect();
    json!({
        "answers": answers,
        "alone": written(&alone),
        "unknown": written(&unknown),
        "counted": whole.then_some(counted),
    })
}

fn written(seen: &[Seen]) -> Vec<Value> {
    let names = |walls: &BTreeSet<Wall>| walls.iter().map(|wall| wall.as_str()).collect::<Vec<_>>();
    seen.iter()
        .map(|(event, walls)| json!([event.action, event.outcome, event.reason, names(walls)]))
        .collect()
}

fn read(written: &Value) -> Vec<Seen> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let of = |one: &Value| {
        let walls = one[3].as_array().into_iter().flatten().filter_map(|wall| Wall::from_str(&text(wall)));
        (Event { action: text(&one[0]), outcome: text(&one[1]), reason: text(&one[2]) }, walls.collect())
    };
    written.as_array().into_iter().flatten().map(of).collect()
}

fn event_of(event: &Value) -> Event {
    let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
    Event { action: text("action"), outcome: text("outcome"), reason: text("reason") }
}

/// Every owner that an agent ever had, by the agent's id.
fn owners(events: &[Value]) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut owners: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for event in events.iter().filter(|event| event["outcome"] == "success") {
        let action = event["action"].as_str().unwrap_or_default();
        if !["agent.registered", "agent.updated", "server.bootstrapped"].contains(&action) {
            continue;
        }
        let Some(agent) = event["subject"]["agentId"].as_str() else { continue };
        let told = [&event["owner"], &event["data"]["owner"]].into_iter().filter_map(Value::as_str);
        owners.entry(agent).or_default().extend(told);
    }
    owners
}

/// Every wall that the event may have been meant for: caller and subject may have the same owner.
fn walls(event: &Value, owners: &BTreeMap<&str, BTreeSet<&str>>) -> BTreeSet<Wall> {
    let Some(owner) = event["owner"].as_str() else { return BTreeSet::from([Wall::Nobody]) };
    let is_of = |agent: &Value| {
        agent.as_str().and_then(|agent| owners.get(agent)).is_some_and(|owners| owners.contains(owner))
    };
    let caller = is_of(&event["actor"]["agentId"]).then_some(Wall::Caller);
    let subject = is_of(&event["subject"]["agentId"]).then_some(Wall::Subject);
    caller.into_iter().chain(subject).collect()
}

/// Keeps what was told of a server.
///
/// # Panics
/// When it cannot be written.
pub fn note(database: &str, told: &Value) {
    static WRITING: Mutex<()> = Mutex::new(());
    let _writing = WRITING.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let folder = folder().join(database);
    fs::create_dir_all(&folder).expect("the folder of the events can be made");
    fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(format!("{}.jsonl", std::process::id())))
        .and_then(|mut file| writeln!(file, "{told}"))
        .expect("what was told of the events can be written");
}

/// What was told under a folder, by database.
///
/// # Errors
/// When it cannot be read.
pub fn noted(folder: &Path) -> std::io::Result<BTreeMap<String, Vec<Value>>> {
    let mut databases = BTreeMap::new();
    for database in fs::read_dir(folder)? {
        let database = database?;
        let mut servers = Vec::new();
        for file in fs::read_dir(database.path())? {
            for line in fs::read_to_string(file?.path())?.lines() {
                servers.push(serde_json::from_str(line).map_err(std::io::Error::other)?);
            }
        }
        databases.insert(database.file_name().to_string_lossy().into_owned(), servers);
    }
    Ok(databases)
}

/// What a cell of the tables says that a request leaves.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Left {
    /// Events of its own, sorted.
    events: Vec<(Event, Wall)>,
    /// Counts that it adds one to.
    counted: Vec<String>,
}

/// The tables of the document.
#[derive(Debug, Default)]
pub struct Tables {
    /// By the answer, each way that it can come about.
    requests: BTreeMap<Outcome, Vec<Left>>,
    /// Those that take two requests that meet, and may not happen.
    races: BTreeSet<(Outcome, Left)>,
    /// Events that stand for many requests.
    counted: BTreeSet<(Event, Wall)>,
    /// Events that no request causes, and where the test of each is: a file and the name of a function.
    alone: BTreeMap<(Event, Wall), Vec<(String, String)>>,
}

impl Tables {
    /// Reads the document: a heading `### operationId` (or `### door`) begins the rows of an operation, `## Counted
    /// events` and `## Events that no request causes` the other two tables. What it cannot read is a fault.
    pub fn parse(text: &str) -> (Self, Vec<String>) {
        let (mut tables, mut faults) = (Self::default(), Vec::new());
        let mut heading = String::new();
        for line in text.lines() {
            if let Some(next) = line.strip_prefix("## ").or_else(|| line.strip_prefix("### ")) {
                heading = next.trim().trim_matches('`').to_owned();
            }
            let Some(row) = line.strip_prefix("| ").and_then(|row| row.strip_suffix(" |")) else { continue };
            let cells: Vec<&str> = row.split(" | ").map(str::trim).collect();
            let is_frame = cells.iter().all(|cell| cell.chars().all(|one| one == '-'))
                || ["answer", "event"].contains(&cells[0]);
            if !is_frame && let Err(problem) = tables.row(&heading, &cells) {
                faults.push(format!("«{line}»: {problem}"));
            }
        }
        (tables, faults)
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.requests.values().map(Vec::len).sum::<usize>() + self.counted.len() + self.alone.len()
    }

    fn row(&mut self, heading: &str, cells: &[&str]) -> Result<(), String> {
        let twice = || "the row is there twice".to_owned();
        match (heading, cells) {
            ("Counted events", [event, _]) => {
                self.counted.insert(parse_event(event)?).then_some(()).ok_or_else(twice)
            }
            ("Events that no request causes", [event, _, tests]) => {
                let tests: Option<Vec<_>> = tests
                    .split("<br>")
                    .map(|test| {
                        let (file, name) = test.trim().trim_matches('`').split_once("::")?;
                        Some((file.to_owned(), name.to_owned()))
                    })
                    .collect();
                let tests = tests.ok_or("a test is `file::function`")?;
                let before = self.alone.insert(parse_event(event)?, tests);
                before.is_none().then_some(()).ok_or_else(twice)
            }
            (operation, [answer, events, when]) => {
                let (status, code) = answer.split_once(' ').unwrap_or((answer, ""));
                let outcome = Outcome {
                    operation: operation.to_owned(),
                    status: status.parse().map_err(|_| format!("{status} is no status"))?,
                    code: code.trim_matches('`').to_owned(),
                };
                let left = parse_left(events)?;
                if when.starts_with("race: ") {
                    self.races.insert((outcome.clone(), left.clone()));
                }
                let ways = self.requests.entry(outcome).or_default();
                if ways.contains(&left) {
                    return Err(twice());
                }
                ways.push(left);
                Ok(())
            }
            _ => Err("the row has too many or too few cells".to_owned()),
        }
    }
}

/// `none`, or events and counts.
fn parse_left(cell: &str) -> Result<Left, String> {
    let mut left = Left::default();
    if cell == "none" {
        return Ok(left);
    }
    for one in cell.split("<br>").map(str::trim) {
        match one.strip_prefix("counted ") {
            Some(action) => left.counted.push(action.trim_matches('`').to_owned()),
            None => left.events.push(parse_event(one)?),
        }
    }
    left.events.sort();
    Ok(left)
}

/// `` `action` outcome `reason`, whose wall ``.
fn parse_event(text: &str) -> Result<(Event, Wall), String> {
    let problem = || format!("{text} is not: `action` outcome `reason`, whose wall");
    let (event, wall) = text.split_once(", ").ok_or_else(problem)?;
    let wall = Wall::from_str(wall.trim()).ok_or_else(problem)?;
    let mut words = event.split(' ').map(|word| word.trim_matches('`').to_owned());
    let (Some(action), Some(outcome)) = (words.next(), words.next()) else { return Err(problem()) };
    let reason = words.next().unwrap_or_default();
    let is_outcome = ["success", "denied", "failure"].contains(&outcome.as_str());
    (is_outcome && words.next().is_none())
        .then_some((Event { action, outcome, reason }, wall))
        .ok_or_else(problem)
}

/// Everything that was seen on one database, put together.
#[derive(Default)]
struct Sum {
    /// By answer and events, every wall that each event may have been meant for in all of them.
    answers: BTreeMap<(Outcome, Vec<Event>), Vec<BTreeSet<Wall>>>,
    /// Events of requests whose answer cannot be told apart, or does not say what was done.
    loose: BTreeMap<(Outcome, Vec<Event>), u64>,
    /// Events of answers that say that nothing was done.
    failed: BTreeSet<(Outcome, Event)>,
    /// Events of no request.
    alone: BTreeMap<Event, BTreeSet<Wall>>,
}

impl Sum {
    fn add(&mut self, server: &Value) {
        for answer in server["answers"].as_array().into_iter().flatten() {
            let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
            let status = answer["status"].as_u64().and_then(|status| u16::try_from(status).ok());
            let status = status.unwrap_or_default();
            let outcome = Outcome { operation: text("operation"), status, code: text("code") };
            let (events, walls): (Vec<_>, Vec<_>) = read(&answer["events"]).into_iter().unzip();
            if answer["loose"] == true || (status >= 500 && server["unknownCommits"] == true) {
                *self.loose.entry((outcome, events)).or_default() += 1;
                continue;
            }
            if status >= 500 {
                self.failed.extend(events.into_iter().map(|event| (outcome.clone(), event)));
                continue;
            }
            let before = self.answers.entry((outcome, events)).or_insert_with(|| walls.clone());
            for (before, walls) in before.iter_mut().zip(walls) {
                before.retain(|wall| walls.contains(wall));
            }
        }
        for (event, walls) in read(&server["alone"]) {
            let before = self.alone.entry(event).or_insert_with(|| walls.clone());
            before.retain(|wall| walls.contains(wall));
        }
    }
}

/// Compares the tables with what was told of every server. What comes back is wrong, a sentence each.
pub fn compare(tables: &Tables, noted: &BTreeMap<String, Vec<Value>>) -> Vec<String> {
    let mut faults = Vec::new();
    for database in ["postgres", "sqlite"] {
        let Some(servers) = noted.get(database) else {
            faults.push(format!("nothing was tested on {database}"));
            continue;
        };
        let mut sum = Sum::default();
        for server in servers {
            sum.add(server);
            faults.extend(count_faults(tables, server));
            faults.extend(read(&server["unknown"]).into_iter().map(|(event, _)| {
                format!("{event} was left by a request whose answer no test saw: let the harness judge it")
            }));
        }
        let on = |fault: String| format!("on {database}: {fault}");
        faults.extend(answer_faults(tables, &sum).into_iter().map(on));
        faults.extend(alone_faults(tables, &sum).into_iter().map(on));
    }
    faults.sort();
    faults.dedup();
    faults
}

/// What is wrong with the events that belong to answers.
fn answer_faults(tables: &Tables, sum: &Sum) -> Vec<String> {
    let mut faults = Vec::new();
    let mut happened: BTreeSet<(&Outcome, &Left)> = BTreeSet::new();
    for ((outcome, events), walls) in &sum.answers {
        let ways = tables.requests.get(outcome).map(Vec::as_slice).unwrap_or_default();
        let of = |way: &&Left| way.is_of(events);
        let Some(way) = ways.iter().find(of) else {
            let row: Vec<String> = events
                .iter()
                .zip(walls)
                .map(|(event, walls)| format!("{event}, {}", one_of(walls)))
                .collect();
            let row = if row.is_empty() { "none".to_owned() } else { row.join("<br>") };
            faults.push(format!("{outcome} left: {row}; the table has no such row"));
            continue;
        };
        happened.extend(ways.iter().filter(of).map(|way| (outcome, way)));
        for ((event, wall), seen) in way.events.iter().zip(walls) {
            if !seen.contains(wall) {
                faults.push(format!(
                    "{outcome}: {event} stands behind {}, not {}",
                    one_of(seen),
                    wall.as_str()
                ));
            }
        }
    }
    for (outcome, way) in
        tables.requests.iter().flat_map(|(outcome, ways)| ways.iter().map(move |way| (outcome, way)))
    {
        if !happened.contains(&(outcome, way)) && !tables.races.contains(&(outcome.clone(), way.clone())) {
            faults.push(format!(
                "{outcome} with {} never happened: write a contract test, or take the row out",
                way.row()
            ));
        }
    }
    for (outcome, event) in &sum.failed {
        faults.push(format!(
            "{outcome} left {event}, though nothing was done: if the test's server may not know whether a commit happened, \
             let the test say so"
        ));
    }
    // What does not know may have left what the operation leaves otherwise, and so may an answer that cannot be told apart.
    for (outcome, events) in sum.loose.keys() {
        let of_operation = tables.requests.iter().filter(|(one, _)| one.operation == outcome.operation);
        let allowed: BTreeSet<&Event> = of_operation
            .flat_map(|(_, ways)| ways)
            .flat_map(|way| &way.events)
            .map(|(event, _)| event)
            .collect();
        for event in events.iter().filter(|event| !allowed.contains(event)) {
            faults.push(format!("{outcome} left {event}, which no row of {} has", outcome.operation));
        }
    }
    faults
}

impl Left {
    /// Whether these are its events.
    fn is_of(&self, events: &[Event]) -> bool {
        self.events.iter().map(|(event, _)| event).eq(events)
    }

    fn row(&self) -> String {
        let events = self.events.iter().map(|(event, wall)| format!("{event}, {}", wall.as_str()));
        let counted = self.counted.iter().map(|action| format!("counted `{action}`"));
        let all: Vec<String> = events.chain(counted).collect();
        if all.is_empty() { "none".to_owned() } else { all.join("<br>") }
    }
}

fn one_of(walls: &BTreeSet<Wall>) -> String {
    if walls.is_empty() {
        return "a wall that is neither caller's nor subject's".to_owned();
    }
    walls.iter().map(|wall| wall.as_str()).collect::<Vec<_>>().join(" or ")
}

/// What is wrong with the events that belong to no answer: counted ones, and those that no request causes.
fn alone_faults(tables: &Tables, sum: &Sum) -> Vec<String> {
    let mut faults = Vec::new();
    for (event, walls) in &sum.alone {
        let said: Vec<Wall> = tables
            .counted
            .iter()
            .chain(tables.alone.keys())
            .filter(|(one, _)| one == event)
            .map(|(_, wall)| *wall)
            .collect();
        if said.is_empty() {
            faults.push(format!("{event}, {} happened without a request; no table has it", one_of(walls)));
        }
        // One count may be of somebody known and the next of nobody.
        if !walls.is_empty() && !said.is_empty() && !said.iter().any(|wall| walls.contains(wall)) {
            faults.push(format!("{event} stands behind {}", one_of(walls)));
        }
    }
    for (event, _) in &tables.counted {
        if !sum.alone.contains_key(event) {
            faults.push(format!("{event} never happened: write a contract test, or take the row out"));
        }
    }
    faults
}

/// What is wrong with the sums of a server's counted events: each request that is counted is counted once.
fn count_faults(tables: &Tables, server: &Value) -> Vec<String> {
    let Some(counted) = server["counted"].as_object() else { return Vec::new() };
    // The least and the most that the table allows, as some answers come about in several ways.
    let mut expected: BTreeMap<&str, (u64, u64)> =
        counted.keys().map(|action| (action.as_str(), (0, 0))).collect();
    for answer in server["answers"].as_array().into_iter().flatten() {
        let matching = tables.requests.iter().find(|(outcome, _)| {
            answer["operation"] == outcome.operation.as_str()
                && answer["status"] == outcome.status
                && (answer["code"] == outcome.code.as_str() || answer["loose"] == true)
        });
        let Some((_, ways)) = matching else { continue };
        let left: Vec<Event> = read(&answer["events"]).into_iter().map(|(event, _)| event).collect();
        let ways: Vec<&Left> =
            ways.iter().filter(|way| answer["loose"] == true || way.is_of(&left)).collect();
        for action in ways.iter().flat_map(|way| &way.counted).collect::<BTreeSet<_>>() {
            let (least, most) = expected.entry(action).or_default();
            *least += u64::from(ways.iter().all(|way| way.counted.contains(action)));
            *most += 1;
        }
    }
    let test = server["test"].as_str().unwrap_or_default();
    let wrong = expected.into_iter().filter_map(|(action, (least, most))| {
        let found = counted.get(action).and_then(Value::as_u64).unwrap_or_default();
        (!(least..=most).contains(&found)).then(|| {
            format!("{test}: {action} counts {found}; by the answers the table makes it {least} to {most}")
        })
    });
    wrong.collect()
}

/// Whether a source file has a test of this name: one that is listed for both databases, or one by itself.
fn is_test(source: &str, name: &str) -> bool {
    let Some((before, _)) =
        source.split_once(&format!("fn {name}(")).or_else(|| source.split_once(&format!("fn {name}<")))
    else {
        return false;
    };
    let listed = source.split("on_both_databases![").skip(1).any(|rest| {
        let list = rest.split(']').next().unwrap_or_default();
        list.lines()
            .flat_map(|line| line.split("//").next().unwrap_or_default().split(','))
            .any(|one| one.trim() == name)
    });
    // The attributes stand between the function and the end of what is before it.
    let attributes = before.rsplit(['}', ';']).next().unwrap_or_default();
    let marked = attributes.lines().map(str::trim);
    listed || marked.into_iter().any(|line| line == "#[test]" || line.starts_with("#[tokio::test"))
}

/// Which of the tests that the tables name are not there.
pub fn missing_tests(tables: &Tables, repository: &Path) -> Vec<String> {
    let mut faults = Vec::new();
    for ((event, _), tests) in &tables.alone {
        for (file, name) in tests {
            let source = fs::read_to_string(repository.join(file)).unwrap_or_default();
            if !is_test(&source, name) {
                faults.push(format!("{event} is shown by {file}::{name}, which is not there, or is not run"));
            } else if !source.contains(event.action.as_str()) {
                faults.push(format!("{file} does not speak of {}", event.action));
            }
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: &str = "\
## Counted events

| event | what |
| --- | --- |
| `authentication.failed.counted` denied `token_missing`, nobody's wall | no token |

## Events that no request causes

| event | when | shown by |
| --- | --- | --- |
| `key.created` success, nobody's wall | at first | `contract-tests/src/events.rs::key` |

### registerAgent

| answer | events | when |
| --- | --- | --- |
| 201 | `agent.registered` success, subject's wall<br>`credential.issued` success, subject's wall | it is there |
| 401 `AUTHENTICATION_ERROR` | counted `authentication.failed.counted` | no token |
| 409 `IDEMPOTENCY_CONFLICT` | `agent.registered` denied `idempotency_twin`, caller's wall | race: it is in work |
";

    /// Two agents of two owners; the operator is of the first's.
    fn server() -> (Vec<Asked>, Vec<Value>) {
        let asked = |id: &str, status: u16, code: &str| Asked {
            request_id: id.to_owned(),
            outcome: Outcome { operation: "registerAgent".to_owned(), status, code: code.to_owned() },
            head: false,
        };
        let event = |action: &str, id: Value, owner: Value| {
            json!({
                "action": action, "outcome": "success", "requestId": id, "owner": owner, "data": {},
                "actor": { "agentId": "operator" }, "subject": { "agentId": "new" },
            })
        };
        let mut counted = event("authentication.failed.counted", Value::Null, Value::Null);
        counted["outcome"] = json!("denied");
        counted["reason"] = json!("token_missing");
        counted["data"]["count"] = json!(2);
        let events = vec![
            event("agent.registered", json!("1"), json!("others")),
            event("credential.issued", json!("1"), json!("others")),
            event("key.created", Value::Null, Value::Null),
            counted,
        ];
        let refused = asked("2", 401, "AUTHENTICATION_ERROR");
        let again = Asked { request_id: "3".to_owned(), ..refused.clone() };
        (vec![asked("1", 201, ""), refused, again], events)
    }

    fn faults_of(tables: &str, asked: &[Asked], events: &[Value]) -> Vec<String> {
        let (tables, mut faults) = Tables::parse(tables);
        let told = || vec![told(asked, events, true)];
        let noted = BTreeMap::from([("postgres".to_owned(), told()), ("sqlite".to_owned(), told())]);
        faults.extend(compare(&tables, &noted));
        faults
    }

    #[track_caller]
    fn only_fault_is(faults: &[String], part: &str) {
        assert!(!faults.is_empty() && faults.iter().all(|fault| fault.contains(part)), "{faults:#?}");
    }

    #[test]
    fn what_the_tables_say_is_no_fault() {
        let (asked, events) = server();
        assert_eq!(faults_of(TABLES, &asked, &events), [""; 0]);
    }

    #[test]
    fn an_event_that_no_row_has_is_a_fault() {
        let (asked, mut events) = server();
        let mut more = events[0].clone();
        more["action"] = json!("agent.updated");
        events.push(more.clone());
        let faults = faults_of(TABLES, &asked, &events);
        assert!(faults[0].contains("<br>`agent.updated` success, subject's wall<br>"), "{faults:#?}");
        events.pop();
        more["requestId"] = json!("nobody knows");
        events.push(more.clone());
        only_fault_is(&faults_of(TABLES, &asked, &events), "no test saw");
        events.pop();
        more["requestId"] = Value::Null;
        events.push(more);
        only_fault_is(&faults_of(TABLES, &asked, &events), "happened without a request");
    }

    #[test]
    fn an_event_that_is_missing_is_a_fault() {
        let (asked, mut events) = server();
        events.remove(1);
        let faults = faults_of(TABLES, &asked, &events);
        assert!(faults.iter().any(|fault| fault.contains("the table has no such row")), "{faults:#?}");
        assert!(faults.iter().any(|fault| fault.contains("never happened")), "{faults:#?}");
    }

    #[test]
    fn a_row_that_never_happened_is_a_fault() {
        let (asked, events) = server();
        let more = format!("{TABLES}| 403 `AUTHORIZATION_ERROR` | none | never |\n");
        only_fault_is(&faults_of(&more, &asked, &events), "403 AUTHORIZATION_ERROR with none never happened");
        let more = TABLES.replace("## Events", "| `a.counted` success, nobody's wall | never |\n## Events");
        only_fault_is(&faults_of(&more, &asked, &events), "`a.counted` success never happened");
    }

    #[test]
    fn another_wall_is_a_fault() {
        let (asked, mut events) = server();
        let other = TABLES.replacen("subject's wall", "nobody's wall", 1);
        only_fault_is(&faults_of(&other, &asked, &events), "stands behind subject's wall, not nobody's wall");
        events[1]["owner"] = json!("a third");
        only_fault_is(&faults_of(TABLES, &asked, &events), "neither caller's nor subject's");
    }

    #[test]
    fn counts_are_held_to_the_answers() {
        let (asked, mut events) = server();
        events[3]["data"]["count"] = json!(3);
        only_fault_is(
            &faults_of(TABLES, &asked, &events),
            "counts 3; by the answers the table makes it 2 to 2",
        );
    }

    /// The same with an answer more, of this status.
    fn server_that_failed(status: u16) -> (Vec<Asked>, Vec<Value>) {
        let (mut asked, events) = server();
        let mut failed = asked[0].clone();
        failed.request_id = "4".to_owned();
        failed.outcome.status = status;
        asked.push(failed);
        (asked, events)
    }

    #[test]
    fn an_answer_that_failed_has_left_nothing() {
        for status in [500, 503] {
            let (asked, mut events) = server_that_failed(status);
            assert_eq!(faults_of(TABLES, &asked, &events), [""; 0]);
            events.push(events[0].clone());
            events[4]["requestId"] = json!("4");
            let fault =
                format!("registerAgent {status} left `agent.registered` success, though nothing was done");
            only_fault_is(&faults_of(TABLES, &asked, &events), &fault);
        }
    }

    #[test]
    fn an_answer_of_who_does_not_know_may_have_left_what_the_operation_leaves_and_nothing_else() {
        let (asked, mut events) = server_that_failed(503);
        let faults = |events: &[Value]| {
            let mut told = told(&asked, events, true);
            told["unknownCommits"] = json!(true);
            let told = vec![told];
            let noted = BTreeMap::from([("postgres".to_owned(), told.clone()), ("sqlite".to_owned(), told)]);
            compare(&Tables::parse(TABLES).0, &noted)
        };
        events.push(events[0].clone());
        events[4]["requestId"] = json!("4");
        assert_eq!(faults(&events), [""; 0]);
        events[4]["action"] = json!("agent.updated");
        only_fault_is(&faults(&events), "`agent.updated` success, which no row");
    }

    #[test]
    fn what_cannot_be_read_is_a_fault() {
        for row in ["| 201 | something | x |", "| 2xx | none | x |", "| 201 | none |", "| 200 | none | x |"] {
            let text = format!("### listAgents\n| 200 | none | always |\n{row}\n");
            assert_eq!(Tables::parse(&text).1.len(), 1, "{row}");
        }
    }

    #[test]
    fn a_test_that_is_not_there_is_a_fault() {
        let (tables, _) = Tables::parse(TABLES);
        only_fault_is(&missing_tests(&tables, &repository()), "events.rs::key, which is not there");
    }

    #[test]
    fn a_test_that_nobody_runs_is_not_there() {
        const SOURCE: &str = "on_both_databases![\n    first, second,\n    // third,\n];\n\n\
            fn first(case: Case) {}\n\nfn third(case: Case) {}\n\n#[test]\nfn fourth() {}\n\nfn fifth() {}\n\n\
            /// The sixth.\n#[tokio::test(flavor = \"x\")]\nasync fn sixth() {}\n\nasync fn seventh<W>(db: &W) {}\n";
        let run = |name: &&str| is_test(SOURCE, name);
        let names = ["first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth"];
        assert_eq!(names.into_iter().filter(run).collect::<Vec<_>>(), ["first", "fourth", "sixth"]);
        assert!(is_test(&SOURCE.replace("second", "seventh"), "seventh"));
    }
}
