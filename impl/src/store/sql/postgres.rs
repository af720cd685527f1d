//! What only PostgreSQL says.

use std::ops::Range;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::error::{DatabaseError, Error};
use sqlx::migrate::Migrator;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgDatabaseError, PgPoolOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Postgres, Row};
use uuid::Uuid;

use super::audit::events;
use super::bounded::{Readers, Tx, within};
use super::changes::changes_after;
use super::{PoolSettings, Power, Replication, SqlStore};
use crate::domain::audit::{AuditRow, time_of};
use crate::domain::log::Hash;
use crate::store::StoreFault;

pub(super) use super::migrations::POSTGRES as MIGRATIONS;

queries! {
    /// Holds an agent against other writers, those of its credentials included.
    AGENT_HOLD = "SELECT 1 FROM agents WHERE id = $1 AND owner = COALESCE($2, owner) FOR UPDATE";
    /// Holds a credential against other writers.
    CREDENTIAL_HOLD = "SELECT 1 FROM credentials WHERE agent_id = $1 AND id = $2 FOR UPDATE";
    /// Holds the active credentials of an agent, in the order in which whoever writes several takes them.
    CREDENTIALS_HOLD =
        "SELECT 1 FROM credentials WHERE agent_id = $1 AND status = 'active' ORDER BY id FOR UPDATE";
    /// Credentials that are over, each claimed once; what somebody holds is passed over.
    CREDENTIAL_EXPIRE =
        "UPDATE credentials SET expiry_noted_at = $1 \
         WHERE expiry_noted_at IS NULL AND id IN (SELECT id FROM credentials \
         WHERE expires_at <= $1 AND status = 'active' AND expiry_noted_at IS NULL ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) \
         RETURNING id AS credential_id, agent_id AS credential_agent_id, label AS credential_label, \
         expires_at AS credential_expires_at, (SELECT a.owner FROM agents a WHERE a.id = agent_id) AS owner";
    /// Changes, and whether this is a standby.
    CHANGES_AFTER = concat!("SELECT pg_is_in_recovery()", changes_after!());
    /// The time there.
    NOW = "SELECT clock_timestamp()";
    /// Makes months.
    AUDIT_PARTITIONS_ENSURE = "SELECT audit_partitions_ensure($1)";
    /// Removes the content of the next leaves.
    AUDIT_ERASE = "SELECT audit_erase($1)";
    /// Drops months.
    AUDIT_PARTITIONS_DROP = "SELECT audit_partitions_drop()";
    /// Whom this follows, who follows it, and what a commit waits for.
    REPLICATION =
        "SELECT pg_is_in_recovery(), (SELECT COUNT(*) FROM pg_stat_replication), current_setting('synchronous_standby_names') <> '' \
         AND current_setting('synchronous_commit') NOT IN ('off', 'local'), \
         current_setting('synchronous_commit') <> 'off' AND current_setting('fsync') = 'on'";
    /// Whether the role that asks is a superuser, or may do what the tables' owner may, or may change what the audit log holds.
    POWER =
        "SELECT (SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = current_user), \
         (SELECT pg_has_role(current_user, c.relowner, 'MEMBER') FROM pg_class c WHERE c.oid = 'audit_events'::regclass), \
         has_table_privilege('audit_events', 'UPDATE, DELETE, TRUNCATE, TRIGGER') \
         OR has_table_privilege('audit_leaves', 'UPDATE, DELETE, TRUNCATE, TRIGGER')";
    /// Whether no migration has ever run.
    MIGRATIONS_ARE_NEW = "SELECT to_regclass('_sqlx_migrations') IS NULL";
    /// Events, as arrays of their columns. A trigger adds the pending rows of those that were not there.
    AUDIT_APPEND =
        "INSERT INTO audit_events (id, time, action, outcome, actor_id, agent_id, owner, content) \
         SELECT * FROM UNNEST($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::uuid[], $6::uuid[], $7::text[], \
         $8::bytea[]) ON CONFLICT (id, time) DO NOTHING";
    /// The content of events; the span of their times names the partitions.
    AUDIT_ROWS = concat!(events!(), " WHERE id = ANY($1) AND time >= $2 AND time <= $3");
    /// The same, wherever they are.
    AUDIT_ROWS_OF_ANY_TIME = concat!(events!(), " WHERE id = ANY($1)");
    /// Which leaves events have.
    AUDIT_LEAF_INDEXES = "SELECT event_id, leaf_index FROM audit_leaves WHERE event_id = ANY($1)";
    /// Who integrates, for the length of a transaction. The number is the lock's name, and no other lock's.
    AUDIT_CLAIM = "SELECT pg_try_advisory_xact_lock(7305247601)";
    /// Leaves from an index on, as arrays of their columns.
    AUDIT_LEAVES_INSERT =
        "INSERT INTO audit_leaves (leaf_index, event_id, hash) \
         SELECT $1 + l.number - 1, l.event_id, l.hash \
         FROM UNNEST($2::uuid[], $3::bytea[]) WITH ORDINALITY AS l (event_id, hash, number)";
    /// Takes events off the pending ones, each by the index: the planner, who has no figures for a table that is empty
    /// most of the time, would read all that was ever removed since the last vacuum.
    AUDIT_PENDING_REMOVE = "DELETE FROM audit_pending WHERE event_id = ANY($1)";
    /// Nodes, as arrays of their columns.
    AUDIT_NODES_INSERT =
        "INSERT INTO audit_nodes (level, node_index, hash) SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::bytea[])";
}

