//! What runs by itself, until the server shuts down.

pub mod cache;
pub mod clocks;
pub mod expiry;
pub mod feed;
pub mod idempotency;
pub mod integrate;
pub mod keys;
pub mod partitions;
pub mod retention;
pub mod tally;
pub mod uses;

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// Waits so long or until the server shuts down; `true` means to go on.
async fn pause(until: Instant, shutdown: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = sleep_until(until) => true,
        // An error means that whoever would say so is gone, which is the end as well.
        _ = shutdown.wait_for(|stop| *stop) => false,
    }
}

/// Runs the work at this interval, from beginning to beginning, until the server shuts down; a slow run delays the next
/// one rather than crowding it.
async fn every<F: Future<Output = ()>>(
    interval: Duration,
    shutdown: &mut watch::Receiver<bool>,
    mut work: impl FnMut() -> F,
) {
    loop {
        let began = Instant::now();
        work().await;
        if !pause(began + interval, shutdown).await {
            return;
        }
    }
}
