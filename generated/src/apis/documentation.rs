//! The operations of the tag `Documentation`.

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
pub trait Documentation: Door {
    /// The documentation, to read and to try (`GET /api-docs`)
    fn get_api_docs(&self, context: Self::Context) -> impl Future<Output = GetApiDocsResponse> + Send;
    /// The documentation's start (`GET /api-docs/swagger-initializer.js`)
    fn get_api_docs_initializer(
        &self,
        context: Self::Context,
    ) -> impl Future<Output = GetApiDocsInitializerResponse> + Send;
    /// The documentation's script (`GET /api-docs/swagger-ui-bundle.js`)
    fn get_api_docs_script(
        &self,
        context: Self::Context,
    ) -> impl Future<Output = GetApiDocsScriptResponse> + Send;
    /// The documentation's style sheet (`GET /api-docs/swagger-ui.css`)
    fn get_api_docs_stylesheet(
        &self,
        context: Self::Context,
    ) -> impl Future<Output = GetApiDocsStylesheetResponse> + Send;
    /// This document as JSON (`GET /openapi.json`)
    fn get_openapi_json(&self, context: Self::Context)
    -> impl Future<Output = GetOpenapiJsonResponse> + Send;
    /// This document as YAML (`GET /openapi.yaml`)
    fn get_openapi_yaml(&self, context: Self::Context)
    -> impl Future<Output = GetOpenapiYamlResponse> + Send;
}

/// The routes of this tag.
pub fn routes<A: Documentation>() -> Router<A> {
    Router::new()
        .route(&route("/api-docs", &[]), routing::on(routing::MethodFilter::GET, get_api_docs::<A>))
        .route(
            &route("/api-docs/swagger-initializer.js", &[]),
            routing::on(routing::MethodFilter::GET, get_api_docs_initializer::<A>),
        )
        .route(
            &route("/api-docs/swagger-ui-bundle.js", &[]),
            routing::on(routing::MethodFilter::GET, get_api_docs_script::<A>),
        )
        .route(
            &route("/api-docs/swagger-ui.css", &[]),
            routing::on(routing::MethodFilter::GET, get_api_docs_stylesheet::<A>),
        )
        .route(&route("/openapi.json", &[]), routing::on(routing::MethodFilter::GET, get_openapi_json::<A>))
        .route(&route("/openapi.yaml", &[]), routing::on(routing::MethodFilter::GET, get_openapi_yaml::<A>))
}

/// What `getApiDocs` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetApiDocsResponse {
    /// 200: The page.
    Ok {
        /// The body.
        body: Cow<'static, str>,
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

impl IntoResponse for GetApiDocsResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "text/html", body);
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

async fn get_api_docs<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_API_DOCS), &parts);
    drop(body);
    api.get_api_docs(context).await.into_response()
}

/// What `getApiDocsInitializer` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetApiDocsInitializerResponse {
    /// 200: The script.
    Ok {
        /// The body.
        body: Cow<'static, str>,
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

impl IntoResponse for GetApiDocsInitializerResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "text/javascript", body);
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

async fn get_api_docs_initializer<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_API_DOCS_INITIALIZER), &parts);
    drop(body);
    api.get_api_docs_initializer(context).await.into_response()
}

/// What `getApiDocsScript` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetApiDocsScriptResponse {
    /// 200: The script.
    Ok {
        /// The body.
        body: Cow<'static, str>,
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

impl IntoResponse for GetApiDocsScriptResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "text/javascript", body);
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

async fn get_api_docs_script<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_API_DOCS_SCRIPT), &parts);
    drop(body);
    api.get_api_docs_script(context).await.into_response()
}

/// What `getApiDocsStylesheet` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetApiDocsStylesheetResponse {
    /// 200: The style sheet.
    Ok {
        /// The body.
        body: Cow<'static, str>,
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

impl IntoResponse for GetApiDocsStylesheetResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "text/css", body);
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

async fn get_api_docs_stylesheet<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_API_DOCS_STYLESHEET), &parts);
    drop(body);
    api.get_api_docs_stylesheet(context).await.into_response()
}

/// What `getOpenapiJson` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetOpenapiJsonResponse {
    /// 200: The document.
    Ok {
        /// The body.
        body: crate::types::JsonObject,
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

impl IntoResponse for GetOpenapiJsonResponse {
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

async fn get_openapi_json<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_OPENAPI_JSON), &parts);
    drop(body);
    api.get_openapi_json(context).await.into_response()
}

/// What `getOpenapiYaml` answers: a variant for each status that it declares.
#[derive(Debug)]
#[must_use]
#[allow(clippy::large_enum_variant, reason = "an answer lives as long as one request")]
pub enum GetOpenapiYamlResponse {
    /// 200: The document.
    Ok {
        /// The body.
        body: Cow<'static, str>,
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

impl IntoResponse for GetOpenapiYamlResponse {
    fn into_response(self) -> Response {
        match self {
            Self::Ok { body } => {
                let answer = answer::text(StatusCode::OK, "application/yaml", body);
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

async fn get_openapi_yaml<A: Documentation>(State(api): State<A>, request: Request) -> Response {
    #[allow(unused_mut, reason = "operations without parameters in the path only look")]
    let (mut parts, body) = request.into_parts();
    let context = api.context(Some(&operations::GET_OPENAPI_YAML), &parts);
    drop(body);
    api.get_openapi_yaml(context).await.into_response()
}
