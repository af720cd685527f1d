//! The migrations, part of the program.

use std::collections::BTreeSet;

use sqlx::SqlSafeStr;
use sqlx::migrate::{Migration, MigrationType, Migrator};

use crate::store::StoreFault;

/// The text of a migration for each database, in the order of their numbers, which are 1, 2, …
macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        /// The migrations for PostgreSQL.
        pub(super) const POSTGRES: &[(&str, &str)] = &[$(
            ($name, include_str!(concat!("../../../../migrations/postgres/", $name, ".sql"))),
        )*];
        /// The migrations for SQLite.
        pub(super) const SQLITE: &[(&str, &str)] = &[$(
            ($name, include_str!(concat!("../../../../migrations/sqlite/", $name, ".sql"))),
        )*];
    };
}

migrations![
    "0001_registry",
    "0002_keys",
    "0003_changes",
    "0004_idempotency",
    "0005_audit",
    "0006_audit_log",
    "0007_ends",
    "0008_vouching",
    "0009_retention",
    "0011_resealing"
];

/// The numbers of the migrations that a database has.
pub(super) const MIGRATIONS_APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// What applies these migrations.
pub(super) fn migrator(texts: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |(version, (name, sql)): (i64, &(&'static str, &'static str))| {
        Migration::new(version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    };
    Migrator::with_migrations((1..).zip(texts).map(migration).collect())
}

/// The names of those that are not among the applied ones.
pub(super) fn pending(known: &Migrator, applied: &[i64]) -> Result<Vec<String>, StoreFault> {
    let applied: BTreeSet<i64> = applied.iter().copied().collect();
    match applied.iter().find(|version| !known.version_exists(**version)) {
        Some(unknown) => Err(StoreFault::Refused(format!(
            "the database has migration {unknown}, which this program does not know"
        ))),
        None => Ok(known
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .map(|migration| migration.description.to_string())
            .collect()),
    }
}
