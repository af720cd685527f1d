//! Puts the server together out of its settings: the only place that knows concrete types.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::api::cors::Cors;
use crate::api::layers::{Layers, wrap};
use crate::api::{Api, Services};
use crate::api::{metrics, serving};
use crate::cache::memory::{MemoryBuckets, MemoryClientCache, MemoryVerifiedTokens};
use crate::cache::redis::Redis;
use crate::cache::redis::clients::RedisClientCache;
use crate::cache::redis::limits::RedisBuckets;
use crate::cache::redis::wakeups;
use crate::clock::Clock;
use crate::config::{Config, Environment, MasterKeySource, SigningChoice, Unusable};
use crate::crypto::{CryptoFault, Entropy, HashPool, MasterKey, NoteSigner, NoteVerifier, SecretText};
use crate::domain::agents::{AgentId, AgentService};
use crate::domain::audit::configuring::configured_record;
use crate::domain::audit::log::{Integrator, LogFault, log_open};
use crate::domain::audit::proofs::LogService;
use crate::domain::audit::reopening::{Closed, Kept, kept_judge, log_get, reopen as log_reopen};
use crate::domain::audit::watching::TreeWatch;
use crate::domain::audit::{AuditService, AuditWriter};
use crate::domain::bootstrap::{self, BootstrapFault, BootstrapParts, BootstrapService};
use crate::domain::clients::{ClientCaches, LevelCount};
use crate::domain::clocks::{ClockWatch, offset, tolerance};
use crate::domain::credentials::{CredentialMint, CredentialService};
use crate::domain::feed::Feed;
use crate::domain::idempotency::Idempotency;
use crate::domain::keys::resealing::{self, Before, ResealFault, Resealing};
use crate::domain::keys::{
    KeyFault, KeyRing, KeySettings, KeyStanding, KeyWorkshop, Signing, SigningAlgorithm, StoredKey,
    Succession, canary_check,
};
use crate::domain::limits::{Buckets, LimitSettings, Limits};
use crate::domain::log::Checkpoint;
use crate::domain::pages::Cursors;
use crate::domain::registry::RegistryParts;
use crate::domain::tally::Tally;
use crate::domain::tokens::{LIFETIMES, TokenParts, TokenService, TokenSettings};
use crate::domain::uses::Uses;
use crate::jobs;
use crate::jobs::integrate::CheckpointFile;
use crate::measures::Figures;
use crate::store::sql::{self, Connections, Database, PoolSettings, Power, Replication};
use crate::store::{Store, StoreFault};

/// Bytes of client records that a node keeps at hand: about 1 KiB each, and so of more than a hundred thousand clients.
const CLIENTS_AT_HAND: u64 = 128 * 1024 * 1024;

/// Bytes of verified tokens that a node keeps at hand: about 1 KiB each.
const TOKENS_AT_HAND: u64 = 16 * 1024 * 1024;

/// Slow hashes that wait for a core at the most; more are answered 503.
const HASHES_WAITING: u32 = 64;

/// Slow hashes for one client or address at once: so many that two of them do not fill the queue.
const HASHES_AT_ONCE: u32 = HASHES_WAITING / 2;

/// Buckets of rate limits that a node keeps at hand: about 200 bytes each.
const BUCKETS_AT_HAND: u64 = 65_536;

/// How long a request waits for a connection to the database.
const CONNECTION_WITHIN: Duration = Duration::from_secs(3);

/// How long PostgreSQL works on a statement.
const STATEMENT_WITHIN: Duration = Duration::from_secs(3);

/// Connections for what a node cannot be without, whatever the requests take: the reading of the change feed, the writer of
/// events, what takes them into the tree, and whoever asks for the node's health.
const VITAL_CONNECTIONS: u32 = 4;

/// How long the work that runs by itself may take to end when the server stops.
const JOBS_WITHIN: Duration = Duration::from_secs(10);

/// How long the connections to the database may take to end.
const CLOSED_WITHIN: Duration = Duration::from_secs(3);

/// How long the last events may take to be written when the server stops.
const EVENTS_WITHIN: Duration = Duration::from_secs(5);

/// The address of the first operator.
const OPERATOR_EMAIL: &str = "operator@agentidp.local";

