//! `GET /metrics` for Prometheus, on a port of its own: it is nobody's who asks for tokens.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use http::header::CONTENT_TYPE;

use crate::measures::{Figures, MEDIA_TYPE, render};

/// What is answered there. `look` looks at what is looked at when somebody asks.
pub fn router(look: impl Fn() -> Figures + Send + Sync + 'static) -> Router {
    let look = Arc::new(look);
    Router::new().route(
        "/metrics",
        get(move || {
            let look = Arc::clone(&look);
            async move { ([(CONTENT_TYPE, MEDIA_TYPE)], render(&look())) }
        }),
    )
}
