//! Verifying the log: everything that its tree promises, computed again from the bytes of its events.
//!
//! It is one pass in the order of the leaves, in constant memory, over whatever has a log: a database, an export, the
//! answers of a server. It says what is wrong as narrowly as the hashes that are there allow: the event whose bytes do not
//! have their leaf's hash, else the smallest range of leaves that does not have the hash which is kept of it.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::future::Future;
use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

use super::log::Leaf;
use super::reopening::{Closed, closed_of};
use super::{Action, AuditRow};
use crate::crypto::merkle::leaf_hash;
use crate::domain::log::tiles::{TILE_HEIGHT, TILE_WIDTH};
use crate::domain::log::{Checkpoint, Frontier, Hash};
use crate::store::StoreFault;
use crate::store::audit::AuditReads;

/// How many findings are kept in words; the rest is counted.
const MOST_FINDINGS: usize = 100;

/// How the bytes of an event begin that allows content to be gone.
const PRUNED: &[u8] = br#"{"action":"audit.pruned","#;

/// What is there of the event of a leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Its bytes, and the columns that repeat what they say.
    Row(Box<AuditRow>),
    /// Nothing: its time is over, or somebody removed it.
    Gone,
    /// Nothing that could be asked for here: the hashes alone are verified.
    Withheld,
}

impl Content {
    /// The event's bytes, where they are.
    fn bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            Self::Row(row) => Some(&row.content),
            Self::Gone | Self::Withheld => None,
        }
    }
}

/// A leaf as a log has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which leaf it is, from 0.
    pub index: u64,
    /// The hash that is kept of it, if the log gives hashes.
    pub hash: Option<Hash>,
    /// The event that the leaf is said to be of, if the log says so beside the event itself.
    pub event_id: Option<Uuid>,
    /// The event.
    pub content: Content,
}

/// A log that can be read from its first leaf to its last.
pub trait Source {
    /// What can go wrong with the reading, which says nothing of the log.
    type Fault;

    /// Some of the leaves from `from` on, in their order and below `size`; none if there are no more.
    fn entries(
        &mut self,
        from: u64,
        size: u64,
    ) -> impl Future<Output = Result<Vec<Entry>, Self::Fault>> + Send;

    /// The hashes that are kept of the complete subtrees of 256^`level` leaves (from level 1 on) of these indexes, in
    /// their order, `None` in the place of one that is not there; `None` if the log keeps no such hashes. Fewer than were
    /// asked for tell nothing of the rest.
    fn nodes(
        &mut self,
        level: u8,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Option<Vec<Option<Hash>>>, Self::Fault>> + Send;
}

/// The log that a store has.
#[derive(Clone, Debug)]
pub struct StoredLog<S>(S);

impl<S: AuditReads> StoredLog<S> {
    /// The log of this store.
    pub fn new(store: S) -> Self {
        Self(store)
    }
}

/// How many leaves of a store are read together.
const PAGE: u64 = 4096;

impl<S: AuditReads + Send + Sync> Source for StoredLog<S> {
    type Fault = StoreFault;

    async fn entries(&mut self, from: u64, size: u64) -> Result<Vec<Entry>, StoreFault> {
        let (mut start, mut leaves) = (from, Vec::new());
        // A gap as wide as a page is not the end.
        while leaves.is_empty() && start < size {
            leaves = self.0.audit_leaves(start..size.min(start + PAGE)).await?;
            start += PAGE;
        }
        let ids: Vec<Uuid> = leaves.iter().map(|leaf| leaf.event_id).collect();
        let rows = self.0.audit_rows(&ids).await?;
        let mut rows: HashMap<Uuid, AuditRow> = rows.into_iter().map(|row| (row.id, row)).collect();
        if rows.len() < leaves.len() {
            // One whose time was changed is not where the server looks for it, and yet not gone.
            let minimum = self.0.audit_minimum_index().await?;
            let is_missed = |leaf: &&Leaf| leaf.index >= minimum && !rows.contains_key(&leaf.event_id);
            let missed: Vec<Uuid> = leaves.iter().filter(is_missed).map(|leaf| leaf.event_id).collect();
            let found = self.0.audit_rows_of_any_time(&missed).await?;
            rows.extend(found.into_iter().map(|row| (row.id, row)));
        }
        let entry_of = |Leaf { index, event_id, hash }| {
            let row = rows.remove(&event_id).map(|row| Content::Row(Box::new(row)));
            Entry { index, hash: Some(hash), event_id: Some(event_id), content: row.unwrap_or(Content::Gone) }
        };
        Ok(leaves.into_iter().map(entry_of).collect())
    }

