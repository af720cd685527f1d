//! What the services of agents and of their credentials have in common: what they are made of, and how they refuse.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use super::agents::{Agent, AgentId, Owner};
use super::audit::{Action, AuditEvent, AuditWriter, OTHER_OWNER, Subject};
use super::callers::{Principal, RequestContext};
use super::credentials::{CredentialMint, MintedCredential};
use super::feed::Feed;
use super::idempotency::Idempotency;
use super::limits::Limits;
use super::pages::Cursors;
use super::refusal::{Answered, Fault, Refusal};
use crate::clock::Clock;
use crate::crypto::Entropy;
use crate::store::Store;

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
    /// Says how many.
    pub limits: Limits,
    /// Takes the events of refusals.
    pub audit: AuditWriter,
    /// Is told of changes at once.
    pub feed: Arc<Feed>,
    /// Keeps answers for whoever asks again.
    pub idempotency: Idempotency<S>,
    /// Writes the positions between the pages of lists.
    pub cursors: Cursors,
}

impl<S: Store> RegistryParts<S> {
    /// Makes a credential that the principal asks for. Refused with [`Refusal::RateLimited`] when it, or its network,
    /// asks for many, and with [`Refusal::Overloaded`] when all together do.
    pub(super) async fn mint(
        &self,
        request: &RequestContext,
        principal: &Principal,
        agent_id: AgentId,
        at: DateTime<Utc>,
    ) -> Result<Answered<MintedCredential>, Fault> {
        match self.limits.minting(request, principal).await {
            Ok(()) => self.mint.mint(agent_id, at).await,
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Records that the caller did not find the agent of the subject, and hands on what to answer: the refusal, or that
    /// there was no room to record it.
    ///
    /// An agent behind another owner's wall and one that never was take the same steps and the same time: one reading,
    /// one event that is durable before the answer. The event of a look over a wall stands behind that wall, that of an
    /// id which nobody has behind none: neither is in the caller's own log, which so cannot tell them apart.
    pub(super) async fn not_found(
        &self,
        request: &RequestContext,
        principal: &Principal,
        subject: Subject,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let owner = match subject.agent_id {
            Some(id) => self.store.agent_owner_get(id).await?,
            None => None,
        };
        let denied = |reason| AuditEvent::denied(Action::AccessDenied, principal.into(), reason);
        let event = match &owner {
            Some(owner) if !principal.sees(owner) => denied(OTHER_OWNER).behind(owner),
            // One that came into sight since the caller looked is as good as absent.
            _ => denied(Refusal::AgentNotFound.reason()),
        };
        self.audit.refuse(event.during(request).on(subject), refusal).await
    }

    /// Records the refusal of an action on an agent that the caller sees, behind the agent's own wall, and hands on what
    /// to answer: the refusal, or that there was no room to record it.
    pub(super) async fn refused_on(
        &self,
        agent: &Agent,
        request: &RequestContext,
        principal: &Principal,
        action: Action,
        subject: Subject,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        let event = AuditEvent::denied(action, principal.into(), refusal.reason());
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
        self.audit.refuse(event.during(request).behind(owner), refusal).await
    }
}
