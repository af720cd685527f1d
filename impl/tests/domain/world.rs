//! A whole node without a door: the services on a database, a clock that stands, chance with a seed.

#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use agentidp::cache::memory::{MemoryBuckets, MemoryClientCache, MemoryVerifiedTokens};
use agentidp::clock::Clock;
use agentidp::crypto::{Entropy, HashPool, MasterKey, SecretText, install};
use agentidp::domain::agents::{AgentId, AgentService, DeploymentEnv, NewAgent, Owner, Registered};
use agentidp::domain::audit::{AuditFilter, AuditService, AuditWriter};
use agentidp::domain::bootstrap::{BootstrapParts, BootstrapService};
use agentidp::domain::callers::{AuthMethod, Client, Principal, RequestContext};
use agentidp::domain::changes::{ChangeKind, Rev};
use agentidp::domain::clients::{
    Answering, Away, CacheCounts, ClientCaches, PresentedClient, SharedClientCache,
};
use agentidp::domain::credentials::{ClientRecord, CredentialId, CredentialMint, CredentialService};
use agentidp::domain::feed::Feed;
use agentidp::domain::idempotency::{Created, Idempotency, Once};
use agentidp::domain::keys::{KeyRing, KeySettings, Signing, SigningAlgorithm};
use agentidp::domain::limits::{LimitSettings, Limits};
use agentidp::domain::pages::Cursors;
use agentidp::domain::policy::Capability;
use agentidp::domain::refusal::{Answered, Fault, Refusal};
use agentidp::domain::registry::RegistryParts;
use agentidp::domain::tally::Tally;
use agentidp::domain::tokens::{
    IssuedToken, LIFETIMES, TokenParts, TokenRequest, TokenService, TokenSettings,
};
use agentidp::domain::uses::Uses;
use agentidp::jobs;
use agentidp::store::audit::AuditReads;
use agentidp::store::sql::{Database, PoolSettings, SqlStore, connect};
use agentidp::store::{Store, Unit};
use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::{Postgres, Sqlite};
use uuid::Uuid;

use crate::postgres::{next_name, on_server, postgres_store, postgres_url};
use crate::store::Watched;

pub const ISSUER: &str = "https://idp.example.com";
pub const DEFAULT_AUDIENCE: &str = "https://idp.example.com/resources/default";
pub const RESOURCE: &str = "https://resumes.example.com/";
/// How long verifiers may cache the JWKS.
pub const JWKS_MAX_AGE: Duration = Duration::from_secs(300);
/// How long a key is published before it signs.
pub const LEAD: Duration = Duration::from_secs(364);

/// A database of its own.
pub struct Place<I = SqlStore<Sqlite>> {
    home: Home,
    pub store: Watched<I>,
}

/// Where a database is.
enum Home {
    /// In a file of this folder, which goes with the test.
    Folder(PathBuf),
    /// On the tests' PostgreSQL under this name, until it is removed.
    Server(String),
}

impl Place {
    pub async fn new() -> Self {
        static PLACES: AtomicU64 = AtomicU64::new(0);
        let name =
            format!("agentidp_domain_{}_{}", std::process::id(), PLACES.fetch_add(1, Ordering::Relaxed));
        let directory = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).expect("a temporary directory");
        let url = format!("sqlite://{}", directory.join("test.db").display());
        let Database::Sqlite(inner) = connect(&url, &PoolSettings::default()).await.expect("SQLite opens")
        else {
            panic!("{url} is SQLite");
        };
        inner.migrate().await.expect("the migrations apply");
        Self { home: Home::Folder(directory), store: Watched::new(inner) }
    }

    /// Runs statements past the store.
    pub async fn sql(&self, sql: &str) {
        use sqlx::Connection;
        let Home::Folder(directory) = &self.home else { panic!("SQLite is in a file") };
        let url = format!("sqlite://{}", directory.join("test.db").display());
        let mut connection = sqlx::SqliteConnection::connect(&url).await.expect("the file opens");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.expect("the statements run");
        connection.close().await.expect("the connection closes");
    }
}