/// How long a connection may have idled before it is asked whether it is still there. In between, a broken one fails the
/// statement that uses it; asking before every statement would double the round trips.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);

/// How long a connection may take to say that it is still there.
const THERE_WITHIN: Duration = Duration::from_secs(1);

/// How much longer than PostgreSQL works on a statement its answer is waited for.
const ON_THE_WAY: Duration = Duration::from_millis(500);

/// How long a transaction may idle. Whoever stops in the middle of one must not hold the change feed, and with it everybody
/// who writes, for longer; no transaction of ours waits for anything but the database.
const IDLE_IN_TRANSACTION: Duration = Duration::from_secs(2);

pub(super) async fn connect(url: &str, settings: &PoolSettings) -> Result<SqlStore<Postgres>, StoreFault> {
    let milliseconds = |timeout: Duration| timeout.as_millis().to_string();
    let options: PgConnectOptions = url
        .parse::<PgConnectOptions>()?
        .application_name("agentidp")
        .options([
            ("statement_timeout", milliseconds(settings.statement_timeout)),
            ("idle_in_transaction_session_timeout", milliseconds(IDLE_IN_TRANSACTION)),
        ])
        .disable_statement_logging();
    let pool = PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout)
        .test_before_acquire(false)
        .before_acquire(|connection, about| {
            Box::pin(async move {
                if about.idle_for > TRUSTED_IDLE {
                    is_there(connection).await?;
                }
                Ok(true)
            })
        })
        // The pool asks again, without an end; what was lost on the way is found here.
        .after_release(|connection, _| {
            Box::pin(async move {
                is_there(connection).await?;
                Ok(true)
            })
        })
        .connect_with(options)
        .await?;
    let readers = Readers { pool: pool.clone(), bound: Some(settings.statement_timeout + ON_THE_WAY) };
    Ok(SqlStore { readers, writers: pool })
}

pub(super) async fn apart(store: &SqlStore<Postgres>, connections: u32) -> Result<SqlStore<Postgres>, Error> {
    let (options, to) =
        (store.writers.options().clone(), PgConnectOptions::clone(&store.writers.connect_options()));
    let pool = options.max_connections(connections).connect_with(to).await?;
    Ok(SqlStore { readers: Readers { pool: pool.clone(), bound: store.readers.bound }, writers: pool })
}

/// Fails if the connection does not answer in time; the pool then ends it.
async fn is_there(connection: &mut PgConnection) -> Result<(), Error> {
    within(Some(THERE_WITHIN), connection.ping()).await
}

/// On a connection of its own: migrations may take longer than a statement may, and a failed one must not leave the lock
/// that several nodes wait for with a connection of the pool.
pub(super) async fn migrate(store: &SqlStore<Postgres>, migrator: &Migrator) -> Result<(), StoreFault> {
    let options =
        PgConnectOptions::clone(&store.writers.connect_options()).options([("statement_timeout", "0")]);
    let mut connection: PgConnection = options.connect().await?;
    let done = migrator.run(&mut connection).await;
    connection.close().await?;
    Ok(done?)
}

