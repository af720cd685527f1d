//! Buckets that nodes share.

use std::time::Instant;

use agentidp::cache::memory::MemoryBuckets;
use agentidp::cache::redis::limits::RedisBuckets;
use agentidp::clock::Clock;
use agentidp::domain::agents::AgentId;
use agentidp::domain::limits::{BucketKey, Buckets, Network, Policy};
use uuid::Uuid;

use crate::redis_server::OwnRedis;
use crate::world::{Node, keys_of, master, nobodys_name, shared_url, stranger, until};

/// Some time by the nodes' clocks, which decide nothing while Redis answers.
const NOW: i64 = 1_794_000_000_000_000;

fn now() -> i64 {
    Clock::system().now().timestamp_micros()
}

async fn buckets(url: &str, name: &str) -> (Node, RedisBuckets) {
    let node = Node::start(url, name, master(1)).await;
    let buckets = RedisBuckets::new(node.redis.clone(), MemoryBuckets::new(100));
    (node, buckets)
}

fn of_agent(number: u128) -> BucketKey {
    BucketKey::Client(AgentId(Uuid::from_u128(number)))
}

/// So many a day that none flows in while a test runs.
fn policy(burst: u32) -> Policy {
    Policy::new("test", 1, burst).expect("a policy")
}

#[tokio::test]
async fn nodes_take_from_one_bucket() {
    let (url, name) = (shared_url(), nobodys_name());
    let [(_one, one), (_other, other)] = [buckets(&url, &name).await, buckets(&url, &name).await];
    let mut left = Vec::new();
    for node in [&one, &other, &one, &other, &one] {
        let taken = node.take(of_agent(1), policy(4), NOW).await;
        left.push((taken.allowed, taken.remaining));
    }
    assert_eq!(left, [(true, 3), (true, 2), (true, 1), (true, 0), (false, 0)]);
    let refused = other.take(of_agent(1), policy(4), NOW).await;
    assert!((1..=60).contains(&refused.reset_seconds) && !refused.allowed, "{refused:?}");
    assert!(one.take(of_agent(2), policy(4), NOW).await.allowed, "somebody else's bucket");
    let (_elsewhere, elsewhere) = buckets(&url, &nobodys_name()).await;
    assert!(elsewhere.take(of_agent(1), policy(4), NOW).await.allowed, "another deployment's bucket");
}

#[tokio::test]
async fn nodes_that_take_at_once_take_no_more_than_there_is() {
    let (url, name) = (shared_url(), nobodys_name());
    let mut takers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let (node, buckets) = buckets(&url, &name).await;
        takers.spawn(async move {
            let mut served = 0;
            for _ in 0..50 {
                served += u32::from(buckets.take(of_agent(1), policy(120), NOW).await.allowed);
            }
            // Had Redis been too slow once, the node would have gone on by itself.
            (served, node.answers().await)
        });
    }
    let served = takers.join_all().await;
    if served.iter().all(|(_, answers)| *answers) {
        assert_eq!(served.iter().map(|(served, _)| served).sum::<u32>(), 120);
    } else {
        panic!("Redis was too slow for the test: {served:?}");
    }
}

#[tokio::test]
async fn a_bucket_fills_again_and_is_forgotten_when_it_is_full() {
    let url = shared_url();
    let (node, buckets) = buckets(&url, &nobodys_name()).await;
    let quick = Policy::new("test", 600, 2).expect("a policy");
    assert!(buckets.take(of_agent(1), quick, now()).await.allowed);
    assert!(buckets.take(of_agent(1), quick, now()).await.allowed);
    assert_eq!(keys_of(&url, &node).await.len(), 1);
    until("one has flowed in", async || buckets.take(of_agent(1), quick, now()).await.allowed).await;
    until("nothing is kept of a full bucket", async || keys_of(&url, &node).await.is_empty()).await;
}

