//! What every request passes on its way in and every answer on its way out: an id, limits, headers, a line in the log.

use std::any::Any;
use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use generated::operations::{Authentication, Operation};
use http::header::{CONNECTION, CONTENT_TYPE, HeaderName, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use ipnet::IpNet;
use tokio::sync::Semaphore;
use tower_http::catch_panic::CatchPanicLayer;
use tracing::Instrument as _;

use super::arriving::Arriving;
use super::cors::Cors;
use super::error::{Problem, Refused, header};
use super::forwarded::client_address;
use super::limits::Arrival;
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::domain::limits::Limits;
use crate::domain::refusal::Refusal;
use crate::measures;

/// How many bytes the names and values of all header fields, and the target, may have together.
pub const MOST_HEADER_BYTES: usize = 16 * 1024;

/// How long a body may take to arrive: 64 KiB at the most. Until then it holds one of the permits of requests in work.
const BODY_WITHIN: Duration = Duration::from_secs(3);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
const NOSNIFF: HeaderName = HeaderName::from_static("x-content-type-options");
const REFERRER_POLICY: HeaderName = HeaderName::from_static("referrer-policy");
const FRAME_OPTIONS: HeaderName = HeaderName::from_static("x-frame-options");
const CONTENT_SECURITY_POLICY: HeaderName = HeaderName::from_static("content-security-policy");
const STRICT_TRANSPORT_SECURITY: HeaderName = HeaderName::from_static("strict-transport-security");

/// Nothing of the API is a page, so nothing may be loaded by it.
const POLICY: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// The documentation's page loads its own script and style, and asks this server. Swagger UI sets styles inline and has
/// its pictures as data URLs.
const POLICY_OF_DOCUMENTATION: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
     connect-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
);

/// What the layers need.
pub struct Layers {
    /// Tells how long a request took.
    pub clock: Clock,
    /// Makes ids of requests that bring none.
    pub entropy: Entropy,
    /// Whether browsers are told to use TLS only.
    pub https: bool,
    /// How long a request may take.
    pub timeout: Duration,
    /// Permits of requests in work.
    pub room: Arc<Semaphore>,
    /// The proxies that are believed whom they heard from.
    pub proxies: Vec<IpNet>,
    /// How much those may ask for who prove nothing.
    pub limits: Limits,
    /// Which origins may read answers.
    pub cors: Cors,
}

/// Puts the layers round a router.
pub fn wrap(router: Router, layers: Layers) -> Router {
    let layers = Arc::new(layers);
    router
        .layer(middleware::from_fn_with_state(Arc::clone(&layers), limit))
        .layer(CatchPanicLayer::custom(panicked))
        .layer(middleware::from_fn_with_state(layers, envelope))
}

/// The path of a request as the specification writes it: where a parameter takes the rest of the path, the router has a
/// star more.
pub fn path_of(matched: &MatchedPath) -> Cow<'_, str> {
    match matched.as_str() {
        path if path.contains("{*") => path.replace("{*", "{").into(),
        path => path.into(),
    }
}

/// The operation that the router found for a request.
pub fn operation_of(method: &Method, path: Option<&MatchedPath>) -> Option<&'static Operation> {
    let path = &*path_of(path?);
    let method = if *method == Method::HEAD { &Method::GET } else { method };
    generated::OPERATIONS.iter().copied().find(|one| one.path == path && one.method == *method)
}

/// A problem that one of the layers found; the outermost, which knows the request's id, makes the answer.
#[derive(Clone, Copy)]
enum Found {
    Panic,
    Overloaded,
    BodyTooSlow,
}

fn found(what: Found) -> Response {
    let mut response = Response::new(Body::empty());
    response.extensions_mut().insert(what);
    response
}

/// What is said of a panic is in the log already, by the hook; it may hold anything, so none of it is repeated.
fn panicked(_: Box<dyn Any + Send + 'static>) -> Response {
    found(Found::Panic)
}

