//! What the memory promises about idempotency keys.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::agents::AgentId;
use crate::domain::idempotency::KeptAnswer;

/// Reading idempotency keys.
pub trait IdempotencyReads {
    /// What was answered to this caller, operation and key, if it has not expired at `now`.
    fn idempotency_get(
        &self,
        caller: AgentId,
        operation: &str,
        key_hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<Option<KeptAnswer>, StoreFault>> + Send;
}

/// Writing idempotency keys.
pub trait IdempotencyWrites {
    /// Keeps an answer. `false`, and nothing written, if there is one for this caller, operation and key that has not
    /// expired at its `created_at`; of concurrent twins exactly one gets `true`, the other waits for it.
    fn idempotency_insert(
        &mut self,
        answer: &KeptAnswer,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Takes away every sealed answer, as nobody can open it any more; the keys count on. Answers how many there were.
    fn idempotency_forget(&mut self) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// Takes away sealed answers whose secret is gone at `now`, and whole rows that have expired; answers how many rows
    /// were touched, at most `limit` of each kind.
    fn idempotency_expire(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> impl Future<Output = Result<u64, StoreFault>> + Send;
}