    async fn nodes(&mut self, level: u8, range: Range<u64>) -> Result<Option<Vec<Option<Hash>>>, StoreFault> {
        let all = self.0.audit_hashes(level, range.clone()).await?;
        if all.len() as u64 == range.end - range.start {
            return Ok(Some(all.into_iter().map(Some).collect()));
        }
        // Which one is missing is told by asking for each.
        let mut each = Vec::new();
        for index in range {
            each.push(self.0.audit_hashes(level, index..index + 1).await?.pop());
        }
        Ok(Some(each))
    }
}

/// What is amiss among some events, and where to look on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amiss {
    /// How many events were looked at.
    pub looked_at: u64,
    /// Those that are neither in the tree nor pending, and those that are there once more.
    pub strays: Vec<Uuid>,
    /// Those whose time is not, to the letter, the one that their id carries.
    pub untimely: Vec<Uuid>,
    /// Those that are pending and not there.
    pub lost: Vec<Uuid>,
    /// The id from which on to look further, if more follow.
    pub next: Option<Uuid>,
}

/// The place of a hash that lies beyond the head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Beyond {
    /// 0 for a leaf; else it is of a subtree of 256^`level` leaves.
    pub level: u8,
    /// Which of its level.
    pub index: u64,
}

/// How many events are looked at together.
const AMISS_PAGE: u32 = 10_000;

/// What stands in a database beside its tree and does not belong there, at most about a hundred of it. Reads the keys of all
/// events, a page at a time, while the server may go on; `progress` is told how many have been looked at.
///
/// # Errors
/// Of the reading.
pub async fn beside_the_tree<S: AuditReads>(
    store: &S,
    mut progress: impl FnMut(u64),
) -> Result<Vec<Finding>, StoreFault> {
    let beyond = store.audit_beyond(MOST_FINDINGS as u32).await?;
    let mut found: Vec<Finding> =
        beyond.into_iter().map(|Beyond { level, index }| Finding::Beyond { level, index }).collect();
    let (mut next, mut looked_at) = (Some(Uuid::nil()), 0);
    while let Some(from) = next.filter(|_| found.len() < MOST_FINDINGS) {
        let amiss = store.audit_amiss(from, AMISS_PAGE).await?;
        found.extend(amiss.strays.into_iter().map(|id| Finding::Stray { id }));
        found.extend(amiss.untimely.into_iter().map(|id| Finding::Untimely { id }));
        found.extend(amiss.lost.into_iter().map(|id| Finding::Lost { id }));
        next = amiss.next;
        looked_at += amiss.looked_at;
        progress(looked_at);
    }
    Ok(found)
}

/// What a log is held to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// How many leaves it has.
    pub size: u64,
    /// The root that it says it has.
    pub root: Hash,
    /// Checkpoints that it must continue, whose signatures have been verified, each with what it is called.
    pub checkpoints: Vec<(&'static str, Checkpoint)>,
    /// The index below which it shows nothing, if it says so beside its events.
    pub minimum_index: Option<u64>,
}

/// Something that is not as the log promised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The bytes of an event are not those that went into the tree.
    EventChanged {
        /// Its leaf.
        index: u64,
        /// What it says it is.
        id: Option<Uuid>,
    },
    /// The bytes of a leaf's event are those of another event.
    EventMisplaced {
        /// The leaf.
        index: u64,
        /// The event that belongs there.
        id: Uuid,
        /// The event that is there.
        other: Uuid,
    },
    /// A column says something else than the event's bytes, which are as they were.
    ColumnChanged {
        /// The event's leaf.
        index: u64,
        /// The event.
        id: Uuid,
        /// The column.
        column: &'static str,
    },
    /// An event's content is gone before its time.
    EventGone {
        /// Its leaf.
        index: u64,
        /// The event, if the leaf says so.
        id: Option<Uuid>,
    },
    /// The content of several events that follow each other is gone before its time.
    EventsGone {
        /// Their leaves.
        leaves: Range<u64>,
    },
    /// The log shows nothing below an index that no event of it has ended.
    Denied {
        /// The index below which it shows nothing.
        minimum: u64,
        /// The one that its events say.
        logged: u64,
    },
    /// A leaf is gone.
    LeafGone {
        /// Which.
        index: u64,
    },
    /// The hash that is kept of a range of leaves is not the one that they have.
    RangeChanged {
        /// The leaves.
        leaves: Range<u64>,
    },
    /// The hash that should be kept of a range of leaves is not there.
    RangeUnkept {
        /// The leaves.
        leaves: Range<u64>,
    },
    /// The leaves do not have the root that the log says it has.
    RootOther {
        /// How many leaves.
        size: u64,
        /// How many of the first ones are those of a checkpoint.
        sure: u64,
    },
    /// The log is shorter than it was.
    WentBack {
        /// What the checkpoint is called.
        checkpoint: &'static str,
        /// How many leaves it has.
        kept: u64,
        /// How many the log has.
        size: u64,
    },
    /// The log does not have the past that a checkpoint says it has.
    Forked {
        /// What the checkpoint is called.
        checkpoint: &'static str,
        /// How many leaves it has.
        kept: u64,
        /// How many of the first ones are those of another checkpoint.
        sure: u64,
    },
    /// The log has no signed checkpoint, although there are events in its tree.
    Unsigned {
        /// How many leaves it has.
        size: u64,
    },
    /// An event that is neither in the tree nor waiting to be, or that is there once more beside the one which is.
    Stray {
        /// The event.
        id: Uuid,
    },
    /// The time of an event is not written as the server writes the time that the event's id carries.
    Untimely {
        /// The event.
        id: Uuid,
    },
    /// A leaf or a node that lies beyond the end of the log.
    Beyond {
        /// 0 for a leaf; else it is of a subtree of 256^`level` leaves.
        level: u8,
        /// Which of its level.
        index: u64,
    },
    /// An event that waits to be taken into the tree and is not there. As nobody can take it, nothing else is taken.
    Lost {
        /// The event.
        id: Uuid,
    },
}

