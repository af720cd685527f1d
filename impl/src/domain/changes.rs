//! The change feed: one sequence, in commit order, of all that ends tokens or makes a cached record stale.

use chrono::{DateTime, Utc};

use super::agents::AgentId;
use super::credentials::CredentialId;

/// A position in the change feed; 0 is before the first change. A token carries the position at which it was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Rev(pub i64);

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ChangeKind {
    /// The agent's record changed; its tokens live on.
    AgentChanged(AgentId),
    /// Every token of the agent that was decided before this position is dead.
    AgentTokensEnded(AgentId),
    /// The agent's credential changed or came to be; tokens live on.
    CredentialChanged(AgentId, CredentialId),
    /// One token is dead, by its `jti`; after `expires_at` nobody needs to remember.
    TokenRevoked {
        /// Whose token it was.
        agent_id: AgentId,
        /// The token's `jti`.
        token_id: uuid::Uuid,
        /// The token's own expiry.
        expires_at: DateTime<Utc>,
    },
    /// The set of signing keys changed.
    KeysChanged,
}

/// A change with its position and time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Its position.
    pub rev: Rev,
    /// What happened.
    pub kind: ChangeKind,
    /// When.
    pub at: DateTime<Utc>,
}

/// One reading of the feed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangesPage {
    /// The changes after the position asked for, in order, at most as many as asked for.
    pub changes: Vec<Change>,
    /// The position up to which the reading is complete: the feed's head, or the last change of a full page.
    pub complete_to: Rev,
    /// Whether the page reached the feed's head.
    pub at_head: bool,
}
