//! What the memory promises about the change feed. Writing to it is [`super::Unit::commit_with_changes`].

use std::future::Future;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreFault;
use crate::domain::agents::AgentId;
use crate::domain::changes::{ChangesPage, Rev};

/// Reading the change feed.
pub trait ChangeReads {
    /// The changes after `after` that happened at or after `since`, in order, at most `limit`. Nothing that is
    /// committed at a position up to `complete_to` is left out (but for what is older than `since`).
    fn changes_after(
        &self,
        after: Rev,
        since: DateTime<Utc>,
        limit: u32,
    ) -> impl Future<Output = Result<ChangesPage, StoreFault>> + Send;

    /// Whether a token of the agent that was decided at `rev` was ended: all of the agent's tokens after that position,
    /// or this one, by its `jti`. Two questions to two indexes, whatever the length of the feed.
    fn token_ended(
        &self,
        agent_id: AgentId,
        token_id: Uuid,
        rev: Rev,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;
}

/// Counting and forgetting in the change feed.
pub trait ChangeWrites {
    /// How many tokens of the agent that have not expired at `now` were ended one by one since all of them were last
    /// ended together; counted up to `most`.
    fn token_revocations_count(
        &mut self,
        agent_id: AgentId,
        now: DateTime<Utc>,
        most: u32,
    ) -> impl Future<Output = Result<u32, StoreFault>> + Send;

    /// Forgets changes that happened before `before`, and ended tokens that had expired by then, at most `limit` of each;
    /// answers how many rows went. The head stays, so positions go on.
    fn changes_forget(
        &mut self,
        before: DateTime<Utc>,
        limit: u32,
    ) -> impl Future<Output = Result<u64, StoreFault>> + Send;
}
