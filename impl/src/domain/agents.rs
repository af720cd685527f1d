//! Agents: who they are and what they may do.

use std::collections::BTreeSet;
use std::fmt;

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::audit::{Action, AuditEvent, Subject, texts_fitting};
use super::callers::{Principal, RequestContext};
use super::changes::ChangeKind;
use super::credentials::Credential;
use super::idempotency::{Created, Once};
use super::pages::{List, Page};
use super::policy::{
    Capability, IDP_ADMIN, SELF_SCOPES, grant_decide, is_reserved, owner_decide, owner_narrow,
};
use super::refusal::{AgentConflict, Answered, Fault, Refusal, Violation};
use super::registry::RegistryParts;
use crate::crypto::SecretText;
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

impl AgentStatus {
    /// The status after a move along the ways that there are; `None` where there is no way, and where it stands already.
    pub fn moved(self, to: Self) -> Option<Self> {
        let way = matches!(
            (self, to),
            (Self::Active, Self::Suspended)
                | (Self::Suspended, Self::Active)
                | (Self::Active | Self::Suspended, Self::Revoked)
                | (Self::Active | Self::Suspended | Self::Revoked, Self::Archived)
        );
        way.then_some(to)
    }

    /// Whether an agent that stands here changes no more, but for being archived.
    pub fn is_end(self) -> bool {
        matches!(self, Self::Revoked | Self::Archived)
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

impl Agent {
    /// Whether it is an administrator to rely on: active, with `idp:admin`, and without an end.
    pub fn is_admin(&self) -> bool {
        self.status == AgentStatus::Active
            && self.valid_until.is_none()
            && self.capabilities.iter().any(|held| held.0 == IDP_ADMIN)
    }
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

impl AgentFilter {
    /// The list that it makes of all agents.
    fn list(&self) -> List {
        let filters = [
            self.owner.as_ref().map(|owner| owner.0.as_str()),
            self.agent_type.as_deref(),
            self.deployment_env.map(DeploymentEnv::as_str),
            self.status.map(AgentStatus::as_str),
            self.capability.as_ref().map(|capability| capability.0.as_str()),
            self.email_prefix.as_deref(),
        ];
        List::new("listAgents", &filters)
    }
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

/// How many members an agent's metadata may have (the specification's `Metadata`).
pub const METADATA_MEMBERS: usize = 64;
/// How many bytes an agent's metadata may have as compact JSON.
pub const METADATA_BYTES: usize = 16_384;
/// How deep an agent's metadata may nest, the object itself being the first level.
pub const METADATA_LEVELS: usize = 8;

/// What to change of an agent (RFC 7396): what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct AgentPatch {
    /// Another type.
    pub agent_type: Option<String>,
    /// Another version.
    pub version: Option<String>,
    /// Other capabilities, in place of those it has.
    pub capabilities: Option<BTreeSet<Capability>>,
    /// Another owner.
    pub owner: Option<Owner>,
    /// Another place where it runs.
    pub deployment_env: Option<DeploymentEnv>,
    /// Members of the metadata to set, and with `null` to remove; `Some(None)` removes all of it.
    pub metadata: Option<Option<serde_json::Map<String, serde_json::Value>>>,
    /// Another end, or with `Some(None)` none.
    pub valid_until: Option<Option<DateTime<Utc>>>,
}

impl AgentPatch {
    /// The agent with the changes made to it.
    fn applied(self, mut agent: Agent) -> Agent {
        agent.agent_type = self.agent_type.unwrap_or(agent.agent_type);
        agent.version = self.version.unwrap_or(agent.version);
        agent.capabilities = self.capabilities.unwrap_or(agent.capabilities);
        agent.owner = self.owner.unwrap_or(agent.owner);
        agent.deployment_env = self.deployment_env.unwrap_or(agent.deployment_env);
        agent.valid_until = self.valid_until.unwrap_or(agent.valid_until);
        match self.metadata {
            None => {}
            Some(None) => agent.metadata = None,
            Some(Some(patch)) => {
                let mut merged = agent.metadata.unwrap_or_default();
                merge(&mut merged, patch);
                agent.metadata = Some(merged);
            }
        }
        agent
    }
}

/// Merges a patch into an object (RFC 7396 §2).
fn merge(target: &mut serde_json::Map<String, Value>, patch: serde_json::Map<String, Value>) {
    for (name, value) in patch {
        match value {
            Value::Null => {
                target.remove(&name);
            }
            Value::Object(patch) => {
                let mut merged = match target.remove(&name) {
                    Some(Value::Object(object)) => object,
                    _ => serde_json::Map::new(),
                };
                merge(&mut merged, patch);
                target.insert(name, Value::Object(merged));
            }
            value => {
                target.insert(name, value);
            }
        }
    }
}

/// Which revisions of an agent a caller has seen (RFC 9110 §13.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Seen {
    /// It does not say, or takes any.
    Any,
    /// One of these.
    Revisions(Vec<i64>),
}

impl Seen {
    fn includes(&self, revision: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Revisions(revisions) => revisions.contains(&revision),
        }
    }
}

/// Who wants to change which agent, and what it knows of it.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// The request.
    pub request: &'a RequestContext,
    /// Who asks.
    pub principal: &'a Principal,
    /// Which agent.
    pub id: AgentId,
    /// The revisions that it has seen.
    pub seen: &'a Seen,
}

