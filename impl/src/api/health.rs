//! Whether the server lives, and whether it can do its work.

use std::sync::atomic::Ordering;
use std::time::Duration;

use generated::apis::health::{GetHealthResponse, GetLivenessResponse, GetReadinessResponse, Health};
use generated::models::{self, HealthCheck, HealthCheckName, HealthStatus};

use super::error::answers;
use super::{Api, Context};
use crate::store::Store;

// The layers answer 500 after a panic.
answers!(GetHealthResponse: Ok ServiceUnavailable InternalServerError);
answers!(GetLivenessResponse: Ok InternalServerError);
answers!(GetReadinessResponse: Ok ServiceUnavailable InternalServerError);

/// After how many seconds asking again makes sense: the change feed is read every second.
const RETRY_AFTER: u32 = 1;

/// How long the database may take to say that it is there: whoever asks after a node's health has no more patience than that.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

/// What is so while events wait for the tree.
const TREE_STANDS: &str = "events are not taken into the audit log's tree; the server's log says why";

/// What is so while Redis is away.
const WITHOUT_REDIS: &str = "Redis does not answer; this node goes on by itself";

impl<S: Store> Health for Api<S> {
    async fn get_health(&self, _: Context) -> GetHealthResponse {
        match self.judged().await {
            Ok(body) => GetHealthResponse::Ok { body },
            Err(body) => GetHealthResponse::ServiceUnavailable { body, retry_after: RETRY_AFTER },
        }
    }

    async fn get_liveness(&self, _: Context) -> GetLivenessResponse {
        GetLivenessResponse::Ok { body: health(HealthStatus::Ok, None) }
    }

    async fn get_readiness(&self, _: Context) -> GetReadinessResponse {
        match self.judged().await {
            Ok(body) => GetReadinessResponse::Ok { body },
            Err(body) => GetReadinessResponse::ServiceUnavailable { body, retry_after: RETRY_AFTER },
        }
    }
}

impl<S: Store> Api<S> {
    /// The state of the server: `Err` when it cannot do its work.
    async fn judged(&self) -> Result<models::Health, models::Health> {
        let needed = |name, is_well, otherwise| check(name, is_well, HealthStatus::Unavailable, otherwise);
        let database = tokio::time::timeout(ANSWERS_WITHIN, self.store.ping()).await;
        let database = database.is_ok_and(|answer| answer.is_ok());
        let mut checks = vec![
            needed(HealthCheckName::Database, database, "the database does not answer"),
            needed(HealthCheckName::ChangeFeed, self.feed.fresh(), "the change feed was not read lately"),
            needed(HealthCheckName::SigningKeys, self.keys.can_sign(), "there is no key to sign with"),
            needed(HealthCheckName::Audit, self.audit_writer.writes(), "events cannot be written"),
            check(HealthCheckName::AuditTree, self.tree.keeps_up(), HealthStatus::Degraded, TREE_STANDS),
        ];
        if let Some(redis) = &self.shared {
            let answers = redis.ping().await.is_ok();
            checks.push(check(HealthCheckName::Redis, answers, HealthStatus::Degraded, WITHOUT_REDIS));
        }
        if self.stopping.load(Ordering::Acquire) {
            checks.push(needed(HealthCheckName::Serving, false, "the server is about to stop"));
        }
        let any = |status| checks.iter().any(|check| check.status == status);
        if any(HealthStatus::Unavailable) {
            Err(health(HealthStatus::Unavailable, Some(checks)))
        } else if any(HealthStatus::Degraded) {
            Ok(health(HealthStatus::Degraded, Some(checks)))
        } else {
            Ok(health(HealthStatus::Ok, Some(checks)))
        }
    }
}

fn check(name: HealthCheckName, is_well: bool, otherwise: HealthStatus, problem: &str) -> HealthCheck {
    let status = if is_well { HealthStatus::Ok } else { otherwise };
    HealthCheck { name, status, message: (!is_well).then(|| problem.to_owned()) }
}

fn health(status: HealthStatus, checks: Option<Vec<HealthCheck>>) -> models::Health {
    models::Health { status, version: env!("CARGO_PKG_VERSION").to_owned(), checks }
}
