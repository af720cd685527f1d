//! Credentials: what an agent proves itself with.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::agents::{Agent, AgentId, AgentStatus, Owner};
use super::audit::{Action, Actor, AuditEvent, Subject};
use super::callers::{AuthMethod, Principal, RequestContext};
use super::changes::{ChangeKind, Rev};
use super::idempotency::{Created, Once};
use super::pages::{List, Page};
use super::policy::{CREDENTIALS_WRITE, Capability, IDP_ADMIN, SELF_ROTATE, grant_decide};
use super::refusal::{Answered, CredentialConflict, Fault, IdempotencyConflict, Refusal, Violation};
use super::registry::RegistryParts;
use crate::clock::Clock;
use crate::crypto::{ClientSecret, Entropy, HashFault, HashPool, MasterKey, SecretText};
use crate::store::agents::AgentWrites;
use crate::store::audit::AuditWrites;
use crate::store::credentials::CredentialWrites;
use crate::store::{Store, Unit};

/// The identifier of a credential (UUIDv7); a client secret carries it, so that a check reads one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(pub Uuid);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialStatus {
    /// Until it expires.
    Active,
    /// Ended by somebody, for good.
    Revoked,
}

/// How a credential stands at some moment, by the names of the specification's `CredentialStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStanding {
    /// It can be used.
    Active,
    /// Somebody ended it.
    Revoked,
    /// Its time is over.
    Expired,
}

impl CredentialStatus {
    /// Every value, in the order of the specification.
    pub const ALL: [Self; 2] = [Self::Active, Self::Revoked];

    /// The name that the API and the database use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// A credential as the registry keeps it, without anything that could prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// Whose it is.
    pub agent_id: AgentId,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Whether it can be used.
    pub status: CredentialStatus,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// After this moment it proves nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The credential that this one replaced.
    pub rotated_from: Option<CredentialId>,
    /// The revision of its agent that whoever issued it vouched for: reserved capabilities that the agent was given later
    /// are not for this credential.
    pub agent_revision: i64,
}

impl Credential {
    /// How it stands at `now`; what was revoked stays so when its time is over.
    pub fn standing(&self, now: DateTime<Utc>) -> CredentialStanding {
        match self.status {
            CredentialStatus::Revoked => CredentialStanding::Revoked,
            CredentialStatus::Active if self.expires_at.is_some_and(|end| end <= now) => {
                CredentialStanding::Expired
            }
            CredentialStatus::Active => CredentialStanding::Active,
        }
    }
}

/// A credential whose time is over, as its end is recorded.
#[derive(Clone, Debug, PartialEq)]
pub struct ExpiredCredential {
    /// Its identifier.
    pub id: CredentialId,
    /// Whose it is.
    pub agent_id: AgentId,
    /// Behind whose wall its agent stands.
    pub owner: Owner,
    /// What its owner calls it.
    pub label: Option<String>,
    /// When its time was over.
    pub expires_at: DateTime<Utc>,
}

/// Records the end of credentials whose time is over, at most `limit`: each has exactly one event, whichever node comes
/// first. Answers how many there were. (That they are over needs no recording: it is judged by the clock.)
pub async fn expiry_record<S: Store>(
    store: &S,
    clock: &Clock,
    entropy: &Entropy,
    limit: u32,
) -> Result<u32, Fault> {
    let mut unit = store.begin().await?;
    let expired = unit.credential_expire(clock.now(), limit).await?;
    let events = expired
        .iter()
        .map(|credential| {
            let subject = Subject {
                agent_id: Some(credential.agent_id),
                credential_id: Some(credential.id),
                ..Subject::default()
            };
            let system = Actor::nameless(AuthMethod::System);
            credential_data(
                AuditEvent::success(Action::CredentialExpired, system).on(subject).behind(&credential.owner),
                credential.label.as_deref(),
                Some(credential.expires_at),
            )
            .seal(clock, entropy)
        })
        .collect::<Result<Vec<_>, _>>()?;
    if events.is_empty() {
        return Ok(0);
    }
    unit.audit_append(&events).await?;
    fault_point!("expiry.written");
    unit.commit().await?;
    fault_point!("expiry.committed");
    Ok(u32::try_from(events.len()).unwrap_or(u32::MAX))
}