/// Why a command could not be done.
#[derive(Debug)]
pub enum Failure {
    /// Settings that cannot be used.
    Settings(Unusable),
    /// The database failed.
    Store(StoreFault),
    /// Tables that are not up to date.
    MigrationsPending(Vec<String>),
    /// The master key cannot be used.
    MasterKey(String),
    /// The keys cannot be used.
    Keys(KeyFault),
    /// The first operator could not be made.
    Bootstrap(BootstrapFault),
    /// The first operator exists.
    BootstrappedAlready,
    /// The database did not get another master key.
    Resealing(ResealFault),
    /// The audit log cannot go on.
    Log(LogFault),
    /// The audit log could not be verified, whatever its state; the text says why.
    Unverifiable(String),
    /// The audit log that is followed does what no log may.
    Alarm(String),
    /// So many things are wrong with the audit log; they have been printed.
    LogBroken(u64),
    /// The operating system refused.
    System(&'static str, io::Error),
    /// Something is wrong with the deployment; the findings have been printed.
    Unwell(usize),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(unusable) => unusable.fmt(f),
            Self::Store(fault) => fault.fmt(f),
            Self::MigrationsPending(names) => {
                write!(f, "the tables are not up to date ({}); run: agentidp migrate", names.join(", "))
            }
            Self::MasterKey(problem) => f.write_str(problem),
            Self::Keys(fault) => fault.fmt(f),
            Self::Bootstrap(fault) => fault.fmt(f),
            Self::BootstrappedAlready => f.write_str(
                "the first operator exists already; for a new credential of it run: agentidp bootstrap --recover",
            ),
            Self::Resealing(fault) => fault.fmt(f),
            Self::Log(fault) => fault.fmt(f),
            Self::Unverifiable(problem) | Self::Alarm(problem) => f.write_str(problem),
            Self::LogBroken(findings) => write!(f, "the audit log does not verify: {findings} finding(s)"),
            Self::System(what, error) => write!(f, "{what}: {error}"),
            Self::Unwell(findings) => write!(f, "{findings} thing(s) to mend"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<StoreFault> for Failure {
    fn from(fault: StoreFault) -> Self {
        Self::Store(fault)
    }
}

impl From<KeyFault> for Failure {
    fn from(fault: KeyFault) -> Self {
        Self::Keys(fault)
    }
}

impl From<LogFault> for Failure {
    fn from(fault: LogFault) -> Self {
        Self::Log(fault)
    }
}

impl From<ResealFault> for Failure {
    fn from(fault: ResealFault) -> Self {
        Self::Resealing(fault)
    }
}

impl From<BootstrapFault> for Failure {
    fn from(fault: BootstrapFault) -> Self {
        Self::Bootstrap(fault)
    }
}

/// The operator's credentials, at the one moment when the secret is known.
pub struct Operator {
    /// The client id.
    pub client_id: AgentId,
    /// The client secret: for standard output, never for the log.
    pub secret: SecretText,
    /// The operator that it took the place of, if that one could not be used any more.
    pub instead_of: Option<AgentId>,
}

impl Operator {
    fn new(operator: bootstrap::Operator, instead_of: Option<AgentId>) -> Self {
        Self { client_id: operator.client_id, secret: operator.client_secret, instead_of }
    }
}

/// Connects to the database, whatever the state of its tables; makes the file of SQLite if it is not there.
///
/// # Errors
/// When it does not answer.
pub async fn connect(config: &Config) -> Result<Database, Failure> {
    Ok(sql::connect(config.database_url.expose(), &pool_settings(config)).await?)
}

/// Connects to the database to look at it, and makes nothing. Nothing if it is a file that is not there.
///
/// # Errors
/// When it does not answer.
pub async fn connect_to_look(config: &Config) -> Result<Option<Database>, Failure> {
    if !sql::exists(config.database_url.expose())? {
        return Ok(None);
    }
    connect(config).await.map(Some)
}

/// The migrations that the database lacks: all of them, if it is a file that is not there, which is not made.
///
/// # Errors
/// When the database does not answer, or is a newer program's.
pub async fn pending_migrations(config: &Config) -> Result<Vec<String>, Failure> {
    let (database, pending) = looked_at(config).await?;
    if let Some(database) = database {
        database.close().await;
    }
    Ok(pending)
}

/// The database, if it is there, and the migrations that it lacks.
async fn looked_at(config: &Config) -> Result<(Option<Database>, Vec<String>), Failure> {
    let database = connect_to_look(config).await?;
    let pending = match &database {
        Some(database) => database.pending_migrations().await?,
        None => sql::all_migrations(config.database_url.expose())?,
    };
    Ok((database, pending))
}

/// How many client secrets were last used under another master key.
///
/// # Errors
/// When the database does not answer.
pub async fn outdated_secrets<S: Store>(store: &S, master: &MasterKey) -> Result<u64, StoreFault> {
    store.credential_count_outdated(master.verifier_key_version(), Clock::system().now()).await
}

fn pool_settings(config: &Config) -> PoolSettings {
    PoolSettings {
        max_connections: config.database_connections.saturating_sub(VITAL_CONNECTIONS).max(1),
        acquire_timeout: CONNECTION_WITHIN,
        statement_timeout: STATEMENT_WITHIN,
    }
}

/// What there is to say of a database's commits.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Replicated {
    /// What is as it should be.
    pub well: Vec<String>,
    /// What loses what was answered.
    pub wrong: Vec<String>,
}

/// Whether what was committed outlives the database's server.
///
/// # Errors
/// When the database does not say.
pub async fn replication(database: &Database) -> Result<Replicated, Failure> {
    Ok(database.replication().await?.map(replicated).unwrap_or_default())
}

fn replicated(Replication { follows, standbys, waits, durable }: Replication) -> Replicated {
    let mut told = Replicated::default();
    if follows {
        told.wrong.push(
            "PostgreSQL is a standby here, which may be behind, and no server works with it: DATABASE_URL must lead to the \
             primary"
                .to_owned(),
        );
    }
    if !durable {
        told.wrong.push(
            "PostgreSQL answers before a commit is on its disk (fsync, synchronous_commit): a crash loses what was \
             answered, events of the audit log among it"
                .to_owned(),
        );
    }
    if standbys > 0 && waits {
        told.well.push(format!("{standbys} standby(s), and a commit waits for them"));
    } else if standbys > 0 {
        told.wrong.push(format!(
            "{standbys} standby(s), and no commit waits for them (synchronous_standby_names, synchronous_commit): after a \
             failover the audit log may have gone back behind a checkpoint; see docs/audit.md"
        ));
    }
    told
}

/// How far this machine's clock is ahead of the database's; `None` where they are one.
///
/// # Errors
/// When the database does not answer.
pub async fn clock_offset<S: Store>(store: &S) -> Result<Option<TimeDelta>, StoreFault> {
    offset(store, &Clock::system()).await
}

/// Who the server is in the database, if it is somebody who could change what the audit log holds. The tables must be there.
///
/// # Errors
/// When the database does not say.
pub async fn powerful_role(database: &Database) -> Result<Option<&'static str>, Failure> {
    Ok(database.power().await?.and_then(|power| match power {
        Power::Superuser => Some("a superuser"),
        Power::Owner => Some("the owner of the tables"),
        Power::Changes => Some("a role that may change the audit log's tables"),
        Power::Little => None,
    }))
}

/// Work on a store of whichever kind.
pub trait OnStore {
    /// What comes of it.
    type Output;

