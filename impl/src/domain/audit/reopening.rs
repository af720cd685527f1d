//! A log that cannot go on: its database has gone back behind a checkpoint that somebody has, or has another past, or its key
//! is given up with the master key. What is left of it goes on by another name and under another key, and the first event of the new name says where the old one
//! ended, so that nobody takes the one for the other.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;

use super::log::{
    Batch, Head, LogFault, StoredLogKey, batch_compute, check_continues, checkpoint_get, frontier_get,
    key_make, plan_compute,
};
use super::{Action, Actor, AuditEvent, AuditFilter, AuditRow};
use crate::clock::Clock;
use crate::crypto::merkle::leaf_hash;
use crate::crypto::{Entropy, MasterKey, NoteFlaw, NoteSigner, NoteVerifier};
use crate::domain::callers::AuthMethod;
use crate::domain::log::proof::inclusion_verify;
use crate::domain::log::{Checkpoint, Frontier, Plan};
use crate::store::audit::AuditReads;
use crate::store::{Store, StoreFault, Unit};

/// How the bytes of an event begin that continues another log.
const REOPENED: &[u8] = br#"{"action":"audit.reopened","#;

/// The last that is known of a log that was closed, as the first event of the one that goes on says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The last known checkpoint.
    pub checkpoint: Checkpoint,
    /// The key that has signed it.
    pub verifier: String,
    /// How many of its events are in the log that goes on: those before the event that says so.
    pub kept: u64,
}

/// How often a log is looked at for having been reopened, at the most.
const MOST_REOPENED: u32 = 100;

/// Of which log a checkpoint is that somebody kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Of the one that the database has.
    Current(Checkpoint),
    /// Of one that was closed, from which the one that the database has goes on.
    Closed {
        /// The checkpoint.
        checkpoint: Checkpoint,
        /// What the log that goes on says of the closed one.
        closed: Closed,
        /// Whether a checkpoint of the log that goes on is signed which has that word. Without one, whoever can write to
        /// the database may have made it up.
        is_signed: bool,
    },
}

/// Judges the signed note of a checkpoint that was kept, beside the log that has this key. The flaw of one that is of
/// neither that log nor one that it goes on from.
pub async fn kept_judge<S: AuditReads>(
    store: &S,
    verifier: &NoteVerifier,
    note: &str,
) -> Result<Result<Kept, NoteFlaw>, LogFault> {
    let flaw = match Checkpoint::verify(note, verifier) {
        Ok(checkpoint) => return Ok(Ok(Kept::Current(checkpoint))),
        Err(flaw) => flaw,
    };
    let action = Some(Action::AuditReopened.as_str().to_owned());
    let filter = AuditFilter { action, ..AuditFilter::default() };
    for row in store.audit_list(&filter, None, MOST_REOPENED).await? {
        let Some(closed) = closed_of(&row.content) else { continue };
        let signed_by = |key: &str| Checkpoint::verify(note, &key.parse().ok()?).ok();
        if let Some(checkpoint) = signed_by(&closed.verifier) {
            let is_signed = is_signed(store, verifier, &row).await?;
            return Ok(Ok(Kept::Closed { checkpoint, closed, is_signed }));
        }
    }
    Ok(Err(flaw))
}

/// Whether the last checkpoint that this key has signed has the event.
async fn is_signed<S: AuditReads>(
    store: &S,
    verifier: &NoteVerifier,
    row: &AuditRow,
) -> Result<bool, LogFault> {
    let (last, index) = (checkpoint_get(store, verifier).await?, store.audit_leaf_index(row.id).await?);
    let (Some((last, _)), Some(index)) = (last, index) else { return Ok(false) };
    let Some(plan) = Plan::inclusion(index, last.size) else { return Ok(false) };
    let hashes = plan_compute(store, &plan).await?;
    Ok(inclusion_verify(index, last.size, &leaf_hash(&row.content), &hashes, &last.root))
}

/// The name of the log that a database has, the key of that, and its head.
pub async fn log_get<S: AuditReads>(store: &S) -> Result<Option<(Head, NoteVerifier)>, LogFault> {
    let head = store.audit_head().await?;
    let Some(origin) = &head.origin else { return Ok(None) };
    let key = store.audit_key_get(origin).await?;
    let key = key.ok_or_else(|| LogFault::Broken(format!("there is no key of {origin}")))?;
    Ok(Some((head, key.verifier.parse()?)))
}

/// The name that follows the name of a log: `example.com/audit-2` follows `example.com/audit`.
pub fn next_origin(origin: &str) -> String {
    let numbered =
        origin.rsplit_once('-').and_then(|(name, number)| Some((name, number.parse::<u32>().ok()?)));
    let (name, number) = numbered.unwrap_or((origin, 1));
    format!("{name}-{}", number.saturating_add(1))
}

