//! Records the end of credentials whose time is over, and forgets changes that concern no living token.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::domain::credentials::expiry_record;
use crate::domain::feed::Feed;
use crate::domain::refusal::Fault;
use crate::store::changes::ChangeWrites;
use crate::store::{Store, Unit};

/// How long after the end its event may come, beside the time that the work takes.
const INTERVAL: Duration = Duration::from_secs(5);

/// How many rows one transaction works on, so that none holds SQLite's write lock for long.
const BATCH: u32 = 200;

/// Works until shutdown.
pub async fn run<S: Store>(
    store: S,
    feed: Arc<Feed>,
    clock: Clock,
    entropy: Entropy,
    mut shutdown: watch::Receiver<bool>,
) {
    every(INTERVAL, &mut shutdown, || async {
        if let Err(fault) = record(&store, &clock, &entropy).await {
            tracing::warn!(%fault, "the end of credentials could not be recorded");
        }
        if let Err(fault) = forget(&store, &feed).await {
            tracing::warn!(%fault, "old changes could not be forgotten");
        }
    })
    .await;
}

/// Records the end of every credential that is over by now.
pub async fn record<S: Store>(store: &S, clock: &Clock, entropy: &Entropy) -> Result<(), Fault> {
    while expiry_record(store, clock, entropy, BATCH).await? >= BATCH {}
    Ok(())
}

/// Forgets every change from before the time that the feed looks back to.
pub async fn forget<S: Store>(store: &S, feed: &Feed) -> Result<(), Fault> {
    loop {
        let mut unit = store.begin().await?;
        let gone = unit.changes_forget(feed.since(), BATCH).await?;
        unit.commit().await?;
        if gone < u64::from(BATCH) {
            return Ok(());
        }
    }
}
