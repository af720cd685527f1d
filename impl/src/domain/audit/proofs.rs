//! What the log answers to those who check it: checkpoints, tiles, bundles, proofs, exports.
//!
//! All of it is about the tree of the last checkpoint, not of the head: what nobody has signed is not handed out.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde::de::IgnoredAny;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::timeout;
use uuid::Uuid;

use super::log::{Leaf, LogFault, Tiles, checkpoint_get, plan_compute, tile_get};
use super::{AuditFilter, AuditRow, AuditService};
use crate::crypto::NoteVerifier;
use crate::domain::agents::Owner;
use crate::domain::callers::{Principal, RequestContext};
use crate::domain::log::tiles::{TilePlace, entry_write, hashes_write};
use crate::domain::log::{Checkpoint, Hash, Plan, Tile};
use crate::domain::policy::{IDP_ADMIN, owner_narrow};
use crate::domain::refusal::{Answered, Fault, Refusal, Violation};
use crate::store::{Store, StoreFault};

/// How many exports a node makes at once, each for another owner: each holds a connection to the database most of the time.
const EXPORTS: usize = 4;

/// How long a piece of an export may wait for a client to take one: who does not read keeps others from theirs.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// How many pieces of an export wait for a client that reads slowly.
const PIECES_WAITING: usize = 2;

/// How many events one statement of an export reads.
const PAGE: u32 = 256;

/// The last checkpoint, and the signed note of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The checkpoint.
    pub checkpoint: Checkpoint,
    /// The note (C2SP `signed-note`).
    pub note: String,
}

/// That an event is in the log (RFC 6962 §2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// Which leaf it is.
    pub index: u64,
    /// The leaf's hash.
    pub leaf: Hash,
    /// The hashes beside the way to the root.
    pub hashes: Vec<Hash>,
    /// The checkpoint that it leads to.
    pub signed: Signed,
}

/// That the log continues an earlier one (RFC 6962 §2.1.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Consistency {
    /// The size of the earlier one.
    pub from: u64,
    /// The size of the later one.
    pub to: u64,
    /// The hashes that show it.
    pub hashes: Vec<Hash>,
    /// The last checkpoint.
    pub signed: Signed,
}

/// What there is of the event of a leaf.
enum Said {
    /// Its bytes.
    Event(Vec<u8>),
    /// Nothing any more: its time is over.
    Over,
    /// Nothing, and its time is not over.
    Missing,
}

/// Which events are to be exported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExportRequest {
    /// From which leaf on, of the whole log.
    pub start: Option<u64>,
    /// Before which event, of events that a filter lets through.
    pub before: Option<Uuid>,
    /// The filter.
    pub filter: AuditFilter,
}

/// An export breaks off here: the log could not be read on. The server's log has the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the export broke off")]
pub struct BrokenOff;

/// A piece of an export: whole lines.
pub type Piece = Result<Vec<u8>, BrokenOff>;

/// Whose exports are under way.
#[derive(Clone, Default)]
struct Exports(Arc<Mutex<HashSet<Owner>>>);

/// The place of an export among those under way, given back when it is dropped.
struct Place {
    exports: Exports,
    owner: Owner,
}

impl Exports {
    /// A place for an export of this owner, who has one at the most, so that none uses up what all share.
    fn begin(&self, owner: &Owner) -> Option<Place> {
        let mut owners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = owners.len() < EXPORTS && owners.insert(owner.clone());
        begun.then(|| Place { exports: self.clone(), owner: owner.clone() })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.exports.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.owner);
    }
}

/// The log to those who check it.
#[derive(Clone)]
pub struct LogService<S> {
    store: S,
    verifier: NoteVerifier,
    events: AuditService<S>,
    exports: Exports,
}

impl<S: Store> LogService<S> {
    /// The log in this store, whose checkpoints this key signs and whose events this service shows.
    pub fn new(store: S, verifier: NoteVerifier, events: AuditService<S>) -> Self {
        Self { store, verifier, events, exports: Exports::default() }
    }

    /// The last checkpoint.
    pub async fn checkpoint(&self) -> Result<Signed, Fault> {
        let last = checkpoint_get(&self.store, &self.verifier).await?;
        let (checkpoint, note) =
            last.ok_or_else(|| Fault::Impossible("the audit log has no checkpoint".to_owned()))?;
        Ok(Signed { checkpoint, note })
    }

