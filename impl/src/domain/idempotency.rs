//! Idempotency keys: the same request, sent again, gets the same answer.

use std::fmt;

use chrono::{DateTime, Utc};

use super::agents::AgentId;

/// An answer that is kept for whoever asks again, as a row.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Whose key it is.
    pub caller: AgentId,
    /// For which operation, by its `operationId`.
    pub operation: String,
    /// SHA-256 of the key; the key itself helps to open the answer and is not kept.
    pub key_hash: [u8; 32],
    /// SHA-256 of what was asked.
    pub request_hash: [u8; 32],
    /// The answer, sealed; `None` once its secret is gone.
    pub answer_sealed: Option<Vec<u8>>,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Until when it is kept whole; `None` if it carries no secret.
    pub secret_until: Option<DateTime<Utc>>,
    /// Until when the key counts.
    pub expires_at: DateTime<Utc>,
}

/// Says whose and for what, and nothing of the answer.
impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAnswer")
            .field("caller", &self.caller)
            .field("operation", &self.operation)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
