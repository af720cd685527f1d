//! The registry of agents.

use generated::apis::agents::{
    Agents, ChangeAgentStatusParams, ChangeAgentStatusResponse, DecommissionAgentParams,
    DecommissionAgentResponse, GetAgentParams, GetAgentResponse, ListAgentsParams, ListAgentsResponse,
    RegisterAgentParams, RegisterAgentResponse, UpdateAgentParams, UpdateAgentResponse,
};
use generated::models;
use generated::types::{JsonObject, Timestamp};
use http::HeaderValue;
use uuid::Uuid;

use super::error::{Refused, answers, header};
use super::{Api, Context, created, credentials, idempotency_key, kept};
use crate::domain::agents::{
    Agent, AgentFilter, AgentId, AgentPatch, AgentStatus, Attempt, DeploymentEnv, NewAgent, Owner,
    Registered, Seen,
};
use crate::domain::callers::Principal;
use crate::domain::credentials::IssuedCredential;
use crate::domain::idempotency::Once;
use crate::domain::policy::Capability;
use crate::store::Store;

answers!(ChangeAgentStatusResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound RequestTimeout Conflict PreconditionFailed PayloadTooLarge
    UnsupportedMediaType TooManyRequests InternalServerError ServiceUnavailable);
answers!(DecommissionAgentResponse: NoContent; refused as error:
    BadRequest Unauthorized Forbidden NotFound Conflict PreconditionFailed TooManyRequests
    InternalServerError ServiceUnavailable);
