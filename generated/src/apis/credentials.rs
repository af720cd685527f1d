//! The operations of the tag `Credentials`.

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
pub trait Credentials: Door {
    /// Read one credential (`GET /agents/{agentId}/credentials/{credentialId}`)
    fn get_credential(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: GetCredentialParams,
    ) -> impl Future<Output = GetCredentialResponse> + Send;
    /// Turns a refusal into one of the answers that `getCredential` declares.
    fn refuse_get_credential(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = GetCredentialResponse> + Send;
    /// Issue a credential (`POST /agents/{agentId}/credentials`)
    fn issue_credential(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: IssueCredentialParams,
        body: models::NewCredential,
    ) -> impl Future<Output = IssueCredentialResponse> + Send;
    /// Turns a refusal into one of the answers that `issueCredential` declares.
    fn refuse_issue_credential(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = IssueCredentialResponse> + Send;
    /// List an agent's credentials (`GET /agents/{agentId}/credentials`)
    fn list_credentials(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: ListCredentialsParams,
    ) -> impl Future<Output = ListCredentialsResponse> + Send;
    /// Turns a refusal into one of the answers that `listCredentials` declares.
    fn refuse_list_credentials(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = ListCredentialsResponse> + Send;
    /// Revoke a credential (`DELETE /agents/{agentId}/credentials/{credentialId}`)
    fn revoke_credential(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: RevokeCredentialParams,
    ) -> impl Future<Output = RevokeCredentialResponse> + Send;
    /// Turns a refusal into one of the answers that `revokeCredential` declares.
    fn refuse_revoke_credential(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = RevokeCredentialResponse> + Send;
    /// Replace a credential (`POST /agents/{agentId}/credentials/{credentialId}/rotate`)
    fn rotate_credential(
        &self,
        context: Self::Context,
        caller: Self::Caller,
        params: RotateCredentialParams,
        body: models::Rotation,
    ) -> impl Future<Output = RotateCredentialResponse> + Send;
    /// Turns a refusal into one of the answers that `rotateCredential` declares.
    fn refuse_rotate_credential(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = RotateCredentialResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Credentials>() -> Router<A> {
    Router::new()
        .route(
            &route("/agents/{agentId}/credentials/{credentialId}", &[]),
            routing::on(routing::MethodFilter::GET, get_credential::<A>),
        )
        .route(
            &route("/agents/{agentId}/credentials", &[]),
            routing::on(routing::MethodFilter::POST, issue_credential::<A>),
        )
        .route(
            &route("/agents/{agentId}/credentials", &[]),
            routing::on(routing::MethodFilter::GET, list_credentials::<A>),
        )
        .route(
            &route("/agents/{agentId}/credentials/{credentialId}", &[]),
            routing::on(routing::MethodFilter::DELETE, revoke_credential::<A>),
        )
        .route(
            &route("/agents/{agentId}/credentials/{credentialId}/rotate", &[]),
            routing::on(routing::MethodFilter::POST, rotate_credential::<A>),
        )
}

/// The parameters of `getCredential`.
#[derive(Clone, Debug, PartialEq)]
pub struct GetCredentialParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// The credential's id.
    pub credential_id: uuid::Uuid,
}

/// Reads the parameters of `getCredential`, each held to its constraints.
fn read_get_credential(parts: &Parts, path: Option<&RawPathParams>) -> Result<GetCredentialParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let credential_id = in_path.one("credentialId", found);
    in_path.require("credentialId", credential_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let Some(credential_id) = credential_id else { return Err(found.clone()) };
    let params = GetCredentialParams { agent_id, credential_id };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    {
        let (value, at) = (&params.credential_id, &Pointer::parameters(Place::Path));
        let at = &at.key("credentialId");
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `getCredential` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetCredentialResponse {
    /// 200: The credential.
    Ok {
        /// The body.
        body: models::Credential,
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
    /// 404: There is no such credential of such an agent, or it belongs to another owner.
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

impl IntoResponse for GetCredentialResponse {
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

async fn get_credential<A: Credentials>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_CREDENTIAL), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let subject = path.and_then(|path| path.iter().find(|(name, _)| *name == "agentId"));
    let own = subject.map(|(_, subject)| Own { scope: "self:read", subject });
    let required = Required { scopes: operations::GET_CREDENTIAL.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_get_credential(&context, refusal).await.into_response(),
    };
    let params = match read_get_credential(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_get_credential(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.get_credential(context, caller, params).await.into_response()
}

/// The parameters of `issueCredential`.
#[derive(Clone, Debug, PartialEq)]
pub struct IssueCredentialParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// A value of the caller's that names this request, so that sending it again after a broken connection does nothing twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes only, encrypted under a key that takes this value to make; after that, rotate.
    pub idempotency_key: Option<String>,
}

/// Reads the parameters of `issueCredential`, each held to its constraints.
fn read_issue_credential(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<IssueCredentialParams, Found> {
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
    let in_headers = Texts::headers(&parts.headers, &["idempotency-key"], found);
    let idempotency_key = in_headers.one("idempotency-key", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = IssueCredentialParams { agent_id, idempotency_key };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
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

/// What `issueCredential` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum IssueCredentialResponse {
    /// 201: The credential was issued. This is the only time that the secret is shown.
    Created {
        /// The body.
        body: models::IssuedCredential,
        /// The header field `Location`.
        location: HeaderValue,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `credentials:write`.
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
    /// 409: The credential or its agent stands where this cannot be done, or the idempotency key cannot be answered.
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

impl IntoResponse for IssueCredentialResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Created { body, location } => {
                let answer = answer::json(StatusCode::CREATED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [("location", location), ("cache-control", HeaderValue::from_static("no-store"))],
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

async fn issue_credential<A: Credentials>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::ISSUE_CREDENTIAL), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::ISSUE_CREDENTIAL.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_issue_credential(&context, refusal).await.into_response(),
    };
    let params = match read_issue_credential(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_issue_credential(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    let bytes = match body::read(&parts.headers, body, "application/json").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_issue_credential(&context, refusal.into()).await.into_response(),
    };
    let read = body::json(&bytes);
    let body = match read {
        Ok(body) => body,
        Err(refusal) => return api.refuse_issue_credential(&context, refusal.into()).await.into_response(),
    };
    api.issue_credential(context, caller, params, body).await.into_response()
}

/// The parameters of `listCredentials`.
#[derive(Clone, Debug, PartialEq)]
pub struct ListCredentialsParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// The `nextCursor` of the page before. It is good for the list that gave it alone, and for the filters that this had; `limit` may be another one.
    pub cursor: Option<String>,
    /// How many items the page has at most.
    pub limit: u32,
}

/// Reads the parameters of `listCredentials`, each held to its constraints.
fn read_list_credentials(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<ListCredentialsParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    let cursor = in_query.one("cursor", found);
    let limit = in_query.one("limit", found);
    in_query.refuse_unknown(&["cursor", "limit"], found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let params = ListCredentialsParams { agent_id, cursor, limit: limit.unwrap_or(20) };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
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

/// What `listCredentials` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum ListCredentialsResponse {
    /// 200: A page of credentials.
    Ok {
        /// The body.
        body: models::CredentialPage,
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

impl IntoResponse for ListCredentialsResponse {
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

async fn list_credentials<A: Credentials>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::LIST_CREDENTIALS), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let subject = path.and_then(|path| path.iter().find(|(name, _)| *name == "agentId"));
    let own = subject.map(|(_, subject)| Own { scope: "self:read", subject });
    let required = Required { scopes: operations::LIST_CREDENTIALS.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_list_credentials(&context, refusal).await.into_response(),
    };
    let params = match read_list_credentials(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_list_credentials(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.list_credentials(context, caller, params).await.into_response()
}

/// The parameters of `revokeCredential`.
#[derive(Clone, Debug, PartialEq)]
pub struct RevokeCredentialParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// The credential's id.
    pub credential_id: uuid::Uuid,
}

/// Reads the parameters of `revokeCredential`, each held to its constraints.
fn read_revoke_credential(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<RevokeCredentialParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let credential_id = in_path.one("credentialId", found);
    in_path.require("credentialId", credential_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let Some(credential_id) = credential_id else { return Err(found.clone()) };
    let params = RevokeCredentialParams { agent_id, credential_id };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    {
        let (value, at) = (&params.credential_id, &Pointer::parameters(Place::Path));
        let at = &at.key("credentialId");
        let _ = (value, at);
    }
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `revokeCredential` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum RevokeCredentialResponse {
    /// 204: The credential is revoked.
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `credentials:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such credential of such an agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 409: The last administrator keeps its last credential.
    Conflict {
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

impl IntoResponse for RevokeCredentialResponse {
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

async fn revoke_credential<A: Credentials>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::REVOKE_CREDENTIAL), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let own: Option<Own<'_>> = None;
    let required = Required { scopes: operations::REVOKE_CREDENTIAL.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_revoke_credential(&context, refusal).await.into_response(),
    };
    let params = match read_revoke_credential(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_revoke_credential(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    drop(body);
    api.revoke_credential(context, caller, params).await.into_response()
}

/// The parameters of `rotateCredential`.
#[derive(Clone, Debug, PartialEq)]
pub struct RotateCredentialParams {
    /// The agent's id.
    pub agent_id: uuid::Uuid,
    /// The credential's id.
    pub credential_id: uuid::Uuid,
    /// A value of the caller's that names this request, so that sending it again after a broken connection does nothing twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes only, encrypted under a key that takes this value to make; after that, rotate.
    pub idempotency_key: Option<String>,
}

/// Reads the parameters of `rotateCredential`, each held to its constraints.
fn read_rotate_credential(
    parts: &Parts,
    path: Option<&RawPathParams>,
) -> Result<RotateCredentialParams, Found> {
    let found = &mut Found::default();
    let Some(path) = path else {
        found.add(&Pointer::parameters(Place::Path), "syntax", "must be percent-encoded UTF-8");
        return Err(found.clone());
    };
    let in_path = Texts::path(path);
    let agent_id = in_path.one("agentId", found);
    in_path.require("agentId", agent_id.is_some(), found);
    let credential_id = in_path.one("credentialId", found);
    in_path.require("credentialId", credential_id.is_some(), found);
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_unknown(&[], found);
    let in_headers = Texts::headers(&parts.headers, &["idempotency-key"], found);
    let idempotency_key = in_headers.one("idempotency-key", found);
    let Some(agent_id) = agent_id else { return Err(found.clone()) };
    let Some(credential_id) = credential_id else { return Err(found.clone()) };
    let params = RotateCredentialParams { agent_id, credential_id, idempotency_key };
    {
        let (value, at) = (&params.agent_id, &Pointer::parameters(Place::Path));
        let at = &at.key("agentId");
        let _ = (value, at);
    }
    {
        let (value, at) = (&params.credential_id, &Pointer::parameters(Place::Path));
        let at = &at.key("credentialId");
        let _ = (value, at);
    }
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

/// What `rotateCredential` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum RotateCredentialResponse {
    /// 201: The new credential. This is the only time that its secret is shown.
    Created {
        /// The body.
        body: models::IssuedCredential,
        /// The header field `Location`.
        location: HeaderValue,
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
    /// 403: The token is valid but does not permit this; the operation takes the scope `credentials:write`.
    Forbidden {
        /// The body.
        body: models::Error,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 404: There is no such credential of such an agent, or it belongs to another owner.
    NotFound {
        /// The body.
        body: models::Error,
    },
    /// 408: The body did not arrive in time.
    RequestTimeout {
        /// The body.
        body: models::Error,
    },
    /// 409: The credential or its agent stands where this cannot be done, or the idempotency key cannot be answered.
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

impl IntoResponse for RotateCredentialResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Created { body, location } => {
                let answer = answer::json(StatusCode::CREATED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [("location", location), ("cache-control", HeaderValue::from_static("no-store"))],
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

async fn rotate_credential<A: Credentials>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::ROTATE_CREDENTIAL), &parts);
    let path = RawPathParams::from_request_parts(&mut parts, &()).await.ok();
    let path = path.as_ref();
    let subject = path.and_then(|path| path.iter().find(|(name, _)| *name == "agentId"));
    let own = subject.map(|(_, subject)| Own { scope: "self:rotate", subject });
    let required = Required { scopes: operations::ROTATE_CREDENTIAL.scopes, own };
    let caller = match api.authenticate_bearer(&context, &parts, required).await {
        Ok(caller) => caller,
        Err(refusal) => return api.refuse_rotate_credential(&context, refusal).await.into_response(),
    };
    let params = match read_rotate_credential(&parts, path) {
        Ok(params) => params,
        Err(found) => {
            return api.refuse_rotate_credential(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    let bytes = match body::read(&parts.headers, body, "application/json").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_rotate_credential(&context, refusal.into()).await.into_response(),
    };
    let read = body::json(&bytes);
    let body = match read {
        Ok(body) => body,
        Err(refusal) => return api.refuse_rotate_credential(&context, refusal.into()).await.into_response(),
    };
    api.rotate_credential(context, caller, params, body).await.into_response()
}
