//! Signing keys and the canary of the master key, as they are kept.

pub mod resealing;

use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;

use super::audit::{Action, Actor, AuditEvent, EventFlaw};
use super::callers::AuthMethod;
use super::changes::{ChangeKind, Rev};
use super::clocks::tolerance;
use super::feed::FRESH_FOR;
use super::refusal::{Fault, TokenFlaw};
use super::tokens::LIFETIMES;
use crate::clock::Clock;
use crate::crypto::jwt::{SigningKey, VerifyingKey, private_key_generate, token_kid};
use crate::crypto::{CryptoFault, Entropy, MasterKey, Seal, SecretText};
use crate::store::audit::AuditWrites;
use crate::store::keys::KeyWrites;
use crate::store::{Store, StoreFault, Unit};

/// An algorithm that tokens are signed with and whose keys are published (RFC 7518 §3.1, RFC 8037 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SigningAlgorithm {
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
    /// RSASSA-PKCS1-v1_5 with SHA-256, 2048 bits.
    Rs256,
}

impl SigningAlgorithm {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Es256, Self::EdDsa, Self::Rs256];

    /// The registered `alg` name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Rs256 => "RS256",
        }
    }

    /// The value of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|value| value.as_str() == name)
    }
}

/// A signing key as it is stored: the private part sealed under the master key.
#[derive(Clone, PartialEq)]
pub struct StoredKey {
    /// Its identifier (UUIDv7), which is also its `kid`.
    pub id: Uuid,
    /// What it signs with.
    pub algorithm: SigningAlgorithm,
    /// The public part as a JWK (RFC 7517).
    pub public_jwk: serde_json::Value,
    /// The private part (PKCS #8) under AES-256-GCM; the associated data names table, id and purpose.
    pub private_key_sealed: Vec<u8>,
    /// When it was made, and published.
    pub created_at: DateTime<Utc>,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// From when on a successor signs in its place.
    pub signs_until: Option<DateTime<Utc>>,
    /// Until when it is published: when the last token it signed has expired.
    pub published_until: Option<DateTime<Utc>>,
}

impl StoredKey {
    /// Where it stands in its life.
    pub fn standing(&self, now: DateTime<Utc>) -> KeyStanding {
        match (self.signs_until, self.published_until) {
            (_, Some(until)) if until <= now => KeyStanding::Ended(until),
            _ if now < self.signs_from => KeyStanding::Waits(self.signs_from),
            (Some(until), _) if now < until => KeyStanding::SignsUntil(until),
            (Some(_), Some(until)) => KeyStanding::VerifiesUntil(until),
            _ => KeyStanding::SignsSince(self.signs_from),
        }
    }

    /// Whether verifiers are told of it.
    pub fn is_published(&self, now: DateTime<Utc>) -> bool {
        self.published_until.is_none_or(|until| now < until)
    }
}

/// Where a signing key stands in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeyStanding {
    /// It is published and signs from then on.
    Waits(DateTime<Utc>),
    /// It signs, since then, and has no successor.
    SignsSince(DateTime<Utc>),
    /// It signs until its successor does.
    SignsUntil(DateTime<Utc>),
    /// It signs no more; the last token it signed has expired by then.
    VerifiesUntil(DateTime<Utc>),
    /// It is not published any more, since then.
    Ended(DateTime<Utc>),
}

impl fmt::Display for KeyStanding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, when) = match self {
            Self::Waits(from) => ("published, signs from", from),
            Self::SignsSince(since) => ("signs since", since),
            Self::SignsUntil(until) => ("signs until", until),
            Self::VerifiesUntil(until) => ("verifies until", until),
            Self::Ended(since) => ("ended", since),
        };
        write!(f, "{what} {}", when.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}

/// Shows which key it is and nothing of its private part.
impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

/// What tokens are signed with, as the configuration says.
#[derive(Clone, Debug)]
pub enum Signing {
    /// Keys made here, kept sealed, their public parts published.
    Asymmetric(SigningAlgorithm),
    /// HS256 under a secret shared with one verifier: for development, and nothing is published.
    SharedSecret(SecretText),
}

