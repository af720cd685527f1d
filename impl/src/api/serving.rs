//! Connections: accepted, bounded in time, and drained at the end.

use std::convert::Infallible;
use std::future::Future;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::response::Response;
use http::StatusCode;
use http::header::{ALLOW, CONNECTION, CONTENT_LENGTH};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::Sleep;
use tower::{ServiceExt as _, service_fn};

use super::patience::Impatient;

/// How long a client may take to send the headers of a request.
const HEADERS_WITHIN: Duration = Duration::from_secs(10);

/// How long a client that was answered before it had sent everything may go on until the connection is closed.
const LINGER: Duration = Duration::from_secs(2);

/// How many bytes of headers are read before the connection is given up; the layers refuse far less, with an answer.
const MOST_BUFFERED: usize = 64 * 1024;

/// How long a client may take to take a part of its answer, once no more of it can be sent.
const TAKEN_WITHIN: Duration = Duration::from_secs(60);

/// Serves until `stop` is done; then takes no more connections and gives requests in work `drain` to finish.
pub async fn serve(listener: TcpListener, router: Router, stop: impl Future<Output = ()>, drain: Duration) {
    // HTTP/1.1 alone: telling it from HTTP/2 would wait for the first bytes without an end. HTTP/2 is the proxy's.
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS_WITHIN).max_buf_size(MOST_BUFFERED);
    let connections = GracefulShutdown::new();
    tokio::pin!(stop);
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, most likely: those in use are given back as requests end.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        // Small answers must not wait for each other's acknowledgements.
        let _ = stream.set_nodelay(true);
        let left_unread = Arc::new(AtomicBool::new(false));
        let service = TowerToHyperService::new(with_peer(router.clone(), peer, Arc::clone(&left_unread)));
        let stream = Impatient::new(Lingering { stream, left_unread, waits: None }, TAKEN_WITHIN);
        // Not the one with upgrades, which looks at the first bytes even where there is one version, and waits for them
        // without an end.
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(drain, connections.shutdown()).await.is_err() {
        tracing::warn!("requests were still in work when the time to drain was over");
    }
}

fn with_peer(
    router: Router,
    peer: SocketAddr,
    left_unread: Arc<AtomicBool>,
) -> impl tower::Service<
    Request<hyper::body::Incoming>,
    Response = axum::response::Response,
    Error = Infallible,
    Future: Send,
> + Clone {
    service_fn(move |request: Request<hyper::body::Incoming>| {
        let mut request = request.map(axum::body::Body::new);
        request.extensions_mut().insert(ConnectInfo(peer));
        let (answer, left_unread) = (router.clone().oneshot(request), Arc::clone(&left_unread));
        async move {
            let mut answer = answer.await;
            if let Ok(answer) = &mut answer {
                correct(answer);
            }
            let closes = |answer: &Response| answer.headers().get(CONNECTION).is_some_and(|it| it == "close");
            if answer.as_ref().is_ok_and(closes) {
                left_unread.store(true, Ordering::Release);
            }
            answer
        }
    })
}

/// Takes back what the router says of every answer where it is not true of this one.
fn correct(answer: &mut Response) {
    let status = answer.status();
    // Which methods a path has, also where it was not the method that the request was refused for.
    if !matches!(status, StatusCode::METHOD_NOT_ALLOWED | StatusCode::NO_CONTENT) {
        answer.headers_mut().remove(ALLOW);
    }
    // To HEAD the length of the body that GET would have had, which with this status is none at all (RFC 9110 §8.6).
    if status == StatusCode::NOT_MODIFIED {
        answer.headers_mut().remove(CONTENT_LENGTH);
    }
}

/// A connection that is closed in two steps when a request on it was answered unread (RFC 9112 §9.6). Closed at once, it
/// would be reset by what still comes, and the client's system could throw the answer away before the client reads it.
struct Lingering {
    stream: TcpStream,
    left_unread: Arc<AtomicBool>,
    /// The end of the wait for the client to close its side, once this one is closed.
    waits: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    /// Whether the client has closed its side, or the time for it is over; until then what it sends is thrown away.
    fn poll_closed(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let waits = self.waits.get_or_insert_with(|| Box::pin(tokio::time::sleep(LINGER)));
        let mut unwanted = [MaybeUninit::uninit(); 8192];
        loop {
            if waits.as_mut().poll(context).is_ready() {
                return Poll::Ready(());
            }
            let mut unwanted = ReadBuf::uninit(&mut unwanted);
            match ready!(Pin::new(&mut self.stream).poll_read(context, &mut unwanted)) {
                Ok(()) if !unwanted.filled().is_empty() => {}
                Ok(()) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}

impl AsyncRead for Lingering {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Lingering {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, parts)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waits.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        }
        if self.left_unread.load(Ordering::Acquire) {
            ready!(self.poll_closed(context));
        }
        Poll::Ready(Ok(()))
    }
}
