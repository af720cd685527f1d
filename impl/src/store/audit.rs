//! What the memory promises about the audit log.

use std::collections::HashMap;
use std::future::Future;
use std::ops::Range;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreFault;
use crate::domain::agents::Owner;
use crate::domain::audit::log::{Batch, Head, Leaf, StoredLogKey};
use crate::domain::audit::verify::{Amiss, Beyond};
use crate::domain::audit::{AuditFilter, AuditRow};
use crate::domain::log::{Checkpoint, Hash};

/// Reading the audit log.
pub trait AuditReads {
    /// The event of that id, if its leaf does not lie below the minimum index and, with `within` set, it stands behind that
    /// owner's wall.
    fn audit_get(
        &self,
        id: Uuid,
        within: Option<&Owner>,
    ) -> impl Future<Output = Result<Option<AuditRow>, StoreFault>> + Send;

    /// Events that pass the filter, newest first (by descending id), those after `after` (exclusive), at most `limit`. Those
    /// whose leaf lies below the minimum index are left out.
    fn audit_list(
        &self,
        filter: &AuditFilter,
        after: Option<Uuid>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<AuditRow>, StoreFault>> + Send;

    /// The size and the root of the tree, as the last integration committed them.
    fn audit_head(&self) -> impl Future<Output = Result<Head, StoreFault>> + Send;

    /// The ids of events that are not in the tree yet, by rising id, at most `limit`.
    fn audit_pending(&self, limit: u32) -> impl Future<Output = Result<Vec<Uuid>, StoreFault>> + Send;

    /// The events of these ids, in any order, whatever the minimum index. Those whose content has been removed are left out.
    fn audit_rows(&self, ids: &[Uuid]) -> impl Future<Output = Result<Vec<AuditRow>, StoreFault>> + Send;

    /// The same, also those whose time is not the one that their id carries, which no way of the server's leads to. Looks
    /// for each wherever events are kept.
    fn audit_rows_of_any_time(
        &self,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<Vec<AuditRow>, StoreFault>> + Send;

    /// What no way of the server's leads to among the events whose ids follow, from `from` on: it looks at so many (at least
    /// 2), and at what is pending among them. What is taken into the tree meanwhile is not amiss.
    fn audit_amiss(&self, from: Uuid, events: u32) -> impl Future<Output = Result<Amiss, StoreFault>> + Send;

    /// Leaves and nodes that lie beyond the head, which no way of the server's leads to, in their order, at most `limit`.
    fn audit_beyond(&self, limit: u32) -> impl Future<Output = Result<Vec<Beyond>, StoreFault>> + Send;

    /// The ids of pending events that are not there, which no way of the server's leads to, by rising id, at most `limit`.
    fn audit_lost(&self, limit: u32) -> impl Future<Output = Result<Vec<Uuid>, StoreFault>> + Send;

    /// The leaves of these indexes, in their order; those beyond the tree are left out.
    fn audit_leaves(&self, range: Range<u64>) -> impl Future<Output = Result<Vec<Leaf>, StoreFault>> + Send;

    /// The hashes of the complete subtrees of 256^`level` leaves of these indexes, in their order; those that are not
    /// complete are left out. Level 0 are the leaves.
    fn audit_hashes(
        &self,
        level: u8,
        range: Range<u64>,
    ) -> impl Future<Output = Result<Vec<Hash>, StoreFault>> + Send;

    /// Which leaves events have; those that are not in the tree are left out.
    fn audit_leaf_indexes(
        &self,
        ids: &[Uuid],
    ) -> impl Future<Output = Result<HashMap<Uuid, u64>, StoreFault>> + Send;

    /// Which leaf an event has, if it is in the tree.
    fn audit_leaf_index(&self, id: Uuid) -> impl Future<Output = Result<Option<u64>, StoreFault>> + Send;

    /// The minimum index: what the events say whose leaves lie below it is shown to nobody, and may have been removed.
    fn audit_minimum_index(&self) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// The key of the log of that name.
    fn audit_key_get(
        &self,
        origin: &str,
    ) -> impl Future<Output = Result<Option<StoredLogKey>, StoreFault>> + Send;

    /// The key of every log that there was, by their names.
    fn audit_key_list(&self) -> impl Future<Output = Result<Vec<StoredLogKey>, StoreFault>> + Send;

    /// The last checkpoint of the log of that name, as a signed note.
    fn audit_checkpoint_get(
        &self,
        origin: &str,
    ) -> impl Future<Output = Result<Option<String>, StoreFault>> + Send;
}

/// Writing the audit log; there is no changing, and no removing but of what a logged event has ended.
pub trait AuditWrites {
    /// Adds events, each with its pending row. An event whose id is there already is passed over, so that a batch whose
    /// commit had an unknown outcome can be written again. An event whose time is not the one that its id carries is
    /// refused: of such ids the database could not tell that they are there already.
    fn audit_append(&mut self, rows: &[AuditRow]) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Claims the integration for this transaction. `false`, at once, if another node holds it. Nothing depends on it: it
    /// saves the work of an integration that would lose its compare-and-swap.
    fn audit_claim(&mut self) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Moves the head from where it was expected, adds the leaves and the nodes, and takes the events off the pending ones.
    /// `false`, and nothing written, if the head is not where it was expected; of concurrent twins exactly one gets `true`,
    /// and the other waits for it.
    ///
    /// Fails if one of the events was not pending.
    fn audit_integrate(&mut self, batch: &Batch) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Names the log that has no name yet, with its key. `false`, and nothing written, if it has one; of concurrent twins
    /// exactly one gets `true`.
    fn audit_key_insert_first(
        &mut self,
        key: &StoredLogKey,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Gives the log another name, with its key, and leaves its head where it is. `false`, and nothing written, if the head
    /// is not where it was expected.
    ///
    /// Fails with [`StoreFault::Refused`] if a log has had that name.
    fn audit_rename(
        &mut self,
        from: &Head,
        key: &StoredLogKey,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Puts what was sealed anew in the place of the sealed private part of a log's key. `false`, and nothing written, if
    /// another one is there than was expected.
    fn audit_key_reseal(
        &mut self,
        origin: &str,
        before: &[u8],
        sealed: &[u8],
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Keeps a checkpoint in place of the log's last one. `false`, and nothing written, if that is of the same size or
    /// greater.
    fn audit_checkpoint_put(
        &mut self,
        checkpoint: &Checkpoint,
        note: &str,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Raises the minimum index by word of an event. `false`, and nothing written, if it is not lower.
    ///
    /// Fails with [`StoreFault::Refused`] unless the event is an `audit.pruned` of this index, in the tree behind all that
    /// it ends, and newer than all of it.
    fn audit_minimum_raise(
        &mut self,
        minimum_index: u64,
        event_id: Uuid,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Removes the content of the next events, those of at most so many leaves (from 1 to 100,000), as far as a minimum
    /// index goes whose event is a week old by the database's own clock; answers how many leaves it went past, 0 if nothing
    /// is left. Hashes stay.
    fn audit_erase(&mut self, leaves: u32) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// Takes away the months whose content has all been removed, where events are kept by month; answers how many. One that
    /// somebody works with is left for another time.
    fn audit_partitions_drop(&mut self) -> impl Future<Output = Result<u32, StoreFault>> + Send;

    /// Makes what the events of this month and of so many months ahead (at most 120) are kept in, where they are kept by
    /// month; answers how many months it made.
    fn audit_partitions_ensure(
        &mut self,
        months_ahead: u32,
    ) -> impl Future<Output = Result<u32, StoreFault>> + Send;
}
