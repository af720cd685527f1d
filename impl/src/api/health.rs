//! Whether the server lives, and whether it can do its work.

use generated::apis::health::{GetHealthResponse, GetLivenessResponse, GetReadinessResponse, Health};
use generated::models::{self, HealthCheck, HealthCheckName, HealthStatus};

use super::error::answers;
use super::{Api, Context};
use crate::store::Store;

answers!(GetHealthResponse: Ok ServiceUnavailable);
answers!(GetLivenessResponse: Ok);
answers!(GetReadinessResponse: Ok ServiceUnavailable);

/// After how many seconds asking again makes sense: the change feed is read every second.
const RETRY_AFTER: u32 = 1;

impl<S: Store> Health for Api<S> {
    async fn get_health(&self, _: Context) -> GetHealthResponse {
        match self.judged().await {
            (HealthStatus::Ok, body) => GetHealthResponse::Ok { body },
            (HealthStatus::Unavailable, body) => {
                GetHealthResponse::ServiceUnavailable { body, retry_after: RETRY_AFTER }
            }
        }
    }

    async fn get_liveness(&self, _: Context) -> GetLivenessResponse {
        GetLivenessResponse::Ok { body: health(HealthStatus::Ok, None) }
    }

    async fn get_readiness(&self, _: Context) -> GetReadinessResponse {
        match self.judged().await {
            (HealthStatus::Ok, body) => GetReadinessResponse::Ok { body },
            (HealthStatus::Unavailable, body) => {
                GetReadinessResponse::ServiceUnavailable { body, retry_after: RETRY_AFTER }
            }
        }
    }
}

impl<S: Store> Api<S> {
    async fn judged(&self) -> (HealthStatus, models::Health) {
        let database = self.store.ping().await.is_ok();
        let checks = vec![
            check(HealthCheckName::Database, database, "the database does not answer"),
            check(HealthCheckName::ChangeFeed, self.feed.fresh(), "the change feed was not read lately"),
            check(HealthCheckName::SigningKeys, self.keys.can_sign(), "there is no key to sign with"),
            check(HealthCheckName::Audit, self.audit_writer.is_running(), "events cannot be written"),
        ];
        let well = checks.iter().all(|check| check.status == HealthStatus::Ok);
        let status = if well { HealthStatus::Ok } else { HealthStatus::Unavailable };
        (status, health(status, Some(checks)))
    }
}

fn check(name: HealthCheckName, is_well: bool, otherwise: &str) -> HealthCheck {
    let status = if is_well { HealthStatus::Ok } else { HealthStatus::Unavailable };
    HealthCheck { name, status, message: (!is_well).then(|| otherwise.to_owned()) }
}

fn health(status: HealthStatus, checks: Option<Vec<HealthCheck>>) -> models::Health {
    models::Health { status, version: env!("CARGO_PKG_VERSION").to_owned(), checks }
}