    /// Does it.
    fn run<S: Store>(self, store: S) -> impl Future<Output = Self::Output>;
}

/// Does the work on the store of this database.
pub async fn on_store<W: OnStore>(database: &Database, work: W) -> W::Output {
    match database {
        Database::Postgres(store) => work.run(store.clone()).await,
        Database::Sqlite(store) => work.run(store.clone()).await,
    }
}

/// Connects to a database whose tables are up to date. Outside of production they are brought up to date first; in
/// production that is `agentidp migrate`'s to do, when an operator says so.
async fn connect_up_to_date(config: &Config) -> Result<Database, Failure> {
    // Looked at first: whoever serves need not be allowed to make tables.
    let (database, pending) = looked_at(config).await?;
    if config.environment == Environment::Production && !pending.is_empty() {
        return Err(Failure::MigrationsPending(pending));
    }
    let database = match database {
        Some(database) => database,
        None => connect(config).await?,
    };
    if !pending.is_empty() {
        database.migrate().await?;
    }
    Ok(database)
}

/// Reads the master key, or makes it where the settings say so and the database was never opened with another.
///
/// # Errors
/// When there is none, or it is not one.
pub async fn master_key<S: Store>(
    config: &Config,
    store: &S,
    entropy: &Entropy,
) -> Result<MasterKey, Failure> {
    if let MasterKeySource::Made(path) = &config.master_key
        && !path.exists()
        && store.key_canary_get().await?.is_some()
    {
        return Err(Failure::MasterKey(format!(
            "this database was opened with a master key before, and {} is not there; put it back, or set \
             AGENTIDP_MASTER_KEY. If it is lost: agentidp keys reseal --lost",
            path.display()
        )));
    }
    key_from(&config.master_key, entropy)
}

/// The key of a source; where the settings say so, it is made if it is not there.
fn key_from(source: &MasterKeySource, entropy: &Entropy) -> Result<MasterKey, Failure> {
    let text = match source {
        MasterKeySource::Given(text) => text.clone(),
        MasterKeySource::File(path) => read_key(path)?,
        MasterKeySource::Made(path) if path.exists() => read_key(path)?,
        MasterKeySource::Made(path) => make_key(path, entropy)?,
    };
    MasterKey::from_text(&text).map_err(|fault: CryptoFault| Failure::MasterKey(fault.to_string()))
}

fn read_key(path: &Path) -> Result<SecretText, Failure> {
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::MasterKey(format!("the master key cannot be read from {}: {error}", path.display()))
    })?;
    Ok(SecretText::new(text.trim().to_owned()))
}

fn make_key(path: &Path, entropy: &Entropy) -> Result<SecretText, Failure> {
    let failed = |error: io::Error| {
        Failure::MasterKey(format!("the master key cannot be kept in {}: {error}", path.display()))
    };
    let key = MasterKey::generate(entropy);
    // `create_new`: of two processes that start together one makes the key, and the other is told to start again.
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(failed)?;
    writeln!(file, "{}", key.expose()).map_err(failed)?;
    file.sync_all().map_err(failed)?;
    tracing::info!(file = %path.display(), "a master key was made; keep it safe, the database is nothing without it");
    Ok(key)
}

/// Creates the first operator, or with `recover` issues a new credential to it, or to another one if that cannot be used.
///
/// # Errors
/// When it exists already, or with `recover` when it does not.
pub async fn bootstrap(config: &Config, recover: bool) -> Result<Operator, Failure> {
    let database = connect_up_to_date(config).await?;
    let made = match &database {
        Database::Postgres(store) => bootstrap_on(config, store.clone(), recover).await,
        Database::Sqlite(store) => bootstrap_on(config, store.clone(), recover).await,
    };
    database.close().await;
    made?.ok_or(Failure::BootstrappedAlready)
}

async fn bootstrap_on<S: Store>(
    config: &Config,
    store: S,
    recover: bool,
) -> Result<Option<Operator>, Failure> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let master = master_key(config, &store, &entropy).await?;
    let mint = CredentialMint::new(master.clone(), HashPool::new(1, 1), entropy.clone());
    let service = BootstrapService::new(BootstrapParts { store, clock, entropy, master, mint });
    if recover {
        let recovered = service.recover(OPERATOR_EMAIL).await?;
        return Ok(Some(Operator::new(recovered.operator, recovered.instead_of)));
    }
    Ok(service.bootstrap(OPERATOR_EMAIL).await?.map(|operator| Operator::new(operator, None)))
}

