//! Every setting, typed, with its default and unit. Nothing else reads the environment.
//!
//! A setting is an environment variable. An empty value counts as absent. What cannot be read, and what is unsafe in
//! production, is reported all at once, each by name, and never with the value of a secret.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU32;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ipnet::IpNet;
use serde_json::{Map, Value, json};

use crate::crypto::SecretText;

/// A setting as people see it.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    /// The environment variable.
    pub name: &'static str,
    /// Its default, in words.
    pub default: &'static str,
    /// What it does, and its unit and bounds.
    pub about: &'static str,
}

const fn setting(name: &'static str, default: &'static str, about: &'static str) -> Setting {
    Setting { name, default, about }
}

/// Every setting; `agentidp --help` and `.env.example` are held to this table.
pub const SETTINGS: &[Setting] = &[
    setting(
        "AGENTIDP_ENV",
        "development",
        "development, test or production; production refuses unsafe settings",
    ),
    setting("PORT", "3000", "the TCP port to listen on, 1-65535"),
    setting("AGENTIDP_BIND", "127.0.0.1, in production 0.0.0.0", "the IP address to listen on"),
    setting(
        "DATABASE_URL",
        "sqlite://agentidp.db, in production none",
        "sqlite://FILE or postgresql://USER:PASSWORD@HOST:PORT/DATABASE",
    ),
    setting(
        "AGENTIDP_DATABASE_PLAINTEXT",
        "false",
        "true allows production a PostgreSQL at another host without TLS, where nobody else is on the network between",
    ),
    setting("AGENTIDP_DATABASE_CONNECTIONS", "14", "connections to the database at the most, 6-1000"),
    setting(
        "REDIS_URL",
        "none",
        "redis://USER:PASSWORD@HOST:PORT/NUMBER, or rediss:// for TLS: what nodes share; all works without it",
    ),
    setting(
        "AGENTIDP_REDIS_PREFIX",
        "agentidp",
        "what the names of this deployment's keys in Redis begin with, at most 64 letters, digits, - and _",
    ),
    setting(
        "AGENTIDP_MASTER_KEY",
        "in development made and kept in agentidp.master-key",
        "32 random bytes in base64url without padding; protects signing keys and client secrets",
    ),
    setting(
        "AGENTIDP_MASTER_KEY_FILE",
        "none",
        "a file with the master key, instead of AGENTIDP_MASTER_KEY; not for everybody on the machine to read",
    ),
    setting("AGENTIDP_OLD_MASTER_KEY", "none", "the master key until now, for agentidp keys reseal alone"),
    setting("AGENTIDP_OLD_MASTER_KEY_FILE", "none", "a file with it, instead of AGENTIDP_OLD_MASTER_KEY"),
    setting(
        "JWT_ISSUER",
        "http://localhost:PORT, in production none",
        "this server's URL as its clients know it, without a slash at the end; https in production",
    ),
    setting(
        "JWT_AUDIENCE",
        "ISSUER/resources/default",
        "the audience of tokens for which no resource was asked",
    ),
    setting("JWT_ALGORITHM", "ES256", "ES256, EdDSA or RS256; HS256 for development with a single verifier"),
    setting("JWT_SECRET", "none", "the key of HS256, at least 32 bytes; nothing else uses it"),
    setting("AGENTIDP_TOKEN_LIFETIME_SECONDS", "900", "how long a token lives, in seconds, 60-86400"),
    setting(
        "AGENTIDP_ALLOWED_RESOURCES",
        "none",
        "absolute URIs, separated by commas, that clients may name as `resource` (RFC 8707)",
    ),
    setting(
        "AGENTIDP_JWKS_MAX_AGE_SECONDS",
        "300",
        "how long verifiers may cache the JWKS, in seconds, 1-86400",
    ),
    setting(
        "AGENTIDP_KEY_ROTATION_DAYS",
        "90",
        "for how many days a signing key signs before the next one does, 0-3650; 0 leaves it to agentidp keys rotate",
    ),
    setting(
        "AGENTIDP_AUDIT_ORIGIN",
        "ISSUER without its scheme, and /audit",
        "the name that a new audit log gets, and its checkpoints carry, 1-255 characters; a log keeps its name",
    ),
    setting(
        "AGENTIDP_AUDIT_CHECKPOINT_FILE",
        "none",
        "a file that keeps the audit log's last checkpoint, best not on the database's disk; a log that is behind it \
         is not added to",
    ),
    setting(
        "AGENTIDP_AUDIT_RETENTION_DAYS",
        "90",
        "how long what audit events say is kept, in days, 0-36500; it is removed a week later, and its hashes stay; 0 keeps \
         all",
    ),
    setting(
        "AGENTIDP_AUDIT_PUBLIC",
        "false",
        "true opens the audit log's checkpoint, hash tiles and consistency proofs to everybody; events stay closed",
    ),
    setting("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "10", "how long a request may take, in seconds, 1-300"),
    setting(
        "AGENTIDP_CONCURRENT_REQUESTS",
        "1024",
        "requests in work at once; more are answered 503, 1-65536",
    ),
    setting(
        "AGENTIDP_CLIENT_LIMIT_PER_MINUTE",
        "60000",
        "requests a minute of one agent that proves itself, 0-6000000; 0 sets no limit",
    ),
    setting(
        "AGENTIDP_CLIENT_LIMIT_BURST",
        "10000",
        "requests of one agent at once, before that rate counts, 0-1000000; 0 sets no limit",
    ),
    setting(
        "AGENTIDP_ADDRESS_LIMIT_PER_MINUTE",
        "3000",
        "requests a minute that prove nothing, from one address (IPv6: one /64), 0-6000000; 0 sets no limit",
    ),
    setting(
        "AGENTIDP_ADDRESS_LIMIT_BURST",
        "1000",
        "requests that prove nothing, from one address at once, 0-1000000; 0 sets no limit",
    ),
    setting(
        "AGENTIDP_HASH_LIMIT_PER_MINUTE",
        "600",
        "new secrets a minute that one agent makes, and old ones that one address has checked slowly, 0-6000000; 0 sets \
         no limit",
    ),
    setting(
        "AGENTIDP_TRUSTED_PROXIES",
        "none",
        "addresses or networks (10.0.0.0/8), separated by commas, whose X-Forwarded-For is believed",
    ),
    setting(
        "AGENTIDP_CORS_ORIGINS",
        "none",
        "origins (https://console.example.com), separated by commas, whose pages may read answers; * for all, never in \
         production",
    ),
    setting(
        "AGENTIDP_METRICS_ADDRESS",
        "none",
        "the IP address and port (127.0.0.1:9464) where Prometheus may ask for /metrics; not for everybody's eyes",
    ),
    setting(
        "AGENTIDP_SHUTDOWN_NOTICE_SECONDS",
        "0, in production 5",
        "how long the server goes on after SIGTERM while /health/ready says that it is about to stop, in seconds, 0-300",
    ),
    setting(
        "AGENTIDP_SHUTDOWN_SECONDS",
        "20",
        "how long requests in work may go on once no more are taken, in seconds, 0-300",
    ),
    setting("AGENTIDP_LOG", "info", "what to log: a level, or a tracing filter such as agentidp=debug,info"),
    setting("AGENTIDP_LOG_FORMAT", "text, in production json", "text or json, to standard error"),
];

/// The most that the settings of limits may say, a minute and at once.
const MOST_PER_MINUTE: u32 = 6_000_000;
const MOST_AT_ONCE: u32 = 1_000_000;

/// Secrets that stand in documents and examples; nobody may run with them.
const SAMPLE_SECRETS: &[&str] =
    &["change-me", "changeme", "secret", "your-secret-key", "your-256-bit-secret", "sample"];

/// Where the server runs, and so how careful it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// A developer's machine: everything has a default.
    Development,
    /// Automated tests: like development, but nothing is made by itself.
    Test,
    /// The real thing: nothing unsafe has a default.
    Production,
}

