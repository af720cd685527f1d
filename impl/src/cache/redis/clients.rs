//! The second level: client records in Redis, sealed, so that whoever reads Redis learns nothing from them and whoever
//! writes there can plant none.

use std::collections::BTreeSet;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use super::Redis;
use crate::crypto::{Entropy, MasterKey, Seal};
use crate::domain::agents::{Agent, AgentId, AgentStatus, DeploymentEnv, Owner};
use crate::domain::changes::Rev;
use crate::domain::clients::{Answering, Away, SharedClientCache};
use crate::domain::credentials::{ClientRecord, Credential, CredentialId, CredentialStatus, SecretImages};
use crate::domain::policy::Capability;

/// How long Redis keeps a record that nobody shares anew, in seconds. The feed decides whether a record is current; this
/// bounds the memory, and with it how long what nobody uses can be found there.
pub const KEPT_FOR_SECONDS: u64 = 3600;

/// The largest record that is shared or believed, sealed, in bytes: an agent's metadata may have some ten KiB.
pub const LARGEST: usize = 64 * 1024;

/// Records that wait to be shared; more are not.
const WAITING: usize = 256;

const KIND: &str = "client";

/// A place that is no credential's.
const NOBODY: &str = "nobody";

/// Client records in Redis.
#[derive(Clone)]
pub struct RedisClientCache {
    shelf: Shelf,
    outbox: mpsc::Sender<Arc<ClientRecord>>,
}

/// What reading and writing need.
#[derive(Clone)]
struct Shelf {
    redis: Redis,
    master: MasterKey,
    entropy: Entropy,
    /// Nobody's record, sealed: opened where there is none, so that its absence saves no time.
    nobodys: Arc<[u8]>,
}

/// Records on their way to Redis.
pub struct Outbox {
    shelf: Shelf,
    waiting: mpsc::Receiver<Arc<ClientRecord>>,
}

impl RedisClientCache {
    /// A cache in this Redis, and what has to run for its records to get there.
    pub fn new(redis: Redis, master: MasterKey, entropy: Entropy) -> (Self, Outbox) {
        let nobodys = master.seal_at_place(&place(NOBODY), &written(&nobodys()), &entropy);
        let nobodys = nobodys.unwrap_or_default().into();
        let shelf = Shelf { redis, master, entropy, nobodys };
        let (outbox, waiting) = mpsc::channel(WAITING);
        (Self { shelf: shelf.clone(), outbox }, Outbox { shelf, waiting })
    }
}

impl SharedClientCache for RedisClientCache {
    fn client_find(&self, id: CredentialId) -> Answering<'_, Result<Option<Arc<ClientRecord>>, Away>> {
        Box::pin(async move { Ok(self.shelf.get(id).await?.map(Arc::new)) })
    }

    fn client_share(&self, record: Arc<ClientRecord>) {
        // Whoever finds the outbox full has better things to do than to wait for a cache.
        let _ = self.outbox.try_send(record);
    }

    fn ping(&self) -> Answering<'_, Result<(), Away>> {
        Box::pin(self.shelf.redis.ping())
    }
}

impl Outbox {
    /// Shares what comes until shutdown.
    pub async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        loop {
            let next = tokio::select! {
                next = self.waiting.recv() => next,
                _ = shutdown.wait_for(|stop| *stop) => None,
            };
            let Some(record) = next else { return };
            // One that cannot be shared is read from the database again by whoever needs it.
            let _ = self.shelf.put(&record).await;
        }
    }
}

impl Shelf {
    async fn get(&self, id: CredentialId) -> Result<Option<ClientRecord>, Away> {
        let key = self.redis.key(KIND, &id.to_string());
        // A part of the value, so that something enormous in its place is not fetched; nothing comes as no bytes.
        let ask = redis::cmd("GETRANGE").arg(&key).arg(0).arg(LARGEST).take();
        let sealed: Vec<u8> =
            self.redis.ask(async |mut connection| ask.query_async(&mut connection).await).await?;
        if sealed.is_empty() {
            std::hint::black_box(self.open(NOBODY, &self.nobodys));
            return Ok(None);
        }
        let record = self.open(&key, &sealed);
        let record = record.filter(|record| record.credential.id == id);
        if record.is_none() {
            self.redis.complain("a client record is not as this deployment seals it");
        }
        Ok(record)
    }

    fn open(&self, key: &str, sealed: &[u8]) -> Option<ClientRecord> {
        read(&self.master.open_at_place(&place(key), sealed).ok()?)
    }

    async fn put(&self, record: &ClientRecord) -> Result<(), Away> {
        let key = self.redis.key(KIND, &record.credential.id.to_string());
        let sealed = self.master.seal_at_place(&place(&key), &written(record), &self.entropy);
        let Ok(sealed) = sealed.map_err(|fault| self.redis.complain(&fault.to_string())) else {
            return Ok(());
        };
        if sealed.len() > LARGEST {
            return Ok(());
        }
        let tell = redis::cmd("SET").arg(&key).arg(sealed).arg("EX").arg(KEPT_FOR_SECONDS).take();
        self.redis.ask(async |mut connection| tell.query_async::<()>(&mut connection).await).await
    }
}

/// The whole key is associated data: a record opens in the place of its own credential, of its own deployment, alone.
fn place(key: &str) -> Seal<'_> {
    Seal { table: "redis", id: key, purpose: "client record" }
}