impl Finding {
    /// Where the gap begins, if it is one of events that have no name and this leaf comes right after it.
    fn goes_on_at(&self, index: u64) -> Option<u64> {
        match self {
            Self::EventGone { index: last, id: None } if last + 1 == index => Some(*last),
            Self::EventsGone { leaves } if leaves.end == index => Some(leaves.start),
            _ => None,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |id: &Option<Uuid>| id.map(|id| format!(" ({id})")).unwrap_or_default();
        match self {
            Self::EventChanged { index, id } => {
                write!(
                    f,
                    "the event at index {index}{} was changed: its bytes do not have its leaf's hash",
                    named(id)
                )
            }
            Self::EventMisplaced { index, id, other } => {
                write!(f, "at index {index} there is the event {other} in the place of {id}")
            }
            Self::ColumnChanged { index, id, column } => write!(
                f,
                "the column {column} of the event at index {index} ({id}) does not say what the event's bytes say"
            ),
            Self::EventGone { index, id } => {
                write!(f, "the event at index {index}{} was removed before its time", named(id))
            }
            Self::EventsGone { leaves } => write!(
                f,
                "the events at index {} to {} were removed before their time",
                leaves.start,
                leaves.end.saturating_sub(1)
            ),
            Self::Denied { minimum, logged } => write!(
                f,
                "the log shows nothing below index {minimum}, and the events that say so (audit.pruned) end at {logged}: \
                 audit_retention was changed behind the server's back"
            ),
            Self::LeafGone { index } => write!(f, "the leaf {index} was removed"),
            Self::RangeChanged { leaves } => write!(
                f,
                "the leaves {} to {} do not have the hash that is kept of them: something among them was changed",
                leaves.start,
                leaves.end.saturating_sub(1)
            ),
            Self::RangeUnkept { leaves } => write!(
                f,
                "the hash of the leaves {} to {} was removed",
                leaves.start,
                leaves.end.saturating_sub(1)
            ),
            Self::RootOther { size, sure } => {
                write!(f, "the {size} leaves do not have the root that the log says it has{}", since(*sure))
            }
            Self::WentBack { checkpoint, kept, size } => {
                write!(f, "the log went back: it has {size} events, and {checkpoint} has {kept}")
            }
            Self::Forked { checkpoint, kept, sure } => {
                let since = since(*sure);
                write!(
                    f,
                    "the first {kept} events are not those of {checkpoint}: the log's past was changed{since}"
                )
            }
            Self::Unsigned { size } => write!(
                f,
                "{size} events are in the tree and no checkpoint of them is signed: it was removed, or the server was \
                 stopped before it could sign its first"
            ),
            Self::Stray { id } => {
                write!(
                    f,
                    "the event {id} is neither in the tree nor waiting to be, or is there twice: it was put there behind \
                     the server's back"
                )
            }
            Self::Untimely { id } => write!(
                f,
                "the column time of the event {id} is not the time that its id carries, as the server writes it: not every \
                 way of asking for the event finds it"
            ),
            Self::Beyond { level: 0, index } => write!(
                f,
                "the leaf {index} lies beyond the end of the log: it was put there behind the server's back"
            ),
            Self::Beyond { level, index } => write!(
                f,
                "the hash {index} of level {level} lies beyond the end of the log: it was put there behind the server's back"
            ),
            Self::Lost { id } => write!(
                f,
                "the event {id} waits to be taken into the tree and is gone: it was removed behind the server's back, and \
                 until that is looked into nothing comes into the tree; see docs/audit.md"
            ),
        }
    }
}

/// What is known of the beginning of a log whose hashes do not fit.
fn since(sure: u64) -> String {
    match sure {
        0 => String::new(),
        sure => format!(" (the first {sure} are as a checkpoint says)"),
    }
}

/// What came of a verification.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many leaves were read.
    pub leaves: u64,
    /// Of how many of them the event's own bytes were verified.
    pub contents: u64,
    /// Of how many the content is gone, as an event of the log says it may be.
    pub pruned: u64,
    /// The logs that this one continues, each with the leaf whose event says so.
    pub closed: Vec<(u64, Closed)>,
    /// What is wrong, at most a hundred of it.
    pub findings: Vec<Finding>,
    /// How much more is wrong.
    pub more: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds something that is wrong.
    pub fn find(&mut self, finding: Finding) {
        // Events that are gone side by side are one finding, so that a gap does not hide what comes after it.
        if let Finding::EventGone { index, id: None } = finding
            && let Some(last) = self.findings.last_mut()
            && let Some(start) = last.goes_on_at(index)
        {
            *last = Finding::EventsGone { leaves: start..index + 1 };
            return;
        }
        if self.findings.len() < MOST_FINDINGS {
            self.findings.push(finding);
        } else {
            self.more += 1;
        }
    }

