//! Redis: memory that nodes share. It may be lost, emptied, slow or forged at any time; that costs time, never
//! correctness.
//!
//! There is one connection. Whoever asks has it at once or goes on without; a connection that fails, or that does not
//! answer in time, is given up, and one task looks for a new one. So Redis holds a request up for
//! [`ANSWER_WITHIN`] at the most, and while it is away for no time at all.

pub mod clients;
pub mod limits;
pub mod wakeups;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, FromRedisValue, RedisError, RedisResult};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::crypto::master::hex;
use crate::crypto::{SecretText, digest};
use crate::domain::clients::Away;

/// How long an answer is waited for.
pub const ANSWER_WITHIN: Duration = Duration::from_millis(100);

/// How long a connection may take to be made, TLS and authentication included.
const CONNECTED_WITHIN: Duration = Duration::from_secs(2);

/// How long the start of a server waits for Redis.
const REACHED_WITHIN: Duration = Duration::from_millis(200);

/// From the loss of a connection, or of an attempt at one, to the next attempt.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// How many questions may be under way at once before the next waits for its turn.
const UNDER_WAY: usize = 1024;

/// From one complaint about what Redis answers to the next.
const COMPLAINT_EVERY: Duration = Duration::from_secs(60);

/// The URL is not one of a Redis. The URL itself, which may hold a password, is not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be redis://[USER:PASSWORD@]HOST[:PORT][/NUMBER], or the same with rediss:// for TLS")]
pub struct NotRedis;

/// A Redis and the part of it that is this deployment's. Clones share the connection.
#[derive(Clone)]
pub struct Redis(Arc<Link>);

struct Link {
    client: Client,
    namespace: String,
    line: RwLock<Line>,
    lost: Notify,
    origin: Instant,
    /// Milliseconds after `origin` from which on the next complaint may be made.
    complaint_from: AtomicU64,
}

/// The connection, if there is one, and which it is.
#[derive(Default)]
struct Line {
    number: u64,
    connection: Option<MultiplexedConnection>,
}

impl Redis {
    /// The Redis of this URL, without a connection yet. Everything that is kept in it has a name that begins with the
    /// prefix and with what stands for the database (some bytes that no other database has), so that deployments can
    /// share a Redis.
    ///
    /// # Errors
    /// When the URL is not one of a Redis.
    pub fn new(url: &SecretText, prefix: &str, database: &[u8]) -> Result<Self, NotRedis> {
        let known = ["redis://", "rediss://"].iter().any(|scheme| url.expose().starts_with(scheme));
        let client = Client::open(url.expose()).ok().filter(|_| known).ok_or(NotRedis)?;
        let database = hex(&digest(&[b"the namespace of a database in Redis", database])[..8]);
        Ok(Self(Arc::new(Link {
            client,
            namespace: format!("{prefix}:{database}"),
            line: RwLock::default(),
            lost: Notify::new(),
            origin: Instant::now(),
            complaint_from: AtomicU64::new(0),
        })))
    }

    /// What the names of all that is kept for this deployment begin with.
    pub fn namespace(&self) -> &str {
        &self.0.namespace
    }

    /// Looks for Redis once, and briefly, so that a server that starts beside it has it from its first request on.
    pub async fn reach(&self) {
        if let Ok(Ok(connection)) = timeout(REACHED_WITHIN, self.connect()).await {
            self.open(connection);
        }
    }

