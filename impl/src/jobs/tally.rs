//! Writes the counted events, once a minute and once more at the end.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
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

/// Writes the counts so far, all at once, so that they share a transaction. What cannot be written is counted on.
pub async fn flush(audit: &AuditWriter, tally: &Tally) {
    let mut writes = JoinSet::new();
    for count in tally.take() {
        let audit = audit.clone();
        writes.spawn(async move { (audit.write(count.event()).await, count) });
    }
    let mut unwritten = Vec::new();
    let mut why = None;
    while let Some(done) = writes.join_next().await {
        match done {
            Ok((Ok(Ok(())), _)) => {}
            Ok((Ok(Err(refusal)), count)) => {
                why = Some(refusal.reason().to_owned());
                unwritten.push(count);
            }
            // It may be there all the same; a count that is there twice is better than one that is not there.
            Ok((Err(fault), count)) => {
                why = Some(fault.to_string());
                unwritten.push(count);
            }
            Err(error) => tracing::error!(%error, "a count was lost"),
        }
    }
    if let Some(why) = why {
        tracing::error!(counts = unwritten.len(), why, "counts could not be recorded, and are counted on");
        tally.give_back(unwritten);
    }
}