    /// Whether what is wrong with an event has been found already, with its place.
    pub fn tells(&self, other: &Finding) -> bool {
        let Finding::Untimely { id: untimely } = other else { return false };
        self.findings.iter().any(
            |finding| matches!(finding, Finding::ColumnChanged { id, column: "time", .. } if id == untimely),
        )
    }

    /// Whether a range that is known to be wrong lies within this one.
    fn explains(&self, leaves: &Range<u64>) -> bool {
        let within = |inner: &Range<u64>| leaves.start <= inner.start && inner.end <= leaves.end;
        self.findings.iter().any(|finding| match finding {
            Finding::RangeChanged { leaves } => within(leaves),
            _ => false,
        })
    }
}

/// The members of an event that columns repeat, and the id.
#[derive(Deserialize)]
struct Repeated<'a> {
    id: Uuid,
    #[serde(borrow)]
    time: Cow<'a, str>,
    #[serde(borrow)]
    action: Cow<'a, str>,
    #[serde(borrow)]
    outcome: Cow<'a, str>,
    #[serde(borrow)]
    owner: Option<Cow<'a, str>>,
    #[serde(default)]
    actor: Party,
    #[serde(default)]
    subject: Party,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Party {
    agent_id: Option<Uuid>,
}

/// The id that an event's bytes say it has, if they are those of an event.
pub fn event_id(content: &[u8]) -> Option<Uuid> {
    serde_json::from_slice::<Repeated<'_>>(content).ok().map(|event| event.id)
}

/// The first column that does not repeat what the event's bytes say.
fn column_changed(row: &AuditRow) -> Option<&'static str> {
    let Ok(event) = serde_json::from_slice::<Repeated<'_>>(&row.content) else { return Some("content") };
    // To the last digit that the database has: by another time the event is not found.
    let time = DateTime::parse_from_rfc3339(&event.time).map(|time| time.with_timezone(&Utc));
    [
        ("id", row.id == event.id),
        ("time", time.is_ok_and(|time| row.time == time)),
        ("action", row.action == event.action),
        ("outcome", row.outcome == event.outcome),
        ("actor_id", row.actor_id.map(|id| id.0) == event.actor.agent_id),
        ("agent_id", row.agent_id.map(|id| id.0) == event.subject.agent_id),
        ("owner", row.owner.as_ref().map(|owner| owner.0.as_str()) == event.owner.as_deref()),
    ]
    .into_iter()
    .find_map(|(column, same)| (!same).then_some(column))
}

/// The index below which the content of events may be gone from now on, if the event says so.
pub(super) fn minimum_index_of(content: &[u8]) -> Option<u64> {
    #[derive(Deserialize)]
    struct Pruned<'a> {
        #[serde(borrow)]
        action: Cow<'a, str>,
        data: Data,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        minimum_index: u64,
    }
    // The action is the first member of the canonical form: the others need not be read.
    if !content.starts_with(PRUNED) {
        return None;
    }
    let event: Pruned<'_> = serde_json::from_slice(content).ok()?;
    (event.action == Action::AuditPruned.as_str()).then_some(event.data.minimum_index)
}