/// What a key ring is opened with.
#[derive(Clone, Debug)]
pub struct KeySettings {
    /// What tokens are signed with.
    pub signing: Signing,
    /// Whose tokens they are.
    pub issuer: String,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
}

/// Why the keys cannot be used: the server must not start.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The memory failed.
    #[error(transparent)]
    Store(#[from] StoreFault),
    /// The back end failed, or a sealed key does not open.
    #[error(transparent)]
    Crypto(#[from] CryptoFault),
    /// The canary does not open.
    #[error(
        "the master key is not the one that this database was opened with; set AGENTIDP_MASTER_KEY (or \
         AGENTIDP_MASTER_KEY_FILE) to that one, or see agentidp keys reseal"
    )]
    WrongMasterKey,
    /// There are keys and no canary; nothing is made over them.
    #[error(
        "the database holds signing keys but no canary of their master key; restore it from a whole backup"
    )]
    CanaryMissing,
    /// No key may sign now.
    #[error("no signing key for {0} is in force")]
    NoneSigns(&'static str),
    /// A shared secret is not the server's to replace.
    #[error(
        "tokens are signed with a shared secret (JWT_ALGORITHM=HS256), which has no successor but another JWT_SECRET"
    )]
    SharedSecret,
    /// The event of a new key cannot be recorded.
    #[error("the event of a new signing key cannot be recorded: {0}")]
    Event(#[from] EventFlaw),
}

impl From<KeyFault> for Fault {
    fn from(fault: KeyFault) -> Self {
        match fault {
            KeyFault::Store(fault) => Self::Store(fault),
            KeyFault::Crypto(fault) => Self::Crypto(fault),
            other => Self::Impossible(other.to_string()),
        }
    }
}

const CANARY: Seal<'static> = Seal { table: "key_canary", id: "1", purpose: "canary" };
const CANARY_TEXT: &[u8] = b"this database was first opened with this master key";

/// Makes sure that the master key is the one that the database is sealed under; on a new database, it becomes
/// that. Several nodes may do so at once: one sets the canary, the others are measured by it.
pub async fn canary_check<S: Store>(
    store: &S,
    master: &MasterKey,
    entropy: &Entropy,
) -> Result<(), KeyFault> {
    if let Some(sealed) = store.key_canary_get().await? {
        return canary_open(master, &sealed);
    }
    if !store.key_list().await?.is_empty() {
        return Err(KeyFault::CanaryMissing);
    }
    let mut unit = store.begin().await?;
    if unit.key_canary_insert(&master.seal(&CANARY, CANARY_TEXT, entropy)?).await? {
        fault_point!("canary.written");
        unit.commit().await?;
        fault_point!("canary.committed");
        return Ok(());
    }
    drop(unit);
    match store.key_canary_get().await? {
        Some(sealed) => canary_open(master, &sealed),
        None => Err(KeyFault::CanaryMissing),
    }
}

fn canary_open(master: &MasterKey, sealed: &[u8]) -> Result<(), KeyFault> {
    match master.open(&CANARY, sealed) {
        Ok(text) if text.as_slice() == CANARY_TEXT => Ok(()),
        _ => Err(KeyFault::WrongMasterKey),
    }
}

/// The `kid` of the shared secret, which no stored key (a UUID) can have.
const SHARED_KID: &str = "shared";

/// The keys in use on this node: parsed once, replaced as a whole when the database's change.
pub struct KeyRing {
    settings: KeySettings,
    master: MasterKey,
    clock: Clock,
    keys: RwLock<Arc<Vec<Arc<RingKey>>>>,
    /// The position of the last change of the keys that this ring has taken in.
    known: AtomicI64,
}

/// One key with the times of its life.
struct RingKey {
    signing: SigningKey,
    verifying: VerifyingKey,
    public_jwk: Option<serde_json::Value>,
    /// Whether it is of the algorithm of the settings.
    chosen: bool,
    signs_from: DateTime<Utc>,
    signs_until: Option<DateTime<Utc>>,
    published_until: Option<DateTime<Utc>>,
}

