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
    tls_port: Option<u16>,
}

impl OwnRedis {
    /// Starts one.
    ///
    /// # Panics
    /// When `redis-server` is not installed or does not start.
    pub fn start() -> Self {
        Self::launched(None)
    }

    /// Starts one that is also reached over TLS, with a certificate for `localhost` and its key, both as PEM.
    ///
    /// # Panics
    /// As [`OwnRedis::start`].
    #[allow(dead_code, reason = "not every test that uses this file has certificates")]
    pub fn start_with_tls(certificate: &str, key: &str) -> Self {
        Self::launched(Some((certificate, key)))
    }

    fn launched(tls: Option<(&str, &str)>) -> Self {
        let port = free_port();
        let directory = std::env::temp_dir().join(format!("agentidp_redis_{port}"));
        std::fs::create_dir_all(&directory).expect("a temporary directory can be made");
        if let Some((certificate, key)) = tls {
            for (name, content) in [("certificate.pem", certificate), ("key.pem", key)] {
                std::fs::write(directory.join(name), content).expect("a file can be written");
            }
        }
        let tls_port = tls.map(|_| free_port());
        let child = launch(port, tls_port, &directory);
        let redis = Self { port, child, directory, tls_port };
        redis.listens();
        redis
    }

    /// Its URL over TLS.
    ///
    /// # Panics
    /// When it was not started with TLS.
    #[allow(dead_code, reason = "not every test that uses this file has certificates")]
    pub fn tls_url(&self) -> String {
        format!("rediss://localhost:{}", self.tls_port.expect("it was started with TLS"))
    }

    /// One of its files.
    #[allow(dead_code, reason = "not every test that uses this file has certificates")]
    pub fn file(&self, name: &str) -> PathBuf {
        self.directory.join(name)
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
        self.child = launch(self.port, self.tls_port, &self.directory);
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

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
    listener.local_addr().expect("a listener has an address").port()
}

fn launch(port: u16, tls_port: Option<u16>, directory: &PathBuf) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--port", &port.to_string()]);
    if let Some(port) = tls_port {
        command.args(["--tls-port", &port.to_string(), "--tls-auth-clients", "no"]);
        command.args(["--tls-cert-file", "certificate.pem", "--tls-key-file", "key.pem"]);
        command.args(["--tls-ca-cert-file", "certificate.pem"]);
    }
    command
        .current_dir(directory)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .spawn()
        .expect("redis-server is installed")
}
