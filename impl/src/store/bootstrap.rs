//! What the memory promises about the first operator.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::agents::AgentId;

/// Reading the marker.
pub trait BootstrapReads {
    /// The first operator, if it has been made.
    fn bootstrap_get(&self) -> impl Future<Output = Result<Option<AgentId>, StoreFault>> + Send;
}

/// Setting the marker.
pub trait BootstrapWrites {
    /// Claims the making of the first operator. `false`, and nothing written, if somebody has claimed it; of concurrent
    /// twins exactly one gets `true` (the other waits for the first to commit or roll back).
    fn bootstrap_claim(
        &mut self,
        operator: AgentId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Puts another operator in the place of this one. `false`, and nothing written, if somebody else is in that place; of
    /// concurrent twins exactly one gets `true`.
    fn bootstrap_replace(
        &mut self,
        before: AgentId,
        operator: AgentId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;
}
