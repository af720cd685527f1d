//! The operations of the tag `Health`.

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
pub trait Health: Door {
    /// The state of the server and of what it depends on (`GET /health`)
    fn get_health(&self, context: Self::Context) -> impl Future<Output = GetHealthResponse> + Send;
    /// Whether the process answers (`GET /health/live`)
    fn get_liveness(&self, context: Self::Context) -> impl Future<Output = GetLivenessResponse> + Send;
    /// Whether requests should be sent here (`GET /health/ready`)
    fn get_readiness(&self, context: Self::Context) -> impl Future<Output = GetReadinessResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Health>() -> Router<A> {
    Router::new()
        .route(&route("/health", &[]), routing::on(routing::MethodFilter::GET, get_health::<A>))
        .route(&route("/health/live", &[]), routing::on(routing::MethodFilter::GET, get_liveness::<A>))
        .route(&route("/health/ready", &[]), routing::on(routing::MethodFilter::GET, get_readiness::<A>))
}

/// What `getHealth` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetHealthResponse {
    /// 200: The server can do its work; `checks` says what it does without, if anything.
    Ok {
        /// The body.
        body: models::Health,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: Something that the server depends on is unavailable, or the server is about to stop; `checks` says what.
    ServiceUnavailable {
        /// The body.
        body: models::Health,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for GetHealthResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [])
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

async fn get_health<A: Health>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_HEALTH), &parts);
    drop(body);
    api.get_health(context).await.into_response()
}

/// What `getLiveness` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetLivenessResponse {
    /// 200: The process answers.
    Ok {
        /// The body.
        body: models::Health,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
}

impl IntoResponse for GetLivenessResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [])
            }
            Self::InternalServerError { body } => {
                let answer = answer::json(StatusCode::INTERNAL_SERVER_ERROR, "application/json", &body);
                answer::with_headers(answer, [])
            }
        }
    }
}

async fn get_liveness<A: Health>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_LIVENESS), &parts);
    drop(body);
    api.get_liveness(context).await.into_response()
}

/// What `getReadiness` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetReadinessResponse {
    /// 200: The server can do its work; `checks` says what it does without, if anything.
    Ok {
        /// The body.
        body: models::Health,
    },
    /// 500: The server failed. The log has the cause under the request id.
    InternalServerError {
        /// The body.
        body: models::Error,
    },
    /// 503: Something that the server depends on is unavailable, or the server is about to stop; `checks` says what.
    ServiceUnavailable {
        /// The body.
        body: models::Health,
        /// The header field `Retry-After`.
        retry_after: u32,
    },
}

impl IntoResponse for GetReadinessResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [])
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

async fn get_readiness<A: Health>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_READINESS), &parts);
    drop(body);
    api.get_readiness(context).await.into_response()
}
