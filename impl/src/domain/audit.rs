//! The audit log: what is recorded of every change and every decision.

pub mod configuring;
pub mod following;
pub mod log;
pub mod proofs;
pub mod reopening;
pub mod retention;
pub mod verify;
pub mod watching;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use uuid::Uuid;

use super::agents::{AgentId, Owner};
use super::callers::{AuthMethod, Client, Principal, RequestContext};
use super::canonical::{self, NotCanonical};
use super::credentials::CredentialId;
use super::pages::{Cursors, List, Page};
use super::policy::{Capability, owner_narrow};
use super::refusal::{Answered, Fault, Refusal};
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::crypto::master::hex;
use crate::measures;
use crate::store::audit::AuditWrites;
use crate::store::{Store, StoreFault, Unit};

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

/// The time that an event's id carries (UUIDv7, RFC 9562 §5.7).
pub fn time_of(id: Uuid) -> DateTime<Utc> {
    let milliseconds = i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(milliseconds).unwrap_or(DateTime::<Utc>::MAX_UTC)
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

impl AuditFilter {
    /// The list that it makes of all events.
    fn list(&self) -> List {
        let [agent_id, actor_id] = [self.agent_id, self.actor_id].map(|id| id.map(|id| id.to_string()));
        let [from, to] = [self.from, self.to].map(|time| time.map(|time| time.to_rfc3339()));
        let filters = [
            self.owner.as_ref().map(|owner| owner.0.as_str()),
            agent_id.as_deref(),
            actor_id.as_deref(),
            self.action.as_deref(),
            self.outcome.as_deref(),
            from.as_deref(),
            to.as_deref(),
        ];
        List::new("listAuditEvents", &filters)
    }
}

/// What was done, by the names of the specification's `AuditAction`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// An agent came to be, or its registration was refused.
    AgentRegistered,
    /// An agent was changed.
    AgentUpdated,
    /// An agent was stopped for a while.
    AgentSuspended,
    /// An agent may authenticate again.
    AgentReactivated,
    /// An agent was stopped for good.
    AgentRevoked,
    /// An agent was decommissioned.
    AgentArchived,
    /// A credential came to be.
    CredentialIssued,
    /// A credential was replaced.
    CredentialRotated,
    /// A credential was ended.
    CredentialRevoked,
    /// A credential's time was over.
    CredentialExpired,
    /// A token was ended before its time.
    TokenRevoked,
    /// A token was issued.
    TokenIssued,
    /// A client that had proved itself was refused a token.
    TokenRefused,
    /// The content of old events may be gone from now on; they keep their hashes.
    AuditPruned,
    /// A log that a checkpoint showed to have gone back, or to have another past, goes on by another name.
    AuditReopened,
    /// A signing key came to be.
    KeyCreated,
    /// A signing key was followed by the next one.
    KeyRotated,
    /// The database got another master key.
    KeyResealed,
    /// The first operator came to be.
    ServerBootstrapped,
    /// The operator got a new credential at the command line.
    ServerRecovered,
    /// A server started with other settings than the last that are recorded.
    ServerConfigured,
    /// A caller that had proved itself was refused.
    AccessDenied,
    /// So many callers did not prove themselves.
    AuthenticationFailedCounted,
    /// So many tokens were introspected.
    TokenIntrospectedCounted,
    /// So many requests were more than a rate limit allows.
    RequestLimitedCounted,
}

impl Action {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AgentRegistered => "agent.registered",
            Self::AgentUpdated => "agent.updated",
            Self::AgentSuspended => "agent.suspended",
            Self::AgentReactivated => "agent.reactivated",
            Self::AgentRevoked => "agent.revoked",
            Self::AgentArchived => "agent.archived",
            Self::CredentialIssued => "credential.issued",
            Self::CredentialRotated => "credential.rotated",
            Self::CredentialRevoked => "credential.revoked",
            Self::CredentialExpired => "credential.expired",
            Self::TokenRevoked => "token.revoked",
            Self::TokenIssued => "token.issued",
            Self::TokenRefused => "token.refused",
            Self::AuditPruned => "audit.pruned",
            Self::AuditReopened => "audit.reopened",
            Self::KeyCreated => "key.created",
            Self::KeyRotated => "key.rotated",
            Self::KeyResealed => "key.resealed",
            Self::ServerBootstrapped => "server.bootstrapped",
            Self::ServerRecovered => "server.recovered",
            Self::ServerConfigured => "server.configured",
            Self::AccessDenied => "access.denied",
            Self::AuthenticationFailedCounted => "authentication.failed.counted",
            Self::TokenIntrospectedCounted => "token.introspected.counted",
            Self::RequestLimitedCounted => "request.limited.counted",
        }
    }
}