impl Place<SqlStore<Postgres>> {
    pub async fn on_postgres() -> Self {
        let name = next_name();
        on_server(&format!("CREATE DATABASE {name}")).await;
        let inner =
            postgres_store(&postgres_url(&name), &PoolSettings::default()).await.expect("PostgreSQL opens");
        inner.migrate().await.expect("the migrations apply");
        Self { home: Home::Server(name), store: Watched::new(inner) }
    }

    /// Removes the database, after a test that went well.
    pub async fn remove(&self) {
        let Home::Server(name) = &self.home else { panic!("PostgreSQL is a server") };
        on_server(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
    }
}

impl<I> Drop for Place<I> {
    fn drop(&mut self) {
        if let Home::Folder(directory) = &self.home {
            let _ = std::fs::remove_dir_all(directory);
        }
    }
}

pub fn start() -> DateTime<Utc> {
    DateTime::from_timestamp_millis(1_794_000_000_500).expect("a time")
}

pub fn master(seed: u64) -> MasterKey {
    MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(seed))).expect("a master key")
}

pub fn key_settings(algorithm: SigningAlgorithm) -> KeySettings {
    key_settings_of(Signing::Asymmetric(algorithm))
}

pub fn key_settings_of(signing: Signing) -> KeySettings {
    KeySettings { signing, issuer: ISSUER.to_owned(), jwks_max_age: JWKS_MAX_AGE }
}

/// A second level in memory, which can be away.
#[derive(Default)]
pub struct Shelf {
    records: Mutex<HashMap<CredentialId, Arc<ClientRecord>>>,
    pub away: AtomicBool,
}

impl Shelf {
    pub fn put(&self, record: ClientRecord) {
        self.client_share(Arc::new(record));
    }

    pub fn get(&self, id: CredentialId) -> Option<Arc<ClientRecord>> {
        self.records.lock().expect("no test panicked").get(&id).cloned()
    }
}

impl SharedClientCache for Shelf {
    fn client_find(&self, id: CredentialId) -> Answering<'_, Result<Option<Arc<ClientRecord>>, Away>> {
        Box::pin(async move { self.ping().await.map(|()| self.get(id)) })
    }

    fn client_share(&self, record: Arc<ClientRecord>) {
        self.records.lock().expect("no test panicked").insert(record.credential.id, record);
    }

    fn ping(&self) -> Answering<'_, Result<(), Away>> {
        Box::pin(async { if self.away.load(Ordering::SeqCst) { Err(Away) } else { Ok(()) } })
    }
}

/// A node.
pub struct World<I = SqlStore<Sqlite>> {
    pub place: Place<I>,
    pub clock: Clock,
    pub entropy: Entropy,
    pub mint: CredentialMint,
    pub keys: Arc<KeyRing>,
    pub feed: Arc<Feed>,
    pub tally: Arc<Tally>,
    pub uses: Arc<Uses>,
    pub counts: Arc<CacheCounts>,
    pub audit: AuditWriter,
    pub agents: AgentService<Watched<I>>,
    pub credentials: CredentialService<Watched<I>>,
    pub tokens: TokenService<Watched<I>>,
    pub events: AuditService<Watched<I>>,
    pub bootstrap: BootstrapService<Watched<I>>,
}

impl World {
    pub async fn new() -> Self {
        Self::with_signing(Signing::Asymmetric(SigningAlgorithm::Es256)).await
    }

    pub async fn with_signing(signing: Signing) -> Self {
        Self::with(Place::new().await, signing, LimitSettings::default(), None).await
    }

    /// One whose slow hashes are limited to so many a minute, and so many at once.
    pub async fn with_few_hashes(per_minute: u32, at_once: u32) -> Self {
        let limits = LimitSettings::new((0, 0), (0, 0), (per_minute, at_once));
        Self::with(Place::new().await, Signing::Asymmetric(SigningAlgorithm::Es256), limits, None).await
    }

    /// A node that shares what it reads with others.
    pub async fn beside(shelf: &Arc<Shelf>) -> Self {
        let shared: Arc<dyn SharedClientCache> = Arc::clone(shelf) as _;
        let signing = Signing::Asymmetric(SigningAlgorithm::Es256);
        Self::with(Place::new().await, signing, LimitSettings::default(), Some(shared)).await
    }
}

impl World<SqlStore<Postgres>> {
    pub async fn on_postgres() -> Self {
        let signing = Signing::Asymmetric(SigningAlgorithm::Es256);
        Self::with(Place::on_postgres().await, signing, LimitSettings::default(), None).await
    }
}

