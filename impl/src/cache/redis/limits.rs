//! Buckets in Redis, so that limits are of all nodes together. Each node remembers what it saw of them: when Redis is
//! away it goes on from there by itself, and when Redis comes back with nothing, it is told.

use redis::Script;

use super::Redis;
use crate::cache::memory::MemoryBuckets;
use crate::domain::clients::Away;
use crate::domain::limits::{BucketKey, Buckets, Policy, Taken, Taking};

/// The law of `Policy::take` where nodes meet: by Redis's own clock, one taking after the other. It keeps the moment at
/// which the bucket is full until that moment, and tells what the taking was decided by. The third argument is in how
/// many microseconds the bucket is full by what the node saw. What is not a number counts as a full bucket.
const TAKE: &str = r"
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local interval, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local from = tonumber(redis.call('GET', KEYS[1]) or '') or 0
if not (from > now + ARGV[3]) then from = now + ARGV[3] end
if not (from > now) then from = now elseif from > now + window then from = now + window end
local full_at = from + interval
if full_at - now <= window then
  redis.call('SET', KEYS[1], string.format('%.0f', full_at), 'PX', math.ceil((full_at - now) / 1000))
end
return {string.format('%.0f', from), string.format('%.0f', now)}
";

const KIND: &str = "bucket";

/// Buckets that nodes share, and what this node knows of them, for when there are none to share.
pub struct RedisBuckets {
    redis: Redis,
    here: MemoryBuckets,
    take: Script,
}

impl RedisBuckets {
    /// Buckets in this Redis, or else here.
    pub fn new(redis: Redis, here: MemoryBuckets) -> Self {
        Self { redis, here, take: Script::new(TAKE) }
    }

    async fn take_there(&self, key: BucketKey, policy: Policy, now: i64) -> Result<Taken, Away> {
        let mut taking = self.take.key(self.redis.key(KIND, &key.to_string()));
        taking.arg(policy.interval_micros()).arg(policy.window_micros()).arg(self.here.full_in(key, now));
        let (from, now_there): (i64, i64) =
            self.redis.ask(async |mut connection| taking.invoke_async(&mut connection).await).await?;
        let (taken, full_at) = policy.take(from, now_there);
        // The clocks may differ; how long it takes does not.
        self.here.not_full_before(key, now, full_at - now_there);
        Ok(taken)
    }
}

impl Buckets for RedisBuckets {
    fn take(&self, key: BucketKey, policy: Policy, now: i64) -> Taking<'_> {
        Box::pin(async move {
            match self.take_there(key, policy, now).await {
                Ok(taken) => taken,
                Err(Away) => self.here.take_now(key, policy, now),
            }
        })
    }
}