/// Where the master key comes from.
#[derive(Clone)]
pub enum MasterKeySource {
    /// The environment.
    Given(SecretText),
    /// A file that must be there.
    File(PathBuf),
    /// A file that is made on the first run, with mode 0600.
    Made(PathBuf),
}

/// What tokens are signed with.
#[derive(Clone)]
pub enum SigningChoice {
    /// A key pair, by its registered `alg` name.
    KeyPair(&'static str),
    /// HS256 under a shared secret.
    Shared(SecretText),
}

/// How the log looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines: one JSON object a line.
    Json,
}

/// Every setting.
#[derive(Clone)]
pub struct Config {
    /// Where the server runs.
    pub environment: Environment,
    /// The address to listen on.
    pub bind: IpAddr,
    /// The port to listen on.
    pub port: u16,
    /// The database; it may hold a password.
    pub database_url: SecretText,
    /// Connections at the most.
    pub database_connections: u32,
    /// The Redis that nodes share, if there is one; it may hold a password.
    pub redis_url: Option<SecretText>,
    /// What the names of keys in Redis begin with.
    pub redis_prefix: String,
    /// Where the master key comes from.
    pub master_key: MasterKeySource,
    /// Where the one before comes from, while the database is sealed anew.
    pub old_master_key: Option<MasterKeySource>,
    /// The issuer: this server's URL, without a slash at the end.
    pub issuer: String,
    /// The audience of tokens for which no resource was asked.
    pub default_audience: String,
    /// What tokens are signed with.
    pub signing: SigningChoice,
    /// How long a token lives.
    pub token_lifetime: Duration,
    /// The resources that clients may ask tokens for.
    pub allowed_resources: Vec<String>,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
    /// How long a signing key signs before the next one does by itself; `None`: for ever.
    pub key_rotation: Option<Duration>,
    /// The name that a new audit log gets.
    pub audit_origin: String,
    /// The file that keeps the audit log's last checkpoint.
    pub audit_checkpoint_file: Option<PathBuf>,
    /// How many days what audit events say is kept, unless it is kept for ever.
    pub audit_retention_days: Option<NonZeroU32>,
    /// Whether the audit log's checkpoint and hashes are open to everybody.
    pub audit_public: bool,
    /// How long a request may take.
    pub request_timeout: Duration,
    /// Requests in work at once.
    pub concurrent_requests: usize,
    /// Requests of one client: a minute, and at once.
    pub client_limit: (u32, u32),
    /// Requests from one address that prove nothing: a minute, and at once.
    pub address_limit: (u32, u32),
    /// Slow hashes for one client or address, a minute.
    pub hash_limit: u32,
    /// The proxies that are believed whom they heard from.
    pub trusted_proxies: Vec<IpNet>,
    /// The origins whose pages may read answers, or `*`.
    pub cors_origins: Vec<String>,
    /// Where the figures of the server are asked for, if anywhere.
    pub metrics_address: Option<SocketAddr>,
    /// How long the server goes on after the signal to stop, and says that it is about to.
    pub shutdown_notice: Duration,
    /// How long requests in work may go on after that.
    pub shutdown: Duration,
    /// The log's filter.
    pub log: String,
    /// The log's look.
    pub log_format: LogFormat,
}

/// Settings that cannot be used, each by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable(pub Vec<String>);

impl fmt::Display for Unusable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the settings cannot be used:")?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Unusable {}

impl Config {
    /// Reads the environment of this process.
    ///
    /// # Errors
    /// Everything that is wrong with it, all at once.
    #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
    pub fn from_environment() -> Result<Self, Unusable> {
        Self::from_lookup(|name| std::env::var(name).ok())
    }

    /// Variables that begin with `AGENTIDP_` and are no settings: misspelt ones, most likely.
    pub fn unknown_names() -> Vec<String> {
        #[expect(clippy::disallowed_methods, reason = "the one reader of the environment")]
        let names = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
        names
            .filter(|name| name.starts_with("AGENTIDP_") && !SETTINGS.iter().any(|one| one.name == name))
            .collect()
    }

