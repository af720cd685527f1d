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
    /// Somebody else was quicker.
    #[error("somebody else recovers the operator at the same time; try again")]
    Twin,
}

/// What a recovery came to.
#[derive(Clone, Debug)]
pub struct Recovered {
    /// The operator, with the credential that is new.
    pub operator: Operator,
    /// The operator that it took the place of, if that one could not be used any more.
    pub instead_of: Option<AgentId>,
}

/// Whether a credential of the agent's opens all that an operator may do, and goes on to.
fn is_usable(agent: &Agent) -> bool {
    agent.is_admin() && RESERVED.iter().all(|name| agent.capabilities.iter().any(|held| held.0 == *name))
}

/// The address of the `number`th operator: `operator-2@example.com` follows `operator@example.com`.
fn numbered(email: &str, number: u32) -> String {
    match email.split_once('@') {
        Some((name, host)) if number > 1 => format!("{name}-{number}@{host}"),
        _ => email.to_owned(),
    }
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
        let agent = self.operator(email);
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

    /// Gives the operator one more credential. Those that it has live on, and so do its tokens.
    ///
    /// If the operator cannot be used any more (it was stopped or decommissioned, has an end, or lacks a reserved
    /// capability), another one takes its place, by an email like this one with a number. The one before stays as it is:
    /// bringing it back would bring back whoever has its secrets.
    pub async fn recover(&self, email: &str) -> Result<Recovered, BootstrapFault> {
        canary_check(&self.0.store, &self.0.master, &self.0.entropy).await?;
        let before = self.marker().await?.ok_or(BootstrapFault::NotBootstrapped)?;
        let known = self.0.store.agent_get(before, None).await.map_err(Fault::from)?;
        let mut events = vec![Action::ServerRecovered, Action::CredentialIssued];
        let (mut agent, instead_of) = match known.filter(is_usable) {
            Some(agent) => (agent, None),
            None => (self.operator(email), Some(before)),
        };
        let mut minted = self.minted(agent.id).await?;
        // Whoever has the database and the master key may vouch for everything.
        minted.credential.agent_revision = agent.revision;
        let now = minted.credential.created_at;

        let mut unit = self.0.store.begin().await.map_err(Fault::from)?;
        let mut changes = vec![ChangeKind::CredentialChanged(agent.id, minted.credential.id)];
        if let Some(before) = instead_of {
            let mut number = 1;
            while !unit.agent_insert(&agent).await.map_err(Fault::from)? {
                number += 1;
                agent.email = numbered(email, number);
            }
            if !unit.bootstrap_replace(before, agent.id, now).await.map_err(Fault::from)? {
                return Err(BootstrapFault::Twin);
            }
            events.insert(1, Action::AgentRegistered);
            changes.push(ChangeKind::AgentChanged(agent.id));
        }
        let subject = Subject {
            agent_id: Some(agent.id),
            credential_id: Some(minted.credential.id),
            ..Subject::default()
        };
        let event = |action| {
            let event = AuditEvent::success(action, Actor::nameless(AuthMethod::Local));
            let event = match instead_of {
                Some(before) if action != Action::CredentialIssued => event
                    .with("email", agent.email.as_str())
                    .with("capabilities", capability_names(&agent.capabilities))
                    .with("insteadOf", before.to_string()),
                _ => event,
            };
            event.on(subject).behind(&agent.owner).seal(&self.0.clock, &self.0.entropy)
        };
        let rows = events.into_iter().map(event).collect::<Result<Vec<_>, _>>().map_err(Fault::from)?;
        unit.credential_insert(&minted.credential, &minted.images).await.map_err(Fault::from)?;
        unit.audit_append(&rows).await.map_err(Fault::from)?;
        unit.commit_with_changes(&changes, now).await.map_err(Fault::from)?;
        let operator = Operator { client_id: agent.id, client_secret: minted.secret };
        Ok(Recovered { operator, instead_of })
    }

    /// An operator, to be added.
    fn operator(&self, email: &str) -> Agent {
        let now = self.0.clock.now();
        Agent {
            id: AgentId(self.0.entropy.uuid_v7(now)),
            email: email.to_owned(),
            agent_type: "operator".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            capabilities: RESERVED.iter().map(|name| Capability((*name).to_owned())).collect::<BTreeSet<_>>(),
            owner: Owner(OPERATORS.to_owned()),
            deployment_env: DeploymentEnv::Production,
            status: AgentStatus::Active,
            created_at: now,
            updated_at: now,
            last_auth_at: None,
            metadata: None,
            valid_until: None,
            revision: 1,
        }
    }

    async fn marker(&self) -> Result<Option<AgentId>, Fault> {
        Ok(self.0.store.bootstrap_get().await?)
    }

    async fn minted(&self, agent_id: AgentId) -> Result<super::credentials::MintedCredential, Fault> {
        let minted = self.0.mint.mint(agent_id, self.0.clock.now()).await?;
        minted.map_err(|refusal: Refusal| Fault::Impossible(refusal.message()))
    }
}