/// A record as it is sealed. A server whose records have another form reads this one as nothing.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    agent: WrittenAgent,
    credential: WrittenCredential,
    images: WrittenImages,
    beyond: BTreeSet<String>,
    rev: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenAgent {
    id: Uuid,
    email: String,
    agent_type: String,
    version: String,
    capabilities: BTreeSet<String>,
    owner: String,
    deployment_env: String,
    status: String,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    last_auth_at: Option<DateTime<Utc>>,
    metadata: Option<serde_json::Map<String, serde_json::Value>>,
    valid_until: Option<DateTime<Utc>>,
    revision: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenCredential {
    id: Uuid,
    label: Option<String>,
    status: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    last_used_at: Option<DateTime<Utc>>,
    rotated_from: Option<Uuid>,
    agent_revision: i64,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenImages {
    secret_hash: String,
    verifier: [u8; 32],
    verifier_key_version: String,
}

/// A record of usual size.
fn nobodys() -> ClientRecord {
    let (at, agent_id) = (DateTime::<Utc>::UNIX_EPOCH, AgentId(Uuid::nil()));
    ClientRecord {
        agent: Agent {
            id: agent_id,
            email: "nobody-001@example.com".to_owned(),
            agent_type: "nobody".to_owned(),
            version: "v1.0.0".to_owned(),
            capabilities: ["nothing:read", "nothing:write"].map(|name| Capability(name.to_owned())).into(),
            owner: Owner("nobody".to_owned()),
            deployment_env: DeploymentEnv::Production,
            status: AgentStatus::Active,
            created_at: at,
            updated_at: at,
            last_auth_at: Some(at),
            metadata: None,
            valid_until: None,
            revision: 1,
        },
        credential: Credential {
            id: CredentialId(Uuid::nil()),
            agent_id,
            label: None,
            status: CredentialStatus::Active,
            created_at: at,
            expires_at: None,
            last_used_at: Some(at),
            rotated_from: None,
            agent_revision: 1,
        },
        images: SecretImages {
            secret_hash: "-".repeat(60),
            verifier: [0xA5; 32],
            verifier_key_version: "-".repeat(16),
        },
        beyond: BTreeSet::new(),
        rev: Rev(0),
    }
}

/// Each value is taken apart whole, so that a new field cannot be forgotten here.
fn written(record: &ClientRecord) -> Vec<u8> {
    let ClientRecord { agent, credential, images, beyond, rev } = record.clone();
    let Agent {
        id: AgentId(agent_id),
        email,
        agent_type,
        version,
        capabilities,
        owner: Owner(owner),
        deployment_env,
        status,
        created_at,
        updated_at,
        last_auth_at,
        metadata,
        valid_until,
        revision,
    } = agent;
    let agent = WrittenAgent {
        id: agent_id,
        email,
        agent_type,
        version,
        capabilities: capabilities.into_iter().map(|Capability(name)| name).collect(),
        owner,
        deployment_env: deployment_env.as_str().to_owned(),
        status: status.as_str().to_owned(),
        created_at,
        updated_at,
        last_auth_at,
        metadata,
        valid_until,
        revision,
    };
    let Credential {
        id: CredentialId(id),
        agent_id: _,
        label,
        status,
        created_at,
        expires_at,
        last_used_at,
        rotated_from,
        agent_revision,
    } = credential;
    let credential = WrittenCredential {
        id,
        label,
        status: status.as_str().to_owned(),
        created_at,
        expires_at,
        last_used_at,
        rotated_from: rotated_from.map(|one| one.0),
        agent_revision,
    };
    let SecretImages { secret_hash, verifier, verifier_key_version } = images;
    let images = WrittenImages { secret_hash, verifier, verifier_key_version };
    let beyond = beyond.into_iter().map(|Capability(name)| name).collect();
    serde_json::to_vec(&Written { agent, credential, images, beyond, rev: rev.0 }).expect("a record is JSON")
}

fn read(plain: &[u8]) -> Option<ClientRecord> {
    let Written { agent, credential, images, beyond, rev } = serde_json::from_slice(plain).ok()?;
    let agent = Agent {
        id: AgentId(agent.id),
        email: agent.email,
        agent_type: agent.agent_type,
        version: agent.version,
        capabilities: agent.capabilities.into_iter().map(Capability).collect(),
        owner: Owner(agent.owner),
        deployment_env: DeploymentEnv::from_name(&agent.deployment_env)?,
        status: AgentStatus::from_name(&agent.status)?,
        created_at: agent.created_at,
        updated_at: agent.updated_at,
        last_auth_at: agent.last_auth_at,
        metadata: agent.metadata,
        valid_until: agent.valid_until,
        revision: agent.revision,
    };
    let credential = Credential {
        id: CredentialId(credential.id),
        agent_id: agent.id,
        label: credential.label,
        status: CredentialStatus::from_name(&credential.status)?,
        created_at: credential.created_at,
        expires_at: credential.expires_at,
        last_used_at: credential.last_used_at,
        rotated_from: credential.rotated_from.map(CredentialId),
        agent_revision: credential.agent_revision,
    };
    let images = SecretImages {
        secret_hash: images.secret_hash,
        verifier: images.verifier,
        verifier_key_version: images.verifier_key_version,
    };
    let beyond = beyond.into_iter().map(Capability).collect();
    Some(ClientRecord { agent, credential, images, beyond, rev: Rev(rev) })
}
