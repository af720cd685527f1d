//! The audit log in SQL.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::{Database, Row};
use uuid::Uuid;

use super::bounded::Tx;
use super::query::{Fields, Listing};
use super::{SqlStore, SqlUnit};
use crate::domain::agents::{AgentId, Owner};
use crate::domain::audit::log::{Batch, Head, Leaf, StoredLogKey};
use crate::domain::audit::verify::{Amiss, Beyond};
use crate::domain::audit::{AuditFilter, AuditRow, time_of};
use crate::domain::log::{Checkpoint, Hash};
use crate::store::StoreFault;
use crate::store::audit::{AuditReads, AuditWrites};

/// What makes an event.
macro_rules! events {
    () => {
        "SELECT id, time, action, outcome, actor_id, agent_id, owner, content FROM audit_events"
    };
}

pub(super) use events;

/// What is true of an event that may be shown. (A subquery for each row: a join would read the leaves of every event.)
macro_rules! shown {
    () => {
        "COALESCE((SELECT l.leaf_index FROM audit_leaves l WHERE l.event_id = audit_events.id), 9223372036854775807) \
         >= (SELECT r.minimum_index FROM audit_retention r WHERE r.singleton = 1)"
    };
}

queries! {
    /// One event, behind the wall of an owner if one is given: what has no owner is behind nobody's.
    AUDIT_GET =
        concat!(events!(), " WHERE id = $1 AND time = $2 AND owner IS NOT DISTINCT FROM COALESCE($3, owner) AND ", shown!());
    /// Events, to be narrowed.
    AUDIT_LIST = events!();
    /// The head of the tree.
    AUDIT_HEAD_GET = "SELECT tree_size, root_hash, origin FROM audit_head WHERE singleton = 1";
    /// What is to be integrated next.
    AUDIT_PENDING_LIST = "SELECT event_id FROM audit_pending ORDER BY event_id LIMIT $1";
    /// Leaves.
    AUDIT_LEAF_LIST =
        "SELECT leaf_index, event_id, hash FROM audit_leaves WHERE leaf_index >= $1 AND leaf_index < $2 \
         ORDER BY leaf_index";
    /// The hashes of leaves alone.
    AUDIT_LEAF_HASHES =
        "SELECT leaf_index AS node_index, hash FROM audit_leaves WHERE leaf_index >= $1 AND leaf_index < $2 \
         ORDER BY leaf_index";
    /// The hashes of complete subtrees of one level.
    AUDIT_NODE_HASHES =
        "SELECT node_index, hash FROM audit_nodes WHERE node_index >= $1 AND node_index < $2 AND level = $3 \
         ORDER BY node_index";
    /// The keys of events, from an id on.
    AUDIT_ID_LIST = "SELECT id, time FROM audit_events WHERE id >= $1 ORDER BY id, time LIMIT $2";
    /// Which events of a span of ids are pending.
    AUDIT_PENDING_SPAN = "SELECT event_id FROM audit_pending WHERE event_id >= $1 AND event_id <= $2";
    /// Which events of a span of ids are in the tree. (A leaf beyond the head is not.)
    AUDIT_LEAF_SPAN =
        "SELECT event_id FROM audit_leaves WHERE event_id >= $1 AND event_id <= $2 \
         AND leaf_index < (SELECT tree_size FROM audit_head WHERE singleton = 1)";
    /// Leaves and nodes that lie beyond the head.
    AUDIT_BEYOND =
        "SELECT 0 AS level, leaf_index AS node_index FROM audit_leaves \
         WHERE leaf_index >= (SELECT tree_size FROM audit_head WHERE singleton = 1) \
         UNION ALL SELECT level, node_index FROM audit_nodes \
         WHERE node_index >= (SELECT tree_size FROM audit_head WHERE singleton = 1) >> CAST(8 * level AS integer) \
         ORDER BY level, node_index LIMIT $1";
    /// Pending events that are not there.
    AUDIT_LOST =
        "SELECT p.event_id FROM audit_pending p \
         WHERE NOT EXISTS (SELECT 1 FROM audit_events e WHERE e.id = p.event_id) ORDER BY p.event_id LIMIT $1";
    /// From where on every event has its content.
    AUDIT_MINIMUM_INDEX = "SELECT minimum_index FROM audit_retention WHERE singleton = 1";
    /// From there on.
    AUDIT_MINIMUM_RAISE =
        "UPDATE audit_retention SET minimum_index = $1, event_id = $2 WHERE singleton = 1 AND minimum_index < $1";
    /// The key of a log.
    AUDIT_KEY_GET = "SELECT origin, verifier, private_key_sealed, created_at FROM audit_keys WHERE origin = $1";
    /// The key of every log.
    AUDIT_KEY_LIST = "SELECT origin, verifier, private_key_sealed, created_at FROM audit_keys ORDER BY origin";
    /// A private part that was sealed anew.
    AUDIT_KEY_RESEAL =
        "UPDATE audit_keys SET private_key_sealed = $3 WHERE origin = $1 AND private_key_sealed = $2";
    /// The key of a log that has none.
    AUDIT_KEY_INSERT =
        "INSERT INTO audit_keys (origin, verifier, private_key_sealed, created_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (origin) DO NOTHING";
    /// Gives the log its name.
    AUDIT_HEAD_NAME = "UPDATE audit_head SET origin = $1 WHERE singleton = 1 AND origin IS NULL";
    /// Gives the log another name.
    AUDIT_HEAD_RENAME =
        "UPDATE audit_head SET origin = $1 WHERE singleton = 1 AND tree_size = $2 AND root_hash = $3 AND origin = $4";
    /// Moves the head from where it was; holds it until the transaction ends.
    AUDIT_HEAD_MOVE =
        "UPDATE audit_head SET tree_size = $1, root_hash = $2, updated_at = $3 \
         WHERE singleton = 1 AND tree_size = $4 AND root_hash = $5 AND origin = $6";
    /// The last checkpoint of a log.
    AUDIT_CHECKPOINT_GET = "SELECT note FROM audit_checkpoints WHERE origin = $1";
    /// A checkpoint in place of a smaller one.
    AUDIT_CHECKPOINT_UPDATE =
        "UPDATE audit_checkpoints SET tree_size = $2, note = $3, signed_at = $4 WHERE origin = $1 AND tree_size < $2";
    /// The first checkpoint of a log.
    AUDIT_CHECKPOINT_INSERT =
        "INSERT INTO audit_checkpoints (origin, tree_size, note, signed_at) SELECT $1, $2, $3, $4 \
         WHERE NOT EXISTS (SELECT 1 FROM audit_checkpoints WHERE origin = $1) ON CONFLICT (origin) DO NOTHING";
}

