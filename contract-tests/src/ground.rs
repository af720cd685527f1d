//! What the program starts on before anything has started: a folder, a database without tables, and exactly the settings that
//! a test gives. For tests of the commands and of the start itself; what a server answers is tested on
//! [`crate::server::Server`].

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output};
use std::time::{Duration, Instant};

use crate::actor::{CLIENT, Request, is_ready, send};
use crate::check::{Exchange, check};
use crate::server::{
    Database, binary, command, end_of, execute, free_port, postgres_server, setting, signal,
};
use crate::spec::{Spec, repository};

/// How long a server may take until it is ready, and to end.
const PATIENCE: Duration = Duration::from_secs(60);

/// A folder, a database and settings. It goes when this is dropped.
pub struct Ground {
    folder: PathBuf,
    settings: BTreeMap<String, String>,
    database: Database,
    /// Where the database is.
    pub database_url: String,
    /// Where a server that starts here listens.
    pub base: String,
}

/// A server that was started on it.
pub struct Running {
    child: Child,
    folder: PathBuf,
    base: String,
}

impl Ground {
    /// A ground with the settings without which tests would be in each other's way, and with further ones.
    ///
    /// # Panics
    /// When it cannot be made.
    pub(crate) fn new(database: Database, name: &str, settings: &[(&str, &str)]) -> Self {
        let folder = repository().join("target/contract-tests").join(database.name()).join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let port = free_port();
        let database_url = match database {
            Database::Sqlite => format!("sqlite://{}", folder.join("agentidp.db").display()),
            Database::Postgres => {
                let server = postgres_server();
                let (place, _) = server.rsplit_once('/').expect("the URL ends in the name of a database");
                let name = format!("ground_{}_{port}", std::process::id());
                execute(&server, &format!("CREATE DATABASE {name}"));
                format!("{place}/{name}")
            }
        };
        let port = port.to_string();
        let own = [("AGENTIDP_BIND", "127.0.0.1"), ("PORT", &port), ("DATABASE_URL", &database_url)];
        let settings =
            own.iter().chain(settings).map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let settings = settings.collect();
        Self { folder, settings, database, database_url, base: format!("http://127.0.0.1:{port}") }
    }

    /// Which database it has.
    pub fn database(&self) -> Database {
        self.database
    }

    /// The path of a file in its folder, which is also where the program works.
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// The names of the files in its folder.
    ///
    /// # Panics
    /// When it cannot be read.
    pub fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.folder).expect("the folder can be read");
        let mut names: Vec<String> = entries
            .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Runs a command of the program, with further settings; an empty one takes away another.
    ///
    /// # Panics
    /// When there is no binary.
    pub fn run(&self, settings: &[(&str, &str)], arguments: &[&str]) -> Output {
        let mut command = command(&self.folder, &self.settings);
        let output = command.envs(settings.iter().copied()).args(arguments).output();
        output.unwrap_or_else(|error| panic!("{}: {error}; build it first", binary().display()))
    }

    /// Does something to its database behind everybody's back.
    ///
    /// # Panics
    /// When the database refuses.
    pub fn sql(&self, sql: &str) {
        execute(&self.database_url, sql);
    }

    /// Starts a server with further settings and waits until it is ready.
    ///
    /// # Panics
    /// When it does not become ready; the message has its log.
    pub fn starts(&self, settings: &[(&str, &str)]) -> Running {
        let mut command = command(&self.folder, &self.settings);
        command.envs(settings.iter().copied()).arg("serve");
        self.launch(command)
    }

    /// Runs a script of the shell, which comes upon the program as `agentidp` and becomes a server at its end, and waits until
    /// that is ready.
    ///
    /// # Panics
    /// As [`Ground::starts`].
    pub fn starts_by(&self, script: &str) -> Running {
        let programs = self.file("bin");
        fs::create_dir_all(&programs).expect("a folder can be made");
        let _ = fs::remove_file(programs.join("agentidp"));
        symlink(binary(), programs.join("agentidp")).expect("the program can be linked");
        let like = command(&self.folder, &self.settings);
        let mut shell = Command::new("bash");
        shell.env_clear().envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
        let path = format!("{}:{}", programs.display(), setting("PATH").unwrap_or_default());
        shell.env("PATH", path).current_dir(&self.folder).args(["-euo", "pipefail", "-c", script]);
        self.launch(shell)
    }

    fn launch(&self, mut command: Command) -> Running {
        let file = |name: &str| File::create(self.file(name)).expect("a file can be made");
        let child = command.stdout(file("printed")).stderr(file("log")).spawn().expect("it can be started");
        let mut running = Running { child, folder: self.folder.clone(), base: self.base.clone() };
        let started = Instant::now();
        while !is_ready(&self.base) {
            let ended = running.child.try_wait().expect("it is this process's child");
            assert!(ended.is_none(), "it ended instead of becoming ready:\n{}", running.log());
            assert!(started.elapsed() < PATIENCE, "it did not become ready:\n{}", end_of(&running.log()));
            std::thread::sleep(Duration::from_millis(20));
        }
        running
    }
}

impl Drop for Ground {
    fn drop(&mut self) {
        if self.database == Database::Postgres
            && let Some((_, name)) = self.database_url.rsplit_once('/')
        {
            execute(&postgres_server(), &format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
        if !std::thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

impl Running {
    /// What it wrote to its standard error: its log.
    pub fn log(&self) -> String {
        read(&self.folder.join("log"))
    }

    /// What it wrote to its standard output.
    pub fn printed(&self) -> String {
        read(&self.folder.join("printed"))
    }

    /// Its answer to a request, which must be as the specification says.
    ///
    /// # Panics
    /// When it is not, or none comes.
    pub fn answers(&self, request: Request) -> Exchange {
        let answer = send(&CLIENT, &self.base, request).expect("an answer");
        let faults = check(&Spec::load(), &answer).faults;
        assert_eq!(faults, [""; 0], "{}", String::from_utf8_lossy(&answer.body));
        answer
    }

    /// Tells it to stop, as an operator does; how it ended.
    ///
    /// # Panics
    /// When it goes on.
    pub fn stops(mut self) -> Option<i32> {
        assert!(signal(self.child.id(), "-TERM"), "it can be told to stop");
        let told = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("it is this process's child") {
                return status.code();
            }
            assert!(told.elapsed() < PATIENCE, "it did not end:\n{}", end_of(&self.log()));
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}
