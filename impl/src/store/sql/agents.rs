//! Agents in SQL.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::types::Json;
use sqlx::{Database, QueryBuilder};

use super::query::{Fields, Listing};
use super::{SqlStore, SqlUnit};
use crate::domain::agents::{Agent, AgentFilter, AgentId, AgentStatus, DeploymentEnv, Owner};
use crate::domain::policy::Capability;
use crate::store::StoreFault;
use crate::store::agents::{AgentReads, AgentWrites};

/// How old a note of the last use must be before it is written anew.
pub(super) const TOUCH_INTERVAL: TimeDelta = TimeDelta::minutes(1);

/// What separates the capabilities in a row's list of them; the table refuses it within one.
const SEPARATOR: char = ' ';

/// What makes an agent, of the table `agents a`.
macro_rules! agent_columns {
    () => {
        "a.id, a.email, a.agent_type, a.version, a.owner, a.deployment_env, a.status, a.created_at, a.updated_at, \
         a.last_auth_at, a.metadata, a.valid_until, a.revision, \
         (SELECT string_agg(c.capability, ' ') FROM agent_capabilities c WHERE c.agent_id = a.id) AS capabilities"
    };
}
pub(super) use agent_columns;

queries! {
    /// One agent, behind the wall of an owner if one is given.
    AGENT_GET =
        concat!("SELECT ", agent_columns!(), " FROM agents a WHERE a.id = $1 AND a.owner = COALESCE($2, a.owner)");
    /// The owner of the agent with this id or of the nearest before it.
    AGENT_OWNER_GET = "SELECT id, owner FROM agents WHERE id <= $1 ORDER BY id DESC LIMIT 1";
    /// Agents, to be narrowed.
    AGENT_LIST = concat!("SELECT ", agent_columns!(), " FROM agents a");
    /// A new agent, unless its email is taken.
    AGENT_INSERT =
        "INSERT INTO agents (id, email, email_folded, agent_type, version, owner, deployment_env, status, created_at, \
         updated_at, last_auth_at, metadata, valid_until, revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (email_folded) DO NOTHING";
    /// What can change of an agent.
    AGENT_UPDATE =
        "UPDATE agents SET agent_type = $2, version = $3, owner = $4, deployment_env = $5, status = $6, updated_at = $7, \
         metadata = $8, valid_until = $9, revision = $10 WHERE id = $1";
    /// Holds back whoever else is about to ask for another agent with a capability.
    CAPABILITY_GUARD_HOLD = "UPDATE capability_guard SET singleton = singleton";
    /// Whether another active agent without an end has a capability.
    AGENT_ANOTHER_HAS =
        "SELECT EXISTS (SELECT 1 FROM agent_capabilities c JOIN agents a ON a.id = c.agent_id \
         WHERE c.capability = $2 AND c.agent_id <> $1 AND a.status = 'active' \
         AND a.valid_until IS NULL)";
    /// A note of the last authentication.
    AGENT_TOUCH =
        "UPDATE agents SET last_auth_at = $2 WHERE id = $1 AND (last_auth_at IS NULL OR last_auth_at <= $3)";
}

/// Capabilities of an agent, to be followed by their rows.
const CAPABILITIES_INSERT: &str = "INSERT INTO agent_capabilities (agent_id, capability, since_revision) ";

/// What ends [`CAPABILITIES_INSERT`] where some of them may be there already.
const CAPABILITIES_KEEP: &str = " ON CONFLICT (agent_id, capability) DO NOTHING";

/// Capabilities of an agent that go, to be followed by its id and by those that stay.
const CAPABILITIES_DELETE: &str = "DELETE FROM agent_capabilities WHERE agent_id = ";

/// The capabilities of a list, which is absent where there are none.
pub(super) fn capabilities_of(list: Option<&str>) -> BTreeSet<Capability> {
    list.map_or_else(BTreeSet::new, |all| {
        all.split(SEPARATOR).map(|one| Capability(one.to_owned())).collect()
    })
}

/// An email without regard to case.
fn folded(email: &str) -> String {
    email.to_lowercase()
}

