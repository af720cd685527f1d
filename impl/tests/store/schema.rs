//! The tables and the queries: the same on both databases, as the databases themselves tell it.

use std::path::Path;

use agentidp::store::StoreFault;
use agentidp::store::sql::PoolSettings;

use crate::world::{InPostgres, InSqlite, World};

on_both_databases![
    every_named_query_is_prepared,
    migrating_twice_is_quiet,
    a_database_that_a_newer_program_has_added_to_is_worked_with,
    a_database_that_a_newer_program_has_taken_from_is_refused,
    a_migration_that_was_another_when_it_was_applied_is_refused,
];

async fn every_named_query_is_prepared<W: World>(db: &W) {
    let queries = W::queries();
    assert!(queries.len() > 30, "{queries:?}");
    let mut faults = Vec::new();
    for (name, sql) in queries {
        if let Err(error) = db.prepare(sql).await {
            faults.push(format!("{name}: {error}"));
        }
    }
    assert_eq!(faults, [""; 0]);
}

async fn migrating_twice_is_quiet<W: World>(db: &W) {
    let before = db.columns().await;
    W::migrate(db.store()).await.unwrap();
    assert_eq!(W::pending(db.store()).await.unwrap(), [""; 0]);
    assert_eq!(db.columns().await, before);
}

/// What a newer program does to the list of migrations.
async fn a_newer_program_migrates<W: World>(db: &W) {
    db.sql(&format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES (9999, '9999_later', true, {}, 0)",
        W::bytes(&[0])
    ))
    .await
    .unwrap();
}

async fn a_database_that_a_newer_program_has_added_to_is_worked_with<W: World>(db: &W) {
    a_newer_program_migrates(db).await;
    W::migrate(db.store()).await.unwrap();
    assert_eq!(W::pending(db.store()).await.unwrap(), [""; 0]);
}

async fn a_database_that_a_newer_program_has_taken_from_is_refused<W: World>(db: &W) {
    a_newer_program_migrates(db).await;
    db.sql("UPDATE schema_compatibility SET known_from = 9999").await.unwrap();
    for fault in [W::migrate(db.store()).await.unwrap_err(), W::pending(db.store()).await.unwrap_err()] {
        assert!(matches!(&fault, StoreFault::Refused(text) if text.contains("9999")), "{fault:?}");
    }
}

async fn a_migration_that_was_another_when_it_was_applied_is_refused<W: World>(db: &W) {
    db.sql(&format!("UPDATE _sqlx_migrations SET checksum = {} WHERE version = 1", W::bytes(&[0])))
        .await
        .unwrap();
    let fault = W::migrate(db.store()).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
}

/// The names of the files of a directory of migrations.
fn files(directory: &str) -> Vec<String> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../migrations").join(directory);
    let entries = std::fs::read_dir(&directory).expect("the migrations are there");
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".sql", "")).collect();
    names.sort();
    names
}

async fn a_new_database_lacks_every_migration_and_has_them_all_afterwards<W: World>(directory: &str) {
    let db = W::empty().await;
    assert_eq!(W::pending(db.store()).await.unwrap(), files(directory));
    W::migrate(db.store()).await.unwrap();
    assert_eq!(W::pending(db.store()).await.unwrap(), [""; 0]);
    db.remove().await;
}

/// Of eight nodes each applies what the others have not, and none fails.
async fn nodes_that_migrate_together_wait_for_each_other<W: World>() {
    let db = W::empty().await;
    let mut nodes = Vec::new();
    for _ in 0..8 {
        nodes.push(db.node(&PoolSettings { max_connections: 2, ..PoolSettings::default() }).await.unwrap());
    }
    let [a, b, c, d, e, f, g, h] = &nodes[..] else { panic!("eight nodes") };
    let done = tokio::join!(
        W::migrate(a),
        W::migrate(b),
        W::migrate(c),
        W::migrate(d),
        W::migrate(e),
        W::migrate(f),
        W::migrate(g),
        W::migrate(h),
    );
    for done in [done.0, done.1, done.2, done.3, done.4, done.5, done.6, done.7] {
        done.unwrap();
    }
    assert_eq!(W::pending(db.store()).await.unwrap(), [""; 0]);
    for node in &nodes {
        W::close(node).await;
    }
    db.remove().await;
}

