//! Rate limits: token buckets, who is charged for what, and what is said of it.
//!
//! A caller that has proved itself is charged to its own bucket and to no other, so nobody uses up what is somebody
//! else's. What proved nothing is charged to the network it came from, after it was judged: a right secret or a live
//! token is never refused because somebody behind the same address guessed wrong ones. Slow hashing, which costs a core
//! for 50 ms, has buckets of its own, charged before the work.

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;

use super::agents::{AgentId, Owner};
use super::audit::Actor;
use super::callers::{AuthMethod, Principal, RequestContext};
use super::refusal::{Answered, Refusal};
use super::tally::Tally;
use crate::clock::Clock;

/// How much of a bucket is shared: who is answerable for slow hashing has half of what the other side has, so that one
/// client does not use up its network's, and one network not a client's.
const SHARERS: u32 = 2;

/// The name of the policies of slow hashing.
const HASHING: &str = "hashing";

/// How many requests may come: `burst` at once, and one more for each `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy {
    /// What it is called in answers.
    pub name: &'static str,
    /// After how many microseconds a bucket has one more, at least 1.
    interval: i64,
    /// How many a full bucket has, at least 1.
    burst: u32,
}

/// What came of asking a bucket for one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// By which policy.
    pub policy: Policy,
    /// Whether there was one to take.
    pub allowed: bool,
    /// How many are left to take at once.
    pub remaining: u32,
    /// In seconds, at least 1: until the bucket is full if one was taken, else until there is one to take.
    pub reset_seconds: u32,
}

impl Policy {
    /// A policy of so many requests a minute (to within a microsecond for each) and so many at once; none, which does not
    /// limit, if either is zero.
    pub fn new(name: &'static str, per_minute: u32, burst: u32) -> Option<Self> {
        if per_minute == 0 || burst == 0 {
            return None;
        }
        let interval = (60_000_000 / i64::from(per_minute)).max(1);
        Some(Self { name, interval, burst })
    }

    /// Whether it limits slow hashing, and not requests.
    pub fn is_of_hashing(self) -> bool {
        self.name == HASHING
    }

    /// How many a full bucket has.
    pub fn burst(self) -> u32 {
        self.burst
    }

    /// After how many microseconds a bucket has one more.
    pub fn interval_micros(self) -> i64 {
        self.interval
    }

    /// How many seconds an empty bucket takes to be full, rounded up.
    pub fn window_seconds(self) -> u32 {
        seconds_up(self.window_micros())
    }

    /// How many microseconds an empty bucket takes to be full.
    pub fn window_micros(self) -> i64 {
        self.interval.saturating_mul(i64::from(self.burst))
    }

    /// The law of the bucket. All that is kept of one is the moment at which it is full (0 for one that nobody has taken
    /// from), in microseconds of the epoch, as `now` is: each taking moves that moment on by one interval, and there is
    /// one to take as long as it lies within a whole window of now. Comes back with what is to be kept; a refusal
    /// changes nothing.
    ///
    /// A moment that is further away than any taking can have put it is from a clock that has gone back since; the
    /// bucket is then empty, and no more than that.
    pub fn take(self, full_at: i64, now: i64) -> (Taken, i64) {
        let window = self.window_micros();
        let from = full_at.clamp(now, now.saturating_add(window));
        let next = from.saturating_add(self.interval);
        let over = next - now - window;
        if over > 0 {
            let taken = Taken { policy: self, allowed: false, remaining: 0, reset_seconds: seconds_up(over) };
            return (taken, from);
        }
        let remaining = u32::try_from(-over / self.interval).unwrap_or(u32::MAX);
        let taken = Taken { policy: self, allowed: true, remaining, reset_seconds: seconds_up(next - now) };
        (taken, next)
    }

    /// The rate and burst of several together.
    fn times(self, several: u32) -> Self {
        let interval = (self.interval / i64::from(several)).max(1);
        Self { interval, burst: self.burst.saturating_mul(several), ..self }
    }
}