impl<I: Store> World<I> {
    async fn with(
        place: Place<I>,
        signing: Signing,
        limits: LimitSettings,
        shared: Option<Arc<dyn SharedClientCache>>,
    ) -> Self {
        install();
        let store = place.store.clone();
        let (clock, entropy, master) = (Clock::fixed(start()), Entropy::seeded(1), master(1));
        let pool = HashPool::new(2, 16);
        let mint = CredentialMint::new(master.clone(), pool.clone(), entropy.clone());
        let settings = key_settings_of(signing);
        let keys = Arc::new(KeyRing::open(&store, settings, &master, &clock, &entropy).await.expect("keys"));
        let feed = Arc::new(Feed::new(clock.clone(), *LIFETIMES.end()));
        let (tally, uses) = (Arc::<Tally>::default(), Arc::<Uses>::default());
        let buckets = Arc::new(MemoryBuckets::new(1000));
        let limits = Limits::new(buckets, clock.clone(), Arc::clone(&tally), limits);
        let counts = Arc::<CacheCounts>::default();
        let (audit, _) = AuditWriter::start(store.clone(), clock.clone(), entropy.clone());
        let cursors = Cursors::new(master.clone());
        let registry = RegistryParts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            mint: mint.clone(),
            limits: limits.clone(),
            audit: audit.clone(),
            feed: Arc::clone(&feed),
            idempotency: Idempotency::new(store.clone(), clock.clone(), entropy.clone(), master.clone()),
            cursors: cursors.clone(),
        };
        let (agents, credentials) = (AgentService::new(registry.clone()), CredentialService::new(registry));
        let tokens = TokenService::new(TokenParts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            master: master.clone(),
            pool,
            limits,
            keys: Arc::clone(&keys),
            feed: Arc::clone(&feed),
            caches: ClientCaches {
                at_hand: Arc::new(MemoryClientCache::new(1024 * 1024)),
                shared,
                counts: Arc::clone(&counts),
            },
            verified: Arc::new(MemoryVerifiedTokens::new(1024 * 1024)),
            audit: audit.clone(),
            tally: Arc::clone(&tally),
            uses: Arc::clone(&uses),
            settings: TokenSettings::new(
                ISSUER.to_owned(),
                DEFAULT_AUDIENCE.to_owned(),
                BTreeSet::from([RESOURCE.to_owned()]),
                std::time::Duration::from_secs(900),
            )
            .expect("settings"),
        });
        let bootstrap = BootstrapService::new(BootstrapParts {
            store: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            master,
            mint: mint.clone(),
        });
        let events = AuditService::new(store, cursors, audit.clone());
        let world = Self {
            place,
            clock,
            entropy,
            mint,
            keys,
            feed,
            tally,
            uses,
            counts,
            audit,
            agents,
            credentials,
            tokens,
            events,
            bootstrap,
        };
        world.read_feed().await;
        world
    }

    pub fn store(&self) -> &Watched<I> {
        &self.place.store
    }

    /// One reading of the change feed, as the job does each second.
    pub async fn read_feed(&self) {
        jobs::feed::read(self.store(), &self.feed, &self.keys, &self.clock).await.expect("the feed is read");
    }

    /// Writes changes as another node would.
    pub async fn change(&self, changes: &[ChangeKind]) -> Rev {
        let unit = self.store().begin().await.expect("a transaction");
        unit.commit_with_changes(changes, self.clock.now()).await.expect("a commit")
    }

    /// Registers an agent of the owner, with these capabilities, on behalf of an administrator who may do all.
    pub async fn agent(&self, owner: &str, capabilities: &[&str]) -> Registered {
        let admin = caller("operators", &agentidp::domain::policy::RESERVED);
        let new = NewAgent { owner: Some(Owner(owner.to_owned())), ..self.new_agent(capabilities) };
        let registered = register(&self.agents, &admin, new).await.expect("no fault").expect("registered");
        self.read_feed().await;
        registered
    }

    /// An agent to register, with an email that nobody has.
    pub fn new_agent(&self, capabilities: &[&str]) -> NewAgent {
        NewAgent {
            email: format!("agent-{}@example.com", self.entropy.uuid_v7(self.clock.now()).simple()),
            agent_type: "screener".to_owned(),
            version: "v1.4.2".to_owned(),
            capabilities: capabilities.iter().map(|name| Capability((*name).to_owned())).collect(),
            owner: None,
            deployment_env: DeploymentEnv::Production,
            metadata: None,
            valid_until: None,
        }
    }

    pub async fn authenticate(&self, client_id: &str, secret: &str) -> Answered<Client> {
        self.authenticate_from(&request(), client_id, secret).await
    }

    pub async fn authenticate_from(
        &self,
        request: &RequestContext,
        client_id: &str,
        secret: &str,
    ) -> Answered<Client> {
        let presented =
            PresentedClient { client_id, client_secret: secret, method: AuthMethod::ClientSecretBasic };
        self.tokens.authenticate_client(request, presented).await.expect("no fault")
    }

    pub async fn client(&self, registered: &Registered) -> Client {
        let client_id = registered.agent.id.to_string();
        self.authenticate(&client_id, registered.secret.expose()).await.expect("authenticates")
    }

    pub async fn ask(&self, client: &Client, scope: Option<&str>) -> Answered<IssuedToken> {
        let asked = TokenRequest {
            grant_type: Some("client_credentials".to_owned()),
            scope: scope.map(str::to_owned),
            resources: Vec::new(),
        };
        self.tokens.issue(&request(), client, asked).await.expect("no fault")
    }

    pub async fn token(&self, registered: &Registered, scope: Option<&str>) -> SecretText {
        let client = self.client(registered).await;
        self.ask(&client, scope).await.expect("a token").access_token
    }

    pub async fn bearer(&self, token: &str) -> Answered<Principal> {
        self.tokens.authenticate_bearer(&request(), token).await.expect("no fault")
    }

    /// Every event so far, oldest first, what was only counted included.
    pub async fn all_events(&self) -> Vec<Value> {
        jobs::tally::flush(&self.audit, &self.tally).await;
        let rows = self.store().audit_list(&AuditFilter::default(), None, 100_000).await.expect("events");
        let mut events: Vec<Value> =
            rows.iter().map(|row| serde_json::from_slice(&row.content).expect("JSON")).collect();
        events.sort_by_key(|event| event["time"].to_string());
        events
    }

    /// The events of one action.
    pub async fn events_of(&self, action: &str) -> Vec<Value> {
        let mut events = self.all_events().await;
        events.retain(|event| event["action"] == action);
        events
    }
}

