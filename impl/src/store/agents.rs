//! What the memory promises about agents.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::agents::{Agent, AgentFilter, AgentId, Owner};
use crate::domain::policy::Capability;

/// Reading agents.
pub trait AgentReads {
    /// The agent, if there is one behind the wall: with `within` set, another owner's agent is not found.
    fn agent_get(
        &self,
        id: AgentId,
        within: Option<&Owner>,
    ) -> impl Future<Output = Result<Option<Agent>, StoreFault>> + Send;

    /// Behind whose wall the agent stands. The time that it takes does not tell whether there is one, as with
    /// [`super::credentials::CredentialReads::client_proof_get`].
    fn agent_owner_get(&self, id: AgentId) -> impl Future<Output = Result<Option<Owner>, StoreFault>> + Send;

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

    /// The agent, if there is one behind the wall, held against other writers until this transaction ends.
    fn agent_lock(
        &mut self,
        id: AgentId,
        within: Option<&Owner>,
    ) -> impl Future<Output = Result<Option<Agent>, StoreFault>> + Send;

    /// Writes what can change of an agent that this transaction holds (by [`AgentWrites::agent_lock`]): everything but
    /// its id, its email, `created_at` and `last_auth_at`. Its capabilities become exactly these; those that are new are
    /// noted with its revision.
    fn agent_update(&mut self, agent: &Agent) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Whether another active agent without an end (`valid_until`) has the capability. Holds every other caller of this method back until this
    /// transaction ends, so that of two agents that lose it at once one stays; it is called before
    /// [`AgentWrites::agent_lock`], lest two callers wait for each other.
    fn agent_another_has(
        &mut self,
        than: AgentId,
        capability: &Capability,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Notes that the agent authenticated at `at`, if the last note is at least a minute older or there is none.
    /// Leaves `updated_at` and `revision` as they are.
    fn agent_touch(
        &mut self,
        id: AgentId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;
}
