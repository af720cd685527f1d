//! Counts of what anonymous callers can cause without limit, and of what changes nothing: one audit event for each
//! caller, address prefix and minute, so that nobody can fill the disk. Written by `jobs/tally.rs`.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use super::agents::{AgentId, Owner};
use super::audit::{Action, Actor, AuditEvent, Outcome, Subject};
use super::callers::{AuthMethod, Client, RequestContext};
use super::credentials::CredentialId;

/// How many different counts a minute has room for; what comes after is counted without saying whose or whence.
const COUNTS: usize = 512;

/// The counts of the current minute.
#[derive(Debug, Default)]
pub struct Tally(Mutex<HashMap<Counted, u64>>);

/// How often something happened.
#[derive(Debug)]
pub struct Count {
    what: Counted,
    times: u64,
}

impl Count {
    /// The event that says so.
    pub fn event(&self) -> AuditEvent {
        self.what.clone().into_event(self.times)
    }
}

/// What is counted together.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Counted {
    action: Action,
    outcome: Outcome,
    reason: Option<&'static str>,
    /// The caller, by name where it proved itself.
    actor: Actor,
    /// Whom a failed proof was about, where that is known.
    subject: Option<(AgentId, CredentialId)>,
    owner: Option<Owner>,
    prefix: Option<String>,
}

impl Tally {
    /// Counts a caller that did not prove itself, `about` whose credential it was if there is one.
    pub fn failure(
        &self,
        request: &RequestContext,
        method: AuthMethod,
        reason: &'static str,
        about: Option<(AgentId, CredentialId, &Owner)>,
    ) {
        self.count(Counted {
            action: Action::AuthenticationFailedCounted,
            outcome: Outcome::Denied,
            reason: Some(reason),
            actor: Actor::nameless(method),
            subject: about.map(|(agent_id, credential_id, _)| (agent_id, credential_id)),
            owner: about.map(|(_, _, owner)| owner.clone()),
            prefix: request.address.map(address_prefix),
        });
    }

    /// Counts an introspection.
    pub fn introspection(&self, request: &RequestContext, client: &Client) {
        self.count(Counted {
            action: Action::TokenIntrospectedCounted,
            outcome: Outcome::Success,
            reason: None,
            actor: client.into(),
            subject: None,
            owner: Some(client.record.agent.owner.clone()),
            prefix: request.address.map(address_prefix),
        });
    }

    /// Counts a request that was more than a rate limit allows, behind the wall of its caller if that proved itself.
    pub fn limited(&self, request: &RequestContext, actor: Actor, owner: Option<&Owner>) {
        self.count(Counted {
            action: Action::RequestLimitedCounted,
            outcome: Outcome::Denied,
            reason: Some("rate_limited"),
            actor: actor.by_any_token(),
            subject: None,
            owner: owner.cloned(),
            prefix: request.address.map(address_prefix),
        });
    }

    fn count(&self, what: Counted) {
        self.add(Count { what, times: 1 });
    }

    fn add(&self, Count { what, times }: Count) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&what) {
            *count = count.saturating_add(times);
        } else if counts.len() < COUNTS {
            counts.insert(what, times);
        } else {
            let actor = Actor::nameless(what.actor.method);
            let whoever = Counted { actor, subject: None, owner: None, prefix: None, ..what };
            let count = counts.entry(whoever).or_default();
            *count = count.saturating_add(times);
        }
    }

    /// Takes the counts out.
    pub fn take(&self) -> Vec<Count> {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        counts.into_iter().map(|(what, times)| Count { what, times }).collect()
    }

    /// Takes back what could not be written, to be written with what has been counted since.
    pub fn give_back(&self, counts: impl IntoIterator<Item = Count>) {
        counts.into_iter().for_each(|count| self.add(count));
    }
}

impl Counted {
    fn into_event(self, count: u64) -> AuditEvent {
        let subject = Subject {
            agent_id: self.subject.map(|(agent_id, _)| agent_id),
            credential_id: self.subject.map(|(_, credential_id)| credential_id),
            token_id: None,
        };
        let event = match self.reason {
            Some(reason) => AuditEvent::denied(self.action, self.actor, reason),
            None => AuditEvent::success(self.action, self.actor),
        };
        let event = event.on(subject).from_prefix(self.prefix).with("count", count);
        match &self.owner {
            Some(owner) => event.behind(owner),
            None => event,
        }
    }
}

/// The network that an address is counted under: /24 for IPv4 (mapped into IPv6 or not), /56 for IPv6.
fn address_prefix(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => {
            let [a, b, c, _] = address.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(address) => {
            let network = address.to_bits() & !(u128::MAX >> 56);
            format!("{}/56", std::net::Ipv6Addr::from_bits(network))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Clock;
    use crate::crypto::Entropy;

    fn from(address: &str) -> RequestContext {
        RequestContext { request_id: "test".into(), address: address.parse().ok() }
    }

    fn fail(tally: &Tally, address: &str, reason: &'static str) {
        tally.failure(&from(address), AuthMethod::ClientSecretBasic, reason, None);
    }

    #[test]
    fn addresses_are_counted_by_their_networks() {
        for (address, prefix) in [
            ("192.0.2.77", "192.0.2.0/24"),
            ("::ffff:192.0.2.77", "192.0.2.0/24"),
            ("2001:db8:1:2ff:3::4", "2001:db8:1:200::/56"),
        ] {
            assert_eq!(address_prefix(address.parse().unwrap()), prefix);
        }
    }

    #[test]
    fn failures_from_one_network_for_one_reason_are_one_event() {
        let tally = Tally::default();
        for _ in 0..10_000 {
            fail(&tally, "192.0.2.1", "wrong_secret");
            fail(&tally, "192.0.2.2", "wrong_secret");
        }
        // What was not written is not lost.
        tally.give_back(tally.take());
        fail(&tally, "192.0.2.3", "wrong_secret");
        let counts = tally.take();
        assert_eq!(counts.len(), 1);
        let row = counts[0].event().seal(&Clock::system(), &Entropy::system()).unwrap();
        let event: serde_json::Value = serde_json::from_slice(&row.content).unwrap();
        assert_eq!(event["data"]["count"], 20_001);
        assert_eq!(event["address"], "192.0.2.0/24");
        assert_eq!(event["reason"], "wrong_secret");
        assert!(tally.take().is_empty());
    }

    #[test]
    fn more_networks_than_there_is_room_for_are_counted_together() {
        let tally = Tally::default();
        for number in 0..65_536_u32 {
            let [_, _, b, c] = number.to_be_bytes();
            fail(&tally, &format!("10.{b}.{c}.1"), "unknown_credential");
            fail(&tally, &format!("11.{b}.{c}.1"), "unknown_credential");
        }
        assert!(tally.take().len() <= COUNTS + 1);
    }
}