    /// The last checkpoint, and the minimum index: what the events say whose leaves lie below it is shown to nobody.
    pub async fn checkpoint_and_minimum(&self) -> Result<(Signed, u64), Fault> {
        // In this order: the log of the checkpoint has the event that says so.
        let minimum = self.store.audit_minimum_index().await?;
        Ok((self.checkpoint().await?, minimum))
    }

    /// The bytes of a tile of hashes, as wide as it is asked for.
    pub async fn tile(&self, tile: Option<Tile>) -> Result<Answered<Vec<u8>>, Fault> {
        let size = self.checkpoint().await?.checkpoint.size;
        let Some(tile) = tile.filter(|tile| tile.is_in(size)) else { return Ok(Err(Refusal::TileNotFound)) };
        let hashes = tile_get(&self.store, tile).await?;
        if hashes.len() < usize::from(tile.width) {
            return Err(LogFault::Broken(format!("hashes of {} are missing", tile.path())).into());
        }
        Ok(Ok(hashes_write(&hashes)))
    }

    /// The bytes of an entry bundle, with as many events as are asked for.
    pub async fn entries(&self, place: Option<TilePlace>) -> Result<Answered<Vec<u8>>, Fault> {
        let size = self.checkpoint().await?.checkpoint.size;
        let in_log = |place: TilePlace| {
            let end = place.end().filter(|end| *end <= size)?;
            Some(place.start()..end)
        };
        let Some(range) = place.and_then(in_log) else { return Ok(Err(Refusal::TileNotFound)) };
        let mut bundle = Vec::new();
        for (leaf, said) in self.contents(range).await? {
            match said {
                Said::Event(content) => entry_write(&content, &mut bundle).ok_or_else(|| {
                    Fault::Impossible("an audit event is too large for a bundle".to_owned())
                })?,
                Said::Over => return Ok(Err(Refusal::TileNotFound)),
                Said::Missing => return Err(LogFault::Missing(leaf.index, leaf.event_id).into()),
            }
        }
        Ok(Ok(bundle))
    }

    /// Leaves in their order, and what there is of their events.
    async fn contents(&self, range: Range<u64>) -> Result<Vec<(Leaf, Said)>, Fault> {
        let length = range.end - range.start;
        let minimum = self.store.audit_minimum_index().await?;
        let leaves = self.store.audit_leaves(range).await?;
        if leaves.len() as u64 != length {
            return Err(LogFault::Broken("leaves are missing".to_owned()).into());
        }
        let shown = leaves.iter().filter(|leaf| leaf.index >= minimum);
        let ids: Vec<Uuid> = shown.map(|leaf| leaf.event_id).collect();
        let rows = self.store.audit_rows(&ids).await?;
        let mut contents: HashMap<Uuid, Vec<u8>> =
            rows.into_iter().map(|row| (row.id, row.content)).collect();
        let with_said = |leaf: Leaf| {
            let said = match contents.remove(&leaf.event_id) {
                Some(content) => Said::Event(content),
                None if leaf.index < minimum => Said::Over,
                None => Said::Missing,
            };
            (leaf, said)
        };
        Ok(leaves.into_iter().map(with_said).collect())
    }

    /// The proof that an event is in the log, for whoever may see the event.
    pub async fn inclusion(
        &self,
        request: &RequestContext,
        principal: &Principal,
        id: Uuid,
    ) -> Result<Answered<Inclusion>, Fault> {
        if let Err(refusal) = self.events.get(request, principal, id).await? {
            return Ok(Err(refusal));
        }
        let signed = self.checkpoint().await?;
        let size = signed.checkpoint.size;
        let index = self.store.audit_leaf_index(id).await?;
        let Some((index, plan)) = index.and_then(|index| Some((index, Plan::inclusion(index, size)?))) else {
            return Ok(Err(Refusal::EventNotInLog));
        };
        let leaf = self.store.audit_hashes(0, index..index + 1).await?.pop();
        let leaf = leaf.ok_or_else(|| Fault::from(LogFault::Broken(format!("leaf {index} is missing"))))?;
        let hashes = plan_compute(&self.store, &plan).await?;
        Ok(Ok(Inclusion { index, leaf, hashes, signed }))
    }

