//! Idempotency keys: the same request, sent again, gets the same answer.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use super::agents::AgentId;
use super::refusal::{Answered, Fault, IdempotencyConflict, Refusal};
use crate::clock::Clock;
use crate::crypto::master::hex;
use crate::crypto::{Entropy, MasterKey, Seal, SecretText, digest};
use crate::store::{Store, Unit};

/// How long a key counts.
const COUNTS_FOR: TimeDelta = TimeDelta::hours(24);

/// How long an answer that carries a secret is kept.
const SECRET_FOR: TimeDelta = TimeDelta::minutes(10);

/// The key that a creating request came with, and what it asked.
#[derive(Clone, Debug)]
pub struct IdempotencyKey {
    key: SecretText,
    operation: &'static str,
    request_hash: [u8; 32],
}

impl IdempotencyKey {
    /// A key of 16 to 128 characters for an operation, with the parts of the request that make it what it is.
    pub fn new(key: String, operation: &'static str, request: &[&[u8]]) -> Self {
        Self { key: SecretText::new(key), operation, request_hash: digest(request) }
    }

    fn hash(&self) -> [u8; 32] {
        digest(&[self.key.expose().as_bytes()])
    }
}

/// What a creating request came to.
#[derive(Debug)]
pub enum Created<T> {
    /// Something new.
    New(T),
    /// The answer that was given before, as it was kept.
    Before(Vec<u8>),
}

/// A creating request, and how its answer is written if it is to be kept.
pub struct Once<'a, T> {
    /// The key, if the request came with one.
    pub key: Option<&'a IdempotencyKey>,
    /// Writes the answer.
    pub answer: &'a (dyn Fn(&T) -> Vec<u8> + Sync),
}

/// Keeps answers, and finds them again.
#[derive(Clone)]
pub struct Idempotency<S> {
    store: S,
    clock: Clock,
    entropy: Entropy,
    master: MasterKey,
}

impl<S: Store> Idempotency<S> {
    /// Keeps answers in this store, sealed under this master key and each one's own idempotency key.
    pub fn new(store: S, clock: Clock, entropy: Entropy, master: MasterKey) -> Self {
        Self { store, clock, entropy, master }
    }

    /// The answer that was given to the same request with the same key, if there is one. Refused if the key was used for
    /// another request, or if the answer carried a secret and is gone.
    pub async fn look<T>(
        &self,
        caller: AgentId,
        once: &Once<'_, T>,
    ) -> Result<Answered<Option<Vec<u8>>>, Fault> {
        let Some(key) = once.key else { return Ok(Ok(None)) };
        let (hash, now) = (key.hash(), self.clock.now());
        let Some(kept) = self.store.idempotency_get(caller, key.operation, &hash, now).await? else {
            return Ok(Ok(None));
        };
        if kept.request_hash != key.request_hash {
            return Ok(Err(Refusal::IdempotencyConflict(IdempotencyConflict::OtherRequest)));
        }
        let whole = kept.answer_sealed.filter(|_| kept.secret_until.is_none_or(|until| now < until));
        let Some(sealed) = whole else {
            return Ok(Err(Refusal::IdempotencyConflict(IdempotencyConflict::SecretGone)));
        };
        let opened = self.master.open_with(&key.key, &place(&row(caller, key)), &sealed)?;
        Ok(Ok(Some(opened.to_vec())))
    }

    /// Keeps the answer, which carries a secret, in the transaction of the change that it tells of. Refused if a twin of
    /// the request was quicker.
    pub async fn keep<T, U: Unit>(
        &self,
        unit: &mut U,
        caller: AgentId,
        once: &Once<'_, T>,
        value: &T,
    ) -> Result<Answered<()>, Fault> {
        let Some(key) = once.key else { return Ok(Ok(())) };
        let (now, answer) = (self.clock.now(), Zeroizing::new((once.answer)(value)));
        let sealed = self.master.seal_with(&key.key, &place(&row(caller, key)), &answer, &self.entropy)?;
        let kept = KeptAnswer {
            caller,
            operation: key.operation.to_owned(),
            key_hash: key.hash(),
            request_hash: key.request_hash,
            answer_sealed: Some(sealed),
            created_at: now,
            secret_until: Some(now + SECRET_FOR),
            expires_at: now + COUNTS_FOR,
        };
        let first = unit.idempotency_insert(&kept).await?;
        Ok(if first { Ok(()) } else { Err(Refusal::IdempotencyConflict(IdempotencyConflict::Twin)) })
    }
}

fn row(caller: AgentId, key: &IdempotencyKey) -> String {
    format!("{caller} {} {}", key.operation, hex(&key.hash()))
}

fn place(row: &str) -> Seal<'_> {
    Seal { table: "idempotency_keys", id: row, purpose: "answer" }
}

/// An answer that is kept for whoever asks again, as a row.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// Whose key it is.
    pub caller: AgentId,
    /// For which operation, by its `operationId`.
    pub operation: String,
    /// SHA-256 of the key; the key itself helps to open the answer and is not kept.
    pub key_hash: [u8; 32],
    /// SHA-256 of what was asked.
    pub request_hash: [u8; 32],
    /// The answer, sealed; `None` once its secret is gone.
    pub answer_sealed: Option<Vec<u8>>,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Until when it is kept whole; `None` if it carries no secret.
    pub secret_until: Option<DateTime<Utc>>,
    /// Until when the key counts.
    pub expires_at: DateTime<Utc>,
}

/// Says whose and for what, and nothing of the answer.
impl fmt::Debug for KeptAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptAnswer")
            .field("caller", &self.caller)
            .field("operation", &self.operation)
            .field("created_at", &self.created_at)
            .finish_non_exhaustive()
    }
}