impl RingKey {
    /// The one that signs: of those of the settings' algorithm that may, the one that began last. While the first of them is
    /// published and waits, as after a change of the algorithm, it is one of the algorithm before: nobody can verify yet what
    /// the new one would sign.
    fn in_force(keys: &[Arc<Self>], now: DateTime<Utc>) -> Option<&Arc<Self>> {
        let last = |chosen: bool| {
            let may = keys.iter().filter(|key| key.chosen == chosen && key.may_sign(now));
            may.max_by_key(|key| key.signs_from)
        };
        let waits = |key: &Arc<Self>| key.chosen && now < key.signs_from && key.is_published(now);
        last(true).or_else(|| last(false).filter(|_| keys.iter().any(waits)))
    }

    fn may_sign(&self, now: DateTime<Utc>) -> bool {
        self.signs_from <= now && self.signs_until.is_none_or(|until| now < until)
    }

    fn is_published(&self, now: DateTime<Utc>) -> bool {
        self.published_until.is_none_or(|until| now < until)
    }
}

/// The key that verified a token, as long as the ring has it.
#[derive(Clone)]
pub struct VerifiedBy(Weak<RingKey>);

impl VerifiedBy {
    /// Whether the key would verify the token again: it is still in the ring, and published.
    pub(crate) fn stands(&self, now: DateTime<Utc>) -> bool {
        self.0.upgrade().is_some_and(|key| key.is_published(now))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("algorithm", &self.algorithm_name()).finish_non_exhaustive()
    }
}

impl KeyRing {
    /// Checks the canary, and loads the keys; makes the first key of the algorithm where there is none, by
    /// compare-and-swap among several nodes, with its event. Nothing is ever made over a key that is there.
    pub async fn open<S: Store>(
        store: &S,
        settings: KeySettings,
        master: &MasterKey,
        clock: &Clock,
        entropy: &Entropy,
    ) -> Result<Self, KeyFault> {
        canary_check(store, master, entropy).await?;
        if let Signing::Asymmetric(algorithm) = settings.signing {
            let jwks_max_age = settings.jwks_max_age;
            let workshop = KeyWorkshop { store, algorithm, master, clock, entropy, jwks_max_age };
            match workshop.newest().await? {
                None => workshop.create_first().await?,
                Some(key) => match key.standing(clock.now()) {
                    // All of its keys were ended while another algorithm signed.
                    KeyStanding::VerifiesUntil(_) | KeyStanding::Ended(_) => {
                        workshop.succeed(&key, Succession::Again).await?;
                    }
                    KeyStanding::Waits(_) | KeyStanding::SignsSince(_) | KeyStanding::SignsUntil(_) => {}
                },
            }
        }
        let ring = Self {
            settings,
            master: master.clone(),
            clock: clock.clone(),
            keys: RwLock::default(),
            known: AtomicI64::default(),
        };
        ring.reload(store).await?;
        Ok(ring)
    }

    /// Reads the keys anew, as after a change of them. On a fault the ring stays as it is.
    pub async fn reload<S: Store>(&self, store: &S) -> Result<(), KeyFault> {
        let issuer = &self.settings.issuer;
        let now = self.clock.now();
        let keys = match &self.settings.signing {
            Signing::SharedSecret(secret) => vec![RingKey {
                signing: SigningKey::from_shared_secret(SHARED_KID, secret)?,
                verifying: VerifyingKey::from_shared_secret(SHARED_KID, secret, issuer),
                public_jwk: None,
                chosen: true,
                signs_from: DateTime::<Utc>::MIN_UTC,
                signs_until: None,
                published_until: None,
            }],
            Signing::Asymmetric(algorithm) => {
                let stored = store.key_list().await?;
                let published = stored.iter().filter(|key| key.is_published(now));
                let parsed = published.map(|key| ring_key(key, *algorithm, &self.master, issuer));
                parsed.collect::<Result<Vec<_>, CryptoFault>>()?
            }
        };
        let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
        if RingKey::in_force(&keys, now).is_none() {
            return Err(KeyFault::NoneSigns(self.algorithm_name()));
        }
        let keys = Arc::new(keys);
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys;
        Ok(())
    }

