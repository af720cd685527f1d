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
    "0010_audit_head",
    "0011_compatibility",
    "0012_change_head",
    "0013_resealing"
];

/// The numbers of the migrations that a database has.
pub(super) const MIGRATIONS_APPLIED: &str =
    "SELECT version FROM _sqlx_migrations WHERE success ORDER BY version";

/// The migration from which on a database says which programs may work with it.
pub(super) const COMPATIBILITY: i64 = 11;

/// What applies these migrations. A database may have more: whether this program may work with it, [`pending`] says.
pub(super) fn migrator(texts: &[(&'static str, &'static str)]) -> Migrator {
    let migration = |(version, (name, sql)): (i64, &(&'static str, &'static str))| {
        Migration::new(version, (*name).into(), MigrationType::Simple, (*sql).into_sql_str(), false)
    };
    let mut migrator = Migrator::with_migrations((1..).zip(texts).map(migration).collect());
    migrator.set_ignore_missing(true);
    migrator
}

/// Whether a newer program has migrated the database.
pub(super) fn are_newer(known: &Migrator, applied: &[i64]) -> bool {
    applied.iter().any(|version| !known.version_exists(*version))
}

/// The names of those that are not among the applied ones. `known_from` is the oldest migration that a program must know to
/// work with a database that a newer one has migrated, if the database says so.
pub(super) fn pending(
    known: &Migrator,
    applied: &[i64],
    known_from: Option<i64>,
) -> Result<Vec<String>, StoreFault> {
    let applied: BTreeSet<i64> = applied.iter().copied().collect();
    let newest = known.iter().map(|migration| migration.version).max().unwrap_or_default();
    match applied.iter().find(|version| !known.version_exists(**version)) {
        Some(unknown) if known_from.is_none_or(|from| from > newest) => Err(StoreFault::Refused(format!(
            "the database has migration {unknown}, which this program does not know and cannot work with; use the program \
             that made it, or a newer one"
        ))),
        _ => Ok(known
            .iter()
            .filter(|migration| !applied.contains(&migration.version))
            .map(|migration| migration.description.to_string())
            .collect()),
    }
}
