//! Writes when agents and credentials were last used.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::clock::Clock;
use crate::domain::uses::{Use, Uses};
use crate::store::agents::AgentWrites;
use crate::store::credentials::CredentialWrites;
use crate::store::{Store, StoreFault, Unit};

const INTERVAL: Duration = Duration::from_secs(5);

/// How many uses one transaction writes, so that none holds SQLite's write lock for long.
const BATCH: usize = 200;

/// Writes the uses until shutdown, and then what is left.
pub async fn run<S: Store>(store: S, uses: Arc<Uses>, clock: Clock, mut shutdown: watch::Receiver<bool>) {
    every(INTERVAL, &mut shutdown, || flush(&store, &uses, &clock)).await;
    flush(&store, &uses, &clock).await;
}

/// Writes the uses that are due. What cannot be written is logged and lost, with all that comes after it: the next use a
/// minute on says it again.
pub async fn flush<S: Store>(store: &S, uses: &Uses, clock: &Clock) {
    let due = uses.take(clock.now());
    for (number, batch) in due.chunks(BATCH).enumerate() {
        if let Err(fault) = write(store, batch).await {
            let lost = due.len() - number * BATCH;
            tracing::warn!(uses = lost, %fault, "the times of last use could not be written");
            return;
        }
    }
}

async fn write<S: Store>(store: &S, batch: &[Use]) -> Result<(), StoreFault> {
    let mut unit = store.begin().await?;
    // In the order of the agents' ids, so that two nodes cannot wait for each other's rows.
    let mut sorted: Vec<_> = batch.to_vec();
    sorted.sort_unstable_by_key(|one| (one.agent_id, one.credential_id));
    for one in &sorted {
        unit.agent_touch(one.agent_id, one.at).await?;
    }
    for one in &sorted {
        unit.credential_touch(one.credential_id, one.at).await?;
    }
    unit.commit().await
}
