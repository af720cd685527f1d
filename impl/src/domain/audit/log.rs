//! The audit log as a transparency log: how events get into its tree, and how its head is signed.
//!
//! Events are written by many nodes without a lock; one integration at a time takes them into the tree. What keeps two
//! histories from coming about is the compare-and-swap on the head ([`AuditWrites::audit_integrate`]): whoever computed
//! from a head that has moved meanwhile writes nothing. Only a head that has been committed is signed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::verify::Finding;
use super::{Action, Actor, AuditEvent, EventFlaw, time_of};
use crate::clock::Clock;
use crate::crypto::merkle::leaf_hash;
use crate::crypto::{CryptoFault, Entropy, MasterKey, NoteFlaw, NoteSigner, NoteVerifier, Seal};
use crate::domain::callers::AuthMethod;
use crate::domain::log::tiles::TILE_HEIGHT;
use crate::domain::log::{Checkpoint, Frontier, Hash, Plan, Tile};
use crate::domain::refusal::Fault;
use crate::measures;
use crate::store::audit::{AuditReads, AuditWrites};
use crate::store::{Store, StoreFault, Unit};

/// How many events one transaction takes into the tree at most: on SQLite it holds up every other writer.
pub const BATCH: u32 = 1024;

/// Where the tree ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// How many leaves it has.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// The name of the log, once it has one.
    pub origin: Option<String>,
}

/// An event's place in the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Which leaf it is, from 0.
    pub index: u64,
    /// The event.
    pub event_id: Uuid,
    /// The hash of its bytes.
    pub hash: Hash,
}

/// Events that go into the tree together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The head that it was computed from.
    pub from: Head,
    /// The head that it leads to.
    pub to: Head,
    /// The events, in the order of their leaves, and the leaves' hashes.
    pub leaves: Vec<(Uuid, Hash)>,
    /// The complete subtrees of 256^level leaves that come about: level, index, hash.
    pub nodes: Vec<(u8, i64, Hash)>,
    /// When.
    pub at: DateTime<Utc>,
}

/// The key of a log as it is stored: the private part sealed under the master key.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredLogKey {
    /// The name of the log.
    pub origin: String,
    /// The public part as tools take it (C2SP `signed-note`).
    pub verifier: String,
    /// The private part (PKCS #8) under AES-256-GCM; the associated data names table, log and purpose.
    pub private_key_sealed: Vec<u8>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

/// Shows whose key it is and nothing of its private part.
impl fmt::Debug for StoredLogKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredLogKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

/// Why the log cannot go on, or cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum LogFault {
    /// The memory failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The key cannot be used.
    #[error(transparent)]
    Crypto(#[from] CryptoFault),
    /// The checkpoint cannot be signed, or one that is kept does not verify.
    #[error("a checkpoint of the audit log: {0}")]
    Note(#[from] NoteFlaw),
    /// The event of a new key cannot be recorded.
    #[error("the event of the log's key cannot be recorded: {0}")]
    Event(#[from] EventFlaw),
    /// The log has no name, no key, or another name.
    #[error("the audit log is {0}, and not {1}")]
    OtherLog(String, String),
    /// The public part of the key is not that of its private part.
    #[error("the key of the audit log {0} is not the one that its checkpoints are verified with")]
    KeyMismatch(String),
    /// The log is shorter than it was.
    #[error(
        "the audit log has {head} events, and a checkpoint that is kept has {kept}: the database has gone back. Nothing is \
         added to the log; see `agentidp audit reopen`"
    )]
    WentBack {
        /// The size of the checkpoint.
        kept: u64,
        /// The size of the log.
        head: u64,
    },
    /// The log is another one than it was.
    #[error(
        "the audit log does not have the root that a kept checkpoint of {0} events has: its history was changed. Nothing is \
         added to the log; see `agentidp audit reopen`"
    )]
    Forked(u64),
    /// The log goes on from another one, and has not signed that.
    #[error(
        "the kept checkpoint is of the audit log {0}, which is closed, and its closing is not signed; run `agentidp audit \
         reopen` again, which ends what it began"
    )]
    Closing(String),
    /// An event was removed before it was in the tree. To pass over it would hide that somebody was there.
    #[error("{}", Finding::Lost { id: *.0 })]
    Lost(Uuid),
    /// The event of a leaf is not there, and its time is not over.
    #[error("{}", Finding::EventGone { index: *.0, id: Some(*.1) })]
    Missing(u64, Uuid),
    /// A hash of the tree is missing or wrong.
    #[error("the tree of the audit log is broken: {0}")]
    Broken(String),
}

