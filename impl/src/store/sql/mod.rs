//! The memory as SQL: the only home of sqlx.
//!
//! Each noun has its file, with its queries as named constants written once in what SQLite and PostgreSQL both speak, and
//! their Rust bodies written once and compiled for both by `on_both!`. What cannot be said in both is a function of the
//! same name in `postgres.rs` and in `sqlite.rs`.
//!
//! On PostgreSQL one pool serves readers and writers. On SQLite, which has one writer at a time, the writer is a pool of
//! one connection, so that writers of this process wait in a queue instead of for a lock; readers have their own
//! connections and, thanks to the write-ahead log, wait for nobody.

#![expect(
    clippy::disallowed_methods,
    reason = "this is the home of SQL: every query is a named constant of it"
)]

#[macro_use]
mod query;

mod agents;
mod audit;
mod bootstrap;
mod bounded;
mod changes;
mod credentials;
mod fault;
mod idempotency;
mod keys;
mod migrations;
mod postgres;
mod sqlite;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::{Pool, Postgres, Sqlite};

use self::bounded::{Readers, Tx};
use super::{Store, StoreFault, Unit};
use crate::domain::changes::{ChangeKind, Rev};

/// How the connections to a database are kept.
#[derive(Clone, Debug)]
pub struct PoolSettings {
    /// The most connections to PostgreSQL; on SQLite the most readers, beside the one writer, where more than four are
    /// never used. At least 1.
    pub max_connections: u32,
    /// How long a request waits for a connection, and on SQLite for another process's lock, before it is told that the
    /// database is not available.
    pub acquire_timeout: Duration,
    /// How long PostgreSQL works on a statement before it gives up; a little later it is given up here, whether PostgreSQL
    /// has said so or not.
    pub statement_timeout: Duration,
}

impl Default for PoolSettings {
    fn default() -> Self {
        Self {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(3),
        }
    }
}

/// A database that has been connected to, of either kind.
#[derive(Clone, Debug)]
pub enum Database {
    /// PostgreSQL.
    Postgres(SqlStore<Postgres>),
    /// SQLite, in a file.
    Sqlite(SqlStore<Sqlite>),
}

/// How the commits of a PostgreSQL server outlive it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replication {
    /// Whether it is a standby itself.
    pub follows: bool,
    /// How many standbys follow it now.
    pub standbys: i64,
    /// Whether a commit waits for one of them.
    pub waits: bool,
    /// Whether a commit is at least on its own disk when it is answered.
    pub durable: bool,
}

/// What the role that connects to PostgreSQL could do to the audit log, whatever the triggers say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Power {
    /// Anything.
    Superuser,
    /// Anything to the tables: they are its own, or those of a role that it belongs to.
    Owner,
    /// Some changing or removing, as far as the triggers let it.
    Changes,
    /// Nothing.
    Little,
}

/// Connects to the database at `url`: `postgresql://…` (or `postgres://…`) or `sqlite:…`. A SQLite file that is not there
/// is made, readable by its owner alone. Nothing is migrated.
///
/// Fails with [`StoreFault::Unavailable`] when the database does not answer within the pool's time-out, and with
/// [`StoreFault::Refused`] when the URL names no database that can be used or the database turns the user away. Neither
/// repeats the URL, which may carry a password.
pub async fn connect(url: &str, settings: &PoolSettings) -> Result<Database, StoreFault> {
    let scheme = url.split(':').next().unwrap_or_default();
    match scheme {
        "postgres" | "postgresql" => Ok(Database::Postgres(postgres::connect(url, settings).await?)),
        "sqlite" => Ok(Database::Sqlite(sqlite::connect(url, settings).await?)),
        _ => Err(StoreFault::Refused("a database URL begins with postgresql:// or sqlite:".to_owned())),
    }
}

/// Whether there is something to connect to: a database server, or a file that is there.
pub fn exists(url: &str) -> Result<bool, StoreFault> {
    if url.starts_with("sqlite:") { sqlite::exists(url) } else { Ok(true) }
}

/// The migrations of a new database of this URL's kind, as `0001_registry`, in order.
pub fn all_migrations(url: &str) -> Result<Vec<String>, StoreFault> {
    let texts = if url.starts_with("sqlite:") { sqlite::MIGRATIONS } else { postgres::MIGRATIONS };
    migrations::pending(&migrations::migrator(texts), &[], None)
}

impl Database {
    /// Brings the tables up to date; what that means is said at [`SqlStore::migrate`].
    pub async fn migrate(&self) -> Result<(), StoreFault> {
        match self {
            Self::Postgres(store) => store.migrate().await,
            Self::Sqlite(store) => store.migrate().await,
        }
    }

    /// The migrations that [`Database::migrate`] would apply, as `0001_registry`, in order.
    pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreFault> {
        match self {
            Self::Postgres(store) => store.pending_migrations().await,
            Self::Sqlite(store) => store.pending_migrations().await,
        }
    }

