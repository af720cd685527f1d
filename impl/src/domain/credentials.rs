//! Credentials: what an agent proves itself with.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agents::{Agent, AgentId};
use super::changes::Rev;
use super::refusal::{Answered, Fault, Refusal};
use crate::crypto::{ClientSecret, Entropy, HashFault, HashPool, MasterKey, SecretText};

/// The identifier of a credential (UUIDv7); a client secret carries it, so that a check reads one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CredentialId(pub Uuid);

impl fmt::Display for CredentialId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// Whether a credential can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CredentialStatus {
    /// Until it expires.
    Active,
    /// Ended by somebody, for good.
    Revoked,
}

impl CredentialStatus {
    /// Every value, in the order of the specification.
    pub const ALL: [Self; 2] = [Self::Active, Self::Revoked];

    /// The name that the API and the database use.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// A credential as the registry keeps it, without anything that could prove it.
#[derive(Clone, Debug, PartialEq)]
pub struct Credential {
    /// Its identifier.
    pub id: CredentialId,
    /// Whose it is.
    pub agent_id: AgentId,
    /// What its owner calls it.
    pub label: Option<String>,
    /// Whether it can be used.
    pub status: CredentialStatus,
    /// When it was issued.
    pub created_at: DateTime<Utc>,
    /// After this moment it proves nothing.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was last used, to within a minute.
    pub last_used_at: Option<DateTime<Utc>>,
    /// The credential that this one replaced.
    pub rotated_from: Option<CredentialId>,
}

/// What is kept of a client secret: two one-way images of its random part.
#[derive(Clone, PartialEq)]
pub struct SecretImages {
    /// The durable record, independent of any key: bcrypt, cost 10, over the random part.
    pub secret_hash: String,
    /// The fast image: HMAC-SHA-256 under a key derived from the master key.
    pub verifier: [u8; 32],
    /// Which derived key made the verifier (the first bytes of a digest of the master key).
    pub verifier_key_version: String,
}

/// Neither image is a secret, but neither belongs in a log.
impl fmt::Debug for SecretImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SecretImages")
            .field("verifier_key_version", &self.verifier_key_version)
            .finish_non_exhaustive()
    }
}

/// All that authenticating a client needs, read in one statement.
#[derive(Clone, Debug, PartialEq)]
pub struct ClientRecord {
    /// The agent.
    pub agent: Agent,
    /// The credential it presented.
    pub credential: Credential,
    /// What the presented secret is compared with.
    pub images: SecretImages,
    /// The position of the change feed in the same snapshot as the rest of this record.
    pub rev: Rev,
}

/// What a new credential is made of: the record, its one-way images, and the secret that is shown once.
#[derive(Clone, Debug)]
pub struct MintedCredential {
    /// The record.
    pub credential: Credential,
    /// What is kept of the secret.
    pub images: SecretImages,
    /// The secret itself.
    pub secret: SecretText,
}

/// Makes credentials. Slow (bcrypt), and so called before a transaction begins, never within one.
#[derive(Clone, Debug)]
pub struct CredentialMint {
    master: MasterKey,
    pool: HashPool,
    entropy: Entropy,
}

impl CredentialMint {
    /// A mint whose verifiers are made under this master key and whose hashes are computed in this pool.
    pub fn new(master: MasterKey, pool: HashPool, entropy: Entropy) -> Self {
        Self { master, pool, entropy }
    }

    /// A new credential of the agent, active from `at` and without an end. Refused with [`Refusal::Overloaded`] when
    /// the pool is full.
    pub async fn mint(
        &self,
        agent_id: AgentId,
        at: DateTime<Utc>,
    ) -> Result<Answered<MintedCredential>, Fault> {
        let id = CredentialId(self.entropy.uuid_v7(at));
        let secret = ClientSecret::generate(id.0, &self.entropy);
        let secret_hash = match self.pool.hash(secret.random(), self.entropy.bytes()).await {
            Ok(hash) => hash,
            Err(HashFault::Busy) => return Ok(Err(Refusal::Overloaded)),
            Err(HashFault::Failed(problem)) => return Err(Fault::Impossible(problem)),
        };
        let images = SecretImages {
            secret_hash,
            verifier: self.master.verifier(secret.random()),
            verifier_key_version: self.master.verifier_key_version().to_owned(),
        };
        let credential = Credential {
            id,
            agent_id,
            label: None,
            status: CredentialStatus::Active,
            created_at: at,
            expires_at: None,
            last_used_at: None,
            rotated_from: None,
        };
        Ok(Ok(MintedCredential { credential, images, secret: secret.to_text() }))
    }
}
