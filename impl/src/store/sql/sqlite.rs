//! What only SQLite says.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::ops::Range;
use std::path::Path;
use std::sync::LazyLock;

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::error::{DatabaseError, Error};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, Sqlite};
use uuid::Uuid;

use super::audit::events;
use super::bounded::{Readers, Tx};
use super::changes::changes_after;
use super::{PoolSettings, SqlStore};
use crate::domain::audit::AuditRow;
use crate::domain::log::Hash;
use crate::store::StoreFault;

pub(super) use super::migrations::SQLITE as MIGRATIONS;

queries! {
    /// Credentials that are over; whoever writes is alone.
    CREDENTIAL_EXPIRE =
        "UPDATE credentials SET expiry_noted_at = $1 \
         WHERE expiry_noted_at IS NULL AND id IN (SELECT id FROM credentials \
         WHERE expires_at <= $1 AND status = 'active' AND expiry_noted_at IS NULL ORDER BY expires_at LIMIT $2) \
         RETURNING id AS credential_id, agent_id AS credential_agent_id, label AS credential_label, \
         expires_at AS credential_expires_at, (SELECT a.owner FROM agents a WHERE a.id = agent_id) AS owner";
    /// Changes; a file follows no other.
    CHANGES_AFTER = concat!("SELECT FALSE", changes_after!());
    /// The time there, which is the time here.
    NOW = "SELECT NULL";
    /// Whether no migration has ever run.
    MIGRATIONS_ARE_NEW = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
    /// Up to where content has been removed, and up to where it may be.
    AUDIT_ERASE_SPAN =
        "SELECT r.erased_index, e.erasable_index FROM audit_retention r, audit_erasable e WHERE r.singleton = 1";
    /// Removes the content of leaves.
    AUDIT_ERASE =
        "DELETE FROM audit_events \
         WHERE id IN (SELECT event_id FROM audit_leaves WHERE leaf_index >= $1 AND leaf_index < $2)";
    /// Says that it was removed.
    AUDIT_ERASED = "UPDATE audit_retention SET erased_index = $1 WHERE singleton = 1";
    /// Events, to be followed by their rows. A trigger passes over those that are there already, and another adds the
    /// pending rows of the others.
    AUDIT_APPEND =
        "INSERT INTO audit_events (id, time, action, outcome, actor_id, agent_id, owner, content) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    /// Leaves, to be followed by their rows.
    AUDIT_LEAVES_INSERT = "INSERT INTO audit_leaves (leaf_index, event_id, hash) VALUES (?, ?, ?)";
    /// Takes the events of leaves off the pending ones.
    AUDIT_PENDING_REMOVE =
        "DELETE FROM audit_pending WHERE event_id IN \
         (SELECT event_id FROM audit_leaves WHERE leaf_index >= $1 AND leaf_index < $2)";
    /// A node.
    AUDIT_NODE_INSERT = "INSERT INTO audit_nodes (level, node_index, hash) VALUES ($1, $2, $3)";
}

/// A statement in the making.
type SqliteQuery<'q> = sqlx::query::Query<'q, Sqlite, <Sqlite as sqlx::Database>::Arguments>;

/// How many rows go into one statement: a batch is written by as many of the greatest as fit, then of the next, so that
/// few texts are prepared and prepared once.
const BATCH_SIZES: [usize; 4] = [64, 16, 4, 1];

/// An `INSERT` of one row for each of the [`BATCH_SIZES`]. (None of its placeholders has a number: beside one that has,
/// sqlx would count those without from 1 again.)
fn batches(insert: &str) -> [String; 4] {
    let row = insert.rsplit_once("VALUES ").map(|(_, row)| format!(", {row}")).unwrap_or_default();
    BATCH_SIZES.map(|size| format!("{insert}{}", row.repeat(size - 1)))
}

/// [`AUDIT_APPEND`] for each of the [`BATCH_SIZES`].
static AUDIT_APPEND_BATCHES: LazyLock<[String; 4]> = LazyLock::new(|| batches(AUDIT_APPEND));

/// [`AUDIT_LEAVES_INSERT`] for each of the [`BATCH_SIZES`].
static AUDIT_LEAVES_BATCHES: LazyLock<[String; 4]> = LazyLock::new(|| batches(AUDIT_LEAVES_INSERT));

/// Of how many events one statement reads; the last id is repeated where there are fewer.
const ROWS_AT_ONCE: usize = 64;

/// So many ids, in a statement.
fn of_ids(select: &str, column: &str) -> String {
    format!("{select} WHERE {column} IN (?{})", ", ?".repeat(ROWS_AT_ONCE - 1))
}

/// So many events.
static AUDIT_ROWS: LazyLock<String> = LazyLock::new(|| of_ids(events!(), "id"));

/// Which leaves they have.
static AUDIT_LEAF_INDEXES: LazyLock<String> =
    LazyLock::new(|| of_ids("SELECT event_id, leaf_index FROM audit_leaves", "event_id"));

/// More readers than this gain nothing on one file.
const MAX_READERS: u32 = 4;