    /// Reads the keys anew if they changed, at `changed`, after this ring last took a change in. After a fault it does so
    /// again the next time.
    pub async fn catch_up<S: Store>(&self, store: &S, changed: Rev) -> Result<(), KeyFault> {
        if self.known.load(Ordering::Acquire) < changed.0 {
            self.reload(store).await?;
            self.known.fetch_max(changed.0, Ordering::AcqRel);
        }
        Ok(())
    }

    /// The `alg` that tokens are signed with now.
    pub fn algorithm_name(&self) -> &'static str {
        match &self.settings.signing {
            Signing::Asymmetric(algorithm) => algorithm.as_str(),
            Signing::SharedSecret(_) => "HS256",
        }
    }

    /// The set of public keys (RFC 7517 §5), never empty, or nothing when a shared secret signs. Keys that are yet to
    /// sign and keys whose last token still lives are in it.
    pub fn jwks(&self) -> Option<serde_json::Value> {
        let now = self.clock.now();
        let keys = self.current();
        let published = keys.iter().filter(|key| key.is_published(now));
        let jwks: Vec<_> = published.filter_map(|key| key.public_jwk.clone()).collect();
        (!jwks.is_empty()).then(|| serde_json::json!({ "keys": jwks }))
    }

    /// Whether some key may sign now.
    pub fn can_sign(&self) -> bool {
        self.in_force().is_some()
    }

    /// The `kid` of the key in force.
    pub fn kid_in_force(&self) -> Option<String> {
        self.in_force().map(|key| key.signing.kid().to_owned())
    }

    /// For how long the key in force has signed, unless it is a shared secret.
    pub fn age_in_force(&self) -> Option<Duration> {
        let key = self.in_force().filter(|key| key.public_jwk.is_some())?;
        (self.clock.now() - key.signs_from).to_std().ok()
    }

    /// Signs the claims of an access token with the key in force.
    pub(crate) fn sign<T: serde::Serialize>(&self, claims: &T) -> Result<SecretText, KeyFault> {
        let key = self.in_force().ok_or(KeyFault::NoneSigns(self.algorithm_name()))?;
        Ok(key.signing.sign(claims)?)
    }

    /// The key that signs now.
    fn in_force(&self) -> Option<Arc<RingKey>> {
        RingKey::in_force(&self.current(), self.clock.now()).map(Arc::clone)
    }

    /// The claims of a token that one of the published keys signed for this issuer (RFC 9068 §4, RFC 8725 §3), and which.
    pub(crate) fn verify<T: serde::de::DeserializeOwned>(
        &self,
        token: &str,
    ) -> Result<(T, VerifiedBy), TokenFlaw> {
        let kid = token_kid(token)?;
        let now = self.clock.now();
        let keys = self.current();
        let named = keys.iter().find(|key| key.verifying.kid() == kid && key.is_published(now));
        let key = named.ok_or(TokenFlaw::UnknownKey)?;
        Ok((key.verifying.verify(token)?, VerifiedBy(Arc::downgrade(key))))
    }

    fn current(&self) -> Arc<Vec<Arc<RingKey>>> {
        Arc::clone(&self.keys.read().unwrap_or_else(PoisonError::into_inner))
    }
}

/// The place of a key's sealed private part.
fn private_key_seal(kid: &str) -> Seal<'_> {
    Seal { table: "signing_keys", id: kid, purpose: "private key" }
}

fn ring_key(
    stored: &StoredKey,
    chosen: SigningAlgorithm,
    master: &MasterKey,
    issuer: &str,
) -> Result<RingKey, CryptoFault> {
    let kid = stored.id.to_string();
    let private = master.open(&private_key_seal(&kid), &stored.private_key_sealed)?;
    let signing = SigningKey::from_pkcs8(&kid, stored.algorithm, &private)?;
    // What is published is what the private part says, whatever the column says.
    let public_jwk = signing.public_jwk()?.filter(|jwk| *jwk == stored.public_jwk);
    let public_jwk = public_jwk.ok_or_else(|| {
        CryptoFault::KeyUnusable(kid.clone(), "its public part is not that of its private part")
    })?;
    Ok(RingKey {
        signing,
        verifying: VerifyingKey::from_jwk(&kid, stored.algorithm, &public_jwk, issuer)?,
        public_jwk: Some(public_jwk),
        chosen: stored.algorithm == chosen,
        signs_from: stored.signs_from,
        signs_until: stored.signs_until,
        published_until: stored.published_until,
    })
}

