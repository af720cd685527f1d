//! How far this node's clock is from the database's, which all nodes have in common.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Clock;
use crate::store::{Store, StoreFault};

/// How far apart the clocks of two nodes may be where verifiers may cache the JWKS for `max_age`: a fifth of that. What begins
/// or ends by the clock on all nodes, a signing key, leaves that much room.
pub fn tolerance(max_age: Duration) -> Duration {
    max_age / 5
}

/// How far this node's clock is ahead of the database's (negative: behind it), at the least: what the way there took is in its
/// favour. `None` where the database has this node's own clock.
///
/// # Errors
/// When the database does not answer.
pub async fn offset<S: Store>(store: &S, clock: &Clock) -> Result<Option<TimeDelta>, StoreFault> {
    let asked = clock.now();
    let there = store.now().await?;
    let answered = clock.now();
    Ok(there.map(|there| {
        if there < asked {
            asked - there
        } else if there > answered {
            answered - there
        } else {
            TimeDelta::zero()
        }
    }))
}

/// Whether the clock of a node with that offset may be further from another's than it should: two that are each within half of
/// the tolerance are within it of one another.
pub fn is_too_far(offset: TimeDelta, tolerance: Duration) -> bool {
    offset.abs().to_std().is_ok_and(|apart| apart > tolerance / 2)
}

/// The offset that was last seen.
#[derive(Debug)]
pub struct ClockWatch(AtomicI64);

impl Default for ClockWatch {
    fn default() -> Self {
        Self(AtomicI64::new(Self::UNKNOWN))
    }
}

impl ClockWatch {
    const UNKNOWN: i64 = i64::MIN;

    /// Takes in what was seen.
    pub fn note(&self, offset: TimeDelta) {
        self.0.store(offset.num_milliseconds(), Ordering::Relaxed);
    }

    /// What was last seen, if anything was.
    pub fn offset(&self) -> Option<TimeDelta> {
        Some(self.0.load(Ordering::Relaxed))
            .filter(|known| *known != Self::UNKNOWN)
            .map(TimeDelta::milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_is_not_known() {
        let watch = ClockWatch::default();
        assert_eq!(watch.offset(), None);
        watch.note(TimeDelta::seconds(-3));
        assert_eq!(watch.offset(), Some(TimeDelta::seconds(-3)));
    }

    #[test]
    fn two_nodes_that_are_not_too_far_are_within_the_tolerance_of_one_another() {
        let tolerance = tolerance(Duration::from_secs(300));
        assert_eq!(tolerance, Duration::from_secs(60));
        let far = |seconds| is_too_far(TimeDelta::seconds(seconds), tolerance);
        assert_eq!([far(0), far(30), far(-30), far(31), far(-31)], [false, false, false, true, true]);
    }
}
