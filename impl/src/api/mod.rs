//! The door: HTTP on one side, the domain on the other. A method here converts, calls, and converts back; what looks like
//! a decision belongs to the domain.

pub mod agents;
pub mod arriving;
pub mod audit;
pub mod auth;
pub mod cors;
pub mod credentials;
pub mod discovery;
pub mod documentation;
pub mod error;
pub mod forwarded;
pub mod health;
pub mod layers;
pub mod limits;
pub mod metrics;
mod patience;
pub mod serving;
pub mod tokens;

use std::ops::Deref;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use generated::operations::Operation;
use serde::Serialize;
use serde::de::DeserializeOwned;

use self::error::{Problem, Refusable, Refused};
use self::limits::Arrival;
use crate::domain::agents::AgentService;
use crate::domain::audit::proofs::LogService;
use crate::domain::audit::watching::TreeWatch;
use crate::domain::audit::{AuditService, AuditWriter};
use crate::domain::callers::{Client, RequestContext};
use crate::domain::clients::{CacheCounts, SharedClientCache};
use crate::domain::credentials::CredentialService;
use crate::domain::feed::Feed;
use crate::domain::idempotency::{Created, IdempotencyKey};
use crate::domain::keys::KeyRing;
use crate::domain::limits::Limits;
use crate::domain::refusal::{Answered, Fault, Refusal};
use crate::domain::tokens::TokenService;

/// What the operations work with.
pub struct Services<S> {
    /// The registry.
    pub agents: AgentService<S>,
    /// Credentials.
    pub credentials: CredentialService<S>,
    /// Tokens, and who presents them.
    pub tokens: TokenService<S>,
    /// How much callers may ask for.
    pub limits: Limits,
    /// Reading the audit log.
    pub audit: AuditService<S>,
    /// The audit log to those who check it.
    pub log: LogService<S>,
    /// Whether the log's tree keeps up.
    pub tree: Arc<TreeWatch>,
    /// Whether the log's hashes are open to everybody.
    pub audit_public: bool,
    /// Writing the audit log.
    pub audit_writer: AuditWriter,
    /// The signing keys.
    pub keys: Arc<KeyRing>,
    /// What this node knows of changes.
    pub feed: Arc<Feed>,
    /// The database, to ask whether it is there.
    pub store: S,
    /// What nodes share, if anything, to ask whether it is there.
    pub shared: Option<Arc<dyn SharedClientCache>>,
    /// How often client records were at hand.
    pub counts: Arc<CacheCounts>,
    /// Whether the server is about to stop.
    pub stopping: Arc<AtomicBool>,
    /// This server's URL.
    pub issuer: String,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
}

/// The implementation of every operation; clones share everything.
pub struct Api<S>(Arc<Services<S>>);

impl<S> Api<S> {
    /// The operations over these services.
    pub fn new(services: Services<S>) -> Self {
        Self(Arc::new(services))
    }
}

impl<S> Clone for Api<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S> Deref for Api<S> {
    type Target = Services<S>;

    fn deref(&self) -> &Services<S> {
        &self.0
    }
}

/// What is known of a request while it is answered.
#[derive(Debug)]
pub struct Context {
    /// Its id and address.
    pub request: RequestContext,
    /// The operation that it is for.
    pub operation: Option<&'static Operation>,
    /// The client, once it has authenticated.
    pub client: OnceLock<Client>,
    /// What the layers know of the request, and are told.
    pub arrival: Arc<Arrival>,
}

impl Context {
    /// Answers a refusal, and logs what the client does not read.
    fn refuse<A: Refusable>(&self, refused: &Refused) -> A {
        A::refused(&self.problem(refused))
    }

    fn problem(&self, refused: &Refused) -> Problem {
        match refused {
            Refused::Domain(refusal @ Refusal::RateLimited(taken)) => {
                self.arrival.charged(*taken);
                tracing::info!(
                    reason = refusal.reason(),
                    policy = taken.policy.name,
                    "a request was refused"
                );
            }
            Refused::Fault(fault) => tracing::error!(%fault, "a request failed"),
            Refused::Domain(refusal) => tracing::info!(reason = refusal.reason(), "a request was refused"),
            _ => {}
        }
        Problem::new(refused, &self.request.request_id)
    }

    /// Turns what a service says into an answer.
    fn answer<T, A: Refusable>(
        &self,
        outcome: Result<Answered<T>, Fault>,
        fulfilled: impl FnOnce(T) -> Result<A, Fault>,
    ) -> A {
        match outcome {
            Ok(Ok(value)) => fulfilled(value).unwrap_or_else(|fault| self.refuse(&fault.into())),
            Ok(Err(refusal)) => self.refuse(&refusal.into()),
            Err(fault) => self.refuse(&fault.into()),
        }
    }
}

/// The idempotency key of a request for an operation about something, if it came with one.
fn idempotency_key(
    key: Option<String>,
    operation: &'static str,
    about: &[&[u8]],
    body: &impl Serialize,
) -> Option<IdempotencyKey> {
    let body = kept(body);
    let request: Vec<&[u8]> = about.iter().copied().chain([body.as_slice()]).collect();
    key.map(|key| IdempotencyKey::new(key, operation, &request))
}

/// A body as it is kept for whoever asks again.
fn kept(body: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(body).expect("a type of the specification is JSON")
}

/// The body of what was made, now or before.
fn created<T, B: DeserializeOwned>(made: Created<T>, body: impl FnOnce(T) -> B) -> Result<B, Fault> {
    match made {
        Created::New(made) => Ok(body(made)),
        Created::Before(kept) => serde_json::from_slice(&kept).map_err(|error| {
            Fault::Impossible(format!("idempotency_keys.answer_sealed is no answer: {error}"))
        }),
    }
}
