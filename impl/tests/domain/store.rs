//! A real store, watched, and made to fail where a network would: it counts the reading of credentials and the
//! transactions, can keep those from beginning, and can lose the word of a commit that happened or did not.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use agentidp::domain::agents::{Agent, AgentFilter, AgentId, Owner};
use agentidp::domain::audit::log::{Batch, Head, Leaf, StoredLogKey};
use agentidp::domain::audit::verify::{Amiss, Beyond};
use agentidp::domain::audit::{AuditFilter, AuditRow};
use agentidp::domain::changes::{ChangeKind, ChangesPage, Rev};
use agentidp::domain::credentials::{
    ClientProof, ClientRecord, Credential, CredentialId, CredentialStatus, ExpiredCredential, SecretImages,
};
use agentidp::domain::idempotency::KeptAnswer;
use agentidp::domain::keys::StoredKey;
use agentidp::domain::log::{Checkpoint, Hash};
use agentidp::domain::policy::Capability;
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::bootstrap::{BootstrapReads, BootstrapWrites};
use agentidp::store::changes::{ChangeReads, ChangeWrites};
use agentidp::store::credentials::{CredentialReads, CredentialWrites};
use agentidp::store::idempotency::{IdempotencyReads, IdempotencyWrites};
use agentidp::store::keys::{KeyReads, KeyWrites};
use agentidp::store::sql::SqlStore;
use agentidp::store::{Store, StoreFault, Unit};
use chrono::{DateTime, Utc};
use sqlx::Sqlite;
use tokio::sync::RwLock;
use uuid::Uuid;

/// The store.
#[derive(Clone)]
pub struct Watched<S = SqlStore<Sqlite>> {
    pub inner: S,
    /// How often the proof of a credential was read.
    pub proof_reads: Arc<AtomicU64>,
    /// How often a whole client was read.
    pub client_reads: Arc<AtomicU64>,
    /// How many transactions were asked for.
    pub begins: Arc<AtomicU64>,
    /// How many transactions were to be committed.
    pub commits: Arc<AtomicU64>,
    /// How many of the next commits happen without word of it.
    pub commits_to_lose: Arc<AtomicU64>,
    /// How many of the next commits do not happen, with the same word.
    pub commits_to_break: Arc<AtomicU64>,
    /// Whoever holds it for writing keeps transactions from beginning.
    pub door: Arc<RwLock<()>>,
}

impl<S> Watched<S> {
    pub fn new(inner: S) -> Self {
        Self {
            inner,
            proof_reads: Arc::default(),
            client_reads: Arc::default(),
            begins: Arc::default(),
            commits: Arc::default(),
            commits_to_lose: Arc::default(),
            commits_to_break: Arc::default(),
            door: Arc::default(),
        }
    }
}

/// A transaction on it.
pub struct WatchedUnit<U> {
    inner: U,
    commits: Arc<AtomicU64>,
    commits_to_lose: Arc<AtomicU64>,
    commits_to_break: Arc<AtomicU64>,
}

impl<S: Store> AgentReads for Watched<S> {
    async fn agent_get(&self, id: AgentId, within: Option<&Owner>) -> Result<Option<Agent>, StoreFault> {
        self.inner.agent_get(id, within).await
    }

    async fn agent_owner_get(&self, id: AgentId) -> Result<Option<Owner>, StoreFault> {
        self.inner.agent_owner_get(id).await
    }

    async fn agent_list(
        &self,
        filter: &AgentFilter,
        after: Option<AgentId>,
        limit: u32,
    ) -> Result<Vec<Agent>, StoreFault> {
        self.inner.agent_list(filter, after, limit).await
    }
}

impl<S: Store> AuditReads for Watched<S> {
    async fn audit_get(&self, id: Uuid, within: Option<&Owner>) -> Result<Option<AuditRow>, StoreFault> {
        self.inner.audit_get(id, within).await
    }