/// Gives the request its id and the answer its headers, and writes the log's line.
async fn envelope(State(layers): State<Arc<Layers>>, request: Request, next: Next) -> Response {
    let start = layers.clock.monotonic();
    let id = brought_id(request.headers())
        .unwrap_or_else(|| layers.entropy.uuid_v7(layers.clock.now()).hyphenated().to_string());
    let operation = operation_of(request.method(), request.extensions().get::<MatchedPath>());
    let method = request.method().clone();
    let span =
        tracing::info_span!("request", request_id = %id, operation = operation.map_or("none", |one| one.id));
    let too_large = request_size(&request) > MOST_HEADER_BYTES;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = peer.map(|peer| client_address(peer, request.headers(), &layers.proxies));
    let arrival = Arc::new(Arrival::new(id.clone(), address));
    let (mut request, arriving) = Arriving::watch(request);
    request.extensions_mut().insert(Arc::clone(&arrival));
    request.extensions_mut().insert(arriving.clone());
    let origin = layers.cors.allowed(request.headers());

    let mut response = if too_large {
        render(&Refused::HeadersTooLarge, operation, &id)
    } else if let Some(preflight) = layers.cors.preflight(&request) {
        preflight
    } else {
        let response = next.run(request).instrument(span.clone()).await;
        match response.extensions().get::<Found>() {
            None => response,
            Some(Found::Panic) => render(&Refused::Panic, operation, &id),
            Some(Found::Overloaded) => render(&Refused::Overloaded, operation, &id),
            Some(Found::BodyTooSlow) => render(&Refused::BodyTooSlow, operation, &id),
        }
    };
    if let Some(operation) = operation
        && let Some(taken) = arrival.settle(&layers.limits, operation, response.status()).await
    {
        response = render(&Refusal::RateLimited(taken).into(), Some(operation), &id);
    }
    let documentation = operation.is_some_and(|one| one.tag == "Documentation");
    let headers = response.headers_mut();
    headers.insert(REQUEST_ID, header(id));
    headers.insert(NOSNIFF, HeaderValue::from_static("nosniff"));
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    headers.insert(CONTENT_SECURITY_POLICY, if documentation { POLICY_OF_DOCUMENTATION } else { POLICY });
    if layers.https {
        let policy = HeaderValue::from_static("max-age=31536000; includeSubDomains");
        headers.insert(STRICT_TRANSPORT_SECURITY, policy);
    }
    if !arriving.leaves_the_connection_usable().await {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    arrival.tell(headers);
    layers.cors.tell(origin, headers);
    let took = layers.clock.monotonic().duration_since(start);
    let milliseconds = took.as_secs_f64() * 1000.0;
    measures::request_answered(operation.map_or("none", |one| one.id), response.status().as_u16(), took);
    span.in_scope(|| {
        tracing::info!(%method, status = response.status().as_u16(), milliseconds, "answered");
    });
    response
}

/// Turns away what there is no room for, and stops what takes too long. Asking for the server's health is always
/// answered: an overloaded server is not a dead one.
async fn limit(State(layers): State<Arc<Layers>>, request: Request, next: Next) -> Response {
    fault_point!("request.begun", else found(Found::Overloaded));
    let operation = operation_of(request.method(), request.extensions().get::<MatchedPath>());
    if operation.is_some_and(|one| one.tag == "Health") {
        return next.run(request).await;
    }
    let Ok(_permit) = layers.room.try_acquire() else { return found(Found::Overloaded) };
    let arriving = request.extensions().get::<Arriving>().cloned();
    let work = next.run(request);
    tokio::pin!(work);
    let body_within = BODY_WITHIN.min(layers.timeout);
    if let Ok(response) = tokio::time::timeout(body_within, &mut work).await {
        return response;
    }
    // Whoever reads no body, or is not there yet, is not kept waiting by the client.
    let waits_for_the_body = || arriving.as_ref().is_some_and(Arriving::is_awaited);
    if waits_for_the_body() {
        return found(Found::BodyTooSlow);
    }
    let rest = layers.timeout.saturating_sub(body_within);
    tokio::time::timeout(rest, work)
        .await
        .unwrap_or_else(|_| found(if waits_for_the_body() { Found::BodyTooSlow } else { Found::Overloaded }))
}

/// The id that a request brings: `[A-Za-z0-9._-]{1,64}`, once.
fn brought_id(headers: &HeaderMap) -> Option<String> {
    let mut fields = headers.get_all(REQUEST_ID).iter();
    let (field, None) = (fields.next()?.to_str().ok()?, fields.next()) else { return None };
    let well_formed = (1..=64).contains(&field.len())
        && field.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'));
    well_formed.then(|| field.to_owned())
}

fn request_size(request: &Request) -> usize {
    let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
    target + request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// The answer to what stopped a request outside of its operation, in the shape of the operation if there is one.
pub fn render(refused: &Refused, operation: Option<&Operation>, request_id: &str) -> Response {
    let problem = Problem::new(refused, request_id);
    let oauth = operation.is_some_and(|one| one.authentication == Authentication::Client);
    let body =
        if oauth { serde_json::to_vec(&problem.oauth_error()) } else { serde_json::to_vec(&problem.error()) };
    let mut response = (problem.status, body.unwrap_or_default()).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if oauth {
        headers.insert(http::header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.insert(http::header::PRAGMA, HeaderValue::from_static("no-cache"));
    }
    if matches!(problem.status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
        headers.insert(RETRY_AFTER, HeaderValue::from(problem.retry_after));
    }
    response
}
