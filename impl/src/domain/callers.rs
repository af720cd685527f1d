//! Who is calling: the request, the client that authenticated, the principal that a token speaks for.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agents::{AgentId, Owner};
use super::changes::Rev;
use super::credentials::{ClientRecord, CredentialId};
use super::policy::{Capability, IDP_ADMIN, is_reserved};

/// What every call carries from the door for the audit trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestContext {
    /// The request's id: `[A-Za-z0-9._-]{1,64}`.
    pub request_id: String,
    /// Where it came from, if that is known.
    pub address: Option<IpAddr>,
}

/// How an actor proved itself, by the names of the specification's `AuditMethod`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AuthMethod {
    /// A client secret in the `Authorization` header (RFC 6749 §2.3.1).
    ClientSecretBasic,
    /// A client secret in the form (RFC 6749 §2.3.1).
    ClientSecretPost,
    /// An access token (RFC 6750 §2.1).
    Bearer,
    /// Somebody at the server's own command line.
    Local,
    /// The server itself.
    System,
    /// Not at all.
    Nothing,
}

impl AuthMethod {
    /// The name that the audit trail uses.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClientSecretBasic => "client_secret_basic",
            Self::ClientSecretPost => "client_secret_post",
            Self::Bearer => "bearer",
            Self::Local => "local",
            Self::System => "system",
            Self::Nothing => "none",
        }
    }
}

/// A client that has just proved itself with its secret.
#[derive(Clone, Debug)]
pub struct Client {
    /// Its agent and credential, and the position of the feed at which they were read.
    pub record: Arc<ClientRecord>,
    /// How it proved itself.
    pub method: AuthMethod,
}

impl Client {
    /// The agent's id.
    pub fn agent_id(&self) -> AgentId {
        self.record.agent.id
    }

    /// The credential that was presented.
    pub fn credential_id(&self) -> CredentialId {
        self.record.credential.id
    }

    /// Whether the agent has the capability, and the credential is good for it.
    pub fn has(&self, capability: &str) -> bool {
        let named = |held: &Capability| held.0 == capability;
        self.record.agent.capabilities.iter().any(named) && !self.withheld().any(named)
    }

    /// Reserved capabilities of the agent that the presented credential is not good for: whoever issued it did not vouch
    /// for them, as the agent was given them later.
    pub fn withheld(&self) -> impl Iterator<Item = &Capability> {
        self.record.beyond.iter().filter(|capability| is_reserved(&capability.0))
    }
}

/// What a good access token says of its bearer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Principal {
    /// The token's subject.
    pub agent_id: AgentId,
    /// Behind whose wall it stands.
    pub owner: Owner,
    /// The token's scope: what the principal holds, and no more.
    pub scope: BTreeSet<Capability>,
    /// The credential that the token was issued for.
    pub credential_id: Option<CredentialId>,
    /// The token's `jti`.
    pub token_id: Uuid,
    /// The position of the change feed at which the token was decided.
    pub rev: Rev,
    /// When the token's time is over.
    pub expires_at: DateTime<Utc>,
}

impl Principal {
    /// Whether the token's scope has the capability, which is what *to hold* means.
    pub fn holds(&self, capability: &str) -> bool {
        self.scope.iter().any(|held| held.0 == capability)
    }

    /// Whether the wall between owners is open to it.
    pub fn sees_every_owner(&self) -> bool {
        self.holds(IDP_ADMIN)
    }

    /// The wall that it sees no further than; `None` if it sees every owner.
    pub fn within(&self) -> Option<&Owner> {
        (!self.sees_every_owner()).then_some(&self.owner)
    }

    /// Whether it sees what belongs to this owner.
    pub fn sees(&self, owner: &Owner) -> bool {
        self.owner == *owner || self.sees_every_owner()
    }
}