/// What an event about a credential tells of it.
fn credential_data(event: AuditEvent, label: Option<&str>, expires_at: Option<DateTime<Utc>>) -> AuditEvent {
    let event = match label {
        Some(label) => event.with("label", label),
        None => event,
    };
    match expires_at {
        Some(end) => event.with("expiresAt", end.timestamp()),
        None => event,
    }
}

/// What is kept of a client secret: two one-way images of its random part.
#[derive(Clone, PartialEq)]
pub struct SecretImages {
    /// The durable record, independent of any key: bcrypt, cost 10, over the random part.
    pub secret_hash: String,
    /// The fast image: HMAC-SHA-256 under a key derived from the master key.
    pub verifier: [u8; 32],
    /// Which derived key made the verifier (the first bytes of a digest of the master key).
    pub verifier_key_version: String,
}

/// Neither image is a secret, but neither belongs in a log.
impl fmt::Debug for SecretImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretImages")
            .field("verifier_key_version", &self.verifier_key_version)
            .finish_non_exhaustive()
    }
}

/// What decides whether a presented secret lets its client in, and whom a failure is about: little enough to be read for
/// every attempt, and the same for each.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientProof {
    /// The credential.
    pub credential_id: CredentialId,
    /// Whose it is.
    pub agent_id: AgentId,
    /// Behind whose wall its agent stands.
    pub owner: Owner,
    /// Whether the credential can be used.
    pub credential_status: CredentialStatus,
    /// After this moment the credential proves nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// Where the agent stands in its life.
    pub agent_status: AgentStatus,
    /// After this moment the agent authenticates no more.
    pub valid_until: Option<DateTime<Utc>>,
    /// The fast image of the secret, as [`SecretImages::verifier`].
    pub verifier: [u8; 32],
    /// Which derived key made it.
    pub verifier_key_version: String,
}

/// All that a client which has proved itself is known by, read in one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRecord {
    /// The agent.
    pub agent: Agent,
    /// The credential it presented.
    pub credential: Credential,
    /// What the presented secret is compared with.
    pub images: SecretImages,
    /// Those of the agent's capabilities that it was given after the credential was vouched for.
    pub beyond: BTreeSet<Capability>,
    /// The position of the change feed in the same snapshot as the rest of this record.
    pub rev: Rev,
}

impl ClientRecord {
    /// About how many bytes it takes.
    pub fn size(&self) -> usize {
        let text = |text: &str| 24 + text.len();
        let scopes = |held: &BTreeSet<Capability>| held.iter().map(|held| text(&held.0)).sum::<usize>();
        let metadata = self.agent.metadata.iter().flatten();
        size_of::<Self>()
            + [&self.agent.email, &self.agent.agent_type, &self.agent.version]
                .map(|field| text(field))
                .iter()
                .sum::<usize>()
            + text(&self.images.secret_hash)
            + scopes(&self.agent.capabilities)
            + scopes(&self.beyond)
            + metadata.map(|(name, value)| text(name) + json_size(value)).sum::<usize>()
    }
}

/// About how many bytes a value takes, with its place in an object or an array.
fn json_size(value: &serde_json::Value) -> usize {
    use serde_json::Value;
    let within = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(json_size).sum(),
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| size_of::<String>() + name.len() + json_size(value)).sum()
        }
    };
    size_of::<Value>() + within
}

/// What a new credential is made of: the record, its one-way images, and the secret that is shown once.
#[derive(Clone, Debug)]
pub struct MintedCredential {
    /// The record.
    pub credential: Credential,
    /// What is kept of the secret.
    pub images: SecretImages,
    /// The secret itself.
    pub secret: SecretText,
}

