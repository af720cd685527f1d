//! Agents: who they are and what they may do.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::policy::Capability;

/// The immutable identifier of an agent (UUIDv7), never reused; it is the `sub` and `client_id` of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AgentId(pub Uuid);

impl fmt::Display for AgentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The developer or team that answers for an agent, and the wall between callers.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Owner(pub String);

/// Where an agent runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DeploymentEnv {
    /// A developer's machine.
    Development,
    /// A rehearsal.
    Staging,
    /// The real thing.
    Production,
}

impl DeploymentEnv {
    /// Every value, in the order of the specification.
    pub const ALL: [Self; 3] = [Self::Development, Self::Staging, Self::Production];

    /// The name that the API, the tokens and the database use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// Where an agent stands in its life: `active ⇄ suspended`, `active|suspended → revoked`, any other `→ archived`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AgentStatus {
    /// May authenticate.
    Active,
    /// Stopped for a while.
    Suspended,
    /// Stopped for good; can only be archived.
    Revoked,
    /// Decommissioned; final.
    Archived,
}

impl AgentStatus {
    /// Every value, in the order of the specification.
    pub const ALL: [Self; 4] = [Self::Active, Self::Suspended, Self::Revoked, Self::Archived];

    /// The name that the API and the database use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Revoked => "revoked",
            Self::Archived => "archived",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// An agent as the registry keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct Agent {
    /// Its identifier.
    pub id: AgentId,
    /// Its address, unique for ever without regard to case, archived agents included.
    pub email: String,
    /// What kind of agent it is: a slug such as `screener`.
    pub agent_type: String,
    /// Its semantic version, a leading `v` allowed.
    pub version: String,
    /// The ceiling of the scopes it can get, at most 64.
    pub capabilities: BTreeSet<Capability>,
    /// Who answers for it.
    pub owner: Owner,
    /// Where it runs.
    pub deployment_env: DeploymentEnv,
    /// Where it stands in its life.
    pub status: AgentStatus,
    /// When it was registered.
    pub created_at: DateTime<Utc>,
    /// When it was last changed; authentications do not count.
    pub updated_at: DateTime<Utc>,
    /// When it last authenticated, to within a minute.
    pub last_auth_at: Option<DateTime<Utc>>,
    /// What its owner noted about it: a JSON object, bounded in size and depth by the specification.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// After this moment it authenticates no more.
    pub valid_until: Option<DateTime<Utc>>,
    /// Counts its changes from 1; the `ETag` is made of it.
    pub revision: i64,
}

/// What a list of agents is narrowed to; an absent field does not narrow.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentFilter {
    /// Agents of this owner alone.
    pub owner: Option<Owner>,
    /// Agents of this type alone.
    pub agent_type: Option<String>,
    /// Agents deployed there alone.
    pub deployment_env: Option<DeploymentEnv>,
    /// Agents of this status alone.
    pub status: Option<AgentStatus>,
    /// Agents that have this capability.
    pub capability: Option<Capability>,
    /// Agents whose email begins with this, without regard to case.
    pub email_prefix: Option<String>,
}