    async fn audit_list(
        &self,
        filter: &AuditFilter,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<AuditRow>, StoreFault> {
        self.inner.audit_list(filter, after, limit).await
    }

    async fn audit_head(&self) -> Result<Head, StoreFault> {
        self.inner.audit_head().await
    }

    async fn audit_pending(&self, limit: u32) -> Result<Vec<Uuid>, StoreFault> {
        self.inner.audit_pending(limit).await
    }

    async fn audit_rows(&self, ids: &[Uuid]) -> Result<Vec<AuditRow>, StoreFault> {
        self.inner.audit_rows(ids).await
    }

    async fn audit_rows_of_any_time(&self, ids: &[Uuid]) -> Result<Vec<AuditRow>, StoreFault> {
        self.inner.audit_rows_of_any_time(ids).await
    }

    async fn audit_amiss(&self, from: Uuid, events: u32) -> Result<Amiss, StoreFault> {
        self.inner.audit_amiss(from, events).await
    }

    async fn audit_beyond(&self, limit: u32) -> Result<Vec<Beyond>, StoreFault> {
        self.inner.audit_beyond(limit).await
    }

    async fn audit_lost(&self, limit: u32) -> Result<Vec<Uuid>, StoreFault> {
        self.inner.audit_lost(limit).await
    }

    async fn audit_leaves(&self, range: Range<u64>) -> Result<Vec<Leaf>, StoreFault> {
        self.inner.audit_leaves(range).await
    }

    async fn audit_hashes(&self, level: u8, range: Range<u64>) -> Result<Vec<Hash>, StoreFault> {
        self.inner.audit_hashes(level, range).await
    }

    async fn audit_leaf_indexes(&self, ids: &[Uuid]) -> Result<HashMap<Uuid, u64>, StoreFault> {
        self.inner.audit_leaf_indexes(ids).await
    }

    async fn audit_leaf_index(&self, id: Uuid) -> Result<Option<u64>, StoreFault> {
        self.inner.audit_leaf_index(id).await
    }

    async fn audit_minimum_index(&self) -> Result<u64, StoreFault> {
        self.inner.audit_minimum_index().await
    }

    async fn audit_key_get(&self, origin: &str) -> Result<Option<StoredLogKey>, StoreFault> {
        self.inner.audit_key_get(origin).await
    }

    async fn audit_key_list(&self) -> Result<Vec<StoredLogKey>, StoreFault> {
        self.inner.audit_key_list().await
    }

    async fn audit_checkpoint_get(&self, origin: &str) -> Result<Option<String>, StoreFault> {
        self.inner.audit_checkpoint_get(origin).await
    }
}

impl<S: Store> BootstrapReads for Watched<S> {
    async fn bootstrap_get(&self) -> Result<Option<AgentId>, StoreFault> {
        self.inner.bootstrap_get().await
    }
}

impl<S: Store> ChangeReads for Watched<S> {
    async fn changes_after(
        &self,
        after: Rev,
        since: DateTime<Utc>,
        limit: u32,
    ) -> Result<ChangesPage, StoreFault> {
        self.inner.changes_after(after, since, limit).await
    }

    async fn token_ended(&self, agent_id: AgentId, token_id: Uuid, rev: Rev) -> Result<bool, StoreFault> {
        self.inner.token_ended(agent_id, token_id, rev).await
    }
}

impl<U: Unit> ChangeWrites for WatchedUnit<U> {
    async fn token_revocations_count(
        &mut self,
        agent_id: AgentId,
        now: DateTime<Utc>,
        most: u32,
    ) -> Result<u32, StoreFault> {
        self.inner.token_revocations_count(agent_id, now, most).await
    }

    async fn changes_forget(&mut self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.inner.changes_forget(before, limit).await
    }
}

impl<S: Store> CredentialReads for Watched<S> {
    async fn credential_get(
        &self,
        agent_id: AgentId,
        id: CredentialId,
    ) -> Result<Option<Credential>, StoreFault> {
        self.inner.credential_get(agent_id, id).await
    }

    async fn credential_count_outdated(
        &self,
        verifier_key_version: &str,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreFault> {
        self.inner.credential_count_outdated(verifier_key_version, now).await
    }

    async fn credential_list(
        &self,
        agent_id: AgentId,
        after: Option<CredentialId>,
        limit: u32,
    ) -> Result<Vec<Credential>, StoreFault> {
        self.inner.credential_list(agent_id, after, limit).await
    }

    async fn client_proof_get(&self, id: CredentialId) -> Result<Option<ClientProof>, StoreFault> {
        self.proof_reads.fetch_add(1, Ordering::SeqCst);
        self.inner.client_proof_get(id).await
    }

    async fn client_get(&self, id: CredentialId) -> Result<Option<ClientRecord>, StoreFault> {
        self.client_reads.fetch_add(1, Ordering::SeqCst);
        self.inner.client_get(id).await
    }
}

impl<S: Store> IdempotencyReads for Watched<S> {
    async fn idempotency_get(
        &self,
        caller: AgentId,
        operation: &str,
        key_hash: &[u8; 32],
        now: DateTime<Utc>,
    ) -> Result<Option<KeptAnswer>, StoreFault> {
        self.inner.idempotency_get(caller, operation, key_hash, now).await
    }
}

impl<S: Store> KeyReads for Watched<S> {
    async fn key_list(&self) -> Result<Vec<StoredKey>, StoreFault> {
        self.inner.key_list().await
    }

