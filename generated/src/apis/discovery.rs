//! The operations of the tag `Discovery`.

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
pub trait Discovery: Door {
    /// The public keys that verify access tokens (`GET /.well-known/jwks.json`)
    fn get_jwks(&self, context: Self::Context) -> impl Future<Output = GetJwksResponse> + Send;
    /// The same metadata where OpenID clients look for it (`GET /.well-known/openid-configuration`)
    fn get_openid_configuration(
        &self,
        context: Self::Context,
    ) -> impl Future<Output = GetOpenidConfigurationResponse> + Send;
    /// Authorization server metadata (`GET /.well-known/oauth-authorization-server`)
    fn get_server_metadata(
        &self,
        context: Self::Context,
    ) -> impl Future<Output = GetServerMetadataResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Discovery>() -> Router<A> {
    Router::new()
        .route(&route("/.well-known/jwks.json", &[]), routing::on(routing::MethodFilter::GET, get_jwks::<A>))
        .route(
            &route("/.well-known/openid-configuration", &[]),
            routing::on(routing::MethodFilter::GET, get_openid_configuration::<A>),
        )
        .route(
            &route("/.well-known/oauth-authorization-server", &[]),
            routing::on(routing::MethodFilter::GET, get_server_metadata::<A>),
        )
}

/// What `getJwks` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetJwksResponse {
    /// 200: The keys.
    Ok {
        /// The body.
        body: models::JwkSet,
        /// The header field `Cache-Control`.
        cache_control: HeaderValue,
    },
    /// 404: The server signs with a shared secret (HS256, for development only), so it has no public keys.
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

impl IntoResponse for GetJwksResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body, cache_control } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
                answer::with_headers(answer, [("cache-control", cache_control)])
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

async fn get_jwks<A: Discovery>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_JWKS), &parts);
    drop(body);
    api.get_jwks(context).await.into_response()
}

/// What `getOpenidConfiguration` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetOpenidConfigurationResponse {
    /// 200: The metadata.
    Ok {
        /// The body.
        body: models::ServerMetadata,
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

impl IntoResponse for GetOpenidConfigurationResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
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

async fn get_openid_configuration<A: Discovery>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_OPENID_CONFIGURATION), &parts);
    drop(body);
    api.get_openid_configuration(context).await.into_response()
}

/// What `getServerMetadata` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetServerMetadataResponse {
    /// 200: The metadata.
    Ok {
        /// The body.
        body: models::ServerMetadata,
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

impl IntoResponse for GetServerMetadataResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::json(StatusCode::OK, "application/json", &body);
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

async fn get_server_metadata<A: Discovery>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_SERVER_METADATA), &parts);
    drop(body);
    api.get_server_metadata(context).await.into_response()
}