/// The beginning of two lists in one.
const EITHER: &str = concat!("SELECT * FROM (SELECT * FROM (", events!());
/// Between the two.
const OR: &str = concat!(") own UNION ALL SELECT * FROM (", events!());
/// The end.
const IN_ONE: &str = ") others) events";

/// The order of the pages.
const NEWEST_FIRST: &str = "id DESC";

/// The outcome of most events, for which there is no index.
const SUCCESS: &str = "success";

/// The least UUIDv7 of a millisecond (RFC 9562 §5.7), whatever its version and variant bits: the ids of the events of
/// that time and later are not below it.
fn least_id(milliseconds: i64) -> Uuid {
    let milliseconds = u128::try_from(milliseconds).unwrap_or_default();
    Uuid::from_u128(milliseconds << 80)
}

/// Refuses events whose id and time differ: the pair is the key, and only an id that has one time is unique by it.
fn check_times(rows: &[AuditRow]) -> Result<(), StoreFault> {
    match rows.iter().find(|row| row.time != time_of(row.id)) {
        Some(row) => Err(StoreFault::Refused(format!("the time of audit event {} is not the id's", row.id))),
        None => Ok(()),
    }
}

/// A size or an index as the databases have it.
fn whole(number: u64) -> Result<i64, StoreFault> {
    i64::try_from(number).map_err(|_| StoreFault::Refused(format!("no log has {number} leaves")))
}

/// The first whole millisecond that is not before a time.
fn milliseconds_from(time: DateTime<Utc>) -> i64 {
    (time + TimeDelta::nanoseconds(999_999)).timestamp_millis()
}

/// A span of ids, and the keys of all events in it.
struct Span<'k> {
    keys: &'k [(Uuid, bool)],
    /// The last id that belongs to it.
    last: Uuid,
    /// The first one that does not, if there is more.
    next: Option<Uuid>,
}

