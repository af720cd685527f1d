//! What the services of agents and of their credentials have in common: what they are made of, and how they refuse.

use std::sync::Arc;

use super::agents::{Agent, Owner};
use super::audit::{Action, AuditEvent, AuditWriter, Subject};
use super::callers::{Principal, RequestContext};
use super::credentials::CredentialMint;
use super::feed::Feed;
use super::idempotency::Idempotency;
use super::refusal::{Fault, Refusal};
use crate::clock::Clock;
use crate::crypto::Entropy;

/// What the registry needs.
#[derive(Clone)]
pub struct RegistryParts<S> {
    /// Where agents and credentials are kept.
    pub store: S,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// Makes credentials.
    pub mint: CredentialMint,
    /// Takes the events of refusals.
    pub audit: AuditWriter,
    /// Is told of changes at once.
    pub feed: Arc<Feed>,
    /// Keeps answers for whoever asks again.
    pub idempotency: Idempotency<S>,
}

impl<S> RegistryParts<S> {
    /// Records the refusal of an action on an agent, behind the agent's own wall, and hands on what to answer: the
    /// refusal, or that there was no room to record it. A look over a wall is recorded as such, whatever the action was
    /// and behind the wall that was looked over: the caller's own log must not tell a wall from an absence.
    pub(super) async fn refused_on(
        &self,
        agent: &Agent,
        request: &RequestContext,
        principal: &Principal,
        action: Action,
        subject: Subject,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let event = if principal.sees(&agent.owner) {
            AuditEvent::denied(action, principal.into(), refusal.reason())
        } else {
            AuditEvent::denied(Action::AccessDenied, principal.into(), "other_owner")
        };
        self.refused(event.on(subject), request, &agent.owner, refusal).await
    }

    /// Records a refusal behind an owner's wall, and hands on what to answer: the refusal, or that there was no room to
    /// record it.
    pub(super) async fn refused(
        &self,
        event: AuditEvent,
        request: &RequestContext,
        owner: &Owner,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let written = self.audit.write(event.during(request).behind(owner)).await?;
        Ok(written.err().unwrap_or(refusal))
    }
}