/// How it ended. The specification has `failure` as well, which nothing is recorded with: what fails is rolled back, and its
/// event with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// It was done.
    Success,
    /// It was refused.
    Denied,
}

impl Outcome {
    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Denied => "denied",
        }
    }
}

/// Who did it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Actor {
    /// The agent, if one proved itself.
    pub agent_id: Option<AgentId>,
    /// How.
    pub method: AuthMethod,
    /// With which credential, or with one of its tokens, if that is known.
    pub credential_id: Option<CredentialId>,
    /// With which token, by its `jti`.
    pub token_id: Option<Uuid>,
}

impl Actor {
    /// An actor that is no agent: the server itself, its command line, or nobody in particular.
    pub const fn nameless(method: AuthMethod) -> Self {
        Self { agent_id: None, method, credential_id: None, token_id: None }
    }

    /// The same, whichever of its tokens it showed: what is counted together.
    pub const fn by_any_token(self) -> Self {
        Self { token_id: None, ..self }
    }
}

impl From<&Client> for Actor {
    fn from(client: &Client) -> Self {
        Self {
            agent_id: Some(client.agent_id()),
            method: client.method,
            credential_id: Some(client.credential_id()),
            token_id: None,
        }
    }
}

impl From<&Principal> for Actor {
    fn from(principal: &Principal) -> Self {
        Self {
            agent_id: Some(principal.agent_id),
            method: AuthMethod::Bearer,
            credential_id: principal.credential_id,
            token_id: Some(principal.token_id),
        }
    }
}

/// What it was done to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Subject {
    /// The agent.
    pub agent_id: Option<AgentId>,
    /// The credential.
    pub credential_id: Option<CredentialId>,
    /// The token, by its `jti`.
    pub token_id: Option<Uuid>,
}

/// An event before it is sealed into a row.
#[derive(Clone, Debug, PartialEq)]
pub struct AuditEvent {
    action: Action,
    outcome: Outcome,
    reason: Option<&'static str>,
    actor: Actor,
    subject: Subject,
    owner: Option<Owner>,
    request_id: Option<String>,
    address: Option<String>,
    data: Map<String, Value>,
}

/// Why an event cannot be recorded: a fault of the program, as every value in it was checked before.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EventFlaw {
    /// A string holds NUL, which PostgreSQL cannot keep.
    #[error("a string of the event holds NUL")]
    Nul,
    /// A value has no canonical form.
    #[error("a value of the event has no canonical form: {0}")]
    NotCanonical(#[from] NotCanonical),
    /// It is over [`EVENT_LIMIT`].
    #[error("the event has {0} bytes")]
    TooLarge(usize),
}

/// The reason of a look over a wall.
pub const OTHER_OWNER: &str = "other_owner";

/// The reason of a look at an event that stands behind nobody's wall.
const NO_OWNER: &str = "no_owner";

/// The most bytes that an event may have.
pub const EVENT_LIMIT: usize = 8 * 1024;

/// The most bytes that one string of an event's data may have; longer ones are cut.
const STRING_LIMIT: usize = 1024;

impl AuditEvent {
    /// An event that went well.
    pub fn success(action: Action, actor: Actor) -> Self {
        Self {
            action,
            outcome: Outcome::Success,
            reason: None,
            actor,
            subject: Subject::default(),
            owner: None,
            request_id: None,
            address: None,
            data: Map::new(),
        }
    }

