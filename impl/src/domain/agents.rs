//! Agents: who they are and what they may do.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::audit::{Action, AuditEvent, AuditWriter, Subject, texts_fitting};
use super::callers::{Principal, RequestContext};
use super::changes::ChangeKind;
use super::credentials::{Credential, CredentialMint};
use super::pages::{Page, cursor_read};
use super::policy::{Capability, SELF_SCOPES, grant_decide, is_reserved, owner_decide};
use super::refusal::{Answered, Fault, Refusal, Violation};
use crate::clock::Clock;
use crate::crypto::{Entropy, SecretText};
use crate::store::agents::AgentWrites;
use crate::store::audit::AuditWrites;
use crate::store::credentials::CredentialWrites;
use crate::store::{Store, Unit};

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

/// An agent to be registered, within the bounds of the specification's `NewAgent`.
#[derive(Clone, Debug, PartialEq)]
pub struct NewAgent {
    /// Its address.
    pub email: String,
    /// What kind of agent it is.
    pub agent_type: String,
    /// Its version.
    pub version: String,
    /// The ceiling of its scopes.
    pub capabilities: BTreeSet<Capability>,
    /// Who answers for it; by default who the caller belongs to.
    pub owner: Option<Owner>,
    /// Where it runs.
    pub deployment_env: DeploymentEnv,
    /// What its owner notes about it.
    pub metadata: Option<serde_json::Map<String, serde_json::Value>>,
    /// After this moment it authenticates no more.
    pub valid_until: Option<DateTime<Utc>>,
}

/// A registered agent with its first credential, at the one moment when the secret is known.
#[derive(Clone, Debug)]
pub struct Registered {
    /// The agent.
    pub agent: Agent,
    /// Its first credential.
    pub credential: Credential,
    /// The secret, to be shown once.
    pub secret: SecretText,
}

/// What the registry needs.
#[derive(Clone)]
pub struct AgentParts<S> {
    /// Where agents are kept.
    pub store: S,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// Makes the first credentials.
    pub mint: CredentialMint,
    /// Takes the events of refusals.
    pub audit: AuditWriter,
}

/// The registry of agents.
#[derive(Clone)]
pub struct AgentService<S>(AgentParts<S>);

impl<S: Store> AgentService<S> {
    /// A registry of these parts.
    pub fn new(parts: AgentParts<S>) -> Self {
        Self(parts)
    }