/// What the settings say of signing, in the domain's terms.
pub fn key_settings(config: &Config) -> KeySettings {
    let signing = match &config.signing {
        SigningChoice::KeyPair(name) => {
            Signing::Asymmetric(SigningAlgorithm::from_name(name).unwrap_or(SigningAlgorithm::Es256))
        }
        SigningChoice::Shared(secret) => Signing::SharedSecret(secret.clone()),
    };
    KeySettings { signing, issuer: config.issuer.clone(), jwks_max_age: config.jwks_max_age }
}

/// The signing keys that there are, of whichever algorithm, and where they stand.
///
/// # Errors
/// When the database does not answer.
pub async fn keys(config: &Config) -> Result<Vec<(StoredKey, KeyStanding)>, Failure> {
    let database = connect_up_to_date(config).await?;
    let listed = on_store(&database, KeysList).await;
    database.close().await;
    Ok(listed?.into_iter().map(standing).collect())
}

fn standing(key: StoredKey) -> (StoredKey, KeyStanding) {
    let standing = key.standing(Clock::system().now());
    (key, standing)
}

struct KeysList;

impl OnStore for KeysList {
    type Output = Result<Vec<StoredKey>, StoreFault>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        store.key_list().await
    }
}

/// Makes the next signing key. `None` if another node did at the same time.
///
/// # Errors
/// When tokens are signed with a shared secret, or the keys cannot be used.
pub async fn keys_rotate(
    config: &Config,
    succession: Succession,
) -> Result<Option<(StoredKey, KeyStanding)>, Failure> {
    let Signing::Asymmetric(algorithm) = key_settings(config).signing else {
        return Err(KeyFault::SharedSecret.into());
    };
    let database = connect_up_to_date(config).await?;
    let rotated = on_store(&database, KeysRotate { config, algorithm, succession }).await;
    database.close().await;
    Ok(rotated?.map(standing))
}

struct KeysRotate<'c> {
    config: &'c Config,
    algorithm: SigningAlgorithm,
    succession: Succession,
}

impl OnStore for KeysRotate<'_> {
    type Output = Result<Option<StoredKey>, Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let master = master_key(self.config, &store, &entropy).await?;
        canary_check(&store, &master, &entropy).await?;
        let redis = redis(self.config, &store).await?;
        let workshop = KeyWorkshop {
            store: &store,
            algorithm: self.algorithm,
            master: &master,
            clock: &clock,
            entropy: &entropy,
            jwks_max_age: self.config.jwks_max_age,
        };
        let rotated = workshop.rotate(self.succession).await?;
        if let (Some(_), Some(redis)) = (&rotated, redis) {
            redis.reach().await;
            wakeups::tell_once(&redis).await;
        }
        Ok(rotated)
    }
}

/// What became of the master key until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OldMasterKey {
    /// The settings have it.
    Known,
    /// Nobody has it.
    Lost,
    /// Others have it.
    Leaked,
}

/// What came of sealing the database anew.
pub struct Resealed {
    /// What was done.
    pub done: resealing::Resealed,
    /// The log that goes on by another name, if its key was given up.
    pub log: Option<Reopened>,
}

/// Makes the master key of the settings the database's.
///
/// # Errors
/// When that cannot be done; nothing is written to the database then, unless only the new checkpoint could not be kept.
pub async fn keys_reseal(config: &Config, old: OldMasterKey) -> Result<Resealed, Failure> {
    let needed = || {
        Failure::Settings(Unusable(vec![
            "AGENTIDP_OLD_MASTER_KEY (or AGENTIDP_OLD_MASTER_KEY_FILE) must be set to the master key until now; if it is lost: \
             agentidp keys reseal --lost"
                .to_owned(),
        ]))
    };
    let before = match (old, &config.old_master_key) {
        (OldMasterKey::Known, None) => return Err(needed()),
        (OldMasterKey::Known, Some(source)) => Some(key_from(source, &Entropy::system())?),
        (OldMasterKey::Lost | OldMasterKey::Leaked, _) => None,
    };
    let database = connect_up_to_date(config).await?;
    let resealed = on_store(&database, KeysReseal { config, old, before }).await;
    database.close().await;
    resealed
}

struct KeysReseal<'c> {
    config: &'c Config,
    old: OldMasterKey,
    before: Option<MasterKey>,
}

impl OnStore for KeysReseal<'_> {
    type Output = Result<Resealed, Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        let Self { config, old, before } = self;
        let (clock, entropy) = (Clock::system(), Entropy::system());
        let before = match (&before, old) {
            (Some(key), _) => Before::Known(key),
            (None, OldMasterKey::Leaked) => Before::Leaked,
            (None, _) => Before::Lost,
        };
        let file = checkpoint_file(config);
        let kept = match before {
            Before::Known(_) => None,
            Before::Lost | Before::Leaked => kept_of_log(&store, file.as_ref()).await?,
        };
        let master = key_from(&config.master_key, &entropy)?;
        let algorithm = match key_settings(config).signing {
            Signing::Asymmetric(algorithm) => Some(algorithm),
            Signing::SharedSecret(_) => None,
        };
        let resealing = Resealing {
            store: &store,
            master: &master,
            algorithm,
            kept: kept.clone(),
            clock: &clock,
            entropy: &entropy,
            jwks_max_age: config.jwks_max_age,
        };
        let mut done = resealing.run(before).await?;
        let log = match done.log.take() {
            Some(closed) => Some(reopened(&store, clock, closed, file, kept).await?),
            None => None,
        };
        Ok(Resealed { done, log })
    }
}