/// Closes the log and goes on by the name `origin`, if it does not continue one of these checkpoints or the last one that
/// the database has; `None`, and nothing written, if it continues all of them.
///
/// Afterwards the head is still unsigned; the signer is the one to sign it with.
///
/// # Errors
/// If there is no log, its tree is broken, it had that name before, or somebody works on it.
pub async fn reopen<S: Store>(
    store: &S,
    mut known: Vec<Checkpoint>,
    origin: &str,
    master: &MasterKey,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Option<(Closed, NoteSigner)>, LogFault> {
    let none = || LogFault::Broken("there is no log yet".to_owned());
    let (head, verifier) = log_get(store).await?.ok_or_else(none)?;
    known.extend(checkpoint_get(store, &verifier).await?.map(|(checkpoint, _)| checkpoint));
    let mut continued = true;
    for checkpoint in &known {
        match check_continues(store, checkpoint, &head).await {
            Ok(()) => {}
            Err(LogFault::WentBack { .. } | LogFault::Forked(_)) => continued = false,
            Err(other) => return Err(other),
        }
    }
    let Some(last) = known.into_iter().max_by_key(|checkpoint| checkpoint.size).filter(|_| !continued) else {
        return Ok(None);
    };
    let closing = Closing::prepare(store, (head, verifier), last, origin, master, clock, entropy).await?;
    let mut unit = store.begin().await?;
    closing.write(&mut unit).await?;
    fault_point!("reopen.written");
    unit.commit().await?;
    fault_point!("reopen.committed");
    Ok(Some(closing.into_closed()))
}

/// What closes a log where it is and lets it go on by another name, before it is written.
pub struct Closing {
    /// Where it is.
    head: Head,
    /// The key of the new name.
    key: StoredLogKey,
    signer: NoteSigner,
    /// The first event of the new name, and what takes it into the tree.
    event: AuditRow,
    batch: Batch,
    closed: Closed,
}

impl Closing {
    /// For a log whose key is given up; it goes on by the next name. `kept` is a checkpoint of it that was kept outside of the
    /// database. Nothing if there is no log yet.
    pub async fn of_given_up<S: AuditReads>(
        store: &S,
        kept: Option<Checkpoint>,
        master: &MasterKey,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Option<Self>, LogFault> {
        let Some((head, verifier)) = log_get(store).await? else { return Ok(None) };
        let last = checkpoint_get(store, &verifier).await?.map(|(checkpoint, _)| checkpoint);
        let unsigned =
            || Checkpoint { origin: verifier.name().to_owned(), size: 0, root: Frontier::empty().root() };
        let last = kept.into_iter().chain(last).max_by_key(|checkpoint| checkpoint.size);
        let (last, origin) = (last.unwrap_or_else(unsigned), next_origin(verifier.name()));
        Ok(Some(Self::prepare(store, (head, verifier), last, &origin, master, clock, entropy).await?))
    }

    async fn prepare<S: AuditReads>(
        store: &S,
        (head, verifier): (Head, NoteVerifier),
        last: Checkpoint,
        origin: &str,
        master: &MasterKey,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Self, LogFault> {
        let frontier = frontier_get(store, &head).await?;
        let (key, signer) = key_make(origin, master, clock, entropy)?;
        let closed = Closed { checkpoint: last, verifier: verifier.to_string(), kept: head.size };
        let event = AuditEvent::success(Action::AuditReopened, Actor::nameless(AuthMethod::Local))
            .with("verifierKey", key.verifier.as_str())
            .with("keptSize", closed.kept)
            .with(
                "previous",
                json!({
                    "origin": closed.checkpoint.origin,
                    "rootHash": STANDARD.encode(closed.checkpoint.root),
                    "size": closed.checkpoint.size,
                    "verifierKey": closed.verifier,
                }),
            )
            .seal(clock, entropy)?;
        let renamed = Head { origin: Some(origin.to_owned()), ..head.clone() };
        let leaves = vec![(event.id, leaf_hash(&event.content))];
        let (batch, _) = batch_compute(renamed, frontier, leaves, clock.now());
        Ok(Self { head, key, signer, event, batch, closed })
    }

    /// Writes it.
    ///
    /// # Errors
    /// If the log had that name before, or somebody works on it.
    pub async fn write<U: Unit>(&self, unit: &mut U) -> Result<(), LogFault> {
        let moved =
            || LogFault::Store(StoreFault::Unavailable("somebody works on the audit log; try again".into()));
        if !unit.audit_claim().await? || !unit.audit_rename(&self.head, &self.key).await? {
            return Err(moved());
        }
        // Its leaf comes before those of events that were pending: it is the first of the new name.
        unit.audit_append(std::slice::from_ref(&self.event)).await?;
        if !unit.audit_integrate(&self.batch).await? {
            return Err(moved());
        }
        Ok(())
    }

    /// What is known of the log that was closed, and the signer of the one that goes on.
    pub fn into_closed(self) -> (Closed, NoteSigner) {
        (self.closed, self.signer)
    }
}

/// What an event says of a log that was closed, if it is one that does.
pub(super) fn closed_of(content: &[u8]) -> Option<Closed> {
    #[derive(Deserialize)]
    struct Reopened {
        data: Data,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        kept_size: u64,
        previous: Previous,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Previous {
        origin: String,
        root_hash: String,
        size: u64,
        verifier_key: String,
    }
    // The action is the first member of the canonical form.
    if !content.starts_with(REOPENED) {
        return None;
    }
    let Data { kept_size, previous } = serde_json::from_slice::<Reopened>(content).ok()?.data;
    let root = STANDARD.decode(previous.root_hash).ok()?.try_into().ok()?;
    let checkpoint = Checkpoint { origin: previous.origin, size: previous.size, root };
    Some(Closed { checkpoint, verifier: previous.verifier_key, kept: kept_size })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_counted() {
        assert_eq!(next_origin("example.com/audit"), "example.com/audit-2");
        assert_eq!(next_origin("example.com/audit-2"), "example.com/audit-3");
        assert_eq!(next_origin("my-log"), "my-log-2");
    }
}
