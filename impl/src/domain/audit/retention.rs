//! The end of what events say, once their time is over: the content of whole entry bundles, and never the hashes.
//!
//! An event says up to where ([`Action::AuditPruned`]). Once it is in the tree, the minimum index rises to there and what
//! lies below is shown to nobody; a week later the database lets it be removed.

use std::num::NonZeroU32;

use chrono::{DateTime, TimeDelta, Utc};
use uuid::Uuid;

use super::log::LogFault;
use super::verify::minimum_index_of;
use super::{Action, Actor, AuditEvent, AuditFilter, time_of};
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::domain::callers::AuthMethod;
use crate::domain::log::tiles::TILE_WIDTH;
use crate::store::audit::{AuditReads, AuditWrites};
use crate::store::{Store, StoreFault, Unit};

/// How many leaves one event ends at most: the database looks at each of them, within the time of a statement.
const MOST_LEAVES: u64 = 1 << 20;

/// How many leaves are read together: so many bundles are whole.
const PAGE: u64 = 16 * TILE_WIDTH as u64;

/// How many leaves' content one transaction removes, a bundle: on SQLite it holds up every other writer, and on PostgreSQL,
/// whose trigger looks at every row, a busy database must get there within the time of a statement.
const BATCH: u32 = TILE_WIDTH as u32;

/// What a round of the retention came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pruned {
    /// Nothing is over, beyond what is denied already.
    Nothing,
    /// An event was recorded that ends what lies below this index; it is not in the tree yet.
    Recorded(u64),
    /// From now on what lies below this index is denied.
    Denied {
        /// The minimum index.
        minimum_index: u64,
        /// Whether more may be over than one event ends.
        more: bool,
    },
    /// Somebody else works on the log.
    Busy,
}

/// One round: denies what a recorded event has ended, or records the end of what is older than so many days. Whoever does
/// it at the same time as others does nothing.
pub async fn prune<S: Store>(
    store: &S,
    days: NonZeroU32,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Pruned, LogFault> {
    let minimum = store.audit_minimum_index().await?;
    if let Some((event_id, index)) = last_recorded(store).await?
        && index > minimum
    {
        if store.audit_leaf_index(event_id).await?.is_none() {
            return Ok(Pruned::Recorded(index));
        }
        let mut unit = store.begin().await?;
        unit.audit_minimum_raise(index, event_id).await?;
        fault_point!("deny.written");
        unit.commit().await?;
        fault_point!("deny.committed");
        return Ok(Pruned::Denied { minimum_index: index, more: index - minimum >= MOST_LEAVES });
    }
    let before = clock.now() - TimeDelta::days(i64::from(days.get()));
    let expired = expired_index(store, minimum, before).await?;
    if expired == minimum {
        return Ok(Pruned::Nothing);
    }
    let event = AuditEvent::success(Action::AuditPruned, Actor::nameless(AuthMethod::System))
        .with("minimumIndex", expired)
        .with("retentionDays", days.get())
        .seal(clock, entropy)?;
    let mut unit = store.begin().await?;
    // Others are kept out until the commit, so what they recorded before is seen now.
    if !unit.audit_claim().await? || last_recorded(store).await?.is_some_and(|(_, index)| index >= expired) {
        return Ok(Pruned::Busy);
    }
    unit.audit_append(&[event]).await?;
    fault_point!("prune.written");
    unit.commit().await?;
    fault_point!("prune.committed");
    Ok(Pruned::Recorded(expired))
}

/// The last event that ended anything, if it is not over itself, and the index that it says.
async fn last_recorded<S: AuditReads>(store: &S) -> Result<Option<(Uuid, u64)>, StoreFault> {
    let pruned = Action::AuditPruned.as_str().to_owned();
    let filter = AuditFilter { action: Some(pruned), ..AuditFilter::default() };
    let last = store.audit_list(&filter, None, 1).await?.pop();
    Ok(last.and_then(|row| minimum_index_of(&row.content).map(|index| (row.id, index))))
}

/// The end of the whole bundles from an index on all of whose events are from before a time.
async fn expired_index<S: AuditReads>(
    store: &S,
    from: u64,
    before: DateTime<Utc>,
) -> Result<u64, StoreFault> {
    let width = u64::from(TILE_WIDTH);
    let mut end = from;
    while end - from < MOST_LEAVES {
        let leaves = store.audit_leaves(end..end + PAGE).await?;
        let over = leaves
            .chunks(usize::from(TILE_WIDTH))
            .take_while(|bundle| {
                bundle.len() == usize::from(TILE_WIDTH)
                    && bundle.iter().all(|leaf| time_of(leaf.event_id) < before)
            })
            .count() as u64;
        end += over * width;
        if over * width < PAGE {
            break;
        }
    }
    Ok(end)
}

/// Removes the content of what was denied a week ago, with the months that have nothing left; answers of how many leaves.
pub async fn erase<S: Store>(store: &S) -> Result<u64, StoreFault> {
    let mut erased = 0;
    loop {
        let mut unit = store.begin().await?;
        let leaves = unit.audit_erase(BATCH).await?;
        if leaves == 0 {
            break;
        }
        fault_point!("erase.written");
        unit.commit().await?;
        fault_point!("erase.committed");
        erased += leaves;
        if leaves < u64::from(BATCH) {
            break;
        }
    }
    // Each time: what was left for another time, or by a server that ended here, is nobody else's to do.
    let mut unit = store.begin().await?;
    unit.audit_partitions_drop().await?;
    fault_point!("drop.written");
    unit.commit().await?;
    fault_point!("drop.committed");
    Ok(erased)
}