    /// Reads settings from wherever `lookup` finds them.
    ///
    /// # Errors
    /// Everything that is wrong with them, all at once.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Unusable> {
        let mut read = Reader { lookup: &lookup, problems: Vec::new() };
        let environment = read.choice(
            "AGENTIDP_ENV",
            Environment::Development,
            &[
                ("development", Environment::Development),
                ("test", Environment::Test),
                ("production", Environment::Production),
            ],
        );
        let production = environment == Environment::Production;
        let port = read.number("PORT", 3000, 1, 65_535) as u16;
        let bind = if production { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
        let bind = read.parsed("AGENTIDP_BIND", IpAddr::V4(bind), "must be an IP address");

        let database_url = read.required_in(production, "DATABASE_URL", || "sqlite://agentidp.db".to_owned());
        if !["sqlite:", "postgresql:", "postgres:"].iter().any(|scheme| database_url.starts_with(scheme)) {
            read.problem("DATABASE_URL", "must begin with sqlite:// or postgresql://");
        }
        read.check_database_tls(&database_url, production);
        let issuer = read.required_in(production, "JWT_ISSUER", || format!("http://localhost:{port}"));
        read.check_issuer(&issuer, production);
        let default_audience =
            read.text("JWT_AUDIENCE").unwrap_or_else(|| format!("{issuer}/resources/default"));
        if default_audience == issuer {
            read.problem(
                "JWT_AUDIENCE",
                "must not be the issuer: such tokens would open this server's own API",
            );
        }
        let allowed_resources = read.list("AGENTIDP_ALLOWED_RESOURCES");
        if allowed_resources.contains(&issuer) {
            read.problem(
                "AGENTIDP_ALLOWED_RESOURCES",
                "must not name the issuer: its tokens need reserved scopes",
            );
        }
        let audit_origin = read.audit_origin(&issuer);
        let master_key = read.master_key(environment, &database_url);
        let old_master_key = read.key_source("AGENTIDP_OLD_MASTER_KEY", production);
        let config = Self {
            environment,
            bind,
            port,
            database_url: SecretText::new(database_url),
            database_connections: read.number("AGENTIDP_DATABASE_CONNECTIONS", 14, 6, 1000) as u32,
            redis_url: read.redis_url(),
            redis_prefix: read.redis_prefix(),
            master_key,
            old_master_key,
            issuer,
            default_audience,
            signing: read.signing(production),
            token_lifetime: read.seconds("AGENTIDP_TOKEN_LIFETIME_SECONDS", 900, 60, 86_400),
            allowed_resources,
            jwks_max_age: read.seconds("AGENTIDP_JWKS_MAX_AGE_SECONDS", 300, 1, 86_400),
            key_rotation: read.days("AGENTIDP_KEY_ROTATION_DAYS", 90),
            audit_origin,
            audit_checkpoint_file: read.text("AGENTIDP_AUDIT_CHECKPOINT_FILE").map(PathBuf::from),
            audit_retention_days: NonZeroU32::new(
                read.number("AGENTIDP_AUDIT_RETENTION_DAYS", 90, 0, 36_500) as u32,
            ),
            audit_public: read.choice("AGENTIDP_AUDIT_PUBLIC", false, &[("false", false), ("true", true)]),
            request_timeout: read.seconds("AGENTIDP_REQUEST_TIMEOUT_SECONDS", 10, 1, 300),
            concurrent_requests: read.number("AGENTIDP_CONCURRENT_REQUESTS", 1024, 1, 65_536) as usize,
            client_limit: (
                read.limit("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", 60_000, MOST_PER_MINUTE),
                read.limit("AGENTIDP_CLIENT_LIMIT_BURST", 10_000, MOST_AT_ONCE),
            ),
            address_limit: (
                read.limit("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", 3_000, MOST_PER_MINUTE),
                read.limit("AGENTIDP_ADDRESS_LIMIT_BURST", 1_000, MOST_AT_ONCE),
            ),
            hash_limit: read.limit("AGENTIDP_HASH_LIMIT_PER_MINUTE", 600, MOST_PER_MINUTE),
            trusted_proxies: read.networks("AGENTIDP_TRUSTED_PROXIES"),
            cors_origins: read.origins("AGENTIDP_CORS_ORIGINS", production),
            metrics_address: read.metrics_address(),
            shutdown_notice: read.seconds(
                "AGENTIDP_SHUTDOWN_NOTICE_SECONDS",
                if production { 5 } else { 0 },
                0,
                300,
            ),
            shutdown: read.seconds("AGENTIDP_SHUTDOWN_SECONDS", 20, 0, 300),
            log: read.text("AGENTIDP_LOG").unwrap_or_else(|| "info".to_owned()),
            log_format: read.choice(
                "AGENTIDP_LOG_FORMAT",
                if production { LogFormat::Json } else { LogFormat::Text },
                &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            ),
        };
        if read.problems.is_empty() { Ok(config) } else { Err(Unusable(read.problems)) }
    }