pub fn request() -> RequestContext {
    request_from("192.0.2.10")
}

pub fn request_from(address: &str) -> RequestContext {
    RequestContext { request_id: "request-1".to_owned(), address: address.parse().ok() }
}

/// A principal whose token has this scope.
pub fn caller(owner: &str, scope: &[&str]) -> Principal {
    Principal {
        agent_id: AgentId(Uuid::from_u128(0xca11e4)),
        owner: Owner(owner.to_owned()),
        scope: scope.iter().map(|name| Capability((*name).to_owned())).collect(),
        credential_id: None,
        token_id: Uuid::nil(),
        rev: Rev(0),
        expires_at: DateTime::<Utc>::MAX_UTC,
    }
}

/// The claims of a token, unverified.
pub fn claims(token: &SecretText) -> Value {
    use base64::Engine;
    let payload = token.expose().split('.').nth(1).expect("a payload");
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).expect("base64url");
    serde_json::from_slice(&payload).expect("JSON")
}

/// The reason of a refusal.
pub fn why<T: std::fmt::Debug>(answered: Answered<T>) -> &'static str {
    answered.map(drop).map_err(|refusal: Refusal| refusal.reason()).expect_err("refused")
}

/// Registers an agent, without an idempotency key.
pub async fn register<S: agentidp::store::Store>(
    agents: &AgentService<S>,
    principal: &Principal,
    new: NewAgent,
) -> Result<Answered<Registered>, Fault> {
    let once = Once { key: None, answer: &|_: &Registered| Vec::new() };
    let answered = agents.register(&request(), principal, new, once).await?;
    Ok(answered.map(|created| match created {
        Created::New(registered) => registered,
        Created::Before(_) => panic!("there was no key to find an answer by"),
    }))
}
