//! The second level: client records in Redis.

use std::time::{Duration, Instant};

use agentidp::cache::redis::clients::{KEPT_FOR_SECONDS, LARGEST};
use agentidp::domain::clients::{Away, SharedClientCache};

use crate::redis_server::OwnRedis;
use crate::world::{Node, keys_of, master, nobodys_name, record, shared_url, stranger, until};

#[tokio::test]
async fn what_one_node_shares_another_finds_whole() {
    let (url, name) = (shared_url(), nobodys_name());
    let [one, other] = [Node::start(&url, &name, master(1)).await, Node::start(&url, &name, master(1)).await];
    let record = record(1);
    assert_eq!(one.cache.client_find(record.credential.id).await, Ok(None));
    one.shares(&record).await;
    let found =
        other.cache.client_find(record.credential.id).await.expect("Redis answers").expect("it is there");
    assert_eq!(*found, record);
}

#[tokio::test]
async fn a_record_is_not_kept_for_ever() {
    let url = shared_url();
    let node = Node::start(&url, &nobodys_name(), master(1)).await;
    node.shares(&record(1)).await;
    let mut redis = stranger(&url).await;
    let keys = keys_of(&url, &node).await;
    assert_eq!(keys.len(), 1);
    let left: u64 = redis::cmd("TTL").arg(&keys[0]).query_async(&mut redis).await.expect("a time to live");
    assert!((KEPT_FOR_SECONDS - 60..=KEPT_FOR_SECONDS).contains(&left), "{left}");
}

#[tokio::test]
async fn whoever_reads_redis_learns_nothing_of_a_record() {
    let url = shared_url();
    let node = Node::start(&url, &nobodys_name(), master(1)).await;
    let record = record(1);
    node.shares(&record).await;
    let keys = keys_of(&url, &node).await;
    let sealed: Vec<u8> =
        redis::cmd("GET").arg(&keys[0]).query_async(&mut stranger(&url).await).await.expect("bytes");
    let holds = |part: &[u8]| sealed.windows(part.len()).any(|window| window == part);
    for part in [&record.images.verifier[..4], b"$2b$10$", b"verifier", b"agent-1@", b"resume", b"talent"] {
        assert!(!holds(part), "{}", String::from_utf8_lossy(part));
    }
    assert!(sealed.len() > 200);
}

#[tokio::test]
async fn another_master_key_or_another_deployment_finds_nothing() {
    let (url, name) = (shared_url(), nobodys_name());
    let node = Node::start(&url, &name, master(1)).await;
    let record = record(1);
    node.shares(&record).await;
    let elsewhere = Node::start(&url, &nobodys_name(), master(1)).await;
    assert_eq!(elsewhere.cache.client_find(record.credential.id).await, Ok(None));
    let wrong_key = Node::start(&url, &name, master(2)).await;
    assert_eq!(wrong_key.cache.client_find(record.credential.id).await, Ok(None));
    assert!(node.finds(&record).await && node.answers().await);
}

#[tokio::test]
async fn what_somebody_else_wrote_is_nothing_and_is_written_over() {
    let (url, name) = (shared_url(), nobodys_name());
    let node = Node::start(&url, &name, master(1)).await;
    let (record, other) = (record(1), record(2));
    node.shares(&record).await;
    node.shares(&other).await;
    let mut redis = stranger(&url).await;
    let key = format!("{}:client:{}", node.redis.namespace(), record.credential.id);
    let key_of_other = format!("{}:client:{}", node.redis.namespace(), other.credential.id);
    let sealed: Vec<u8> = redis::cmd("GET").arg(&key).query_async(&mut redis).await.expect("bytes");
    let of_other: Vec<u8> =
        redis::cmd("GET").arg(&key_of_other).query_async(&mut redis).await.expect("bytes");
    let mut flipped = sealed.clone();
    *flipped.last_mut().expect("a byte") ^= 1;
    let forgeries = [
        b"\0".to_vec(),
        b"garbage".to_vec(),
        serde_json::to_vec(&serde_json::json!({ "agent": {}, "rev": 1 })).expect("JSON"),
        sealed[..sealed.len() - 1].to_vec(),
        [sealed.as_slice(), b"\0"].concat(),
        flipped,
        of_other,
        vec![b'x'; LARGEST * 4],
    ];
    for forged in forgeries {
        redis::cmd("SET").arg(&key).arg(&forged).query_async::<()>(&mut redis).await.expect("written");
        assert_eq!(node.cache.client_find(record.credential.id).await, Ok(None), "{} bytes", forged.len());
        node.shares(&record).await;
    }
    // A key of another type.
    redis::cmd("DEL").arg(&key).query_async::<()>(&mut redis).await.expect("deleted");
    redis::cmd("RPUSH").arg(&key).arg("x").query_async::<()>(&mut redis).await.expect("written");
    assert_eq!(node.cache.client_find(record.credential.id).await, Err(Away));
    assert!(node.answers().await, "one bad key does not cost the connection");
    node.shares(&record).await;
}

