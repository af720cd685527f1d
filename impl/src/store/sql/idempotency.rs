//! Idempotency keys in SQL.

use chrono::{DateTime, Utc};
use sqlx::Database;

use super::query::Fields;
use super::{SqlStore, SqlUnit};
use crate::domain::agents::AgentId;
use crate::domain::idempotency::KeptAnswer;
use crate::store::StoreFault;
use crate::store::idempotency::{IdempotencyReads, IdempotencyWrites};

queries! {
    /// What was answered, unless it has expired.
    IDEMPOTENCY_GET =
        "SELECT caller, operation, key_hash, request_hash, answer_sealed, created_at, secret_until, expires_at \
         FROM idempotency_keys WHERE caller = $1 AND operation = $2 AND key_hash = $3 AND expires_at > $4";
    /// An answer, in the place of an expired one if there is any; an open answer of somebody else is waited for.
    IDEMPOTENCY_INSERT =
        "INSERT INTO idempotency_keys (caller, operation, key_hash, request_hash, answer_sealed, created_at, secret_until, \
         expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (caller, operation, key_hash) DO UPDATE \
         SET request_hash = excluded.request_hash, answer_sealed = excluded.answer_sealed, \
         created_at = excluded.created_at, secret_until = excluded.secret_until, expires_at = excluded.expires_at \
         WHERE idempotency_keys.expires_at <= excluded.created_at";
    /// What has expired goes. (The condition is said twice because a row that was chosen may have been replaced before it
    /// is reached.)
    IDEMPOTENCY_DELETE =
        "DELETE FROM idempotency_keys WHERE expires_at <= $1 AND (caller, operation, key_hash) IN \
         (SELECT caller, operation, key_hash FROM idempotency_keys WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)";
    /// Answers whose secret is gone go; the rest of the row stays. (Said twice as above.)
    IDEMPOTENCY_STRIP =
        "UPDATE idempotency_keys SET answer_sealed = NULL \
         WHERE secret_until <= $1 AND answer_sealed IS NOT NULL AND (caller, operation, key_hash) IN \
         (SELECT caller, operation, key_hash FROM idempotency_keys \
         WHERE secret_until <= $1 AND answer_sealed IS NOT NULL ORDER BY secret_until LIMIT $2)";
    /// Every answer goes.
    IDEMPOTENCY_FORGET = "UPDATE idempotency_keys SET answer_sealed = NULL WHERE answer_sealed IS NOT NULL";
}

on_both! {
    impl IdempotencyReads for SqlStore<Db> {
        async fn idempotency_get(
            &self,
            caller: AgentId,
            operation: &str,
            key_hash: &[u8; 32],
            now: DateTime<Utc>,
        ) -> Result<Option<KeptAnswer>, StoreFault> {
            let row = sqlx::query(IDEMPOTENCY_GET)
                .bind(caller.0)
                .bind(operation)
                .bind(key_hash.as_slice())
                .bind(now)
                .fetch_optional(&self.readers)
                .await?;
            row.as_ref().map(answer_of).transpose()
        }
    }

    /// The answer of a row of [`IDEMPOTENCY_GET`].
    fn answer_of(row: &<Db as Database>::Row) -> Result<KeptAnswer, StoreFault> {
        let fields = Fields::of_uuid(row, "idempotency_keys", "", "caller");
        let hash = |column| {
            let bytes: &[u8] = fields.get(column)?;
            bytes.try_into().map_err(|_| fields.corrupt(column, format!("it is {} bytes long", bytes.len())))
        };
        Ok(KeptAnswer {
            caller: AgentId(fields.get("caller")?),
            operation: fields.get("operation")?,
            key_hash: hash("key_hash")?,
            request_hash: hash("request_hash")?,
            answer_sealed: fields.get("answer_sealed")?,
            created_at: fields.get("created_at")?,
            secret_until: fields.get("secret_until")?,
            expires_at: fields.get("expires_at")?,
        })
    }

    impl IdempotencyWrites for SqlUnit<Db> {
        async fn idempotency_insert(&mut self, answer: &KeptAnswer) -> Result<bool, StoreFault> {
            let done = sqlx::query(IDEMPOTENCY_INSERT)
                .bind(answer.caller.0)
                .bind(answer.operation.as_str())
                .bind(answer.key_hash.as_slice())
                .bind(answer.request_hash.as_slice())
                .bind(answer.answer_sealed.as_deref())
                .bind(answer.created_at)
                .bind(answer.secret_until)
                .bind(answer.expires_at)
                .execute(&mut *self.tx)
                .await?;
            Ok(done.rows_affected() == 1)
        }

        async fn idempotency_forget(&mut self) -> Result<u64, StoreFault> {
            Ok(sqlx::query(IDEMPOTENCY_FORGET).execute(&mut *self.tx).await?.rows_affected())
        }

        async fn idempotency_expire(&mut self, now: DateTime<Utc>, limit: u32) -> Result<u64, StoreFault> {
            let mut touched = 0;
            // In this order no row is touched twice.
            for sql in [IDEMPOTENCY_DELETE, IDEMPOTENCY_STRIP] {
                let done =
                    sqlx::query(sql).bind(now).bind(i64::from(limit)).execute(&mut *self.tx).await?;
                touched += done.rows_affected();
            }
            Ok(touched)
        }
    }
}
