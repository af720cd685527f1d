//! Credentials in SQL.

use chrono::{DateTime, Utc};
use sqlx::{Database, Row};

use super::agents::{TOUCH_INTERVAL, agent_columns, capabilities_of};
use super::query::{Fields, Listing};
use super::{SqlStore, SqlUnit};
use crate::domain::agents::{AgentId, AgentStatus, Owner};
use crate::domain::changes::Rev;
use crate::domain::credentials::{
    ClientProof, ClientRecord, Credential, CredentialId, CredentialStatus, ExpiredCredential, SecretImages,
};
use crate::store::StoreFault;
use crate::store::credentials::{CredentialReads, CredentialWrites};

/// What makes a credential, of the table `credentials k`.
macro_rules! credential_columns {
    () => {
        "k.id AS credential_id, k.agent_id AS credential_agent_id, k.label AS credential_label, \
         k.status AS credential_status, k.created_at AS credential_created_at, k.expires_at AS credential_expires_at, \
         k.last_used_at AS credential_last_used_at, k.rotated_from AS credential_rotated_from, \
         k.agent_revision AS credential_agent_revision"
    };
}

queries! {
    /// What decides about a secret, of the credential with this id or the nearest before it.
    CLIENT_PROOF_GET =
        "SELECT k.id AS credential_id, k.agent_id AS credential_agent_id, k.status AS credential_status, \
         k.expires_at AS credential_expires_at, k.verifier AS credential_verifier, \
         k.verifier_key_version AS credential_verifier_key_version, a.owner, a.status, a.valid_until \
         FROM (SELECT id, agent_id, status, expires_at, verifier, verifier_key_version FROM credentials \
         WHERE id <= $1 ORDER BY id DESC LIMIT 1) k JOIN agents a ON a.id = k.agent_id";
    /// All that a client is known by, in one snapshot.
    CLIENT_GET = concat!(
        "SELECT ", agent_columns!(), ", ", credential_columns!(), ", k.secret_hash AS credential_secret_hash, \
         k.verifier AS credential_verifier, k.verifier_key_version AS credential_verifier_key_version, h.rev, \
         (SELECT string_agg(c.capability, ' ') FROM agent_capabilities c \
         WHERE c.agent_id = a.id AND c.since_revision > k.agent_revision) AS capabilities_beyond \
         FROM credentials k JOIN agents a ON a.id = k.agent_id CROSS JOIN change_head h WHERE k.id = $1"
    );
    /// One credential of an agent.
    CREDENTIAL_GET =
        concat!("SELECT ", credential_columns!(), " FROM credentials k WHERE k.id = $1 AND k.agent_id = $2");
    /// Credentials, to be narrowed.
    CREDENTIAL_LIST = concat!("SELECT ", credential_columns!(), " FROM credentials k");
    /// A new credential.
    CREDENTIAL_INSERT =
        "INSERT INTO credentials (id, agent_id, label, secret_hash, verifier, verifier_key_version, status, created_at, \
         expires_at, last_used_at, rotated_from, agent_revision) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    /// Another status and another end.
    CREDENTIAL_END = "UPDATE credentials SET status = $2, expires_at = $3 WHERE id = $1";
    /// The end of all that an agent proves itself with.
    CREDENTIAL_REVOKE_ALL =
        "UPDATE credentials SET status = 'revoked' WHERE agent_id = $1 AND status = 'active' RETURNING id";
    /// How many credentials an agent can prove itself with.
    CREDENTIAL_COUNT_LIVE =
        "SELECT COUNT(*) FROM credentials \
         WHERE agent_id = $1 AND status = 'active' AND (expires_at IS NULL OR expires_at > $2)";
    /// How many live credentials have a verifier of another key. Reads all of them.
    CREDENTIAL_COUNT_OUTDATED =
        "SELECT COUNT(*) FROM credentials \
         WHERE verifier_key_version <> $1 AND status = 'active' AND (expires_at IS NULL OR expires_at > $2)";
    /// Whether a credential has been replaced.
    CREDENTIAL_IS_REPLACED = "SELECT EXISTS (SELECT 1 FROM credentials WHERE rotated_from = $1)";
    /// Another verifier of the same secret.
    CREDENTIAL_VERIFIER_SET = "UPDATE credentials SET verifier = $2, verifier_key_version = $3 WHERE id = $1";
    /// A note of the last use.
    CREDENTIAL_TOUCH =
        "UPDATE credentials SET last_used_at = $2 WHERE id = $1 AND (last_used_at IS NULL OR last_used_at <= $3)";
}