    async fn key_canary_get(&self) -> Result<Option<Vec<u8>>, StoreFault> {
        self.inner.key_canary_get().await
    }
}

impl<S: Store> Store for Watched<S> {
    type Unit = WatchedUnit<S::Unit>;

    async fn begin(&self) -> Result<Self::Unit, StoreFault> {
        self.begins.fetch_add(1, Ordering::SeqCst);
        let _open = self.door.read().await;
        Ok(WatchedUnit {
            inner: self.inner.begin().await?,
            commits: Arc::clone(&self.commits),
            commits_to_lose: Arc::clone(&self.commits_to_lose),
            commits_to_break: Arc::clone(&self.commits_to_break),
        })
    }

    async fn ping(&self) -> Result<(), StoreFault> {
        self.inner.ping().await
    }

    async fn now(&self) -> Result<Option<DateTime<Utc>>, StoreFault> {
        self.inner.now().await
    }
}

impl<U: Unit> AgentWrites for WatchedUnit<U> {
    async fn agent_lock(&mut self, id: AgentId, within: Option<&Owner>) -> Result<Option<Agent>, StoreFault> {
        self.inner.agent_lock(id, within).await
    }

    async fn agent_update(&mut self, agent: &Agent) -> Result<(), StoreFault> {
        self.inner.agent_update(agent).await
    }

    async fn agent_another_has(
        &mut self,
        than: AgentId,
        capability: &Capability,
    ) -> Result<bool, StoreFault> {
        self.inner.agent_another_has(than, capability).await
    }

    async fn agent_insert(&mut self, agent: &Agent) -> Result<bool, StoreFault> {
        self.inner.agent_insert(agent).await
    }

    async fn agent_touch(&mut self, id: AgentId, at: DateTime<Utc>) -> Result<(), StoreFault> {
        self.inner.agent_touch(id, at).await
    }
}

impl<U: Unit> AuditWrites for WatchedUnit<U> {
    async fn audit_append(&mut self, rows: &[AuditRow]) -> Result<(), StoreFault> {
        self.inner.audit_append(rows).await
    }

    async fn audit_claim(&mut self) -> Result<bool, StoreFault> {
        self.inner.audit_claim().await
    }

    async fn audit_integrate(&mut self, batch: &Batch) -> Result<bool, StoreFault> {
        self.inner.audit_integrate(batch).await
    }

    async fn audit_key_insert_first(&mut self, key: &StoredLogKey) -> Result<bool, StoreFault> {
        self.inner.audit_key_insert_first(key).await
    }

    async fn audit_checkpoint_put(
        &mut self,
        checkpoint: &Checkpoint,
        note: &str,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreFault> {
        self.inner.audit_checkpoint_put(checkpoint, note, at).await
    }

    async fn audit_rename(&mut self, from: &Head, key: &StoredLogKey) -> Result<bool, StoreFault> {
        self.inner.audit_rename(from, key).await
    }

    async fn audit_key_reseal(
        &mut self,
        origin: &str,
        before: &[u8],
        sealed: &[u8],
    ) -> Result<bool, StoreFault> {
        self.inner.audit_key_reseal(origin, before, sealed).await
    }

    async fn audit_minimum_raise(&mut self, minimum_index: u64, event_id: Uuid) -> Result<bool, StoreFault> {
        self.inner.audit_minimum_raise(minimum_index, event_id).await
    }

    async fn audit_erase(&mut self, leaves: u32) -> Result<u64, StoreFault> {
        self.inner.audit_erase(leaves).await
    }

    async fn audit_partitions_drop(&mut self) -> Result<u32, StoreFault> {
        self.inner.audit_partitions_drop().await
    }

    async fn audit_partitions_ensure(&mut self, months_ahead: u32) -> Result<u32, StoreFault> {
        self.inner.audit_partitions_ensure(months_ahead).await
    }
}

impl<U: Unit> BootstrapWrites for WatchedUnit<U> {
    async fn bootstrap_claim(&mut self, operator: AgentId, at: DateTime<Utc>) -> Result<bool, StoreFault> {
        self.inner.bootstrap_claim(operator, at).await
    }