impl From<LogFault> for Fault {
    fn from(fault: LogFault) -> Self {
        match fault {
            LogFault::Store(fault) => Self::Store(fault),
            LogFault::Crypto(fault) => Self::Crypto(fault),
            other => Self::Impossible(other.to_string()),
        }
    }
}

/// The place of the sealed private part of a log's key.
pub fn log_key_seal(origin: &str) -> Seal<'_> {
    Seal { table: "audit_keys", id: origin, purpose: "private key of an audit log" }
}

/// Opens the log: its key is made with its name the first time, by one of several nodes, with its event. The log keeps the
/// name that it has; `origin` names one that has none.
pub async fn log_open<S: Store>(
    store: &S,
    origin: &str,
    master: &MasterKey,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<NoteSigner, LogFault> {
    if store.audit_head().await?.origin.is_none() {
        log_name(store, origin, master, clock, entropy).await?;
    }
    let named = store.audit_head().await?.origin;
    let origin = named.as_deref().unwrap_or(origin);
    let missing = || LogFault::Broken(format!("there is no key of {origin}"));
    let key = store.audit_key_get(origin).await?.ok_or_else(missing)?;
    let private = master.open(&log_key_seal(origin), &key.private_key_sealed)?;
    let signer = NoteSigner::from_pkcs8(origin, &private)?;
    if signer.verifier().to_string() != key.verifier {
        return Err(LogFault::KeyMismatch(origin.to_owned()));
    }
    Ok(signer)
}

async fn log_name<S: Store>(
    store: &S,
    origin: &str,
    master: &MasterKey,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(), LogFault> {
    let (key, _) = key_make(origin, master, clock, entropy)?;
    let event = AuditEvent::success(Action::KeyCreated, Actor::nameless(AuthMethod::System))
        .with("algorithm", "Ed25519")
        .with("verifierKey", key.verifier.as_str())
        .seal(clock, entropy)?;
    let mut unit = store.begin().await?;
    if unit.audit_key_insert_first(&key).await? {
        unit.audit_append(&[event]).await?;
        fault_point!("name.written");
        unit.commit().await?;
        fault_point!("name.committed");
    }
    Ok(())
}

/// A new key for a log of this name.
pub(super) fn key_make(
    origin: &str,
    master: &MasterKey,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<(StoredLogKey, NoteSigner), LogFault> {
    let private = NoteSigner::generate()?;
    let signer = NoteSigner::from_pkcs8(origin, &private)?;
    let key = StoredLogKey {
        origin: origin.to_owned(),
        verifier: signer.verifier().to_string(),
        private_key_sealed: master.seal(&log_key_seal(origin), &private, entropy)?,
        created_at: clock.now(),
    };
    Ok((key, signer))
}

/// Tiles that have been read: they do not change while they are as wide.
#[derive(Debug, Default)]
pub struct Tiles(BTreeMap<Tile, Vec<Hash>>);

impl Tiles {
    /// How many are kept: 8 KiB each.
    const KEPT: usize = 512;

    /// Computes what is planned from the hashes in the memory: a statement for each tile that is not kept, a few for any
    /// tree.
    pub async fn compute<S: AuditReads>(&mut self, store: &S, plan: &Plan) -> Result<Vec<Hash>, LogFault> {
        if self.0.len() > Self::KEPT {
            self.0.clear();
        }
        for tile in plan.tiles() {
            if let Entry::Vacant(vacant) = self.0.entry(tile) {
                vacant.insert(tile_get(store, tile).await?);
            }
        }
        plan.compute(|tile| self.0.get(&tile).map(Vec::as_slice)).map_err(missing)
    }
}

/// Computes what is planned, once.
pub async fn plan_compute<S: AuditReads>(store: &S, plan: &Plan) -> Result<Vec<Hash>, LogFault> {
    Tiles::default().compute(store, plan).await
}

/// The hashes of a tile; fewer than its width if the tree does not have them.
pub async fn tile_get<S: AuditReads>(store: &S, tile: Tile) -> Result<Vec<Hash>, LogFault> {
    let place = tile.place();
    let end = place.end().ok_or_else(|| missing(tile))?;
    Ok(store.audit_hashes(tile.level, place.start()..end).await?)
}

fn missing(tile: Tile) -> LogFault {
    LogFault::Broken(format!("hashes of {} are missing", tile.path()))
}

/// The last checkpoint of a log, if it has one, with its note.
pub async fn checkpoint_get<S: AuditReads>(
    store: &S,
    verifier: &NoteVerifier,
) -> Result<Option<(Checkpoint, String)>, LogFault> {
    let Some(note) = store.audit_checkpoint_get(verifier.name()).await? else { return Ok(None) };
    Ok(Some((Checkpoint::verify(&note, verifier)?, note)))
}

/// What one step of the integration came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many events are in the tree now.
    Integrated(usize),
    /// Nothing is pending.
    Idle,
    /// Another node was first.
    Lost,
}

/// Takes events into the tree, and signs its head.
pub struct Integrator<S> {
    store: S,
    clock: Clock,
    signer: NoteSigner,
    /// The right edge of the tree as this node last knew it.
    frontier: Frontier,
    /// The greatest checkpoint that this node knows of. Whatever the database says later must continue it.
    kept: Option<Checkpoint>,
}

impl<S: Store> Integrator<S> {
    /// Begins with what is there. `kept` is a checkpoint that was kept outside of the database, if there is one.
    ///
    /// Fails with [`LogFault::WentBack`] or [`LogFault::Forked`] if the log does not continue it, or the last one that the
    /// database has.
    pub async fn open(
        store: S,
        clock: Clock,
        signer: NoteSigner,
        kept: Option<Checkpoint>,
    ) -> Result<Self, LogFault> {
        let mut integrator = Self { store, clock, signer, frontier: Frontier::empty(), kept };
        let last = checkpoint_get(&integrator.store, integrator.signer.verifier()).await?;
        let head = integrator.head().await?;
        for checkpoint in integrator.kept.iter().chain(last.iter().map(|(checkpoint, _)| checkpoint)) {
            check_continues(&integrator.store, checkpoint, &head).await?;
        }
        integrator.keep(last.map(|(checkpoint, _)| checkpoint));
        Ok(integrator)
    }

    /// The public part of the key that signs.
    pub fn verifier(&self) -> &NoteVerifier {
        self.signer.verifier()
    }

    /// The greatest checkpoint that this node knows of, and its note.
    pub fn kept(&self) -> Result<Option<(&Checkpoint, String)>, LogFault> {
        let kept = self.kept.as_ref();
        Ok(kept.map(|kept| kept.sign(&self.signer).map(|note| (kept, note))).transpose()?)
    }

    /// Takes the events that are pending into the tree, at most [`BATCH`] of them, in one transaction.
    ///
    /// After a fault nothing is assumed: the next step begins with what the database says.
    pub async fn step(&mut self) -> Result<Step, LogFault> {
        let from = self.head().await?;
        let ids = self.store.audit_pending(BATCH).await?;
        if ids.is_empty() {
            return Ok(Step::Idle);
        }
        let rows = self.store.audit_rows(&ids).await?;
        let mut contents: HashMap<Uuid, Vec<u8>> =
            rows.into_iter().map(|row| (row.id, row.content)).collect();
        let frontier = self.frontier_at(&from).await?;
        let mut leaves = Vec::with_capacity(ids.len());
        for id in ids {
            let content = contents.remove(&id);
            let content = content.ok_or(LogFault::Lost(id))?;
            leaves.push((id, leaf_hash(&content)));
        }
        let (batch, frontier) = batch_compute(from, frontier, leaves, self.clock.now());
        fault_point!("integrate.computed");
        let mut unit = self.store.begin().await?;
        fault_point!("integrate.begun");
        if !unit.audit_claim().await? {
            tracing::debug!("another node takes audit events into the tree");
            return Ok(Step::Lost);
        }
        fault_point!("integrate.claimed");
        if !unit.audit_integrate(&batch).await? {
            tracing::debug!(from = batch.from.size, "another node has moved the head of the audit log");
            return Ok(Step::Lost);
        }
        fault_point!("integrate.written");
        unit.commit().await?;
        fault_point!("integrate.committed");
        self.frontier = frontier;
        // Pending events are taken in the order of their ids, and so of their times.
        if let Some((oldest, _)) = batch.leaves.first() {
            let delay = self.clock.now() - time_of(*oldest);
            measures::events_integrated(delay.to_std().unwrap_or_default());
        }
        Ok(Step::Integrated(batch.leaves.len()))
    }

    /// Signs the head as it is committed, unless that has been done.
    pub async fn sign(&mut self) -> Result<(), LogFault> {
        // In this order: a checkpoint that is read before the head is not ahead of it.
        let last = checkpoint_get(&self.store, self.signer.verifier()).await?;
        let last = last.map(|(checkpoint, _)| checkpoint);
        let signed = last.as_ref().map(|last| last.size);
        let head = self.head().await?;
        if let Some(last) = &last {
            check_not_ahead(last, &head)?;
        }
        self.keep(last);
        if signed.is_some_and(|size| size >= head.size) {
            return Ok(());
        }
        let checkpoint = Checkpoint { origin: self.origin().to_owned(), size: head.size, root: head.root };
        let note = checkpoint.sign(&self.signer)?;
        fault_point!("sign.signed");
        let mut unit = self.store.begin().await?;
        unit.audit_checkpoint_put(&checkpoint, &note, self.clock.now()).await?;
        fault_point!("sign.written");
        unit.commit().await?;
        fault_point!("sign.committed");
        self.keep(Some(checkpoint));
        Ok(())
    }

    fn origin(&self) -> &str {
        self.signer.verifier().name()
    }

    fn keep(&mut self, checkpoint: Option<Checkpoint>) {
        let greatest = |kept: &Option<Checkpoint>| kept.as_ref().map(|kept| kept.size);
        if greatest(&checkpoint) > greatest(&self.kept) {
            self.kept = checkpoint;
        }
    }

    /// The head, if it is of this log and has not gone back.
    async fn head(&self) -> Result<Head, LogFault> {
        let head = self.store.audit_head().await?;
        if head.origin.as_deref() != Some(self.origin()) {
            let now = head.origin.unwrap_or_else(|| "without a name".to_owned());
            return Err(LogFault::OtherLog(now, self.origin().to_owned()));
        }
        match &self.kept {
            Some(kept) => check_not_ahead(kept, &head).map(|()| head),
            None => Ok(head),
        }
    }

    /// The right edge of the tree at a head: what this node knows, or else what the memory has.
    async fn frontier_at(&self, head: &Head) -> Result<Frontier, LogFault> {
        if self.frontier.size() == head.size && self.frontier.root() == head.root {
            return Ok(self.frontier.clone());
        }
        frontier_get(&self.store, head).await
    }
}

/// The right edge of the tree as the memory has it, which must have the root of the head.
pub(super) async fn frontier_get<S: AuditReads>(store: &S, head: &Head) -> Result<Frontier, LogFault> {
    let peaks = plan_compute(store, &Plan::frontier(head.size)).await?;
    Frontier::new(head.size, peaks).filter(|frontier| frontier.root() == head.root).ok_or_else(|| {
        LogFault::Broken(format!("its right edge does not have the root of the head at {}", head.size))
    })
}

/// What takes these events into the tree behind its right edge, and the right edge that it has then.
pub(super) fn batch_compute(
    from: Head,
    mut frontier: Frontier,
    leaves: Vec<(Uuid, Hash)>,
    at: DateTime<Utc>,
) -> (Batch, Frontier) {
    let mut nodes = Vec::new();
    for (_, hash) in &leaves {
        frontier.append(*hash, |node, hash| {
            if node.height % TILE_HEIGHT == 0 {
                nodes.push((node.height / TILE_HEIGHT, node.index as i64, hash));
            }
        });
    }
    let to = Head { size: frontier.size(), root: frontier.root(), origin: from.origin.clone() };
    (Batch { from, to, leaves, nodes, at }, frontier)
}

fn check_not_ahead(checkpoint: &Checkpoint, head: &Head) -> Result<(), LogFault> {
    if checkpoint.size > head.size {
        return Err(LogFault::WentBack { kept: checkpoint.size, head: head.size });
    }
    if checkpoint.size == head.size && checkpoint.root != head.root {
        return Err(LogFault::Forked(checkpoint.size));
    }
    Ok(())
}

/// Whether a tree continues a checkpoint, by the hashes that it has.
pub(super) async fn check_continues<S: AuditReads>(
    store: &S,
    checkpoint: &Checkpoint,
    head: &Head,
) -> Result<(), LogFault> {
    check_not_ahead(checkpoint, head)?;
    if plan_compute(store, &Plan::root(checkpoint.size)).await? == [checkpoint.root] {
        Ok(())
    } else {
        Err(LogFault::Forked(checkpoint.size))
    }
}
