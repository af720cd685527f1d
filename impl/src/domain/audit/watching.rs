//! Whether the log's tree keeps up with what happens, as this node sees it: told by `jobs/integrate.rs` after each round, and
//! asked by whoever wants to know how the server is.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::log::Step;
use crate::clock::Clock;

/// For how long the tree may stand still while something waits, or it may be unknown whether it does. A round begins every
/// second.
pub const STILL_FOR: Duration = Duration::from_secs(10);

/// Keeps in mind when all was well.
pub struct TreeWatch {
    clock: Clock,
    last: Mutex<Last>,
}

struct Last {
    /// When all was well.
    well: Instant,
    /// How many events were signed then.
    signed: u64,
}

impl TreeWatch {
    /// All is well, so far.
    pub fn new(clock: Clock) -> Self {
        let last = Mutex::new(Last { well: clock.monotonic(), signed: 0 });
        Self { clock, last }
    }

    /// Takes note of a round that came to its end: of its last step, and of how many events are signed. One that failed is
    /// not told of.
    pub fn note(&self, step: Step, signed: u64) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let is_well = match step {
            Step::Idle | Step::Integrated(_) => true,
            // Another node may do the work, or may merely hold on to it.
            Step::Lost => signed > last.signed,
        };
        if is_well {
            *last = Last { well: self.clock.monotonic(), signed };
        }
    }

    /// Whether events get into the tree, and their tree is signed.
    pub fn keeps_up(&self) -> bool {
        let well = self.last.lock().unwrap_or_else(PoisonError::into_inner).well;
        self.clock.monotonic().saturating_duration_since(well) <= STILL_FOR
    }
}

impl fmt::Debug for TreeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TreeWatch").field("keeps_up", &self.keeps_up()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_keeps_up_while_its_rounds_end_and_something_comes_of_them() {
        let clock = Clock::fixed(chrono::DateTime::UNIX_EPOCH);
        let watch = TreeWatch::new(clock.clone());
        let after = |round: Option<(Step, u64)>| {
            clock.advance(STILL_FOR);
            if let Some((step, signed)) = round {
                watch.note(step, signed);
            }
            clock.advance(Duration::from_millis(1));
            watch.keeps_up()
        };
        assert!(watch.keeps_up());
        assert!(after(Some((Step::Idle, 7))));
        assert!(after(Some((Step::Integrated(5), 12))));
        assert!(after(Some((Step::Lost, 13))), "another node has taken one in");
        assert!(!after(Some((Step::Lost, 13))), "another node holds on to the work");
        assert!(after(Some((Step::Idle, 13))));
        assert!(!after(None), "no round came to its end");
    }
}
