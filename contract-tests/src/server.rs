//! The real binary on a fresh database.

#![expect(clippy::disallowed_methods, reason = "the harness looks into databases behind the server's back")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sqlx::{Connection, Row};

use crate::between::Between;
use crate::disk::Disk;
use crate::spec::repository;

/// How long a server that was told to stop may take.
const END: Duration = Duration::from_secs(30);

/// How long a server may take until it is ready.
const START: Duration = Duration::from_secs(60);

/// How long a server may take to stop.
const STOP: Duration = Duration::from_secs(20);

/// How long it may take until a server that works comes to a point that is armed in it.
const ARRIVAL: Duration = Duration::from_secs(60);

/// Names the file that says which point of a server is armed, in the server's own folder. A server has such points if it was
/// built for it (`impl/src/fault_points.rs`).
pub const FAULT_POINTS: (&str, &str) = ("FAULT_POINT_FILE", "fault-point");

/// Where a server keeps its memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Database {
    /// One file, and nothing else.
    Sqlite,
    /// A database of its own on the server that `TEST_POSTGRES_URL` names, with the Redis that `TEST_REDIS_URL` names
    /// before it, unless a test sets `REDIS_URL` otherwise (to nothing, for none).
    Postgres,
}

impl Database {
    /// Its name in paths and messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// What a client authenticates with.
#[derive(Clone)]
pub struct Credentials {
    /// The agent's id.
    pub client_id: String,
    /// The secret, never shown.
    pub client_secret: String,
}

/// A PostgreSQL of a test's own, which it can end without warning and start again. It goes when this is dropped.
pub struct Cluster {
    folder: PathBuf,
    url: String,
    disk: Option<Disk>,
}

impl Cluster {
    /// Starts one that keeps its files in a folder of this name.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start(name: &str) -> Self {
        let folder = repository().join("target/contract-tests").join(format!("{name}.cluster"));
        services(&folder, "stop");
        Self::start_in(folder, None)
    }

    /// Starts one that keeps its files on a disk of its own, which can be filled.
    ///
    /// # Panics
    /// When it does not start.
    pub fn start_on(disk: Disk) -> Self {
        let cluster = Self::start_in(disk.folder().join("cluster"), Some(disk));
        // What it keeps of what is written already has room beside what is written.
        for setting in ["max_wal_size = '64MB'", "min_wal_size = '32MB'"] {
            execute(&cluster.url, &format!("ALTER SYSTEM SET {setting}"));
        }
        execute(&cluster.url, "SELECT pg_reload_conf()");
        cluster
    }

    fn start_in(folder: PathBuf, disk: Option<Disk>) -> Self {
        let environment = services(&folder, "start");
        let url = environment
            .lines()
            .find_map(|line| line.strip_prefix("export TEST_POSTGRES_URL="))
            .unwrap_or_else(|| panic!("scripts/services names no PostgreSQL:\n{environment}"));
        Self { url: url.to_owned(), folder, disk }
    }

    /// Ends it without a warning.
    pub fn crash(&self) {
        services(&self.folder, "crash");
    }

    /// Starts it again, unless it runs, and waits until it answers.
    pub fn resume(&self) {
        self.resume_with(&[]);
    }

    /// The same, with these variables for PostgreSQL.
    pub fn resume_with(&self, environment: &[(&str, &str)]) {
        services_with(&self.folder, "resume", environment);
    }

    /// Stops it where it stands: it takes connections and questions, and answers none.
    pub fn stall(&self) {
        services(&self.folder, "stall");
    }

    /// Lets it go on after [`Cluster::stall`].
    pub fn goes_on(&self) {
        services(&self.folder, "go-on");
    }

    /// The disk that it has to itself, if it was started on one.
    pub fn disk(&self) -> Option<&Disk> {
        self.disk.as_ref()
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        services(&self.folder, "stop");
    }
}

/// Has `scripts/services` do something in a folder; what it says.
fn services(folder: &Path, what: &str) -> String {
    services_with(folder, what, &[])
}

/// The same, with these variables for PostgreSQL alone.
fn services_with(folder: &Path, what: &str, environment: &[(&str, &str)]) -> String {
    let environment: Vec<String> =
        environment.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let done = Command::new(repository().join("scripts/services"))
        .arg(what)
        .env("SERVICES_DIR", folder)
        .env("SERVICES_DURABLE", "yes")
        .env("SERVICES_ENVIRONMENT", environment.join(" "))
        .stdin(Stdio::null())
        .output()
        .expect("scripts/services can be run");
    let errors = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "scripts/services {what}: {}\n{errors}", done.status);
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A running server; it ends, and its database goes, when this is dropped.
pub struct Server {
    child: Mutex<Child>,
    environment: BTreeMap<String, String>,
    /// What it is set to from its next start on, beside that.
    set_since: Mutex<BTreeMap<String, String>>,
    cluster: Option<Cluster>,
    between: Option<Between>,
    folder: PathBuf,
    database: Database,
    database_url: String,
    /// Whether the database goes with it.
    owns_database: bool,
    /// Where it listens, which is also the issuer of the first node: `http://127.0.0.1:<port>`.
    pub base: String,
    /// The port it listens on.
    pub port: u16,
    /// The first operator.
    pub operator: Credentials,
}