    /// The proof that the log of a later size, by default that of the last checkpoint, continues the one of an earlier.
    pub async fn consistency(&self, from: u64, to: Option<u64>) -> Result<Answered<Consistency>, Fault> {
        let signed = self.checkpoint().await?;
        let size = signed.checkpoint.size;
        let to = to.unwrap_or(size);
        if to > size {
            return Ok(Err(beyond("to", size)));
        }
        let Some(plan) = Plan::consistency(from, to) else {
            return Ok(Err(invalid("from", "maximum", format!("must be at most {to}"))));
        };
        let hashes = plan_compute(&self.store, &plan).await?;
        Ok(Ok(Consistency { from, to, hashes, signed }))
    }

    /// Begins an export, whose pieces come as fast as they are taken. With `idp:admin` and without a filter it is the whole
    /// log; else the caller's events, each with its proof.
    ///
    /// Refused with [`Refusal::Overloaded`] when the node makes as many as it can, or one for the caller's owner.
    pub async fn export(
        &self,
        request: &RequestContext,
        principal: &Principal,
        asked: ExportRequest,
    ) -> Result<Answered<mpsc::Receiver<Piece>>, Fault> {
        let ExportRequest { start, before, filter } = asked;
        if start.is_some() && !principal.sees_every_owner() {
            let refused = self.events.audit.refuse_scope(request, principal, None, &[IDP_ADMIN]).await?;
            return Ok(Err(refused));
        }
        let is_whole = principal.sees_every_owner() && filter == AuditFilter::default() && before.is_none();
        let signed = self.checkpoint().await?;
        let size = signed.checkpoint.size;
        if start.is_some() && !is_whole {
            let message = "is for the whole log, and goes with no filter".to_owned();
            return Ok(Err(invalid("start", "whole", message)));
        }
        if start.is_some_and(|start| start > size) {
            return Ok(Err(beyond("start", size)));
        }
        let owner = owner_narrow(principal, filter.owner.clone());
        // So that what cannot be read is told before an answer has begun.
        if let Some(owner) = &owner {
            let first = AuditFilter { owner: owner.clone(), ..filter.clone() };
            self.store.audit_list(&first, before, 1).await?;
        }
        let Some(place) = self.exports.begin(&principal.owner) else { return Ok(Err(Refusal::Overloaded)) };
        let (pieces, taken) = mpsc::channel(PIECES_WAITING);
        let export = Export { service: self.clone(), signed, pieces: pieces.clone() };
        tokio::spawn(async move {
            let done = match owner {
                _ if is_whole => export.whole(start.unwrap_or_default()).await,
                Some(owner) => export.proved(&AuditFilter { owner, ..filter }, before).await,
                None => export.beginning("filter", told(&filter)).await.map(drop),
            };
            drop(place);
            if let Err(fault) = done {
                tracing::error!(%fault, "an export of audit events broke off");
                // Whoever still listens must not take what there is for all.
                let _ = pieces.send(Err(BrokenOff)).await;
            }
        });
        Ok(Ok(taken))
    }
}

fn invalid(path: &'static str, rule: &'static str, message: String) -> Refusal {
    Refusal::Invalid(vec![Violation { location: "query", path: path.to_owned(), rule, message }])
}

/// A size that the log does not have yet.
fn beyond(path: &'static str, size: u64) -> Refusal {
    invalid(path, "maximum", format!("must be at most {size}, which is what the last checkpoint has"))
}

/// An export that goes on until all is said or nobody listens.
struct Export<S> {
    service: LogService<S>,
    signed: Signed,
    pieces: mpsc::Sender<Piece>,
}

impl<S: Store> Export<S> {
    /// Whether somebody still listens. Fails if nobody takes anything for too long.
    async fn send(&self, piece: Vec<u8>) -> Result<bool, Fault> {
        let sent = timeout(TAKEN_WITHIN, self.pieces.send(Ok(piece))).await;
        let untaken = |_| StoreFault::Unavailable("it was not taken in time".to_owned());
        Ok(sent.map_err(untaken)?.is_ok())
    }

    /// The first line; beside the checkpoint it tells what of the log follows.
    async fn beginning(&self, name: &str, of: Value) -> Result<bool, Fault> {
        let size = self.signed.checkpoint.size;
        let line = json!({ "checkpoint": self.signed.note, "treeSize": size, name: of });
        self.send(format!("{line}\n").into_bytes()).await
    }

