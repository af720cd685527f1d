//! A Redis of a test's own, to be harmed. (The server crate's tests use this file too, so it needs nothing but the
//! standard library and the programs that Redis comes with.)

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A Redis on a port of loopback; it ends, with what it holds, when this is dropped.
pub struct OwnRedis {
    port: u16,
    child: Child,
    directory: PathBuf,
}

impl OwnRedis {
    /// Starts one.
    ///
    /// # Panics
    /// When `redis-server` is not installed or does not start.
    pub fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
        let port = listener.local_addr().expect("a listener has an address").port();
        drop(listener);
        let directory = std::env::temp_dir().join(format!("agentidp_redis_{port}"));
        std::fs::create_dir_all(&directory).expect("a temporary directory can be made");
        let child = launch(port, &directory);
        let redis = Self { port, child, directory };
        redis.listens();
        redis
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Kills it, and forgets what it held.
    ///
    /// # Panics
    /// When it has ended by itself.
    pub fn kill(&mut self) {
        self.child.kill().expect("Redis runs");
        self.child.wait().expect("Redis ends");
    }

    /// Starts it again after [`OwnRedis::kill`], at the same place.
    ///
    /// # Panics
    /// When it does not start.
    pub fn revive(&mut self) {
        self.child = launch(self.port, &self.directory);
        self.listens();
    }

    /// Stops it where it stands: it takes connections and questions, and answers none.
    pub fn stall(&self) {
        self.signal("-STOP");
    }

    /// Lets it go on after [`OwnRedis::stall`].
    pub fn go_on(&self) {
        self.signal("-CONT");
    }

    /// Says a command to it; what it answers, as text.
    ///
    /// # Panics
    /// When it cannot be asked.
    pub fn tell(&self, command: &[&str]) -> String {
        tell(&self.url(), command)
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{signal} can be sent to Redis");
    }

    fn listens(&self) {
        let started = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(20), "Redis did not start");
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Says a command to any Redis; what it answers, as text.
///
/// # Panics
/// When it cannot be asked.
pub fn tell(url: &str, command: &[&str]) -> String {
    let output = Command::new("redis-cli").args(["-u", url]).args(command).output();
    let output = output.expect("redis-cli is installed");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

fn launch(port: u16, directory: &PathBuf) -> Child {
    Command::new("redis-server")
        .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()])
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}