/// Makes credentials. Slow (bcrypt), and so called before a transaction begins, never within one.
#[derive(Clone, Debug)]
pub struct CredentialMint {
    master: MasterKey,
    pool: HashPool,
    entropy: Entropy,
}

impl CredentialMint {
    /// A mint whose verifiers are made under this master key and whose hashes are computed in this pool.
    pub fn new(master: MasterKey, pool: HashPool, entropy: Entropy) -> Self {
        Self { master, pool, entropy }
    }

    /// A new credential of the agent, active from `at`, without an end, and vouched for as the agent was at first. Refused
    /// with [`Refusal::Overloaded`] when
    /// the pool is full.
    pub async fn mint(
        &self,
        agent_id: AgentId,
        at: DateTime<Utc>,
    ) -> Result<Answered<MintedCredential>, Fault> {
        let id = CredentialId(self.entropy.uuid_v7(at));
        let secret = ClientSecret::generate(id.0, &self.entropy);
        let secret_hash = match self.pool.hash(secret.random(), self.entropy.bytes()).await {
            Ok(hash) => hash,
            Err(HashFault::Busy) => return Ok(Err(Refusal::Overloaded)),
            Err(HashFault::Failed(problem)) => return Err(Fault::Impossible(problem)),
        };
        let images = SecretImages {
            secret_hash,
            verifier: self.master.verifier(secret.random()),
            verifier_key_version: self.master.verifier_key_version().to_owned(),
        };
        let credential = Credential {
            id,
            agent_id,
            label: None,
            status: CredentialStatus::Active,
            created_at: at,
            expires_at: None,
            last_used_at: None,
            rotated_from: None,
            agent_revision: 1,
        };
        Ok(Ok(MintedCredential { credential, images, secret: secret.to_text() }))
    }
}

/// How many live credentials an agent has at the most.
pub const MOST_LIVE: u32 = 16;

/// What a new credential is to be like.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewCredential {
    /// What its owner calls it.
    pub label: Option<String>,
    /// After this moment it proves nothing.
    pub expires_at: Option<DateTime<Utc>>,
}

/// A credential at the one moment when its secret is known.
#[derive(Clone, Debug)]
pub struct IssuedCredential {
    /// The credential.
    pub credential: Credential,
    /// The secret, to be shown once.
    pub secret: SecretText,
}

/// Issues, shows, rotates and revokes credentials.
#[derive(Clone)]
pub struct CredentialService<S>(RegistryParts<S>);

impl<S: Store> CredentialService<S> {
    /// A service of these parts.
    pub fn new(parts: RegistryParts<S>) -> Self {
        Self(parts)
    }

