//! The router of all operations.

use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;

use crate::apis;
use crate::door::{Door, Refusal};

/// An implementation of every tag.
pub trait Api:
    Door
    + apis::agents::Agents
    + apis::audit::Audit
    + apis::credentials::Credentials
    + apis::discovery::Discovery
    + apis::documentation::Documentation
    + apis::health::Health
    + apis::tokens::Tokens
{
}

impl<
    A: Door
        + apis::agents::Agents
        + apis::audit::Audit
        + apis::credentials::Credentials
        + apis::discovery::Discovery
        + apis::documentation::Documentation
        + apis::health::Health
        + apis::tokens::Tokens,
> Api for A
{
}

/// A router with every operation of the specification, and an answer for what is none.
pub fn router<A: Api>(api: A) -> Router {
    Router::new()
        .merge(apis::agents::routes::<A>())
        .merge(apis::audit::routes::<A>())
        .merge(apis::credentials::routes::<A>())
        .merge(apis::discovery::routes::<A>())
        .merge(apis::documentation::routes::<A>())
        .merge(apis::health::routes::<A>())
        .merge(apis::tokens::routes::<A>())
        .fallback(unknown_path::<A>)
        .method_not_allowed_fallback(wrong_method::<A>)
        .with_state(api)
}

/// A path of the specification as the router writes it: a parameter with `x-catch-all` takes the rest of the path.
pub(crate) fn route(path: &str, catch_all: &[&str]) -> String {
    match catch_all {
        [name] => path.replace(&["{", name, "}"].concat(), &["{*", name, "}"].concat()),
        _ => path.to_owned(),
    }
}

async fn unknown_path<A: Api>(State(api): State<A>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    api.refuse(&api.context(None, &parts), Refusal::UnknownPath)
}

async fn wrong_method<A: Api>(State(api): State<A>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    api.refuse(&api.context(None, &parts), Refusal::WrongMethod)
}

/// Answers in the making.
pub(crate) mod answer {
    use axum::body::Body;
    use axum::response::Response;
    use http::StatusCode;
    use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
    use serde::Serialize;

    /// A JSON document.
    pub(crate) fn json(status: StatusCode, media_type: &'static str, body: &impl Serialize) -> Response {
        text(status, media_type, serde_json::to_vec(body).expect("a type of the specification is JSON"))
    }

    /// A document of another media type.
    pub(crate) fn text(status: StatusCode, media_type: &'static str, body: impl Into<Body>) -> Response {
        let mut response = Response::new(body.into());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
        response
    }

    /// An answer without a body.
    pub(crate) fn empty(status: StatusCode) -> Response {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    }

    /// The same answer with these header fields.
    pub(crate) fn with_headers<const N: usize>(
        mut answer: Response,
        headers: [(&'static str, HeaderValue); N],
    ) -> Response {
        for (name, value) in headers {
            answer.headers_mut().insert(HeaderName::from_static(name), value);
        }
        answer
    }
}
