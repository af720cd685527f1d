//! What a request was charged, and what its answer says of it (draft-ietf-httpapi-ratelimit-headers-11).

use std::fmt::Write as _;
use std::net::IpAddr;
use std::sync::OnceLock;

use generated::operations::{Authentication, Operation};
use http::header::HeaderName;
use http::{HeaderMap, StatusCode};

use super::error::header;
use crate::domain::callers::RequestContext;
use crate::domain::limits::{Limits, Taken};

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// A request as the layers know it, shared with the operation that it is for.
#[derive(Debug, Default)]
pub struct Arrival {
    /// The request's id and address.
    pub request: RequestContext,
    /// What the caller was charged, once it has proved itself; nothing if clients are not limited.
    proved: OnceLock<Option<Taken>>,
    /// What its network was charged, because it has not.
    unproved: OnceLock<Taken>,
    /// What it was refused for want of room for slow hashes.
    hashing: OnceLock<Taken>,
}

impl Arrival {
    /// A request with this id, from this address.
    pub fn new(request_id: String, address: Option<IpAddr>) -> Self {
        Self { request: RequestContext { request_id, address }, ..Self::default() }
    }

    /// Notes that the caller has proved itself, and what it was charged.
    pub fn proved(&self, taken: Option<Taken>) {
        let _ = self.proved.set(taken);
    }

    /// Notes a charge that led to a refusal.
    pub fn charged(&self, taken: Taken) {
        if taken.policy.is_of_hashing() {
            let _ = self.hashing.set(taken);
        }
    }

    /// Charges the network for a request whose caller has not proved itself, now that it is answered with `status`; comes
    /// back with the refusal that is to be answered instead, if the network has used up what it has.
    ///
    /// Only now, since until it was judged it may have been anybody's. Who was not judged for a fault of ours pays
    /// nothing.
    pub async fn settle(&self, limits: &Limits, operation: &Operation, status: StatusCode) -> Option<Taken> {
        if !is_limited(operation) || self.proved.get().is_some() || status.is_server_error() {
            return None;
        }
        let taken = match operation.authentication {
            Authentication::Public => limits.public(&self.request).await,
            // Served without a proof: what is open by a setting is what anyone may read.
            Authentication::Bearer if status.is_success() => limits.public(&self.request).await,
            Authentication::Bearer | Authentication::Client => limits.unproved(&self.request).await,
        }?;
        let _ = self.unproved.set(taken);
        (!taken.allowed).then_some(taken)
    }

    /// Says in an answer what was charged and what is left.
    pub fn tell(&self, headers: &mut HeaderMap) {
        let proved = self.proved.get().copied().flatten();
        let charged = [proved.or(self.unproved.get().copied()), self.hashing.get().copied()];
        let (mut policies, mut limits) = (String::new(), String::new());
        for Taken { policy, remaining, reset_seconds, .. } in charged.into_iter().flatten() {
            let separator = if policies.is_empty() { "" } else { ", " };
            let (name, quota, window) = (policy.name, policy.burst(), policy.window_seconds());
            let _ = write!(policies, "{separator}\"{name}\";q={quota};w={window}");
            let _ = write!(limits, "{separator}\"{name}\";r={remaining};t={reset_seconds}");
        }
        if !policies.is_empty() {
            headers.insert(RATE_LIMIT_POLICY, header(policies));
            headers.insert(RATE_LIMIT, header(limits));
        }
    }
}

/// Whether limits apply to an operation: it declares the answer that they give.
fn is_limited(operation: &Operation) -> bool {
    operation.statuses.contains(&StatusCode::TOO_MANY_REQUESTS.as_u16())
}
