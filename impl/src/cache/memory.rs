//! The first level: in this process, bounded.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use moka::sync::Cache;

use crate::domain::clients::ClientCache;
use crate::domain::credentials::{ClientRecord, CredentialId};

/// Client records by credential. Whether one may be used is the change feed's to say, not its age's.
#[derive(Clone)]
pub struct MemoryClientCache {
    records: Cache<CredentialId, Arc<ClientRecord>>,
    hits: Arc<AtomicU64>,
    misses: Arc<AtomicU64>,
}

/// How often a record was there, and how often not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HitRate {
    /// It was there.
    pub hits: u64,
    /// It was not.
    pub misses: u64,
}

impl MemoryClientCache {
    /// A cache of at most so many records, the least used of which make room.
    pub fn new(capacity: u64) -> Self {
        Self {
            records: Cache::new(capacity),
            hits: Arc::new(AtomicU64::new(0)),
            misses: Arc::new(AtomicU64::new(0)),
        }
    }

    /// The counts since the start.
    pub fn hit_rate(&self) -> HitRate {
        HitRate { hits: self.hits.load(Ordering::Relaxed), misses: self.misses.load(Ordering::Relaxed) }
    }
}

impl ClientCache for MemoryClientCache {
    fn client_get(&self, id: CredentialId) -> Option<Arc<ClientRecord>> {
        let record = self.records.get(&id);
        let count = if record.is_some() { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
        record
    }

    fn client_put(&self, record: Arc<ClientRecord>) {
        self.records.insert(record.credential.id, record);
    }
}
