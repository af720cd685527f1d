//! The audit log: what is recorded of every change and every decision.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agents::{AgentId, Owner};

/// One event as it is stored: the exact bytes that are hashed, and the columns that queries use.
///
/// The columns repeat what the bytes say and are never their source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRow {
    /// The event's identifier (UUIDv7); its time is `time`.
    pub id: Uuid,
    /// When it happened, in whole milliseconds.
    pub time: DateTime<Utc>,
    /// What was done, as the API names it (`token.issued`).
    pub action: String,
    /// How it ended: `success`, `denied` or `failure`.
    pub outcome: String,
    /// Who did it, where that is known.
    pub actor_id: Option<AgentId>,
    /// Which agent it was done to, where there is one.
    pub agent_id: Option<AgentId>,
    /// Behind whose wall it stands; an event without an owner is for `idp:admin` alone.
    pub owner: Option<Owner>,
    /// The canonical JSON (RFC 8785) of the whole event: at most 8 KiB.
    pub content: Vec<u8>,
}

/// What a list of events is narrowed to; an absent field does not narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Events behind this owner's wall alone.
    pub owner: Option<Owner>,
    /// Events done to this agent.
    pub agent_id: Option<AgentId>,
    /// Events done by this agent.
    pub actor_id: Option<AgentId>,
    /// Events of this action.
    pub action: Option<String>,
    /// Events that ended so.
    pub outcome: Option<String>,
    /// Events at or after this time.
    pub from: Option<DateTime<Utc>>,
    /// Events before this time.
    pub to: Option<DateTime<Utc>>,
}
