//! A database for a test, of either kind, and the values that the tests write into it.

#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use agentidp::domain::agents::{Agent, AgentId, AgentStatus, DeploymentEnv, Owner};
use agentidp::domain::audit::AuditRow;
use agentidp::domain::credentials::{Credential, CredentialId, CredentialStatus, SecretImages};
use agentidp::domain::policy::Capability;
use agentidp::store::agents::AgentWrites;
use agentidp::store::sql::{Database, PoolSettings, SqlStore, connect};
use agentidp::store::{Store, StoreFault, Unit};
use chrono::{DateTime, Utc};
use sqlx::{AssertSqlSafe, Connection, Executor, Postgres, Row, SqlSafeStr, Sqlite};
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Numbers the databases of this process.
static DATABASES: AtomicU64 = AtomicU64::new(0);

fn next_name() -> String {
    format!("agentidp_test_{}_{}", std::process::id(), DATABASES.fetch_add(1, Ordering::Relaxed))
}

/// A column as both databases can tell of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// In SQLite's words.
    pub kind: String,
    pub nullable: bool,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    pub in_key: i64,
}

/// A database of its own for a test.
pub trait World: Sized + Send + Sync {
    type Store: Store;

    /// A database without tables.
    async fn empty() -> Self;
    /// The URL, for [`connect`].
    fn url(&self) -> String;
    /// The store on it.
    fn store(&self) -> &Self::Store;
    /// Another node's store on it.
    async fn node(&self, settings: &PoolSettings) -> Result<Self::Store, StoreFault>;
    async fn migrate(store: &Self::Store) -> Result<(), StoreFault>;
    async fn pending(store: &Self::Store) -> Result<Vec<String>, StoreFault>;
    async fn close(store: &Self::Store);
    /// Every named query.
    fn queries() -> Vec<(&'static str, &'static str)>;
    /// Has the database prepare a statement.
    async fn prepare(&self, sql: &'static str) -> Result<(), String>;
    /// Runs statements past the store, as an administrator would.
    async fn sql(&self, sql: &str) -> Result<(), String>;
    /// What a statement past the store tells; its columns are texts.
    async fn texts(&self, sql: &str) -> Vec<Vec<Option<String>>>;
    /// Runs a statement that the checks of a column would refuse.
    async fn sql_unchecked(&self, table: &str, column: &str, sql: &str) -> Result<(), String>;
    /// A UUID as this database writes it.
    fn uuid(id: Uuid) -> String;
    /// Bytes as this database writes them.
    fn bytes(bytes: &[u8]) -> String;
    /// A column of a table as text that can be searched: whatever it has in hexadecimal digits, a UUID too.
    fn searchable(column: &str) -> String;
    /// Every column, by table and name.
    async fn columns(&self) -> BTreeMap<(String, String), Column>;
    /// Comes back when a transaction waits for another, where the database lets more than one begin.
    async fn somebody_waits(&self);
    /// The names of the indexes that have one.
    async fn indexes(&self) -> BTreeSet<String>;
    /// Which table refers to which.
    async fn references(&self) -> BTreeSet<(String, String)>;
    /// Removes the database, after a test that went well.
    async fn remove(self);

    /// A database with the tables.
    async fn migrated() -> Self {
        let world = Self::empty().await;
        Self::migrate(world.store()).await.expect("the migrations apply");
        world
    }

    /// The number that a statement tells.
    async fn number(&self, sql: &str) -> i64 {
        let rows = self.texts(&format!("SELECT CAST(({sql}) AS text)")).await;
        rows[0][0].as_deref().and_then(|text| text.parse().ok()).expect("a number")
    }
}

/// The methods of a [`World`] that read the same for both databases.
macro_rules! alike {
    () => {
        fn store(&self) -> &Self::Store {
            &self.store
        }

        async fn migrate(store: &Self::Store) -> Result<(), StoreFault> {
            store.migrate().await
        }

        async fn pending(store: &Self::Store) -> Result<Vec<String>, StoreFault> {
            store.pending_migrations().await
        }

        async fn close(store: &Self::Store) {
            store.close().await;
        }

        fn queries() -> Vec<(&'static str, &'static str)> {
            Self::Store::queries()
        }

        async fn prepare(&self, sql: &'static str) -> Result<(), String> {
            let mut connection = self.connection().await;
            connection.prepare(sql.into_sql_str()).await.map(drop).map_err(|error| error.to_string())
        }

        async fn sql(&self, sql: &str) -> Result<(), String> {
            let mut connection = self.connection().await;
            let done = sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await;
            connection.close().await.expect("the connection closes");
            done.map(drop).map_err(|error| error.to_string())
        }

        async fn texts(&self, sql: &str) -> Vec<Vec<Option<String>>> {
            let mut connection = self.connection().await;
            let rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(&mut connection).await.expect(sql);
            connection.close().await.expect("the connection closes");
            rows.iter().map(|row| (0..row.len()).map(|column| row.get(column)).collect()).collect()
        }
    };
}

/// SQLite, in a temporary directory.
pub struct InSqlite {
    directory: PathBuf,
    store: SqlStore<Sqlite>,
}

fn sqlite_url(directory: &std::path::Path) -> String {
    format!("sqlite://{}", directory.join("test.db").display())
}

async fn sqlite_store(url: &str, settings: &PoolSettings) -> Result<SqlStore<Sqlite>, StoreFault> {
    match connect(url, settings).await? {
        Database::Sqlite(store) => Ok(store),
        Database::Postgres(_) => panic!("{url} is not PostgreSQL"),
    }
}

impl World for InSqlite {
    type Store = SqlStore<Sqlite>;

