//! Redis servers, whole and broken, and what is kept in them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use agentidp::cache::redis::Redis;
use agentidp::cache::redis::clients::RedisClientCache;
use agentidp::crypto::{Entropy, MasterKey, SecretText};
use agentidp::domain::agents::{Agent, AgentId, AgentStatus, DeploymentEnv, Owner};
use agentidp::domain::changes::Rev;
use agentidp::domain::clients::SharedClientCache;
use agentidp::domain::credentials::{ClientRecord, Credential, CredentialId, CredentialStatus, SecretImages};
use agentidp::domain::policy::Capability;
use chrono::DateTime;
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

/// The Redis that all tests share.
#[expect(clippy::disallowed_methods, reason = "a setting of the tests, not of the server")]
pub fn shared_url() -> String {
    std::env::var("TEST_REDIS_URL")
        .expect("TEST_REDIS_URL names a Redis; `eval \"$(scripts/services start)\"` starts one")
}

/// A name that nobody else in this Redis has.
pub fn nobodys_name() -> String {
    static NAMES: AtomicU64 = AtomicU64::new(0);
    format!("test {} {}", std::process::id(), NAMES.fetch_add(1, Ordering::Relaxed))
}

pub fn master(seed: u64) -> MasterKey {
    MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(seed))).expect("a master key")
}

/// A node's side of Redis; it ends when this is dropped.
pub struct Node {
    pub redis: Redis,
    pub cache: RedisClientCache,
    _running: watch::Sender<bool>,
}

impl Node {
    pub async fn start(url: &str, name: &str, master: MasterKey) -> Self {
        let redis = Redis::new(&SecretText::new(url.to_owned()), "test", name.as_bytes()).expect("a URL");
        redis.reach().await;
        let (cache, outbox) = RedisClientCache::new(redis.clone(), master, Entropy::system());
        let (running, halted) = watch::channel(false);
        tokio::spawn(redis.clone().run(halted.clone()));
        tokio::spawn(outbox.run(halted));
        Self { redis, cache, _running: running }
    }

    pub async fn finds(&self, record: &ClientRecord) -> bool {
        matches!(self.cache.client_find(record.credential.id).await, Ok(Some(found)) if *found == *record)
    }

    /// Shares a record, and waits until it is there.
    pub async fn shares(&self, record: &ClientRecord) {
        until("the record is shared", async || {
            self.cache.client_share(Arc::new(record.clone()));
            self.finds(record).await
        })
        .await;
    }

    pub async fn answers(&self) -> bool {
        self.cache.ping().await.is_ok()
    }
}

/// Waits until something is so.
pub async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let started = Instant::now();
    while !is_so().await {
        assert!(started.elapsed() < Duration::from_secs(20), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// A record with everything in it.
pub fn record(number: u128) -> ClientRecord {
    let at = |seconds: i64| DateTime::from_timestamp(1_794_000_000 + seconds, 123_456_000).expect("a time");
    let agent_id = AgentId(Uuid::from_u128(number << 64));
    let metadata = json!({ "team": "Müller", "deep": { "list": [1, -2.5, null, true] } });
    ClientRecord {
        agent: Agent {
            id: agent_id,
            email: format!("agent-{number}@example.com"),
            agent_type: "screener".to_owned(),
            version: "v1.4.2".to_owned(),
            capabilities: ["resume:read", "resume:score"].map(|name| Capability(name.to_owned())).into(),
            owner: Owner("talent-team".to_owned()),
            deployment_env: DeploymentEnv::Staging,
            status: AgentStatus::Suspended,
            created_at: at(0),
            updated_at: at(1),
            last_auth_at: Some(at(2)),
            metadata: metadata.as_object().cloned(),
            valid_until: Some(at(3)),
            revision: 7,
        },
        credential: Credential {
            id: CredentialId(Uuid::from_u128(number)),
            agent_id,
            label: Some("blue".to_owned()),
            status: CredentialStatus::Revoked,
            created_at: at(4),
            expires_at: Some(at(5)),
            last_used_at: Some(at(6)),
            rotated_from: Some(CredentialId(Uuid::from_u128(number + 1))),
            agent_revision: 6,
        },
        images: SecretImages {
            secret_hash: "$2b$10$abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZ01234".to_owned(),
            verifier: [0xA5; 32],
            verifier_key_version: "0123456789abcdef".to_owned(),
        },
        beyond: [Capability("agents:read".to_owned())].into(),
        rev: Rev(42),
    }
}

/// A client of Redis that is not the server's.
pub async fn stranger(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("Redis answers")
}

/// The keys of a name.
pub async fn keys_of(url: &str, node: &Node) -> Vec<String> {
    let pattern = format!("{}:*", node.redis.namespace());
    redis::cmd("KEYS").arg(pattern).query_async(&mut stranger(url).await).await.expect("keys")
}
