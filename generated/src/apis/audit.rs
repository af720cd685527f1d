//! The operations of the tag `Audit`.

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
pub trait Audit: Door {
    /// Export events (`GET /audit/export`)
    fn export_audit_events(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: ExportAuditEventsParams,
    ) -> impl Future<Output = ExportAuditEventsResponse> + Send;
    /// Turns a refusal into one of the answers that `exportAuditEvents` declares.
    fn refuse_export_audit_events(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = ExportAuditEventsResponse> + Send;
    /// The log's signed checkpoint (`GET /audit/checkpoint`)
    fn get_audit_checkpoint(
        &self,
        context: Self::Context,
        caller: Option<Self::Caller>,
    ) -> impl Future<Output = GetAuditCheckpointResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditCheckpoint` declares.
    fn refuse_get_audit_checkpoint(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditCheckpointResponse> + Send;
    /// Prove that the log continues an earlier one (`GET /audit/proofs/consistency`)
    fn get_audit_consistency_proof(
        &self,
        context: Self::Context,
        caller: Option<Self::Caller>,
        params: GetAuditConsistencyProofParams,
    ) -> impl Future<Output = GetAuditConsistencyProofResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditConsistencyProof` declares.
    fn refuse_get_audit_consistency_proof(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditConsistencyProofResponse> + Send;
    /// A bundle of events (`GET /audit/tile/entries/{path}`)
    fn get_audit_entries(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: GetAuditEntriesParams,
    ) -> impl Future<Output = GetAuditEntriesResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditEntries` declares.
    fn refuse_get_audit_entries(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditEntriesResponse> + Send;
    /// Read one event (`GET /audit/events/{eventId}`)
    fn get_audit_event(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: GetAuditEventParams,
    ) -> impl Future<Output = GetAuditEventResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditEvent` declares.
    fn refuse_get_audit_event(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditEventResponse> + Send;
    /// Prove that an event is in the log (`GET /audit/proofs/inclusion`)
    fn get_audit_inclusion_proof(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: GetAuditInclusionProofParams,
    ) -> impl Future<Output = GetAuditInclusionProofResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditInclusionProof` declares.
    fn refuse_get_audit_inclusion_proof(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditInclusionProofResponse> + Send;
    /// A tile of hashes (`GET /audit/tile/{level}/{path}`)
    fn get_audit_tile(
        &self,
        context: Self::Context,
        caller: Option<Self::Caller>,
        params: GetAuditTileParams,
    ) -> impl Future<Output = GetAuditTileResponse> + Send;
    /// Turns a refusal into one of the answers that `getAuditTile` declares.
    fn refuse_get_audit_tile(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetAuditTileResponse> + Send;
    /// List audit events (`GET /audit/events`)
    fn list_audit_events(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: ListAuditEventsParams,
    ) -> impl Future<Output = ListAuditEventsResponse> + Send;
    /// Turns a refusal into one of the answers that `listAuditEvents` declares.
    fn refuse_list_audit_events(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = ListAuditEventsResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Audit>() -> Router<A> {
    Router::new()
        .route(
            &route("/audit/export", &[]),
            routing::on(routing::MethodFilter::GET, export_audit_events::<A>),
        )
        .route(
            &route("/audit/checkpoint", &[]),
            routing::on(routing::MethodFilter::GET, get_audit_checkpoint::<A>),
        )
        .route(
            &route("/audit/proofs/consistency", &[]),
            routing::on(routing::MethodFilter::GET, get_audit_consistency_proof::<A>),
        )
        .route(
            &route("/audit/tile/entries/{path}", &["path"]),
            routing::on(routing::MethodFilter::GET, get_audit_entries::<A>),
        )
        .route(
            &route("/audit/events/{eventId}", &[]),
            routing::on(routing::MethodFilter::GET, get_audit_event::<A>),
        )
        .route(
            &route("/audit/proofs/inclusion", &[]),
            routing::on(routing::MethodFilter::GET, get_audit_inclusion_proof::<A>),
        )
        .route(
            &route("/audit/tile/{level}/{path}", &["path"]),
            routing::on(routing::MethodFilter::GET, get_audit_tile::<A>),
        )
        .route(&route("/audit/events", &[]), routing::on(routing::MethodFilter::GET, list_audit_events::<A>))
}

/// The parameters of `exportAuditEvents`.
#[derive(Clone, Debug, PartialEq)]
pub struct ExportAuditEventsParams {
    /// From which leaf on the whole log is exported; by default from the first. Takes `idp:admin` (403 without), and no filter.
    pub start: Option<u64>,
    /// Only events before this one, which is the last that arrived of an export that was cut off.
    pub before: Option<uuid::Uuid>,
    /// Only events that concern this agent.
    pub agent_id: Option<uuid::Uuid>,
    /// Only events that this agent caused.
    pub actor_id: Option<uuid::Uuid>,
    /// Only events of this kind.
    pub action: Option<models::AuditAction>,
    /// Only events that ended this way.
    pub outcome: Option<models::AuditOutcome>,
    /// Only events at this time or later.
    pub from: Option<crate::types::Timestamp>,
    /// Only events before this time.
    pub to: Option<crate::types::Timestamp>,
}

/// Reads the parameters of `exportAuditEvents`, each held to its constraints.
fn read_export_audit_events(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<ExportAuditEventsParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    let start = in_query.one("start", found);
    let before = in_query.one("before", found);
    let agent_id = in_query.one("agentId", found);
    let actor_id = in_query.one("actorId", found);
    let action = in_query.one("action", found);
    let outcome = in_query.one("outcome", found);
    let from = in_query.one("from", found);
    let to = in_query.one("to", found);
    in_query
        .refuse_unknown(&["start", "before", "agentId", "actorId", "action", "outcome", "from", "to"], found);
    let params = ExportAuditEventsParams { start, before, agent_id, actor_id, action, outcome, from, to };
    if let Some(value) = &params.start {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("start");

        check::minimum(*value, 0, at, found);
        check::maximum(*value, 9007199254740991, at, found);
        let _ = (value, at);
    }
    if let Some(value) = &params.before {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("before");
        let _ = (value, at);
    }
    if let Some(value) = &params.agent_id {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.actor_id {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("actorId");
        let _ = (value, at);
    }
    if let Some(value) = &params.action {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("action");
        let _ = (value, at);
    }
    if let Some(value) = &params.outcome {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("outcome");
        let _ = (value, at);
    }
    if let Some(value) = &params.from {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("from");
        let _ = (value, at);
    }
    if let Some(value) = &params.to {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("to");
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `exportAuditEvents` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum ExportAuditEventsResponse {
    /// 200: The events.
    Ok {
        /// The body.
        body: axum::body::Body,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
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

impl IntoResponse for ExportAuditEventsResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "application/x-ndjson", body);
                answer::with_headers(answer, [("cache-control", HeaderValue::from_static("no-store"))])
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

async fn export_audit_events<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::EXPORT_AUDIT_EVENTS), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::EXPORT_AUDIT_EVENTS.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_export_audit_events(&context, refusal).await.into_response(),
    };
    let params = match read_export_audit_events(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_export_audit_events(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    drop(body);
    api.export_audit_events(context, caller, params).await.into_response()
}

/// Reads the parameters of `getAuditCheckpoint`, each held to its constraints.
fn read_get_audit_checkpoint(parts: &Parts, path: Option<&RawPathParams>) -> Result<(), Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let params = ();
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditCheckpoint` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditCheckpointResponse {
    /// 200: The checkpoint.
    Ok {
        /// The body.
        body: Cow<'static, str>,
        /// The header field `Audit-Minimum-Index`.
        audit_minimum_index: HeaderValue,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
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

impl IntoResponse for GetAuditCheckpointResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, audit_minimum_index } => {
                let answer = answer::text(StatusCode::OK, "text/plain; charset=utf-8", body);
                answer::with_headers(
                    answer,
                    [
                        ("audit-minimum-index", audit_minimum_index),
                        ("cache-control", HeaderValue::from_static("no-cache")),
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

async fn get_audit_checkpoint<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_CHECKPOINT), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_CHECKPOINT.scopes, own };
    let is_open = api.is_open(&operations::GET_AUDIT_CHECKPOINT)
        && !parts.headers.contains_key(http::header::AUTHORIZATION);
    let caller = if is_open {
        None
    } else {
        match api.authenticate_bearer(&context, &parts, required).await {
            Ok(caller) => Some(caller),
            Err(refusal) => return api.refuse_get_audit_checkpoint(&context, refusal).await.into_response(),
        }
    };
    let () = match read_get_audit_checkpoint(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_get_audit_checkpoint(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    drop(body);
    api.get_audit_checkpoint(context, caller).await.into_response()
}

/// The parameters of `getAuditConsistencyProof`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditConsistencyProofParams {
    /// How many events the earlier log had.
    pub from: u64,
    /// How many events the later log had; by default, as many as its last checkpoint has.
    pub to: Option<u64>,
}

/// Reads the parameters of `getAuditConsistencyProof`, each held to its constraints.
fn read_get_audit_consistency_proof(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<GetAuditConsistencyProofParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    let from = in_query.one("from", found);
    in_query.require("from", from.is_some(), found);
    let to = in_query.one("to", found);
    in_query.refuse_unknown(&["from", "to"], found);
    let Some(from) = from else { return Err(found.clone()) };
    let params = GetAuditConsistencyProofParams { from, to };
    let value = &params.from;
    {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("from");

        check::minimum(*value, 0, at, found);
        check::maximum(*value, 9007199254740991, at, found);
        let _ = (value, at);
    }
    if let Some(value) = &params.to {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("to");

        check::minimum(*value, 0, at, found);
        check::maximum(*value, 9007199254740991, at, found);
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditConsistencyProof` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditConsistencyProofResponse {
    /// 200: The proof.
    Ok {
        /// The body.
        body: models::ConsistencyProof,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
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

impl IntoResponse for GetAuditConsistencyProofResponse {
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

async fn get_audit_consistency_proof<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_CONSISTENCY_PROOF), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_CONSISTENCY_PROOF.scopes, own };
    let is_open = api.is_open(&operations::GET_AUDIT_CONSISTENCY_PROOF)
        && !parts.headers.contains_key(http::header::AUTHORIZATION);
    let caller = if is_open {
        None
    } else {
        match api.authenticate_bearer(&context, &parts, required).await {
            Ok(caller) => Some(caller),
            Err(refusal) => {
                return api.refuse_get_audit_consistency_proof(&context, refusal).await.into_response();
            }
        }
    };
    let params = match read_get_audit_consistency_proof(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_get_audit_consistency_proof(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    drop(body);
    api.get_audit_consistency_proof(context, caller, params).await.into_response()
}

/// The parameters of `getAuditEntries`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditEntriesParams {
    /// Which tile or bundle of its level, from 000: groups of three digits, all but the last after an `x` (`x001/234` is the 1235th), and for one that is not full `.p/` and how many it has. The rest of the path, slashes and all.
    pub path: String,
}

/// Reads the parameters of `getAuditEntries`, each held to its constraints.
fn read_get_audit_entries(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<GetAuditEntriesParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let path = in_path.one("path", found);
    in_path.require("path", path.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let Some(path) = path else { return Err(found.clone()) };
    let params = GetAuditEntriesParams { path };
    {
        let (value, at) = (&params.path, &Pointer::parameters(Place::Path));
        let at = &at.key("path");

        check::max_length(value, 40, at, found);

        {
            static PATTERN: LazyLock<Regex> =
                LazyLock::new(|| check::compiled("^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditEntries` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditEntriesResponse {
    /// 200: The bundle.
    Ok {
        /// The body.
        body: bytes::Bytes,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `idp:admin`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: The log does not have this tile or bundle, or does not have it any more.
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

impl IntoResponse for GetAuditEntriesResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "application/octet-stream", body);
                answer::with_headers(answer, [("cache-control", HeaderValue::from_static("no-store"))])
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

async fn get_audit_entries<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_ENTRIES), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_ENTRIES.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_get_audit_entries(&context, refusal).await.into_response(),
    };
    let params = match read_get_audit_entries(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_get_audit_entries(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.get_audit_entries(context, caller, params).await.into_response()
}

/// The parameters of `getAuditEvent`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditEventParams {
    /// The event's id.
    pub event_id: uuid::Uuid,
}

/// Reads the parameters of `getAuditEvent`, each held to its constraints.
fn read_get_audit_event(parts: &Parts, path: Option<&RawPathParams>) -> Result<GetAuditEventParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let event_id = in_path.one("eventId", found);
    in_path.require("eventId", event_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let Some(event_id) = event_id else { return Err(found.clone()) };
    let params = GetAuditEventParams { event_id };
    {
        let (value, at) = (&params.event_id, &Pointer::parameters(Place::Path));
        let at = &at.key("eventId");
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditEvent` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditEventResponse {
    /// 200: The event.
    Ok {
        /// The body.
        body: models::AuditEvent,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such event, or it belongs to another owner.
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

impl IntoResponse for GetAuditEventResponse {
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

async fn get_audit_event<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_EVENT), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_EVENT.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_get_audit_event(&context, refusal).await.into_response(),
    };
    let params = match read_get_audit_event(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_get_audit_event(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.get_audit_event(context, caller, params).await.into_response()
}

/// The parameters of `getAuditInclusionProof`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditInclusionProofParams {
    /// The event.
    pub event_id: uuid::Uuid,
}

/// Reads the parameters of `getAuditInclusionProof`, each held to its constraints.
fn read_get_audit_inclusion_proof(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<GetAuditInclusionProofParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    let event_id = in_query.one("eventId", found);
    in_query.require("eventId", event_id.is_some(), found);
    in_query.refuse_unknown(&["eventId"], found);
    let Some(event_id) = event_id else { return Err(found.clone()) };
    let params = GetAuditInclusionProofParams { event_id };
    let value = &params.event_id;
    {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("eventId");
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditInclusionProof` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditInclusionProofResponse {
    /// 200: The proof.
    Ok {
        /// The body.
        body: models::InclusionProof,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such event, or it belongs to another owner.
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

impl IntoResponse for GetAuditInclusionProofResponse {
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

async fn get_audit_inclusion_proof<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_INCLUSION_PROOF), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_INCLUSION_PROOF.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_get_audit_inclusion_proof(&context, refusal).await.into_response(),
    };
    let params = match read_get_audit_inclusion_proof(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api
                .refuse_get_audit_inclusion_proof(&context, Refusal::from(found).into())
                .await
                .into_response();
        }
    };
    drop(body);
    api.get_audit_inclusion_proof(context, caller, params).await.into_response()
}

/// The parameters of `getAuditTile`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetAuditTileParams {
    /// The level of tiles, from 0 at the hashes of events.
    pub level: u32,
    /// Which tile or bundle of its level, from 000: groups of three digits, all but the last after an `x` (`x001/234` is the 1235th), and for one that is not full `.p/` and how many it has. The rest of the path, slashes and all.
    pub path: String,
}

/// Reads the parameters of `getAuditTile`, each held to its constraints.
fn read_get_audit_tile(parts: &Parts, path: Option<&RawPathParams>) -> Result<GetAuditTileParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let level = in_path.one("level", found);
    in_path.require("level", level.is_some(), found);
    let path = in_path.one("path", found);
    in_path.require("path", path.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let Some(level) = level else { return Err(found.clone()) };
    let Some(path) = path else { return Err(found.clone()) };
    let params = GetAuditTileParams { level, path };
    {
        let (value, at) = (&params.level, &Pointer::parameters(Place::Path));
        let at = &at.key("level");

        check::minimum(*value, 0, at, found);
        check::maximum(*value, 63, at, found);
        let _ = (value, at);
    }
    {
        let (value, at) = (&params.path, &Pointer::parameters(Place::Path));
        let at = &at.key("path");

        check::max_length(value, 40, at, found);

        {
            static PATTERN: LazyLock<Regex> =
                LazyLock::new(|| check::compiled("^(x[0-9]{3}/)*[0-9]{3}(\\.p/[0-9]{1,3})?$"));
            check::pattern(value, &PATTERN, at, found);
        }
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getAuditTile` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetAuditTileResponse {
    /// 200: The tile.
    Ok {
        /// The body.
        body: bytes::Bytes,
        /// The header field `Cache-Control`.
        cache_control: HeaderValue,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: The log does not have this tile or bundle, or does not have it any more.
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

impl IntoResponse for GetAuditTileResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, cache_control } => {
                let answer = answer::text(StatusCode::OK, "application/octet-stream", body);
                answer::with_headers(answer, [("cache-control", cache_control)])
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

async fn get_audit_tile<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_AUDIT_TILE), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::GET_AUDIT_TILE.scopes, own };
    let is_open =
        api.is_open(&operations::GET_AUDIT_TILE) && !parts.headers.contains_key(http::header::AUTHORIZATION);
    let caller = if is_open {
        None
    } else {
        match api.authenticate_bearer(&context, &parts, required).await {
            Ok(caller) => Some(caller),
            Err(refusal) => return api.refuse_get_audit_tile(&context, refusal).await.into_response(),
        }
    };
    let params = match read_get_audit_tile(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_get_audit_tile(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.get_audit_tile(context, caller, params).await.into_response()
}

/// The parameters of `listAuditEvents`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListAuditEventsParams {
    /// Only events that concern this agent.
    pub agent_id: Option<uuid::Uuid>,
    /// Only events that this agent caused.
    pub actor_id: Option<uuid::Uuid>,
    /// Only events of this kind.
    pub action: Option<models::AuditAction>,
    /// Only events that ended this way.
    pub outcome: Option<models::AuditOutcome>,
    /// Only events at this time or later.
    pub from: Option<crate::types::Timestamp>,
    /// Only events before this time.
    pub to: Option<crate::types::Timestamp>,
    /// The `nextCursor` of the page before. It is good for the list that gave it alone, and for the filters that this had; `limit` may be another one.
    pub cursor: Option<String>,
    /// How many items the page has at most.
    pub limit: u32,
}

/// Reads the parameters of `listAuditEvents`, each held to its constraints.
fn read_list_audit_events(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<ListAuditEventsParams, Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    let agent_id = in_query.one("agentId", found);
    let actor_id = in_query.one("actorId", found);
    let action = in_query.one("action", found);
    let outcome = in_query.one("outcome", found);
    let from = in_query.one("from", found);
    let to = in_query.one("to", found);
    let cursor = in_query.one("cursor", found);
    let limit = in_query.one("limit", found);
    in_query
        .refuse_unknown(&["agentId", "actorId", "action", "outcome", "from", "to", "cursor", "limit"], found);
    let params = ListAuditEventsParams {
        agent_id,
        actor_id,
        action,
        outcome,
        from,
        to,
        cursor,
        limit: limit.unwrap_or(20),
    };
    if let Some(value) = &params.agent_id {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    if let Some(value) = &params.actor_id {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("actorId");
        let _ = (value, at);
    }
    if let Some(value) = &params.action {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("action");
        let _ = (value, at);
    }
    if let Some(value) = &params.outcome {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("outcome");
        let _ = (value, at);
    }
    if let Some(value) = &params.from {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("from");
        let _ = (value, at);
    }
    if let Some(value) = &params.to {
        let at = &Pointer::parameters(Place::Query);
        let at = &at.key("to");
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

/// What `listAuditEvents` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum ListAuditEventsResponse {
    /// 200: A page of events.
    Ok {
        /// The body.
        body: models::AuditEventPage,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `audit:read`.
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

impl IntoResponse for ListAuditEventsResponse {
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

async fn list_audit_events<A: Audit>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::LIST_AUDIT_EVENTS), &parts);
    let path = None;
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::LIST_AUDIT_EVENTS.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_list_audit_events(&context, refusal).await.into_response(),
    };
    let params = match read_list_audit_events(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_list_audit_events(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.list_audit_events(context, caller, params).await.into_response()
}