    async fn empty() -> Self {
        let directory = std::env::temp_dir().join(next_name());
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        let store =
            sqlite_store(&sqlite_url(&directory), &PoolSettings::default()).await.expect("SQLite opens");
        Self { directory, store }
    }

    fn url(&self) -> String {
        sqlite_url(&self.directory)
    }

    async fn node(&self, settings: &PoolSettings) -> Result<Self::Store, StoreFault> {
        sqlite_store(&self.url(), settings).await
    }

    alike!();

    async fn sql_unchecked(&self, _table: &str, _column: &str, sql: &str) -> Result<(), String> {
        self.sql(&format!("PRAGMA ignore_check_constraints = ON; {sql}")).await
    }

    fn uuid(id: Uuid) -> String {
        Self::bytes(id.as_bytes())
    }

    fn bytes(bytes: &[u8]) -> String {
        format!("x'{}'", hex(bytes))
    }

    fn searchable(column: &str) -> String {
        format!("hex({column})")
    }

    async fn columns(&self) -> BTreeMap<(String, String), Column> {
        self.texts(
            "SELECT t.name, c.name, c.type, CAST(c.\"notnull\" AS TEXT), CAST(c.pk AS TEXT) \
             FROM sqlite_schema t, pragma_table_info(t.name) c \
             WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\'",
        )
        .await
        .into_iter()
        .map(|row| {
            let [table, name, kind, required, in_key] = texts(row);
            let in_key = in_key.parse().expect("a number");
            ((table, name), Column { kind, nullable: required == "0", in_key })
        })
        .collect()
    }

    async fn somebody_waits(&self) {
        tokio::task::yield_now().await;
    }

    async fn indexes(&self) -> BTreeSet<String> {
        let rows = self
            .texts("SELECT name FROM sqlite_schema WHERE type = 'index' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
            .await;
        rows.into_iter().map(|row| texts::<1>(row).concat()).collect()
    }

    async fn references(&self) -> BTreeSet<(String, String)> {
        let rows = self
            .texts(
                "SELECT t.name, f.\"table\" FROM sqlite_schema t, pragma_foreign_key_list(t.name) f \
                 WHERE t.type = 'table'",
            )
            .await;
        rows.into_iter().map(|row| texts::<2>(row).into()).collect()
    }

    async fn remove(self) {
        self.store.close().await;
        std::fs::remove_dir_all(&self.directory).expect("the temporary directory goes");
    }
}

impl InSqlite {
    /// A connection of somebody else.
    pub async fn connection(&self) -> sqlx::SqliteConnection {
        sqlx::SqliteConnection::connect(&self.url()).await.expect("SQLite opens")
    }

    pub fn file(&self) -> PathBuf {
        self.directory.join("test.db")
    }
}

/// PostgreSQL, in a database of the server at `TEST_POSTGRES_URL`.
pub struct InPostgres {
    name: String,
    store: SqlStore<Postgres>,
}

#[expect(
    clippy::disallowed_methods,
    reason = "where the tests find their server is no setting of the program"
)]
fn server_url() -> String {
    std::env::var("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL is the URL of a PostgreSQL superuser for the tests; run ./scripts/test, which starts a server",
    )
}

/// The server's URL with another database.
fn postgres_url(database: &str) -> String {
    let url = server_url();
    let (url, query) = url.split_once('?').map_or((url.as_str(), ""), |(url, query)| (url, query));
    let authority = url.find("://").map_or(0, |at| at + "://".len());
    let end = url[authority..].find('/').map_or(url.len(), |at| authority + at);
    format!("{}/{database}?{query}", &url[..end])
}