    /// What the audit log keeps of the settings, by their names, each as it is in force: those that decide who gets in, how
    /// much of whom is answered, what tokens say, whom the log is shown to, and how long what is kept. Never a secret.
    pub fn audited(&self) -> Map<String, Value> {
        let environment = match self.environment {
            Environment::Development => "development",
            Environment::Test => "test",
            Environment::Production => "production",
        };
        let algorithm = match &self.signing {
            SigningChoice::KeyPair(name) => name,
            SigningChoice::Shared(_) => "HS256",
        };
        let days = |time: Duration| time.as_secs() / (24 * 60 * 60);
        let proxies: Vec<String> = self.trusted_proxies.iter().map(ToString::to_string).collect();
        let settings = [
            ("AGENTIDP_ENV", json!(environment)),
            ("JWT_ISSUER", json!(self.issuer)),
            ("JWT_AUDIENCE", json!(self.default_audience)),
            ("JWT_ALGORITHM", json!(algorithm)),
            ("AGENTIDP_TOKEN_LIFETIME_SECONDS", json!(self.token_lifetime.as_secs())),
            ("AGENTIDP_ALLOWED_RESOURCES", json!(self.allowed_resources)),
            ("AGENTIDP_JWKS_MAX_AGE_SECONDS", json!(self.jwks_max_age.as_secs())),
            ("AGENTIDP_KEY_ROTATION_DAYS", json!(self.key_rotation.map_or(0, days))),
            // Whether there is one: where it is differs from node to node.
            ("AGENTIDP_AUDIT_CHECKPOINT_FILE", json!(self.audit_checkpoint_file.is_some())),
            ("AGENTIDP_AUDIT_RETENTION_DAYS", json!(self.audit_retention_days.map_or(0, NonZeroU32::get))),
            ("AGENTIDP_AUDIT_PUBLIC", json!(self.audit_public)),
            ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", json!(self.client_limit.0)),
            ("AGENTIDP_CLIENT_LIMIT_BURST", json!(self.client_limit.1)),
            ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", json!(self.address_limit.0)),
            ("AGENTIDP_ADDRESS_LIMIT_BURST", json!(self.address_limit.1)),
            ("AGENTIDP_HASH_LIMIT_PER_MINUTE", json!(self.hash_limit)),
            ("AGENTIDP_TRUSTED_PROXIES", json!(proxies)),
            ("AGENTIDP_CORS_ORIGINS", json!(self.cors_origins)),
        ];
        settings.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
    }

    /// Whether the issuer is reached over TLS.
    pub fn issuer_is_https(&self) -> bool {
        self.issuer.starts_with("https://")
    }
}