/// Reads a log from its first leaf to its last and says what is wrong with it. `progress` is told how many leaves have
/// been read.
///
/// # Errors
/// Of the reading.
pub async fn verify<S: Source>(
    source: &mut S,
    claims: &Claims,
    mut progress: impl FnMut(u64),
) -> Result<Report, S::Fault> {
    let mut report = Report::default();
    let mut frontier = Frontier::empty();
    let mut whole = true;
    // What the log itself says of its beginning: an event comes after all that it allows to be gone.
    let mut minimum_index = 0;
    for (name, checkpoint) in &claims.checkpoints {
        if checkpoint.size > claims.size {
            let (checkpoint, kept, size) = (*name, checkpoint.size, claims.size);
            report.find(Finding::WentBack { checkpoint, kept, size });
        }
    }
    // How many of the first leaves are those of a checkpoint.
    let mut sure = 0;
    continued(claims, &frontier, &mut sure, &mut report);

    let mut next = 0;
    while next < claims.size {
        let entries = source.entries(next, claims.size).await?;
        let Some(last) = entries.last().map(|entry| entry.index) else { break };
        // Of each level the index of the first subtree that these leaves complete, and the hashes from it on.
        let mut completed: BTreeMap<u8, (u64, Vec<Hash>)> = BTreeMap::new();
        for entry in entries {
            if entry.index != next {
                report.find(Finding::LeafGone { index: next });
                whole = false;
            }
            next = entry.index + 1;
            report.leaves += 1;
            minimum_index = minimum_index.max(entry.content.bytes().and_then(minimum_index_of).unwrap_or(0));
            report
                .closed
                .extend(entry.content.bytes().and_then(closed_of).map(|closed| (entry.index, closed)));
            let hash = entry_check(&entry, &mut report);
            let Some(hash) = hash.filter(|_| whole) else {
                whole = false;
                continue;
            };
            frontier.append(hash, |node, hash| {
                if node.height % TILE_HEIGHT == 0 {
                    let level = completed.entry(node.height / TILE_HEIGHT);
                    level.or_insert_with(|| (node.index, Vec::new())).1.push(hash);
                }
            });
            continued(claims, &frontier, &mut sure, &mut report);
        }
        for (level, (first, hashes)) in completed {
            ranges_check(source, level, first, &hashes, &mut report).await?;
        }
        progress(last + 1);
    }
    if next < claims.size {
        report.find(Finding::LeafGone { index: next });
        whole = false;
    }
    for index in minimum_index..report.pruned {
        report.find(Finding::EventGone { index, id: None });
    }
    if let Some(minimum) = claims.minimum_index.filter(|minimum| *minimum > minimum_index) {
        report.find(Finding::Denied { minimum, logged: minimum_index });
    }
    if !whole || frontier.root() != claims.root {
        report.find(Finding::RootOther { size: claims.size, sure });
    }
    Ok(report)
}

/// Compares the root with every checkpoint of this size; as long as none differs, all leaves are sure.
fn continued(claims: &Claims, frontier: &Frontier, sure: &mut u64, report: &mut Report) {
    for (name, checkpoint) in &claims.checkpoints {
        if checkpoint.size != frontier.size() {
            continue;
        }
        // What the log says it has now is compared at the end, and told once.
        let is_claimed = checkpoint.size == claims.size && checkpoint.root == claims.root;
        if checkpoint.root == frontier.root() {
            *sure = checkpoint.size;
        } else if !is_claimed {
            report.find(Finding::Forked { checkpoint: name, kept: checkpoint.size, sure: *sure });
        }
    }
}

/// Compares what is there of a leaf, and comes back with the hash that the tree is computed from: the one that is kept,
/// or else the one that the event has; nothing if there is neither.
fn entry_check(entry: &Entry, report: &mut Report) -> Option<Hash> {
    let index = entry.index;
    let (bytes, row) = match &entry.content {
        Content::Bytes(bytes) => (bytes, None),
        Content::Row(row) => (&row.content, Some(row)),
        Content::Gone => {
            // Only the beginning of a log can be gone; how much of it, is judged at the end.
            if index == report.pruned {
                report.pruned += 1;
            } else {
                report.find(Finding::EventGone { index, id: entry.event_id });
            }
            return entry.hash;
        }
        Content::Withheld => return entry.hash,
    };
    report.contents += 1;
    let hash = leaf_hash(bytes);
    if entry.hash.is_some_and(|kept| kept != hash) {
        let found = event_id(bytes);
        report.find(match (entry.event_id, found) {
            (Some(id), Some(other)) if id != other => Finding::EventMisplaced { index, id, other },
            (id, found) => Finding::EventChanged { index, id: id.or(found) },
        });
    } else if let Some(column) = row.and_then(|row| column_changed(row)) {
        let id = row.map(|row| row.id).unwrap_or_default();
        report.find(Finding::ColumnChanged { index, id, column });
    } else if let Some(id) = entry.event_id
        && let Some(other) = event_id(bytes)
        && id != other
    {
        report.find(Finding::EventMisplaced { index, id, other });
    }
    entry.hash.or(Some(hash))
}