async fn postgres_store(url: &str, settings: &PoolSettings) -> Result<SqlStore<Postgres>, StoreFault> {
    match connect(url, settings).await? {
        Database::Postgres(store) => Ok(store),
        Database::Sqlite(_) => panic!("TEST_POSTGRES_URL is not that of a PostgreSQL"),
    }
}

/// Runs a statement that no transaction may hold, on the server's own database.
async fn on_server(sql: &str) {
    let mut server =
        sqlx::PgConnection::connect(&server_url()).await.expect("the server of TEST_POSTGRES_URL answers");
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut server).await.expect(sql);
    server.close().await.expect("PostgreSQL closes");
}

impl World for InPostgres {
    type Store = SqlStore<Postgres>;

    async fn empty() -> Self {
        Self::like("template1").await
    }

    async fn migrated() -> Self {
        // To copy the tables is quicker than to make them.
        static TEMPLATE: OnceCell<String> = OnceCell::const_new();
        let template = TEMPLATE.get_or_init(async || {
            let template = Self::empty().await;
            Self::migrate(template.store()).await.expect("the migrations apply");
            template.store.close().await;
            template.name
        });
        Self::like(template.await).await
    }

    fn url(&self) -> String {
        postgres_url(&self.name)
    }

    async fn node(&self, settings: &PoolSettings) -> Result<Self::Store, StoreFault> {
        postgres_store(&self.url(), settings).await
    }

    alike!();

    async fn sql_unchecked(&self, table: &str, column: &str, sql: &str) -> Result<(), String> {
        self.sql(&format!("ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_check; {sql}")).await
    }

    fn uuid(id: Uuid) -> String {
        format!("'{id}'::uuid")
    }

    fn bytes(bytes: &[u8]) -> String {
        format!("'\\x{}'::bytea", hex(bytes))
    }

    fn searchable(column: &str) -> String {
        format!(
            "encode(convert_to({column}::text, 'UTF8'), 'hex') || ' ' || replace({column}::text, '-', '')"
        )
    }

    async fn columns(&self) -> BTreeMap<(String, String), Column> {
        self.texts(
            "SELECT c.table_name::text, c.column_name::text, c.data_type::text, c.is_nullable::text, \
             COALESCE(array_position(i.indkey::smallint[], a.attnum), -1)::text \
             FROM information_schema.columns c \
             JOIN pg_attribute a ON a.attrelid = c.table_name::regclass AND a.attname = c.column_name \
             JOIN pg_class t ON t.oid = a.attrelid AND NOT t.relispartition \
             LEFT JOIN pg_index i ON i.indrelid = t.oid AND i.indisprimary \
             WHERE c.table_schema = 'public' AND c.table_name NOT LIKE '\\_sqlx%'",
        )
        .await
        .into_iter()
        .map(|row| {
            let [table, name, kind, nullable, in_key] = texts(row);
            let kind = match kind.as_str() {
                "uuid" | "bytea" => "BLOB",
                "text" | "timestamp with time zone" | "jsonb" => "TEXT",
                "bigint" => "INTEGER",
                other => panic!("{table}.{name} is a {other}, which SQLite has no column for"),
            };
            // An int2vector counts from 0.
            let in_key = in_key.parse::<i64>().expect("a number") + 1;
            ((table, name), Column { kind: kind.to_owned(), nullable: nullable == "YES", in_key })
        })
        .collect()
    }

    async fn somebody_waits(&self) {
        let waiting = "SELECT COUNT(*) FROM pg_stat_activity \
                       WHERE datname = current_database() AND wait_event_type = 'Lock'";
        let deadline = std::time::Instant::now() + Duration::from_secs(10);
        while self.number(waiting).await == 0 {
            assert!(std::time::Instant::now() < deadline, "nobody waits");
        }
    }

    async fn indexes(&self) -> BTreeSet<String> {
        let rows = self
            .texts(
                "SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' \
                 WHERE NOT i.indisprimary AND NOT c.relispartition",
            )
            .await;
        rows.into_iter().map(|row| texts::<1>(row).concat()).collect()
    }

    async fn references(&self) -> BTreeSet<(String, String)> {
        let rows = self
            .texts("SELECT conrelid::regclass::text, confrelid::regclass::text FROM pg_constraint WHERE contype = 'f'")
            .await;
        rows.into_iter().map(|row| texts::<2>(row).into()).collect()
    }