impl Server {
    /// Starts a server on a fresh database, with further settings, and waits until it is ready. `name` is the name of
    /// the folder in which its files are.
    ///
    /// # Panics
    /// When it does not become ready; the message has the end of its log.
    pub fn start(database: Database, name: &str, settings: &[(&str, &str)]) -> Self {
        Self::start_on(database, name, settings, None, None)
    }

    /// The same, on a PostgreSQL of its own if the database is one, so that [`Server::crash_database`] can be told.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_alone(database: Database, name: &str, settings: &[(&str, &str)]) -> Self {
        let cluster = (database == Database::Postgres).then(|| Cluster::start(name));
        Self::start_on(database, name, settings, cluster, None)
    }

    /// The same as [`Server::start`], with something between the server and its PostgreSQL, if the database is one, that
    /// [`Server::between`] tells to do harm.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_apart(database: Database, name: &str, settings: &[(&str, &str)]) -> Self {
        let between = (database == Database::Postgres).then(|| Between::start(&postgres_server()));
        Self::start_on(database, name, settings, None, between)
    }

    /// The same as [`Server::start`] on this PostgreSQL alone, with something in between.
    ///
    /// # Panics
    /// As [`Server::start`].
    pub fn start_on_cluster(cluster: Cluster, name: &str, settings: &[(&str, &str)]) -> Self {
        let between = Between::start(&cluster.url);
        Self::start_on(Database::Postgres, name, settings, Some(cluster), Some(between))
    }

    fn start_on(
        database: Database,
        name: &str,
        settings: &[(&str, &str)],
        cluster: Option<Cluster>,
        between: Option<Between>,
    ) -> Self {
        let folder = repository().join("target/contract-tests").join(database.name()).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder for the server can be made");
        let port = free_port();
        let postgres = cluster.as_ref().map(|cluster| cluster.url.clone());
        let database_url = fresh_database(database, &folder, port, postgres);
        let base = format!("http://127.0.0.1:{port}");
        let servers_url = match database {
            Database::Sqlite => database_url.clone(),
            Database::Postgres => as_role(&database_url, &application()),
        };
        let servers_url =
            between.as_ref().map_or_else(|| servers_url.clone(), |between| between.url(&servers_url));
        let mut environment: BTreeMap<String, String> = [
            ("AGENTIDP_ENV", "test"),
            ("AGENTIDP_BIND", "127.0.0.1"),
            ("PORT", &port.to_string()),
            ("DATABASE_URL", &servers_url),
            ("JWT_ISSUER", &base),
            ("AGENTIDP_MASTER_KEY", &master_key()),
            ("AGENTIDP_ALLOWED_RESOURCES", "https://resumes.example.com/,https://jobs.example.com/"),
            ("AGENTIDP_LOG", "debug"),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        if database == Database::Postgres && !settings.iter().any(|(name, _)| *name == "REDIS_URL") {
            environment.insert("REDIS_URL".to_owned(), redis_server());
        }
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));

        let operator = bootstrap(&folder, &environment);
        let child = Mutex::new(serve(&folder, &environment));
        let server = Self {
            child,
            environment,
            set_since: Mutex::default(),
            cluster,
            between,
            owns_database: true,
            folder,
            database,
            database_url,
            base,
            port,
            operator,
        };
        server.wait_until_ready();
        server
    }

    /// Starts another node of the same deployment, with further settings, and waits until it is ready. It must end before
    /// the first.
    ///
    /// # Panics
    /// When it does not become ready; the message has the end of its log.
    pub fn start_beside(&self, settings: &[(&str, &str)]) -> Self {
        self.start_node(settings, None)
    }

    /// The same, with something of its own between it and their PostgreSQL.
    ///
    /// # Panics
    /// As [`Server::start_beside`].
    pub fn start_beside_apart(&self, settings: &[(&str, &str)]) -> Self {
        let between = Between::start(&self.database_url);
        let url = between.url(&self.environment["DATABASE_URL"]);
        self.start_node(&[&[("DATABASE_URL", url.as_str())], settings].concat(), Some(between))
    }

    fn start_node(&self, settings: &[(&str, &str)], between: Option<Between>) -> Self {
        let port = free_port();
        let folder = self.folder.join(format!("node-{port}"));
        fs::create_dir_all(&folder).expect("a folder for the server can be made");
        let mut environment = self.environment();
        environment.insert("PORT".to_owned(), port.to_string());
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let server = Self {
            child: Mutex::new(serve(&folder, &environment)),
            folder,
            database: self.database,
            database_url: self.database_url.clone(),
            environment,
            set_since: Mutex::default(),
            cluster: None,
            between,
            owns_database: false,
            base: format!("http://127.0.0.1:{port}"),
            port,
            operator: self.operator.clone(),
        };
        server.wait_until_ready();
        server
    }

    /// Ends the process that holds the database, as a power cut would: PostgreSQL's, or with SQLite the server's own.
    ///
    /// # Panics
    /// When the server was not started alone with a PostgreSQL.
    pub fn crash_database(&self) {
        match self.database {
            Database::Sqlite => self.kill(),
            Database::Postgres => self.cluster().crash(),
        }
    }

    /// Starts that process again. The server comes back by itself.
    ///
    /// # Panics
    /// As [`Server::crash_database`].
    pub fn resume_database(&self) {
        match self.database {
            Database::Sqlite => self.launch(),
            Database::Postgres => self.cluster().resume(),
        }
    }

    /// The PostgreSQL that it has to itself.
    ///
    /// # Panics
    /// When it shares one.
    pub fn cluster(&self) -> &Cluster {
        self.cluster.as_ref().expect("the server was started alone")
    }

    /// How many connections to its database there may be, but for superusers'; -1 is any number.
    ///
    /// # Panics
    /// When there is no PostgreSQL.
    pub fn may_be_connected_to(&self, times: i32) {
        let limit = format!("ALTER DATABASE {} CONNECTION LIMIT {times}", self.database_name());
        execute(&self.database_url, &limit);
    }

    /// Ends the server and its PostgreSQL, and starts them again with clocks that are so many days ahead of the machine's. So
    /// are those of the other commands of the binary from then on.
    ///
    /// # Panics
    /// As [`Server::start_again`], when the server was not started alone with a PostgreSQL, or when there is no libfaketime.
    pub fn sleeps_until_day(&self, day: u32) {
        self.kill();
        let (library, ahead) = (libfaketime(), format!("+{day}d"));
        let clock = wrong_clock(&library, &ahead);
        if self.database == Database::Postgres {
            let cluster = self.cluster.as_ref().expect("the server was started alone");
            cluster.crash();
            cluster.resume_with(&clock);
        }
        self.is_set(&clock);
        self.start_again();
    }

    /// Runs a script of psql's on its PostgreSQL, as the owner of the tables.
    ///
    /// # Panics
    /// When the script fails, or there is no PostgreSQL.
    pub fn psql(&self, variables: &[(&str, &str)], script: &Path) {
        psql(&self.database_url, variables, script);
    }

    /// The URL under which another role reaches its PostgreSQL.
    ///
    /// # Panics
    /// When there is none.
    pub fn database_as(&self, role: &str) -> String {
        as_role(&self.database_url, role)
    }

    /// What its PostgreSQL says to a statement of another role's, whose effects are undone.
    ///
    /// # Errors
    /// The refusal's SQLSTATE and message.
    ///
    /// # Panics
    /// When the role cannot connect.
    pub fn tries_as(&self, role: &str, sql: &str) -> Result<(), String> {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        runtime().block_on(async {
            let connected = sqlx::PgConnection::connect(&self.database_as(role)).await;
            let mut connection = connected.unwrap_or_else(|error| panic!("{role} cannot connect: {error}"));
            let mut transaction = connection.begin().await.expect("a transaction");
            let done = sqlx::raw_sql(sql).execute(&mut *transaction).await;
            done.map(drop).map_err(|error| {
                let refusal = error.as_database_error();
                let code = refusal.and_then(|refusal| refusal.code()).unwrap_or_default().into_owned();
                format!("{code} {error}")
            })
        })
    }

    /// The URL under which the owner of the tables reaches its database.
    pub fn database_url(&self) -> &str {
        &self.database_url
    }

    /// Kills the server: it hears nothing of it and ends where it stands.
    ///
    /// # Panics
    /// When it has ended by itself.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill().expect("the server can be killed");
        child.wait().expect("the server ends");
    }

    /// Tells the server to stop, as an operator does.
    ///
    /// # Panics
    /// When it is not there.
    pub fn stops(&self) {
        assert!(signal(self.pid(), "-TERM"), "the server can be told to stop");
    }

    /// How the server ended, once it has.
    ///
    /// # Panics
    /// When it goes on.
    pub fn ended(&self) -> Option<i32> {
        let started = Instant::now();
        loop {
            let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
            if let Some(status) = ended.expect("the server is this process's child") {
                return status.code();
            }
            assert!(started.elapsed() < END, "the server did not end:\n{}", end_of(&self.log()));
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it again after [`Server::kill`], on what it left, and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; the message has the end of its log.
    pub fn start_again(&self) {
        self.launch();
        self.wait_until_ready();
    }

    /// The same with further settings, this once.
    ///
    /// # Panics
    /// As [`Server::start_again`].
    pub fn start_again_with(&self, settings: &[(&str, &str)]) {
        let mut environment = self.environment();
        environment.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        self.launch_with(&environment);
        self.wait_until_ready();
    }

    /// Starts it again after [`Server::kill`], on something that it must not go on with, and waits until it has ended by
    /// itself. What it said meanwhile.
    ///
    /// # Panics
    /// When it becomes ready, or does neither.
    pub fn fails_to_start(&self) -> String {
        let before = self.log().len();
        self.launch();
        let started = Instant::now();
        loop {
            let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
            if let Ok(Some(status)) = ended {
                assert!(!status.success(), "it ended as if nothing were wrong");
                return self.log().split_off(before);
            }
            assert!(!crate::actor::is_ready(&self.base), "the server started");
            assert!(started.elapsed() < START, "the server does not end:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// A copy of the database as it is, while the server is killed.
    ///
    /// # Panics
    /// When it cannot be copied, as while somebody is connected to it.
    pub fn copy_database(&self) -> Backup {
        match self.database {
            Database::Sqlite => {
                let read = |end: &str| {
                    let file = self.folder.join(format!("agentidp.db{end}"));
                    fs::read(&file).ok().map(|bytes| (file, bytes))
                };
                Backup::Files(["", "-wal", "-shm"].into_iter().filter_map(read).collect())
            }
            Database::Postgres => {
                let (server, name) = (postgres_server(), self.database_name());
                let copy = format!("{name}_copy");
                execute(&server, &format!("CREATE DATABASE {copy} TEMPLATE {name}"));
                Backup::Database { server, name: copy }
            }
        }
    }

    /// Puts a copy in the place of the database, while the server is killed.
    ///
    /// # Panics
    /// When it cannot be put there.
    pub fn restore_database(&self, backup: &Backup) {
        match backup {
            Backup::Files(files) => {
                for end in ["", "-wal", "-shm"] {
                    let _ = fs::remove_file(self.folder.join(format!("agentidp.db{end}")));
                }
                for (file, bytes) in files {
                    fs::write(file, bytes).expect("a file can be written beside the server's own");
                }
            }
            Backup::Database { server, name: copy } => {
                let name = self.database_name();
                execute(server, &format!("DROP DATABASE {name} WITH (FORCE)"));
                execute(server, &format!("CREATE DATABASE {name} TEMPLATE {copy}"));
            }
        }
    }

    fn database_name(&self) -> &str {
        let (_, name) = self.database_url.rsplit_once('/').expect("the URL ends in the name of a database");
        name
    }

    fn launch(&self) {
        self.launch_with(&self.environment());
    }

    fn launch_with(&self, environment: &BTreeMap<String, String>) {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        *child = serve(&self.folder, environment);
    }

    /// Sets it otherwise from its next start on, and the other commands of the binary from now on.
    pub fn is_set(&self, settings: &[(&str, &str)]) {
        let mut set_since = self.set_since.lock().unwrap_or_else(PoisonError::into_inner);
        set_since.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    }

    fn environment(&self) -> BTreeMap<String, String> {
        let set_since = self.set_since.lock().unwrap_or_else(PoisonError::into_inner);
        let both = self.environment.iter().chain(set_since.iter());
        both.map(|(name, value)| (name.clone(), value.clone())).collect()
    }

    /// What stands between it and its PostgreSQL.
    ///
    /// # Panics
    /// When nothing does.
    pub fn between(&self) -> &Between {
        self.between.as_ref().expect("the server was started apart from its database")
    }

    /// Waits until the server comes to this point, and is stopped there.
    ///
    /// # Panics
    /// When it does not come there, or has no such points.
    pub fn stops_at(&self, point: &str) {
        self.arm("stop", point);
        self.waits_for(point, || state_of(self.pid()) == Some('T'));
    }

    /// Starts it again after [`Server::kill`], and waits until it comes to this point, where it is stopped. It may not be
    /// ready yet.
    ///
    /// # Panics
    /// As [`Server::stops_at`].
    pub fn starts_until(&self, point: &str) {
        self.arm("stop", point);
        self.launch();
        self.waits_for(point, || state_of(self.pid()) == Some('T'));
    }

    /// Runs another command of the binary with the server's settings until it comes to this point, and kills it there.
    ///
    /// # Panics
    /// As [`Server::stops_at`].
    pub fn runs_until(&self, point: &str, arguments: &[&str]) {
        self.arm("stop", point);
        let mut command = command(&self.folder, &self.environment());
        let running = command.args(arguments).stdout(Stdio::null()).stderr(log(&self.folder)).spawn();
        let running = Killed(running.unwrap_or_else(|error| panic!("{}: {error}", binary().display())));
        self.waits_for(point, || state_of(running.0.id()) == Some('T'));
    }

    /// Waits until the server comes to this point, and fails there as if its database were not available.
    ///
    /// # Panics
    /// As [`Server::stops_at`].
    pub fn fails_at(&self, point: &str) {
        self.arm("fail", point);
        self.waits_for(point, || true);
    }

    /// Lets the next one who comes to this point panic there, with a message that has this text in it.
    ///
    /// # Panics
    /// When it cannot be armed.
    pub fn panics_at(&self, point: &str, text: &str) {
        self.arm("panic", &format!("{point} {text}"));
    }

    /// Waits until somebody in the server comes to this point, and is held there, alone, until [`Server::lets_go`].
    ///
    /// # Panics
    /// As [`Server::stops_at`].
    pub fn holds_at(&self, point: &str) {
        self.arm("hold", point);
        self.waits_for(point, || true);
    }

    /// Lets go on who is held.
    ///
    /// # Panics
    /// When nobody is.
    pub fn lets_go(&self) {
        self.arm("let", "go");
        self.waits_for("any point", || true);
    }

    /// Stops the server where it stands: it takes connections and requests, and answers none.
    ///
    /// # Panics
    /// When it is not there.
    pub fn stalls(&self) {
        assert!(signal(self.pid(), "-STOP"), "the server can be stopped");
    }

    /// Lets a stopped server go on.
    ///
    /// # Panics
    /// When it is not there.
    pub fn goes_on(&self) {
        assert!(signal(self.pid(), "-CONT"), "the server can be told to go on");
    }

    /// Lets a stopped server go on as far as this point.
    ///
    /// # Panics
    /// As [`Server::stops_at`].
    pub fn goes_on_to(&self, point: &str) {
        self.arm("stop", point);
        self.goes_on();
        self.waits_for(point, || state_of(self.pid()) == Some('T'));
    }

    /// The id of the server's process.
    pub fn pid(&self) -> u32 {
        self.child.lock().unwrap_or_else(PoisonError::into_inner).id()
    }

    /// What it was told of a setting.
    ///
    /// # Panics
    /// When it was told nothing of it.
    pub fn setting(&self, name: &str) -> &str {
        self.environment.get(name).unwrap_or_else(|| panic!("the server was not told of {name}"))
    }

    /// A figure of its memory in KiB, as Linux has it: `VmRSS:` is what it has now, `VmHWM:` the most that it had.
    ///
    /// # Panics
    /// When it is not there, or there is no such figure.
    pub fn memory(&self, figure: &str) -> u64 {
        resident(self.pid(), figure).expect("it runs, and has a figure of that name")
    }

    fn arm(&self, what: &str, point: &str) {
        // Whole or not at all: the server may read it at any time.
        let made = self.keep("fault-point.new", format!("{what} {point}").as_bytes());
        fs::rename(made, self.folder.join(FAULT_POINTS.1)).expect("a point can be armed");
    }

    fn waits_for(&self, point: &str, is_there: impl Fn() -> bool) {
        let (armed, started) = (self.folder.join(FAULT_POINTS.1), Instant::now());
        while armed.exists() || !is_there() {
            if started.elapsed() > ARRIVAL {
                panic!("the server did not come to {point}; the end of its log:\n{}", end_of(&self.log()));
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Which database it uses.
    pub fn database(&self) -> Database {
        self.database
    }

    /// Everything that it wrote to its standard output and its standard error.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.folder.join("log")).unwrap_or_default()).into_owned()
    }

    /// Runs another command of the binary with the server's settings, in the server's folder.
    ///
    /// # Panics
    /// When there is no binary.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(&[], arguments)
    }

    /// The same with further settings.
    ///
    /// # Panics
    /// As [`Server::run`].
    pub fn run_with(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = command(&self.folder, &self.environment());
        let output = command.envs(settings.iter().copied()).args(arguments).output();
        output.unwrap_or_else(|error| panic!("{}: {error}; build it first", binary().display()))
    }

    /// The same as [`Server::run`], and the most memory that the command had at a time, in KiB, as Linux counts it (resident).
    ///
    /// # Panics
    /// As [`Server::run`].
    pub fn run_measured(&self, arguments: &[&str]) -> (Output, u64) {
        let kept =
            |name| File::create(self.folder.join(name)).expect("a file can be made beside the server's own");
        let mut child = command(&self.folder, &self.environment)
            .args(arguments)
            .stdout(kept("measured.out"))
            .stderr(kept("measured.err"))
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}; build it first", binary().display()));
        let mut most = 0;
        let status = loop {
            most = resident(child.id(), "VmHWM:").map_or(most, |now| most.max(now));
            if let Some(status) = child.try_wait().expect("the command is this process's child") {
                break status;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let read = |name| fs::read(self.folder.join(name)).expect("what the command said can be read");
        (Output { status, stdout: read("measured.out"), stderr: read("measured.err") }, most)
    }

    /// The same on a terminal: everything that somebody who sits there is shown, with what moves the cursor, and how it ended.
    ///
    /// # Panics
    /// When there is no `script` (util-linux), which makes the terminal, or an argument has a quote in it.
    pub fn run_on_a_terminal(&self, arguments: &[&str]) -> Output {
        let mut line = format!("'{}'", binary().display());
        for argument in arguments {
            assert!(!argument.contains('\''), "{argument} cannot be written for a shell");
            line.push_str(&format!(" '{argument}'"));
        }
        let mut script = Command::new("script");
        script.args(["--quiet", "--return", "--flush", "--command", &line, "/dev/null"]);
        let like = command(&self.folder, &self.environment());
        script.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        // The shell that runs the line is found like any program.
        script.envs(setting("PATH").map(|path| ("PATH", path))).current_dir(&self.folder);
        script.stdin(Stdio::null()).output().expect("there is a program `script`, which makes a terminal")
    }

    /// Writes a file into the server's folder, and says where.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn keep(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.folder.join(name);
        fs::write(&path, content).expect("a file can be written beside the server's own");
        path
    }

    /// Does something to the database behind the server's back, to see it fail.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn break_database(&self, sql: &str) {
        execute(&self.database_url, sql);
    }

    /// The number that a query comes to.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn count(&self, sql: &str) -> i64 {
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let counted = runtime().block_on(async {
            if self.database_url.starts_with("sqlite:") {
                let mut connection = sqlx::SqliteConnection::connect(&self.database_url).await?;
                let row = sqlx::raw_sql(sql).fetch_one(&mut connection).await?;
                // One that is merely dropped may still be closing when the file is copied or another server opens it.
                connection.close().await?;
                row.try_get(0)
            } else {
                let mut connection = sqlx::PgConnection::connect(&self.database_url).await?;
                let row = sqlx::raw_sql(sql).fetch_one(&mut connection).await?;
                connection.close().await?;
                row.try_get(0)
            }
        });
        counted.unwrap_or_else(|error: sqlx::Error| panic!("the database refused: {error}"))
    }

    /// Takes the database away until the answer is dropped: PostgreSQL's connections are ended and no new one is let in;
    /// SQLite's file is held by another writer.
    ///
    /// # Panics
    /// When it cannot be taken away.
    pub fn cut_database(&self) -> Cut {
        match self.database {
            Database::Sqlite => {
                let runtime = runtime();
                let holder = runtime.block_on(async {
                    let mut holder = sqlx::SqliteConnection::connect(&self.database_url).await?;
                    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut holder).await?;
                    Ok::<_, sqlx::Error>(holder)
                });
                Cut::Held { holder: Some(holder.expect("the file can be held")), runtime }
            }
            Database::Postgres => {
                let server = postgres_server();
                let (_, name) =
                    self.database_url.rsplit_once('/').expect("the URL ends in the name of a database");
                execute(&server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS false"));
                let end = format!(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
                );
                execute(&server, &end);
                Cut::Barred { server, name: name.to_owned() }
            }
        }
    }

    /// Runs a statement in a transaction of its PostgreSQL that stays open until the answer is dropped.
    ///
    /// # Panics
    /// When the statement fails, or there is no PostgreSQL.
    pub fn holds(&self, sql: &str) -> Held {
        let runtime = runtime();
        let holder = runtime.block_on(async {
            let mut holder = sqlx::PgConnection::connect(&self.database_url).await?;
            sqlx::raw_sql("BEGIN").execute(&mut holder).await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(&mut holder).await?;
            Ok::<_, sqlx::Error>(holder)
        });
        Held { holder: Some(holder.unwrap_or_else(|error| panic!("{sql}: {error}"))), runtime }
    }

    /// Asks the server to stop and waits until it has. Whether it ended well, so that all it had to write is written.
    pub(crate) fn stop(&mut self) -> bool {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !signal(child.id(), "-TERM") {
            return false;
        }
        let began = Instant::now();
        while began.elapsed() < STOP {
            match child.try_wait() {
                Ok(None) => std::thread::sleep(Duration::from_millis(2)),
                ended => return ended.is_ok_and(|status| status.is_some_and(|status| status.success())),
            }
        }
        false
    }

    /// Every audit event in the database, in no order; `None` where a test took the table away.
    pub fn events(&self) -> Option<Vec<Value>> {
        let content = rows(&self.database_url, "SELECT content FROM audit_events").ok()?;
        content.iter().map(|content| serde_json::from_slice(content).ok()).collect()
    }

    fn wait_until_ready(&self) {
        let started = Instant::now();
        loop {
            let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait();
            if let Ok(Some(status)) = ended {
                panic!("the server ended with {status} instead of becoming ready:\n{}", self.log());
            }
            if crate::actor::is_ready(&self.base) {
                return;
            }
            assert!(started.elapsed() < START, "the server did not become ready:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        let _ = child.kill();
        let _ = child.wait();
        if self.owns_database
            && self.database == Database::Postgres
            && self.cluster.is_none()
            && let Some((server, name)) = self.database_url.rsplit_once('/')
        {
            execute(&format!("{server}/postgres"), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

/// A process that is killed when this is dropped.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The settings of a process whose clock is not the machine's but, say, `+91d` or `-50s` from it.
pub fn wrong_clock<'s>(libfaketime: &'s str, offset: &'s str) -> [(&'static str, &'s str); 3] {
    [
        ("LD_PRELOAD", libfaketime),
        ("FAKETIME", offset),
        // How long something takes stays what it is.
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]
}

/// What gives a process another time than the machine's: a path.
///
/// # Panics
/// When there is none.
pub fn libfaketime() -> String {
    let folders = fs::read_dir("/usr/lib").expect("a folder of libraries");
    let libraries = folders
        .flatten()
        .map(|folder| folder.path().join("faketime/libfaketimeMT.so.1"))
        .find(|path| path.exists());
    libraries.expect("there is libfaketime (Debian's package libfaketime)").display().to_string()
}

/// Sends a signal; the standard library knows but the one that cannot be heard.
pub(crate) fn signal(pid: u32, signal: &str) -> bool {
    let mut kill = Command::new("kill");
    kill.args([signal, &pid.to_string()]).stderr(Stdio::null());
    kill.status().is_ok_and(|status| status.success())
}

/// As much of the end of a log as a person reads.
pub(crate) fn end_of(log: &str) -> &str {
    log.char_indices().rev().nth(5_000).map_or(log, |(at, _)| &log[at..])
}

/// The state of a process, by the letter that the system has for it (proc(5)).
fn state_of(pid: u32) -> Option<char> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    status.rsplit_once(") ")?.1.chars().next()
}

/// A figure of a process's memory in KiB, by the name that Linux has for it (proc(5)).
pub fn resident(pid: u32, figure: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(figure))?;
    line.trim().trim_end_matches(" kB").parse().ok()
}

/// The binary to test: the one of this workspace, unless `AGENTIDP_BIN` names another.
pub fn binary() -> PathBuf {
    setting("AGENTIDP_BIN").map_or_else(|| repository().join("target/debug/agentidp"), PathBuf::from)
}

#[allow(
    clippy::disallowed_methods,
    reason = "the tests have settings of their own, which are not the server's"
)]
pub(crate) fn setting(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The server itself, with these settings.
fn serve(folder: &Path, environment: &BTreeMap<String, String>) -> Child {
    command(folder, environment)
        .arg("serve")
        .stdout(log(folder))
        .stderr(log(folder))
        .spawn()
        .expect("the server can be started")
}

/// The binary with exactly these settings, in a folder of its own.
pub(crate) fn command(folder: &Path, environment: &BTreeMap<String, String>) -> Command {
    let mut command = Command::new(binary());
    command.env_clear().envs(environment).current_dir(folder).stdin(Stdio::null());
    // Where a binary that counts its own lines writes what it counted.
    command.envs(setting("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)));
    command
}

fn log(folder: &Path) -> File {
    File::options()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .expect("the server's log can be opened")
}

/// Makes the first operator with the command that is made for it.
fn bootstrap(folder: &Path, environment: &BTreeMap<String, String>) -> Credentials {
    let output = command(folder, environment)
        .args(["bootstrap", "--json"])
        .stderr(log(folder))
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; build it first", binary().display()));
    assert!(
        output.status.success(),
        "bootstrap ended with {}:\n{}",
        output.status,
        fs::read_to_string(folder.join("log")).unwrap_or_default()
    );
    let answer: Value = serde_json::from_slice(&output.stdout).expect("bootstrap --json prints JSON alone");
    let text =
        |name: &str| answer[name].as_str().unwrap_or_else(|| panic!("bootstrap prints {name}")).to_owned();
    assert_eq!(answer.as_object().map(serde_json::Map::len), Some(2), "bootstrap --json prints two members");
    Credentials { client_id: text("clientId"), client_secret: text("clientSecret") }
}

/// A port that nothing listens on and that no other test of this run gets. It lies below those that the system gives to
/// outgoing connections, so that none of those takes it meanwhile.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 20_000 + u16::try_from(std::process::id() % 100).unwrap_or_default() * 100;
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::Relaxed) % 2_000;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}

/// A copy of a database, which goes when this is dropped.
pub enum Backup {
    /// The files of SQLite, and what was in them.
    Files(Vec<(PathBuf, Vec<u8>)>),
    /// A database of PostgreSQL.
    Database {
        /// The server that it is on.
        server: String,
        /// Its name.
        name: String,
    },
}

impl Drop for Backup {
    fn drop(&mut self) {
        if let Self::Database { server, name } = self {
            execute(server, &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

/// A transaction of a PostgreSQL that stays open until this is dropped.
pub struct Held {
    holder: Option<sqlx::PgConnection>,
    runtime: tokio::runtime::Runtime,
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(holder) = self.holder.take() {
            self.runtime.block_on(holder.close()).expect("a connection can be closed");
        }
    }
}

/// A database that is away until this is dropped.
pub enum Cut {
    /// A file that another writer holds.
    Held {
        /// The connection that holds it.
        holder: Option<sqlx::SqliteConnection>,
        /// What it runs on.
        runtime: tokio::runtime::Runtime,
    },
    /// A database that lets nobody in.
    Barred {
        /// The server that it is on.
        server: String,
        /// Its name.
        name: String,
    },
}

impl Drop for Cut {
    fn drop(&mut self) {
        match self {
            Self::Held { holder, runtime } => {
                if let Some(holder) = holder.take() {
                    runtime.block_on(holder.close()).expect("the file can be let go");
                }
            }
            Self::Barred { server, name } => {
                execute(server, &format!("ALTER DATABASE {name} ALLOW_CONNECTIONS true"));
            }
        }
    }
}

/// The PostgreSQL server for tests, with a database that is not a test's.
pub(crate) fn postgres_server() -> String {
    let server = setting("TEST_POSTGRES_URL").expect(
        "TEST_POSTGRES_URL names a PostgreSQL server; `eval \"$(scripts/services start)\"` starts one",
    );
    server.split('?').next().unwrap_or_default().to_owned()
}

/// The Redis server for tests. Each server's keys in it have names of their own, by the server's database.
pub fn redis_server() -> String {
    setting("TEST_REDIS_URL")
        .expect("TEST_REDIS_URL names a Redis server; `eval \"$(scripts/services start)\"` starts one")
}

fn fresh_database(database: Database, folder: &Path, port: u16, postgres: Option<String>) -> String {
    match database {
        Database::Sqlite => format!("sqlite://{}", folder.join("agentidp.db").display()),
        Database::Postgres => {
            let is_shared = postgres.is_none();
            let server = postgres.unwrap_or_else(postgres_server);
            let (base, _) =
                server.rsplit_once('/').expect("TEST_POSTGRES_URL ends in the name of a database");
            let name = format!("contract_{}_{port}", std::process::id());
            let url = format!("{base}/{name}");
            match is_shared {
                true => execute(&server, &format!("CREATE DATABASE {name} TEMPLATE {}", *TABLES)),
                false => {
                    execute(&server, &format!("CREATE DATABASE {name}"));
                    make_tables(&url);
                }
            }
            url
        }
    }
}

/// A database of the shared PostgreSQL with all tables and roles, of which each test gets a copy. It goes with the PostgreSQL.
static TABLES: LazyLock<String> = LazyLock::new(|| {
    let server = postgres_server();
    let (base, _) = server.rsplit_once('/').expect("TEST_POSTGRES_URL ends in the name of a database");
    let name = format!("contract_{}_tables", std::process::id());
    execute(&server, &format!("CREATE DATABASE {name}"));
    make_tables(&format!("{base}/{name}"));
    name
});

/// Makes tables and roles as an operator does: the owner migrates, and servers work as a role that may do no more than it must.
fn make_tables(url: &str) {
    let migrated = Command::new(binary())
        .arg("migrate")
        .env_clear()
        .envs([("DATABASE_URL", url), ("AGENTIDP_ENV", "test"), ("AGENTIDP_MASTER_KEY", &master_key())])
        .envs(setting("LLVM_PROFILE_FILE").map(|file| ("LLVM_PROFILE_FILE", file)))
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; build it first", binary().display()));
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    let (application, auditor) = (application(), format!("contract_auditor_{}", std::process::id()));
    let roles = [("application", application.as_str()), ("auditor", auditor.as_str())];
    psql(url, &roles, &repository().join("deploy/postgresql/roles.sql"));
    execute(url, &format!("ALTER ROLE {application} LOGIN"));
}

/// The role that servers work as. Roles are a whole PostgreSQL's, so each run of tests has its own.
fn application() -> String {
    format!("contract_application_{}", std::process::id())
}

/// The URL under which another role reaches a PostgreSQL.
fn as_role(url: &str, role: &str) -> String {
    let (_, place) = url.rsplit_once('@').expect("the URL of a PostgreSQL");
    format!("postgresql://{role}:agentidp@{place}")
}

fn psql(url: &str, variables: &[(&str, &str)], script: &Path) {
    let mut psql = Command::new("psql");
    psql.args(["--no-psqlrc", "--quiet", "--tuples-only", "--dbname", url]);
    for (name, value) in variables {
        psql.args(["--set", &format!("{name}={value}")]);
    }
    let done = psql.arg("--file").arg(script).output().expect("psql can be run");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

fn master_key() -> String {
    URL_SAFE_NO_PAD.encode([7_u8; 32])
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made")
}

/// The bytes in the one column that a statement tells.
fn rows(url: &str, sql: &'static str) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    runtime().block_on(async {
        if url.starts_with("sqlite:") {
            let mut connection = sqlx::SqliteConnection::connect(url).await?;
            let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await?;
            connection.close().await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        } else {
            let mut connection = sqlx::PgConnection::connect(url).await?;
            let rows = sqlx::raw_sql(sql).fetch_all(&mut connection).await?;
            connection.close().await?;
            rows.iter().map(|row| row.try_get(0)).collect()
        }
    })
}

/// Runs statements on a database.
pub(crate) fn execute(url: &str, sql: &str) {
    let statements = || sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned()));
    runtime()
        .block_on(async {
            if url.starts_with("sqlite:") {
                let mut connection = sqlx::SqliteConnection::connect(url).await?;
                statements().execute(&mut connection).await?;
                connection.close().await
            } else {
                let mut connection = sqlx::PgConnection::connect(url).await?;
                statements().execute(&mut connection).await?;
                connection.close().await
            }
        })
        .unwrap_or_else(|error| panic!("{sql}: {error}"));
}