#[tokio::test]
async fn it_gives_what_the_law_says_for_every_policy() {
    let url = shared_url();
    let (_node, buckets) = buckets(&url, &nobodys_name()).await;
    let rates = [(1, 1), (1, 1_000_000), (59, 7), (60_000, 3), (6_000_000, 1_000_000)];
    for (number, (per_minute, burst)) in (0..).zip(rates) {
        let policy = Policy::new("test", per_minute, burst).expect("a policy");
        let taken = buckets.take(of_agent(number), policy, NOW).await;
        assert_eq!(taken, policy.take(0, NOW).0, "{per_minute} a minute, {burst} at once");
    }
}

#[tokio::test]
async fn what_somebody_else_wrote_keeps_nobody_out_for_longer_than_an_empty_bucket() {
    let (url, name) = (shared_url(), nobodys_name());
    let (node, first) = buckets(&url, &name).await;
    let from = BucketKey::Public(Network::of("2001:db8::1".parse().expect("an address")));
    assert!(first.take(from, policy(2), NOW).await.allowed);
    let key = keys_of(&url, &node).await.remove(0);
    let mut redis = stranger(&url).await;
    for written in ["", "garbage", "nan", "-inf", "-5"] {
        redis::cmd("SET").arg(&key).arg(written).query_async::<()>(&mut redis).await.expect("written");
        let (_node, buckets) = buckets(&url, &name).await;
        assert_eq!(buckets.take(from, policy(2), NOW).await.remaining, 1, "{written}");
    }
    for written in ["inf", "1e300", "9007199254740993"] {
        redis::cmd("SET").arg(&key).arg(written).query_async::<()>(&mut redis).await.expect("written");
        let (_node, buckets) = buckets(&url, &name).await;
        let taken = buckets.take(from, policy(2), NOW).await;
        assert!(!taken.allowed && taken.reset_seconds == 60, "{written}: {taken:?}");
    }
    // A key of another type: the node's own buckets.
    redis::cmd("DEL").arg(&key).query_async::<()>(&mut redis).await.expect("deleted");
    redis::cmd("RPUSH").arg(&key).arg("x").query_async::<()>(&mut redis).await.expect("written");
    assert!(first.take(from, policy(2), NOW).await.allowed && node.answers().await);
}

#[tokio::test]
async fn without_redis_each_node_goes_on_from_what_it_saw() {
    let mut redis = OwnRedis::start();
    let [(node, one), (_other, other)] = [buckets(&redis.url(), "a").await, buckets(&redis.url(), "a").await];
    for left in [2, 1] {
        assert_eq!(one.take(of_agent(1), policy(3), NOW).await.remaining, left);
    }
    redis.kill();
    until("its loss is noticed", async || !node.answers().await).await;
    let asked = Instant::now();
    let mut allowed = Vec::new();
    for node in [&one, &one, &other, &other, &other, &other] {
        allowed.push(node.take(of_agent(1), policy(3), NOW).await.allowed);
    }
    assert_eq!(allowed, [true, false, true, true, true, false]);
    assert!(asked.elapsed() < std::time::Duration::from_millis(500), "{:?}", asked.elapsed());
    redis.revive();
    until("it is found again", async || node.answers().await).await;
    assert!(!one.take(of_agent(1), policy(3), NOW).await.allowed, "what Redis lost, the node knows");
}

#[tokio::test]
async fn a_redis_that_was_emptied_is_told_what_the_nodes_saw() {
    let redis = OwnRedis::start();
    let [(_one, one), (_other, other)] = [buckets(&redis.url(), "a").await, buckets(&redis.url(), "a").await];
    assert!(one.take(of_agent(1), policy(2), NOW).await.allowed);
    redis.tell(&["FLUSHALL"]);
    // By the other node's clock it is another day.
    assert_eq!(other.take(of_agent(1), policy(2), NOW + 86_400_000_000).await.remaining, 1);
    redis.tell(&["FLUSHALL"]);
    assert_eq!(one.take(of_agent(1), policy(2), NOW).await.remaining, 0);
    assert!(!other.take(of_agent(1), policy(2), NOW + 86_400_000_000).await.allowed);
}
