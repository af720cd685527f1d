//! The first level: in this process, bounded.

use std::future::ready;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use moka::policy::EvictionPolicy;
use moka::sync::Cache;

use crate::domain::clients::ClientCache;
use crate::domain::credentials::{ClientRecord, CredentialId};
use crate::domain::limits::{BucketKey, Buckets, Policy, Taken, Taking};
use crate::domain::tokens::{VerifiedToken, VerifiedTokens};

/// Client records by credential. Whether one may be used is the change feed's to say, not its age's.
#[derive(Clone)]
pub struct MemoryClientCache {
    records: Cache<CredentialId, Arc<ClientRecord>>,
}

impl MemoryClientCache {
    /// A cache of at most about so many bytes, the least used of which make room.
    pub fn new(bytes: u64) -> Self {
        let size = |_: &_, record: &Arc<ClientRecord>| record.size().try_into().unwrap_or(u32::MAX);
        Self { records: Cache::builder().max_capacity(bytes).weigher(size).build() }
    }
}

impl ClientCache for MemoryClientCache {
    fn client_get(&self, id: CredentialId) -> Option<Arc<ClientRecord>> {
        self.records.get(&id)
    }

    fn client_put(&self, record: Arc<ClientRecord>) {
        self.records.insert(record.credential.id, record);
    }
}

/// Verified tokens by their digests, at most so many bytes of them.
#[derive(Clone)]
pub struct MemoryVerifiedTokens(Cache<[u8; 32], Arc<VerifiedToken>>);

impl MemoryVerifiedTokens {
    /// A cache of at most about so many bytes.
    pub fn new(bytes: u64) -> Self {
        Self(
            Cache::builder()
                .max_capacity(bytes)
                .weigher(|_, token: &Arc<VerifiedToken>| token.size())
                .build(),
        )
    }
}

impl VerifiedTokens for MemoryVerifiedTokens {
    fn verified_get(&self, digest: &[u8; 32]) -> Option<Arc<VerifiedToken>> {
        self.0.get(digest)
    }

    fn verified_put(&self, digest: [u8; 32], token: Arc<VerifiedToken>) {
        self.0.insert(digest, token);
    }
}

/// Buckets of this process alone, at most so many; those that were least lately taken from make room, and so are full
/// again.
#[derive(Clone)]
pub struct MemoryBuckets {
    full_at: Cache<BucketKey, Arc<AtomicI64>>,
}

impl MemoryBuckets {
    /// Room for so many buckets, of about 200 bytes each.
    pub fn new(capacity: u64) -> Self {
        let policy = EvictionPolicy::lru();
        Self { full_at: Cache::builder().max_capacity(capacity).eviction_policy(policy).build() }
    }

    /// How long it takes from `now` until the bucket is full, in microseconds, as far as is known here.
    pub fn full_in(&self, key: BucketKey, now: i64) -> i64 {
        self.full_at.get(&key).map_or(0, |bucket| bucket.load(Ordering::Relaxed).saturating_sub(now).max(0))
    }

    /// Takes in what is known elsewhere: that the bucket is not full before `micros` from `now`.
    pub fn not_full_before(&self, key: BucketKey, now: i64, micros: i64) {
        self.full_at.get_with(key, Arc::default).fetch_max(now.saturating_add(micros), Ordering::Relaxed);
    }

    /// Takes one, as [`Buckets::take`].
    pub fn take_now(&self, key: BucketKey, policy: Policy, now: i64) -> Taken {
        let bucket = self.full_at.get_with(key, Arc::default);
        let mut kept = bucket.load(Ordering::Relaxed);
        loop {
            let (taken, next) = policy.take(kept, now);
            match bucket.compare_exchange_weak(kept, next, Ordering::Relaxed, Ordering::Relaxed) {
                Ok(_) => return taken,
                Err(meanwhile) => kept = meanwhile,
            }
        }
    }
}

impl Buckets for MemoryBuckets {
    fn take(&self, key: BucketKey, policy: Policy, now: i64) -> Taking<'_> {
        Box::pin(ready(self.take_now(key, policy, now)))
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv4Addr};

    use super::*;
    use crate::domain::agents::AgentId;
    use crate::domain::limits::Network;

    const NOW: i64 = 1_794_000_000_000_000;

    fn policy(per_minute: u32, burst: u32) -> Policy {
        Policy::new("test", per_minute, burst).unwrap()
    }

    #[test]
    fn each_has_a_bucket_of_its_own() {
        let buckets = MemoryBuckets::new(10);
        let [one, other] = [1, 2].map(|id| BucketKey::Client(AgentId(uuid::Uuid::from_u128(id))));
        let take = |key| buckets.take_now(key, policy(60, 1), NOW).allowed;
        assert_eq!([take(one), take(one), take(other), take(other)], [true, false, true, false]);
        assert!(buckets.take_now(one, policy(60, 1), NOW + 1_000_000).allowed);
    }

    #[test]
    fn several_at_once_take_no_more_than_there_is() {
        let buckets = MemoryBuckets::new(10);
        let key = BucketKey::Client(AgentId(uuid::Uuid::from_u128(1)));
        let served: usize = std::thread::scope(|scope| {
            let takers: Vec<_> = (0..4)
                .map(|_| {
                    let buckets = buckets.clone();
                    scope.spawn(move || {
                        (0..500).filter(|_| buckets.take_now(key, policy(60, 700), NOW).allowed).count()
                    })
                })
                .collect();
            takers.into_iter().map(|taker| taker.join().unwrap()).sum()
        });
        assert_eq!(served, 700);
    }

    #[test]
    fn however_many_there_are_room_is_bounded_and_the_last_ones_are_kept() {
        let buckets = MemoryBuckets::new(100);
        let key = |number: u32| BucketKey::Unproved(Network::of(IpAddr::V4(Ipv4Addr::from_bits(number))));
        for number in 0..10_000 {
            buckets.take_now(key(number), policy(1, 1), NOW);
        }
        buckets.full_at.run_pending_tasks();
        assert!(buckets.full_at.entry_count() <= 100);
        assert!(!buckets.take_now(key(9_999), policy(1, 1), NOW).allowed);
        assert!(buckets.take_now(key(0), policy(1, 1), NOW).allowed, "a bucket that is lost is full again");
    }
}