/// How a key is followed by the next one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Succession {
    /// Without anybody noticing: the next key is published before it signs, and the one before stays published until the
    /// last token it signed has expired.
    Planned,
    /// Because its algorithm signs again, whose keys were all ended while another did: the next key signs at once, unless a
    /// key of another algorithm does until verifiers can know of it.
    Again,
    /// Because a private key is known to others: the next key signs at once, and no other verifies anything any more,
    /// whatever its algorithm.
    Compromised,
}

/// How long a key is published before it signs where verifiers may cache the JWKS for `max_age`: another node may give
/// them one without it until it has read of it, and one whose clock is ahead of its maker's signs sooner.
pub fn publication_lead(max_age: Duration) -> Duration {
    max_age + FRESH_FOR + tolerance(max_age)
}

/// From when on a key signs, or is ended, on every node at once: already, by whichever of their clocks.
fn at_once(clock: &Clock, jwks_max_age: Duration) -> DateTime<Utc> {
    clock.now() - tolerance(jwks_max_age)
}

/// The longest that a token lives, whatever was configured when it was signed.
const LONGEST_LIFE: Duration = *LIFETIMES.end();

/// Where the signing keys of an algorithm are made.
pub struct KeyWorkshop<'w, S> {
    /// Where they are kept.
    pub store: &'w S,
    /// What they sign with.
    pub algorithm: SigningAlgorithm,
    /// What their private parts are sealed under.
    pub master: &'w MasterKey,
    /// The time.
    pub clock: &'w Clock,
    /// Where identifiers come from.
    pub entropy: &'w Entropy,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
}