pub(super) async fn replication(store: &SqlStore<Postgres>) -> Result<Replication, StoreFault> {
    let (follows, standbys, waits, durable) = sqlx::query_as(REPLICATION).fetch_one(&store.readers).await?;
    Ok(Replication { follows, standbys, waits, durable })
}

pub(super) async fn power(store: &SqlStore<Postgres>) -> Result<Power, StoreFault> {
    let (superuser, owner, changes) = sqlx::query_as(POWER).fetch_one(&store.readers).await?;
    Ok(match (superuser, owner, changes) {
        (true, _, _) => Power::Superuser,
        (_, true, _) => Power::Owner,
        (_, _, true) => Power::Changes,
        _ => Power::Little,
    })
}

pub(super) async fn begin(store: &SqlStore<Postgres>) -> Result<Tx<Postgres>, Error> {
    // One bound for both, the wait for a connection and the statement that begins: whoever waits for the transaction has no
    // patience for one after the other.
    let (bound, pool) = (store.readers.bound, store.writers.clone());
    // On a task of its own, which comes to its end whoever has no more use for it: sqlx leaves a transaction open whose
    // beginning is given up half-way, and gives the connection to the next with that transaction.
    let beginning = tokio::spawn(async move { within(bound, pool.begin()).await });
    Ok(Tx::new(beginning.await.unwrap_or(Err(Error::WorkerCrashed))?, bound))
}

/// Waits for other writers of an agent behind the wall of an owner, if one is given, and holds it until the transaction
/// ends. `false` if there is none.
pub(super) async fn agent_hold(tx: &mut Tx<Postgres>, id: Uuid, within: Option<&str>) -> Result<bool, Error> {
    Ok(sqlx::query(AGENT_HOLD).bind(id).bind(within).fetch_optional(&mut **tx).await?.is_some())
}

/// The same of a credential of an agent.
pub(super) async fn credential_hold(tx: &mut Tx<Postgres>, agent_id: Uuid, id: Uuid) -> Result<bool, Error> {
    Ok(sqlx::query(CREDENTIAL_HOLD).bind(agent_id).bind(id).fetch_optional(&mut **tx).await?.is_some())
}

/// The same of all active credentials of an agent.
pub(super) async fn credentials_hold(tx: &mut Tx<Postgres>, agent_id: Uuid) -> Result<(), Error> {
    sqlx::query(CREDENTIALS_HOLD).bind(agent_id).execute(&mut **tx).await?;
    Ok(())
}

/// One column of rows, as an array.
fn column<'r, R, T>(rows: &'r [R], value: impl FnMut(&'r R) -> T) -> Vec<T> {
    rows.iter().map(value).collect()
}

