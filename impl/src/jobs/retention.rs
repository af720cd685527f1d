//! Ends what audit events say once their time is over.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pause;
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::domain::audit::retention::{Pruned, erase, prune};
use crate::store::Store;

/// From the beginning of one round to the beginning of the next.
const INTERVAL: Duration = Duration::from_secs(60 * 60);

/// After a fault: the database that was gone, or too busy, is there again long before the next round.
const AGAIN: Duration = Duration::from_secs(60);

/// How long an event that ends something may take to get into the tree, before it is looked for.
const INTEGRATED: Duration = Duration::from_secs(2);

/// Ends what is over until shutdown; without a number of days, nothing is ever over.
pub async fn run<S: Store>(
    store: S,
    days: Option<NonZeroU32>,
    clock: Clock,
    entropy: Entropy,
    mut shutdown: watch::Receiver<bool>,
) {
    let Some(days) = days else { return };
    loop {
        let began = Instant::now();
        let mut next = match prune(&store, days, &clock, &entropy).await {
            Ok(Pruned::Nothing) => INTERVAL,
            Ok(Pruned::Recorded(_) | Pruned::Busy) => INTEGRATED,
            Ok(Pruned::Denied { minimum_index, more }) => {
                tracing::info!(minimum_index, "the content of old audit events is denied from now on");
                if more { INTEGRATED } else { INTERVAL }
            }
            Err(fault) => {
                tracing::error!(%fault, "the time of audit events could not be ended");
                AGAIN
            }
        };
        match erase(&store).await {
            Ok(0) => {}
            Ok(events) => tracing::info!(events, "the content of old audit events was removed"),
            Err(fault) => {
                tracing::error!(%fault, "the content of old audit events could not be removed");
                next = next.min(AGAIN);
            }
        }
        if !pause(began + next, &mut shutdown).await {
            return;
        }
    }
}