/// Whole seconds that are no less, and one at the least.
fn seconds_up(micros: i64) -> u32 {
    u32::try_from((micros.saturating_add(999_999) / 1_000_000).max(1)).unwrap_or(u32::MAX)
}

/// The network that one subscriber has: the address itself for IPv4 (mapped into IPv6 or not), /64 for IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The network of an address.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => Self(IpAddr::V4(address)),
            IpAddr::V6(address) => Self(IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64))),
        }
    }
}

/// Whose bucket it is, and what is taken from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BucketKey {
    /// Requests of an agent that has proved itself.
    Client(AgentId),
    /// Requests from a network that proved nothing where a proof was asked for.
    Unproved(Network),
    /// Requests from a network for what anyone may read.
    Public(Network),
    /// Slow hashes of new secrets that a client asked for.
    MintingBy(AgentId),
    /// Slow hashes of new secrets that were asked for from a network.
    MintingFrom(Network),
    /// Slow comparisons that were asked for from a network.
    ComparingFrom(Network),
    /// Slow comparisons with the secrets of an agent.
    ComparingWith(AgentId),
}

impl fmt::Display for BucketKey {
    /// A name for stores that keep buckets by name: the kind and whose it is, with a colon between them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(agent) => write!(f, "client:{agent}"),
            Self::Unproved(Network(network)) => write!(f, "unproved:{network}"),
            Self::Public(Network(network)) => write!(f, "public:{network}"),
            Self::MintingBy(agent) => write!(f, "minting-by:{agent}"),
            Self::MintingFrom(Network(network)) => write!(f, "minting-from:{network}"),
            Self::ComparingFrom(Network(network)) => write!(f, "comparing-from:{network}"),
            Self::ComparingWith(agent) => write!(f, "comparing-with:{agent}"),
        }
    }
}

/// A taking under way.
pub type Taking<'a> = Pin<Box<dyn Future<Output = Taken> + Send + 'a>>;

/// Where buckets are kept. Losing one fills it again, which may let more in and never refuses anybody; so an
/// implementation that cannot reach its memory goes on with another, and never fails.
pub trait Buckets: Send + Sync {
    /// Takes one from a bucket by the law of [`Policy::take`], at this moment in microseconds of the epoch. Takings from
    /// one bucket happen one after the other.
    fn take(&self, key: BucketKey, policy: Policy, now: i64) -> Taking<'_>;
}

/// What is limited how; what is absent is not limited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LimitSettings {
    /// Requests of one client.
    pub client: Option<Policy>,
    /// Requests from one network that prove nothing, or need not.
    pub address: Option<Policy>,
    /// Slow hashes for one client, and slow comparisons for one network.
    pub hashing: Option<Policy>,
}

/// Who is charged, and behind whose wall it stands.
type Caller<'a> = (Actor, Option<&'a Owner>);

/// Whoever it is.
const NOBODY: Caller<'static> = (Actor::nameless(AuthMethod::Nothing), None);

/// Charges callers.
#[derive(Clone)]
pub struct Limits {
    buckets: Arc<dyn Buckets>,
    clock: Clock,
    tally: Arc<Tally>,
    settings: LimitSettings,
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl LimitSettings {
    /// Settings from a rate a minute and how many at once, for each; a zero is no limit.
    pub fn new(client: (u32, u32), address: (u32, u32), hashing: (u32, u32)) -> Self {
        let policy = |name, (per_minute, burst)| Policy::new(name, per_minute, burst);
        Self {
            client: policy("client", client),
            address: policy("address", address),
            hashing: policy(HASHING, hashing),
        }
    }
}

impl Limits {
    /// Limits by these settings.
    pub fn new(buckets: Arc<dyn Buckets>, clock: Clock, tally: Arc<Tally>, settings: LimitSettings) -> Self {
        Self { buckets, clock, tally, settings }
    }

    /// Charges a caller that has proved itself for a request. Nothing if clients are not limited.
    pub async fn client(&self, request: &RequestContext, actor: Actor, owner: &Owner) -> Option<Taken> {
        let key = BucketKey::Client(actor.agent_id?);
        Some(self.take(request, (actor, Some(owner)), key, self.settings.client?).await)
    }