    /// Issues one more credential to an agent. The caller's token has `credentials:write`, as the door has checked.
    pub async fn issue(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        new: NewCredential,
        once: Once<'_, IssuedCredential>,
    ) -> Result<Answered<Created<IssuedCredential>>, Fault> {
        let now = self.0.clock.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            let message = "must lie in the future".into();
            let path = "/expiresAt".into();
            return Ok(Err(Refusal::Invalid(vec![Violation {
                location: "body",
                path,
                rule: "future",
                message,
            }])));
        }
        let subject = Subject { agent_id: Some(agent_id), ..Subject::default() };
        // Judged once before the slow hash, so that nobody can cause hashes for what is not theirs, and again in the
        // transaction, where it counts.
        let absent = Refusal::AgentNotFound;
        let Some(seen) = self.0.store.agent_get(agent_id, principal.within()).await? else {
            return Ok(Err(self.0.not_found(request, principal, subject, absent).await?));
        };
        if let Err(refusal) = self.reach(principal, &seen) {
            return self.refused(request, principal, &seen, Action::CredentialIssued, subject, refusal).await;
        }
        let mut minted = match self.mint_once(request, principal, agent_id, &once, now).await? {
            Ok(Created::New(minted)) => minted,
            Ok(Created::Before(before)) => return Ok(Ok(Created::Before(before))),
            Err(refusal @ Refusal::IdempotencyConflict(_)) => {
                return self
                    .refused(request, principal, &seen, Action::CredentialIssued, subject, refusal)
                    .await;
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        minted.credential.label = new.label;
        minted.credential.expires_at = new.expires_at;

        let mut unit = self.0.store.begin().await?;
        let Some(agent) = unit.agent_lock(agent_id, principal.within()).await? else {
            drop(unit);
            return Ok(Err(self.0.not_found(request, principal, subject, absent).await?));
        };
        let decided = match self.reach(principal, &agent) {
            Ok(()) => room_decide(&mut unit, &agent, 1, now).await?,
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = decided {
            drop(unit);
            let refusal = self.twin_or(principal, &once, refusal).await?;
            return self
                .refused(request, principal, &agent, Action::CredentialIssued, subject, refusal)
                .await;
        }
        // Whoever reaches the agent holds every reserved capability that it has.
        minted.credential.agent_revision = agent.revision;
        let event = self.event(Action::CredentialIssued, request, principal, &agent, &minted.credential);
        match self.put(unit, event, principal, minted, &once, now).await? {
            Err(refusal) => {
                self.refused(request, principal, &agent, Action::CredentialIssued, subject, refusal).await
            }
            made => Ok(made),
        }
    }

    /// How a credential stands now.
    pub fn standing(&self, credential: &Credential) -> CredentialStanding {
        credential.standing(self.0.clock.now())
    }

    /// The agent's credential. The caller's token has `agents:read`, or `self:read` and asks for itself, as the door has
    /// checked.
    pub async fn get(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        id: CredentialId,
    ) -> Result<Answered<Credential>, Fault> {
        let subject = Subject { agent_id: Some(agent_id), credential_id: Some(id), ..Subject::default() };
        let agent = match self.look(request, principal, subject, Refusal::CredentialNotFound).await? {
            Ok(agent) => agent,
            Err(refusal) => return Ok(Err(refusal)),
        };
        match self.0.store.credential_get(agent_id, id).await? {
            Some(credential) => Ok(Ok(credential)),
            None => {
                let refusal = Refusal::CredentialNotFound;
                self.refused(request, principal, &agent, Action::AccessDenied, subject, refusal).await
            }
        }
    }

    /// The agent's credentials, newest first, at most `limit` after the cursor; guarded as [`CredentialService::get`].
    pub async fn list(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Answered<Page<Credential>>, Fault> {
        let list = List::new("listCredentials", &[Some(&agent_id.to_string())]);
        let after = match self.0.cursors.read(&list, cursor) {
            Ok(after) => after.map(CredentialId),
            Err(refusal) => return Ok(Err(refusal)),
        };
        let subject = Subject { agent_id: Some(agent_id), ..Subject::default() };
        if let Err(refusal) = self.look(request, principal, subject, Refusal::AgentNotFound).await? {
            return Ok(Err(refusal));
        }
        let found = self.0.store.credential_list(agent_id, after, limit.saturating_add(1)).await?;
        Ok(Ok(self.0.cursors.page(&list, found, limit, |credential| credential.id.0)))
    }

    /// Issues a credential in another's place, which lives on for `grace`. The new one has its label, and as much time
    /// to live as it had from its issue; an agent that rotates its own (the one that its token came from, and no other)
    /// gets the same end. The caller's token has `credentials:write`, or `self:rotate` and asks for
    /// itself, as the door has checked.
    pub async fn rotate(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        id: CredentialId,
        grace: Duration,
        once: Once<'_, IssuedCredential>,
    ) -> Result<Answered<Created<IssuedCredential>>, Fault> {
        let now = self.0.clock.now();
        let subject = Subject { agent_id: Some(agent_id), credential_id: Some(id), ..Subject::default() };
        // Only the credential that the token came from: one that leaked must not take over the others.
        let itself = principal.agent_id == agent_id
            && principal.credential_id == Some(id)
            && principal.holds(SELF_ROTATE);
        let reached = |agent: &Agent| match itself {
            true => self.0.feed.trusts(principal),
            false => self.reach(principal, agent),
        };
        let absent = Refusal::CredentialNotFound;
        let Some(seen) = self.0.store.agent_get(agent_id, principal.within()).await? else {
            return Ok(Err(self.0.not_found(request, principal, subject, absent).await?));
        };
        if let Err(refusal) = reached(&seen) {
            return self
                .refused(request, principal, &seen, Action::CredentialRotated, subject, refusal)
                .await;
        }
        let mut minted = match self.mint_once(request, principal, agent_id, &once, now).await? {
            Ok(Created::New(minted)) => minted,
            Ok(Created::Before(before)) => return Ok(Ok(Created::Before(before))),
            Err(refusal @ Refusal::IdempotencyConflict(_)) => {
                return self
                    .refused(request, principal, &seen, Action::CredentialRotated, subject, refusal)
                    .await;
            }
            Err(refusal) => return Ok(Err(refusal)),
        };
        let mut unit = self.0.store.begin().await?;
        let Some(of) = unit.agent_lock(agent_id, principal.within()).await? else {
            drop(unit);
            return Ok(Err(self.0.not_found(request, principal, subject, absent).await?));
        };
        // The one that ends at once makes room for the one that takes its place.
        let more = u32::from(!grace.is_zero());
        let decided = match reached(&of) {
            Ok(()) => rotation_decide(&mut unit, &of, id, more, now).await?,
            Err(refusal) => Err(refusal),
        };
        let old = match decided {
            Ok(old) => old,
            Err(refusal) => {
                drop(unit);
                let refusal = self.twin_or(principal, &once, refusal).await?;
                return self
                    .refused(request, principal, &of, Action::CredentialRotated, subject, refusal)
                    .await;
            }
        };
        minted.credential.label = old.label;
        minted.credential.rotated_from = Some(id);
        // Whoever holds only the secret neither lengthens its life nor makes it good for more.
        (minted.credential.expires_at, minted.credential.agent_revision) = match self.reach(principal, &of) {
            Ok(()) => (old.expires_at.map(|end| later(now, end - old.created_at)), of.revision),
            Err(_) => (old.expires_at, old.agent_revision),
        };
        if grace.is_zero() {
            unit.credential_end(id, CredentialStatus::Revoked, old.expires_at).await?;
        } else {
            let grace_end = now + grace;
            let end = old.expires_at.map_or(grace_end, |end| end.min(grace_end));
            unit.credential_end(id, CredentialStatus::Active, Some(end)).await?;
        }
        let event = self
            .event(Action::CredentialRotated, request, principal, &of, &minted.credential)
            .with("rotatedFrom", id.to_string())
            .with("gracePeriodSeconds", grace.as_secs());
        match self.put(unit, event, principal, minted, &once, now).await? {
            Err(refusal) => {
                self.refused(request, principal, &of, Action::CredentialRotated, subject, refusal).await
            }
            made => Ok(made),
        }
    }

    /// Ends a credential at once; one that is revoked already stays so, and the last live one of the last administrator
    /// stays as it is. The caller's token has `credentials:write`, as
    /// the door has checked.
    pub async fn revoke(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        id: CredentialId,
    ) -> Result<Answered<()>, Fault> {
        let now = self.0.clock.now();
        let mut unit = self.0.store.begin().await?;
        // Before anything is held, as its contract asks.
        let another_admin = unit.agent_another_has(agent_id, &Capability(IDP_ADMIN.to_owned())).await?;
        let subject = Subject { agent_id: Some(agent_id), credential_id: Some(id), ..Subject::default() };
        let absent = Refusal::CredentialNotFound;
        let Some(of) = unit.agent_lock(agent_id, principal.within()).await? else {
            drop(unit);
            return Ok(Err(self.0.not_found(request, principal, subject, absent).await?));
        };
        let decided = match self.reach(principal, &of) {
            Ok(()) => match unit.credential_lock(agent_id, id).await? {
                None => Err(absent),
                Some(credential)
                    if of.is_admin()
                        && !another_admin
                        && credential.standing(now) == CredentialStanding::Active
                        && unit.credential_count_live(agent_id, now).await? <= 1 =>
                {
                    Err(Refusal::CredentialConflict(CredentialConflict::LastOfAdmin))
                }
                Some(credential) => Ok(credential),
            },
            Err(refusal) => Err(refusal),
        };
        let credential = match decided {
            Ok(credential) => credential,
            Err(refusal) => {
                drop(unit);
                return self
                    .refused(request, principal, &of, Action::CredentialRevoked, subject, refusal)
                    .await;
            }
        };
        if credential.status == CredentialStatus::Revoked {
            return Ok(Ok(()));
        }
        unit.credential_end(id, CredentialStatus::Revoked, credential.expires_at).await?;
        let event = self.event(Action::CredentialRevoked, request, principal, &of, &credential);
        self.finish(unit, event, &credential, now).await?;
        Ok(Ok(()))
    }

    /// Whether the caller is still trusted, and holds every reserved capability that an agent in its sight has.
    fn reach(&self, principal: &Principal, agent: &Agent) -> Answered<()> {
        self.0.feed.trusts(principal)?;
        // A token that is good for itself alone reaches nothing here.
        if !principal.holds(CREDENTIALS_WRITE) {
            return Err(Refusal::InsufficientScope {
                required: vec![Capability(CREDENTIALS_WRITE.to_owned())],
            });
        }
        grant_decide(principal, &agent.capabilities)
    }

    /// Makes a credential, unless the same request was answered before. Asked after the caller was judged, so that an
    /// answer with a secret is for whoever may still have it.
    async fn mint_once(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        once: &Once<'_, IssuedCredential>,
        now: DateTime<Utc>,
    ) -> Result<Answered<Created<MintedCredential>>, Fault> {
        match self.0.idempotency.look(principal.agent_id, once).await? {
            Ok(None) => Ok(self.0.mint(request, principal, agent_id, now).await?.map(Created::New)),
            Ok(Some(before)) => Ok(Ok(Created::Before(before))),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// What a request is refused with whose change was decided against: where that is because a twin of it was quicker, that.
    async fn twin_or(
        &self,
        principal: &Principal,
        once: &Once<'_, IssuedCredential>,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let is_about_the_credential = matches!(refusal, Refusal::CredentialConflict(_));
        if is_about_the_credential
            && let Ok(Some(_)) = self.0.idempotency.look(principal.agent_id, once).await?
        {
            return Ok(Refusal::IdempotencyConflict(IdempotencyConflict::Twin));
        }
        Ok(refusal)
    }

    /// The agent of the subject, if the caller sees it; that it does not is recorded, and answered with this refusal.
    async fn look(
        &self,
        request: &RequestContext,
        principal: &Principal,
        subject: Subject,
        absent: Refusal,
    ) -> Result<Answered<Agent>, Fault> {
        let found = match subject.agent_id {
            Some(agent_id) => self.0.store.agent_get(agent_id, principal.within()).await?,
            None => None,
        };
        match found {
            Some(agent) => Ok(Ok(agent)),
            None => Ok(Err(self.0.not_found(request, principal, subject, absent).await?)),
        }
    }

    fn event(
        &self,
        action: Action,
        request: &RequestContext,
        principal: &Principal,
        agent: &Agent,
        credential: &Credential,
    ) -> AuditEvent {
        let subject =
            Subject { agent_id: Some(agent.id), credential_id: Some(credential.id), ..Subject::default() };
        let event =
            AuditEvent::success(action, principal.into()).during(request).on(subject).behind(&agent.owner);
        credential_data(event, credential.label.as_deref(), credential.expires_at)
    }

    /// Adds a credential that was decided, keeps its answer if that is asked for, and commits. Refused if a twin of the
    /// request was quicker.
    async fn put(
        &self,
        mut unit: S::Unit,
        event: AuditEvent,
        principal: &Principal,
        minted: MintedCredential,
        once: &Once<'_, IssuedCredential>,
        now: DateTime<Utc>,
    ) -> Result<Answered<Created<IssuedCredential>>, Fault> {
        let MintedCredential { credential, images, secret } = minted;
        let issued = IssuedCredential { credential, secret };
        if let Err(refusal) = self.0.idempotency.keep(&mut unit, principal.agent_id, once, &issued).await? {
            return Ok(Err(refusal));
        }
        unit.credential_insert(&issued.credential, &images).await?;
        self.finish(unit, event, &issued.credential, now).await?;
        Ok(Ok(Created::New(issued)))
    }

    /// Commits the change of a credential with its event and its position in the feed.
    async fn finish(
        &self,
        mut unit: S::Unit,
        event: AuditEvent,
        credential: &Credential,
        now: DateTime<Utc>,
    ) -> Result<(), Fault> {
        unit.audit_append(&[event.seal(&self.0.clock, &self.0.entropy)?]).await?;
        let changes = [ChangeKind::CredentialChanged(credential.agent_id, credential.id)];
        let rev = unit.commit_with_changes(&changes, now).await?;
        self.0.feed.note(&changes, rev, now);
        Ok(())
    }

    /// Records a refusal as [`RegistryParts::refused_on`] does.
    async fn refused<T>(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent: &Agent,
        action: Action,
        subject: Subject,
        refusal: Refusal,
    ) -> Result<Answered<T>, Fault> {
        Ok(Err(self.0.refused_on(agent, request, principal, action, subject, refusal).await?))
    }
}

/// A time so much later, or the last that can be written (RFC 3339 has four digits for the year).
fn later(from: DateTime<Utc>, by: TimeDelta) -> DateTime<Utc> {
    let last = DateTime::from_timestamp_millis(253_402_300_799_999).unwrap_or(DateTime::<Utc>::MAX_UTC);
    from.checked_add_signed(by).map_or(last, |time| time.min(last))
}

/// Decides whether the agent may have so many more live credentials.
async fn room_decide<U: Unit>(
    unit: &mut U,
    agent: &Agent,
    more: u32,
    now: DateTime<Utc>,
) -> Result<Answered<()>, Fault> {
    Ok(if agent.status.is_end() {
        Err(Refusal::CredentialConflict(CredentialConflict::AgentEnded(agent.status)))
    } else if unit.credential_count_live(agent.id, now).await? + more > MOST_LIVE {
        Err(Refusal::CredentialConflict(CredentialConflict::TooMany))
    } else {
        Ok(())
    })
}

/// Decides whether the credential may be replaced, and holds it.
async fn rotation_decide<U: Unit>(
    unit: &mut U,
    agent: &Agent,
    id: CredentialId,
    more: u32,
    now: DateTime<Utc>,
) -> Result<Answered<Credential>, Fault> {
    let Some(old) = unit.credential_lock(agent.id, id).await? else {
        return Ok(Err(Refusal::CredentialNotFound));
    };
    if unit.credential_is_replaced(id).await? {
        return Ok(Err(Refusal::CredentialConflict(CredentialConflict::Replaced)));
    }
    if old.standing(now) != CredentialStanding::Active {
        return Ok(Err(Refusal::CredentialConflict(CredentialConflict::Ended)));
    }
    Ok(room_decide(unit, agent, more, now).await?.map(|()| old))
}
