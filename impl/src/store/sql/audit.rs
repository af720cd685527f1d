//! The audit log in SQL.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Database;
use uuid::Uuid;

use super::query::{Fields, Listing};
use super::{SqlStore, SqlUnit};
use crate::domain::agents::{AgentId, Owner};
use crate::domain::audit::{AuditFilter, AuditRow};
use crate::store::StoreFault;
use crate::store::audit::{AuditReads, AuditWrites};

/// What makes an event.
macro_rules! events {
    () => {
        "SELECT id, time, action, outcome, actor_id, agent_id, owner, content FROM audit_events"
    };
}

queries! {
    /// One event, behind the wall of an owner if one is given: what has no owner is behind nobody's.
    AUDIT_GET =
        concat!(events!(), " WHERE id = $1 AND time = $2 AND owner IS NOT DISTINCT FROM COALESCE($3, owner)");
    /// Events, to be narrowed.
    AUDIT_LIST = events!();
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

/// The millisecond that an UUIDv7 carries.
fn milliseconds_of(id: Uuid) -> i64 {
    i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX)
}

/// Refuses events whose id and time differ: the pair is the key, and only an id that has one time is unique by it.
fn check_times(rows: &[AuditRow]) -> Result<(), StoreFault> {
    match rows.iter().find(|row| row.time != time_of(row.id)) {
        Some(row) => Err(StoreFault::Refused(format!("the time of audit event {} is not the id's", row.id))),
        None => Ok(()),
    }
}

/// The time that an UUIDv7 carries.
fn time_of(id: Uuid) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(milliseconds_of(id)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

/// The first whole millisecond that is not before a time.
fn milliseconds_from(time: DateTime<Utc>) -> i64 {
    (time + TimeDelta::nanoseconds(999_999)).timestamp_millis()
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
    }

    /// The conditions of a filter.
    fn narrow(list: &mut Listing<Db>, filter: &AuditFilter, after: Option<Uuid>) {
        list.narrow();
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

    impl AuditWrites for SqlUnit<Db> {
        async fn audit_append(&mut self, rows: &[AuditRow]) -> Result<(), StoreFault> {
            check_times(rows)?;
            Ok(dialect::audit_append(&mut self.tx, rows).await?)
        }
    }
}
