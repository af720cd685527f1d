//! Signing keys and the canary of the master key, as they are kept.

use std::fmt;

use chrono::{DateTime, Utc};
use uuid::Uuid;

/// An algorithm that tokens are signed with and whose keys are published (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    Rs256,
}

impl SigningAlgorithm {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The registered `alg` name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// A signing key as it is stored: the private part sealed under the master key.
#[derive(Clone, PartialEq)]
pub struct StoredKey {
    /// Its identifier (UUIDv7), which is also its `kid`.
    pub id: Uuid,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public part as a JWK (RFC 7517).
    pub public_jwk: serde_json::Value,
    /// The private part (PKCS #8) under AES-256-GCM; the associated data names table, id and purpose.
    pub private_key_sealed: Vec<u8>,
    /// When it was made, and published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// From when on a successor signs in its place.
    pub signs_until: Option<DateTime<Utc>>,
    /// Until when it is published: when the last token it signed has expired.
    pub published_until: Option<DateTime<Utc>>,
}

/// Shows which key it is and nothing of its private part.
impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey").field("id", &self.id).field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}
