//! Signing keys and the canary in SQL.

use chrono::{DateTime, Utc};
use sqlx::Database;
use sqlx::types::Json;
use uuid::Uuid;

use super::query::Fields;
use super::{SqlStore, SqlUnit};
use crate::domain::keys::{SigningAlgorithm, StoredKey};
use crate::store::StoreFault;
use crate::store::keys::{KeyReads, KeyWrites};

queries! {
    /// Every signing key; those of an algorithm in their order.
    KEY_LIST =
        "SELECT id, algorithm, public_jwk, private_key_sealed, created_at, signs_from, signs_until, published_until \
         FROM signing_keys ORDER BY generation, created_at, id";
    /// The first key of its algorithm. Its generation is 1, which of concurrent twins one alone can claim; if there is a
    /// key already, the generation is a claimed one.
    KEY_INSERT_FIRST =
        "INSERT INTO signing_keys (id, algorithm, generation, public_jwk, private_key_sealed, created_at, signs_from, \
         signs_until, published_until) \
         VALUES ($1, $2, (SELECT COALESCE(MIN(generation), 1) FROM signing_keys WHERE algorithm = $2), $3, $4, $5, $6, \
         $7, $8) ON CONFLICT (algorithm, generation) DO NOTHING";
    /// The key after another one, whose number it claims the next of, if that is the last.
    KEY_INSERT_NEXT =
        "INSERT INTO signing_keys (id, algorithm, generation, public_jwk, private_key_sealed, created_at, signs_from, \
         signs_until, published_until) \
         VALUES ($1, $2, (SELECT generation + 1 FROM signing_keys WHERE id = $9 AND algorithm = $2), $3, $4, $5, $6, \
         $7, $8) ON CONFLICT (algorithm, generation) DO NOTHING";
    /// The end of a key, which does not come before its beginning.
    KEY_END =
        "UPDATE signing_keys SET signs_until = CASE WHEN signs_from > $2 THEN signs_from ELSE $2 END, \
         published_until = $3 WHERE id = $1";
    /// Away with the keys that verify nothing any more. The last of an algorithm keeps its number taken.
    KEYS_REMOVE =
        "DELETE FROM signing_keys WHERE published_until < $1 AND generation < \
         (SELECT MAX(last.generation) FROM signing_keys last WHERE last.algorithm = signing_keys.algorithm)";
    /// The canary.
    KEY_CANARY_GET = "SELECT sealed FROM key_canary";
    /// A private part that was sealed anew.
    KEY_RESEAL = "UPDATE signing_keys SET private_key_sealed = $3 WHERE id = $1 AND private_key_sealed = $2";
    /// Another canary.
    KEY_CANARY_REPLACE = "UPDATE key_canary SET sealed = $2 WHERE singleton = 1 AND sealed = $1";
    /// The first canary.
    KEY_CANARY_INSERT = "INSERT INTO key_canary (singleton, sealed) VALUES (1, $1) ON CONFLICT (singleton) DO NOTHING";
}

on_both! {
    impl KeyReads for SqlStore<Db> {
        async fn key_list(&self) -> Result<Vec<StoredKey>, StoreFault> {
            sqlx::query(KEY_LIST).fetch_all(&self.readers).await?.iter().map(key_of).collect()
        }

        async fn key_canary_get(&self) -> Result<Option<Vec<u8>>, StoreFault> {
            Ok(sqlx::query_scalar(KEY_CANARY_GET).fetch_optional(&self.readers).await?)
        }
    }

    /// The key of a row of [`KEY_LIST`].
    fn key_of(row: &<Db as Database>::Row) -> Result<StoredKey, StoreFault> {
        let fields = Fields::of_uuid(row, "signing_keys", "", "id");
        let Json(public_jwk) = fields.get("public_jwk")?;
        Ok(StoredKey {
            id: fields.get("id")?,
            algorithm: fields.named("algorithm", SigningAlgorithm::from_name)?,
            public_jwk,
            private_key_sealed: fields.get("private_key_sealed")?,
            created_at: fields.get("created_at")?,
            signs_from: fields.get("signs_from")?,
            signs_until: fields.get("signs_until")?,
            published_until: fields.get("published_until")?,
        })
    }

    /// A statement that adds a key, with the key's values.
    fn values_of<'q>(
        key: &'q StoredKey,
        statement: &'static str,
    ) -> sqlx::query::Query<'q, Db, <Db as Database>::Arguments> {
        sqlx::query(statement)
            .bind(key.id)
            .bind(key.algorithm.as_str())
            .bind(Json(&key.public_jwk))
            .bind(key.private_key_sealed.as_slice())
            .bind(key.created_at)
            .bind(key.signs_from)
            .bind(key.signs_until)
            .bind(key.published_until)
    }

    impl KeyWrites for SqlUnit<Db> {
        async fn key_insert_first(&mut self, key: &StoredKey) -> Result<bool, StoreFault> {
            let done = values_of(key, KEY_INSERT_FIRST).execute(&mut *self.tx).await?;
            Ok(done.rows_affected() == 1)
        }

        async fn key_insert_next(&mut self, key: &StoredKey, predecessor: Uuid) -> Result<bool, StoreFault> {
            let done = values_of(key, KEY_INSERT_NEXT).bind(predecessor).execute(&mut *self.tx).await?;
            Ok(done.rows_affected() == 1)
        }

        async fn key_end(
            &mut self,
            id: Uuid,
            signs_until: DateTime<Utc>,
            published_until: DateTime<Utc>,
        ) -> Result<(), StoreFault> {
            let end = sqlx::query(KEY_END).bind(id).bind(signs_until).bind(published_until);
            end.execute(&mut *self.tx).await?;
            Ok(())
        }

        async fn keys_remove(&mut self, before: DateTime<Utc>) -> Result<u64, StoreFault> {
            let gone = sqlx::query(KEYS_REMOVE).bind(before).execute(&mut *self.tx).await?;
            Ok(gone.rows_affected())
        }

        async fn key_reseal(&mut self, id: Uuid, before: &[u8], sealed: &[u8]) -> Result<bool, StoreFault> {
            let reseal = sqlx::query(KEY_RESEAL).bind(id).bind(before).bind(sealed);
            Ok(reseal.execute(&mut *self.tx).await?.rows_affected() == 1)
        }

        async fn key_canary_replace(&mut self, before: &[u8], sealed: &[u8]) -> Result<bool, StoreFault> {
            let replace = sqlx::query(KEY_CANARY_REPLACE).bind(before).bind(sealed);
            Ok(replace.execute(&mut *self.tx).await?.rows_affected() == 1)
        }

        async fn key_canary_insert(&mut self, sealed: &[u8]) -> Result<bool, StoreFault> {
            let done = sqlx::query(KEY_CANARY_INSERT).bind(sealed).execute(&mut *self.tx).await?;
            Ok(done.rows_affected() == 1)
        }
    }
}