on_both! {
    impl SqlStore<Db> {
        /// The agent of a row with [`agent_columns`].
        pub(in crate::store::sql) fn agent_of(row: &<Db as Database>::Row) -> Result<Agent, StoreFault> {
            let fields = Fields::of_uuid(row, "agents", "", "id");
            let capabilities: Option<&str> = fields.get("capabilities")?;
            let metadata: Option<Json<_>> = fields.get("metadata")?;
            Ok(Agent {
                id: AgentId(fields.get("id")?),
                email: fields.get("email")?,
                agent_type: fields.get("agent_type")?,
                version: fields.get("version")?,
                capabilities: capabilities_of(capabilities),
                owner: Owner(fields.get("owner")?),
                deployment_env: fields.named("deployment_env", DeploymentEnv::from_name)?,
                status: fields.named("status", AgentStatus::from_name)?,
                created_at: fields.get("created_at")?,
                updated_at: fields.get("updated_at")?,
                last_auth_at: fields.get("last_auth_at")?,
                metadata: metadata.map(|Json(metadata)| metadata),
                valid_until: fields.get("valid_until")?,
                revision: fields.get("revision")?,
            })
        }
    }

    impl AgentReads for SqlStore<Db> {
        async fn agent_get(&self, id: AgentId, within: Option<&Owner>) -> Result<Option<Agent>, StoreFault> {
            let row = sqlx::query(AGENT_GET)
                .bind(id.0)
                .bind(within.map(|owner| owner.0.as_str()))
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(Self::agent_of).transpose()
        }

        async fn agent_owner_get(&self, id: AgentId) -> Result<Option<Owner>, StoreFault> {
            let row = sqlx::query(AGENT_OWNER_GET).bind(id.0).fetch_optional(&self.readers).await?;
            let Some(row) = row else { return Ok(None) };
            let fields = Fields::of_uuid(&row, "agents", "", "id");
            let owner = Owner(fields.get("owner")?);
            Ok((AgentId(fields.get("id")?) == id).then_some(owner))
        }

        async fn agent_list(
            &self,
            filter: &AgentFilter,
            after: Option<AgentId>,
            limit: u32,
        ) -> Result<Vec<Agent>, StoreFault> {
            let prefix = filter.email_prefix.as_deref().map(folded);
            // No email holds NUL, and PostgreSQL does not take it even in a question.
            if prefix.as_deref().is_some_and(|prefix| prefix.contains('\0')) {
                return Ok(Vec::new());
            }
            // Every text that begins with the prefix sorts before the prefix and the last of all characters.
            let prefix_end = prefix.as_ref().map(|prefix| format!("{prefix}{}", char::MAX));

            let mut list = Listing::<Db>::new(AGENT_LIST);
            list.join(
                "JOIN agent_capabilities f ON f.agent_id = a.id AND f.capability =",
                filter.capability.as_ref().map(|capability| capability.0.as_str()),
            );
            list.narrow();
            list.only("a.owner =", filter.owner.as_ref().map(|owner| owner.0.as_str()));
            list.only("a.agent_type =", filter.agent_type.as_deref());
            list.only("a.deployment_env =", filter.deployment_env.map(DeploymentEnv::as_str));
            list.only("a.status =", filter.status.map(AgentStatus::as_str));
            list.only("a.email_folded >=", prefix);
            list.only("a.email_folded <", prefix_end);
            list.only("a.id <", after.map(|id| id.0));
            list.page("a.id DESC", limit);
            let rows = list.build().fetch_all(&self.readers).await?;
            rows.iter().map(Self::agent_of).collect()
        }
    }

    impl SqlUnit<Db> {
        /// Adds those of the agent's capabilities that are not there.
        async fn capabilities_insert(&mut self, agent: &Agent) -> Result<(), StoreFault> {
            if agent.capabilities.is_empty() {
                return Ok(());
            }
            QueryBuilder::<Db>::new(CAPABILITIES_INSERT)
                .push_values(&agent.capabilities, |mut row, capability| {
                    row.push_bind(agent.id.0).push_bind(capability.0.as_str()).push_bind(agent.revision);
                })
                .push(CAPABILITIES_KEEP)
                .build()
                // There are as many texts as there are numbers of capabilities: not worth remembering.
                .persistent(false)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }

        /// Takes away whatever capability is not among the agent's.
        async fn capabilities_delete_others(&mut self, agent: &Agent) -> Result<(), StoreFault> {
            let mut delete = QueryBuilder::<Db>::new(CAPABILITIES_DELETE);
            delete.push_bind(agent.id.0);
            if !agent.capabilities.is_empty() {
                let mut kept = delete.push(" AND capability NOT IN (").separated(", ");
                for capability in &agent.capabilities {
                    kept.push_bind(capability.0.as_str());
                }
                kept.push_unseparated(")");
            }
            // As many texts as above.
            delete.build().persistent(false).execute(&mut *self.tx).await?;
            Ok(())
        }
    }

    impl AgentWrites for SqlUnit<Db> {
        async fn agent_insert(&mut self, agent: &Agent) -> Result<bool, StoreFault> {
            let done = sqlx::query(AGENT_INSERT)
                .bind(agent.id.0)
                .bind(agent.email.as_str())
                .bind(folded(&agent.email))
                .bind(agent.agent_type.as_str())
                .bind(agent.version.as_str())
                .bind(agent.owner.0.as_str())
                .bind(agent.deployment_env.as_str())
                .bind(agent.status.as_str())
                .bind(agent.created_at)
                .bind(agent.updated_at)
                .bind(agent.last_auth_at)
                .bind(agent.metadata.as_ref().map(Json))
                .bind(agent.valid_until)
                .bind(agent.revision)
                .execute(&mut *self.tx)
                .await?;
            if done.rows_affected() == 0 {
                return Ok(false);
            }
            self.capabilities_insert(agent).await?;
            Ok(true)
        }

        async fn agent_lock(&mut self, id: AgentId, within: Option<&Owner>) -> Result<Option<Agent>, StoreFault> {
            let within = within.map(|owner| owner.0.as_str());
            // Held first and read afterwards: one statement would tell of capabilities as they were before the wait.
            if !dialect::agent_hold(&mut self.tx, id.0, within).await? {
                return Ok(None);
            }
            let row = sqlx::query(AGENT_GET).bind(id.0).bind(within).fetch_optional(&mut *self.tx).await?;
            row.as_ref().map(SqlStore::<Db>::agent_of).transpose()
        }

        async fn agent_update(&mut self, agent: &Agent) -> Result<(), StoreFault> {
            sqlx::query(AGENT_UPDATE)
                .bind(agent.id.0)
                .bind(agent.agent_type.as_str())
                .bind(agent.version.as_str())
                .bind(agent.owner.0.as_str())
                .bind(agent.deployment_env.as_str())
                .bind(agent.status.as_str())
                .bind(agent.updated_at)
                .bind(agent.metadata.as_ref().map(Json))
                .bind(agent.valid_until)
                .bind(agent.revision)
                .execute(&mut *self.tx)
                .await?;
            self.capabilities_delete_others(agent).await?;
            self.capabilities_insert(agent).await
        }

        async fn agent_another_has(
            &mut self,
            than: AgentId,
            capability: &Capability,
        ) -> Result<bool, StoreFault> {
            sqlx::query(CAPABILITY_GUARD_HOLD).execute(&mut *self.tx).await?;
            // A statement of its own, so that it sees what was committed during the wait.
            Ok(sqlx::query_scalar(AGENT_ANOTHER_HAS)
                .bind(than.0)
                .bind(capability.0.as_str())
                .fetch_one(&mut *self.tx)
                .await?)
        }

        async fn agent_touch(&mut self, id: AgentId, at: DateTime<Utc>) -> Result<(), StoreFault> {
            sqlx::query(AGENT_TOUCH)
                .bind(id.0)
                .bind(at)
                .bind(at - TOUCH_INTERVAL)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }
    }
}