struct Reader<'l> {
    lookup: &'l dyn Fn(&str) -> Option<String>,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, what: &str) {
        self.problems.push(format!("{name} {what}"));
    }

    fn text(&self, name: &str) -> Option<String> {
        debug_assert!(SETTINGS.iter().any(|setting| setting.name == name), "{name} is not in SETTINGS");
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    fn parsed<T: std::str::FromStr>(&mut self, name: &str, default: T, must: &str) -> T {
        match self.text(name).map(|value| value.parse()) {
            None => default,
            Some(Ok(value)) => value,
            Some(Err(_)) => {
                self.problem(name, must);
                default
            }
        }
    }

    fn number(&mut self, name: &str, default: u64, least: u64, most: u64) -> u64 {
        let must = format!("must be a whole number from {least} to {most}");
        let value = self.parsed(name, default, &must);
        if !(least..=most).contains(&value) {
            self.problem(name, &must);
            return default;
        }
        value
    }

    fn seconds(&mut self, name: &str, default: u64, least: u64, most: u64) -> Duration {
        Duration::from_secs(self.number(name, default, least, most))
    }

    /// Whole days, up to ten years; 0 stands for never.
    fn days(&mut self, name: &str, default: u64) -> Option<Duration> {
        let days = self.number(name, default, 0, 3650);
        (days > 0).then(|| Duration::from_secs(days * 24 * 60 * 60))
    }

    fn limit(&mut self, name: &str, default: u32, most: u32) -> u32 {
        u32::try_from(self.number(name, default.into(), 0, most.into())).unwrap_or(most)
    }

    /// What stands between commas.
    fn list(&self, name: &str) -> Vec<String> {
        let list = self.text(name).unwrap_or_default();
        list.split(',').map(|one| one.trim().to_owned()).filter(|one| !one.is_empty()).collect()
    }

    fn networks(&mut self, name: &str) -> Vec<IpNet> {
        let mut networks = Vec::new();
        for one in self.list(name) {
            // An address is the network of itself. One of IPv4 that is mapped into IPv6 would contain no peer.
            match one.parse::<IpNet>().or_else(|_| one.parse::<IpAddr>().map(|one| one.to_canonical().into()))
            {
                Ok(network) => networks.push(network),
                Err(_) => self.problem(
                    name,
                    &format!("must be addresses or networks such as 10.0.0.0/8, and {one} is none"),
                ),
            }
        }
        networks
    }

    /// Origins as browsers write them (RFC 6454 section 6.2): they are compared character by character.
    fn origins(&mut self, name: &str, production: bool) -> Vec<String> {
        let origins = self.list(name);
        for one in &origins {
            let host = one.strip_prefix("https://").or_else(|| one.strip_prefix("http://"));
            let is_origin = host.is_some_and(|host| {
                !host.is_empty()
                    && host.bytes().all(|byte| byte.is_ascii_graphic() && !b"/?#@*\\".contains(&byte))
            });
            if one == "*" && production {
                self.problem(name, "must not be * in production; name the origins");
            } else if one != "*" && (!is_origin || one.bytes().any(|byte| byte.is_ascii_uppercase())) {
                self.problem(
                    name,
                    &format!("must be origins such as https://console.example.com, and {one} is none"),
                );
            }
        }
        origins
    }

    fn choice<T: Copy>(&mut self, name: &str, default: T, choices: &[(&str, T)]) -> T {
        let Some(value) = self.text(name) else { return default };
        if let Some((_, choice)) = choices.iter().find(|(known, _)| *known == value) {
            return *choice;
        }
        let known: Vec<&str> = choices.iter().map(|(known, _)| *known).collect();
        self.problem(name, &format!("must be one of {}", known.join(", ")));
        default
    }

    fn required_in(&mut self, production: bool, name: &str, default: impl FnOnce() -> String) -> String {
        self.text(name).unwrap_or_else(|| {
            if production {
                self.problem(name, "must be set in production");
            }
            default()
        })
    }

    fn redis_url(&mut self) -> Option<SecretText> {
        let url = self.text("REDIS_URL")?;
        if !["redis://", "rediss://"].iter().any(|scheme| url.starts_with(scheme)) {
            self.problem("REDIS_URL", "must begin with redis:// or rediss://");
        }
        Some(SecretText::new(url))
    }

    fn metrics_address(&mut self) -> Option<SocketAddr> {
        let address = self.text("AGENTIDP_METRICS_ADDRESS")?.parse();
        if address.is_err() {
            self.problem(
                "AGENTIDP_METRICS_ADDRESS",
                "must be an IP address and a port, such as 127.0.0.1:9464",
            );
        }
        address.ok()
    }

    fn redis_prefix(&mut self) -> String {
        let prefix = self.text("AGENTIDP_REDIS_PREFIX").unwrap_or_else(|| "agentidp".to_owned());
        let known = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        if prefix.len() > 64 || !prefix.bytes().all(known) {
            self.problem("AGENTIDP_REDIS_PREFIX", "must be at most 64 letters, digits, - and _");
        }
        prefix
    }

    fn check_issuer(&mut self, issuer: &str, production: bool) {
        let rest = issuer.strip_prefix("https://").or_else(|| issuer.strip_prefix("http://"));
        // RFC 8414 §2: a URL without query and fragment. A path is left out too: the endpoints are at the root.
        if rest.is_none_or(|host| host.is_empty() || host.contains(['/', '?', '#', ' '])) {
            self.problem(
                "JWT_ISSUER",
                "must be http:// or https://, a host and perhaps a port, and nothing after them",
            );
        } else if production && !issuer.starts_with("https://") {
            self.problem("JWT_ISSUER", "must begin with https:// in production (RFC 8414 section 2)");
        }
    }

    /// The default is a URL without scheme below the issuer's, as C2SP `tlog-checkpoint` has it.
    fn audit_origin(&mut self, issuer: &str) -> String {
        let host = issuer.split_once("://").map_or(issuer, |(_, host)| host);
        let origin = self.text("AGENTIDP_AUDIT_ORIGIN").unwrap_or_else(|| format!("{host}/audit"));
        let unfit = |c: char| c.is_whitespace() || c.is_control() || c == '+';
        if origin.len() > 255 || origin.contains(unfit) || origin.contains("://") || origin.ends_with('/') {
            self.problem(
                "AGENTIDP_AUDIT_ORIGIN",
                "must be a URL without scheme and without a slash at the end, of at most 255 characters, none of them \
                 white space or a plus sign",
            );
        }
        origin
    }

    fn master_key(&mut self, environment: Environment, database_url: &str) -> MasterKeySource {
        let name = "AGENTIDP_MASTER_KEY";
        self.key_source(name, environment == Environment::Production).unwrap_or_else(|| {
            if environment != Environment::Development {
                self.problem(name, "(or AGENTIDP_MASTER_KEY_FILE) must be set outside development");
            }
            MasterKeySource::Made(beside(database_url).join("agentidp.master-key"))
        })
    }

    /// A master key in the setting of this name, or in the file that the setting of the same name with `_FILE` names.
    fn key_source(&mut self, name: &str, production: bool) -> Option<MasterKeySource> {
        let in_file = format!("{name}_FILE");
        let (given, file) = (self.text(name), self.text(&in_file).map(PathBuf::from));
        if given.is_some() && file.is_some() {
            self.problem(name, &format!("and {in_file} are both set; keep one"));
        }
        if let Some(key) = &given
            && key.bytes().all(|byte| byte == key.as_bytes()[0])
        {
            self.problem(name, "is a sample value; make one with: agentidp keys master");
        }
        if let Some(path) = &file
            && production
            && is_open_to_all(path)
        {
            let (path, must) = (path.display(), "which everybody on this machine can read or change");
            self.problem(&in_file, &format!("names {path}, {must}; run: chmod o-rwx {path}"));
        }
        given.map(|key| MasterKeySource::Given(SecretText::new(key))).or(file.map(MasterKeySource::File))
    }

    /// Without TLS everybody on the way reads the password and the hashes, and changes what the server believes.
    fn check_database_tls(&mut self, url: &str, production: bool) {
        let is_allowed =
            self.choice("AGENTIDP_DATABASE_PLAINTEXT", false, &[("false", false), ("true", true)]);
        if production && !is_allowed && is_open_on_the_way(url) {
            self.problem(
                "DATABASE_URL",
                "must say sslmode=verify-full (or verify-ca, or require) in production, unless PostgreSQL is at localhost; where \
                 nobody else is on the network between, AGENTIDP_DATABASE_PLAINTEXT=true allows it without",
            );
        }
    }

    fn signing(&mut self, production: bool) -> SigningChoice {
        let choices = [("ES256", "ES256"), ("EdDSA", "EdDSA"), ("RS256", "RS256"), ("HS256", "HS256")];
        let algorithm = self.choice("JWT_ALGORITHM", "ES256", &choices);
        let secret = self.text("JWT_SECRET");
        if secret.as_deref().is_some_and(|secret| {
            SAMPLE_SECRETS.iter().any(|sample| secret.to_ascii_lowercase().contains(sample))
        }) {
            self.problem("JWT_SECRET", "is a sample value from a document");
        }
        if algorithm != "HS256" {
            return SigningChoice::KeyPair(algorithm);
        }
        if production {
            let why = "must not be HS256 in production: whoever verifies such a token can also make one";
            self.problem("JWT_ALGORITHM", why);
        }
        let secret = secret.unwrap_or_default();
        if secret.len() < 32 {
            self.problem(
                "JWT_SECRET",
                "must be set, with at least 32 bytes, when JWT_ALGORITHM is HS256 (RFC 7518 section 3.2)",
            );
        }
        SigningChoice::Shared(SecretText::new(secret))
    }
}

/// Whether everybody who is on the machine may read or change a file. A group may: so is a secret handed to a container.
pub fn is_open_to_all(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|file| file.permissions().mode() & 0o006 != 0)
}