/// A change that was decided.
struct Decided {
    agent: Agent,
    event: AuditEvent,
    ends_tokens: bool,
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

/// The registry of agents.
#[derive(Clone)]
pub struct AgentService<S>(RegistryParts<S>);

impl<S: Store> AgentService<S> {
    /// A registry of these parts.
    pub fn new(parts: RegistryParts<S>) -> Self {
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
        once: Once<'_, Registered>,
    ) -> Result<Answered<Created<Registered>>, Fault> {
        let now = self.0.clock.now();
        let decided = self.0.feed.trusts(principal).and_then(|()| registration_decide(principal, &new, now));
        let owner = match decided {
            Ok(owner) => owner,
            Err(refusal) => return self.registration_refused(request, principal, refusal).await,
        };
        // After the decision, so that an answer with a secret is for whoever may still have it.
        match self.0.idempotency.look(principal.agent_id, &once).await? {
            Ok(None) => {}
            Ok(Some(before)) => return Ok(Ok(Created::Before(before))),
            Err(refusal) => return self.registration_refused(request, principal, refusal).await,
        }
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
        let minted = match self.0.mint(request, principal, agent.id, now).await? {
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

        let registered_as = Registered { agent, credential: minted.credential, secret: minted.secret };
        let agent = &registered_as.agent;
        let mut unit = self.0.store.begin().await?;
        if let Err(refusal) =
            self.0.idempotency.keep(&mut unit, principal.agent_id, &once, &registered_as).await?
        {
            drop(unit);
            return self.registration_refused(request, principal, refusal).await;
        }
        if !unit.agent_insert(agent).await? {
            drop(unit);
            return self.registration_refused(request, principal, Refusal::AgentAlreadyExists).await;
        }
        unit.credential_insert(&registered_as.credential, &minted.images).await?;
        unit.audit_append(&[registered, issued]).await?;
        let changes = [ChangeKind::AgentChanged(agent.id)];
        let rev = unit.commit_with_changes(&changes, now).await?;
        self.0.feed.note(&changes, rev, now);
        Ok(Ok(Created::New(registered_as)))
    }

    async fn registration_refused(
        &self,
        request: &RequestContext,
        principal: &Principal,
        refusal: Refusal,
    ) -> Result<Answered<Created<Registered>>, Fault> {
        let event = AuditEvent::denied(Action::AgentRegistered, principal.into(), refusal.reason());
        Ok(Err(self.0.refused(event, request, &principal.owner, refusal).await?))
    }

    /// The agent, if it is not behind another owner's wall; that it was not found is recorded, for either reason.
    ///
    /// The caller's token has `agents:read`, or `self:read` and asks for itself, as the door has checked.
    pub async fn get(
        &self,
        request: &RequestContext,
        principal: &Principal,
        id: AgentId,
    ) -> Result<Answered<Agent>, Fault> {
        if let Some(agent) = self.0.store.agent_get(id, principal.within()).await? {
            return Ok(Ok(agent));
        }
        let subject = Subject { agent_id: Some(id), ..Subject::default() };
        Ok(Err(self.0.not_found(request, principal, subject, Refusal::AgentNotFound).await?))
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
        let list = filter.list();
        let after = match self.0.cursors.read(&list, cursor) {
            Ok(after) => after.map(AgentId),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(owner) = owner_narrow(principal, filter.owner.take()) else { return Ok(Ok(Page::empty())) };
        filter.owner = owner;
        let agents = self.0.store.agent_list(&filter, after, limit.saturating_add(1)).await?;
        Ok(Ok(self.0.cursors.page(&list, agents, limit, |agent| agent.id.0)))
    }

    /// Changes what can change of an agent. What takes something from it (a capability, its owner, time) ends its tokens.
    ///
    /// The caller's token has `agents:write`, as the door has checked.
    pub async fn update(&self, attempt: Attempt<'_>, patch: AgentPatch) -> Result<Answered<Agent>, Fault> {
        let (principal, now) = (attempt.principal, self.0.clock.now());
        self.change(attempt, Action::AgentUpdated, |agent| {
            if agent.status.is_end() {
                return Err(Refusal::AgentConflict(AgentConflict::Ended(agent.status)));
            }
            patch_decide(principal, &patch, now)?;
            let changed = patch.applied(agent.clone());
            metadata_decide(changed.metadata.as_ref())?;
            if changed == agent {
                return Ok(None);
            }
            let ends_tokens = !changed.capabilities.is_superset(&agent.capabilities)
                || changed.owner != agent.owner
                || changed
                    .valid_until
                    .is_some_and(|until| agent.valid_until.is_none_or(|before| until < before));
            let event = AuditEvent::success(Action::AgentUpdated, principal.into())
                .with("changed", changed_names(&agent, &changed))
                .with("capabilities", capability_names(&changed.capabilities))
                .with("endsTokens", ends_tokens)
                .with("owner", changed.owner.0.as_str());
            Ok(Some(Decided { agent: changed, event, ends_tokens }))
        })
        .await
    }

    /// Moves an agent along the ways between statuses. Leaving `active` ends its tokens; archiving ends its credentials,
    /// too. Where it stands already, nothing changes.
    ///
    /// The caller's token has `agents:write`, as the door has checked.
    pub async fn status_change(
        &self,
        attempt: Attempt<'_>,
        to: AgentStatus,
        reason: Option<&str>,
    ) -> Result<Answered<Agent>, Fault> {
        let action = match to {
            AgentStatus::Active => Action::AgentReactivated,
            AgentStatus::Suspended => Action::AgentSuspended,
            AgentStatus::Revoked => Action::AgentRevoked,
            AgentStatus::Archived => Action::AgentArchived,
        };
        self.change(attempt, action, |agent| {
            if agent.status == to {
                return Ok(None);
            }
            let from = agent.status;
            let Some(status) = from.moved(to) else {
                return Err(Refusal::AgentConflict(AgentConflict::NoWay { from, to }));
            };
            let mut event = AuditEvent::success(action, attempt.principal.into()).with("from", from.as_str());
            if let Some(reason) = reason {
                event = event.with("reason", reason);
            }
            let ends_tokens = from == AgentStatus::Active;
            Ok(Some(Decided { agent: Agent { status, ..agent }, event, ends_tokens }))
        })
        .await
    }

    /// Archives an agent for good; once it is archived, asking again changes nothing, whatever the caller has seen.
    ///
    /// The caller's token has `agents:write`, as the door has checked.
    pub async fn decommission(&self, attempt: Attempt<'_>) -> Result<Answered<()>, Fault> {
        Ok(self.status_change(attempt, AgentStatus::Archived, None).await?.map(|_| ()))
    }

    /// Changes an agent in one transaction with its event and its position in the feed, after all that holds for every
    /// change: the wall, the reserved capabilities that the caller must hold, the revision that it has seen, and the
    /// last `idp:admin`. `decide` answers `None` where there is nothing to change.
    async fn change(
        &self,
        attempt: Attempt<'_>,
        action: Action,
        decide: impl FnOnce(Agent) -> Answered<Option<Decided>>,
    ) -> Result<Answered<Agent>, Fault> {
        let Attempt { request, principal, id, seen } = attempt;
        let now = self.0.clock.now();
        let admin = Capability(IDP_ADMIN.to_owned());
        let mut unit = self.0.store.begin().await?;
        let another_admin = unit.agent_another_has(id, &admin).await?;
        let subject = Subject { agent_id: Some(id), ..Subject::default() };
        let Some(agent) = unit.agent_lock(id, principal.within()).await? else {
            drop(unit);
            return Ok(Err(self.0.not_found(request, principal, subject, Refusal::AgentNotFound).await?));
        };

        let trusted = self.0.feed.trusts(principal);
        let decided = trusted.and_then(|()| grant_decide(principal, &agent.capabilities)).and_then(|()| {
            if !seen.includes(agent.revision) && agent.status != AgentStatus::Archived {
                return Err(Refusal::PreconditionFailed);
            }
            let decided = decide(agent.clone())?;
            match &decided {
                Some(decided) if agent.is_admin() && !decided.agent.is_admin() && !another_admin => {
                    Err(Refusal::AgentConflict(AgentConflict::LastAdmin))
                }
                _ => Ok(decided),
            }
        });
        let decided = match decided {
            Ok(Some(decided)) => decided,
            Ok(None) => return Ok(Ok(agent)),
            Err(refusal) => {
                drop(unit);
                return Ok(Err(self
                    .0
                    .refused_on(&agent, request, principal, action, subject, refusal)
                    .await?));
            }
        };

        let changed = Agent { revision: agent.revision + 1, updated_at: now, ..decided.agent };
        // Behind the wall where it stood: whoever gave it away can see that, and where it went.
        let event = decided.event.during(request).on(subject).behind(&agent.owner);
        let event = event.seal(&self.0.clock, &self.0.entropy)?;
        unit.agent_update(&changed).await?;
        if changed.status == AgentStatus::Archived {
            unit.credential_revoke_all(id).await?;
        }
        unit.audit_append(&[event]).await?;
        let changes = [if decided.ends_tokens {
            ChangeKind::AgentTokensEnded(id)
        } else {
            ChangeKind::AgentChanged(id)
        }];
        let rev = unit.commit_with_changes(&changes, now).await?;
        self.0.feed.note(&changes, rev, now);
        Ok(Ok(changed))
    }
}

/// Decides a registration before anything is written: the owner that the agent gets, or why not.
fn registration_decide(principal: &Principal, new: &NewAgent, now: DateTime<Utc>) -> Answered<Owner> {
    sense_decide(Some(&new.capabilities), new.valid_until, now)?;
    let owner = owner_decide(principal, new.owner.clone())?;
    grant_decide(principal, &new.capabilities)?;
    Ok(owner)
}

/// Decides a change before it is made: what it sets makes sense, and is the caller's to give.
fn patch_decide(principal: &Principal, patch: &AgentPatch, now: DateTime<Utc>) -> Answered<()> {
    sense_decide(patch.capabilities.as_ref(), patch.valid_until.flatten(), now)?;
    owner_decide(principal, patch.owner.clone())?;
    patch.capabilities.as_ref().map_or(Ok(()), |capabilities| grant_decide(principal, capabilities))
}

/// Decides whether what an agent is to have makes sense, beyond what the specification says of each value.
fn sense_decide(
    capabilities: Option<&BTreeSet<Capability>>,
    valid_until: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Answered<()> {
    let mut violations = Vec::new();
    let mut add = |path: &str, rule, message: &str| {
        violations.push(Violation { location: "body", path: path.into(), rule, message: message.into() });
    };
    if capabilities.is_some_and(|all| all.iter().any(|one| SELF_SCOPES.contains(&one.0.as_str()))) {
        let message = "must not list self:read or self:rotate: every active agent may name them in scope";
        add("/capabilities", "reserved", message);
    }
    if valid_until.is_some_and(|until| until <= now) {
        add("/validUntil", "future", "must lie in the future");
    }
    if violations.is_empty() { Ok(()) } else { Err(Refusal::Invalid(violations)) }
}

/// Decides whether metadata that a merge has made keeps to the bounds of the specification's `Metadata`, which the door
/// has held only the patch to.
fn metadata_decide(metadata: Option<&serde_json::Map<String, Value>>) -> Answered<()> {
    fn levels(value: &Value) -> usize {
        match value {
            Value::Array(list) => 1 + list.iter().map(levels).max().unwrap_or(0),
            Value::Object(map) => 1 + map.values().map(levels).max().unwrap_or(0),
            _ => 0,
        }
    }
    let Some(metadata) = metadata else { return Ok(()) };
    let rule = if metadata.len() > METADATA_MEMBERS {
        "maxProperties"
    } else if serde_json::to_vec(metadata).map_or(usize::MAX, |json| json.len()) > METADATA_BYTES {
        "x-max-bytes"
    } else if 1 + metadata.values().map(levels).max().unwrap_or(0) > METADATA_LEVELS {
        "x-max-depth"
    } else {
        return Ok(());
    };
    let message = "with what the agent has already, there is more than the metadata may hold".into();
    Err(Refusal::Invalid(vec![Violation { location: "body", path: "/metadata".into(), rule, message }]))
}

/// The names of what differs, for an event's data.
fn changed_names(before: &Agent, after: &Agent) -> Vec<&'static str> {
    let differs = [
        ("agentType", before.agent_type != after.agent_type),
        ("version", before.version != after.version),
        ("capabilities", before.capabilities != after.capabilities),
        ("owner", before.owner != after.owner),
        ("deploymentEnv", before.deployment_env != after.deployment_env),
        ("metadata", before.metadata != after.metadata),
        ("validUntil", before.valid_until != after.valid_until),
    ];
    differs.into_iter().filter_map(|(name, differs)| differs.then_some(name)).collect()
}

/// The names of capabilities for an event's data: the reserved ones first, and as many of the others as there is room
/// for, as 64 names of 128 bytes would not fit in one event.
pub(super) fn capability_names(capabilities: &BTreeSet<Capability>) -> Vec<String> {
    let (reserved, ordinary): (Vec<_>, Vec<_>) = capabilities.iter().partition(|held| is_reserved(&held.0));
    texts_fitting(reserved.into_iter().chain(ordinary).map(|held| held.0.as_str()), 4096)
}
