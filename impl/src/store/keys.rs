//! What the memory promises about signing keys and the canary of the master key.

use std::future::Future;

use super::StoreFault;
use crate::domain::keys::StoredKey;

/// Reading keys.
pub trait KeyReads {
    /// Every signing key, oldest first.
    fn key_list(&self) -> impl Future<Output = Result<Vec<StoredKey>, StoreFault>> + Send;

    /// The sealed canary, if the database has been opened with a master key before.
    fn key_canary_get(&self) -> impl Future<Output = Result<Option<Vec<u8>>, StoreFault>> + Send;
}

/// Writing keys.
pub trait KeyWrites {
    /// Adds the first signing key of its algorithm. `false`, and nothing written, if there is one already; of
    /// concurrent twins exactly one gets `true`.
    fn key_insert_first(&mut self, key: &StoredKey) -> impl Future<Output = Result<bool, StoreFault>> + Send;

    /// Sets the canary. `false`, and nothing written, if there is one; of concurrent twins exactly one gets `true`.
    fn key_canary_insert(&mut self, sealed: &[u8]) -> impl Future<Output = Result<bool, StoreFault>> + Send;
}