/// Whether what is said to a database may go over a network as it is: one of PostgreSQL that is not certain to be on this
/// machine, by a URL that does not ask for TLS. (`prefer`, which is what the driver does unasked, goes on without it.)
fn is_open_on_the_way(url: &str) -> bool {
    let Some(rest) = ["postgresql:", "postgres:"].iter().find_map(|scheme| url.strip_prefix(scheme)) else {
        return false;
    };
    let rest = rest.strip_prefix("//").unwrap_or_default();
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split('/').next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(address) => address.split(']').next().unwrap_or_default(),
        None => host.split(':').next().unwrap_or_default(),
    };
    let (mut hosts, mut modes) = (vec![host], Vec::new());
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        match name {
            "host" | "hostaddr" => hosts.push(value),
            "sslmode" | "ssl-mode" => modes.push(value),
            _ => {}
        }
    }
    // Which of several counts is the driver's to know, so all of them do.
    hosts.retain(|host| !host.is_empty());
    let is_here = |host: &&str| {
        let is_socket = ["/", "%2F", "%2f"].iter().any(|slash| host.starts_with(slash));
        is_socket || *host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    };
    let asks = |mode: &&str| ["require", "verify-ca", "verify-full"].contains(mode);
    let is_here = !hosts.is_empty() && hosts.iter().all(is_here);
    let asks = !modes.is_empty() && modes.iter().all(asks);
    !is_here && !asks
}