#[tokio::test]
async fn a_record_that_is_too_large_is_not_shared() {
    let url = shared_url();
    let node = Node::start(&url, &nobodys_name(), master(1)).await;
    let mut large = record(1);
    let text = serde_json::Value::String("x".repeat(LARGEST));
    large.agent.metadata = Some([("text".to_owned(), text)].into_iter().collect());
    node.cache.client_share(std::sync::Arc::new(large));
    node.shares(&record(2)).await;
    assert_eq!(node.cache.client_find(record(1).credential.id).await, Ok(None));
    assert_eq!(keys_of(&url, &node).await.len(), 1);
}

#[tokio::test]
async fn a_redis_that_was_emptied_is_filled_again() {
    let redis = OwnRedis::start();
    let node = Node::start(&redis.url(), "a", master(1)).await;
    node.shares(&record(1)).await;
    redis.tell(&["FLUSHALL"]);
    assert_eq!(node.cache.client_find(record(1).credential.id).await, Ok(None));
    node.shares(&record(1)).await;
}

#[tokio::test]
async fn a_redis_that_dies_costs_no_time_and_is_found_again() {
    let mut redis = OwnRedis::start();
    let node = Node::start(&redis.url(), "a", master(1)).await;
    node.shares(&record(1)).await;
    redis.kill();
    until("its loss is noticed", async || !node.answers().await).await;
    let asked = Instant::now();
    for _ in 0..1000 {
        assert_eq!(node.cache.client_find(record(1).credential.id).await, Err(Away));
        node.cache.client_share(std::sync::Arc::new(record(1)));
    }
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    redis.revive();
    until("it is found again", async || node.answers().await).await;
    node.shares(&record(1)).await;
}

#[tokio::test]
async fn a_redis_that_does_not_answer_is_waited_for_once_and_not_again_until_it_does() {
    let redis = OwnRedis::start();
    let node = Node::start(&redis.url(), "a", master(1)).await;
    node.shares(&record(1)).await;
    redis.stall();
    let asked = Instant::now();
    assert_eq!(node.cache.client_find(record(1).credential.id).await, Err(Away));
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    let asked = Instant::now();
    for _ in 0..1000 {
        assert_eq!(node.cache.client_find(record(1).credential.id).await, Err(Away));
    }
    assert!(asked.elapsed() < Duration::from_millis(500), "{:?}", asked.elapsed());
    redis.go_on();
    until("it answers in time again", async || node.finds(&record(1)).await).await;
}

#[tokio::test]
async fn a_redis_that_was_away_at_the_start_is_found_later() {
    let mut redis = OwnRedis::start();
    redis.kill();
    let started = Instant::now();
    let node = Node::start(&redis.url(), "a", master(1)).await;
    assert!(!node.answers().await && started.elapsed() < Duration::from_secs(1));
    redis.revive();
    node.shares(&record(1)).await;
}

#[tokio::test]
async fn a_wrong_password_is_a_redis_that_is_away() {
    let redis = OwnRedis::start();
    let mut admin = stranger(&redis.url()).await;
    redis::cmd("CONFIG")
        .arg(&["SET", "requirepass", "right"])
        .query_async::<()>(&mut admin)
        .await
        .expect("set");
    let wrong = redis.url().replace("redis://", "redis://:wrong@");
    assert!(!Node::start(&wrong, "a", master(1)).await.answers().await);
    let right = redis.url().replace("redis://", "redis://:right@");
    Node::start(&right, "a", master(1)).await.shares(&record(1)).await;
}
