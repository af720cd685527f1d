//! The registry of agents.

use generated::apis::agents::{
    Agents, GetAgentParams, GetAgentResponse, ListAgentsParams, ListAgentsResponse, RegisterAgentResponse,
};
use generated::models;
use generated::types::{JsonObject, Secret, Timestamp};
use http::HeaderValue;

use super::error::{Refused, answers, header};
use super::{Api, Context};
use crate::domain::agents::{
    Agent, AgentFilter, AgentId, AgentStatus, DeploymentEnv, NewAgent, Owner, Registered,
};
use crate::domain::callers::Principal;
use crate::domain::credentials::CredentialStatus;
use crate::domain::policy::Capability;
use crate::store::Store;

answers!(GetAgentResponse: Ok NotModified; refused as error:
    BadRequest Unauthorized Forbidden NotFound InternalServerError ServiceUnavailable);
answers!(ListAgentsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden InternalServerError ServiceUnavailable);
answers!(RegisterAgentResponse: Created; refused as error:
    BadRequest Unauthorized Forbidden Conflict PayloadTooLarge UnsupportedMediaType InternalServerError
    ServiceUnavailable);

impl<S: Store> Agents for Api<S> {
    async fn register_agent(
        &self,
        context: Context,
        caller: Principal,
        body: models::NewAgent,
    ) -> RegisterAgentResponse {
        let registered = self.agents.register(&context.request, &caller, new_agent(body)).await;
        context.answer(registered, |registered| {
            let location = header(format!("/agents/{}", registered.agent.id));
            let etag = etag(&registered.agent);
            Ok(RegisterAgentResponse::Created { body: registration(registered), location, etag })
        })
    }

    async fn refuse_register_agent(&self, context: &Context, refusal: Refused) -> RegisterAgentResponse {
        context.refuse(&refusal)
    }

    async fn get_agent(
        &self,
        context: Context,
        caller: Principal,
        params: GetAgentParams,
    ) -> GetAgentResponse {
        let found = self.agents.get(&context.request, &caller, AgentId(params.agent_id)).await;
        context.answer(found, |found| {
            let etag = etag(&found);
            Ok(match params.if_none_match {
                Some(known) if matches_weakly(&known, &etag) => GetAgentResponse::NotModified { etag },
                _ => GetAgentResponse::Ok { body: agent(found), etag },
            })
        })
    }

    async fn refuse_get_agent(&self, context: &Context, refusal: Refused) -> GetAgentResponse {
        context.refuse(&refusal)
    }

    async fn list_agents(
        &self,
        context: Context,
        caller: Principal,
        params: ListAgentsParams,
    ) -> ListAgentsResponse {
        let filter = AgentFilter {
            owner: params.owner.map(Owner),
            agent_type: params.agent_type,
            deployment_env: params.deployment_env.and_then(|env| DeploymentEnv::from_name(env.as_str())),
            status: params.status.and_then(|status| AgentStatus::from_name(status.as_str())),
            capability: params.capability.map(Capability),
            email_prefix: params.q,
        };
        let page = self.agents.list(&caller, filter, params.cursor.as_deref(), params.limit).await;
        context.answer(page, |page| {
            let items = page.items.into_iter().map(agent).collect();
            Ok(ListAgentsResponse::Ok { body: models::AgentPage { items, next_cursor: page.next_cursor } })
        })
    }

    async fn refuse_list_agents(&self, context: &Context, refusal: Refused) -> ListAgentsResponse {
        context.refuse(&refusal)
    }
}

fn new_agent(body: models::NewAgent) -> NewAgent {
    NewAgent {
        email: body.email,
        agent_type: body.agent_type,
        version: body.version,
        capabilities: body.capabilities.into_iter().map(Capability).collect(),
        owner: body.owner.map(Owner),
        deployment_env: match body.deployment_env {
            models::DeploymentEnv::Development => DeploymentEnv::Development,
            models::DeploymentEnv::Staging => DeploymentEnv::Staging,
            models::DeploymentEnv::Production => DeploymentEnv::Production,
        },
        metadata: body.metadata.map(|metadata| metadata.0),
        valid_until: body.valid_until.map(|time| time.0),
    }
}

fn agent(agent: Agent) -> models::Agent {
    models::Agent {
        id: agent.id.0,
        email: agent.email,
        agent_type: agent.agent_type,
        version: agent.version,
        capabilities: agent.capabilities.into_iter().map(|capability| capability.0).collect(),
        owner: agent.owner.0,
        deployment_env: match agent.deployment_env {
            DeploymentEnv::Development => models::DeploymentEnv::Development,
            DeploymentEnv::Staging => models::DeploymentEnv::Staging,
            DeploymentEnv::Production => models::DeploymentEnv::Production,
        },
        status: match agent.status {
            AgentStatus::Active => models::AgentStatus::Active,
            AgentStatus::Suspended => models::AgentStatus::Suspended,
            AgentStatus::Revoked => models::AgentStatus::Revoked,
            AgentStatus::Archived => models::AgentStatus::Archived,
        },
        created_at: Timestamp(agent.created_at),
        updated_at: Timestamp(agent.updated_at),
        last_auth_at: agent.last_auth_at.map(Timestamp),
        metadata: agent.metadata.map(JsonObject),
        valid_until: agent.valid_until.map(Timestamp),
    }
}

fn registration(registered: Registered) -> models::AgentRegistration {
    let Registered { agent: of, credential, secret } = registered;
    let credential = models::IssuedCredential {
        id: credential.id.0,
        agent_id: credential.agent_id.0,
        client_id: credential.agent_id.0,
        // The one moment at which the secret leaves the server.
        client_secret: Secret::new(secret.into_exposed()),
        status: match credential.status {
            CredentialStatus::Active => models::CredentialStatus::Active,
            CredentialStatus::Revoked => models::CredentialStatus::Revoked,
        },
        created_at: Timestamp(credential.created_at),
        expires_at: credential.expires_at.map(Timestamp),
    };
    models::AgentRegistration { agent: agent(of), credential }
}

/// The entity tag of an agent: its revision (RFC 9110 §8.8.3).
fn etag(agent: &Agent) -> HeaderValue {
    header(format!("\"{}\"", agent.revision))
}

/// Whether `If-None-Match` names the tag, or everything (RFC 9110 §13.1.2: weak comparison).
fn matches_weakly(if_none_match: &str, etag: &HeaderValue) -> bool {
    if_none_match
        .split(',')
        .map(|tag| tag.trim())
        .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}