/// Serves until SIGTERM or SIGINT. `announce` is told the issuer, the address, and the first operator if one was just
/// made.
///
/// # Errors
/// When the server cannot start.
pub async fn serve(
    config: Config,
    announce: impl FnOnce(&str, &str, Option<Operator>),
) -> Result<(), Failure> {
    // Signals are taken from here on, so that one during the start is not lost.
    let stop = stop_signal()?;
    let address = SocketAddr::new(config.bind, config.port);
    let listener = TcpListener::bind(address).await.map_err(|error| {
        Failure::System("the server cannot listen on its address (AGENTIDP_BIND, PORT)", error)
    })?;
    let database = connect_up_to_date(&config).await?;
    match &database {
        Database::Postgres(store) => {
            let vital = store.apart(VITAL_CONNECTIONS).await?;
            let (of_requests, of_node) = (store.clone(), vital.clone());
            let pools =
                move || vec![("requests", of_requests.connections()), ("node", of_node.connections())];
            let stores = (store.clone(), vital.clone(), pools);
            let served = serve_on(&config, stores, listener, stop, announce).await;
            in_time(CLOSED_WITHIN, vital.close(), "connections to the database did not end").await;
            in_time(CLOSED_WITHIN, database.close(), "connections to the database did not end").await;
            served
        }
        Database::Sqlite(store) => {
            let writer = store.clone();
            let stores = (store.clone(), store.clone(), move || vec![("writer", writer.connections())]);
            let served = serve_on(&config, stores, listener, stop, announce).await;
            database.close().await;
            served
        }
    }
}

/// Waits for what ends a server, and no longer than so long.
async fn in_time(bound: Duration, end: impl Future<Output = ()>, otherwise: &'static str) {
    if tokio::time::timeout(bound, end).await.is_err() {
        tracing::warn!("{otherwise}");
    }
}

