//! A database for a test, of either kind, and the values that the tests write into it.

#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
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

use crate::postgres::{next_name, on_server, postgres_store, postgres_url};

/// A column as both databases can tell of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Column {
    /// In SQLite's words.
    pub kind: String,
    pub nullable: bool,
    /// Its place in the primary key, from 1; 0 if it is not in it.
    pub in_key: i64,
}

/// An index as both databases can tell of it.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Index {
    pub table: String,
    /// Its name, if it was given one; that of a constraint is the database's own.
    pub name: String,
    pub unique: bool,
    /// Columns and expressions, each with its direction.
    pub columns: Vec<String>,
    /// Which rows it is of.
    pub condition: String,
}

/// An expression of SQL as both databases would write it: without the casts, parentheses, quotes and spaces that either adds.
fn plain(expression: &str) -> String {
    let mut text = expression.to_lowercase();
    for cast in ["::text", "::timestamp with time zone", "::bigint", "::smallint[]", "::bytea"] {
        text = text.replace(cast, "");
    }
    text.chars().filter(|one| !matches!(one, '(' | ')' | '"' | ' ' | '\n')).collect()
}

/// The numbers and texts in a check.
fn literals(check: &str) -> BTreeSet<String> {
    let (mut found, mut word, mut quoted) = (BTreeSet::new(), String::new(), false);
    for one in check.chars().chain([' ']) {
        match one {
            '\'' if quoted => {
                found.insert(format!("'{}'", std::mem::take(&mut word)));
                quoted = false;
            }
            '\'' => {
                quoted = true;
                word.clear();
            }
            _ if quoted || one.is_alphanumeric() || one == '_' => word.push(one),
            _ => {
                let whole = std::mem::take(&mut word);
                found.extend(
                    (!whole.is_empty() && whole.chars().all(|one| one.is_ascii_digit())).then_some(whole),
                );
            }
        }
    }
    found
}

