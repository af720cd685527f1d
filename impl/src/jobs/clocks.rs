//! Compares this node's clock with the database's, and says when they are too far apart.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::clock::Clock;
use crate::domain::clocks::{ClockWatch, is_too_far, offset};
use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(10);

/// Compares at the start and every ten seconds, until shutdown. Where the database does not answer, the last comparison stays:
/// others say that it is away.
pub async fn run<S: Store>(
    store: S,
    watch: Arc<ClockWatch>,
    tolerance: Duration,
    clock: Clock,
    mut shutdown: watch::Receiver<bool>,
) {
    every(INTERVAL, &mut shutdown, || async {
        let Ok(seen) = offset(&store, &clock).await else { return };
        // A clock that they have in common is not away from itself.
        let seen = seen.unwrap_or_default();
        let was_far = watch.offset().is_some_and(|before| is_too_far(before, tolerance));
        let is_far = is_too_far(seen, tolerance);
        watch.note(seen);
        let ahead_ms = seen.num_milliseconds();
        if is_far && !was_far {
            tracing::error!(
                ahead_ms,
                tolerated_ms = (tolerance / 2).as_millis() as u64,
                "this machine's clock is too far from the database's: tokens and signing keys end at other times than on other \
                 nodes"
            );
        } else if was_far && !is_far {
            tracing::info!(ahead_ms, "this machine's clock is near the database's again");
        }
    })
    .await;
}
