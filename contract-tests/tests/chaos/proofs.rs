//! What must hold after whatever happened, as seen from outside: nothing that was answered is lost, and nothing that was
//! ended is good for anything.

use std::collections::BTreeSet;
use std::time::Duration;

use contract_tests::actor::{Answer, Request};
use contract_tests::load::recorded;
use contract_tests::log::{checkpoint, is_one_log};
use contract_tests::server::Credentials;
use contract_tests::world::World;

use crate::ended::Verdict;
use crate::traffic::{Traffic, Who};

/// For how long an answer is waited for: the nodes are well.
const PATIENCE: Duration = Duration::from_secs(10);

/// How far was looked already.
#[derive(Default)]
pub struct Proofs {
    registered: usize,
    ended: usize,
    checkpoints: Vec<String>,
}

impl Proofs {
    /// What is lost of everything that was answered since this was asked last: a sentence each. Nobody asks for anything
    /// meanwhile. The audit log has everything, in one tree that continues every checkpoint that it ever had.
    ///
    /// # Panics
    /// When the log does not verify.
    pub fn lost(&mut self, traffic: &Traffic<'_>) -> Vec<String> {
        let mut lost = self.agents(traffic);
        lost.extend(events(traffic));
        let first = &traffic.nodes()[0];
        is_one_log(first, &self.checkpoints);
        self.checkpoints.push(checkpoint(first));
        lost
    }

    /// What was ended since this was asked last, and is good for something at some node: a sentence each.
    pub fn accepted(&mut self, traffic: &Traffic<'_>) -> Vec<String> {
        let mut ended = traffic.ended.from(self.ended);
        // Those of the last moment come next time.
        ended.retain(|one| one.must_be_known());
        self.ended += ended.len();
        let ended = &ended;
        at_every_node(traffic, |node, at| {
            let judged = ended.iter().map(|one| {
                let ask = |who: &Who, request| asks(at, who, request);
                one.judged(&traffic.inspector(), ask, |_| {})
            });
            let wrong = judged.filter_map(|verdict| match verdict {
                Verdict::Over => None,
                Verdict::TooLate(what) => Some(format!("at node {node}: {what}")),
                other => Some(format!("node {node} says {other:?} of what was ended")),
            });
            wrong.collect()
        })
    }

    /// From the beginning, the next time.
    pub fn begin_anew(&mut self) {
        (self.registered, self.ended) = (0, 0);
    }

    /// Registered agents that are gone or cannot prove themselves, and agents that are not as they were changed to be.
    fn agents(&mut self, traffic: &Traffic<'_>) -> Vec<String> {
        let registered = traffic.outcomes().registered[self.registered..].to_vec();
        self.registered += registered.len();
        let known = traffic.known();
        // Those have other secrets by now, or are suspended just now.
        let changing: BTreeSet<&String> = known.secrets.keys().chain(known.agents.keys()).collect();
        let (registered, changing, known) = (&registered, &changing, &*known);
        at_every_node(traffic, |number, node| {
            let mut lost = Vec::new();
            let others = traffic.nodes().len();
            for (id, secret) in registered.iter().skip(number).step_by(others) {
                if !is_there(traffic, node, id) {
                    lost.push(format!("{id} was registered and is gone"));
                }
                let client = Credentials { client_id: id.clone(), client_secret: secret.clone() };
                if !changing.contains(id) && !gets_a_token(traffic, node, client) {
                    lost.push(format!("{id} was registered and gets no token"));
                }
            }
            let secrets = known.secrets.values().flatten().skip(number).step_by(others);
            for client in secrets {
                if !gets_a_token(traffic, node, client.clone()) {
                    lost.push(format!("{} was given a secret that proves nothing", client.client_id));
                }
            }
            // Every node says so of each.
            for (id, expected) in &known.agents {
                let Some(expected) = expected.as_ref().and_then(serde_json::Value::as_object) else {
                    continue;
                };
                let agent = asks(node, traffic.operator(), Request::new("GET", &format!("/agents/{id}")));
                let agent = agent.map(|answer| answer.json()).unwrap_or_default();
                for (member, value) in expected {
                    if agent[member] != *value {
                        lost.push(format!("{member} of {id} was made {value} and is {}", agent[member]));
                    }
                }
            }
            lost
        })
    }
}

/// What was answered and does not have its event.
fn events(traffic: &Traffic<'_>) -> Vec<String> {
    let events = traffic.nodes()[0].server.events().expect("the events can be read");
    let outcomes = traffic.outcomes();
    let wrong = outcomes.without_one_event(&events);
    let mut wrong: Vec<String> =
        wrong.into_iter().map(|(action, id, number)| format!("{number} events {action} of {id}")).collect();
    let known = traffic.known();
    let recorded = recorded(&events, &[("token.revoked", "tokenId"), ("credential.rotated", "credentialId")]);
    for (action, ids) in [("token.revoked", &known.revoked), ("credential.rotated", &known.rotated)] {
        let without = ids.iter().filter(|id| !recorded.contains_key(&(action, id.as_str())));
        wrong.extend(without.map(|id| format!("no event {action} of {id}")));
    }
    wrong
}

/// What is found at each node, all at once.
fn at_every_node(traffic: &Traffic<'_>, look: impl Fn(usize, &World) -> Vec<String> + Sync) -> Vec<String> {
    let look = &look;
    std::thread::scope(|scope| {
        let looking: Vec<_> = traffic
            .nodes()
            .iter()
            .enumerate()
            .map(|(number, node)| scope.spawn(move || look(number, node)))
            .collect();
        looking.into_iter().flat_map(|one| one.join().expect("every node is looked at")).collect()
    })
}

fn asks<'n>(node: &'n World, who: &Who, request: Request) -> Option<Answer<'n>> {
    let answer = who.at(node).asks_in_doubt(request.within(PATIENCE)).ok()?;
    (answer.status() != 503).then_some(answer)
}

fn is_there(traffic: &Traffic<'_>, node: &World, id: &str) -> bool {
    let request = Request::new("GET", &format!("/agents/{id}"));
    asks(node, traffic.operator(), request).is_some_and(|answer| answer.status() == 200)
}

fn gets_a_token(traffic: &Traffic<'_>, node: &World, client: Credentials) -> bool {
    let request = Request::new("POST", "/oauth2/token").form(&[("grant_type", "client_credentials")]);
    let answer = asks(node, &Who::Client(client), request);
    let issued = answer.filter(|answer| answer.status() == 200);
    if let Some(answer) = &issued {
        traffic.outcomes().issues(answer);
    }
    issued.is_some()
}