    async fn remove(self) {
        self.store.close().await;
        on_server(&format!("DROP DATABASE {} WITH (FORCE)", self.name)).await;
    }
}

impl InPostgres {
    /// A new database that begins as a copy of another.
    async fn like(template: &str) -> Self {
        let name = next_name();
        on_server(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)")).await;
        on_server(&format!("CREATE DATABASE {name} TEMPLATE {template}")).await;
        let store =
            postgres_store(&postgres_url(&name), &PoolSettings::default()).await.expect("PostgreSQL opens");
        Self { name, store }
    }

    /// A connection of somebody else.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub async fn connection(&self) -> sqlx::PgConnection {
        sqlx::PgConnection::connect(&self.url()).await.expect("PostgreSQL opens")
    }
}

fn texts<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let row: Vec<String> = row.into_iter().map(|text| text.expect("a text")).collect();
    row.try_into().expect("so many columns")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Settings under which nobody waits long.
pub fn impatient() -> PoolSettings {
    PoolSettings {
        max_connections: 1,
        acquire_timeout: Duration::from_millis(200),
        statement_timeout: Duration::from_millis(500),
    }
}

/// 2026-11-12T09:30:00Z and so many milliseconds.
pub fn time(milliseconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_794_475_800_000 + milliseconds).expect("a time")
}

/// The UUIDv7 of [`time`]`(milliseconds)`, told from its twins by `serial`.
pub fn id(milliseconds: i64, serial: u32) -> Uuid {
    let milliseconds = u128::try_from(time(milliseconds).timestamp_millis()).expect("a time after 1970");
    Uuid::from_u128(milliseconds << 80 | 0x7 << 76 | 0b10 << 62 | u128::from(serial))
}

pub fn agent_id(serial: u32) -> AgentId {
    AgentId(id(i64::from(serial), 1))
}

pub fn credential_id(serial: u32) -> CredentialId {
    CredentialId(id(i64::from(serial), 2))
}

/// An agent with the least that one has; the email tells it apart.
pub fn agent(serial: u32) -> Agent {
    Agent {
        id: agent_id(serial),
        email: format!("agent-{serial:03}@example.com"),
        agent_type: "screener".to_owned(),
        version: "1.0.0".to_owned(),
        capabilities: BTreeSet::new(),
        owner: Owner("talent-team".to_owned()),
        deployment_env: DeploymentEnv::Development,
        status: AgentStatus::Active,
        created_at: time(0),
        updated_at: time(0),
        last_auth_at: None,
        metadata: None,
        valid_until: None,
        revision: 1,
    }
}

pub fn capabilities(names: &[&str]) -> BTreeSet<Capability> {
    names.iter().map(|name| Capability((*name).to_owned())).collect()
}

/// A credential of an agent with the least that one has.
pub fn credential(serial: u32, agent_id: AgentId) -> Credential {
    Credential {
        id: credential_id(serial),
        agent_id,
        label: None,
        status: CredentialStatus::Active,
        created_at: time(0),
        expires_at: None,
        last_used_at: None,
        rotated_from: None,
        agent_revision: 1,
    }
}

pub fn images(byte: u8) -> SecretImages {
    SecretImages {
        secret_hash: "$2b$10$ZmlmdHktdGhyZWUgY2hhcmFjdGVycyBvZiBzYWx0IGFuZCBoYXNo".to_owned(),
        verifier: [byte; 32],
        verifier_key_version: "a1b2c3d4".to_owned(),
    }
}

/// An event with the least that one has.
pub fn event(milliseconds: i64, serial: u32) -> AuditRow {
    AuditRow {
        id: id(milliseconds, serial),
        time: time(milliseconds),
        action: "token.issued".to_owned(),
        outcome: "success".to_owned(),
        actor_id: None,
        agent_id: None,
        owner: None,
        content: format!("{{\"serial\":{serial}}}").into_bytes(),
    }
}

/// Does something to the store many times at once; answers how often it was answered `true`.
pub async fn twins<S: Store, F>(store: &S, count: u32, one: impl Fn(S, u32) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let twins: Vec<_> = (1..=count).map(|serial| tokio::spawn(one(store.clone(), serial))).collect();
    let mut yes = 0;
    for twin in twins {
        yes += usize::from(twin.await.expect("no twin panics"));
    }
    yes
}

/// Adds agents and commits.
pub async fn with_agents(store: &impl Store, agents: &[Agent]) {
    let mut unit = store.begin().await.expect("a transaction");
    for agent in agents {
        assert!(unit.agent_insert(agent).await.expect("an insert"), "{} is free", agent.email);
    }
    unit.commit().await.expect("a commit");
}
