//! When agents and their credentials were last used, noted in memory and written now and then by `jobs/uses.rs`.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

use super::agents::AgentId;
use super::credentials::CredentialId;

/// How many credentials are noted at most; beyond that a use goes unnoted until there is room.
const NOTED: usize = 100_000;

/// How exact the stored times are.
const EXACTNESS: TimeDelta = TimeDelta::minutes(1);

/// The uses of credentials that are yet to be written, and those written within the last minute.
#[derive(Debug, Default)]
pub struct Uses(Mutex<HashMap<CredentialId, Noted>>);

#[derive(Clone, Copy, Debug)]
struct Noted {
    agent_id: AgentId,
    last: DateTime<Utc>,
    written: Option<DateTime<Utc>>,
}

/// A use to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Use {
    /// Who authenticated.
    pub agent_id: AgentId,
    /// With what.
    pub credential_id: CredentialId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Uses {
    /// Notes that the credential was used.
    pub fn note(&self, agent_id: AgentId, credential_id: CredentialId, at: DateTime<Utc>) {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = noted.get_mut(&credential_id) {
            known.last = known.last.max(at);
        } else if noted.len() < NOTED {
            noted.insert(credential_id, Noted { agent_id, last: at, written: None });
        }
    }

    /// The uses that are worth writing now: no credential more than once a minute. They count as written from here on.
    pub fn take(&self, now: DateTime<Utc>) -> Vec<Use> {
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut due = Vec::new();
        noted.retain(|credential_id, use_| {
            let fresh = use_.written.is_none_or(|written| use_.last - written >= EXACTNESS);
            if fresh {
                due.push(Use { agent_id: use_.agent_id, credential_id: *credential_id, at: use_.last });
                use_.written = Some(use_.last);
            }
            fresh || use_.written.is_some_and(|written| now - written < EXACTNESS)
        });
        due
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_credential_in_constant_use_is_written_once_a_minute() {
        let (agent_id, credential_id) = (AgentId(Uuid::from_u128(1)), CredentialId(Uuid::from_u128(2)));
        let start = DateTime::from_timestamp_millis(1_794_000_000_000).unwrap();
        let uses = Uses::default();
        let mut written = Vec::new();
        for second in 0..180 {
            let now = start + TimeDelta::seconds(second);
            uses.note(agent_id, credential_id, now);
            written.extend(uses.take(now).into_iter().map(|one| (one.at - start).num_seconds()));
        }
        assert_eq!(written, [0, 60, 120]);
    }

    #[test]
    fn what_is_not_used_any_more_is_forgotten() {
        let start = DateTime::from_timestamp_millis(1_794_000_000_000).unwrap();
        let uses = Uses::default();
        uses.note(AgentId(Uuid::nil()), CredentialId(Uuid::nil()), start);
        assert_eq!(uses.take(start).len(), 1);
        assert_eq!(uses.take(start + EXACTNESS).len(), 0);
        assert!(uses.0.lock().unwrap().is_empty());
    }
}
