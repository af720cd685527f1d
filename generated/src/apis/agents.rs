//! The operations of the tag `Agents`.

#![allow(unused_imports, reason = "one list of imports for every tag")]

use std::borrow::Cow;
use std::future::Future;
use std::sync::LazyLock;

use axum::Router;
use axum::extract::{FromRequestParts as _, RawPathParams, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing;
use http::StatusCode;
use http::header::HeaderValue;
use http::request::Parts;
use regex::Regex;

use crate::check::{self, Check as _, Found, Place, Pointer};
use crate::door::{Door, Own, Refusal, Required};
use crate::params::Texts;
use crate::server::{answer, route};
use crate::{body, client, models, operations};

/// The operations of this tag; each method is called with a request that keeps to the specification.
pub trait Agents: Door {
    /// Suspend, reactivate, revoke or archive an agent (`PUT /agents/{agentId}/status`)
    fn change_agent_status(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: ChangeAgentStatusParams,
        body: models::StatusChange,
    ) -> impl Future<Output = ChangeAgentStatusResponse> + Send;
    /// Turns a refusal into one of the answers that `changeAgentStatus` declares.
    fn refuse_change_agent_status(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = ChangeAgentStatusResponse> + Send;
    /// Decommission an agent (`DELETE /agents/{agentId}`)
    fn decommission_agent(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: DecommissionAgentParams,
    ) -> impl Future<Output = DecommissionAgentResponse> + Send;
    /// Turns a refusal into one of the answers that `decommissionAgent` declares.
    fn refuse_decommission_agent(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = DecommissionAgentResponse> + Send;
    /// Read one agent (`GET /agents/{agentId}`)
    fn get_agent(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: GetAgentParams,
    ) -> impl Future<Output = GetAgentResponse> + Send;
    /// Turns a refusal into one of the answers that `getAgent` declares.
    fn refuse_get_agent(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAgentResponse> + Send;
    /// List agents (`GET /agents`)
    fn list_agents(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: ListAgentsParams,
    ) -> impl Future<Output = ListAgentsResponse> + Send;
    /// Turns a refusal into one of the answers that `listAgents` declares.
    fn refuse_list_agents(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = ListAgentsResponse> + Send;
    /// Register an agent (`POST /agents`)
    fn register_agent(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: RegisterAgentParams,
        body: models::NewAgent,
    ) -> impl Future<Output = RegisterAgentResponse> + Send;
    /// Turns a refusal into one of the answers that `registerAgent` declares.
    fn refuse_register_agent(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = RegisterAgentResponse> + Send;
    /// Change an agent (`PATCH /agents/{agentId}`)
    fn update_agent(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: UpdateAgentParams,
        body: models::AgentPatch,
    ) -> impl Future<Output = UpdateAgentResponse> + Send;
    /// Turns a refusal into one of the answers that `updateAgent` declares.
    fn refuse_update_agent(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = UpdateAgentResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Agents>() -> Router<A> {
    Router::new()
        .route(
            &route("/agents/{agentId}/status", &[]),
            routing::on(routing::MethodFilter::PUT, change_agent_status::<A>),
        )
        .route(
            &route("/agents/{agentId}", &[]),
            routing::on(routing::MethodFilter::DELETE, decommission_agent::<A>),
        )
        .route(&route("/agents/{agentId}", &[]), routing::on(routing::MethodFilter::GET, get_agent::<A>))
        .route(&route("/agents", &[]), routing::on(routing::MethodFilter::GET, list_agents::<A>))
        .route(&route("/agents", &[]), routing::on(routing::MethodFilter::POST, register_agent::<A>))
        .route(&route("/agents/{agentId}", &[]), routing::on(routing::MethodFilter::PATCH, update_agent::<A>))
}

/// The parameters of `changeAgentStatus`.
#[derive(Clone, Debug, PartialEq)]
pub struct ChangeAgentStatusParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
    pub if_match: Option<String>,
}

/// Reads the parameters of `changeAgentStatus`, each held to its constraints.
fn read_change_agent_status(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<ChangeAgentStatusParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["if-match"], found);
    let if_match = in_headers.one("if-match", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = ChangeAgentStatusParams { agent_id, if_match };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.if_match {
        let at = &Pointer::parameters(Place::Header);
        let at = &at.key("if-match");

        check::min_length(value, 1, at, found);
        check::max_length(value, 1024, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `changeAgentStatus` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum ChangeAgentStatusResponse {
    /// 200: The agent as it stands now.
    Ok {
        /// The body.
        body: models::Agent,
        /// The header field `ETag`.
        etag: HeaderValue,
    },
    /// 400: The request or its body is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 408: The body did not arrive in time.
    RequestTimeout {
        /// The body.
        body: models::Error,
    },
    /// 409: The agent stands where this cannot be done to it.
    Conflict {
        /// The body.
        body: models::Error,
    },
    /// 412: The agent has another version than `If-Match` names.
    PreconditionFailed {
        /// The body.
        body: models::Error,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::Error,
    },
    /// 415: The body is not of a media type that the operation reads.
    UnsupportedMediaType {
        /// The body.
        body: models::Error,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for ChangeAgentStatusResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, etag } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [("etag", etag)])
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::NotFound { body } => {
                let answer = answer::json(StatusCode::NOT_FOUND, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Conflict { body } => {
                let answer = answer::json(StatusCode::CONFLICT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PreconditionFailed { body } => {
                let answer = answer::json(StatusCode::PRECONDITION_FAILED, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn change_agent_status<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::CHANGE_AGENT_STATUS), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::CHANGE_AGENT_STATUS.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_change_agent_status(&context, refusal).await.into_response(),
    };
    let params = match read_change_agent_status(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_change_agent_status(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    let bytes = match body::read(&parts.headers, body, "application/json").await {
        Ok(bytes) => bytes,
        Err(refusal) => {
            return api.refuse_change_agent_status(&context, refusal.into()).await.into_response();
        }
    };
    let read = body::json(&bytes);
    let body = match read {
        Ok(body) => body,
        Err(refusal) => {
            return api.refuse_change_agent_status(&context, refusal.into()).await.into_response();
        }
    };
    api.change_agent_status(context, caller, params, body).await.into_response()
}

/// The parameters of `decommissionAgent`.
#[derive(Clone, Debug, PartialEq)]
pub struct DecommissionAgentParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
    pub if_match: Option<String>,
}

/// Reads the parameters of `decommissionAgent`, each held to its constraints.
fn read_decommission_agent(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<DecommissionAgentParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["if-match"], found);
    let if_match = in_headers.one("if-match", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = DecommissionAgentParams { agent_id, if_match };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.if_match {
        let at = &Pointer::parameters(Place::Header);
        let at = &at.key("if-match");

        check::min_length(value, 1, at, found);
        check::max_length(value, 1024, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `decommissionAgent` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum DecommissionAgentResponse {
    /// 204: The agent is archived.
    NoContent,
    /// 400: The request is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 409: The agent stands where this cannot be done to it.
    Conflict {
        /// The body.
        body: models::Error,
    },
    /// 412: The agent has another version than `If-Match` names.
    PreconditionFailed {
        /// The body.
        body: models::Error,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for DecommissionAgentResponse {
    fn into_response(self) -> Response {
        match self {
            Self::NoContent => {
                let answer = answer::empty(StatusCode::NO_CONTENT);
                answer::with_headers(answer, [])
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::NotFound { body } => {
                let answer = answer::json(StatusCode::NOT_FOUND, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Conflict { body } => {
                let answer = answer::json(StatusCode::CONFLICT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PreconditionFailed { body } => {
                let answer = answer::json(StatusCode::PRECONDITION_FAILED, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn decommission_agent<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::DECOMMISSION_AGENT), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::DECOMMISSION_AGENT.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_decommission_agent(&context, refusal).await.into_response(),
    };
    let params = match read_decommission_agent(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_decommission_agent(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    drop(body);
    api.decommission_agent(context, caller, params).await.into_response()
}

/// The parameters of `getAgent`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAgentParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// Entity tags that the caller already has (RFC 9110 section 13.1.2). When one of them is current the answer is 304.
    pub if_none_match: Option<String>,
}

/// Reads the parameters of `getAgent`, each held to its constraints.
fn read_get_agent(parts: &Parts, path: Option<&RawPathParams>) -> Result<GetAgentParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["if-none-match"], found);
    let if_none_match = in_headers.one("if-none-match", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = GetAgentParams { agent_id, if_none_match };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.if_none_match {
        let at = &Pointer::parameters(Place::Header);
        let at = &at.key("if-none-match");

        check::min_length(value, 1, at, found);
        check::max_length(value, 1024, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAgent` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAgentResponse {
    /// 200: The agent.
    Ok {
        /// The body.
        body: models::Agent,
        /// The header field `ETag`.
        etag: HeaderValue,
    },
    /// 304: The caller has the current version already.
    NotModified {
        /// The header field `ETag`.
        etag: HeaderValue,
    },
    /// 400: The request is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:read`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for GetAgentResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, etag } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [("etag", etag)])
            }
            Self::NotModified { etag } => {
                let answer = answer::empty(StatusCode::NOT_MODIFIED);
                answer::with_headers(answer, [("etag", etag)])
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::NotFound { body } => {
                let answer = answer::json(StatusCode::NOT_FOUND, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn get_agent<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AGENT), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let subject = path.and_then(|path| path.iter().find(|(name, _)| *name == "agentId"));
    let own = subject.map(|(_, subject)| Own { scope: "self:read", subject });
    let required = Required { scopes: operations::GET_AGENT.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_get_agent(&context, refusal).await.into_response(),
    };
    let params = match read_get_agent(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_get_agent(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.get_agent(context, caller, params).await.into_response()
}

/// The parameters of `listAgents`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListAgentsParams {
    /// Only agents of this owner.
    pub owner: Option<String>,
    /// Only agents of this type.
    pub agent_type: Option<String>,
    /// Only agents that run in this environment.
    pub deployment_env: Option<models::DeploymentEnv>,
    /// Only agents in this status.
    pub status: Option<models::AgentStatus>,
    /// Only agents that have this capability.
    pub capability: Option<String>,
    /// Only agents whose email address begins with this, whatever the case of its letters.
    pub q: Option<String>,
    /// The `nextCursor` of the page before. It is good for the list that gave it alone, and for the filters that this had; `limit` may be another one.
    pub cursor: Option<String>,
    /// How many items the page has at most.
    pub limit: u32,
}

/// Reads the parameters of `listAgents`, each held to its constraints.
fn read_list_agents(parts: &Parts, path: Option<&RawPathParams>) -> Result<ListAgentsParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    let owner = in_query.one("owner", found);
    let agent_type = in_query.one("agentType", found);
    let deployment_env = in_query.one("deploymentEnv", found);
    let status = in_query.one("status", found);
    let capability = in_query.one("capability", found);
    let q = in_query.one("q", found);
    let cursor = in_query.one("cursor", found);
    let limit = in_query.one("limit", found);
    in_query.refuse_unknown(
        &["owner", "agentType", "deploymentEnv", "status", "capability", "q", "cursor", "limit"],
        found,
    );
    let params = ListAgentsParams {
        owner,
        agent_type,
        deployment_env,
        status,
        capability,
        q,
        cursor,
        limit: limit.unwrap_or(20),
    };
    if let Some(value) = &params.owner {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("owner");

        check::min_length(value, 1, at, found);
        check::max_length(value, 128, at, found);

        {
            static PATTERN: LazyLock<Regex> =
                LazyLock::new(|| check::compiled("^[A-Za-z0-9][A-Za-z0-9 ._@-]*$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if let Some(value) = &params.agent_type {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("agentType");

        check::min_length(value, 1, at, found);
        check::max_length(value, 64, at, found);

        {
            static PATTERN: LazyLock<Regex> =
                LazyLock::new(|| check::compiled("^[a-z][a-z0-9]*(-[a-z0-9]+)*$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if let Some(value) = &params.deployment_env {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("deploymentEnv");
        let _ = (value, at);
    }
    if let Some(value) = &params.status {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("status");
        let _ = (value, at);
    }
    if let Some(value) = &params.capability {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("capability");

        check::min_length(value, 3, at, found);
        check::max_length(value, 128, at, found);

        {
            static PATTERN: LazyLock<Regex> =
                LazyLock::new(|| check::compiled("^[a-z][a-z0-9._-]*:[a-z][a-z0-9._-]*$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if let Some(value) = &params.q {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("q");

        check::min_length(value, 2, at, found);
        check::max_length(value, 254, at, found);
        let _ = (value, at);
    }
    if let Some(value) = &params.cursor {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("cursor");

        check::min_length(value, 1, at, found);
        check::max_length(value, 512, at, found);

        {
            static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[A-Za-z0-9_-]+$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    let value = &params.limit;
    {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("limit");

        check::minimum(*value, 1, at, found);
        check::maximum(*value, 100, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `listAgents` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum ListAgentsResponse {
    /// 200: A page of agents.
    Ok {
        /// The body.
        body: models::AgentPage,
    },
    /// 400: The request is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:read`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for ListAgentsResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn list_agents<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::LIST_AGENTS), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::LIST_AGENTS.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_list_agents(&context, refusal).await.into_response(),
    };
    let params = match read_list_agents(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_list_agents(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.list_agents(context, caller, params).await.into_response()
}

/// The parameters of `registerAgent`.
#[derive(Clone, Debug, PartialEq)]
pub struct RegisterAgentParams {
    /// A value of the caller's that names this request, so that sending it again after a broken connection does nothing twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes only, encrypted under a key that takes this value to make; after that, rotate.
    pub idempotency_key: Option<String>,
}

/// Reads the parameters of `registerAgent`, each held to its constraints.
fn read_register_agent(parts: &Parts, path: Option<&RawPathParams>) -> Result<RegisterAgentParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["idempotency-key"], found);
    let idempotency_key = in_headers.one("idempotency-key", found);
    let params = RegisterAgentParams { idempotency_key };
    if let Some(value) = &params.idempotency_key {
        let at = &Pointer::parameters(Place::Header);
        let at = &at.key("idempotency-key");

        check::min_length(value, 16, at, found);
        check::max_length(value, 128, at, found);

        {
            static PATTERN: LazyLock<Regex> = LazyLock::new(|| check::compiled("^[!-~]+$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `registerAgent` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum RegisterAgentResponse {
    /// 201: The agent was registered. This is the only time that the secret is shown.
    Created {
        /// The body.
        body: models::AgentRegistration,
        /// The header field `Location`.
        location: HeaderValue,
        /// The header field `ETag`.
        etag: HeaderValue,
    },
    /// 400: The request or its body is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 408: The body did not arrive in time.
    RequestTimeout {
        /// The body.
        body: models::Error,
    },
    /// 409: The address belongs to another agent, or the idempotency key cannot be answered.
    Conflict {
        /// The body.
        body: models::Error,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::Error,
    },
    /// 415: The body is not of a media type that the operation reads.
    UnsupportedMediaType {
        /// The body.
        body: models::Error,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for RegisterAgentResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Created { body, location, etag } => {
                let answer = answer::json(StatusCode::CREATED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("location", location),
                        ("etag", etag),
                        ("cache-control", HeaderValue::from_static("no-store")),
                    ],
                )
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Conflict { body } => {
                let answer = answer::json(StatusCode::CONFLICT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn register_agent<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::REGISTER_AGENT), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::REGISTER_AGENT.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_register_agent(&context, refusal).await.into_response(),
    };
    let params = match read_register_agent(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_register_agent(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    let bytes = match body::read(&parts.headers, body, "application/json").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_register_agent(&context, refusal.into()).await.into_response(),
    };
    let read = body::json(&bytes);
    let body = match read {
        Ok(body) => body,
        Err(refusal) => return api.refuse_register_agent(&context, refusal.into()).await.into_response(),
    };
    api.register_agent(context, caller, params, body).await.into_response()
}

/// The parameters of `updateAgent`.
#[derive(Clone, Debug, PartialEq)]
pub struct UpdateAgentParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
    pub if_match: Option<String>,
}

/// Reads the parameters of `updateAgent`, each held to its constraints.
fn read_update_agent(parts: &Parts, path: Option<&RawPathParams>) -> Result<UpdateAgentParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["if-match"], found);
    let if_match = in_headers.one("if-match", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = UpdateAgentParams { agent_id, if_match };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.if_match {
        let at = &Pointer::parameters(Place::Header);
        let at = &at.key("if-match");

        check::min_length(value, 1, at, found);
        check::max_length(value, 1024, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `updateAgent` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum UpdateAgentResponse {
    /// 200: The agent as it stands now.
    Ok {
        /// The body.
        body: models::Agent,
        /// The header field `ETag`.
        etag: HeaderValue,
    },
    /// 400: The request or its body is not what the operation asks for; `details` says where and why.
    BadRequest {
        /// The body.
        body: models::Error,
    },
    /// 401: No valid access token was presented.
    Unauthorized {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 403: The token is valid but does not permit this; the operation takes the scope `agents:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 408: The body did not arrive in time.
    RequestTimeout {
        /// The body.
        body: models::Error,
    },
    /// 409: The agent stands where this cannot be done to it.
    Conflict {
        /// The body.
        body: models::Error,
    },
    /// 412: The agent has another version than `If-Match` names.
    PreconditionFailed {
        /// The body.
        body: models::Error,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::Error,
    },
    /// 415: The body is not a JSON merge patch.
    UnsupportedMediaType {
        /// The body.
        body: models::Error,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance; so has whoever makes many secrets in a short time. `RateLimit` says which allowance it is.
    TooManyRequests {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: The server cannot answer safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::Error,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for UpdateAgentResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, etag } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [("etag", etag)])
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::Forbidden { body, www_authenticate } => {
                let answer = answer::json(StatusCode::FORBIDDEN, "application/json", &body);
                answer::with_headers(answer, [("www-authenticate", www_authenticate)])
            }
            Self::NotFound { body } => {
                let answer = answer::json(StatusCode::NOT_FOUND, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::Conflict { body } => {
                let answer = answer::json(StatusCode::CONFLICT, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PreconditionFailed { body } => {
                let answer = answer::json(StatusCode::PRECONDITION_FAILED, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(answer, [("retry-after", HeaderValue::from(retry_after))])
            }
        }
    }
}

async fn update_agent<A: Agents>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::UPDATE_AGENT), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::UPDATE_AGENT.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_update_agent(&context, refusal).await.into_response(),
    };
    let params = match read_update_agent(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_update_agent(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    let bytes = match body::read(&parts.headers, body, "application/merge-patch+json").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_update_agent(&context, refusal.into()).await.into_response(),
    };
    let read = body::json(&bytes);
    let body = match read {
        Ok(body) => body,
        Err(refusal) => return api.refuse_update_agent(&context, refusal.into()).await.into_response(),
    };
    api.update_agent(context, caller, params, body).await.into_response()
}