    /// An event that was refused, for this reason code.
    pub fn denied(action: Action, actor: Actor, reason: &'static str) -> Self {
        Self { outcome: Outcome::Denied, reason: Some(reason), ..Self::success(action, actor) }
    }

    /// The request that caused it.
    pub fn during(mut self, request: &RequestContext) -> Self {
        self.request_id = Some(request.request_id.clone());
        self.address = request.address.map(|address| address.to_canonical().to_string());
        self
    }

    /// The prefix of addresses that it came from, where no single request caused it.
    pub fn from_prefix(mut self, prefix: Option<String>) -> Self {
        self.address = prefix;
        self
    }

    /// What it was done to.
    pub fn on(mut self, subject: Subject) -> Self {
        self.subject = subject;
        self
    }

    /// Behind whose wall it stands.
    pub fn behind(mut self, owner: &Owner) -> Self {
        self.owner = Some(owner.clone());
        self
    }

    /// One more thing worth knowing: never a secret or a token. A string over 1,024 bytes is cut.
    pub fn with(mut self, name: &'static str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(cut(text)),
            other => other,
        };
        self.data.insert(name.to_owned(), value);
        self
    }

    /// What was done.
    pub fn action(&self) -> Action {
        self.action
    }

    /// Makes the row: the canonical bytes (RFC 8785) and the columns that repeat them. The id's time is the event's.
    pub fn seal(self, clock: &Clock, entropy: &Entropy) -> Result<AuditRow, EventFlaw> {
        let time = clock.now();
        let id = entropy.uuid_v7(time);
        let content = self.content(id, time, &hex(&entropy.bytes::<16>()))?;
        Ok(AuditRow {
            id,
            time,
            action: self.action.as_str().to_owned(),
            outcome: self.outcome.as_str().to_owned(),
            actor_id: self.actor.agent_id,
            agent_id: self.subject.agent_id,
            owner: self.owner,
            content,
        })
    }

    /// The members are written in their canonical order here, rather than sorted for every event.
    fn content(&self, id: Uuid, time: DateTime<Utc>, salt: &str) -> Result<Vec<u8>, EventFlaw> {
        let mut object = ObjectWriter::open();
        object.string("action", self.action.as_str());
        object.object("actor", |actor| {
            actor.id("agentId", self.actor.agent_id.map(|id| id.0));
            actor.id("credentialId", self.actor.credential_id.map(|id| id.0));
            actor.string("method", self.actor.method.as_str());
            actor.id("tokenId", self.actor.token_id);
        });
        object.optional("address", self.address.as_deref());
        object.name("data");
        canonical::object_write(&self.data, &mut object.out)?;
        object.id("id", Some(id));
        object.string("outcome", self.outcome.as_str());
        object.optional("owner", self.owner.as_ref().map(|owner| owner.0.as_str()));
        object.optional("reason", self.reason);
        object.optional("requestId", self.request_id.as_deref());
        object.string("salt", salt);
        object.object("subject", |subject| {
            subject.id("agentId", self.subject.agent_id.map(|id| id.0));
            subject.id("credentialId", self.subject.credential_id.map(|id| id.0));
            subject.id("tokenId", self.subject.token_id);
        });
        object.string("time", &time.to_rfc3339_opts(SecondsFormat::Millis, true));
        let content = object.close();
        // NUL is the one control character that a canonical string can spell only so.
        if content.windows(6).any(|window| window == b"\\u0000") && has_nul(&content) {
            return Err(EventFlaw::Nul);
        }
        if content.len() > EVENT_LIMIT {
            return Err(EventFlaw::TooLarge(content.len()));
        }
        Ok(content)
    }
}

/// Whether a string of the document holds NUL, and not merely a backslash followed by the five characters `u0000`.
fn has_nul(content: &[u8]) -> bool {
    fn within(value: &Value) -> bool {
        match value {
            Value::String(text) => text.contains('\0'),
            Value::Array(items) => items.iter().any(within),
            Value::Object(members) => {
                members.iter().any(|(name, value)| name.contains('\0') || within(value))
            }
            _ => false,
        }
    }
    serde_json::from_slice(content).map_or(true, |value| within(&value))
}

