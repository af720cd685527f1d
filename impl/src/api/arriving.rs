//! Bodies on their way in: whether all of one has arrived, and whether the connection can be used once more if not.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use generated::body::MOST_BYTES;
use http::header::EXPECT;
use http_body::{Body as _, Frame, SizeHint};

/// How long an answer waits for the rest of a body that nobody reads. It has mostly come together with the headers.
const REST_WITHIN: Duration = Duration::from_millis(50);

/// The body of a request, as those see it who do not read it.
#[derive(Clone)]
pub struct Arriving(Arc<Watched>);

struct Watched {
    body: Mutex<Body>,
    arrived: AtomicBool,
    /// Somebody wants more of it than is here.
    awaited: AtomicBool,
    /// The client sends the body only if it is told to (RFC 9110 §10.1.1).
    is_asked_for: bool,
}

impl Arriving {
    /// Puts a body into a request that tells how far it has come.
    pub fn watch(request: Request) -> (Request, Self) {
        let (parts, body) = request.into_parts();
        let arrived = AtomicBool::new(body.is_end_stream());
        let is_asked_for = parts.headers.contains_key(EXPECT);
        let awaited = AtomicBool::new(false);
        let arriving = Self(Arc::new(Watched { body: Mutex::new(body), arrived, awaited, is_asked_for }));
        (Request::from_parts(parts, Body::new(Reader(arriving.clone()))), arriving)
    }

    /// Whether all of it is here.
    pub fn has_arrived(&self) -> bool {
        self.0.arrived.load(Ordering::Acquire)
    }

    /// Whether whoever reads it waits for the client to send more.
    pub fn is_awaited(&self) -> bool {
        self.0.awaited.load(Ordering::Acquire)
    }

    /// Takes the rest of a body that was not read, if it is small and already on its way: then the connection can be
    /// used for another request. Otherwise it cannot, which the answer has to say (RFC 9112 §9.6).
    pub async fn leaves_the_connection_usable(&self) -> bool {
        let is_small = |body: &Body| body.size_hint().upper().is_some_and(|rest| rest <= MOST_BYTES as u64);
        if self.has_arrived() || self.0.is_asked_for || !is_small(&self.body()) {
            return self.has_arrived();
        }
        let rest =
            async { while poll_fn(|context| self.poll(context)).await.is_some_and(|frame| frame.is_ok()) {} };
        // How far it has come is all that matters.
        let _ = tokio::time::timeout(REST_WITHIN, rest).await;
        self.has_arrived()
    }

    fn body(&self) -> MutexGuard<'_, Body> {
        self.0.body.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.body();
        let polled = Pin::new(&mut *body).poll_frame(context);
        self.0.awaited.store(polled.is_pending(), Ordering::Release);
        if matches!(polled, Poll::Ready(None)) || body.is_end_stream() {
            self.0.arrived.store(true, Ordering::Release);
        }
        polled
    }
}

/// What the operation reads.
struct Reader(Arriving);

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.0.poll(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.body().is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.body().size_hint()
    }
}