async fn serve_on<S: Store>(
    config: &Config,
    // The database to requests, and to what a node cannot be without; and how both use their connections.
    (store, vital, pools): (S, S, impl Fn() -> Vec<(&'static str, Connections)> + Send + Sync + 'static),
    listener: TcpListener,
    stop: impl Future<Output = ()>,
    announce: impl FnOnce(&str, &str, Option<Operator>),
) -> Result<(), Failure> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let master = master_key(config, &store, &entropy).await?;
    let keys = Arc::new(KeyRing::open(&store, key_settings(config), &master, &clock, &entropy).await?);
    let feed = Arc::new(Feed::new(clock.clone(), *LIFETIMES.end()));
    jobs::feed::read(&store, &feed, &keys, &clock).await?;

    let mut integrator = integrator(config, &vital, &master, &clock, &entropy).await?;
    // From its first answer on the log has a checkpoint. What keeps it from one keeps the server from nothing else.
    if let Err(fault) = integrator.sign().await {
        tracing::error!(%fault, "the audit log was not signed");
    }
    if configured_record(&vital, config.audited(), &clock, &entropy).await? {
        tracing::info!("the audit log has these settings now; before, it had none or other ones");
    }
    let (audit_writer, audit_task) = AuditWriter::start(vital.clone(), clock.clone(), entropy.clone());
    let cursors = Cursors::new(master.clone());
    let events = AuditService::new(store.clone(), cursors.clone(), audit_writer.clone());
    let log = LogService::new(store.clone(), integrator.verifier().clone(), events.clone());
    let (tally, uses) = (Arc::new(Tally::default()), Arc::new(Uses::default()));
    let (halt, halted) = watch::channel(false);
    let mut background = JoinSet::new();
    background.spawn(jobs::feed::run(
        vital.clone(),
        Arc::clone(&feed),
        Arc::clone(&keys),
        clock.clone(),
        halted.clone(),
    ));
    background.spawn(jobs::expiry::run(
        store.clone(),
        Arc::clone(&feed),
        clock.clone(),
        entropy.clone(),
        halted.clone(),
    ));
    background.spawn(jobs::partitions::run(store.clone(), halted.clone()));
    let clock_watch = Arc::new(ClockWatch::default());
    background.spawn(jobs::clocks::run(
        store.clone(),
        Arc::clone(&clock_watch),
        tolerance(config.jwks_max_age),
        clock.clone(),
        halted.clone(),
    ));
    if let Signing::Asymmetric(algorithm) = key_settings(config).signing {
        let schedule = jobs::keys::Schedule { age: config.key_rotation, jwks_max_age: config.jwks_max_age };
        background.spawn(jobs::keys::run(
            store.clone(),
            algorithm,
            schedule,
            master.clone(),
            clock.clone(),
            entropy.clone(),
            halted.clone(),
        ));
    }
    background.spawn(jobs::retention::run(
        store.clone(),
        config.audit_retention_days,
        clock.clone(),
        entropy.clone(),
        halted.clone(),
    ));
    background.spawn(jobs::idempotency::run(store.clone(), clock.clone(), halted.clone()));
    background.spawn(jobs::uses::run(store.clone(), Arc::clone(&uses), clock.clone(), halted.clone()));
    let checkpoint_file = checkpoint_file(config);
    let tree = Arc::new(TreeWatch::new(clock.clone()));
    background.spawn(jobs::integrate::run(integrator, checkpoint_file, Arc::clone(&tree), halted.clone()));
    background.spawn(jobs::tally::run(audit_writer.clone(), Arc::clone(&tally), halted.clone()));

    let mut caches = ClientCaches {
        at_hand: Arc::new(MemoryClientCache::new(CLIENTS_AT_HAND)),
        shared: None,
        counts: Arc::default(),
    };
    background.spawn(jobs::cache::run(Arc::clone(&caches.counts), halted.clone()));
    let buckets = MemoryBuckets::new(BUCKETS_AT_HAND);
    let buckets: Arc<dyn Buckets> = if let Some(redis) = redis(config, &store).await? {
        redis.reach().await;
        let (shared, outbox) = RedisClientCache::new(redis.clone(), master.clone(), entropy.clone());
        background.spawn(redis.clone().run(halted.clone()));
        background.spawn(wakeups::run(redis.clone(), Arc::clone(&feed), halted.clone()));
        background.spawn(outbox.run(halted));
        caches.shared = Some(Arc::new(shared));
        Arc::new(RedisBuckets::new(redis, buckets))
    } else {
        Arc::new(buckets)
    };

    let limits = LimitSettings::new(
        config.client_limit,
        config.address_limit,
        (config.hash_limit, HASHES_AT_ONCE.min(config.hash_limit)),
    );
    let limits = Limits::new(buckets, clock.clone(), Arc::clone(&tally), limits);
    let newcomer = store.clone();
    let parts = Parts {
        store,
        vital,
        clock,
        entropy,
        master,
        keys,
        feed,
        caches,
        tally,
        uses,
        audit_writer,
        limits: limits.clone(),
        events,
        cursors,
        log,
        tree,
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    // One core is left to those who wait for no hash.
    let pool = HashPool::new(cores - 1, HASHES_WAITING as usize);
    let services = services(config, parts, pool.clone())?;
    let room = Arc::new(Semaphore::new(config.concurrent_requests));
    let look = look(config, &services, &room, pool, clock_watch, pools);
    let stop = stop_with_notice(stop, Arc::clone(&services.stopping), config.shutdown_notice);
    let layers = Layers {
        clock: Clock::system(),
        entropy: Entropy::system(),
        https: config.issuer_is_https(),
        timeout: config.request_timeout,
        room,
        proxies: config.trusted_proxies.clone(),
        limits,
        cors: Cors::new(config.cors_origins.clone()),
    };
    let router = wrap(generated::server::router(Api::new(services)), layers);

    let metrics_listener = match config.metrics_address {
        Some(address) => Some(TcpListener::bind(address).await.map_err(|error| {
            Failure::System("the server cannot listen on AGENTIDP_METRICS_ADDRESS", error)
        })?),
        None => None,
    };
    let address =
        listener.local_addr().map_err(|error| Failure::System("the address is not known", error))?;
    tracing::info!(%address, issuer = config.issuer, "listening");
    // Only a developer gets an operator without asking; elsewhere `agentidp bootstrap` makes it. It comes last: its secret is
    // told once, and whatever failed between its making and its telling would lose it.
    let operator = match config.environment {
        Environment::Development => bootstrap_on(config, newcomer, false).await?,
        Environment::Test | Environment::Production => None,
    };
    announce(&config.issuer, &format!("http://{address}"), operator);
    if let Some(listener) = metrics_listener {
        let halted = halt.subscribe();
        background.spawn(async move {
            let mut halted = halted;
            let stop = async { drop(halted.wait_for(|stop| *stop).await) };
            serving::serve(listener, metrics::router(look), stop, Duration::ZERO).await;
        });
    }
    serving::serve(listener, router, stop, config.shutdown).await;

    tracing::info!("stopping");
    let _ = halt.send(true);
    let ended = async { while background.join_next().await.is_some() {} };
    in_time(JOBS_WITHIN, ended, "work that runs by itself did not end, and is cut off").await;
    background.abort_all();
    // With the router and the jobs the last writers of events are gone, so this ends when all of them are written. A
    // connection that outlives its time to drain would keep one.
    let ended = async { drop(audit_task.await) };
    in_time(
        EVENTS_WITHIN,
        ended,
        "the writer of events did not end, for a connection that outlived its time or a \
         database that does not answer",
    )
    .await;
    tracing::info!("stopped");
    Ok(())
}

fn checkpoint_file(config: &Config) -> Option<CheckpointFile> {
    config.audit_checkpoint_file.clone().map(CheckpointFile::new)
}

/// What takes events into the tree, if the log continues the checkpoints that are known of it.
async fn integrator<S: Store>(
    config: &Config,
    store: &S,
    master: &MasterKey,
    clock: &Clock,
    entropy: &Entropy,
) -> Result<Integrator<S>, Failure> {
    let signer = log_open(store, &config.audit_origin, master, clock, entropy).await?;
    let origin = signer.verifier().name();
    if origin != config.audit_origin {
        tracing::warn!(origin, "the audit log keeps the name that it has");
    }
    let mut kept = None;
    if let Some(file) = checkpoint_file(config) {
        kept = match kept_in(&file, store, signer.verifier()).await? {
            Some(Kept::Current(checkpoint)) => Some(checkpoint),
            Some(Kept::Closed { checkpoint, is_signed: false, .. }) => {
                return Err(LogFault::Closing(checkpoint.origin).into());
            }
            Some(Kept::Closed { checkpoint, closed, is_signed: true }) => {
                let beside = set_aside(&file, &checkpoint).await?;
                tracing::warn!(
                    kept = checkpoint.size,
                    closed_at = closed.checkpoint.size,
                    file = %beside.display(),
                    "the kept checkpoint is of the audit log that this one goes on from; it was moved aside"
                );
                None
            }
            None => None,
        };
    }
    Ok(Integrator::open(store.clone(), clock.clone(), signer, kept).await?)
}

/// A log that goes on by another name.
#[derive(Debug)]
pub struct Reopened {
    /// The last that is known of the old one.
    pub closed: Closed,
    /// The name of the new one.
    pub origin: String,
    /// The key of the new one.
    pub verifier: String,
    /// Where the file is that kept the old one's checkpoint, if there was one.
    pub old_file: Option<PathBuf>,
}

/// Closes the audit log and goes on by the name `origin`, if it does not continue the checkpoint of one of these notes, each
/// with its place, the one in the checkpoint file, or the last one of the database; the first checkpoint of the new one is
/// signed and kept. If one of them is of a log that was closed before, what its closing left undone is done.
///
/// # Errors
/// When that cannot be done; nothing is written then.
pub async fn reopen<S: Store>(
    config: &Config,
    store: &S,
    notes: Vec<(String, String)>,
    origin: &str,
) -> Result<Option<Reopened>, Failure> {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let master = master_key(config, store, &entropy).await?;
    canary_check(store, &master, &entropy).await?;
    let file = checkpoint_file(config);
    let (mut known, mut closed_before, mut in_file) = (Vec::new(), None, None);
    if let Some((_, verifier)) = log_get(store).await? {
        let mut kept = Vec::new();
        for (place, note) in notes {
            let judged = kept_judge(store, &verifier, &note).await?;
            kept.push(judged.map_err(|flaw| Failure::Unverifiable(format!("{place}: {flaw}")))?);
        }
        if let Some(file) = &file
            && let Some(judged) = kept_in(file, store, &verifier).await?
        {
            let (Kept::Current(checkpoint) | Kept::Closed { checkpoint, .. }) = &judged;
            in_file = Some(checkpoint.clone());
            kept.push(judged);
        }
        for one in kept {
            match one {
                Kept::Current(checkpoint) => known.push(checkpoint),
                Kept::Closed { closed, .. } => closed_before = Some(closed),
            }
        }
    }
    let (closed, signer) =
        match (log_reopen(store, known, origin, &master, &clock, &entropy).await?, closed_before) {
            (Some(reopened), _) => reopened,
            (None, Some(closed)) => (closed, log_open(store, origin, &master, &clock, &entropy).await?),
            (None, None) => return Ok(None),
        };
    Ok(Some(reopened(store, clock, (closed, signer), file, in_file).await?))
}

/// The checkpoint in the file, if it is one of the log that the database has.
async fn kept_of_log<S: Store>(
    store: &S,
    file: Option<&CheckpointFile>,
) -> Result<Option<Checkpoint>, Failure> {
    let (Some(file), Some((_, verifier))) = (file, log_get(store).await?) else { return Ok(None) };
    match kept_in(file, store, &verifier).await? {
        Some(Kept::Current(checkpoint)) => Ok(Some(checkpoint)),
        Some(Kept::Closed { .. }) | None => Ok(None),
    }
}

/// Signs the first checkpoint of a log that goes on by another name, and keeps it in the file, which had this one of the log
/// that was closed.
async fn reopened<S: Store>(
    store: &S,
    clock: Clock,
    (closed, signer): (Closed, NoteSigner),
    file: Option<CheckpointFile>,
    old: Option<Checkpoint>,
) -> Result<Reopened, Failure> {
    let (origin, verifier) = (signer.verifier().name().to_owned(), signer.verifier().to_string());
    let old_file = match (&file, old) {
        (Some(file), Some(old)) if old.origin != origin => Some(set_aside(file, &old).await?),
        _ => None,
    };
    fault_point!("reopen.aside");
    let mut integrator = Integrator::open(store.clone(), clock, signer, None).await?;
    integrator.sign().await?;
    if let (Some(file), Some((_, note))) = (file, integrator.kept()?) {
        file.write(note).await.map_err(unwritten)?;
    }
    Ok(Reopened { closed, origin, verifier, old_file })
}

/// What the checkpoint file keeps, and of which log.
async fn kept_in<S: Store>(
    file: &CheckpointFile,
    store: &S,
    verifier: &NoteVerifier,
) -> Result<Option<Kept>, Failure> {
    let unread =
        |error| Failure::System("the kept checkpoint cannot be read (AGENTIDP_AUDIT_CHECKPOINT_FILE)", error);
    let Some(note) = file.read().await.map_err(unread)? else { return Ok(None) };
    let judged = kept_judge(store, verifier, &note).await?;
    judged.map(Some).map_err(|flaw| unread(io::Error::new(io::ErrorKind::InvalidData, flaw)))
}

async fn set_aside(file: &CheckpointFile, closed: &Checkpoint) -> Result<PathBuf, Failure> {
    file.set_aside(closed).await.map_err(unwritten)
}

fn unwritten(error: io::Error) -> Failure {
    Failure::System("the checkpoint file cannot be written", error)
}

struct Parts<S> {
    store: S,
    vital: S,
    clock: Clock,
    entropy: Entropy,
    master: MasterKey,
    keys: Arc<KeyRing>,
    feed: Arc<Feed>,
    caches: ClientCaches,
    tally: Arc<Tally>,
    uses: Arc<Uses>,
    audit_writer: AuditWriter,
    limits: Limits,
    cursors: Cursors,
    events: AuditService<S>,
    log: LogService<S>,
    tree: Arc<TreeWatch>,
}

/// The Redis of the settings, in the part of it that is this database's: its canary is like no other.
async fn redis<S: Store>(config: &Config, store: &S) -> Result<Option<Redis>, Failure> {
    let Some(url) = &config.redis_url else { return Ok(None) };
    let database = store.key_canary_get().await?.unwrap_or_default();
    let redis = Redis::new(url, &config.redis_prefix, &database);
    redis.map(Some).map_err(|problem| Failure::Settings(Unusable(vec![format!("REDIS_URL {problem}")])))
}

/// Looks at what is looked at when somebody asks for the figures.
fn look<S: Store>(
    config: &Config,
    services: &Services<S>,
    room: &Arc<Semaphore>,
    pool: HashPool,
    clock_watch: Arc<ClockWatch>,
    pools: impl Fn() -> Vec<(&'static str, Connections)> + Send + Sync + 'static,
) -> impl Fn() -> Figures + Send + Sync + 'static {
    let (keys, feed, room) = (Arc::clone(&services.keys), Arc::clone(&services.feed), Arc::clone(room));
    let (audit_writer, counts, has_redis) =
        (services.audit_writer.watcher(), Arc::clone(&services.counts), services.shared.is_some());
    let most = config.concurrent_requests;
    move || {
        let level = |name, count: &LevelCount| {
            let rate = count.so_far();
            (name, [rate.hits, rate.misses, rate.away])
        };
        let mut cache = vec![level("memory", &counts.at_hand)];
        if has_redis {
            cache.push(level("redis", &counts.shared));
        }
        let connections =
            pools().into_iter().map(|(name, used)| (name, [used.in_use, used.idle, used.limit]));
        Figures {
            cache,
            hashes_in_work: pool.in_work() as u64,
            events_waiting: audit_writer.waiting() as u64,
            connections: connections.collect(),
            signing_key_age: keys.age_in_force(),
            change_feed_age: feed.age(),
            clock_offset: clock_watch.offset(),
            requests_in_work: most.saturating_sub(room.available_permits()) as u64,
        }
    }
}

fn services<S: Store>(config: &Config, parts: Parts<S>, pool: HashPool) -> Result<Services<S>, Failure> {
    let Parts {
        store,
        vital,
        clock,
        entropy,
        master,
        keys,
        feed,
        caches,
        tally,
        uses,
        audit_writer,
        limits,
        cursors,
        log,
        events,
        tree,
    } = parts;
    let settings = TokenSettings::new(
        config.issuer.clone(),
        config.default_audience.clone(),
        config.allowed_resources.iter().cloned().collect(),
        config.token_lifetime,
    )
    .map_err(|problem| Failure::Settings(Unusable(vec![problem.to_owned()])))?;
    let mint = CredentialMint::new(master.clone(), pool.clone(), entropy.clone());
    let idempotency = Idempotency::new(store.clone(), clock.clone(), entropy.clone(), master.clone());
    let registry = RegistryParts {
        store: store.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        mint,
        limits: limits.clone(),
        audit: audit_writer.clone(),
        feed: Arc::clone(&feed),
        idempotency,
        cursors,
    };
    let (agents, credentials) = (AgentService::new(registry.clone()), CredentialService::new(registry));
    let (shared, counts) = (caches.shared.clone(), Arc::clone(&caches.counts));
    let tokens = TokenService::new(TokenParts {
        store: store.clone(),
        clock,
        entropy,
        master,
        pool,
        limits: limits.clone(),
        keys: Arc::clone(&keys),
        feed: Arc::clone(&feed),
        caches,
        verified: Arc::new(MemoryVerifiedTokens::new(TOKENS_AT_HAND)),
        audit: audit_writer.clone(),
        tally,
        uses,
        settings,
    });
    Ok(Services {
        agents,
        credentials,
        tokens,
        limits,
        audit: events,
        log,
        tree,
        audit_public: config.audit_public,
        audit_writer,
        keys,
        feed,
        store: vital,
        shared,
        counts,
        stopping: Arc::default(),
        issuer: config.issuer.clone(),
        jwks_max_age: config.jwks_max_age,
    })
}

/// Done when the server is to take no more connections: so long after the signal that those who distribute requests have
/// seen that it is about to stop.
async fn stop_with_notice(stop: impl Future<Output = ()>, stopping: Arc<AtomicBool>, notice: Duration) {
    stop.await;
    stopping.store(true, Ordering::Release);
    if !notice.is_zero() {
        tracing::info!(seconds = notice.as_secs(), "about to stop; not ready any more");
        tokio::time::sleep(notice).await;
    }
}

fn stop_signal() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |error| Failure::System("signals cannot be listened for", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standby_that_no_commit_waits_for_is_wrong() {
        let told =
            |standbys, waits, durable| replicated(Replication { follows: false, standbys, waits, durable });
        let itself = replicated(Replication { follows: true, standbys: 0, waits: false, durable: true });
        assert!(itself.wrong[0].contains("is a standby here"));
        assert_eq!(told(0, false, true), Replicated::default());
        assert_eq!((told(2, true, true).well.len(), told(2, true, true).wrong.len()), (1, 0));
        assert!(told(1, false, true).wrong[0].contains("no commit waits"));
        assert!(told(0, false, false).wrong[0].contains("before a commit is on its disk"));
        assert_eq!(told(1, false, false).wrong.len(), 2);
    }
}
