//! What every memory keeps to: the contracts of `store`, sentence by sentence, on SQLite and on PostgreSQL.
//!
//! Each sentence gets a database of its own. PostgreSQL is the server at `TEST_POSTGRES_URL`, which `./scripts/test`
//! starts; without it the sentences about PostgreSQL fail, for nothing here is skipped.

#![allow(missing_docs, reason = "a sentence is its own documentation")]
#![allow(clippy::unwrap_used, reason = "a sentence that does not hold panics, in its helpers too")]

/// Makes a test of each sentence for each database.
macro_rules! on_both_databases {
    ($($sentence:ident),* $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $sentence() {
                    let db = <crate::world::InSqlite as crate::world::World>::migrated().await;
                    super::$sentence(&db).await;
                    crate::world::World::remove(db).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $sentence() {
                    let db = <crate::world::InPostgres as crate::world::World>::migrated().await;
                    super::$sentence(&db).await;
                    crate::world::World::remove(db).await;
                }
            )*
        }
    };
}

mod agents;
mod audit;
mod bootstrap;
mod changes;
mod configuring;
mod credentials;
mod failures;
mod idempotency;
mod integration;
mod keys;
#[path = "../shared/postgres.rs"]
mod postgres;
mod retention;
mod schema;
mod units;
#[path = "../domain/store.rs"]
mod watched;
mod world;
mod writer;
