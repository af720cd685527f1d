//! What stands in front of a real server: a proxy that breaks what it is told to break, and one that speaks TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// An answer of the real server, to be broken.
pub struct Passing {
    /// The request's method.
    pub method: Method,
    /// The request's path, without its query.
    pub path: String,
    /// Whether the request showed anything to prove who sends it.
    pub proved: bool,
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// Whether the answer never comes.
    pub silent: bool,
    /// Whether the connection ends within the body.
    pub cut: bool,
}

impl Passing {
    /// Whether this is the answer to such a request.
    pub fn is(&self, method: &str, path: &str) -> bool {
        self.method == method && self.path == path
    }

    /// Changes the body as JSON.
    pub fn rewrites(&mut self, change: impl FnOnce(&mut serde_json::Value)) {
        let mut value = serde_json::from_slice(&self.body).expect("the body is JSON");
        change(&mut value);
        self.body = value.to_string().into();
    }
}

/// A proxy; it ends when this is dropped.
pub struct Proxy {
    /// Its URL.
    pub base: String,
    /// The bodies that went through it, to know every secret that was ever shown.
    pub bodies: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime can be made")
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a port is free");
    let address = listener.local_addr().expect("a listener has an address");
    (listener, address)
}

impl Proxy {
    /// A proxy in front of a server that breaks its answers.
    pub fn breaking(server: &str, break_it: impl Fn(&mut Passing) + Send + Sync + 'static) -> Self {
        let runtime = runtime();
        let bodies: Arc<Mutex<Vec<String>>> = Arc::default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .tls_certs_only([])
            .build()
            .expect("an HTTP client can be made");
        let (server, break_it, seen) = (server.to_owned(), Arc::new(break_it), bodies.clone());
        let address = runtime.block_on(async {
            let (listener, address) = listener().await;
            let app = axum::Router::new().fallback(move |request: Request| {
                let (client, server, break_it, seen) =
                    (client.clone(), server.clone(), break_it.clone(), seen.clone());
                async move {
                    let mut passing = forwarded(&client, &server, request).await;
                    let body = String::from_utf8_lossy(&passing.body).into_owned();
                    seen.lock().unwrap_or_else(PoisonError::into_inner).push(body);
                    break_it(&mut passing);
                    answer(passing).await
                }
            });
            tokio::spawn(async move { axum::serve(listener, app).await });
            address
        });
        Self { base: format!("http://{address}"), bodies, _runtime: runtime }
    }

    /// A proxy that speaks TLS, in front of a server that does not. What comes with it is its certificate, in PEM.
    pub fn with_tls(port: u16) -> (Self, String) {
        let runtime = runtime();
        let made =
            rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate can be made");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .expect("there are versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .expect("the key is the certificate's");
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let address = runtime.block_on(async {
            let (listener, address) = listener().await;
            tokio::spawn(async move {
                while let Ok((stream, _)) = listener.accept().await {
                    let acceptor = acceptor.clone();
                    tokio::spawn(async move {
                        let (mut asks, mut hears) = tokio::io::split(acceptor.accept(stream).await.ok()?);
                        let server = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.ok()?;
                        let (mut answers, mut listens) = server.into_split();
                        // A server that refuses a body may stop reading it; its answer comes through nevertheless.
                        tokio::spawn(async move { tokio::io::copy(&mut asks, &mut listens).await });
                        tokio::io::copy(&mut answers, &mut hears).await.ok()?;
                        hears.shutdown().await.ok()
                    });
                }
            });
            address
        });
        (
            Self { base: format!("https://{address}"), bodies: Arc::default(), _runtime: runtime },
            made.cert.pem(),
        )
    }
}

async fn forwarded(client: &reqwest::Client, server: &str, request: Request) -> Passing {
    let (parts, body) = request.into_parts();
    let target = parts.uri.path_and_query().map_or("/", |target| target.as_str());
    let mut headers = parts.headers;
    headers.remove(header::HOST);
    let proved = headers.contains_key(header::AUTHORIZATION);
    let body = to_bytes(body, usize::MAX).await.expect("the request arrives");
    let answer = client
        .request(parts.method.clone(), format!("{server}{target}"))
        .headers(headers)
        .body(body)
        .send()
        .await
        .expect("the real server answers");
    let (status, mut headers) = (answer.status(), answer.headers().clone());
    for of_the_connection in [header::CONNECTION, header::TRANSFER_ENCODING, header::CONTENT_LENGTH] {
        headers.remove(of_the_connection);
    }
    let body = answer.bytes().await.expect("the real server answers whole");
    let path = parts.uri.path().to_owned();
    Passing { method: parts.method, path, proved, status, headers, body, silent: false, cut: false }
}

async fn answer(passing: Passing) -> Response {
    if passing.silent {
        std::future::pending::<()>().await;
    }
    let mut response = Response::new(Body::from(passing.body));
    if passing.cut {
        // More is announced than comes.
        *response.body_mut() = Body::new(Cut { rest: Some(Bytes::from_static(b"half of it")) });
    }
    *response.status_mut() = passing.status;
    *response.headers_mut() = passing.headers;
    response
}

/// A body that ends in an error, which ends the connection.
struct Cut {
    rest: Option<Bytes>,
}

impl http_body::Body for Cut {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, std::io::Error>>> {
        let next = match self.rest.take() {
            Some(half) => Ok(http_body::Frame::data(half)),
            None => Err(std::io::Error::other("cut")),
        };
        std::task::Poll::Ready(Some(next))
    }
}