    /// How commits outlive this database server; `None` where there is one file and nothing else.
    pub async fn replication(&self) -> Result<Option<Replication>, StoreFault> {
        match self {
            Self::Postgres(store) => Ok(Some(postgres::replication(store).await?)),
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// What whoever is connected could do to the audit log; `None` where there are no roles. The tables must be there.
    pub async fn power(&self) -> Result<Option<Power>, StoreFault> {
        match self {
            Self::Postgres(store) => Ok(Some(postgres::power(store).await?)),
            Self::Sqlite(_) => Ok(None),
        }
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        match self {
            Self::Postgres(store) => store.close().await,
            Self::Sqlite(store) => store.close().await,
        }
    }
}

/// A store in a database of one kind, shared by clones.
pub struct SqlStore<Db: sqlx::Database> {
    readers: Readers<Db>,
    writers: Pool<Db>,
}

/// How the connections to a database are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Connections {
    /// By somebody.
    pub in_use: u64,
    /// By nobody, and open.
    pub idle: u64,
    /// How many there may be.
    pub limit: u64,
}

impl<Db: sqlx::Database> SqlStore<Db> {
    /// How the connections of those who write are used; on PostgreSQL those who read share them.
    pub fn connections(&self) -> Connections {
        let (there, idle) = (u64::from(self.writers.size()), self.writers.num_idle() as u64);
        let limit = u64::from(self.writers.options().get_max_connections());
        Connections { in_use: there.saturating_sub(idle), idle, limit }
    }

    /// Closes every connection, waiting for those in use.
    pub async fn close(&self) {
        self.writers.close().await;
        self.readers.pool.close().await;
    }
}

impl<Db: sqlx::Database> Clone for SqlStore<Db> {
    fn clone(&self) -> Self {
        Self { readers: self.readers.clone(), writers: self.writers.clone() }
    }
}

/// Says which kind of database it is, and not where: an address may carry a password.
impl<Db: sqlx::Database> fmt::Debug for SqlStore<Db> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SqlStore").field(&Db::NAME).finish()
    }
}

/// An open transaction; dropping it rolls it back.
pub struct SqlUnit<Db: sqlx::Database> {
    tx: Tx<Db>,
}

queries! {
    PING = "SELECT 1";
    /// The oldest migration that a program must know.
    SCHEMA_KNOWN_FROM = "SELECT known_from FROM schema_compatibility WHERE singleton = 1";
}

on_both! {
    impl SqlStore<Db> {
        /// The same database by so many connections of its own, for what must not wait behind whoever has taken all of the
        /// others. (A file has one writer, whoever asks; there it is the same store.)
        pub async fn apart(&self, connections: u32) -> Result<Self, StoreFault> {
            Ok(dialect::apart(self, connections).await?)
        }

        /// Applies the migrations that the database does not have yet. Doing it twice is quiet; nodes that do it together
        /// wait for each other.
        ///
        /// Fails with [`StoreFault::Refused`] when the database has been migrated by a newer program that this one cannot work
        /// beside, or by a different one.
        pub async fn migrate(&self) -> Result<(), StoreFault> {
            self.pending_migrations().await?;
            dialect::migrate(self, &migrations::migrator(dialect::MIGRATIONS)).await
        }

        /// The migrations that [`Self::migrate`] would apply, as `0001_registry`, in order.
        ///
        /// Fails with [`StoreFault::Refused`] when the database has migrations that this program does not know, unless it says
        /// that a program which knows as much as this one may work with it: what is only added is in nobody's way, so that an
        /// older node can start, and one can go back, while a newer one is there.
        pub async fn pending_migrations(&self) -> Result<Vec<String>, StoreFault> {
            let known = migrations::migrator(dialect::MIGRATIONS);
            let is_new: bool =
                sqlx::query_scalar(dialect::MIGRATIONS_ARE_NEW).fetch_one(&self.readers).await?;
            let applied: Vec<i64> = if is_new {
                Vec::new()
            } else {
                sqlx::query_scalar(migrations::MIGRATIONS_APPLIED).fetch_all(&self.readers).await?
            };
            let known_from: Option<i64> = if migrations::are_newer(&known, &applied)
                && applied.contains(&migrations::COMPATIBILITY)
            {
                sqlx::query_scalar(SCHEMA_KNOWN_FROM).fetch_optional(&self.readers).await?
            } else {
                None
            };
            migrations::pending(&known, &applied, known_from)
        }

        /// Every query that is a constant, with its name.
        pub fn queries() -> Vec<(&'static str, &'static str)> {
            [
                QUERIES,
                agents::QUERIES,
                audit::QUERIES,
                bootstrap::QUERIES,
                changes::QUERIES,
                credentials::QUERIES,
                idempotency::QUERIES,
                keys::QUERIES,
                dialect::QUERIES,
            ]
            .concat()
        }
    }

    impl Store for SqlStore<Db> {
        type Unit = SqlUnit<Db>;

        async fn begin(&self) -> Result<Self::Unit, StoreFault> {
            Ok(SqlUnit { tx: dialect::begin(self).await? })
        }

        async fn ping(&self) -> Result<(), StoreFault> {
            sqlx::query(PING).fetch_one(&self.readers).await?;
            Ok(())
        }

        async fn now(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
            Ok(sqlx::query_scalar(dialect::NOW).fetch_one(&self.readers).await?)
        }
    }

    impl Unit for SqlUnit<Db> {
        async fn commit(self) -> Result<(), StoreFault> {
            Ok(self.tx.commit().await?)
        }

        async fn commit_with_changes(
            mut self,
            kinds: &[ChangeKind],
            at: DateTime<Utc>,
        ) -> Result<Rev, StoreFault> {
            fault_point!("change.written");
            let last = self.changes_append(kinds, at).await?;
            fault_point!("change.ordered");
            self.tx.commit().await?;
            fault_point!("change.committed");
            Ok(last)
        }
    }
}
