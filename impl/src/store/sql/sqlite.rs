//! What only SQLite says.

use std::fs::OpenOptions;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::LazyLock;

use sqlx::error::{DatabaseError, Error};
use sqlx::migrate::Migrator;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteError, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Sqlite, Transaction};
use uuid::Uuid;

use super::{PoolSettings, SqlStore};
use crate::domain::audit::AuditRow;
use crate::store::StoreFault;

pub(super) use super::migrations::SQLITE as MIGRATIONS;

queries! {
    /// Whether no migration has ever run.
    MIGRATIONS_ARE_NEW = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema WHERE name = '_sqlx_migrations')";
    /// Events, to be followed by their rows. A trigger passes over those that are there already, and another adds the
    /// pending rows of the others.
    AUDIT_APPEND =
        "INSERT INTO audit_events (id, time, action, outcome, actor_id, agent_id, owner, content) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
}

/// One more event of [`AUDIT_APPEND`]. (None of its placeholders has a number: beside one that has, sqlx would count those
/// without from 1 again.)
const AUDIT_APPEND_MORE: &str = ", (?, ?, ?, ?, ?, ?, ?, ?)";

/// How many events go into one statement: a batch is written by as many of the greatest as fit, then of the next, so that
/// few texts are prepared and prepared once.
const BATCH_SIZES: [usize; 4] = [64, 16, 4, 1];

/// [`AUDIT_APPEND`] for each of the [`BATCH_SIZES`].
static AUDIT_APPEND_BATCHES: LazyLock<[String; 4]> =
    LazyLock::new(|| BATCH_SIZES.map(|size| format!("{AUDIT_APPEND}{}", AUDIT_APPEND_MORE.repeat(size - 1))));

/// More readers than this gain nothing on one file.
const MAX_READERS: u32 = 4;

/// The statement that begins a transaction: with the write lock, so that it cannot fail for it later.
const BEGIN: &str = "BEGIN IMMEDIATE";

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
        .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT);
    let writers = pool().max_connections(1).connect_with(writer).await?;
    let reader = options.pragma("query_only", "ON");
    let readers =
        pool().max_connections(settings.max_connections.clamp(1, MAX_READERS)).connect_with(reader).await?;
    Ok(SqlStore { readers, writers })
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

/// In one transaction, which holds the write lock: sqlx takes no lock of its own on SQLite.
pub(super) async fn migrate(store: &SqlStore<Sqlite>, migrator: &Migrator) -> Result<(), StoreFault> {
    let mut tx = begin(&store.writers).await?;
    migrator.run(&mut *tx).await?;
    Ok(tx.commit().await?)
}

pub(super) async fn begin(pool: &SqlitePool) -> Result<Transaction<'static, Sqlite>, Error> {
    pool.begin_with(BEGIN).await
}

/// The transaction has held everything since it began; whether the agent is there, reading it tells.
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn agent_hold(
    _: &mut Transaction<'static, Sqlite>,
    _: Uuid,
    _: Option<&str>,
) -> Result<bool, Error> {
    Ok(true)
}

/// As [`agent_hold`].
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn credential_hold(
    _: &mut Transaction<'static, Sqlite>,
    _: Uuid,
    _: Uuid,
) -> Result<bool, Error> {
    Ok(true)
}

/// As [`agent_hold`].
#[expect(clippy::unused_async, reason = "PostgreSQL has to ask")]
pub(super) async fn credentials_hold(_: &mut Transaction<'static, Sqlite>, _: Uuid) -> Result<(), Error> {
    Ok(())
}

/// A few statements of many rows each.
pub(super) async fn audit_append(
    tx: &mut Transaction<'static, Sqlite>,
    rows: &[AuditRow],
) -> Result<(), Error> {
    let mut rest = rows;
    for (size, sql) in BATCH_SIZES.into_iter().zip(AUDIT_APPEND_BATCHES.iter()) {
        while let Some((batch, more)) = rest.split_at_checked(size) {
            let mut query = sqlx::query(sql.as_str());
            for row in batch {
                query = query
                    .bind(row.id)
                    .bind(row.time)
                    .bind(row.action.as_str())
                    .bind(row.outcome.as_str())
                    .bind(row.actor_id.map(|id| id.0))
                    .bind(row.agent_id.map(|id| id.0))
                    .bind(row.owner.as_ref().map(|owner| owner.0.as_str()))
                    .bind(row.content.as_slice());
            }
            query.execute(&mut **tx).await?;
            rest = more;
        }
    }
    Ok(())
}

/// Whether trying again later may help, by the primary result code (<https://www.sqlite.org/rescode.html>).
pub(super) fn is_unavailable(error: &(dyn DatabaseError + 'static)) -> bool {
    let Some(error) = error.try_downcast_ref::<SqliteError>() else { return false };
    let code: i32 = error.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN, PROTOCOL (the locking of the write-ahead log).
    matches!(code & 0xff, 5 | 6 | 7 | 8 | 10 | 13 | 14 | 15)
}
