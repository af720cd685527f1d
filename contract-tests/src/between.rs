//! What stands between a server and its PostgreSQL, its Redis or any other service over TCP, and breaks connections where a
//! test says: at once, or when the service has done what it was asked and says so. It can also turn everybody away, be slow,
//! and keep everything to itself for a while, as a network does that lost its way.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

/// A proxy on a port of loopback; what goes through it goes on as it comes. It takes nobody any more when this is dropped.
pub struct Between {
    port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    links: Mutex<Vec<Arc<Link>>>,
    ended: AtomicBool,
    refuses: AtomicBool,
    gate: Arc<Gate>,
}

/// Whether what comes has to wait, and how long in any case.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    opened: Condvar,
    /// In milliseconds.
    delay: AtomicU64,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap_or_else(PoisonError::into_inner) = closed;
        self.opened.notify_all();
    }

    /// Waits for as long as everything takes, and until it is open.
    fn pass(&self) {
        std::thread::sleep(Duration::from_millis(self.delay.load(Ordering::SeqCst)));
        let closed = self.closed.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.opened.wait_while(closed, |closed| *closed));
    }
}

/// A connection and its continuation.
struct Link {
    server: TcpStream,
    database: TcpStream,
    /// Whether the next answer is lost, and the connection with it.
    loses: AtomicBool,
    /// Whether nothing comes through any more.
    lost: AtomicBool,
    gate: Arc<Gate>,
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
            self.gate.pass();
            if self.lost.load(Ordering::SeqCst) {
                continue;
            }
            let is_lost = is_answer && self.loses.load(Ordering::SeqCst);
            if is_lost || to.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
        if is_answer && self.lost.load(Ordering::SeqCst) {
            // The service gave it up, and that does not come through either.
            return;
        }
        self.cut();
    }
}

impl Between {
    /// One in front of the service that a URL names.
    ///
    /// # Panics
    /// When the URL has no address, or there is no port.
    pub fn start(url: &str) -> Self {
        let database = address(url).to_owned();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
        let port = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared {
            links: Mutex::default(),
            ended: AtomicBool::new(false),
            refuses: AtomicBool::new(false),
            gate: Arc::default(),
        });
        let taking = Arc::clone(&shared);
        std::thread::spawn(move || {
            for server in listener.incoming() {
                if taking.ended.load(Ordering::SeqCst) {
                    return;
                }
                if taking.refuses.load(Ordering::SeqCst) {
                    continue;
                }
                if let (Ok(server), Ok(database)) = (server, TcpStream::connect(&database)) {
                    taking.link(server, database);
                }
            }
        });
        Self { port, shared }
    }

    /// The URL of a service behind this.
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

    /// From now on nothing comes through on the connections that there are, and nobody is told; new ones are as ever.
    pub fn loses_connections(&self) {
        for link in self.shared.take() {
            link.lost.store(true, Ordering::SeqCst);
        }
    }

    /// From now on everything takes so long on its way, in each direction, until this says otherwise; what has set out
    /// already is not held up.
    pub fn delays(&self, by: Duration) {
        self.shared.gate.delay.store(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// From now on nobody is let in, and every connection that there is ends.
    pub fn refuses(&self) {
        self.shared.refuses.store(true, Ordering::SeqCst);
        self.cuts();
    }

    /// From now on nothing comes through, and nobody is told: connections stay as they are, and new ones are taken.
    pub fn falls_silent(&self) {
        self.shared.gate.set(true);
    }

    /// From now on everybody is let in and everything comes through, and what was kept first.
    pub fn speaks_again(&self) {
        self.shared.refuses.store(false, Ordering::SeqCst);
        self.shared.gate.set(false);
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
        self.speaks_again();
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
        let link = Arc::new(Link {
            server,
            database,
            loses: AtomicBool::new(false),
            lost: AtomicBool::new(false),
            gate: Arc::clone(&self.gate),
        });
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
    assert!(!address.is_empty(), "the URL of a service has its address");
    address
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    /// A service that says back what it hears, and a proxy in front of it.
    fn echo() -> Between {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a port");
        let url =
            format!("echo://somebody:secret@{}/name", listener.local_addr().expect("it has an address"));
        std::thread::spawn(move || {
            for caller in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || std::io::copy(&mut &caller, &mut &caller));
            }
        });
        Between::start(&url)
    }

    fn caller(between: &Between) -> TcpStream {
        let caller = TcpStream::connect((Ipv4Addr::LOCALHOST, between.port)).expect("somebody listens");
        caller.set_read_timeout(Some(Duration::from_secs(20))).expect("patience has an end");
        caller
    }

    /// What comes back of one byte: `Ok(0)` is the end of the connection.
    fn says(mut caller: &TcpStream) -> std::io::Result<usize> {
        caller.write_all(b"a")?;
        caller.read(&mut [0])
    }

    fn hears_nothing(mut caller: &TcpStream) -> bool {
        caller.set_read_timeout(Some(Duration::from_millis(100))).expect("patience has an end");
        let heard = caller.read(&mut [0]);
        caller.set_read_timeout(Some(Duration::from_secs(20))).expect("patience has an end");
        heard.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock)
    }

    fn has_ended(caller: &TcpStream) -> bool {
        !matches!(says(caller), Ok(1..))
    }

    #[test]
    fn connections_that_are_cut_end_and_new_ones_are_taken() {
        let between = echo();
        let one = caller(&between);
        assert_eq!(says(&one).expect("it echoes"), 1);
        between.cuts();
        assert!(has_ended(&one));
        assert_eq!(says(&caller(&between)).expect("it echoes"), 1);
    }

    #[test]
    fn whoever_is_refused_is_let_in_later() {
        let between = echo();
        let one = caller(&between);
        assert_eq!(says(&one).expect("it echoes"), 1);
        between.refuses();
        assert!(has_ended(&one) && has_ended(&caller(&between)));
        between.speaks_again();
        assert_eq!(says(&caller(&between)).expect("it echoes"), 1);
    }

    #[test]
    fn what_was_said_into_silence_comes_through_afterwards() {
        let between = echo();
        let one = caller(&between);
        assert_eq!(says(&one).expect("it echoes"), 1);
        between.falls_silent();
        let other = caller(&between);
        for mut each in [&one, &other] {
            each.write_all(b"a").expect("it is taken");
            assert!(hears_nothing(each));
        }
        between.speaks_again();
        for mut each in [&one, &other] {
            assert_eq!(each.read(&mut [0]).expect("it echoes"), 1);
        }
    }

    #[test]
    fn a_lost_connection_stays_silent_beside_new_ones() {
        let between = echo();
        let mut one = &caller(&between);
        assert_eq!(says(one).expect("it echoes"), 1);
        between.loses_connections();
        one.write_all(b"a").expect("it is taken");
        assert_eq!(says(&caller(&between)).expect("it echoes"), 1);
        assert!(hears_nothing(one));
    }

    #[test]
    fn what_is_delayed_takes_its_time_both_ways_until_it_is_not() {
        let between = echo();
        let one = caller(&between);
        assert_eq!(says(&one).expect("it echoes"), 1);
        between.delays(Duration::from_millis(150));
        let asked = Instant::now();
        assert_eq!(says(&one).expect("it echoes"), 1);
        assert!(asked.elapsed() >= Duration::from_millis(300), "{:?}", asked.elapsed());
        between.delays(Duration::ZERO);
        let asked = Instant::now();
        assert_eq!(says(&one).expect("it echoes"), 1);
        assert!(asked.elapsed() < Duration::from_millis(150), "{:?}", asked.elapsed());
    }
}