/// The folder of a SQLite file; of any other database, the working directory.
fn beside(database_url: &str) -> PathBuf {
    let file = database_url.strip_prefix("sqlite:").map(|rest| rest.trim_start_matches("//"));
    let file = file.map(|file| file.split('?').next().unwrap_or_default());
    file.and_then(|file| Path::new(file).parent()).map(Path::to_path_buf).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(settings: &[(&str, &str)]) -> Result<Config, Unusable> {
        let find = |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        Config::from_lookup(find)
    }

    fn problems(settings: &[(&str, &str)]) -> Vec<String> {
        read(settings).err().map(|unusable| unusable.0).unwrap_or_default()
    }

    const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    const PRODUCTION: &[(&str, &str)] = &[
        ("AGENTIDP_ENV", "production"),
        ("DATABASE_URL", "postgresql://idp:x@db/idp?sslmode=verify-full"),
        ("JWT_ISSUER", "https://id.example.com"),
        ("AGENTIDP_MASTER_KEY", KEY),
    ];

    #[test]
    fn a_developer_needs_no_settings() {
        let config = read(&[]).unwrap();
        assert_eq!((config.port, config.issuer.as_str()), (3000, "http://localhost:3000"));
        assert!(config.bind.is_loopback());
        assert_eq!(config.default_audience, "http://localhost:3000/resources/default");
        assert_eq!(config.token_lifetime, Duration::from_secs(900));
    }

    #[test]
    fn production_with_all_it_needs_starts() {
        let config = read(PRODUCTION).unwrap();
        assert_eq!(config.log_format, LogFormat::Json);
        assert!(config.bind.is_unspecified());
    }

    #[test]
    fn production_names_every_setting_that_it_lacks() {
        let found = problems(&[("AGENTIDP_ENV", "production")]);
        for name in ["DATABASE_URL", "JWT_ISSUER", "AGENTIDP_MASTER_KEY"] {
            assert!(found.iter().any(|problem| problem.starts_with(name)), "{name} in {found:?}");
        }
    }

    #[test]
    fn production_refuses_each_unsafe_setting() {
        let unsafe_settings = [
            ("JWT_ISSUER", "http://id.example.com"),
            ("JWT_ALGORITHM", "HS256"),
            ("JWT_SECRET", "your-256-bit-secret"),
            ("AGENTIDP_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
            ("JWT_AUDIENCE", "https://id.example.com"),
            ("AGENTIDP_ALLOWED_RESOURCES", "https://api.example.com, https://id.example.com"),
            ("AGENTIDP_CORS_ORIGINS", "https://console.example.com, *"),
            ("DATABASE_URL", "postgresql://idp:x@db/idp"),
        ];
        for (name, value) in unsafe_settings {
            let found = problems(&production_but(name, value));
            assert!(found.iter().any(|problem| problem.starts_with(name)), "{name}={value}: {found:?}");
        }
    }

    /// What production needs, with another value of one setting.
    fn production_but<'v>(name: &'v str, value: &'v str) -> Vec<(&'v str, &'v str)> {
        let others = PRODUCTION.iter().filter(|(known, _)| *known != name);
        others.copied().chain([(name, value)]).collect()
    }

    #[test]
    fn production_has_no_open_way_to_its_database() {
        let refused = [
            "postgresql://idp:x@db.example.com/idp",
            "postgres://db:5432/idp?sslmode=prefer",
            "postgresql://idp:x@10.0.0.7/idp?sslmode=disable",
            "postgresql://idp:x@db/idp?application_name=idp&sslmode=allow",
            "postgresql://idp:x@db/idp?sslmode=require&sslmode=disable",
            "postgresql://idp:localhost@db/idp",
            "postgresql://localhost.example.com/idp",
            "postgresql://[2001:db8::7]:5432/idp",
            "postgresql://localhost/idp?host=db",
            "postgresql:///idp",
            "postgresql:localhost/idp",
        ];
        let allowed = [
            "postgresql://idp:x@db/idp?sslmode=require",
            "postgresql://idp:x@db/idp?sslrootcert=/ca.pem&sslmode=verify-full",
            "postgresql://idp:x@db/idp?ssl-mode=verify-ca",
            "postgresql://idp:x@localhost:5432/idp",
            "postgresql://idp:p@ss@127.0.0.1/idp?sslmode=disable",
            "postgresql://idp@[::1]:5432/idp",
            "postgresql:///idp?host=/var/run/postgresql",
            "postgresql://idp@%2Fvar%2Frun%2Fpostgresql/idp",
            "sqlite:///var/lib/agentidp/agentidp.db",
        ];
        for (urls, is_refused) in [(&refused[..], true), (&allowed[..], false)] {
            for url in urls {
                let found = problems(&production_but("DATABASE_URL", url));
                assert_eq!(!found.is_empty(), is_refused, "{url}: {found:?}");
                assert!(!found.join("").contains("idp:"), "{found:?}");
                let said =
                    [&production_but("DATABASE_URL", url)[..], &[("AGENTIDP_DATABASE_PLAINTEXT", "true")]];
                assert_eq!(problems(&said.concat()), [""; 0], "{url}");
                assert_eq!(problems(&[("DATABASE_URL", url)]), [""; 0], "{url} outside production");
            }
        }
    }

    #[test]
    fn production_takes_no_master_key_that_everybody_can_read() {
        let path = std::env::temp_dir().join(format!("agentidp_config_{}", std::process::id()));
        let text = path.to_string_lossy().into_owned();
        std::fs::write(&path, KEY).unwrap();
        for name in ["AGENTIDP_MASTER_KEY_FILE", "AGENTIDP_OLD_MASTER_KEY_FILE"] {
            for (mode, is_refused) in
                [(0o644, true), (0o602, true), (0o604, true), (0o600, false), (0o440, false), (0o640, false)]
            {
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
                let mut settings = production_but(name, &text);
                settings.retain(|(known, _)| {
                    name == "AGENTIDP_OLD_MASTER_KEY_FILE" || *known != "AGENTIDP_MASTER_KEY"
                });
                let found = problems(&settings);
                assert_eq!(
                    found.iter().any(|problem| problem.starts_with(name)),
                    is_refused,
                    "{mode:o}: {found:?}"
                );
                assert_eq!(found.len(), usize::from(is_refused), "{found:?}");
            }
        }
        std::fs::remove_file(&path).unwrap();
    }

    #[test]
    fn numbers_keep_their_bounds() {
        for (name, value) in
            [("PORT", "0"), ("PORT", "65536"), ("PORT", "x"), ("AGENTIDP_TOKEN_LIFETIME_SECONDS", "59")]
        {
            assert_eq!(problems(&[(name, value)]).len(), 1, "{name}={value}");
        }
    }

    #[test]
    fn a_redis_is_named_by_its_url_and_a_prefix() {
        let config =
            read(&[("REDIS_URL", "rediss://:word@cache"), ("AGENTIDP_REDIS_PREFIX", "eu-1")]).unwrap();
        assert_eq!(config.redis_url.unwrap().expose(), "rediss://:word@cache");
        assert_eq!(config.redis_prefix, "eu-1");
        assert!(read(&[("REDIS_URL", "")]).unwrap().redis_url.is_none());
        for (name, value) in [
            ("REDIS_URL", "cache:hunter2@6379"),
            ("REDIS_URL", "http://hunter2@cache"),
            ("AGENTIDP_REDIS_PREFIX", "a:hunter2"),
            ("AGENTIDP_REDIS_PREFIX", &"hunter2".repeat(10)),
        ] {
            let found = problems(&[(name, value)]);
            assert!(found.len() == 1 && !found[0].contains("hunter2"), "{name}={value}: {found:?}");
        }
    }

    #[test]
    fn an_issuer_is_a_bare_origin() {
        for issuer in ["ftp://a", "https://", "https://a/", "https://a?b", "https://a/b", "a"] {
            assert_eq!(problems(&[("JWT_ISSUER", issuer)]).len(), 1, "{issuer}");
        }
    }

    #[test]
    fn an_audit_log_is_named_after_the_issuer_unless_it_is_given_a_name() {
        assert_eq!(read(PRODUCTION).unwrap().audit_origin, "id.example.com/audit");
        let given = [("AGENTIDP_AUDIT_ORIGIN", "log.example.com/2026")];
        assert_eq!(read(&given).unwrap().audit_origin, "log.example.com/2026");
        for origin in ["https://log.example.com", "log.example.com/", "log example", "a+b", &"x".repeat(256)]
        {
            assert_eq!(problems(&[("AGENTIDP_AUDIT_ORIGIN", origin)]).len(), 1, "{origin}");
        }
    }

    #[test]
    fn an_origin_is_what_browsers_write_and_nothing_more() {
        let good = "http://localhost:5173, https://console.example.com,https://[::1]:8443,*";
        assert_eq!(read(&[("AGENTIDP_CORS_ORIGINS", good)]).unwrap().cors_origins.len(), 4);
        for origin in ["https://a/", "https://A.example", "a.example", "null", "https://*.example", "ftp://a"]
        {
            assert_eq!(problems(&[("AGENTIDP_CORS_ORIGINS", origin)]).len(), 1, "{origin}");
        }
    }

    #[test]
    fn proxies_are_addresses_or_networks() {
        let config = read(&[("AGENTIDP_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1,fd00::/8")]).unwrap();
        let contains = |address: &str| {
            let address: IpAddr = address.parse().unwrap();
            config.trusted_proxies.iter().any(|network| network.contains(&address))
        };
        assert!(contains("10.9.9.9") && contains("192.0.2.1") && contains("fd00::1"));
        assert!(!contains("192.0.2.2") && !contains("11.0.0.1"));
        for bad in ["proxy", "10.0.0.0/33", "10.0.0.1-10.0.0.9"] {
            assert_eq!(problems(&[("AGENTIDP_TRUSTED_PROXIES", bad)]).len(), 1, "{bad}");
        }
    }

    #[test]
    fn the_master_key_is_kept_beside_the_database() {
        for (url, file) in [
            ("sqlite://agentidp.db", "agentidp.master-key"),
            ("sqlite:///var/lib/agentidp/idp.db?mode=rwc", "/var/lib/agentidp/agentidp.master-key"),
            ("postgresql://idp@db/idp", "agentidp.master-key"),
        ] {
            let config = read(&[("DATABASE_URL", url)]).unwrap();
            let MasterKeySource::Made(path) = config.master_key else { panic!("{url}") };
            assert_eq!(path, Path::new(file));
        }
    }

    /// The settings that the audit log does not keep: secrets and what may hold one, what differs from node to node, and what
    /// decides nothing but how the server runs.
    const UNAUDITED: &[&str] = &[
        "PORT",
        "AGENTIDP_BIND",
        "DATABASE_URL",
        "AGENTIDP_DATABASE_PLAINTEXT",
        "AGENTIDP_DATABASE_CONNECTIONS",
        "REDIS_URL",
        "AGENTIDP_REDIS_PREFIX",
        "AGENTIDP_MASTER_KEY",
        "AGENTIDP_MASTER_KEY_FILE",
        "AGENTIDP_OLD_MASTER_KEY",
        "AGENTIDP_OLD_MASTER_KEY_FILE",
        "JWT_SECRET",
        // A log keeps its name, and says it.
        "AGENTIDP_AUDIT_ORIGIN",
        "AGENTIDP_REQUEST_TIMEOUT_SECONDS",
        "AGENTIDP_CONCURRENT_REQUESTS",
        "AGENTIDP_METRICS_ADDRESS",
        "AGENTIDP_SHUTDOWN_NOTICE_SECONDS",
        "AGENTIDP_SHUTDOWN_SECONDS",
        "AGENTIDP_LOG",
        "AGENTIDP_LOG_FORMAT",
    ];

    #[test]
    fn of_each_setting_it_is_decided_whether_the_audit_log_keeps_it() {
        let kept = read(&[]).unwrap().audited();
        for setting in SETTINGS {
            assert_ne!(
                kept.contains_key(setting.name),
                UNAUDITED.contains(&setting.name),
                "{}",
                setting.name
            );
        }
        assert_eq!(kept.len() + UNAUDITED.len(), SETTINGS.len());
    }

    #[test]
    fn every_setting_that_the_audit_log_keeps_makes_a_difference_to_it() {
        let before = read(&[]).unwrap().audited();
        for (name, value) in &before {
            let other = match name.as_str() {
                "AGENTIDP_ENV" => "test".to_owned(),
                "JWT_ALGORITHM" => "EdDSA".to_owned(),
                "AGENTIDP_TRUSTED_PROXIES" => "10.0.0.0/8".to_owned(),
                "AGENTIDP_CORS_ORIGINS" => "*".to_owned(),
                _ => match value {
                    Value::Number(number) => (number.as_u64().unwrap() + 1).to_string(),
                    Value::Bool(value) => (!value).to_string(),
                    _ => "https://other.example".to_owned(),
                },
            };
            let key = ("AGENTIDP_MASTER_KEY", KEY);
            let after = read(&[(name, &other), key]).unwrap().audited();
            assert_ne!(after.get(name), Some(value), "{name}={other}");
        }
    }

    #[test]
    fn the_audit_log_keeps_no_secret() {
        let secret = "hunter2-hunter2-hunter2-hunter2-hunter2";
        let kept = read(&[
            ("DATABASE_URL", "postgresql://idp:hunter2@db/idp"),
            ("REDIS_URL", "redis://:hunter2@cache"),
            ("AGENTIDP_MASTER_KEY", secret),
            ("JWT_ALGORITHM", "HS256"),
            ("JWT_SECRET", secret),
        ]);
        assert!(!Value::from(kept.unwrap().audited()).to_string().contains("hunter2"));
    }

    #[test]
    fn problems_never_repeat_a_secret() {
        let secret = "hunter2-sample-hunter2-hunter2-hunter2";
        let all =
            problems(&[("JWT_SECRET", secret), ("JWT_ALGORITHM", "HS256"), ("AGENTIDP_ENV", "production")]);
        assert!(!all.join("\n").contains("hunter2"));
    }

    /// The settings of the example file, each with its value and the comment above it.
    fn example() -> Vec<(&'static str, &'static str, &'static str)> {
        let mut about = "";
        let mut settings = Vec::new();
        for line in include_str!("../../.env.example").lines() {
            let Some(text) = line.strip_prefix("# ") else { continue };
            let is_name = |name: &str| {
                !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
            };
            match text.split_once('=').filter(|(name, _)| is_name(name)) {
                Some((name, value)) => settings.push((name, value, about)),
                None => about = text,
            }
        }
        settings
    }

    #[test]
    fn the_example_file_names_exactly_the_settings() {
        let names: Vec<&str> = example().into_iter().map(|(name, ..)| name).collect();
        assert_eq!(names, SETTINGS.iter().map(|setting| setting.name).collect::<Vec<_>>());
    }

    #[test]
    fn the_example_file_has_the_defaults() {
        for ((name, value, about), setting) in example().into_iter().zip(SETTINGS) {
            let (default, in_production) = match setting.default.split_once(", in production ") {
                Some((default, in_production)) => (default, Some(in_production)),
                None => (setting.default, None),
            };
            let written = match (name, default) {
                // What the words come to without any other setting; what is made or derived is left open.
                ("JWT_ISSUER", "http://localhost:PORT") => "http://localhost:3000",
                ("AGENTIDP_AUDIT_ORIGIN", "ISSUER without its scheme, and /audit") => "localhost:3000/audit",
                ("JWT_AUDIENCE", "ISSUER/resources/default") => "",
                ("AGENTIDP_MASTER_KEY", "in development made and kept in agentidp.master-key") => "",
                (_, "none") => "",
                (_, default) => default,
            };
            assert_eq!(value, written, "{name}");
            let is_needed = in_production == Some("none") || name == "AGENTIDP_MASTER_KEY";
            assert_eq!(about.starts_with("[production]"), is_needed, "{name}: {about}");
            let said =
                in_production.filter(|_| !is_needed).map(|other| format!("in production {other} unless set"));
            assert!(said.as_ref().is_none_or(|said| about.ends_with(said)), "{name}: {about}, but {said:?}");
            assert_eq!(
                said.is_some(),
                about.contains("in production ") && about.ends_with("unless set"),
                "{name}"
            );
        }
        // And it is a file that can be used as it stands, to no effect.
        let written: Vec<(&str, &str)> = example()
            .into_iter()
            .filter(|(_, value, _)| !value.is_empty())
            .map(|(name, value, _)| (name, value))
            .collect();
        let (config, default) = (read(&written).unwrap(), read(&[]).unwrap());
        assert_eq!(config.issuer, default.issuer);
        assert_eq!(config.audit_origin, default.audit_origin);
        assert_eq!(config.shutdown_notice, default.shutdown_notice);
        assert_eq!(config.bind, default.bind);
        assert_eq!(config.database_url.expose(), default.database_url.expose());
    }
}
