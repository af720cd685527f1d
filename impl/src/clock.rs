//! Time as an argument: the only place that reads the system's clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, SubsecRound, Utc};

/// Tells the time. A clone tells the same time as its original.
#[derive(Clone, Debug)]
pub struct Clock(Kind);

#[derive(Clone, Debug)]
enum Kind {
    System,
    Fixed { milliseconds: Arc<AtomicI64>, origin: Instant },
}

impl Clock {
    /// The clock of the machine.
    pub fn system() -> Self {
        Self(Kind::System)
    }

    /// A clock that stands at `start` until it is moved by [`Clock::advance`].
    pub fn fixed(start: DateTime<Utc>) -> Self {
        let milliseconds = Arc::new(AtomicI64::new(start.timestamp_millis()));
        Self(Kind::Fixed { milliseconds, origin: Instant::now() })
    }

    /// The present time in whole milliseconds, which is what the databases, the audit log and the API carry.
    #[expect(clippy::disallowed_methods, reason = "the one home of the system's clock")]
    pub fn now(&self) -> DateTime<Utc> {
        match &self.0 {
            Kind::System => Utc::now().trunc_subsecs(3),
            Kind::Fixed { milliseconds, .. } => {
                DateTime::from_timestamp_millis(milliseconds.load(Ordering::SeqCst)).unwrap_or_default()
            }
        }
    }

    /// A reading that never goes back, for ages and deadlines.
    pub fn monotonic(&self) -> Instant {
        match &self.0 {
            Kind::System => Instant::now(),
            Kind::Fixed { milliseconds, origin } => {
                *origin + Duration::from_millis(milliseconds.load(Ordering::SeqCst).unsigned_abs())
            }
        }
    }

    /// Moves a fixed clock on; the system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Kind::Fixed { milliseconds, .. } = &self.0 {
            milliseconds.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}
