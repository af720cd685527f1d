//! The first operator, and the way back in for whoever has the database and the master key.

use std::collections::BTreeSet;

use super::agents::{Agent, AgentId, AgentStatus, DeploymentEnv, Owner, capability_names};
use super::audit::{Action, Actor, AuditEvent, Subject};
use super::callers::AuthMethod;
use super::changes::ChangeKind;
use super::credentials::CredentialMint;
use super::keys::{KeyFault, canary_check};
use super::policy::{Capability, RESERVED};
use super::refusal::{Fault, Refusal};
use crate::clock::Clock;
use crate::crypto::{Entropy, MasterKey, SecretText};
use crate::store::agents::AgentWrites;
use crate::store::audit::AuditWrites;
use crate::store::bootstrap::BootstrapWrites;
use crate::store::credentials::CredentialWrites;
use crate::store::{Store, Unit};

/// Behind whose wall the first operator stands.
pub const OPERATORS: &str = "operators";

/// What the bootstrap needs.
#[derive(Clone)]
pub struct BootstrapParts<S> {
    /// Where the operator is kept.
    pub store: S,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// Measured by the canary before anything is made under it.
    pub master: MasterKey,
    /// Makes the credential.
    pub mint: CredentialMint,
}

/// An operator's credential, at the one moment when its secret is known.
#[derive(Clone, Debug)]
pub struct Operator {
    /// The client id.
    pub client_id: AgentId,
    /// The client secret: for standard output, never for the logger.
    pub client_secret: SecretText,
}

/// Why no operator came of it.
#[derive(Debug, thiserror::Error)]
pub enum BootstrapFault {
    /// The master key is not this database's, or the keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// Something of ours failed.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The email is that of an agent that is not the first operator.
    #[error("the email {0} belongs to an agent already; give the operator another one")]
    EmailTaken(String),
    /// There is no first operator to recover.
    #[error("there is no operator yet; run bootstrap without --recover")]
    NotBootstrapped,
    /// The first operator does not authenticate any more.
    #[error("the operator {0} is {1}; a credential would not let it in")]
    OperatorNotActive(AgentId, &'static str),
}

/// Makes the first operator once, and gives it a new credential when asked at the command line.
#[derive(Clone)]
pub struct BootstrapService<S>(BootstrapParts<S>);

impl<S: Store> BootstrapService<S> {
    /// A service of these parts.
    pub fn new(parts: BootstrapParts<S>) -> Self {
        Self(parts)
    }

    /// Makes the first operator: type `operator`, owner [`OPERATORS`], every reserved capability. `None` if that was
    /// done before, by this node or another; a marker row decides among several.
    pub async fn bootstrap(&self, email: &str) -> Result<Option<Operator>, BootstrapFault> {
        canary_check(&self.0.store, &self.0.master, &self.0.entropy).await?;
        if self.marker().await?.is_some() {
            return Ok(None);
        }
        let now = self.0.clock.now();
        let capabilities: BTreeSet<_> = RESERVED.iter().map(|name| Capability((*name).to_owned())).collect();
        let agent = Agent {
            id: AgentId(self.0.entropy.uuid_v7(now)),
            email: email.to_owned(),
            agent_type: "operator".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities,
            owner: Owner(OPERATORS.to_owned()),
            deployment_env: DeploymentEnv::Production,
            status: AgentStatus::Active,
            created_at: now,
            updated_at: now,
            last_auth_at: None,
            metadata: None,
            valid_until: None,
            revision: 1,
        };
        let event = AuditEvent::success(Action::ServerBootstrapped, Actor::nameless(AuthMethod::Local))
            .with("email", email)
            .with("capabilities", capability_names(&agent.capabilities));
        let minted = self.minted(agent.id).await?;
        let event = event
            .on(Subject {
                agent_id: Some(agent.id),
                credential_id: Some(minted.credential.id),
                ..Subject::default()
            })
            .behind(&agent.owner)
            .seal(&self.0.clock, &self.0.entropy)
            .map_err(Fault::from)?;

        let mut unit = self.0.store.begin().await.map_err(Fault::from)?;
        if !unit.agent_insert(&agent).await.map_err(Fault::from)? {
            drop(unit);
            return match self.marker().await? {
                Some(_) => Ok(None),
                None => Err(BootstrapFault::EmailTaken(email.to_owned())),
            };
        }
        unit.credential_insert(&minted.credential, &minted.images).await.map_err(Fault::from)?;
        if !unit.bootstrap_claim(agent.id, now).await.map_err(Fault::from)? {
            return Ok(None);
        }
        unit.audit_append(&[event]).await.map_err(Fault::from)?;
        unit.commit_with_changes(&[ChangeKind::AgentChanged(agent.id)], now).await.map_err(Fault::from)?;
        Ok(Some(Operator { client_id: agent.id, client_secret: minted.secret }))
    }

    /// Gives the first operator one more credential. Those that it has live on, and so do its tokens.
    pub async fn recover(&self) -> Result<Operator, BootstrapFault> {
        canary_check(&self.0.store, &self.0.master, &self.0.entropy).await?;
        let operator = self.marker().await?.ok_or(BootstrapFault::NotBootstrapped)?;
        let agent = self.0.store.agent_get(operator, None).await.map_err(Fault::from)?;
        let agent = agent.ok_or(BootstrapFault::NotBootstrapped)?;
        if agent.status != AgentStatus::Active {
            return Err(BootstrapFault::OperatorNotActive(operator, agent.status.as_str()));
        }
        let mut minted = self.minted(operator).await?;
        // Whoever has the database and the master key may vouch for everything.
        minted.credential.agent_revision = agent.revision;
        let subject = Subject {
            agent_id: Some(operator),
            credential_id: Some(minted.credential.id),
            ..Subject::default()
        };
        let local = || Actor::nameless(AuthMethod::Local);
        let recovered =
            AuditEvent::success(Action::ServerRecovered, local()).on(subject).behind(&agent.owner);
        let issued = AuditEvent::success(Action::CredentialIssued, local()).on(subject).behind(&agent.owner);
        let rows = [recovered, issued]
            .into_iter()
            .map(|event| event.seal(&self.0.clock, &self.0.entropy))
            .collect::<Result<Vec<_>, _>>()
            .map_err(Fault::from)?;
        let now = minted.credential.created_at;
        let change = ChangeKind::CredentialChanged(operator, minted.credential.id);

        let mut unit = self.0.store.begin().await.map_err(Fault::from)?;
        unit.credential_insert(&minted.credential, &minted.images).await.map_err(Fault::from)?;
        unit.audit_append(&rows).await.map_err(Fault::from)?;
        unit.commit_with_changes(&[change], now).await.map_err(Fault::from)?;
        Ok(Operator { client_id: operator, client_secret: minted.secret })
    }

    async fn marker(&self) -> Result<Option<AgentId>, Fault> {
        Ok(self.0.store.bootstrap_get().await?)
    }

    async fn minted(&self, agent_id: AgentId) -> Result<super::credentials::MintedCredential, Fault> {
        let minted = self.0.mint.mint(agent_id, self.0.clock.now()).await?;
        minted.map_err(|refusal: Refusal| Fault::Impossible(refusal.message()))
    }
}