impl<S: Store> KeyWorkshop<'_, S> {
    /// The last key of the algorithm, which may be yet to sign.
    pub async fn newest(&self) -> Result<Option<StoredKey>, KeyFault> {
        let keys = self.store.key_list().await?;
        Ok(keys.into_iter().rfind(|key| key.algorithm == self.algorithm))
    }

    /// Makes the next key. `None` if another node did at the same time: then that one's is the next. One that ends keys
    /// which others know is not content with that, and tries again: what another made may leave them published.
    pub async fn rotate(&self, succession: Succession) -> Result<Option<StoredKey>, KeyFault> {
        loop {
            let newest = self.newest().await?;
            let newest = newest.ok_or(KeyFault::NoneSigns(self.algorithm.as_str()))?;
            match self.succeed(&newest, succession).await? {
                None if succession == Succession::Compromised => {}
                made => return Ok(made),
            }
        }
    }

    /// Makes the next key if the last one will have signed for `age` by the time when it signs.
    pub async fn rotate_when_due(&self, age: Duration) -> Result<Option<StoredKey>, KeyFault> {
        let by_then = self.clock.now() + publication_lead(self.jwks_max_age);
        match self.newest().await? {
            Some(newest) if newest.signs_from + age <= by_then => {
                self.succeed(&newest, Succession::Planned).await
            }
            _ => Ok(None),
        }
    }

    /// Removes the keys that verify nothing any more, for every algorithm; answers how many those were.
    pub async fn remove_ended(&self) -> Result<u64, KeyFault> {
        let now = self.clock.now();
        let keys = self.store.key_list().await?;
        if keys.iter().all(|key| key.is_published(now)) {
            return Ok(0);
        }
        let mut unit = self.store.begin().await?;
        let removed = unit.keys_remove(now).await?;
        fault_point!("keys.removed");
        unit.commit().await?;
        fault_point!("keys.committed");
        Ok(removed)
    }

    /// From when on a key signs that is the first of its algorithm to do so: at once, if none signs before it.
    async fn first_signs_from(&self) -> Result<DateTime<Utc>, KeyFault> {
        let now = self.clock.now();
        let signs = |key: &StoredKey| {
            matches!(key.standing(now), KeyStanding::SignsSince(_) | KeyStanding::SignsUntil(_))
        };
        let there_is_one = self.store.key_list().await?.iter().any(signs);
        Ok(if there_is_one {
            now + publication_lead(self.jwks_max_age)
        } else {
            at_once(self.clock, self.jwks_max_age)
        })
    }

    /// Makes the first key, unless another node has: then that one's is used. Where one of another algorithm signs, it is
    /// published before it does.
    async fn create_first(&self) -> Result<(), KeyFault> {
        let now = self.clock.now();
        let key = self.make(now, self.first_signs_from().await?)?;
        let event = self.event(Action::KeyCreated, &key).seal(self.clock, self.entropy)?;
        let mut unit = self.store.begin().await?;
        if unit.key_insert_first(&key).await? {
            unit.audit_append(&[event]).await?;
            unit.commit_with_changes(&[ChangeKind::KeysChanged], now).await?;
        }
        Ok(())
    }

    async fn succeed(&self, last: &StoredKey, succession: Succession) -> Result<Option<StoredKey>, KeyFault> {
        let mut unit = self.store.begin().await?;
        let Some(key) = self.succeed_in(&mut unit, last, succession).await? else { return Ok(None) };
        unit.commit_with_changes(&[ChangeKind::KeysChanged], key.created_at).await?;
        Ok(Some(key))
    }

    /// The same in a transaction, whose commit tells of the change.
    async fn succeed_in(
        &self,
        unit: &mut S::Unit,
        last: &StoredKey,
        succession: Succession,
    ) -> Result<Option<StoredKey>, KeyFault> {
        let now = self.clock.now();
        let signs_from = match succession {
            Succession::Planned => now + publication_lead(self.jwks_max_age),
            Succession::Again => self.first_signs_from().await?,
            Succession::Compromised => at_once(self.clock, self.jwks_max_age),
        };
        let key = self.make(now, signs_from)?;
        let event = self
            .event(Action::KeyRotated, &key)
            .with("previousKid", last.id.to_string())
            .with("compromised", succession == Succession::Compromised)
            .seal(self.clock, self.entropy)?;
        if !unit.key_insert_next(&key, last.id).await? {
            return Ok(None);
        }
        match succession {
            // One that was ended before is not published again.
            _ if succession != Succession::Compromised && last.signs_until.is_some() => {}
            Succession::Planned | Succession::Again => {
                let last_token_ends = signs_from + LONGEST_LIFE + tolerance(self.jwks_max_age);
                unit.key_end(last.id, signs_from, last_token_ends).await?;
            }
            Succession::Compromised => {
                let others = self.store.key_list().await?;
                for other in
                    others.iter().filter(|other| other.id != key.id && other.is_published(signs_from))
                {
                    unit.key_end(other.id, signs_from, signs_from).await?;
                }
            }
        }
        unit.audit_append(&[event]).await?;
        Ok(Some(key))
    }

    fn make(&self, now: DateTime<Utc>, signs_from: DateTime<Utc>) -> Result<StoredKey, KeyFault> {
        let id = self.entropy.uuid_v7(now);
        let kid = id.to_string();
        let private = private_key_generate(self.algorithm)?;
        let public_jwk = SigningKey::from_pkcs8(&kid, self.algorithm, &private)?.public_jwk()?;
        Ok(StoredKey {
            id,
            algorithm: self.algorithm,
            public_jwk: public_jwk.unwrap_or_default(),
            private_key_sealed: self.master.seal(&private_key_seal(&kid), &private, self.entropy)?,
            created_at: now,
            signs_from,
            signs_until: None,
            published_until: None,
        })
    }

    fn event(&self, action: Action, key: &StoredKey) -> AuditEvent {
        AuditEvent::success(action, Actor::nameless(AuthMethod::System))
            .with("kid", key.id.to_string())
            .with("algorithm", self.algorithm.as_str())
            .with("signsFrom", key.signs_from.to_rfc3339_opts(SecondsFormat::Millis, true))
    }
}