impl<'k> Span<'k> {
    /// The span of keys from an id on; `is_cut_off` says that more may follow. Then the last id is left for the next span,
    /// because it may be there once more.
    fn of(keys: &'k [(Uuid, bool)], from: Uuid, is_cut_off: bool) -> Self {
        let all = Self { keys, last: Uuid::max(), next: None };
        let Some((last, _)) = keys.last().filter(|_| is_cut_off) else { return all };
        let before = keys.partition_point(|(id, _)| id < last);
        if before > 0 {
            let end = Uuid::from_u128(last.as_u128().saturating_sub(1));
            return Self { keys: &keys[..before], last: end.max(from), next: Some(*last) };
        }
        // So many of one id that there is room for no other: it has been told, and the next one follows.
        Self { keys, last: *last, next: last.as_u128().checked_add(1).map(Uuid::from_u128) }
    }
}

on_both! {
    impl AuditReads for SqlStore<Db> {
        async fn audit_get(&self, id: Uuid, within: Option<&Owner>) -> Result<Option<AuditRow>, StoreFault> {
            let row = sqlx::query(AUDIT_GET)
                .bind(id)
                .bind(time_of(id))
                .bind(within.map(|owner| owner.0.as_str()))
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(event_of).transpose()
        }

        async fn audit_list(
            &self,
            filter: &AuditFilter,
            after: Option<Uuid>,
            limit: u32,
        ) -> Result<Vec<AuditRow>, StoreFault> {
            let mut list;
            match filter.actor_id {
                // What an agent did to itself has the agent's index, the rest of what it did has the actor's.
                Some(actor_id) if filter.agent_id.is_none() => {
                    list = Listing::<Db>::new(EITHER);
                    narrow(&mut list, filter, after);
                    list.only("agent_id =", Some(actor_id.0));
                    list.page(NEWEST_FIRST, limit);
                    list.text(OR);
                    narrow(&mut list, filter, after);
                    list.only_if(true, "actor_id IS DISTINCT FROM agent_id");
                    list.page(NEWEST_FIRST, limit);
                    list.text(IN_ONE);
                }
                _ => {
                    list = Listing::<Db>::new(AUDIT_LIST);
                    narrow(&mut list, filter, after);
                }
            }
            list.page(NEWEST_FIRST, limit);
            let rows = list.build().fetch_all(&self.readers).await?;
            rows.iter().map(event_of).collect()
        }

        async fn audit_head(&self) -> Result<Head, StoreFault> {
            let row = sqlx::query(AUDIT_HEAD_GET).fetch_one(&self.readers).await?;
            let fields = Fields::new::<i64>(&row, "audit_head", "", "tree_size");
            Ok(Head { size: number(&fields, "tree_size")?, root: hash(&fields, "root_hash")?, origin: fields.get("origin")? })
        }

        async fn audit_pending(&self, limit: u32) -> Result<Vec<Uuid>, StoreFault> {
            Ok(sqlx::query_scalar(AUDIT_PENDING_LIST).bind(i64::from(limit)).fetch_all(&self.readers).await?)
        }

        async fn audit_rows(&self, ids: &[Uuid]) -> Result<Vec<AuditRow>, StoreFault> {
            dialect::audit_rows(&self.readers, ids).await?.iter().map(event_of).collect()
        }

        async fn audit_rows_of_any_time(&self, ids: &[Uuid]) -> Result<Vec<AuditRow>, StoreFault> {
            dialect::audit_rows_of_any_time(&self.readers, ids).await?.iter().map(event_of).collect()
        }

        async fn audit_amiss(&self, from: Uuid, events: u32) -> Result<Amiss, StoreFault> {
            // In this order, so that an event that goes from the pending ones into the tree is seen here or there.
            let rows =
                sqlx::query(AUDIT_ID_LIST).bind(from).bind(i64::from(events)).fetch_all(&self.readers).await?;
            let keys = rows.iter().map(timely_id_of).collect::<Result<Vec<_>, _>>()?;
            let span = Span::of(&keys, from, rows.len() as u64 == u64::from(events));
            let among = async |sql: &'static str| {
                let ids = sqlx::query_scalar(sql).bind(from).bind(span.last).fetch_all(&self.readers).await?;
                Ok::<HashSet<Uuid>, StoreFault>(ids.into_iter().collect())
            };
            let (pending, leaves) = (among(AUDIT_PENDING_SPAN).await?, among(AUDIT_LEAF_SPAN).await?);
            let mut amiss = Amiss { looked_at: span.keys.len() as u64, next: span.next, ..Amiss::default() };
            let mut there = HashSet::new();
            for (id, is_timely) in span.keys {
                let is_known = pending.contains(id) || leaves.contains(id);
                // The key is the pair, so the tables alone do not forbid an id that is there with another time as well.
                if !there.insert(*id) || !is_known {
                    amiss.strays.push(*id);
                }
                if !is_timely {
                    amiss.untimely.push(*id);
                }
            }
            // What was added since the events were read is pending, and there.
            let unseen: Vec<Uuid> = pending.difference(&there).copied().collect();
            let rows = self.audit_rows_of_any_time(&unseen).await?;
            there.extend(rows.into_iter().map(|row| row.id));
            amiss.lost.extend(unseen.into_iter().filter(|id| !there.contains(id)));
            amiss.lost.sort_unstable();
            Ok(amiss)
        }

        async fn audit_beyond(&self, limit: u32) -> Result<Vec<Beyond>, StoreFault> {
            let rows = sqlx::query(AUDIT_BEYOND).bind(i64::from(limit)).fetch_all(&self.readers).await?;
            let beyond_of = |row| {
                let fields = Fields::new::<i64>(row, "audit_nodes", "", "node_index");
                let level = number(&fields, "level")?;
                let level = u8::try_from(level).map_err(|error| fields.corrupt("level", error))?;
                Ok(Beyond { level, index: number(&fields, "node_index")? })
            };
            rows.iter().map(beyond_of).collect()
        }

        async fn audit_lost(&self, limit: u32) -> Result<Vec<Uuid>, StoreFault> {
            Ok(sqlx::query_scalar(AUDIT_LOST).bind(i64::from(limit)).fetch_all(&self.readers).await?)
        }

        async fn audit_leaves(&self, range: Range<u64>) -> Result<Vec<Leaf>, StoreFault> {
            let rows = sqlx::query(AUDIT_LEAF_LIST)
                .bind(whole(range.start)?)
                .bind(whole(range.end)?)
                .fetch_all(&self.readers)
                .await?;
            let leaf_of = |row| {
                let fields = Fields::new::<i64>(row, "audit_leaves", "", "leaf_index");
                Ok(Leaf {
                    index: number(&fields, "leaf_index")?,
                    event_id: fields.get("event_id")?,
                    hash: hash(&fields, "hash")?,
                })
            };
            rows.iter().map(leaf_of).collect()
        }

        async fn audit_hashes(&self, level: u8, range: Range<u64>) -> Result<Vec<Hash>, StoreFault> {
            let mut query = sqlx::query(if level == 0 { AUDIT_LEAF_HASHES } else { AUDIT_NODE_HASHES })
                .bind(whole(range.start)?)
                .bind(whole(range.end)?);
            if level > 0 {
                query = query.bind(i64::from(level));
            }
            let rows = query.fetch_all(&self.readers).await?;
            let table = if level == 0 { "audit_leaves" } else { "audit_nodes" };
            rows.iter().map(|row| hash(&Fields::new::<i64>(row, table, "", "node_index"), "hash")).collect()
        }

        async fn audit_leaf_indexes(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>, StoreFault> {
            let rows = dialect::audit_leaf_indexes(&self.readers, ids).await?;
            let index_of = |row| {
                let fields = Fields::new::<i64>(row, "audit_leaves", "", "leaf_index");
                Ok((fields.get("event_id")?, number(&fields, "leaf_index")?))
            };
            rows.iter().map(index_of).collect()
        }

        async fn audit_leaf_index(&self, id: Uuid) -> Result<Option<u64>, StoreFault> {
            Ok(self.audit_leaf_indexes(&[id]).await?.remove(&id))
        }

        async fn audit_minimum_index(&self) -> Result<u64, StoreFault> {
            let row = sqlx::query(AUDIT_MINIMUM_INDEX).fetch_one(&self.readers).await?;
            number(&Fields::new::<i64>(&row, "audit_retention", "", "minimum_index"), "minimum_index")
        }

        async fn audit_key_get(&self, origin: &str) -> Result<Option<StoredLogKey>, StoreFault> {
            let row = sqlx::query(AUDIT_KEY_GET).bind(origin).fetch_optional(&self.readers).await?;
            row.as_ref().map(key_of).transpose()
        }

        async fn audit_key_list(&self) -> Result<Vec<StoredLogKey>, StoreFault> {
            sqlx::query(AUDIT_KEY_LIST).fetch_all(&self.readers).await?.iter().map(key_of).collect()
        }

        async fn audit_checkpoint_get(&self, origin: &str) -> Result<Option<String>, StoreFault> {
            Ok(sqlx::query_scalar(AUDIT_CHECKPOINT_GET).bind(origin).fetch_optional(&self.readers).await?)
        }
    }

    /// The key of a row of [`AUDIT_KEY_GET`] or [`AUDIT_KEY_LIST`].
    fn key_of(row: &<Db as Database>::Row) -> Result<StoredLogKey, StoreFault> {
        Ok(StoredLogKey {
            origin: row.try_get("origin")?,
            verifier: row.try_get("verifier")?,
            private_key_sealed: row.try_get("private_key_sealed")?,
            created_at: row.try_get("created_at")?,
        })
    }

    /// A size or an index, which is not below zero.
    fn number(fields: &Fields<'_, <Db as Database>::Row>, column: &'static str) -> Result<u64, StoreFault> {
        let number: i64 = fields.get(column)?;
        u64::try_from(number).map_err(|_| fields.corrupt(column, format!("{number} is below zero")))
    }

    /// A hash, which has 32 bytes.
    fn hash(fields: &Fields<'_, <Db as Database>::Row>, column: &'static str) -> Result<Hash, StoreFault> {
        let hash: &[u8] = fields.get(column)?;
        hash.try_into().map_err(|_| fields.corrupt(column, format!("it has {} bytes", hash.len())))
    }

    /// The conditions of a filter.
    fn narrow(list: &mut Listing<Db>, filter: &AuditFilter, after: Option<Uuid>) {
        list.narrow();
        list.only_if(true, shown!());
        list.only("owner =", filter.owner.as_ref().map(|owner| owner.0.as_str()));
        list.only("agent_id =", filter.agent_id.map(|id| id.0));
        list.only("actor_id =", filter.actor_id.map(|id| id.0));
        list.only("action =", filter.action.as_deref());
        list.only("outcome =", filter.outcome.as_deref());
        // Said apart, so that the planner sees that the index of what is no success has it.
        list.only_if(
            filter.outcome.as_deref().is_some_and(|outcome| outcome != SUCCESS),
            "outcome <> 'success'",
        );
        // Each bound is said of the time, for the partitions, and of the id, for the order within them.
        list.only("time >=", filter.from);
        list.only("id >=", filter.from.map(|from| least_id(milliseconds_from(from))));
        list.only("time <", filter.to);
        list.only("id <", filter.to.map(|to| least_id(milliseconds_from(to))));
        list.only("time <=", after.map(time_of));
        list.only("id <", after);
    }

    /// The id in a row of [`AUDIT_ID_LIST`], and whether its time is the id's, to the letter.
    fn timely_id_of(row: &<Db as Database>::Row) -> Result<(Uuid, bool), StoreFault> {
        let id = Fields::of_uuid(row, "audit_events", "", "id").get("id")?;
        Ok((id, dialect::is_timely(row, time_of(id))?))
    }

    /// The event of a row of [`AUDIT_GET`] or [`AUDIT_LIST`].
    fn event_of(row: &<Db as Database>::Row) -> Result<AuditRow, StoreFault> {
        let fields = Fields::of_uuid(row, "audit_events", "", "id");
        Ok(AuditRow {
            id: fields.get("id")?,
            time: fields.get("time")?,
            action: fields.get("action")?,
            outcome: fields.get("outcome")?,
            actor_id: fields.get::<Option<_>>("actor_id")?.map(AgentId),
            agent_id: fields.get::<Option<_>>("agent_id")?.map(AgentId),
            owner: fields.get::<Option<_>>("owner")?.map(Owner),
            content: fields.get("content")?,
        })
    }

    /// Adds the key of a log that has none.
    async fn key_insert(
        tx: &mut Tx<Db>,
        key: &StoredLogKey,
    ) -> Result<(), StoreFault> {
        let added = sqlx::query(AUDIT_KEY_INSERT)
            .bind(key.origin.as_str())
            .bind(key.verifier.as_str())
            .bind(key.private_key_sealed.as_slice())
            .bind(key.created_at)
            .execute(&mut **tx)
            .await?;
        match added.rows_affected() {
            0 => Err(StoreFault::Refused(format!("there was a log {} before", key.origin))),
            _ => Ok(()),
        }
    }

    impl AuditWrites for SqlUnit<Db> {
        async fn audit_append(&mut self, rows: &[AuditRow]) -> Result<(), StoreFault> {
            check_times(rows)?;
            Ok(dialect::audit_append(&mut self.tx, rows).await?)
        }

        async fn audit_claim(&mut self) -> Result<bool, StoreFault> {
            Ok(dialect::audit_claim(&mut self.tx).await?)
        }

        async fn audit_integrate(&mut self, batch: &Batch) -> Result<bool, StoreFault> {
            let (from, to) = (whole(batch.from.size)?, whole(batch.to.size)?);
            let moved = sqlx::query(AUDIT_HEAD_MOVE)
                .bind(to)
                .bind(batch.to.root.as_slice())
                .bind(batch.at)
                .bind(from)
                .bind(batch.from.root.as_slice())
                .bind(batch.from.origin.as_deref())
                .execute(&mut *self.tx)
                .await?;
            if moved.rows_affected() == 0 {
                return Ok(false);
            }
            fault_point!("integrate.moved");
            dialect::audit_leaves_insert(&mut self.tx, from, &batch.leaves).await?;
            fault_point!("integrate.leaves");
            dialect::audit_nodes_insert(&mut self.tx, &batch.nodes).await?;
            fault_point!("integrate.nodes");
            let removed = dialect::audit_pending_remove(&mut self.tx, from..to, &batch.leaves).await?;
            if removed != batch.leaves.len() as u64 {
                let taken = batch.leaves.len();
                return Err(StoreFault::Refused(format!("of {taken} audit events {removed} were pending")));
            }
            Ok(true)
        }

        async fn audit_key_insert_first(&mut self, key: &StoredLogKey) -> Result<bool, StoreFault> {
            let named = sqlx::query(AUDIT_HEAD_NAME).bind(key.origin.as_str()).execute(&mut *self.tx).await?;
            if named.rows_affected() == 0 {
                return Ok(false);
            }
            key_insert(&mut self.tx, key).await?;
            Ok(true)
        }

        async fn audit_rename(&mut self, from: &Head, key: &StoredLogKey) -> Result<bool, StoreFault> {
            let renamed = sqlx::query(AUDIT_HEAD_RENAME)
                .bind(key.origin.as_str())
                .bind(whole(from.size)?)
                .bind(from.root.as_slice())
                .bind(from.origin.as_deref())
                .execute(&mut *self.tx)
                .await?;
            if renamed.rows_affected() == 0 {
                return Ok(false);
            }
            key_insert(&mut self.tx, key).await?;
            Ok(true)
        }

        async fn audit_key_reseal(
            &mut self,
            origin: &str,
            before: &[u8],
            sealed: &[u8],
        ) -> Result<bool, StoreFault> {
            let reseal = sqlx::query(AUDIT_KEY_RESEAL).bind(origin).bind(before).bind(sealed);
            Ok(reseal.execute(&mut *self.tx).await?.rows_affected() == 1)
        }

        async fn audit_checkpoint_put(
            &mut self,
            checkpoint: &Checkpoint,
            note: &str,
            at: DateTime<Utc>,
        ) -> Result<bool, StoreFault> {
            for sql in [AUDIT_CHECKPOINT_UPDATE, AUDIT_CHECKPOINT_INSERT] {
                let done = sqlx::query(sql)
                    .bind(checkpoint.origin.as_str())
                    .bind(whole(checkpoint.size)?)
                    .bind(note)
                    .bind(at)
                    .execute(&mut *self.tx)
                    .await?;
                if done.rows_affected() == 1 {
                    return Ok(true);
                }
            }
            Ok(false)
        }

        async fn audit_minimum_raise(&mut self, minimum_index: u64, event_id: Uuid) -> Result<bool, StoreFault> {
            let raised = sqlx::query(AUDIT_MINIMUM_RAISE)
                .bind(whole(minimum_index)?)
                .bind(event_id)
                .execute(&mut *self.tx)
                .await?;
            Ok(raised.rows_affected() == 1)
        }

        async fn audit_erase(&mut self, leaves: u32) -> Result<u64, StoreFault> {
            let erased = dialect::audit_erase(&mut self.tx, i64::from(leaves)).await?;
            Ok(u64::try_from(erased).unwrap_or_default())
        }

        async fn audit_partitions_drop(&mut self) -> Result<u32, StoreFault> {
            Ok(dialect::audit_partitions_drop(&mut self.tx).await?)
        }

        async fn audit_partitions_ensure(&mut self, months_ahead: u32) -> Result<u32, StoreFault> {
            Ok(dialect::audit_partitions_ensure(&mut self.tx, months_ahead).await?)
        }
    }
}
