//! bcrypt, off the async workers and behind a bounded queue.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::SecretText;

/// 2^10 rounds: about 50 ms of a core.
pub const COST: u32 = 10;

/// Why no hash came back.
#[derive(Debug, PartialEq, Eq)]
pub enum HashFault {
    /// The queue is full; shed load.
    Busy,
    /// bcrypt itself failed, or the stored hash is none.
    Failed(String),
}

/// A bounded pool for slow hashing. So many at once, so many more waiting, and the rest is turned away at once.
#[derive(Clone, Debug)]
pub struct HashPool {
    most: usize,
    room: Arc<Semaphore>,
    workers: Arc<Semaphore>,
}

impl HashPool {
    /// A pool that computes at most `workers` hashes at once (at least one) while at most `queue` more wait.
    pub fn new(workers: usize, queue: usize) -> Self {
        let workers = workers.max(1);
        let most = workers + queue;
        Self { most, room: Arc::new(Semaphore::new(most)), workers: Arc::new(Semaphore::new(workers)) }
    }

    /// How many hashes are computed or wait.
    pub fn in_work(&self) -> usize {
        self.most - self.room.available_permits()
    }

    /// The bcrypt hash of a secret's random part, with this salt.
    pub async fn hash(&self, random: &SecretText, salt: [u8; 16]) -> Result<String, HashFault> {
        let random = random.clone();
        self.run(move || {
            bcrypt::non_truncating_hash_with_salt(random.expose(), COST, salt)
                .map(|parts| parts.to_string())
                .map_err(|error| HashFault::Failed(error.to_string()))
        })
        .await
    }

    /// Whether the hash is of this random part.
    pub async fn verify(&self, random: &SecretText, hash: &str) -> Result<bool, HashFault> {
        let (random, hash) = (random.clone(), hash.to_owned());
        self.run(move || {
            bcrypt::non_truncating_verify(random.expose(), &hash)
                .map_err(|error| HashFault::Failed(error.to_string()))
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashFault> + Send + 'static,
    ) -> Result<T, HashFault> {
        let closed = |_| HashFault::Failed("the pool is closed".into());
        let room = Arc::clone(&self.room).try_acquire_owned().map_err(|_| HashFault::Busy)?;
        let worker = Arc::clone(&self.workers).acquire_owned().await.map_err(closed)?;
        // The permits go with the work: a caller that gives up does not make room for a second hash beside the first.
        tokio::task::spawn_blocking(move || {
            let _held = (room, worker);
            work()
        })
        .await
        .map_err(|error| HashFault::Failed(error.to_string()))?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_hash_fits_its_own_random_part_and_no_other() {
        let pool = HashPool::new(2, 4);
        let (mine, other) = (SecretText::new("mine".into()), SecretText::new("other".into()));
        let hash = pool.hash(&mine, [7; 16]).await.unwrap();
        assert!(hash.starts_with("$2b$10$"));
        assert_eq!(pool.verify(&mine, &hash).await, Ok(true));
        assert_eq!(pool.verify(&other, &hash).await, Ok(false));
    }

    #[tokio::test]
    async fn a_full_pool_turns_the_next_away_at_once() {
        let pool = HashPool::new(1, 0);
        let secret = SecretText::new("secret".into());
        let (first, second) = tokio::join!(pool.hash(&secret, [1; 16]), pool.hash(&secret, [2; 16]));
        assert!(first.is_ok());
        assert_eq!(second, Err(HashFault::Busy));
        assert!(pool.hash(&secret, [3; 16]).await.is_ok(), "the room is free again");
    }

    #[tokio::test]
    async fn more_than_bcrypt_reads_is_refused_rather_than_cut() {
        let pool = HashPool::new(1, 1);
        let long = SecretText::new("x".repeat(73));
        assert!(matches!(pool.hash(&long, [1; 16]).await, Err(HashFault::Failed(_))));
    }
}
