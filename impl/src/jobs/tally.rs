//! Writes the counted events, once a minute and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pause;
use crate::domain::audit::AuditWriter;
use crate::domain::tally::Tally;

const INTERVAL: Duration = Duration::from_secs(60);

/// Writes the counts until shutdown, and then what is left.
pub async fn run(audit: AuditWriter, tally: Arc<Tally>, mut shutdown: watch::Receiver<bool>) {
    while pause(Instant::now() + INTERVAL, &mut shutdown).await {
        flush(&audit, &tally).await;
    }
    flush(&audit, &tally).await;
}

/// Writes the counts so far. What cannot be written is lost, and logged: it stands for answers that were given long
/// ago.
pub async fn flush(audit: &AuditWriter, tally: &Tally) {
    for event in tally.take() {
        let action = event.action().as_str();
        match audit.write(event).await {
            Ok(Ok(())) => {}
            Ok(Err(refusal)) => {
                tracing::error!(action, reason = refusal.reason(), "a count was not recorded")
            }
            Err(fault) => tracing::error!(action, %fault, "a count was not recorded"),
        }
    }
}
