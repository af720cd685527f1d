//! What the memory promises about signing keys and the canary of the master key.

use std::future::Future;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreFault;
use crate::domain::keys::StoredKey;

/// Reading keys.
pub trait KeyReads {
    /// Every signing key; those of an algorithm in the order in which they followed one another.
    fn key_list(&self) -> impl Future<Output = Result<Vec<StoredKey>, StoreFault>> + Send;

    /// The sealed canary, if the database has been opened with a master key before.
    fn key_canary_get(&self) -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + Send;
}

/// Writing keys.
pub trait KeyWrites {
    /// Adds the first signing key of its algorithm. `false`, and nothing written, if there is one already; of
    /// concurrent twins exactly one gets `true`.
    fn key_insert_first(&mut self, key: &StoredKey) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Adds the key that follows `predecessor`, which is of the same algorithm. `false`, and nothing written, if another
    /// does already; of concurrent twins exactly one gets `true`.
    fn key_insert_next(
        &mut self,
        key: &StoredKey,
        predecessor: Uuid,
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Lets a key stop signing at `signs_until`, or when it would have begun if that is later, and be published until
    /// `published_until`.
    fn key_end(
        &mut self,
        id: Uuid,
        signs_until: DateTime<Utc>,
        published_until: DateTime<Utc>,
    ) -> impl Future<Output = Result<(), StoreFault>> + Send;

    /// Removes the keys that have not been published any more since `before` or longer, except the last of an algorithm;
    /// answers how many those were.
    fn keys_remove(&mut self, before: DateTime<Utc>) -> impl Future<Output = Result<u64, StoreFault>> + Send;

    /// Puts what was sealed anew in the place of a key's sealed private part. `false`, and nothing written, if another one is
    /// there than was expected.
    fn key_reseal(
        &mut self,
        id: Uuid,
        before: &[u8],
        sealed: &[u8],
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Puts another canary in the place of the one that is expected there. `false`, and nothing written, if there is another
    /// one; of concurrent twins exactly one gets `true`, and the other waits for it.
    fn key_canary_replace(
        &mut self,
        before: &[u8],
        sealed: &[u8],
    ) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Sets the canary. `false`, and nothing written, if there is one; of concurrent twins exactly one gets `true`.
    fn key_canary_insert(&mut self, sealed: &[u8]) -> impl Future<Output = Result<bool, StoreFault>> + Send;
}