    /// Keeps a connection up until shutdown.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        tokio::select! {
            () = self.keep() => {}
            // An error means that whoever would say so is gone, which is the end as well.
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }

    async fn keep(&self) {
        let mut said_away = false;
        loop {
            if self.line().is_none() {
                match timeout(CONNECTED_WITHIN, self.connect()).await.unwrap_or_else(|_| Err(too_slow())) {
                    Ok(connection) => {
                        self.open(connection);
                        said_away = false;
                    }
                    Err(error) if !said_away => {
                        said_away = true;
                        tracing::warn!(%error, "Redis is away; this node keeps looking for it");
                    }
                    Err(error) => tracing::debug!(%error, "Redis is still away"),
                }
            }
            if self.line().is_some() {
                self.0.lost.notified().await;
            }
            sleep(AGAIN_AFTER).await;
        }
    }

    /// A new connection that has answered in time.
    async fn connect(&self) -> RedisResult<MultiplexedConnection> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECTED_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            .set_pipeline_buffer_size(UNDER_WAY);
        let mut connection = self.0.client.get_multiplexed_async_connection_with_config(&config).await?;
        redis::cmd("PING").query_async::<()>(&mut connection).await?;
        Ok(connection)
    }

    fn open(&self, connection: MultiplexedConnection) {
        let mut line = self.0.line.write().unwrap_or_else(PoisonError::into_inner);
        *line = Line { number: line.number + 1, connection: Some(connection) };
        tracing::info!("Redis is connected");
    }

    fn line(&self) -> Option<(u64, MultiplexedConnection)> {
        let line = self.0.line.read().unwrap_or_else(PoisonError::into_inner);
        line.connection.clone().map(|connection| (line.number, connection))
    }

    /// Gives the connection of this number up, once.
    fn give_up(&self, number: u64, error: &RedisError) {
        let mut line = self.0.line.write().unwrap_or_else(PoisonError::into_inner);
        if line.number == number && line.connection.take().is_some() {
            tracing::warn!(%error, "the connection to Redis was given up; this node goes on by itself");
            self.0.lost.notify_one();
        }
    }

    /// The name of something in Redis.
    fn key(&self, kind: &str, id: &str) -> String {
        format!("{}:{kind}:{id}", self.0.namespace)
    }

    /// Asks something. What Redis refuses (a key of another type, a want of memory or of permission) and what it answers
    /// in a form that was not asked for is as good as no answer; only what makes the connection useless ends it.
    async fn ask<T: FromRedisValue, F: Future<Output = RedisResult<T>>>(
        &self,
        question: impl FnOnce(MultiplexedConnection) -> F,
    ) -> Result<T, Away> {
        let Some((number, connection)) = self.line() else { return Err(Away) };
        let answer = timeout(ANSWER_WITHIN, question(connection)).await.unwrap_or_else(|_| Err(too_slow()));
        answer.map_err(|error| {
            if error.is_timeout() || error.is_io_error() || error.is_unrecoverable_error() {
                self.give_up(number, &error);
            } else {
                self.complain(&error.to_string());
            }
            Away
        })
    }

    async fn ping(&self) -> Result<(), Away> {
        self.ask(async |mut connection| redis::cmd("PING").query_async::<()>(&mut connection).await).await
    }

    /// Says what is wrong with what Redis answers, now and then.
    fn complain(&self, problem: &str) {
        let now = u64::try_from(self.0.origin.elapsed().as_millis()).unwrap_or(u64::MAX);
        let from = self.0.complaint_from.load(Ordering::Relaxed);
        let next = now.saturating_add(u64::try_from(COMPLAINT_EVERY.as_millis()).unwrap_or(u64::MAX));
        if now >= from
            && self
                .0
                .complaint_from
                .compare_exchange(from, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
        {
            tracing::warn!(problem, "what Redis answers cannot be used; this node goes on without it");
        }
    }
}

fn too_slow() -> RedisError {
    std::io::Error::from(std::io::ErrorKind::TimedOut).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redis(url: &str) -> Result<Redis, NotRedis> {
        Redis::new(&SecretText::new(url.to_owned()), "agentidp", b"a database")
    }

    #[test]
    fn a_redis_has_a_url() {
        for url in ["redis://cache", "redis://:word@127.0.0.1:6380/3", "rediss://user:word@cache.example.com"]
        {
            assert!(redis(url).is_ok(), "{url}");
        }
        for url in
            ["", "cache:6379", "http://cache", "redis+unix:///tmp/redis", "redis://cache/x", "redis://"]
        {
            assert_eq!(redis(url).err(), Some(NotRedis), "{url}");
        }
    }

    #[test]
    fn two_databases_have_nothing_in_common() {
        let url = SecretText::new("redis://cache".to_owned());
        let key = |prefix, database| Redis::new(&url, prefix, database).unwrap().key("client", "1");
        assert!(key("agentidp", b"one").starts_with("agentidp:"));
        assert_ne!(key("agentidp", b"one"), key("agentidp", b"two"));
        assert_ne!(key("agentidp", b"one"), key("staging", b"one"));
    }

    #[tokio::test]
    async fn what_was_never_there_is_away_at_once() {
        let redis = redis("redis://127.0.0.1:1").unwrap();
        redis.reach().await;
        let asked = Instant::now();
        assert_eq!(redis.ping().await, Err(Away));
        assert!(asked.elapsed() < ANSWER_WITHIN);
    }
}
