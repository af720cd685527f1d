//! The operations of the tag `Tokens`.

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
pub trait Tokens: Door {
    /// Ask whether a token is active (`POST /oauth2/introspect`)
    fn introspect_token(
        &self,
        context: Self::Context,
        client: Self::Client,
        body: models::IntrospectionRequest,
    ) -> impl Future<Output = IntrospectTokenResponse> + Send;
    /// Turns a refusal into one of the answers that `introspectToken` declares.
    fn refuse_introspect_token(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = IntrospectTokenResponse> + Send;
    /// Issue an access token (`POST /oauth2/token`)
    fn issue_token(
        &self,
        context: Self::Context,
        client: Self::Client,
        body: models::TokenRequest,
    ) -> impl Future<Output = IssueTokenResponse> + Send;
    /// Turns a refusal into one of the answers that `issueToken` declares.
    fn refuse_issue_token(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = IssueTokenResponse> + Send;
    /// End a token before its time (`POST /oauth2/revoke`)
    fn revoke_token(
        &self,
        context: Self::Context,
        client: Self::Client,
        body: models::RevocationRequest,
    ) -> impl Future<Output = RevokeTokenResponse> + Send;
    /// Turns a refusal into one of the answers that `revokeToken` declares.
    fn refuse_revoke_token(
        &self,
        context: &Self::Context,
        refusal: Self::Refusal,
    ) -> impl Future<Output = RevokeTokenResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Tokens>() -> Router<A> {
    Router::new()
        .route(
            &route("/oauth2/introspect", &[]),
            routing::on(routing::MethodFilter::POST, introspect_token::<A>),
        )
        .route(&route("/oauth2/token", &[]), routing::on(routing::MethodFilter::POST, issue_token::<A>))
        .route(&route("/oauth2/revoke", &[]), routing::on(routing::MethodFilter::POST, revoke_token::<A>))
}

/// Reads the parameters of `introspectToken`, each held to its constraints.
fn read_introspect_token(parts: &Parts, path: Option<&RawPathParams>) -> Result<(), Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_form_parameters(models::IntrospectionRequest::PARAMETERS, found);
    let params = ();
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `introspectToken` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum IntrospectTokenResponse {
    /// 200: What the caller may know about the token.
    Ok {
        /// The body.
        body: models::IntrospectionResponse,
    },
    /// 400: The request is refused (RFC 6749 section 5.2).
    BadRequest {
        /// The body.
        body: models::OAuthError,
    },
    /// 401: The client is not authenticated. Unknown clients, wrong secrets and agents that are not active look the same.
    Unauthorized {
        /// The body.
        body: models::OAuthError,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 408: The body did not arrive in time. RFC 6749 has no code for it.
    RequestTimeout {
        /// The body.
        body: models::OAuthError,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 415: The body is not a form.
    UnsupportedMediaType {
        /// The body.
        body: models::OAuthError,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance. RFC 6749 has no code for it: the status tells it from other reasons to try again later.
    TooManyRequests {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 431: The headers are larger than the server reads. RFC 6749 has no code for it.
    RequestHeaderFieldsTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::OAuthError,
    },
    /// 503: The server cannot decide safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for IntrospectTokenResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("www-authenticate", www_authenticate),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestHeaderFieldsTooLarge { body } => {
                let answer =
                    answer::json(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
        }
    }
}

async fn introspect_token<A: Tokens>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::INTROSPECT_TOKEN), &parts);
    let path = None;
    let bytes = match body::read(&parts.headers, body, "application/x-www-form-urlencoded").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_introspect_token(&context, refusal.into()).await.into_response(),
    };
    let mut found = Found::default();
    let form = Texts::form(&bytes, models::IntrospectionRequest::REPEATABLE, &mut found);
    if !found.is_empty() {
        return api.refuse_introspect_token(&context, Refusal::from(found).into()).await.into_response();
    }
    let presented = match client::presented(&parts.headers, &form) {
        Ok(presented) => presented,
        Err(refusal) => return api.refuse_introspect_token(&context, refusal.into()).await.into_response(),
    };
    let client = match api.authenticate_client(&context, presented).await {
        Ok(client) => client,
        Err(refusal) => return api.refuse_introspect_token(&context, refusal).await.into_response(),
    };
    let read = read_introspect_token(&parts, path)
        .and_then(|params| Ok((params, models::IntrospectionRequest::from_texts(&form)?)));
    let ((), body) = match read {
        Ok(read) => read,
        Err(found) => {
            return api.refuse_introspect_token(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    api.introspect_token(context, client, body).await.into_response()
}

/// Reads the parameters of `issueToken`, each held to its constraints.
fn read_issue_token(parts: &Parts, path: Option<&RawPathParams>) -> Result<(), Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_form_parameters(models::TokenRequest::PARAMETERS, found);
    let params = ();
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `issueToken` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum IssueTokenResponse {
    /// 200: A token was issued, and the event that says so is on disk.
    Ok {
        /// The body.
        body: models::TokenResponse,
    },
    /// 400: The request is refused (RFC 6749 section 5.2, RFC 8707 section 2); `error` says why.
    BadRequest {
        /// The body.
        body: models::OAuthError,
    },
    /// 401: The client is not authenticated. Unknown clients, wrong secrets and agents that are not active look the same.
    Unauthorized {
        /// The body.
        body: models::OAuthError,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 408: The body did not arrive in time. RFC 6749 has no code for it.
    RequestTimeout {
        /// The body.
        body: models::OAuthError,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 415: The body is not a form.
    UnsupportedMediaType {
        /// The body.
        body: models::OAuthError,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance. RFC 6749 has no code for it: the status tells it from other reasons to try again later.
    TooManyRequests {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 431: The headers are larger than the server reads. RFC 6749 has no code for it.
    RequestHeaderFieldsTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::OAuthError,
    },
    /// 503: The server cannot decide safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for IssueTokenResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("www-authenticate", www_authenticate),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestHeaderFieldsTooLarge { body } => {
                let answer =
                    answer::json(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
        }
    }
}

async fn issue_token<A: Tokens>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::ISSUE_TOKEN), &parts);
    let path = None;
    let bytes = match body::read(&parts.headers, body, "application/x-www-form-urlencoded").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_issue_token(&context, refusal.into()).await.into_response(),
    };
    let mut found = Found::default();
    let form = Texts::form(&bytes, models::TokenRequest::REPEATABLE, &mut found);
    if !found.is_empty() {
        return api.refuse_issue_token(&context, Refusal::from(found).into()).await.into_response();
    }
    let presented = match client::presented(&parts.headers, &form) {
        Ok(presented) => presented,
        Err(refusal) => return api.refuse_issue_token(&context, refusal.into()).await.into_response(),
    };
    let client = match api.authenticate_client(&context, presented).await {
        Ok(client) => client,
        Err(refusal) => return api.refuse_issue_token(&context, refusal).await.into_response(),
    };
    let read = read_issue_token(&parts, path)
        .and_then(|params| Ok((params, models::TokenRequest::from_texts(&form)?)));
    let ((), body) = match read {
        Ok(read) => read,
        Err(found) => {
            return api.refuse_issue_token(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    api.issue_token(context, client, body).await.into_response()
}

/// Reads the parameters of `revokeToken`, each held to its constraints.
fn read_revoke_token(parts: &Parts, path: Option<&RawPathParams>) -> Result<(), Found> {
    let found = &mut Found::default();
    let _ = path;
    let in_query = Texts::query(parts.uri.query(), found);
    in_query.refuse_form_parameters(models::RevocationRequest::PARAMETERS, found);
    let params = ();
    if found.is_empty() { Ok(params) } else { Err(std::mem::take(found)) }
}

/// What `revokeToken` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum RevokeTokenResponse {
    /// 200: The token is dead.
    Ok {},
    /// 400: The request is refused (RFC 6749 section 5.2), or the token is not the client's to end.
    BadRequest {
        /// The body.
        body: models::OAuthError,
    },
    /// 401: The client is not authenticated. Unknown clients, wrong secrets and agents that are not active look the same.
    Unauthorized {
        /// The body.
        body: models::OAuthError,
        /// The header field `WWW-Authenticate`.
        www_authenticate: HeaderValue,
    },
    /// 408: The body did not arrive in time. RFC 6749 has no code for it.
    RequestTimeout {
        /// The body.
        body: models::OAuthError,
    },
    /// 413: The body is larger than 64 KiB and was not read.
    PayloadTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 415: The body is not a form.
    UnsupportedMediaType {
        /// The body.
        body: models::OAuthError,
    },
    /// 429: The agent, or for requests without a proof the address, has used up its allowance. RFC 6749 has no code for it: the status tells it from other reasons to try again later.
    TooManyRequests {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
    /// 431: The headers are larger than the server reads. RFC 6749 has no code for it.
    RequestHeaderFieldsTooLarge {
        /// The body.
        body: models::OAuthError,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::OAuthError,
    },
    /// 503: The server cannot decide safely now, because it is overloaded or something that it depends on is away.
    ServiceUnavailable {
        /// The body.
        body: models::OAuthError,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for RevokeTokenResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok {} => {
                let answer = answer::empty(StatusCode::OK);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::BadRequest { body } => {
                let answer = answer::json(StatusCode::BAD_REQUEST, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::Unauthorized { body, www_authenticate } => {
                let answer = answer::json(StatusCode::UNAUTHORIZED, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("www-authenticate", www_authenticate),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestTimeout { body } => {
                let answer = answer::json(StatusCode::REQUEST_TIMEOUT, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::PayloadTooLarge { body } => {
                let answer = answer::json(StatusCode::PAYLOAD_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::UnsupportedMediaType { body } => {
                let answer = answer::json(StatusCode::UNSUPPORTED_MEDIA_TYPE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::TooManyRequests { body, retry_after } => {
                let answer = answer::json(StatusCode::TOO_MANY_REQUESTS, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::RequestHeaderFieldsTooLarge { body } => {
                let answer =
                    answer::json(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
            Self::ServiceUnavailable { body, retry_after } => {
                let answer = answer::json(StatusCode::SERVICE_UNAVAILABLE, "application/json", &body);
                answer::with_headers(
                    answer,
                    [
                        ("retry-after", HeaderValue::from(retry_after)),
                        ("cache-control", HeaderValue::from_static("no-store")),
                        ("pragma", HeaderValue::from_static("no-cache")),
                    ],
                )
            }
        }
    }
}

async fn revoke_token<A: Tokens>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::REVOKE_TOKEN), &parts);
    let path = None;
    let bytes = match body::read(&parts.headers, body, "application/x-www-form-urlencoded").await {
        Ok(bytes) => bytes,
        Err(refusal) => return api.refuse_revoke_token(&context, refusal.into()).await.into_response(),
    };
    let mut found = Found::default();
    let form = Texts::form(&bytes, models::RevocationRequest::REPEATABLE, &mut found);
    if !found.is_empty() {
        return api.refuse_revoke_token(&context, Refusal::from(found).into()).await.into_response();
    }
    let presented = match client::presented(&parts.headers, &form) {
        Ok(presented) => presented,
        Err(refusal) => return api.refuse_revoke_token(&context, refusal.into()).await.into_response(),
    };
    let client = match api.authenticate_client(&context, presented).await {
        Ok(client) => client,
        Err(refusal) => return api.refuse_revoke_token(&context, refusal).await.into_response(),
    };
    let read = read_revoke_token(&parts, path)
        .and_then(|params| Ok((params, models::RevocationRequest::from_texts(&form)?)));
    let ((), body) = match read {
        Ok(read) => read,
        Err(found) => {
            return api.refuse_revoke_token(&context, Refusal::from(found).into()).await.into_response();
        }
    };
    api.revoke_token(context, client, body).await.into_response()
}
