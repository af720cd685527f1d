//! Lets the signing key be followed by the next one when its time has come, and forgets those that verify nothing any more.

use std::time::Duration;

use tokio::sync::watch;

use super::every;
use crate::clock::Clock;
use crate::crypto::{Entropy, MasterKey};
use crate::domain::keys::{KeyFault, KeyWorkshop, SigningAlgorithm};
use crate::store::Store;

const INTERVAL: Duration = Duration::from_secs(60);

/// When a key is followed by the next one.
#[derive(Clone, Copy, Debug)]
pub struct Schedule {
    /// How long a key signs; `None`: until somebody asks for the next one.
    pub age: Option<Duration>,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
}

/// Works until shutdown.
pub async fn run<S: Store>(
    store: S,
    algorithm: SigningAlgorithm,
    schedule: Schedule,
    master: MasterKey,
    clock: Clock,
    entropy: Entropy,
    mut shutdown: watch::Receiver<bool>,
) {
    every(INTERVAL, &mut shutdown, || async {
        let workshop = KeyWorkshop {
            store: &store,
            algorithm,
            master: &master,
            clock: &clock,
            entropy: &entropy,
            jwks_max_age: schedule.jwks_max_age,
        };
        if let Err(fault) = tend(&workshop, schedule.age).await {
            tracing::error!(%fault, "the signing keys could not be tended; they are used on");
        }
    })
    .await;
}

/// Does what is due, where a key signs for `age`.
pub async fn tend<S: Store>(workshop: &KeyWorkshop<'_, S>, age: Option<Duration>) -> Result<(), KeyFault> {
    if let Some(age) = age
        && let Some(key) = workshop.rotate_when_due(age).await?
    {
        tracing::info!(kid = %key.id, signs_from = %key.signs_from, "the next signing key was made");
    }
    let removed = workshop.remove_ended().await?;
    if removed > 0 {
        tracing::info!(removed, "signing keys whose last token has expired were removed");
    }
    Ok(())
}