    async fn bootstrap_replace(
        &mut self,
        before: AgentId,
        operator: AgentId,
        at: DateTime<Utc>,
    ) -> Result<bool, StoreFault> {
        self.inner.bootstrap_replace(before, operator, at).await
    }
}

impl<U: Unit> CredentialWrites for WatchedUnit<U> {
    async fn credential_lock(
        &mut self,
        agent_id: AgentId,
        id: CredentialId,
    ) -> Result<Option<Credential>, StoreFault> {
        self.inner.credential_lock(agent_id, id).await
    }

    async fn credential_end(
        &mut self,
        id: CredentialId,
        status: CredentialStatus,
        expires_at: Option<DateTime<Utc>>,
    ) -> Result<(), StoreFault> {
        self.inner.credential_end(id, status, expires_at).await
    }

    async fn credential_revoke_all(&mut self, agent_id: AgentId) -> Result<Vec<CredentialId>, StoreFault> {
        self.inner.credential_revoke_all(agent_id).await
    }

    async fn credential_count_live(
        &mut self,
        agent_id: AgentId,
        now: DateTime<Utc>,
    ) -> Result<u32, StoreFault> {
        self.inner.credential_count_live(agent_id, now).await
    }

    async fn credential_is_replaced(&mut self, id: CredentialId) -> Result<bool, StoreFault> {
        self.inner.credential_is_replaced(id).await
    }

    async fn credential_insert(
        &mut self,
        credential: &Credential,
        images: &SecretImages,
    ) -> Result<(), StoreFault> {
        self.inner.credential_insert(credential, images).await
    }

    async fn credential_expire(
        &mut self,
        now: DateTime<Utc>,
        limit: u32,
    ) -> Result<Vec<ExpiredCredential>, StoreFault> {
        self.inner.credential_expire(now, limit).await
    }

    async fn credential_verifier_set(
        &mut self,
        id: CredentialId,
        verifier: &[u8; 32],
        verifier_key_version: &str,
    ) -> Result<(), StoreFault> {
        self.inner.credential_verifier_set(id, verifier, verifier_key_version).await
    }

    async fn credential_touch(&mut self, id: CredentialId, at: DateTime<Utc>) -> Result<(), StoreFault> {
        self.inner.credential_touch(id, at).await
    }
}

impl<U: Unit> IdempotencyWrites for WatchedUnit<U> {
    async fn idempotency_insert(&mut self, answer: &KeptAnswer) -> Result<bool, StoreFault> {
        self.inner.idempotency_insert(answer).await
    }

    async fn idempotency_forget(&mut self) -> Result<u64, StoreFault> {
        self.inner.idempotency_forget().await
    }

    async fn idempotency_expire(&mut self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
        self.inner.idempotency_expire(now, limit).await
    }
}

impl<U: Unit> KeyWrites for WatchedUnit<U> {
    async fn key_insert_first(&mut self, key: &StoredKey) -> Result<bool, StoreFault> {
        self.inner.key_insert_first(key).await
    }

    async fn key_reseal(&mut self, id: Uuid, before: &[u8], sealed: &[u8]) -> Result<bool, StoreFault> {
        self.inner.key_reseal(id, before, sealed).await
    }

    async fn key_canary_replace(&mut self, before: &[u8], sealed: &[u8]) -> Result<bool, StoreFault> {
        self.inner.key_canary_replace(before, sealed).await
    }

    async fn key_insert_next(&mut self, key: &StoredKey, predecessor: Uuid) -> Result<bool, StoreFault> {
        self.inner.key_insert_next(key, predecessor).await
    }

    async fn key_end(
        &mut self,
        id: Uuid,
        signs_until: DateTime<Utc>,
        published_until: DateTime<Utc>,
    ) -> Result<(), StoreFault> {
        self.inner.key_end(id, signs_until, published_until).await
    }

    async fn keys_remove(&mut self, before: DateTime<Utc>) -> Result<u64, StoreFault> {
        self.inner.keys_remove(before).await
    }

    async fn key_canary_insert(&mut self, sealed: &[u8]) -> Result<bool, StoreFault> {
        self.inner.key_canary_insert(sealed).await
    }
}

impl<U: Unit> Unit for WatchedUnit<U> {
    async fn commit(self) -> Result<(), StoreFault> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        let no_word = || Err(StoreFault::Unavailable("the word of the commit was lost".into()));
        if one_of(&self.commits_to_break) {
            return no_word();
        }
        self.inner.commit().await?;
        if one_of(&self.commits_to_lose) { no_word() } else { Ok(()) }
    }

    async fn commit_with_changes(self, changes: &[ChangeKind], at: DateTime<Utc>) -> Result<Rev, StoreFault> {
        self.inner.commit_with_changes(changes, at).await
    }
}

/// Takes one of so many, if there is one left.
fn one_of(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}
