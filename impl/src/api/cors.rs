//! Which pages of other origins may read answers (Fetch Standard, "CORS protocol"). None may, unless the operator says so,
//! and none ever with a browser's own credentials: whoever calls shows a token or a secret itself.

use axum::body::Body;
use axum::extract::{MatchedPath, Request};
use axum::response::Response;
use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::error::header;
use super::layers::path_of;

/// What a page may send beside what it always may.
const ALLOWED: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, X-Request-Id",
);

/// What a page may read beside what it always may.
const EXPOSED: HeaderValue = HeaderValue::from_static(
    "Audit-Minimum-Index, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id",
);

/// For how many seconds a browser need not ask again.
const MAX_AGE: HeaderValue = HeaderValue::from_static("3600");

/// The origin that stands for all.
const ANY: &str = "*";

/// The origins whose pages may read answers.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// These origins, each as browsers write it, or `*` for all.
    pub fn new(origins: Vec<String>) -> Self {
        Self { origins }
    }

    /// What the request's origin is told that may read the answer: itself or `*`; nothing if it may not.
    pub fn allowed(&self, request: &HeaderMap) -> Option<HeaderValue> {
        let mut fields = request.get_all(ORIGIN).iter();
        let (origin, None) = (fields.next()?, fields.next()) else { return None };
        let all = self.origins.iter().any(|known| known == ANY);
        if all {
            return Some(HeaderValue::from_static(ANY));
        }
        self.origins.iter().any(|known| known.as_bytes() == origin.as_bytes()).then(|| origin.clone())
    }

    /// The answer to a preflight for a path that there is.
    pub fn preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method() == Method::OPTIONS
            && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks {
            return None;
        }
        let path = request.extensions().get::<MatchedPath>()?;
        self.allowed(request.headers())?;
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, header(methods(&path_of(path)).join(", ")));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, ALLOWED);
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        Some(response)
    }

    /// Says in an answer who may read it. Caches are told that this differs by origin, also when nobody asked.
    pub fn tell(&self, allowed: Option<HeaderValue>, headers: &mut HeaderMap) {
        if self.origins.is_empty() {
            return;
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = allowed {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
        }
    }
}

/// The methods that a path has, `HEAD` where there is `GET`.
fn methods(path: &str) -> Vec<&'static str> {
    let of_path = generated::OPERATIONS.iter().filter(|operation| operation.path == path);
    of_path
        .flat_map(|operation| match operation.method.as_str() {
            "GET" => vec!["GET", "HEAD"],
            method => vec![method],
        })
        .collect()
}
