//! Reads the change feed every second, and sooner if another node says that there is something new, so that this node knows
//! who is still trusted.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pause;
use crate::clock::Clock;
use crate::domain::feed::Feed;
use crate::domain::keys::{KeyFault, KeyRing};
use crate::store::{Store, StoreFault};

/// From the beginning of one reading to the beginning of the next.
const INTERVAL: Duration = Duration::from_secs(1);

/// The least of that, however often this node is told that there is something new: anybody who reaches what nodes share could
/// say so.
const NOT_BEFORE: Duration = Duration::from_millis(20);

/// How many changes one statement reads.
const PAGE: u32 = 1000;

/// How long one reading may take before it is given up; what it has learned stays, and the next goes on from there. Two fit
/// into the time that a node may go without (`FRESH_FOR`), so that one lost connection does not silence it.
const PATIENCE: Duration = Duration::from_millis(1500);

/// Reads the feed until shutdown. A reading that fails is logged, and leaves the node's knowledge to grow old.
pub async fn run<S: Store>(
    store: S,
    feed: Arc<Feed>,
    keys: Arc<KeyRing>,
    clock: Clock,
    mut shutdown: watch::Receiver<bool>,
) {
    loop {
        let began = Instant::now();
        match tokio::time::timeout(PATIENCE, read(&store, &feed, &keys, &clock)).await {
            Ok(Ok(())) => {}
            Ok(Err(fault)) => tracing::warn!(%fault, "the change feed could not be read"),
            Err(_) => tracing::warn!("reading the change feed took too long"),
        }
        if !pause(began + NOT_BEFORE, &mut shutdown).await {
            return;
        }
        let goes_on = tokio::select! {
            goes_on = pause(began + INTERVAL, &mut shutdown) => goes_on,
            () = feed.wakes() => true,
        };
        if !goes_on {
            return;
        }
    }
}

/// One complete reading: everything from what is known up to the feed's head as it is met. Reloads the signing keys
/// when they have changed: a node that cannot take that in may hold a key that others know, and has read nothing.
///
/// Fails if the feed has gone back, as after a restored backup: what this node knows is then of another history, and only
/// a new start is safe.
pub async fn read<S: Store>(store: &S, feed: &Feed, keys: &KeyRing, clock: &Clock) -> Result<(), KeyFault> {
    let began = clock.monotonic();
    loop {
        let after = feed.position();
        let page = store.changes_after(after, feed.since(), PAGE).await?;
        if page.complete_to < after {
            let (now, before) = (page.complete_to.0, after.0);
            let problem = format!("the change feed ends at {now} and ended at {before} before; start again");
            return Err(StoreFault::Refused(problem).into());
        }
        feed.apply(&page);
        if page.at_head || page.complete_to == after {
            break;
        }
    }
    keys.catch_up(store, feed.keys_changed_at()).await?;
    feed.complete(began);
    Ok(())
}