mod on_sqlite {
    use super::InSqlite;

    #[tokio::test]
    async fn a_new_database_lacks_every_migration_and_has_them_all_afterwards() {
        super::a_new_database_lacks_every_migration_and_has_them_all_afterwards::<InSqlite>("sqlite").await;
    }

    #[tokio::test]
    async fn nodes_that_migrate_together_wait_for_each_other() {
        super::nodes_that_migrate_together_wait_for_each_other::<InSqlite>().await;
    }
}

mod on_postgres {
    use super::InPostgres;

    #[tokio::test]
    async fn a_new_database_lacks_every_migration_and_has_them_all_afterwards() {
        super::a_new_database_lacks_every_migration_and_has_them_all_afterwards::<InPostgres>("postgres")
            .await;
    }

    #[tokio::test]
    async fn nodes_that_migrate_together_wait_for_each_other() {
        super::nodes_that_migrate_together_wait_for_each_other::<InPostgres>().await;
    }
}

#[test]
fn the_migrations_have_the_same_numbers_and_names_for_both_databases() {
    assert_eq!(files("postgres"), files("sqlite"));
    for (number, name) in (1..).zip(files("sqlite")) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name}");
    }
}

/// What is sealed under the master key: all of it is sealed anew, or forgotten, when another key comes
/// (`domain/keys/resealing.rs`). Whoever adds a column adds it there.
#[tokio::test]
async fn what_is_sealed_is_known_to_whoever_seals_it_anew() {
    let db = InSqlite::migrated().await;
    let columns = db.columns().await;
    let sealed = columns.keys().filter(|(_, column)| column.contains("sealed"));
    let sealed: Vec<_> = sealed.map(|(table, column)| format!("{table}.{column}")).collect();
    let known = [
        "audit_keys.private_key_sealed",
        "idempotency_keys.answer_sealed",
        "key_canary.sealed",
        "signing_keys.private_key_sealed",
    ];
    assert_eq!(sealed, known);
    db.remove().await;
}

/// Where a type of PostgreSQL does not do what SQLite must check.
#[tokio::test]
async fn what_both_databases_check_of_a_column_they_hold_to_the_same_bounds() {
    let sqlite = InSqlite::migrated().await;
    let postgres = InPostgres::migrated().await;
    let (one, other) = (sqlite.checks().await, postgres.checks().await);
    let both: Vec<_> = one.iter().filter(|(column, _)| other.contains_key(*column)).collect();
    assert!(both.len() > 20, "{both:?}");
    for (column, bounds) in both {
        assert_eq!(bounds, &other[column], "{column:?}");
    }
    // SQLite has all of PostgreSQL's, and besides them what stands for PostgreSQL's types.
    let missing: Vec<_> = other.keys().filter(|column| !one.contains_key(*column)).collect();
    assert!(missing.is_empty(), "SQLite does not check {missing:?}");
    sqlite.remove().await;
    postgres.remove().await;
}

#[tokio::test]
async fn both_databases_have_the_same_tables_columns_keys_defaults_indexes_and_references() {
    let sqlite = InSqlite::migrated().await;
    let postgres = InPostgres::migrated().await;
    assert_eq!(sqlite.columns().await, postgres.columns().await);
    assert_eq!(sqlite.defaults().await, postgres.defaults().await);
    let (indexes, references) = (sqlite.indexes().await, sqlite.references().await);
    assert!(indexes.len() > 15 && references.len() > 3, "{indexes:?} {references:?}");
    assert_eq!(indexes, postgres.indexes().await);
    assert_eq!(references, postgres.references().await);
    sqlite.remove().await;
    postgres.remove().await;
}