/// The statement that begins a transaction: with the write lock, so that it cannot fail for it later.
const BEGIN: &str = "BEGIN IMMEDIATE";

/// Has the next statements overwrite what they remove.
const OVERWRITE: &str = "PRAGMA secure_delete = ON";

/// Ends that: from then on only what is written anyway is overwritten.
const OVERWRITE_NO_MORE: &str = "PRAGMA secure_delete = FAST";

/// What the write-ahead log may keep on the disk after it has been emptied.
const JOURNAL_SIZE_LIMIT: &str = "67108864";

pub(super) async fn connect(url: &str, settings: &PoolSettings) -> Result<SqlStore<Sqlite>, StoreFault> {
    if url.contains(":memory:") || url.contains("mode=memory") {
        let text = "a SQLite database needs a file: one in memory would be another for every connection";
        return Err(StoreFault::Refused(text.to_owned()));
    }
    let options: SqliteConnectOptions = url
        .parse::<SqliteConnectOptions>()?
        .foreign_keys(true)
        .busy_timeout(settings.acquire_timeout)
        .disable_statement_logging();
    make_file(options.get_filename())?;

    let pool = || {
        SqlitePoolOptions::new()
            .acquire_timeout(settings.acquire_timeout)
            // A connection to a file does not go away, and opening one costs more than keeping it.
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    let writer = options
        .clone()
        .journal_mode(SqliteJournalMode::Wal)
        // A commit is on the disk when it is answered.
        .synchronous(SqliteSynchronous::Full)
        .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT)
        // What moves to another page leaves no copy on the old one, which nothing would remove later.
        .pragma("secure_delete", "FAST");
    let writers = pool().max_connections(1).connect_with(writer).await?;
    let reader = options.pragma("query_only", "ON");
    let readers =
        pool().max_connections(settings.max_connections.clamp(1, MAX_READERS)).connect_with(reader).await?;
    // A file does not fall silent; a disk that does holds everything up, whatever is given up here.
    Ok(SqlStore { readers: Readers { pool: readers, bound: None }, writers })
}

/// Whether the file is there.
pub(super) fn exists(url: &str) -> Result<bool, StoreFault> {
    Ok(url.parse::<SqliteConnectOptions>()?.get_filename().exists())
}

/// Makes the file if it is not there, for its owner alone: it holds hashes and sealed keys. (SQLite gives the files
/// beside it the same mode.)
fn make_file(path: &Path) -> Result<(), StoreFault> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(StoreFault::Unavailable(format!("cannot make {}: {error}", path.display())))
        }
        _ => Ok(()),
    }
}

/// There is one writer at a time, and no more readers are of use.
#[expect(clippy::unused_async, reason = "PostgreSQL has to connect")]
pub(super) async fn apart(store: &SqlStore<Sqlite>, _: u32) -> Result<SqlStore<Sqlite>, Error> {
    Ok(store.clone())
}

/// In one transaction, which holds the write lock: sqlx takes no lock of its own on SQLite.
pub(super) async fn migrate(store: &SqlStore<Sqlite>, migrator: &Migrator) -> Result<(), StoreFault> {
    let mut tx = begin(store).await?;
    migrator.run(tx.unbounded()).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn begin(store: &SqlStore<Sqlite>) -> Result<Tx<Sqlite>, Error> {
    Ok(Tx::new(store.writers.begin_with(BEGIN).await?, None))
}

/// The transaction has held everything since it began; whether the agent is there, reading it tells.
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn agent_hold(_: &mut Tx<Sqlite>, _: Uuid, _: Option<&str>) -> Result<bool, Error> {
    Ok(true)
}

/// As [`agent_hold`].
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn credential_hold(_: &mut Tx<Sqlite>, _: Uuid, _: Uuid) -> Result<bool, Error> {
    Ok(true)
}

/// As [`agent_hold`].
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn credentials_hold(_: &mut Tx<Sqlite>, _: Uuid) -> Result<(), Error> {
    Ok(())
}

/// Writes rows with few statements of many rows each, whose values `bind` adds.
async fn write_batches<R>(
    tx: &mut Tx<Sqlite>,
    statements: &'static [String; 4],
    rows: &[R],
    bind: impl for<'q> Fn(SqliteQuery<'q>, &'q R) -> SqliteQuery<'q>,
) -> Result<(), Error> {
    let mut rest = rows;
    for (size, sql) in BATCH_SIZES.into_iter().zip(statements) {
        while let Some((batch, more)) = rest.split_at_checked(size) {
            batch.iter().fold(sqlx::query(sql.as_str()), &bind).execute(&mut **tx).await?;
            rest = more;
        }
    }
    Ok(())
}

pub(super) async fn audit_append(tx: &mut Tx<Sqlite>, rows: &[AuditRow]) -> Result<(), Error> {
    write_batches(tx, &AUDIT_APPEND_BATCHES, rows, |query, row| {
        query
            .bind(row.id)
            .bind(row.time)
            .bind(row.action.as_str())
            .bind(row.outcome.as_str())
            .bind(row.actor_id.map(|id| id.0))
            .bind(row.agent_id.map(|id| id.0))
            .bind(row.owner.as_ref().map(|owner| owner.0.as_str()))
            .bind(row.content.as_slice())
    })
    .await
}

/// What a statement for [`ROWS_AT_ONCE`] ids says of these.
async fn fetch_by_ids(
    readers: &Readers<Sqlite>,
    statement: &'static str,
    ids: &[Uuid],
) -> Result<Vec<SqliteRow>, Error> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(ROWS_AT_ONCE) {
        let padded = some.iter().chain(some.iter().rev().take(1).cycle()).take(ROWS_AT_ONCE);
        let query = padded.fold(sqlx::query(statement), |query, id| query.bind(id));
        rows.extend(query.fetch_all(readers).await?);
    }
    Ok(rows)
}

