//! What the memory promises about credentials.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::StoreFault;
use crate::domain::agents::AgentId;
use crate::domain::credentials::{
    ClientProof, ClientRecord, Credential, CredentialId, CredentialStatus, ExpiredCredential, SecretImages,
};

/// Reading credentials.
pub trait CredentialReads {
    /// What decides about a secret of that credential, whatever its standing.
    ///
    /// The time that it takes does not tell whether there is one: the credential of that id or the nearest before it is
    /// read in full, and then looked at. (Before the very first of all credentials there is none to read.)
    fn client_proof_get(
        &self,
        credential_id: CredentialId,
    ) -> impl Future<Output = Result<Option<ClientProof>, StoreFault>> + Send;

    /// The credential with its agent, its images and the feed's head, all of one snapshot. What is revoked, expired or
    /// not active is found too: judging is the domain's.
    fn client_get(
        &self,
        credential_id: CredentialId,
    ) -> impl Future<Output = Result<Option<ClientRecord>, StoreFault>> + Send;

    /// The agent's credential of that id; another agent's is not found.
    fn credential_get(
        &self,
        agent_id: AgentId,
        id: CredentialId,
    ) -> impl Future<Output = Result<Option<Credential>, StoreFault>> + Send;

    /// How many credentials can be used at `now` whose verifier was not made by this key.
    fn credential_count_outdated(
        &self,
        verifier_key_version: &str,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// The agent's credentials, newest first (by descending id), those after `after` (exclusive), at most `limit`.
    fn credential_list(
        &self,
        agent_id: AgentId,
        after: Option<CredentialId>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<Credential>, StoreFault>> + Send;
}

/// Writing credentials.
pub trait CredentialWrites {
    /// Adds a credential of an agent that exists (in this transaction or before).
    fn credential_insert(
        &mut self,
        credential: &Credential,
        images: &SecretImages,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// The agent's credential of that id, held against other writers until this transaction ends.
    fn credential_lock(
        &mut self,
        agent_id: AgentId,
        id: CredentialId,
    ) -> impl Future<Output = Result<Option<Credential>, StoreFault>> + Send;

    /// Sets the status and the end of a credential that this transaction holds.
    fn credential_end(
        &mut self,
        id: CredentialId,
        status: CredentialStatus,
        expires_at: Option<DateTime<Utc>>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Revokes every active credential of the agent; answers their ids, in no order.
    fn credential_revoke_all(
        &mut self,
        agent_id: AgentId,
    ) -> impl Future<Output = Result<Vec<CredentialId>, StoreFault>> + Send;

    /// How many credentials of the agent are active and have not expired at `now`.
    fn credential_count_live(
        &mut self,
        agent_id: AgentId,
        now: DateTime<Utc>,
    ) -> impl Future<Output = Result<u32, StoreFault>> + Send;

    /// Whether some credential was issued in this one's place.
    fn credential_is_replaced(
        &mut self,
        id: CredentialId,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Claims credentials whose time was over at `now` while they were active and whose end nobody has recorded yet, at
    /// most `limit`, those over longest first; answers each to one caller alone. What another transaction holds is left
    /// for the next time.
    fn credential_expire(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> impl Future<Output = Result<Vec<ExpiredCredential>, StoreFault>> + Send;

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