fn cut(mut text: String) -> String {
    if text.len() > STRING_LIMIT {
        let end = (0..=STRING_LIMIT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or_default();
        text.truncate(end);
    }
    text
}

/// The first of these texts that have room in so many bytes, for a list in an event's data.
pub(super) fn texts_fitting<'a>(texts: impl Iterator<Item = &'a str>, mut room: usize) -> Vec<String> {
    let fitting = texts.take_while(|text| {
        let left = room.checked_sub(text.len());
        room = left.unwrap_or_default();
        left.is_some()
    });
    fitting.map(str::to_owned).collect()
}

/// Writes an object whose members are given in order.
struct ObjectWriter {
    out: Vec<u8>,
    first: bool,
}

impl ObjectWriter {
    fn open() -> Self {
        let mut out = Vec::with_capacity(640);
        out.push(b'{');
        Self { out, first: true }
    }

    fn name(&mut self, name: &str) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        canonical::string_write(name, &mut self.out);
        self.out.push(b':');
    }

    fn string(&mut self, name: &str, value: &str) {
        self.name(name);
        canonical::string_write(value, &mut self.out);
    }

    fn optional(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value {
            self.string(name, value);
        }
    }

    fn id(&mut self, name: &str, value: Option<Uuid>) {
        if let Some(value) = value {
            self.string(name, value.hyphenated().encode_lower(&mut Uuid::encode_buffer()));
        }
    }

    fn object(&mut self, name: &str, members: impl FnOnce(&mut Self)) {
        self.name(name);
        self.out.push(b'{');
        self.first = true;
        members(self);
        self.out.push(b'}');
        self.first = false;
    }

    fn close(mut self) -> Vec<u8> {
        self.out.push(b'}');
        self.out
    }
}

/// How many events one transaction takes at most.
const BATCH: usize = 256;

/// How many events wait for a transaction at most; beyond that load is shed.
const QUEUE: usize = 4096;

/// How often, and after how many milliseconds each time, a commit whose outcome is unknown is tried again.
const COMMIT_RETRIES_MS: [u64; 3] = [20, 100, 500];

/// How long a node that could not write an event counts as one that cannot, unless it writes one.
const FAILED_FOR: Duration = Duration::from_secs(2);

struct Pending {
    row: AuditRow,
    written: oneshot::Sender<Result<(), StoreFault>>,
}

/// Writes events before their answers are given: one task for each node, which commits whatever has come together
/// meanwhile in one transaction. Clones feed the same task.
#[derive(Clone)]
pub struct AuditWriter {
    queue: mpsc::Sender<Pending>,
    /// When the last group could not be written, if none has been since.
    failed_at: Arc<Mutex<Option<Instant>>>,
    clock: Clock,
    entropy: Entropy,
}

impl AuditWriter {
    /// Starts the task. It ends when the last clone of the writer is gone and all that was queued is written.
    pub fn start<S: Store>(store: S, clock: Clock, entropy: Entropy) -> (Self, JoinHandle<()>) {
        let (queue, mut pending) = mpsc::channel::<Pending>(QUEUE);
        let failed_at = Arc::new(Mutex::new(None));
        let (failing, time) = (Arc::clone(&failed_at), clock.clone());
        let task = tokio::spawn(async move {
            let mut batch = Vec::with_capacity(BATCH);
            while pending.recv_many(&mut batch, BATCH).await > 0 {
                // Whoever is about to write comes along; nobody waits for them.
                tokio::task::yield_now().await;
                while batch.len() < BATCH
                    && let Ok(one) = pending.try_recv()
                {
                    batch.push(one);
                }
                let (rows, waiting): (Vec<_>, Vec<_>) =
                    batch.drain(..).map(|pending| (pending.row, pending.written)).unzip();
                let results = rows_write(&store, &rows).await;
                let is_away = results.iter().any(|result| matches!(result, Err(StoreFault::Unavailable(_))));
                *failing.lock().unwrap_or_else(PoisonError::into_inner) = is_away.then(|| time.monotonic());
                for (written, result) in waiting.into_iter().zip(results) {
                    // Whoever went away without waiting has its event all the same.
                    let _ = written.send(result);
                }
            }
        });
        (Self { queue, failed_at, clock, entropy }, task)
    }