pub(super) async fn audit_rows(readers: &Readers<Sqlite>, ids: &[Uuid]) -> Result<Vec<SqliteRow>, Error> {
    fetch_by_ids(readers, AUDIT_ROWS.as_str(), ids).await
}

pub(super) async fn audit_leaf_indexes(
    readers: &Readers<Sqlite>,
    ids: &[Uuid],
) -> Result<Vec<SqliteRow>, Error> {
    fetch_by_ids(readers, AUDIT_LEAF_INDEXES.as_str(), ids).await
}

/// All events are in one table, which is searched by the id alone.
pub(super) async fn audit_rows_of_any_time(
    readers: &Readers<Sqlite>,
    ids: &[Uuid],
) -> Result<Vec<SqliteRow>, Error> {
    audit_rows(readers, ids).await
}

/// Whether the column `time` has that time as the server writes it: another way of writing the same time is another key,
/// by which nothing is found.
pub(super) fn is_timely(row: &SqliteRow, time: DateTime<Utc>) -> Result<bool, Error> {
    Ok(row.try_get::<&str, _>("time")? == time.to_rfc3339_opts(SecondsFormat::AutoSi, false))
}

/// There is one writer at a time, so nobody else integrates.
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn audit_claim(_: &mut Tx<Sqlite>) -> Result<bool, Error> {
    Ok(true)
}

pub(super) async fn audit_leaves_insert(
    tx: &mut Tx<Sqlite>,
    from: i64,
    leaves: &[(Uuid, Hash)],
) -> Result<(), Error> {
    let numbered: Vec<_> = (from..).zip(leaves).collect();
    write_batches(tx, &AUDIT_LEAVES_BATCHES, &numbered, |query, (index, (id, hash))| {
        query.bind(index).bind(id).bind(hash.as_slice())
    })
    .await
}

/// By their range: a list of ids would be a statement for each of its lengths.
pub(super) async fn audit_pending_remove(
    tx: &mut Tx<Sqlite>,
    range: Range<i64>,
    _: &[(Uuid, Hash)],
) -> Result<u64, Error> {
    let done = sqlx::query(AUDIT_PENDING_REMOVE).bind(range.start).bind(range.end).execute(&mut **tx).await?;
    Ok(done.rows_affected())
}

pub(super) async fn audit_nodes_insert(tx: &mut Tx<Sqlite>, nodes: &[(u8, i64, Hash)]) -> Result<(), Error> {
    for (level, index, hash) in nodes {
        sqlx::query(AUDIT_NODE_INSERT)
            .bind(i64::from(*level))
            .bind(index)
            .bind(hash.as_slice())
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// What is removed is overwritten in the file, too, and not left on a free page.
pub(super) async fn audit_erase(tx: &mut Tx<Sqlite>, leaves: i64) -> Result<i64, Error> {
    let (starts, erasable): (i64, i64) = sqlx::query_as(AUDIT_ERASE_SPAN).fetch_one(&mut **tx).await?;
    let ends = erasable.min(starts.saturating_add(leaves));
    if ends <= starts {
        return Ok(0);
    }
    sqlx::query(OVERWRITE).execute(&mut **tx).await?;
    let removed = sqlx::query(AUDIT_ERASE).bind(starts).bind(ends).execute(&mut **tx).await;
    sqlx::query(OVERWRITE_NO_MORE).execute(&mut **tx).await?;
    removed?;
    sqlx::query(AUDIT_ERASED).bind(ends).execute(&mut **tx).await?;
    Ok(ends - starts)
}

/// All events are in one table.
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn audit_partitions_drop(_: &mut Tx<Sqlite>) -> Result<u32, Error> {
    Ok(0)
}

/// All events are in one table.
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn audit_partitions_ensure(_: &mut Tx<Sqlite>, _: u32) -> Result<u32, Error> {
    Ok(0)
}

/// Whether trying again later may help, by the primary result code (<https://www.sqlite.org/rescode.html>).
pub(super) fn is_unavailable(error: &(dyn DatabaseError + 'static)) -> bool {
    let Some(error) = error.try_downcast_ref::<SqliteError>() else { return false };
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL (the locking of the write-ahead log).
    matches!(code & 0xff, 5 | 6 | 7 | 8 | 10 | 13 | 14 | 15)
}
