//! Makes the months of the audit log well ahead, where it is kept by month.

use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::store::audit::AuditWrites;
use crate::store::{Store, StoreFault, Unit};

const INTERVAL: Duration = Duration::from_secs(24 * 60 * 60);

/// How many months beyond this one there are: a server that cannot make any for that long has other troubles.
const MONTHS_AHEAD: u32 = 12;

/// Makes months at the start and once a day, until shutdown.
pub async fn run<S: Store>(store: S, mut shutdown: watch::Receiver<bool>) {
    every(INTERVAL, &mut shutdown, || async {
        match ensure(&store).await {
            Ok(0) => {}
            Ok(made) => tracing::info!(made, "months of the audit log were made"),
            // The default partition takes what has no month, so nothing is lost yet.
            Err(fault) => tracing::error!(%fault, "months of the audit log could not be made"),
        }
    })
    .await;
}

/// Makes what is missing; answers how many months that were.
pub async fn ensure<S: Store>(store: &S) -> Result<u32, StoreFault> {
    let mut unit = store.begin().await?;
    let made = unit.audit_partitions_ensure(MONTHS_AHEAD).await?;
    unit.commit().await?;
    Ok(made)
}