    /// Writes the event, and comes back when it is durable.
    ///
    /// Refused with [`Refusal::Overloaded`] when the queue is full. A fault means that the event may or may not be
    /// there, and that what it speaks of must not happen; whatever kept the event out, it is
    /// [`StoreFault::Unavailable`], as nothing is wrong with the request itself.
    pub async fn write(&self, event: AuditEvent) -> Result<Answered<()>, Fault> {
        let row = event.seal(&self.clock, &self.entropy)?;
        let (written, durable) = oneshot::channel();
        let handed_over = self.clock.monotonic();
        let ended = || Fault::Store(StoreFault::Unavailable("the audit writer has ended".into()));
        match self.queue.try_send(Pending { row, written }) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => return Ok(Err(Refusal::Overloaded)),
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(ended()),
        }
        let unwritten = |fault: StoreFault| Fault::Store(StoreFault::Unavailable(fault.to_string()));
        durable.await.map_err(|_| ended())?.map_err(unwritten)?;
        measures::event_committed(self.clock.monotonic().duration_since(handed_over));
        Ok(Ok(()))
    }

    /// Records a refusal, and hands on what to answer: that refusal, or that there was no room to record it.
    pub async fn refuse(&self, event: AuditEvent, refusal: Refusal) -> Result<Refusal, Fault> {
        Ok(self.write(event).await?.err().unwrap_or(refusal))
    }

    /// Records that a principal's scope does not reach, and hands on what to answer.
    pub async fn refuse_scope(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: Option<AgentId>,
        scopes: &[&str],
    ) -> Result<Refusal, Fault> {
        let required: Vec<_> = scopes.iter().map(|scope| Capability((*scope).to_owned())).collect();
        let refusal = Refusal::InsufficientScope { required };
        let event = AuditEvent::denied(Action::AccessDenied, principal.into(), refusal.reason())
            .during(request)
            .on(Subject { agent_id, ..Subject::default() })
            .behind(&principal.owner)
            .with("required", texts_fitting(scopes.iter().copied(), 1024));
        self.refuse(event, refusal).await
    }

    /// How many events wait for a transaction.
    pub fn waiting(&self) -> usize {
        self.queue.max_capacity() - self.queue.capacity()
    }

    /// Somebody who looks at the queue and does not keep the task from ending.
    pub fn watcher(&self) -> AuditWatcher {
        AuditWatcher(self.queue.downgrade())
    }

    /// Whether events can be written, as far as is known: the task is there, and what it wrote last was written, or that
    /// was some seconds ago.
    pub fn writes(&self) -> bool {
        let failed_at = *self.failed_at.lock().unwrap_or_else(PoisonError::into_inner);
        let failed = failed_at.is_some_and(|at| self.clock.monotonic().duration_since(at) < FAILED_FOR);
        !self.queue.is_closed() && !failed
    }
}

/// Looks at the queue of events.
pub struct AuditWatcher(mpsc::WeakSender<Pending>);

impl AuditWatcher {
    /// How many events wait for a transaction; none once nobody writes any more.
    pub fn waiting(&self) -> usize {
        self.0.upgrade().map_or(0, |queue| queue.max_capacity() - queue.capacity())
    }
}

/// Writes the rows in as few transactions as it takes for a row that the database refuses to fail alone; answers for
/// each row in turn.
async fn rows_write<S: Store>(store: &S, rows: &[AuditRow]) -> Vec<Result<(), StoreFault>> {
    let mut results: Vec<Result<(), StoreFault>> = rows.iter().map(|_| Ok(())).collect();
    let mut ranges = Vec::new();
    ranges.push(0..rows.len());
    while let Some(range) = ranges.pop() {
        let Err(fault) = rows_write_together(store, &rows[range.clone()]).await else { continue };
        let hopeless = matches!(fault, StoreFault::Unavailable(_));
        if range.len() > 1 && !hopeless {
            let middle = range.start + range.len() / 2;
            ranges.extend([range.start..middle, middle..range.end]);
            continue;
        }
        tracing::error!(events = range.len(), %fault, "audit events could not be written");
        for result in &mut results[range] {
            *result = Err(if hopeless {
                StoreFault::Unavailable(fault.to_string())
            } else {
                StoreFault::Refused(fault.to_string())
            });
        }
    }
    results
}

