//! Chance as an argument.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_lc_rs::{digest, rand};
use chrono::{DateTime, Utc};
use uuid::Uuid;

/// A source of random bytes. Clones draw from the same source.
#[derive(Clone)]
pub struct Entropy(Kind);

#[derive(Clone)]
enum Kind {
    System,
    Seeded(Arc<Mutex<Seeded>>),
}

struct Seeded {
    seed: u64,
    drawn: u64,
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::System => "Entropy(System)",
            Kind::Seeded(_) => "Entropy(Seeded)",
        })
    }
}

impl Entropy {
    /// The cryptographic generator of the back end, seeded by the operating system.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// The same bytes on every run: for tests, and for nothing else.
    pub fn seeded(seed: u64) -> Self {
        Self(Kind::Seeded(Arc::new(Mutex::new(Seeded { seed, drawn: 0 }))))
    }

    /// Fills the buffer.
    ///
    /// # Panics
    /// When the operating system has no entropy to give, as nothing safe could be done after that.
    #[expect(clippy::disallowed_methods, reason = "the home of chance")]
    pub fn fill(&self, buffer: &mut [u8]) {
        match &self.0 {
            Kind::System => rand::fill(buffer).expect("the operating system gives entropy"),
            Kind::Seeded(state) => {
                let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
                for chunk in buffer.chunks_mut(digest::SHA256_OUTPUT_LEN) {
                    state.drawn += 1;
                    let input = [state.seed.to_be_bytes(), state.drawn.to_be_bytes()].concat();
                    let block = digest::digest(&digest::SHA256, &input);
                    chunk.copy_from_slice(&block.as_ref()[..chunk.len()]);
                }
            }
        }
    }

    /// An array of random bytes.
    pub fn bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A UUIDv7 of that millisecond (RFC 9562 §5.7); the other 74 bits are random.
    pub fn uuid_v7(&self, at: DateTime<Utc>) -> Uuid {
        let milliseconds = u64::try_from(at.timestamp_millis()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &self.bytes()).into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seeded_source_repeats_itself_and_its_clone_goes_on_from_there() {
        let (first, second) = (Entropy::seeded(7), Entropy::seeded(7));
        assert_eq!(first.bytes::<40>(), second.bytes::<40>());
        assert_ne!(first.clone().bytes::<16>(), first.bytes::<16>());
        assert_ne!(Entropy::seeded(8).bytes::<16>(), Entropy::seeded(7).bytes::<16>());
    }

    #[test]
    fn a_uuid_carries_its_millisecond() {
        let at = DateTime::from_timestamp_millis(1_794_000_000_123).unwrap();
        let id = Entropy::system().uuid_v7(at);
        assert_eq!(id.get_version_num(), 7);
        let (seconds, nanoseconds) = id.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanoseconds), (1_794_000_000, 123_000_000));
    }
}