on_both! {
    impl CredentialReads for SqlStore<Db> {
        async fn client_proof_get(&self, credential_id: CredentialId) -> Result<Option<ClientProof>, StoreFault> {
            let row = sqlx::query(CLIENT_PROOF_GET).bind(credential_id.0).fetch_optional(&self.readers).await?;
            let nearest = row.as_ref().map(proof_of).transpose()?;
            Ok(nearest.filter(|proof| proof.credential_id == credential_id))
        }

        async fn client_get(&self, credential_id: CredentialId) -> Result<Option<ClientRecord>, StoreFault> {
            let row = sqlx::query(CLIENT_GET).bind(credential_id.0).fetch_optional(&self.readers).await?;
            row.as_ref().map(client_of).transpose()
        }

        async fn credential_get(
            &self,
            agent_id: AgentId,
            id: CredentialId,
        ) -> Result<Option<Credential>, StoreFault> {
            let row =
                sqlx::query(CREDENTIAL_GET).bind(id.0).bind(agent_id.0).fetch_optional(&self.readers).await?;
            row.as_ref().map(credential_of).transpose()
        }

        async fn credential_count_outdated(
            &self,
            verifier_key_version: &str,
            now: DateTime<Utc>,
        ) -> Result<u64, StoreFault> {
            let count = sqlx::query_scalar(CREDENTIAL_COUNT_OUTDATED).bind(verifier_key_version).bind(now);
            let count: i64 = count.fetch_one(&self.readers).await?;
            Ok(u64::try_from(count).unwrap_or_default())
        }

        async fn credential_list(
            &self,
            agent_id: AgentId,
            after: Option<CredentialId>,
            limit: u32,
        ) -> Result<Vec<Credential>, StoreFault> {
            let mut list = Listing::<Db>::new(CREDENTIAL_LIST);
            list.narrow();
            list.only("k.agent_id =", Some(agent_id.0));
            list.only("k.id <", after.map(|id| id.0));
            list.page("k.id DESC", limit);
            let rows = list.build().fetch_all(&self.readers).await?;
            rows.iter().map(credential_of).collect()
        }
    }

    /// What there is of a credential in a row with `credential_columns`.
    fn credential_fields(row: &<Db as Database>::Row) -> Fields<'_, <Db as Database>::Row> {
        Fields::of_uuid(row, "credentials", "credential_", "credential_id")
    }

    /// The credential of a row with `credential_columns`.
    fn credential_of(row: &<Db as Database>::Row) -> Result<Credential, StoreFault> {
        let fields = credential_fields(row);
        Ok(Credential {
            id: CredentialId(fields.get("credential_id")?),
            agent_id: AgentId(fields.get("credential_agent_id")?),
            label: fields.get("credential_label")?,
            status: fields.named("credential_status", CredentialStatus::from_name)?,
            created_at: fields.get("credential_created_at")?,
            expires_at: fields.get("credential_expires_at")?,
            last_used_at: fields.get("credential_last_used_at")?,
            rotated_from: fields.get::<Option<_>>("credential_rotated_from")?.map(CredentialId),
            agent_revision: fields.get("credential_agent_revision")?,
        })
    }

    /// The verifier of a row that has it.
    fn verifier_of(fields: &Fields<'_, <Db as Database>::Row>) -> Result<[u8; 32], StoreFault> {
        let verifier: &[u8] = fields.get("credential_verifier")?;
        verifier
            .try_into()
            .map_err(|_| fields.corrupt("credential_verifier", format!("it is {} bytes long", verifier.len())))
    }

    /// The proof of a row of [`CLIENT_PROOF_GET`].
    fn proof_of(row: &<Db as Database>::Row) -> Result<ClientProof, StoreFault> {
        let credential = credential_fields(row);
        let agent = Fields::of_uuid(row, "agents", "", "credential_agent_id");
        Ok(ClientProof {
            credential_id: CredentialId(credential.get("credential_id")?),
            agent_id: AgentId(credential.get("credential_agent_id")?),
            owner: Owner(agent.get("owner")?),
            credential_status: credential.named("credential_status", CredentialStatus::from_name)?,
            expires_at: credential.get("credential_expires_at")?,
            agent_status: agent.named("status", AgentStatus::from_name)?,
            valid_until: agent.get("valid_until")?,
            verifier: verifier_of(&credential)?,
            verifier_key_version: credential.get("credential_verifier_key_version")?,
        })
    }

    /// The record of a row of [`CLIENT_GET`].
    fn client_of(row: &<Db as Database>::Row) -> Result<ClientRecord, StoreFault> {
        let fields = credential_fields(row);
        Ok(ClientRecord {
            agent: SqlStore::<Db>::agent_of(row)?,
            credential: credential_of(row)?,
            images: SecretImages {
                secret_hash: fields.get("credential_secret_hash")?,
                verifier: verifier_of(&fields)?,
                verifier_key_version: fields.get("credential_verifier_key_version")?,
            },
            beyond: capabilities_of(row.try_get("capabilities_beyond")?),
            rev: Rev(row.try_get("rev")?),
        })
    }

    impl CredentialWrites for SqlUnit<Db> {
        async fn credential_insert(
            &mut self,
            credential: &Credential,
            images: &SecretImages,
        ) -> Result<(), StoreFault> {
            sqlx::query(CREDENTIAL_INSERT)
                .bind(credential.id.0)
                .bind(credential.agent_id.0)
                .bind(credential.label.as_deref())
                .bind(images.secret_hash.as_str())
                .bind(images.verifier.as_slice())
                .bind(images.verifier_key_version.as_str())
                .bind(credential.status.as_str())
                .bind(credential.created_at)
                .bind(credential.expires_at)
                .bind(credential.last_used_at)
                .bind(credential.rotated_from.map(|id| id.0))
                .bind(credential.agent_revision)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }

        async fn credential_lock(
            &mut self,
            agent_id: AgentId,
            id: CredentialId,
        ) -> Result<Option<Credential>, StoreFault> {
            if !dialect::credential_hold(&mut self.tx, agent_id.0, id.0).await? {
                return Ok(None);
            }
            let row = sqlx::query(CREDENTIAL_GET).bind(id.0).bind(agent_id.0).fetch_optional(&mut *self.tx).await?;
            row.as_ref().map(credential_of).transpose()
        }

        async fn credential_end(
            &mut self,
            id: CredentialId,
            status: CredentialStatus,
            expires_at: Option<DateTime<Utc>>,
        ) -> Result<(), StoreFault> {
            sqlx::query(CREDENTIAL_END)
                .bind(id.0)
                .bind(status.as_str())
                .bind(expires_at)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }

        async fn credential_revoke_all(&mut self, agent_id: AgentId) -> Result<Vec<CredentialId>, StoreFault> {
            dialect::credentials_hold(&mut self.tx, agent_id.0).await?;
            let ids =
                sqlx::query_scalar(CREDENTIAL_REVOKE_ALL).bind(agent_id.0).fetch_all(&mut *self.tx).await?;
            Ok(ids.into_iter().map(CredentialId).collect())
        }

        async fn credential_count_live(
            &mut self,
            agent_id: AgentId,
            now: DateTime<Utc>,
        ) -> Result<u32, StoreFault> {
            let count: i64 = sqlx::query_scalar(CREDENTIAL_COUNT_LIVE)
                .bind(agent_id.0)
                .bind(now)
                .fetch_one(&mut *self.tx)
                .await?;
            Ok(u32::try_from(count).unwrap_or(u32::MAX))
        }

        async fn credential_is_replaced(&mut self, id: CredentialId) -> Result<bool, StoreFault> {
            Ok(sqlx::query_scalar(CREDENTIAL_IS_REPLACED).bind(id.0).fetch_one(&mut *self.tx).await?)
        }

        async fn credential_expire(
            &mut self,
            now: DateTime<Utc>,
            limit: u32,
        ) -> Result<Vec<ExpiredCredential>, StoreFault> {
            let rows = sqlx::query(dialect::CREDENTIAL_EXPIRE)
                .bind(now)
                .bind(i64::from(limit))
                .fetch_all(&mut *self.tx)
                .await?;
            rows.iter()
                .map(|row| {
                    let fields = credential_fields(row);
                    Ok(ExpiredCredential {
                        id: CredentialId(fields.get("credential_id")?),
                        agent_id: AgentId(fields.get("credential_agent_id")?),
                        owner: Owner(fields.get("owner")?),
                        label: fields.get("credential_label")?,
                        expires_at: fields.get("credential_expires_at")?,
                    })
                })
                .collect()
        }

        async fn credential_verifier_set(
            &mut self,
            id: CredentialId,
            verifier: &[u8; 32],
            verifier_key_version: &str,
        ) -> Result<(), StoreFault> {
            sqlx::query(CREDENTIAL_VERIFIER_SET)
                .bind(id.0)
                .bind(verifier.as_slice())
                .bind(verifier_key_version)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }

        async fn credential_touch(&mut self, id: CredentialId, at: DateTime<Utc>) -> Result<(), StoreFault> {
            sqlx::query(CREDENTIAL_TOUCH)
                .bind(id.0)
                .bind(at)
                .bind(at - TOUCH_INTERVAL)
                .execute(&mut *self.tx)
                .await?;
            Ok(())
        }
    }
}