/// All rows in one statement, whose text does not depend on how many they are.
pub(super) async fn audit_append(tx: &mut Tx<Postgres>, rows: &[AuditRow]) -> Result<(), Error> {
    if rows.is_empty() {
        return Ok(());
    }
    sqlx::query(AUDIT_APPEND)
        .bind(column(rows, |row| row.id))
        .bind(column(rows, |row| row.time))
        .bind(column(rows, |row| row.action.as_str()))
        .bind(column(rows, |row| row.outcome.as_str()))
        .bind(column(rows, |row| row.actor_id.map(|id| id.0)))
        .bind(column(rows, |row| row.agent_id.map(|id| id.0)))
        .bind(column(rows, |row| row.owner.as_ref().map(|owner| owner.0.as_str())))
        .bind(column(rows, |row| row.content.as_slice()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// All contents in one statement.
pub(super) async fn audit_rows(readers: &Readers<Postgres>, ids: &[Uuid]) -> Result<Vec<PgRow>, Error> {
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else { return Ok(Vec::new()) };
    sqlx::query(AUDIT_ROWS).bind(ids).bind(time_of(*first)).bind(time_of(*last)).fetch_all(readers).await
}

/// Which leaves events have.
pub(super) async fn audit_leaf_indexes(
    readers: &Readers<Postgres>,
    ids: &[Uuid],
) -> Result<Vec<PgRow>, Error> {
    sqlx::query(AUDIT_LEAF_INDEXES).bind(ids).fetch_all(readers).await
}

/// The same as [`audit_rows`], also those whose time is not their id's.
pub(super) async fn audit_rows_of_any_time(
    readers: &Readers<Postgres>,
    ids: &[Uuid],
) -> Result<Vec<PgRow>, Error> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    sqlx::query(AUDIT_ROWS_OF_ANY_TIME).bind(ids).fetch_all(readers).await
}

/// Whether the column `time` is that time. It is one, and has no other way to be written.
pub(super) fn is_timely(row: &PgRow, time: DateTime<Utc>) -> Result<bool, Error> {
    Ok(row.try_get::<DateTime<Utc>, _>("time")? == time)
}

/// Whether this transaction, and no other, may integrate.
pub(super) async fn audit_claim(tx: &mut Tx<Postgres>) -> Result<bool, Error> {
    sqlx::query_scalar(AUDIT_CLAIM).fetch_one(&mut **tx).await
}

/// Adds leaves from an index on, in one statement.
pub(super) async fn audit_leaves_insert(
    tx: &mut Tx<Postgres>,
    from: i64,
    leaves: &[(Uuid, Hash)],
) -> Result<(), Error> {
    sqlx::query(AUDIT_LEAVES_INSERT)
        .bind(from)
        .bind(column(leaves, |(id, _)| *id))
        .bind(column(leaves, |(_, hash)| hash.as_slice()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// Takes the events of leaves off the pending ones; answers how many there were.
pub(super) async fn audit_pending_remove(
    tx: &mut Tx<Postgres>,
    _: Range<i64>,
    leaves: &[(Uuid, Hash)],
) -> Result<u64, Error> {
    let ids = column(leaves, |(id, _)| *id);
    Ok(sqlx::query(AUDIT_PENDING_REMOVE).bind(ids).execute(&mut **tx).await?.rows_affected())
}

/// Adds nodes, in one statement.
pub(super) async fn audit_nodes_insert(
    tx: &mut Tx<Postgres>,
    nodes: &[(u8, i64, Hash)],
) -> Result<(), Error> {
    if nodes.is_empty() {
        return Ok(());
    }
    sqlx::query(AUDIT_NODES_INSERT)
        .bind(column(nodes, |(level, _, _)| i64::from(*level)))
        .bind(column(nodes, |(_, index, _)| *index))
        .bind(column(nodes, |(_, _, hash)| hash.as_slice()))
        .execute(&mut **tx)
        .await?;
    Ok(())
}

/// By the function that belongs to the owner of the tables.
pub(super) async fn audit_erase(tx: &mut Tx<Postgres>, leaves: i64) -> Result<i64, Error> {
    let leaves = i32::try_from(leaves).unwrap_or(i32::MAX);
    sqlx::query_scalar(AUDIT_ERASE).bind(leaves).fetch_one(&mut **tx).await
}

/// By the function that belongs to the owner of the tables.
pub(super) async fn audit_partitions_drop(tx: &mut Tx<Postgres>) -> Result<u32, Error> {
    let dropped: i32 = sqlx::query_scalar(AUDIT_PARTITIONS_DROP).fetch_one(&mut **tx).await?;
    Ok(u32::try_from(dropped).unwrap_or_default())
}

/// By the function that belongs to the owner of the tables.
pub(super) async fn audit_partitions_ensure(tx: &mut Tx<Postgres>, months_ahead: u32) -> Result<u32, Error> {
    let months_ahead = i32::try_from(months_ahead).unwrap_or(i32::MAX);
    let made: i32 =
        sqlx::query_scalar(AUDIT_PARTITIONS_ENSURE).bind(months_ahead).fetch_one(&mut **tx).await?;
    Ok(u32::try_from(made).unwrap_or_default())
}

/// Whether trying again later may help, by the class of the SQLSTATE (PostgreSQL, appendix A).
pub(super) fn is_unavailable(error: &(dyn DatabaseError + 'static)) -> bool {
    let Some(error) = error.try_downcast_ref::<PgDatabaseError>() else { return false };
    matches!(
        error.code(),
        // A standby or a server made read-only; a conflict or a deadlock with another transaction; a lock not got in time;
        // a statement cancelled, as by its time-out; a transaction that idled too long; a server that stops or starts.
        "25006" | "25P03" | "40001" | "40P01" | "55P03" | "57014" | "57P01" | "57P02" | "57P03" | "57P05"
    ) || ["08", "53", "58"].iter().any(|class| error.code().starts_with(class))
}
