//! Says once a minute how often client records were at hand.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use super::pause;
use crate::domain::clients::{CacheCounts, HitRate};

const INTERVAL: Duration = Duration::from_secs(60);

/// Says the hit rates of each minute in which there was traffic until shutdown, and then of what is left.
pub async fn run(counts: Arc<CacheCounts>, mut shutdown: watch::Receiver<bool>) {
    let mut said = (HitRate::default(), HitRate::default());
    while pause(Instant::now() + INTERVAL, &mut shutdown).await {
        said = say(&counts, said);
    }
    say(&counts, said);
}

/// Says what came since; hands back what has been said.
fn say(counts: &CacheCounts, before: (HitRate, HitRate)) -> (HitRate, HitRate) {
    let now = (counts.at_hand.so_far(), counts.shared.so_far());
    if now != before {
        let (first, second) = (now.0.since(before.0), now.1.since(before.1));
        tracing::info!(
            first_level_hits = first.hits,
            first_level_misses = first.misses,
            first_level_percent = first.percent(),
            second_level_hits = second.hits,
            second_level_misses = second.misses,
            second_level_away = second.away,
            second_level_percent = second.percent(),
            "client records were looked for in the caches"
        );
    }
    now
}