/// Compares computed hashes of subtrees with those that are kept. A range that contains one that was found already says
/// nothing more.
async fn ranges_check<S: Source>(
    source: &mut S,
    level: u8,
    first: u64,
    hashes: &[Hash],
    report: &mut Report,
) -> Result<(), S::Fault> {
    let Some(kept) = source.nodes(level, first..first + hashes.len() as u64).await? else { return Ok(()) };
    let width = u64::from(TILE_WIDTH).pow(u32::from(level));
    for (offset, hash) in hashes.iter().enumerate() {
        let index = first + offset as u64;
        let leaves = index * width..(index + 1) * width;
        let Some(kept) = kept.get(offset) else { break };
        match *kept {
            None => report.find(Finding::RangeUnkept { leaves }),
            Some(kept) if kept != *hash && !report.explains(&leaves) => {
                report.find(Finding::RangeChanged { leaves });
            }
            Some(_) => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::Clock;
    use crate::crypto::Entropy;
    use crate::domain::agents::{AgentId, Owner};
    use crate::domain::audit::{Action, Actor, AuditEvent, Subject};
    use crate::domain::callers::AuthMethod;

    /// A log in memory, as its database would have it.
    #[derive(Clone)]
    struct Log {
        entries: Vec<Entry>,
        nodes: BTreeMap<u8, Vec<Hash>>,
        head: (u64, Hash),
        minimum_index: Option<u64>,
    }

    impl Log {
        fn of(size: u64) -> Self {
            Self::with(size, |_, event| event)
        }

        /// With what is done to each event before it is sealed; one with a minimum index says that it prunes.
        fn with(size: u64, change: impl Fn(u64, AuditEvent) -> AuditEvent) -> Self {
            let (clock, entropy) = (Clock::system(), Entropy::seeded(7));
            let head = (0, [0; 32]);
            let mut log = Self { entries: Vec::new(), nodes: BTreeMap::new(), head, minimum_index: None };
            let mut frontier = Frontier::empty();
            for index in 0..size {
                let actor = Actor {
                    agent_id: Some(AgentId(Uuid::from_u128(7))),
                    ..Actor::nameless(AuthMethod::Bearer)
                };
                let plain = AuditEvent::success(Action::AgentUpdated, actor);
                let changed = change(index, plain.clone());
                let pruning = AuditEvent::success(Action::AuditPruned, actor);
                let event = if changed == plain { plain } else { change(index, pruning) };
                let row = event
                    .on(Subject { agent_id: Some(AgentId(Uuid::from_u128(9))), ..Subject::default() })
                    .behind(&Owner("talent-team".into()))
                    .with("number", index)
                    .seal(&clock, &entropy)
                    .unwrap();
                let hash = leaf_hash(&row.content);
                frontier.append(hash, |node, hash| {
                    if node.height % TILE_HEIGHT == 0 {
                        log.nodes.entry(node.height / TILE_HEIGHT).or_default().push(hash);
                    }
                });
                let (event_id, content) = (Some(row.id), Content::Row(Box::new(row)));
                log.entries.push(Entry { index, hash: Some(hash), event_id, content });
            }
            log.head = (size, frontier.root());
            log
        }

        fn row(&mut self, index: u64) -> &mut AuditRow {
            match &mut self.entries[index as usize].content {
                Content::Row(row) => row,
                other => panic!("{other:?}"),
            }
        }

        fn checkpoint(&self, size: u64) -> Checkpoint {
            let mut frontier = Frontier::empty();
            for entry in &self.entries[..size as usize] {
                frontier.append(entry.hash.unwrap(), |_, _| {});
            }
            Checkpoint { origin: "example.com/audit".into(), size, root: frontier.root() }
        }

        fn found(&self, kept: &[Checkpoint]) -> Vec<Finding> {
            let (size, root) = self.head;
            let checkpoints = kept.iter().map(|kept| ("the kept checkpoint", kept.clone())).collect();
            let claims = Claims { size, root, checkpoints, minimum_index: self.minimum_index };
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let Ok(report) = runtime.block_on(verify(&mut self.clone(), &claims, |_| {}));
            report.findings
        }
    }

    impl Source for Log {
        type Fault = std::convert::Infallible;

        async fn entries(&mut self, from: u64, size: u64) -> Result<Vec<Entry>, Self::Fault> {
            let beyond = |entry: &&Entry| entry.index >= from && entry.index < size;
            Ok(self.entries.iter().filter(beyond).take(100).cloned().collect())
        }

        async fn nodes(
            &mut self,
            level: u8,
            range: Range<u64>,
        ) -> Result<Option<Vec<Option<Hash>>>, Self::Fault> {
            let kept = self.nodes.get(&level).map(Vec::as_slice).unwrap_or_default();
            Ok(Some(range.map(|index| kept.get(index as usize).copied()).collect()))
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn an_honest_log_passes_and_a_changed_byte_is_named(size in 1_u64..900, place: prop::sample::Index, bit in 0_u32..8) {
            let honest = Log::of(size);
            let kept = honest.checkpoint(place.index(size as usize + 1) as u64);
            prop_assert_eq!(honest.found(std::slice::from_ref(&kept)), vec![]);
            let index = place.index(size as usize) as u64;
            let mut changed = honest.clone();
            let row = changed.row(index);
            let (id, at) = (row.id, place.index(row.content.len()));
            row.content[at] ^= 1 << bit;
            let found = changed.found(&[]);
            let named = matches!(
                found.as_slice(),
                [Finding::EventChanged { index: named, .. }] if *named == index
            ) || matches!(
                found.as_slice(),
                [Finding::EventMisplaced { index: named, id: named_id, .. }] if *named == index && *named_id == id
            );
            prop_assert!(named, "{:?}", found);
        }
    }

    #[test]
    fn a_column_that_says_something_else_than_the_bytes_is_named() {
        let mut log = Log::of(5);
        log.row(3).owner = Some(Owner("somebody-else".into()));
        let id = log.row(3).id;
        assert_eq!(log.found(&[]), [Finding::ColumnChanged { index: 3, id, column: "owner" }]);
        let mut log = Log::of(5);
        log.row(2).actor_id = None;
        assert!(matches!(log.found(&[])[..], [Finding::ColumnChanged { index: 2, column: "actor_id", .. }]));
        for difference in [chrono::TimeDelta::milliseconds(1), chrono::TimeDelta::nanoseconds(-1)] {
            let mut log = Log::of(5);
            log.row(1).time += difference;
            assert!(matches!(log.found(&[])[..], [Finding::ColumnChanged { index: 1, column: "time", .. }]));
        }
    }

    #[test]
    fn an_event_that_was_removed_before_its_time_is_named_and_one_that_was_pruned_is_counted() {
        let mut log = Log::of(300);
        log.entries[7].content = Content::Gone;
        let id = log.entries[7].event_id;
        assert_eq!(log.found(&[]), [Finding::EventGone { index: 7, id }]);

        let mut log = Log::with(300, |index, event| match index {
            290 => event.with("minimumIndex", 256),
            _ => event,
        });
        for entry in &mut log.entries[..256] {
            entry.content = Content::Gone;
        }
        log.minimum_index = Some(256);
        assert_eq!(log.found(&[]), []);
        log.entries[256].content = Content::Gone;
        assert_eq!(log.found(&[]), [Finding::EventGone { index: 256, id: None }]);
        log.entries[257].content = Content::Gone;
        assert_eq!(log.found(&[]), [Finding::EventsGone { leaves: 256..258 }]);
    }

    #[test]
    fn events_without_a_name_that_are_gone_side_by_side_are_named_as_a_range() {
        let mut log = Log::of(300);
        for index in [7, 8, 9, 11, 250] {
            log.entries[index].content = Content::Gone;
            log.entries[index].event_id = None;
        }
        let gone = |index| Finding::EventGone { index, id: None };
        assert_eq!(log.found(&[]), [Finding::EventsGone { leaves: 7..10 }, gone(11), gone(250)]);
    }

    #[test]
    fn a_log_that_shows_less_than_its_events_say_is_found() {
        let mut log = Log::with(300, |index, event| match index {
            290 => event.with("minimumIndex", 256),
            _ => event,
        });
        // It has been recorded and not been done yet.
        log.minimum_index = Some(0);
        assert_eq!(log.found(&[]), []);
        log.minimum_index = Some(257);
        assert_eq!(log.found(&[]), [Finding::Denied { minimum: 257, logged: 256 }]);
    }

    #[test]
    fn a_leaf_that_was_removed_is_named_in_the_middle_and_at_the_end() {
        let mut log = Log::of(300);
        log.entries.remove(280);
        let found = log.found(&[]);
        assert_eq!(found, [Finding::LeafGone { index: 280 }, Finding::RootOther { size: 300, sure: 0 }]);
        let mut log = Log::of(300);
        log.entries.truncate(299);
        let found = log.found(&[]);
        assert_eq!(found, [Finding::LeafGone { index: 299 }, Finding::RootOther { size: 300, sure: 0 }]);
    }

    #[test]
    fn two_events_that_changed_places_are_named() {
        let mut log = Log::of(10);
        let (left, right) = (log.entries[2].content.clone(), log.entries[6].content.clone());
        (log.entries[2].content, log.entries[6].content) = (right, left);
        let found = log.found(&[]);
        assert!(
            matches!(
                found[..],
                [Finding::EventMisplaced { index: 2, .. }, Finding::EventMisplaced { index: 6, .. }]
            ),
            "{found:?}"
        );
    }

    #[test]
    fn a_leaf_that_was_changed_with_its_event_is_narrowed_down_to_the_smallest_range_that_is_kept() {
        let honest = Log::of(700);
        let mut log = honest.clone();
        let row = log.row(300);
        row.content.push(b' ');
        log.entries[300].hash = Some(leaf_hash(&log.row(300).content.clone()));
        let found = log.found(&[]);
        assert_eq!(
            found,
            [Finding::RangeChanged { leaves: 256..512 }, Finding::RootOther { size: 700, sure: 0 }]
        );
        // With the range's own hash changed as well, the checkpoint that somebody kept is what tells.
        let mut forged = log.clone();
        let mut frontier = Frontier::empty();
        forged.nodes.clear();
        for entry in &log.entries {
            frontier.append(entry.hash.unwrap(), |node, hash| {
                if node.height % TILE_HEIGHT == 0 {
                    forged.nodes.entry(node.height / TILE_HEIGHT).or_default().push(hash);
                }
            });
        }
        forged.head = (700, frontier.root());
        assert_eq!(forged.found(&[]), [], "nothing inside tells of a log that was made anew");
        let kept = honest.checkpoint(500);
        let forked = |sure| Finding::Forked { checkpoint: "the kept checkpoint", kept: 500, sure };
        assert_eq!(forged.found(std::slice::from_ref(&kept)), [forked(0)]);
        assert_eq!(forged.found(&[honest.checkpoint(300)]), [], "the change lies behind that one");
        // Between the last that it continues and the first that it does not.
        let more = [honest.checkpoint(200), kept, honest.checkpoint(300)];
        assert_eq!(forged.found(&more), [forked(300)]);
        forged.head.1[0] ^= 1;
        assert_eq!(forged.found(&more), [forked(300), Finding::RootOther { size: 700, sure: 300 }]);
    }

    #[test]
    fn a_hash_of_a_range_that_was_changed_or_removed_is_named() {
        let mut log = Log::of(600);
        log.nodes.get_mut(&1).unwrap()[1][0] ^= 1;
        assert_eq!(log.found(&[]), [Finding::RangeChanged { leaves: 256..512 }]);
        log.nodes.get_mut(&1).unwrap().pop();
        assert_eq!(log.found(&[]), [Finding::RangeUnkept { leaves: 256..512 }]);
    }

    #[test]
    fn a_log_that_went_back_is_found_by_a_checkpoint_that_was_kept() {
        let honest = Log::of(400);
        let kept = honest.checkpoint(400);
        let mut log = Log::of(0);
        log.entries = honest.entries[..390].to_vec();
        log.nodes = honest.nodes.clone();
        log.head = (390, honest.checkpoint(390).root);
        assert_eq!(log.found(&[]), [], "nothing inside tells");
        let back = Finding::WentBack { checkpoint: "the kept checkpoint", kept: 400, size: 390 };
        assert_eq!(log.found(&[kept]), [back]);
    }

    #[test]
    fn another_root_than_the_log_has_is_found() {
        let mut log = Log::of(3);
        log.head.1[0] ^= 1;
        assert_eq!(log.found(&[]), [Finding::RootOther { size: 3, sure: 0 }]);
        let mut empty = Log::of(0);
        assert_eq!(empty.found(&[]), []);
        empty.head.1[0] ^= 1;
        assert_eq!(empty.found(&[]), [Finding::RootOther { size: 0, sure: 0 }]);
    }
}
