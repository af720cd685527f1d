//! The door: what this layer asks of an implementation, and what it refuses by itself.

use std::future::Future;

use axum::response::Response;
use http::request::Parts;

use crate::check::{Found, Violation};
use crate::client::ClientAuthentication;
use crate::operations::Operation;

/// A refusal that this layer makes by itself, before any method of a trait is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No operation has this path.
    UnknownPath,
    /// The path has operations, but none of this method; the router adds `Allow`.
    WrongMethod,
    /// The body's media type is not the one that the operation takes.
    UnsupportedMediaType {
        /// The one that it takes.
        expected: &'static str,
    },
    /// The body has more bytes than any operation takes; it was not read.
    BodyTooLarge {
        /// How many there may be.
        limit: usize,
    },
    /// The body broke off.
    BodyUnreadable,
    /// The request breaks rules of the specification.
    Invalid(Vec<Violation>),
    /// More than one method of client authentication in one request (RFC 6749 §2.3).
    SeveralClientAuthentications,
}

impl From<Found> for Refusal {
    fn from(found: Found) -> Self {
        Self::Invalid(found.into_violations())
    }
}

/// What a bearer token must allow for an operation to be called.
#[derive(Clone, Copy, Debug)]
pub struct Required<'r> {
    /// The scopes that the operation's `security` names, all of them needed.
    pub scopes: &'static [&'static str],
    /// The other way in, for the subject that the request is about (`x-self`).
    pub own: Option<Own<'r>>,
}

/// A scope that is enough for those who ask about themselves.
#[derive(Clone, Copy, Debug)]
pub struct Own<'r> {
    /// The scope.
    pub scope: &'static str,
    /// Whom the request is about, as it stands in the path.
    pub subject: &'r str,
}

/// What every implementation provides, whatever its tags.
pub trait Door: Clone + Send + Sync + 'static {
    /// What is known of a request before anything is decided: its id, its address and the like.
    type Context: Send + Sync;
    /// Who presented a bearer token.
    type Caller: Send;
    /// Who presented client credentials.
    type Client: Send;
    /// A refusal in the implementation's own terms.
    type Refusal: From<Refusal> + Send;

    /// Looks at a request that has arrived for an operation, or for none.
    fn context(&self, operation: Option<&'static Operation>, parts: &Parts) -> Self::Context;

    /// Answers a request that belongs to no operation.
    fn refuse(&self, context: &Self::Context, refusal: Refusal) -> Response;

    /// Whether an operation with `x-open-by-setting` is open, as a setting says, to those who show no credentials. Those who
    /// do are authenticated all the same.
    fn is_open(&self, operation: &'static Operation) -> bool;

    /// Authenticates the bearer of a token (RFC 6750 §2.1) and holds it to what the operation requires. Nothing of the
    /// body has been read.
    fn authenticate_bearer(
        &self,
        context: &Self::Context,
        parts: &Parts,
        required: Required<'_>,
    ) -> impl Future<Output = Result<Self::Caller, Self::Refusal>> + Send;

    /// Authenticates a client (RFC 6749 §2.3).
    fn authenticate_client(
        &self,
        context: &Self::Context,
        presented: ClientAuthentication,
    ) -> impl Future<Output = Result<Self::Client, Self::Refusal>> + Send;
}