/// One transaction. A commit that fails may have happened, so the same rows are written again: those that are there
/// already are passed over.
async fn rows_write_together<S: Store>(store: &S, rows: &[AuditRow]) -> Result<(), StoreFault> {
    let mut retries = COMMIT_RETRIES_MS.iter();
    let mut outcome_unknown = false;
    loop {
        let fault = match rows_append(store, rows).await {
            Ok(unit) => match rows_commit(unit).await {
                Ok(()) => return Ok(()),
                Err(fault) => {
                    outcome_unknown = true;
                    fault
                }
            },
            Err(fault) => fault,
        };
        match retries.next() {
            Some(pause) if outcome_unknown => tokio::time::sleep(Duration::from_millis(*pause)).await,
            _ => return Err(fault),
        }
    }
}

async fn rows_append<S: Store>(store: &S, rows: &[AuditRow]) -> Result<S::Unit, StoreFault> {
    fault_point!("events.taken");
    let mut unit = store.begin().await?;
    fault_point!("events.begun");
    unit.audit_append(rows).await?;
    fault_point!("events.written");
    Ok(unit)
}

async fn rows_commit<U: Unit>(unit: U) -> Result<(), StoreFault> {
    unit.commit().await?;
    fault_point!("events.committed");
    Ok(())
}

/// Reading the log.
#[derive(Clone)]
pub struct AuditService<S> {
    store: S,
    cursors: Cursors,
    audit: AuditWriter,
}

impl<S: Store> AuditService<S> {
    /// Reads from this store, a page at a time, and tells this writer of those who may not.
    pub fn new(store: S, cursors: Cursors, audit: AuditWriter) -> Self {
        Self { store, cursors, audit }
    }

    /// The event, if it stands behind the caller's own wall or the caller sees over walls. That somebody did not find one is
    /// recorded as [`RegistryParts::not_found`](super::registry::RegistryParts) does it: behind the wall of the event that
    /// it looked for, or of none, and not in the log that the caller sees.
    pub async fn get(
        &self,
        request: &RequestContext,
        principal: &Principal,
        id: Uuid,
    ) -> Result<Answered<AuditRow>, Fault> {
        if let Some(row) = self.store.audit_get(id, principal.within()).await? {
            return Ok(Ok(row));
        }
        // Asked whichever it is: what is not there and what stands behind a wall take the same steps.
        let behind_a_wall = self.store.audit_get(id, None).await?;
        let refusal = Refusal::EventNotFound;
        let denied = |reason| AuditEvent::denied(Action::AccessDenied, principal.into(), reason);
        let event = match behind_a_wall {
            Some(AuditRow { agent_id, owner: Some(owner), .. }) => {
                denied(OTHER_OWNER).on(Subject { agent_id, ..Subject::default() }).behind(&owner)
            }
            Some(_) => denied(NO_OWNER),
            None => denied(refusal.reason()),
        };
        let event = event.during(request).with("eventId", id.to_string());
        Ok(Err(self.audit.refuse(event, refusal).await?))
    }

