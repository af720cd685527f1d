//! Takes away kept answers whose time is over.

use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::clock::Clock;
use crate::store::idempotency::IdempotencyWrites;
use crate::store::{Store, StoreFault, Unit};

const INTERVAL: Duration = Duration::from_secs(60);

/// How many rows of each kind one transaction takes away, so that none holds SQLite's write lock for long.
const BATCH: u32 = 500;

/// Takes away what is over until shutdown.
pub async fn run<S: Store>(store: S, clock: Clock, mut shutdown: watch::Receiver<bool>) {
    every(INTERVAL, &mut shutdown, || async {
        if let Err(fault) = expire(&store, &clock).await {
            tracing::warn!(%fault, "answers kept by idempotency key could not be taken away");
        }
    })
    .await;
}

async fn expire<S: Store>(store: &S, clock: &Clock) -> Result<(), StoreFault> {
    loop {
        let mut unit = store.begin().await?;
        let touched = unit.idempotency_expire(clock.now(), BATCH).await?;
        unit.commit().await?;
        if touched < u64::from(BATCH) {
            return Ok(());
        }
    }
}
