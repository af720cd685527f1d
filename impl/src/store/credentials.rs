//! What the memory promises about credentials.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::credentials::{ClientRecord, Credential, CredentialId, SecretImages};

/// Reading credentials.
pub trait CredentialReads {
    /// The credential with its agent, its images and the feed's head, all of one snapshot. What is revoked, expired or
    /// not active is found too: judging is the domain's.
    fn client_get(
        &self,
        credential_id: CredentialId,
    ) -> impl Future<Output = Result<Option<ClientRecord>, StoreFault>> + Send;
}

/// Writing credentials.
pub trait CredentialWrites {
    /// Adds a credential of an agent that exists (in this transaction or before).
    fn credential_insert(
        &mut self,
        credential: &Credential,
        images: &SecretImages,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Replaces the verifier after bcrypt has accepted the secret; the hash stays.
    fn credential_verifier_set(
        &mut self,
        id: CredentialId,
        verifier: &[u8; 32],
        verifier_key_version: &str,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Notes that the credential was used at `at`, if the last note is at least a minute older or there is none.
    fn credential_touch(
        &mut self,
        id: CredentialId,
        at: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;
}