    /// Charges the network of a request that proved nothing where a proof was asked for. Nothing if addresses are not
    /// limited, or this one is not known.
    pub async fn unproved(&self, request: &RequestContext) -> Option<Taken> {
        let key = BucketKey::Unproved(Network::of(request.address?));
        Some(self.take(request, NOBODY, key, self.settings.address?).await)
    }

    /// Charges the network of a request for what anyone may read, as [`Limits::unproved`].
    pub async fn public(&self, request: &RequestContext) -> Option<Taken> {
        let key = BucketKey::Public(Network::of(request.address?));
        Some(self.take(request, NOBODY, key, self.settings.address?).await)
    }

    /// Charges a client, and then its network, for the slow hash of a new secret. Refused with
    /// [`Refusal::RateLimited`].
    pub async fn minting(&self, request: &RequestContext, principal: &Principal) -> Answered<()> {
        let Some(policy) = self.settings.hashing else { return Ok(()) };
        let caller = (Actor::from(principal), Some(&principal.owner));
        self.charge(request, caller, BucketKey::MintingBy(principal.agent_id), policy).await?;
        let Some(address) = request.address else { return Ok(()) };
        let from = BucketKey::MintingFrom(Network::of(address));
        self.charge(request, caller, from, policy.times(SHARERS)).await
    }

    /// Charges a network, and then the agent whose secret it claims to know, for a slow comparison. Refused with
    /// [`Refusal::RateLimited`].
    pub async fn comparing(&self, request: &RequestContext, agent_id: AgentId) -> Answered<()> {
        let Some(policy) = self.settings.hashing else { return Ok(()) };
        if let Some(address) = request.address {
            let from = BucketKey::ComparingFrom(Network::of(address));
            self.charge(request, NOBODY, from, policy).await?;
        }
        let with = BucketKey::ComparingWith(agent_id);
        self.charge(request, NOBODY, with, policy.times(SHARERS)).await
    }

    async fn charge(
        &self,
        request: &RequestContext,
        caller: Caller<'_>,
        key: BucketKey,
        policy: Policy,
    ) -> Answered<()> {
        let taken = self.take(request, caller, key, policy).await;
        if taken.allowed { Ok(()) } else { Err(Refusal::RateLimited(taken)) }
    }

