//! What the memory promises about agents.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::agents::{Agent, AgentFilter, AgentId, Owner};

/// Reading agents.
pub trait AgentReads {
    /// The agent, if there is one behind the wall: with `within` set, another owner's agent is not found.
    fn agent_get(
        &self,
        id: AgentId,
        within: Option<&Owner>,
    ) -> impl Future<Output = Result<Option<Agent>, StoreFault>> + Send;

    /// Agents that pass the filter, newest first (by descending id), those after `after` (exclusive), at most `limit`.
    fn agent_list(
        &self,
        filter: &AgentFilter,
        after: Option<AgentId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Agent>, StoreFault>> + Send;
}

/// Writing agents.
pub trait AgentWrites {
    /// Adds an agent with its capabilities. `false`, and nothing written, if its email is taken (without regard to
    /// case, archived agents included); of concurrent twins exactly one gets `true`.
    fn agent_insert(&mut self, agent: &Agent) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Notes that the agent authenticated at `at`, if the last note is at least a minute older or there is none.
    /// Leaves `updated_at` and `revision` as they are.
    fn agent_touch(
        &mut self,
        id: AgentId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;
}
