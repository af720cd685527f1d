//! The memory as promises: one trait for each noun, every method's comment a contract.
//!
//! Reading needs no transaction: the reading traits are fulfilled by the [`Store`] itself, one statement (one snapshot)
//! each. Writing needs one: a [`Unit`] *is* an open transaction, [`Unit::commit`] consumes it, and dropping it rolls
//! everything back.
//!
//! The store never sees a secret or a token: it keeps hashes, verifiers and sealed keys. It never reads this machine's clock.
//! "Not found" is `None`, never an error; a refused write (`false`) leaves the transaction usable.

pub mod agents;
pub mod audit;
pub mod bootstrap;
pub mod changes;
pub mod credentials;
pub mod idempotency;
pub mod keys;
pub mod sql;

use std::future::Future;

use chrono::{DateTime, Utc};

use crate::domain::changes::{ChangeKind, Rev};

/// The memory failed; nothing about it is the caller's doing.
#[derive(Debug, thiserror::Error)]
pub enum StoreFault {
    /// The database cannot be reached, has no free connection, or went away: trying again later may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row holds what no version of this program wrote.
    #[error("{table}.{column} of {id} is impossible: {problem}")]
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
        /// The row's key.
        id: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The database refused a statement that it should have taken.
    #[error("the database refused: {0}")]
    Refused(String),
}

/// A database, shared by clones.
pub trait Store:
    agents::AgentReads
    + audit::AuditReads
    + bootstrap::BootstrapReads
    + changes::ChangeReads
    + credentials::CredentialReads
    + idempotency::IdempotencyReads
    + keys::KeyReads
    + Clone
    + Send
    + Sync
    + 'static
{
    /// An open transaction on this database.
    type Unit: Unit;

    /// Opens a transaction. On SQLite it takes the write lock at once (`BEGIN IMMEDIATE`).
    ///
    /// Fails with [`StoreFault::Unavailable`] when no connection is free within the pool's time-out.
    fn begin(&self) -> impl Future<Output = Result<Self::Unit, StoreFault>> + Send;

    /// Answers if the database does: one round trip, no table read.
    fn ping(&self) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// What time it is where the database is; `None` where that is this machine.
    fn now(&self) -> impl Future<Output = Result<Option<DateTime<Utc>>, StoreFault>> + Send;
}

/// An open transaction: everything written through it is there after [`Unit::commit`], or nothing is.
pub trait Unit:
    agents::AgentWrites
    + audit::AuditWrites
    + bootstrap::BootstrapWrites
    + changes::ChangeWrites
    + credentials::CredentialWrites
    + idempotency::IdempotencyWrites
    + keys::KeyWrites
    + Send
    + Sized
{
    /// Makes all of it durable. When it fails, the outcome is unknown: the caller may ask again, by id, what is there.
    fn commit(self) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Gives each change the next position of the feed, as the last statements before the commit, and commits.
    ///
    /// The positions are taken under a lock that ends with the transaction, so their order is the order of commits: who
    /// sees a position sees every earlier one. A revoked token is also remembered by its `jti`, with the position of its
    /// first revocation, for those who ask for one token. Answers the last position given (the head if `changes` is empty).
    fn commit_with_changes(
        self,
        changes: &[ChangeKind],
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<Rev, StoreFault>> + Send;
}
