//! What the program for QA does on a deployment: a table of sentences.
//!
//! A [`Scenario`] is a name, the answers that it reaches (operation and status), the capabilities that it takes, and what
//! is done: somebody sends a request, and the answer is such and such. That an answer is as the specification says needs
//! no sentence; it is checked of every one. There is one file for each of the specification's tags, and [`access`] makes
//! scenarios from the specification itself, for what holds for every operation.
//!
//! To add one, write it into the table of its file. Whatever it needs it makes with [`Deployment::agent`], so that it ends
//! up decommissioned; it never touches what was there before.

mod access;
mod agents;
mod audit;
mod credentials;
mod discovery;
mod documentation;
mod door;
mod health;
mod life;
mod limits;
mod tokens;
mod unreached;

pub use unreached::reason;

use serde_json::{Value, json};

use crate::actor::{Actor, Answer};
use crate::coverage::Reach;
use crate::deployment::Deployment;
use crate::operations::path_of;
use crate::spec::{Operation, Spec};

/// Somebody at a deployment.
type Caller<'d> = Actor<'d, Deployment>;

/// An answer of a deployment.
type Answered<'d> = Answer<'d, Deployment>;

/// One sentence of the table.
pub struct Scenario {
    /// What happens, as a sentence.
    pub name: String,
    /// The answers that are reached by it: the operation's id, or `door`, and the status.
    pub reaches: Vec<Reach>,
    /// The capabilities that the operator must have for it.
    pub takes: Vec<String>,
    /// Why it is not done on this deployment, if it is not.
    pub unless: fn(&Deployment) -> Option<&'static str>,
    /// What is done. An expectation that is not met ends it.
    pub does: Box<dyn Fn(&Deployment)>,
}

impl Scenario {
    /// A scenario from its name, what it reaches, what it takes and what is done.
    fn new(
        name: &str,
        reaches: &[(&str, u16)],
        takes: &[&str],
        does: impl Fn(&Deployment) + 'static,
    ) -> Self {
        Self {
            name: name.to_owned(),
            reaches: reaches.iter().map(|(operation, status)| ((*operation).to_owned(), *status)).collect(),
            takes: takes.iter().map(|capability| (*capability).to_owned()).collect(),
            unless: |_| None,
            does: Box::new(does),
        }
    }

    /// The same, not done where there is a reason.
    fn unless(self, unless: fn(&Deployment) -> Option<&'static str>) -> Self {
        Self { unless, ..self }
    }

    /// Why it cannot be done on this deployment.
    pub fn hindrance(&self, site: &Deployment) -> Option<String> {
        let missing: Vec<&str> =
            self.takes.iter().map(String::as_str).filter(|capability| !site.may(capability)).collect();
        if !missing.is_empty() {
            return Some(format!("the client does not have {}", missing.join(", ")));
        }
        (self.unless)(site).map(str::to_owned)
    }
}

/// Every scenario for what a specification declares, in the order in which they are done. `provoking` are those too that
/// come up against the rate limits.
pub fn all(spec: &Spec, provoking: bool) -> Vec<Scenario> {
    let mut all = Vec::new();
    all.extend(health::table());
    all.extend(discovery::table());
    all.extend(documentation::table());
    all.extend(door::table());
    all.extend(agents::table());
    all.extend(credentials::table());
    all.extend(tokens::table());
    all.extend(audit::table());
    all.extend(life::table());
    all.extend(access::table(spec));
    if provoking {
        all.extend(limits::table(spec));
    }
    all
}

/// The operation of this id in the specification of a deployment, which is the one that the table was made from.
fn operation<'d>(site: &'d Deployment, id: &str) -> &'d Operation {
    site.spec
        .operations
        .iter()
        .find(|operation| operation.id == id)
        .expect("the table was made from this specification")
}

/// Asks for a status of an agent.
fn moves<'d>(by: &Caller<'d>, agent: &Caller<'_>, status: &str) -> Answered<'d> {
    let change = json!({ "status": status, "reason": "a contract test" });
    by.puts(&format!("{}/status", path_of(agent)), &change)
}

/// Whether the faults that an answer names include one at this place.
fn names_a_fault_at(answer: &Answered<'_>, place: &str) -> bool {
    let body = answer.json();
    let violations = body["details"]["violations"].as_array().cloned().unwrap_or_default();
    violations.iter().any(|violation: &Value| violation["path"] == place)
}
