//! What stands between a server and its PostgreSQL, and breaks connections where a test says: at once, or when the database
//! has done what it was asked and says so.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// A proxy on a port of loopback; what goes through it goes on as it comes. It takes nobody any more when this is dropped.
pub struct Between {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    links: Mutex<Vec<Arc<Link>>>,
    ended: AtomicBool,
}

/// A connection and its continuation.
struct Link {
    server: TcpStream,
    database: TcpStream,
    /// Whether the next answer is lost, and the connection with it.
    loses: AtomicBool,
}

impl Link {
    fn cut(&self) {
        for end in [&self.server, &self.database] {
            // It may have ended already.
            let _ = end.shutdown(Shutdown::Both);
        }
    }

    /// Hands on what comes from one end until one of both is gone.
    fn carry(&self, mut from: &TcpStream, mut to: &TcpStream, is_answer: bool) {
        let mut buffer = [0; 16 * 1024];
        while let Ok(length @ 1..) = from.read(&mut buffer) {
            let is_lost = is_answer && self.loses.load(Ordering::SeqCst);
            if is_lost || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        self.cut();
    }
}

impl Between {
    /// One in front of the database that a URL names.
    ///
    /// # Panics
    /// When the URL has no address, or there is no port.
    pub fn start(url: &str) -> Self {
        let database = address(url).to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared { links: Mutex::default(), ended: AtomicBool::new(false) });
        let taking = Arc::clone(&shared);
        std::thread::spawn(move || {
            for server in listener.incoming() {
                if taking.ended.load(Ordering::SeqCst) {
                    return;
                }
                if let (Ok(server), Ok(database)) = (server, TcpStream::connect(&database)) {
                    taking.link(server, database);
                }
            }
        });
        Self { port, shared }
    }

    /// The URL of a database behind this.
    ///
    /// # Panics
    /// When the URL has no address.
    pub fn url(&self, url: &str) -> String {
        url.replacen(address(url), &format!("127.0.0.1:{}", self.port), 1)
    }

    /// Ends every connection that there is.
    pub fn cuts(&self) {
        for link in self.shared.take() {
            link.cut();
        }
    }

    /// From now on every connection that there is ends with the next answer of the database, which does not come through.
    pub fn loses_answers(&self) {
        for link in self.shared.take() {
            link.loses.store(true, Ordering::SeqCst);
        }
    }
}

impl Drop for Between {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::SeqCst);
        self.cuts();
        // Whoever waits for the next connection sees that there is none to wait for.
        let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
    }
}

impl Shared {
    fn take(&self) -> Vec<Arc<Link>> {
        std::mem::take(&mut *self.links.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn link(&self, server: TcpStream, database: TcpStream) {
        for end in [&server, &database] {
            end.set_nodelay(true).expect("a connection can be told not to wait");
        }
        let link = Arc::new(Link { server, database, loses: AtomicBool::new(false) });
        self.links.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&link));
        let back = Arc::clone(&link);
        std::thread::spawn(move || link.carry(&link.server, &link.database, false));
        std::thread::spawn(move || back.carry(&back.database, &back.server, true));
    }
}

/// The host and the port that a URL names.
fn address(url: &str) -> &str {
    let authority = url.split("://").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let address = authority.rsplit('@').next().unwrap_or_default();
    assert!(!address.is_empty(), "the URL of a database has its address");
    address
}
