//! What the memory promises about the change feed. Writing to it is [`super::Unit::commit_with_changes`].

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
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
}