/// What is written between parentheses after each of these words, at the level of the word.
fn parts_after<'t>(text: &'t str, word: &str) -> Vec<&'t str> {
    let rests = text.match_indices(word).map(|(at, _)| &text[at + word.len()..]);
    let closed = |rest: &'t str| {
        let mut depth = 1;
        let end = rest.char_indices().find(|(_, one)| {
            depth += i32::from(*one == '(') - i32::from(*one == ')');
            depth == 0
        });
        end.map_or(rest, |(end, _)| &rest[..end])
    };
    rests.map(closed).collect()
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
    /// Every index, by its table and the columns that it is over, in their order.
    async fn indexes(&self) -> BTreeSet<Index>;
    /// Which columns of which table refer to which of which.
    async fn references(&self) -> BTreeSet<[String; 4]>;
    /// What a column has that is not said, by table and name.
    async fn defaults(&self) -> BTreeMap<(String, String), String>;
    /// The numbers and texts that a column is held to, by table and name, but for the forms that only one database checks.
    async fn checks(&self) -> BTreeMap<(String, String), BTreeSet<String>>;
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

    async fn indexes(&self) -> BTreeSet<Index> {
        let rows = self
            .texts(
                "SELECT t.name, i.name, CAST(i.\"unique\" AS TEXT), COALESCE(s.sql, ''), \
                 (SELECT group_concat(part, char(10)) FROM (SELECT COALESCE(x.name, '(expression)') || \
                 CASE x.desc WHEN 1 THEN ' desc' ELSE '' END AS part FROM pragma_index_xinfo(i.name) x \
                 WHERE x.key = 1 ORDER BY x.seqno)) \
                 FROM sqlite_schema t, pragma_index_list(t.name) i \
                 LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name \
                 WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND i.origin <> 'pk'",
            )
            .await;
        rows.into_iter()
            .map(|row| {
                let [table, name, unique, sql, columns] = texts(row);
                // What it is over stands between the first parentheses that hold it, and the condition after them.
                let (over, condition) = match sql.split_once(&format!("ON {table}")) {
                    Some((_, rest)) => rest.split_once(" WHERE ").unwrap_or((rest, "")),
                    None => ("", ""),
                };
                let written: Vec<&str> = over.trim().trim_start_matches('(').split(',').collect();
                let columns = columns.split('\n').enumerate().map(|(place, column)| {
                    plain(if column.starts_with("(expression)") { written[place] } else { column })
                });
                Index {
                    name: if sql.is_empty() { String::new() } else { name },
                    unique: unique == "1",
                    columns: columns.collect(),
                    condition: plain(condition),
                    table,
                }
            })
            .collect()
    }

    async fn references(&self) -> BTreeSet<[String; 4]> {
        let rows = self
            .texts(
                "SELECT t.name, f.\"from\", f.\"table\", f.\"to\" \
                 FROM sqlite_schema t, pragma_foreign_key_list(t.name) f WHERE t.type = 'table'",
            )
            .await;
        rows.into_iter().map(texts).collect()
    }

    async fn defaults(&self) -> BTreeMap<(String, String), String> {
        let rows = self
            .texts(
                "SELECT t.name, c.name, c.dflt_value FROM sqlite_schema t, pragma_table_info(t.name) c \
                 WHERE t.type = 'table' AND t.name NOT LIKE '\\_sqlx%' ESCAPE '\\' AND c.dflt_value IS NOT NULL",
            )
            .await;
        rows.into_iter().map(default_of).collect()
    }

    async fn checks(&self) -> BTreeMap<(String, String), BTreeSet<String>> {
        let tables = self
            .texts(
                "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_sqlx%' ESCAPE '\\' \
                 AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
            )
            .await;
        let mut checks: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for [table, sql] in tables.into_iter().map(texts) {
            let lines = sql.lines().map(|line| line.split("--").next().unwrap_or_default());
            let sql = lines.collect::<Vec<_>>().join(" ");
            // The first of them: a column may refer to its own table.
            let body = parts_after(&sql, &format!("{table} (")).first().map(|body| (*body).to_owned());
            let body = body.unwrap_or_else(|| panic!("{sql} makes no table"));
            // The columns, parted by the commas that are in no parentheses and no text.
            let (mut depth, mut quoted) = (0, false);
            let columns = body.split(|one: char| {
                quoted ^= one == '\'';
                depth += i32::from(!quoted && one == '(') - i32::from(!quoted && one == ')');
                one == ',' && depth == 0 && !quoted
            });
            for column in columns {
                let name = column.split_whitespace().next().unwrap_or_default();
                let of_form = |check: &&str| check.contains(" GLOB ");
                for check in parts_after(column, "CHECK (").into_iter().filter(|check| !of_form(check)) {
                    checks.entry((table.clone(), name.to_owned())).or_default().extend(literals(check));
                }
            }
        }
        checks
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

    async fn indexes(&self) -> BTreeSet<Index> {
        let rows = self
            .texts(
                "SELECT t.relname::text, CASE WHEN k.oid IS NULL THEN c.relname::text ELSE '' END, i.indisunique::text, \
                 (SELECT string_agg(pg_get_indexdef(i.indexrelid, place, true) || \
                 CASE i.indoption[place - 1] & 1 WHEN 1 THEN ' desc' ELSE '' END, E'\\n' ORDER BY place) \
                 FROM generate_series(1, i.indnkeyatts::int) place), \
                 COALESCE(pg_get_expr(i.indpred, i.indrelid), '') \
                 FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid \
                 JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public' \
                 LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype = 'u' \
                 WHERE NOT i.indisprimary AND NOT c.relispartition AND t.relname NOT LIKE '\\_sqlx%'",
            )
            .await;
        rows.into_iter()
            .map(|row| {
                let [table, name, unique, columns, condition] = texts(row);
                let columns = columns.split('\n').map(plain).collect();
                Index { table, name, unique: unique == "true", columns, condition: plain(&condition) }
            })
            .collect()
    }

    async fn references(&self) -> BTreeSet<[String; 4]> {
        let rows = self
            .texts(
                "SELECT k.conrelid::regclass::text, f.attname::text, k.confrelid::regclass::text, t.attname::text \
                 FROM pg_constraint k CROSS JOIN LATERAL unnest(k.conkey, k.confkey) AS pair(\"from\", \"to\") \
                 JOIN pg_attribute f ON f.attrelid = k.conrelid AND f.attnum = pair.\"from\" \
                 JOIN pg_attribute t ON t.attrelid = k.confrelid AND t.attnum = pair.\"to\" WHERE k.contype = 'f'",
            )
            .await;
        rows.into_iter().map(texts).collect()
    }

    async fn defaults(&self) -> BTreeMap<(String, String), String> {
        let rows = self
            .texts(
                "SELECT c.table_name::text, c.column_name::text, c.column_default::text \
                 FROM information_schema.columns c JOIN pg_class t ON t.oid = c.table_name::regclass \
                 AND NOT t.relispartition WHERE c.table_schema = 'public' \
                 AND c.table_name NOT LIKE '\\_sqlx%' AND c.column_default IS NOT NULL",
            )
            .await;
        rows.into_iter().map(default_of).collect()
    }

    async fn checks(&self) -> BTreeMap<(String, String), BTreeSet<String>> {
        let rows = self
            .texts(
                "SELECT t.relname::text, a.attname::text, pg_get_constraintdef(k.oid) FROM pg_constraint k \
                 JOIN pg_class t ON t.oid = k.conrelid AND NOT t.relispartition \
                 JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] \
                 WHERE k.contype = 'c' AND cardinality(k.conkey) = 1 AND t.relname NOT LIKE '\\_sqlx%'",
            )
            .await;
        let mut checks: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
        for [table, column, check] in rows.into_iter().map(texts) {
            checks.entry((table, column)).or_default().extend(literals(&check));
        }
        checks
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

fn default_of(row: Vec<Option<String>>) -> ((String, String), String) {
    let [table, column, default] = texts(row);
    ((table, column), plain(&default))
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