    /// Registers an agent and issues its first credential: both, their events and the change, or nothing.
    ///
    /// The caller's token has `agents:write`, as the door has checked. Refusals are recorded before they are answered.
    pub async fn register(
        &self,
        request: &RequestContext,
        principal: &Principal,
        new: NewAgent,
    ) -> Result<Answered<Registered>, Fault> {
        let now = self.0.clock.now();
        let owner = match registration_decide(principal, &new, now) {
            Ok(owner) => owner,
            Err(refusal) => return self.registration_refused(request, principal, refusal).await,
        };
        let agent = Agent {
            id: AgentId(self.0.entropy.uuid_v7(now)),
            email: new.email,
            agent_type: new.agent_type,
            version: new.version,
            capabilities: new.capabilities,
            owner,
            deployment_env: new.deployment_env,
            status: AgentStatus::Active,
            created_at: now,
            updated_at: now,
            last_auth_at: None,
            metadata: new.metadata,
            valid_until: new.valid_until,
            revision: 1,
        };
        let minted = match self.0.mint.mint(agent.id, now).await? {
            Ok(minted) => minted,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let subject = Subject { agent_id: Some(agent.id), ..Subject::default() };
        let registered = AuditEvent::success(Action::AgentRegistered, principal.into())
            .during(request)
            .on(subject)
            .behind(&agent.owner)
            .with("email", agent.email.as_str())
            .with("agentType", agent.agent_type.as_str())
            .with("deploymentEnv", agent.deployment_env.as_str())
            .with("capabilities", capability_names(&agent.capabilities))
            .with("capabilityCount", agent.capabilities.len())
            .seal(&self.0.clock, &self.0.entropy)?;
        let issued = AuditEvent::success(Action::CredentialIssued, principal.into())
            .during(request)
            .on(Subject { credential_id: Some(minted.credential.id), ..subject })
            .behind(&agent.owner)
            .seal(&self.0.clock, &self.0.entropy)?;

        let mut unit = self.0.store.begin().await?;
        if !unit.agent_insert(&agent).await? {
            drop(unit);
            return self.registration_refused(request, principal, Refusal::AgentAlreadyExists).await;
        }
        unit.credential_insert(&minted.credential, &minted.images).await?;
        unit.audit_append(&[registered, issued]).await?;
        unit.commit_with_changes(&[ChangeKind::AgentChanged(agent.id)], now).await?;
        Ok(Ok(Registered { agent, credential: minted.credential, secret: minted.secret }))
    }

    async fn registration_refused(
        &self,
        request: &RequestContext,
        principal: &Principal,
        refusal: Refusal,
    ) -> Result<Answered<Registered>, Fault> {
        let event = AuditEvent::denied(Action::AgentRegistered, principal.into(), refusal.reason());
        Ok(Err(self.refused(event, request, principal, refusal).await?))
    }

    /// The agent, if it is not behind another owner's wall; the attempt to look over that wall is recorded.
    ///
    /// The caller's token has `agents:read`, or `self:read` and asks for itself, as the door has checked.
    pub async fn get(
        &self,
        request: &RequestContext,
        principal: &Principal,
        id: AgentId,
    ) -> Result<Answered<Agent>, Fault> {
        // Read without the wall and judged here, so that the log can tell a wall from an absence; the caller cannot.
        let Some(agent) = self.0.store.agent_get(id, None).await? else {
            return Ok(Err(Refusal::AgentNotFound));
        };
        if principal.sees(&agent.owner) {
            return Ok(Ok(agent));
        }
        let event = AuditEvent::denied(Action::AccessDenied, principal.into(), "other_owner")
            .on(Subject { agent_id: Some(id), ..Subject::default() });
        Ok(Err(self.refused(event, request, principal, Refusal::AgentNotFound).await?))
    }

    /// Agents that pass the filter, in the order that the store promises, at most `limit` (1 to 100) after the cursor.
    /// Without `idp:admin` only those of the caller's own owner, whatever the filter says.
    pub async fn list(
        &self,
        principal: &Principal,
        mut filter: AgentFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Answered<Page<Agent>>, Fault> {
        let after = match cursor.map(cursor_read).transpose() {
            Ok(after) => after.map(AgentId),
            Err(refusal) => return Ok(Err(refusal)),
        };
        if !principal.sees_every_owner() {
            if filter.owner.as_ref().is_some_and(|owner| *owner != principal.owner) {
                return Ok(Ok(Page::empty()));
            }
            filter.owner = Some(principal.owner.clone());
        }
        let agents = self.0.store.agent_list(&filter, after, limit.saturating_add(1)).await?;
        Ok(Ok(Page::cut(agents, limit, |agent| agent.id.0)))
    }

    /// Records a refusal behind the caller's own wall, and hands on what to answer: the refusal, or that there was no
    /// room to record it.
    async fn refused(
        &self,
        event: AuditEvent,
        request: &RequestContext,
        principal: &Principal,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let written = self.0.audit.write(event.during(request).behind(&principal.owner)).await?;
        Ok(written.err().unwrap_or(refusal))
    }
}

/// Decides a registration before anything is written: the owner that the agent gets, or why not.
fn registration_decide(principal: &Principal, new: &NewAgent, now: DateTime<Utc>) -> Answered<Owner> {
    let mut violations = Vec::new();
    if new.capabilities.iter().any(|capability| SELF_SCOPES.contains(&capability.0.as_str())) {
        violations.push(Violation {
            location: "body",
            path: "/capabilities".into(),
            rule: "reserved",
            message: "must not list self:read or self:rotate: every active agent may name them in scope"
                .into(),
        });
    }
    if new.valid_until.is_some_and(|until| until <= now) {
        violations.push(Violation {
            location: "body",
            path: "/validUntil".into(),
            rule: "future",
            message: "must lie in the future".into(),
        });
    }
    if !violations.is_empty() {
        return Err(Refusal::Invalid(violations));
    }
    let owner = owner_decide(principal, new.owner.clone())?;
    grant_decide(principal, &new.capabilities)?;
    Ok(owner)
}

/// The names of capabilities for an event's data: the reserved ones first, and as many of the others as there is room
/// for, as 64 names of 128 bytes would not fit in one event.
pub(super) fn capability_names(capabilities: &BTreeSet<Capability>) -> Vec<String> {
    let (reserved, ordinary): (Vec<_>, Vec<_>) = capabilities.iter().partition(|held| is_reserved(&held.0));
    texts_fitting(reserved.into_iter().chain(ordinary).map(|held| held.0.as_str()), 4096)
}