answers!(UpdateAgentResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound RequestTimeout Conflict PreconditionFailed PayloadTooLarge
    UnsupportedMediaType TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAgentResponse: Ok NotModified; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(ListAgentsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);
answers!(RegisterAgentResponse: Created; refused as error:
    BadRequest Unauthorized Forbidden RequestTimeout Conflict PayloadTooLarge UnsupportedMediaType
    TooManyRequests InternalServerError ServiceUnavailable);

impl<S: Store> Agents for Api<S> {
    async fn register_agent(
        &self,
        context: Context,
        caller: Principal,
        params: RegisterAgentParams,
        body: models::NewAgent,
    ) -> RegisterAgentResponse {
        let key = idempotency_key(params.idempotency_key, "registerAgent", &[], &body);
        let once = Once { key: key.as_ref(), answer: &|made: &Registered| kept(&registration(made.clone())) };
        let made = self.agents.register(&context.request, &caller, new_agent(body), once).await;
        context.answer(made, |made| {
            let body = created(made, registration)?;
            let location = header(format!("/agents/{}", body.agent.id));
            // What is new is in its first revision.
            Ok(RegisterAgentResponse::Created { body, location, etag: HeaderValue::from_static("\"1\"") })
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

    async fn update_agent(
        &self,
        context: Context,
        caller: Principal,
        params: UpdateAgentParams,
        body: models::AgentPatch,
    ) -> UpdateAgentResponse {
        let seen = seen(params.if_match.as_deref());
        let changed =
            self.agents.update(attempt(&context, &caller, params.agent_id, &seen), patch(body)).await;
        context.answer(changed, |changed| {
            let etag = etag(&changed);
            Ok(UpdateAgentResponse::Ok { body: agent(changed), etag })
        })
    }

    async fn refuse_update_agent(&self, context: &Context, refusal: Refused) -> UpdateAgentResponse {
        context.refuse(&refusal)
    }

    async fn change_agent_status(
        &self,
        context: Context,
        caller: Principal,
        params: ChangeAgentStatusParams,
        body: models::StatusChange,
    ) -> ChangeAgentStatusResponse {
        let seen = seen(params.if_match.as_deref());
        let attempt = attempt(&context, &caller, params.agent_id, &seen);
        let changed = self.agents.status_change(attempt, status_of(body.status), Some(&body.reason)).await;
        context.answer(changed, |changed| {
            let etag = etag(&changed);
            Ok(ChangeAgentStatusResponse::Ok { body: agent(changed), etag })
        })
    }

    async fn refuse_change_agent_status(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> ChangeAgentStatusResponse {
        context.refuse(&refusal)
    }

    async fn decommission_agent(
        &self,
        context: Context,
        caller: Principal,
        params: DecommissionAgentParams,
    ) -> DecommissionAgentResponse {
        let seen = seen(params.if_match.as_deref());
        let done = self.agents.decommission(attempt(&context, &caller, params.agent_id, &seen)).await;
        context.answer(done, |()| Ok(DecommissionAgentResponse::NoContent))
    }

    async fn refuse_decommission_agent(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> DecommissionAgentResponse {
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
            deployment_env: params.deployment_env.map(deployment_env_of),
            status: params.status.map(status_of),
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
        deployment_env: deployment_env_of(body.deployment_env),
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
    let credential = credentials::issued(IssuedCredential { credential, secret });
    models::AgentRegistration { agent: agent(of), credential }
}

fn deployment_env_of(env: models::DeploymentEnv) -> DeploymentEnv {
    match env {
        models::DeploymentEnv::Development => DeploymentEnv::Development,
        models::DeploymentEnv::Staging => DeploymentEnv::Staging,
        models::DeploymentEnv::Production => DeploymentEnv::Production,
    }
}

fn status_of(status: models::AgentStatus) -> AgentStatus {
    match status {
        models::AgentStatus::Active => AgentStatus::Active,
        models::AgentStatus::Suspended => AgentStatus::Suspended,
        models::AgentStatus::Revoked => AgentStatus::Revoked,
        models::AgentStatus::Archived => AgentStatus::Archived,
    }
}

fn patch(body: models::AgentPatch) -> AgentPatch {
    AgentPatch {
        agent_type: body.agent_type,
        version: body.version,
        capabilities: body.capabilities.map(|all| all.into_iter().map(Capability).collect()),
        owner: body.owner.map(Owner),
        deployment_env: body.deployment_env.map(deployment_env_of),
        metadata: body.metadata.map(|metadata| metadata.map(|object| object.0)),
        valid_until: body.valid_until.map(|time| time.map(|time| time.0)),
    }
}

fn attempt<'a>(context: &'a Context, principal: &'a Principal, id: Uuid, seen: &'a Seen) -> Attempt<'a> {
    Attempt { request: &context.request, principal, id: AgentId(id), seen }
}

/// The revisions that `If-Match` names (RFC 9110 §13.1.1: strong comparison, character by character, so a weak tag and
/// another spelling of a number name none).
fn seen(if_match: Option<&str>) -> Seen {
    match if_match.map(str::trim) {
        None | Some("*") => Seen::Any,
        Some(tags) => Seen::Revisions(
            entity_tags(tags)
                .filter_map(|tag| {
                    let inside = tag.strip_prefix('"')?.strip_suffix('"')?;
                    inside.parse::<i64>().ok().filter(|revision| revision.to_string() == inside)
                })
                .collect(),
        ),
    }
}

/// The members of a list of entity tags; a comma within quotes is part of its tag (RFC 9110 §8.8.3).
fn entity_tags(list: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    list.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .map(str::trim)
}

/// The entity tag of an agent: its revision (RFC 9110 §8.8.3).
fn etag(agent: &Agent) -> HeaderValue {
    header(format!("\"{}\"", agent.revision))
}

/// Whether `If-None-Match` is `*`, or names the tag (RFC 9110 §13.1.2: weak comparison).
fn matches_weakly(if_none_match: &str, etag: &HeaderValue) -> bool {
    if_none_match.trim() == "*"
        || entity_tags(if_none_match)
            .any(|tag| tag.strip_prefix("W/").unwrap_or(tag).as_bytes() == etag.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_entity_tags_names_the_tags_in_it_and_no_part_of_one() {
        let current = HeaderValue::from_static("\"7\"");
        for (list, matches) in [
            ("\"7\"", true),
            ("W/\"7\"", true),
            ("\"6\", W/\"7\"", true),
            ("\"6\" ,\"7\" ", true),
            (" * ", true),
            ("\"6\"", false),
            ("7", false),
            ("w/\"7\"", false),
            ("\"6\", *", false),
            ("\"*\"", false),
            ("\"6,\"7\",8\"", false),
            ("\"a,*,b\"", false),
            ("\"a, \"7\"", false),
        ] {
            assert_eq!(matches_weakly(list, &current), matches, "{list}");
        }
    }

    #[test]
    fn if_match_names_revisions_to_the_letter_and_a_comma_within_quotes_parts_nothing() {
        for (list, revisions) in [
            ("\"7\"", vec![7]),
            ("\"6\", \"7\"", vec![6, 7]),
            ("W/\"7\"", vec![]),
            ("\"07\"", vec![]),
            ("\"6,7\"", vec![]),
            ("\"6\", *", vec![6]),
        ] {
            assert_eq!(seen(Some(list)), Seen::Revisions(revisions), "{list}");
        }
        assert_eq!((seen(None), seen(Some(" * "))), (Seen::Any, Seen::Any));
    }
}