    /// Events that pass the filter, in the order that the store promises, at most `limit` after the cursor. Without
    /// `idp:admin` only those behind the caller's own wall; what the filter says of an owner narrows further.
    ///
    /// A row's `content` is the event as the API shows it.
    pub async fn list(
        &self,
        principal: &Principal,
        mut filter: AuditFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Answered<Page<AuditRow>>, Fault> {
        let list = filter.list();
        let after = match self.cursors.read(&list, cursor) {
            Ok(after) => after,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let Some(owner) = owner_narrow(principal, filter.owner.take()) else { return Ok(Ok(Page::empty())) };
        filter.owner = owner;
        let rows = self.store.audit_list(&filter, after, limit.saturating_add(1)).await?;
        Ok(Ok(self.cursors.page(&list, rows, limit, |row| row.id)))
    }
}

impl From<EventFlaw> for Fault {
    fn from(flaw: EventFlaw) -> Self {
        Self::Impossible(flaw.to_string())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(event: AuditEvent) -> Result<AuditRow, EventFlaw> {
        event.seal(
            &Clock::fixed(DateTime::from_timestamp_millis(1_794_000_000_123).unwrap()),
            &Entropy::seeded(1),
        )
    }

    fn event() -> AuditEvent {
        let actor = Actor {
            agent_id: Some(AgentId(Uuid::from_u128(1))),
            method: AuthMethod::ClientSecretBasic,
            credential_id: Some(CredentialId(Uuid::from_u128(2))),
            token_id: Some(Uuid::from_u128(4)),
        };
        let request = RequestContext { request_id: "request-1".into(), address: "192.0.2.1".parse().ok() };
        AuditEvent::denied(Action::TokenRefused, actor, "scope_mixed_kinds")
            .during(&request)
            .on(Subject { token_id: Some(Uuid::from_u128(3)), ..Subject::default() })
            .behind(&Owner("talent-team".into()))
    }

    #[test]
    fn an_event_has_the_fields_of_the_log_and_no_others() {
        let row = sealed(event().with("scope", "a:b")).unwrap();
        let content: Value = serde_json::from_slice(&row.content).unwrap();
        let expected = serde_json::json!({
            "id": row.id, "time": "2026-11-06T21:20:00.123Z", "action": "token.refused", "outcome": "denied",
            "reason": "scope_mixed_kinds",
            "actor": {
                "agentId": Uuid::from_u128(1), "credentialId": Uuid::from_u128(2), "method": "client_secret_basic",
                "tokenId": Uuid::from_u128(4),
            },
            "subject": {"tokenId": Uuid::from_u128(3)},
            "owner": "talent-team", "requestId": "request-1", "address": "192.0.2.1", "data": {"scope": "a:b"},
            "salt": content["salt"],
        });
        assert_eq!(content, expected);
        assert_eq!(content["salt"].as_str().unwrap().len(), 32);
    }

    #[test]
    fn the_time_of_an_event_is_that_of_its_id() {
        let row = sealed(event()).unwrap();
        let (seconds, nanoseconds) = row.id.get_timestamp().unwrap().to_unix();
        assert_eq!(DateTime::from_timestamp(seconds.cast_signed(), nanoseconds), Some(row.time));
    }

    proptest! {
        #[test]
        fn what_is_stored_is_canonical(texts in prop::collection::vec(any::<String>(), 1..4), number: i32) {
            let event = event().with("texts", texts.clone()).with("number", number).with("first", texts[0].as_str());
            let nul = texts.iter().any(|text| text.contains('\0'));
            match sealed(event) {
                Ok(row) => {
                    let read: Value = serde_json::from_slice(&row.content).unwrap();
                    let mut written = Vec::new();
                    canonical::value_write(&read, &mut written).unwrap();
                    prop_assert_eq!(written, row.content);
                    prop_assert!(!nul);
                }
                Err(flaw) => prop_assert!(nul && flaw == EventFlaw::Nul),
            }
        }
    }

    #[test]
    fn an_event_that_spells_nul_without_meaning_it_is_taken() {
        assert!(sealed(event().with("text", "\\u0000")).is_ok());
        assert_eq!(sealed(event().with("text", "\0")), Err(EventFlaw::Nul));
    }

    #[test]
    fn a_long_string_is_cut_and_an_event_too_large_is_refused() {
        let row = sealed(event().with("text", "ä".repeat(4000))).unwrap();
        let content: Value = serde_json::from_slice(&row.content).unwrap();
        assert_eq!(content["data"]["text"].as_str().unwrap(), "ä".repeat(512));
        let many = vec!["x".repeat(1000); 9];
        assert!(matches!(sealed(event().with("texts", many)), Err(EventFlaw::TooLarge(_))));
    }
}
