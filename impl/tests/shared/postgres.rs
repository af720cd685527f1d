//! Databases of a test's own on the PostgreSQL server at `TEST_POSTGRES_URL`; part of every test program that needs one.

#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::sync::atomic::{AtomicU64, Ordering};

use agentidp::store::StoreFault;
use agentidp::store::sql::{Database, PoolSettings, SqlStore, connect};
use sqlx::{AssertSqlSafe, Connection, Postgres};

/// A name that no other database of this run has.
pub fn next_name() -> String {
    static DATABASES: AtomicU64 = AtomicU64::new(0);
    format!("agentidp_test_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed))
}

fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL is the URL of a PostgreSQL superuser for the tests; run ./scripts/test, which starts a server",
    )
}

/// The server's URL with another database.
pub fn postgres_url(database: &str) -> String {
    let url = server_url();
    let (url, query) = url.split_once('?').map_or((url.as_str(), ""), |(url, query)| (url, query));
    let authority = url.find("://").map_or(0, |at| at + "://".len());
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    format!("{}/{database}?{query}", &url[..end])
}

/// The store on a database of the server.
pub async fn postgres_store(url: &str, settings: &PoolSettings) -> Result<SqlStore<Postgres>, StoreFault> {
    match connect(url, settings).await? {
        Database::Postgres(store) => Ok(store),
        Database::Sqlite(_) => panic!("TEST_POSTGRES_URL is not that of a PostgreSQL"),
    }
}

/// Runs a statement that no transaction may hold, on the server's own database.
pub async fn on_server(sql: &str) {
    let mut server =
        sqlx::PgConnection::connect(&server_url()).await.expect("the server of TEST_POSTGRES_URL answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.expect(sql);
    server.close().await.expect("PostgreSQL closes");
}