    /// Takes one, and counts the refusal if there is none: it leaves no event of its own, as it costs its cause nothing.
    async fn take(
        &self,
        request: &RequestContext,
        (actor, owner): Caller<'_>,
        key: BucketKey,
        policy: Policy,
    ) -> Taken {
        let taken = self.buckets.take(key, policy, self.clock.now().timestamp_micros()).await;
        if !taken.allowed {
            self.tally.limited(request, actor, owner);
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn policy(per_minute: u32, burst: u32) -> Policy {
        Policy::new("test", per_minute, burst).unwrap()
    }

    #[test]
    fn a_zero_is_no_limit() {
        assert_eq!(Policy::new("test", 0, 5), None);
        assert_eq!(Policy::new("test", 5, 0), None);
    }

    #[test]
    fn a_bucket_gives_its_burst_at_once_and_then_one_for_each_interval() {
        let policy = policy(60, 3);
        assert_eq!((policy.burst(), policy.window_seconds()), (3, 3));
        let mut kept = 0;
        let mut take = |now: i64| {
            let (taken, next) = policy.take(kept, now);
            kept = next;
            (taken.allowed, taken.remaining, taken.reset_seconds)
        };
        let start = 1_794_000_000_000_000;
        assert_eq!(take(start), (true, 2, 1));
        assert_eq!(take(start), (true, 1, 2));
        assert_eq!(take(start), (true, 0, 3));
        assert_eq!(take(start), (false, 0, 1));
        assert_eq!(take(start + 999_999), (false, 0, 1));
        assert_eq!(take(start + 1_000_000), (true, 0, 3));
        assert_eq!(take(start + 60_000_000), (true, 2, 1));
    }

    #[test]
    fn networks_are_one_address_of_ipv4_and_64_bits_of_ipv6() {
        let of = |address: &str| Network::of(address.parse().unwrap());
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
    }

    #[test]
    fn buckets_of_different_kinds_have_different_names() {
        let (agent, network) = (AgentId(uuid::Uuid::from_u128(7)), Network::of("192.0.2.1".parse().unwrap()));
        let keys = [
            BucketKey::Client(agent),
            BucketKey::Unproved(network),
            BucketKey::Public(network),
            BucketKey::MintingBy(agent),
            BucketKey::MintingFrom(network),
            BucketKey::ComparingFrom(network),
            BucketKey::ComparingWith(agent),
        ];
        let names: std::collections::BTreeSet<String> = keys.iter().map(ToString::to_string).collect();
        assert_eq!(names.len(), keys.len());
        assert!(names.contains("unproved:192.0.2.1"), "{names:?}");
    }

    /// The moments at which requests came, with pauses between them, and which of them were served.
    fn served(policy: Policy, pauses: &[i64]) -> Vec<(i64, Taken)> {
        let (mut now, mut kept) = (1_794_000_000_000_000, 0);
        pauses
            .iter()
            .map(|pause| {
                now += pause;
                let (taken, next) = policy.take(kept, now);
                kept = next;
                (now, taken)
            })
            .collect()
    }

    proptest! {
        #[test]
        fn no_stretch_of_time_gives_more_than_the_burst_and_what_flowed_in(
            per_minute in 1_u32..100_000, burst in 1_u32..50,
            pauses in prop::collection::vec(0_i64..3_000_000, 1..200),
        ) {
            let policy = policy(per_minute, burst);
            let served: Vec<i64> =
                served(policy, &pauses).into_iter().filter(|(_, taken)| taken.allowed).map(|(at, _)| at).collect();
            for (first, from) in served.iter().enumerate() {
                for (last, to) in served.iter().enumerate().skip(first) {
                    let count = i64::try_from(last - first + 1).unwrap();
                    prop_assert!(count <= i64::from(burst) + (to - from) / policy.interval_micros());
                }
            }
        }

        #[test]
        fn who_keeps_to_the_rate_is_never_refused(
            per_minute in 1_u32..100_000, burst in 1_u32..50,
            waits in prop::collection::vec(0_i64..1_000_000, 1..100),
        ) {
            let policy = policy(per_minute, burst);
            let pauses: Vec<i64> = waits.iter().map(|wait| policy.interval_micros() + wait).collect();
            prop_assert!(served(policy, &pauses).iter().all(|(_, taken)| taken.allowed));
        }

        #[test]
        fn what_is_said_to_remain_is_there_and_no_more(
            per_minute in 1_u32..100_000, burst in 1_u32..50,
            pauses in prop::collection::vec(0_i64..3_000_000, 1..50),
        ) {
            let policy = policy(per_minute, burst);
            let (mut now, mut kept) = (1_794_000_000_000_000, 0);
            for pause in pauses {
                now += pause;
                let (taken, next) = policy.take(kept, now);
                kept = next;
                let (mut ahead, mut count) = (kept, 0);
                while let (Taken { allowed: true, .. }, next) = policy.take(ahead, now) {
                    (ahead, count) = (next, count + 1);
                }
                prop_assert_eq!(taken.remaining, count);
            }
        }

        #[test]
        fn who_waits_as_long_as_it_is_told_is_served(
            per_minute in 1_u32..100_000, burst in 1_u32..50, kept in 0_i64..3_000_000_000_000_000,
        ) {
            let (policy, now) = (policy(per_minute, burst), 1_794_000_000_000_000);
            let (taken, kept) = policy.take(kept, now);
            if !taken.allowed {
                let later = now + i64::from(taken.reset_seconds) * 1_000_000;
                prop_assert!(policy.take(kept, later).0.allowed);
                // Even a clock that went back keeps nobody out for longer than an interval.
                prop_assert!(i64::from(taken.reset_seconds) <= policy.interval_micros() / 1_000_000 + 1);
            }
        }
    }
}
