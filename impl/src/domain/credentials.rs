//! Credentials: what an agent proves itself with.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agents::{Agent, AgentId};
use super::changes::Rev;

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
