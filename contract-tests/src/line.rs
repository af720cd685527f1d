//! One connection that is kept, and what its answers take: for measurements, where an HTTP client's own work would only
//! be noise.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use crate::actor::{basic, form};
use crate::server::Credentials;

/// A connection.
pub struct Line {
    stream: TcpStream,
    received: Vec<u8>,
}

/// An answer's status, and how long it took from the last byte asked to the last byte answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timed {
    /// The status.
    pub status: u16,
    /// The time.
    pub took: Duration,
}

impl Line {
    /// Connects to a server on this machine.
    ///
    /// # Panics
    /// When there is none.
    pub fn to(port: u16) -> Self {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server can be reached");
        stream.set_nodelay(true).expect("small writes go at once");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out can be set");
        Self { stream, received: Vec::with_capacity(4096) }
    }

    /// Sends a request as it is and reads its answer, which says how long it is.
    ///
    /// # Panics
    /// When there is no whole answer.
    #[allow(clippy::disallowed_methods, reason = "a measurement reads the machine's clock")]
    pub fn asks(&mut self, request: &[u8]) -> Timed {
        self.received.clear();
        let mut buffer = [0; 4096];
        let asked = Instant::now();
        self.stream.write_all(request).expect("the request can be sent");
        loop {
            let count = self.stream.read(&mut buffer).expect("the answer arrives");
            assert!(count > 0, "the connection ended within the answer");
            self.received.extend_from_slice(&buffer[..count]);
            if let Some(status) = status_of_whole(&self.received) {
                return Timed { status, took: asked.elapsed() };
            }
        }
    }
}

/// The time that so many in a hundred of these, the shortest first, do not take longer than.
///
/// # Panics
/// When there are none.
pub fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() * percent / 100).min(sorted.len() - 1)]
}

/// A request as it goes over a line.
pub fn request(method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text =
        format!("{method} {target} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n", body.len());
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    format!("{text}\r\n{body}").into_bytes()
}

/// A request for a token, as `client_secret_basic` has it.
pub fn token_request(client_id: &str, client_secret: &str) -> Vec<u8> {
    let shown = Credentials { client_id: client_id.to_owned(), client_secret: client_secret.to_owned() };
    let authorization = basic(&shown);
    let headers =
        [("authorization", authorization.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    request("POST", "/oauth2/token", &headers, &form(&[("grant_type", "client_credentials")]))
}

/// The status of an answer, once all of it is there.
fn status_of_whole(received: &[u8]) -> Option<u16> {
    let end = received.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&received[..end]).ok()?;
    let length = head.split("\r\n").find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let whole = received.len() >= end + 4 + length.unwrap_or(0);
    whole.then(|| head.split(' ').nth(1)?.parse().ok())?
}