    /// The whole log, by its leaves.
    async fn whole(&self, start: u64) -> Result<(), Fault> {
        let size = self.signed.checkpoint.size;
        let mut listening = self.beginning("start", start.into()).await?;
        let mut at = start;
        while listening && at < size {
            let end = size.min(at + u64::from(PAGE));
            let mut piece = Vec::new();
            for (Leaf { index, event_id, hash }, said) in self.service.contents(at..end).await? {
                let start = format!("{{\"leafIndex\":{index},\"hash\":\"{}\"", STANDARD.encode(hash));
                piece.extend_from_slice(start.as_bytes());
                match said {
                    Said::Event(content) => event_write(&content, &mut piece),
                    Said::Over => {}
                    // Whoever verifies the export finds it; the rest is theirs all the same.
                    Said::Missing => tracing::error!(
                        fault = %LogFault::Missing(index, event_id), "an export of audit events has a gap"
                    ),
                }
                piece.extend_from_slice(b"}\n");
            }
            listening = self.send(piece).await?;
            at = end;
        }
        Ok(())
    }

    /// The events that a filter lets through, each with the proof that it is in the log.
    async fn proved(&self, filter: &AuditFilter, mut before: Option<Uuid>) -> Result<(), Fault> {
        let mut listening = self.beginning("filter", told(filter)).await?;
        let mut tiles = Tiles::default();
        while listening {
            let rows = self.service.store.audit_list(filter, before, PAGE).await?;
            let Some(last) = rows.last() else { break };
            before = Some(last.id);
            let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
            let indexes = self.service.store.audit_leaf_indexes(&ids).await?;
            let mut piece = Vec::new();
            for row in &rows {
                if let Some(index) = indexes.get(&row.id) {
                    self.proved_write(row, *index, &mut tiles, &mut piece).await?;
                }
            }
            listening = piece.is_empty() || self.send(piece).await?;
        }
        Ok(())
    }

    /// The event of a leaf and its proof; nothing if it is not in the tree of the checkpoint yet.
    async fn proved_write(
        &self,
        row: &AuditRow,
        index: u64,
        tiles: &mut Tiles,
        piece: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let size = self.signed.checkpoint.size;
        let Some(plan) = Plan::inclusion(index, size) else { return Ok(()) };
        let hashes = tiles.compute(&self.service.store, &plan).await?;
        let proof: Vec<String> = hashes.iter().map(|hash| format!("\"{}\"", STANDARD.encode(hash))).collect();
        let start = format!("{{\"leafIndex\":{index},\"proof\":[{}]", proof.join(","));
        piece.extend_from_slice(start.as_bytes());
        event_write(&row.content, piece);
        piece.extend_from_slice(b"}\n");
        Ok(())
    }
}

/// A filter, for whoever goes on with an export that was cut off: only one of the same filter goes on with it.
fn told(filter: &AuditFilter) -> Value {
    let AuditFilter { owner, agent_id, actor_id, action, outcome, from, to } = filter;
    let time = |time: &DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Millis, true);
    let members = [
        ("owner", owner.as_ref().map(|owner| owner.0.clone())),
        ("agentId", agent_id.map(|id| id.0.to_string())),
        ("actorId", actor_id.map(|id| id.0.to_string())),
        ("action", action.clone()),
        ("outcome", outcome.clone()),
        ("from", from.as_ref().map(time)),
        ("to", to.as_ref().map(time)),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Value::from(value?)))).collect()
}

/// The last member, `event`: the very bytes that are hashed. Bytes that are no line of JSON, which nothing here has written,
/// become a string of base64, so that they are seen, and do not have the leaf's hash.
fn event_write(content: &[u8], piece: &mut Vec<u8>) {
    piece.extend_from_slice(b",\"event\":");
    if !content.contains(&b'\n') && serde_json::from_slice::<IgnoredAny>(content).is_ok() {
        piece.extend_from_slice(content);
    } else {
        piece.extend_from_slice(format!("\"{}\"", STANDARD.encode(content)).as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_owner_has_one_export_at_a_time_and_all_together_a_few() {
        let (exports, owner) = (Exports::default(), |number: usize| Owner(format!("team-{number}")));
        let mut places: Vec<_> = (0..EXPORTS).filter_map(|number| exports.begin(&owner(number))).collect();
        assert_eq!(places.len(), EXPORTS);
        assert!(exports.begin(&owner(EXPORTS)).is_none(), "there is no room for another");
        places.pop();
        assert!(exports.begin(&owner(0)).is_none(), "one of theirs is under way");
        let place = exports.begin(&owner(EXPORTS));
        assert!(place.is_some() && exports.begin(&owner(EXPORTS)).is_none());
        drop(place);
        assert!(exports.begin(&owner(EXPORTS)).is_some());
    }
}
