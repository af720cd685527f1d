//! Another master key. What was sealed under the one before is sealed anew, or given up if that one is lost or known to
//! others; in one transaction, so that the database is always whole under one of the two.
//!
//! What is sealed: the private parts of signing keys and of the audit log's key, the canary, and the answers that are kept
//! for idempotency keys. The last take the caller's own key to open as well, so they are forgotten either way. Client secrets
//! are not sealed: bcrypt decides about each once more, and a success makes a verifier under the new key.

use std::time::Duration;

use super::{
    CANARY, CANARY_TEXT, KeyFault, KeyWorkshop, SigningAlgorithm, StoredKey, Succession, at_once,
    canary_open, private_key_seal,
};
use crate::clock::Clock;
use crate::crypto::{CryptoFault, Entropy, MasterKey, NoteSigner, Seal};
use crate::domain::audit::log::{LogFault, log_key_seal};
use crate::domain::audit::reopening::{Closed, Closing};
use crate::domain::audit::{Action, Actor, AuditEvent, EventFlaw};
use crate::domain::callers::AuthMethod;
use crate::domain::changes::ChangeKind;
use crate::domain::log::Checkpoint;
use crate::store::audit::AuditWrites;
use crate::store::idempotency::IdempotencyWrites;
use crate::store::keys::KeyWrites;
use crate::store::{Store, StoreFault, Unit};

/// What became of the master key until now.
#[derive(Clone, Copy, Debug)]
pub enum Before<'m> {
    /// It is at hand, so everything is sealed anew: tokens live on, and the audit log goes on as it is.
    Known(&'m MasterKey),
    /// Nobody has it, so what it sealed is given up: tokens end, and the audit log goes on by another name.
    Lost,
    /// Others have it, and with a copy of the database all that it sealed. The same as [`Before::Lost`].
    Leaked,
}

impl Before<'_> {
    fn as_str(self) -> &'static str {
        match self {
            Self::Known(_) => "replaced",
            Self::Lost => "lost",
            Self::Leaked => "leaked",
        }
    }
}

/// Why nothing was sealed anew.
#[derive(Debug, thiserror::Error)]
pub enum ResealFault {
    /// The keys cannot be used.
    #[error(transparent)]
    Keys(#[from] KeyFault),
    /// The audit log cannot go on.
    #[error(transparent)]
    Log(#[from] LogFault),
    /// There is nothing yet.
    #[error("this database was never opened with a master key; the first start takes the one that is set")]
    NothingSealed,
    /// It was done before, or the new key is the old one.
    #[error("this database is sealed under AGENTIDP_MASTER_KEY already; nothing was changed")]
    SealedAlready,
    /// The key that is given as the old one is another.
    #[error(
        "AGENTIDP_OLD_MASTER_KEY (or AGENTIDP_OLD_MASTER_KEY_FILE) is not the key that this database is sealed under"
    )]
    OldKeyWrong,
    /// A server, or another one who seals, was at it.
    #[error("somebody else works on this database's keys; stop every server and try again")]
    Disturbed,
}

impl From<StoreFault> for ResealFault {
    fn from(fault: StoreFault) -> Self {
        Self::Keys(fault.into())
    }
}

impl From<CryptoFault> for ResealFault {
    fn from(fault: CryptoFault) -> Self {
        Self::Keys(fault.into())
    }
}

impl From<EventFlaw> for ResealFault {
    fn from(flaw: EventFlaw) -> Self {
        Self::Keys(flaw.into())
    }
}

/// What was done.
pub struct Resealed {
    /// How many private parts were sealed anew.
    pub keys: usize,
    /// How many answers for idempotency keys were forgotten.
    pub answers: u64,
    /// The signing key that came in the place of those that were given up.
    pub signing_key: Option<StoredKey>,
    /// The audit log that was closed, and the key of the one that goes on.
    pub log: Option<(Closed, NoteSigner)>,
    /// How many client secrets bcrypt decides about at their next use.
    pub outdated: u64,
}

/// What it takes.
pub struct Resealing<'r, S> {
    /// The database. No server may work on it.
    pub store: &'r S,
    /// The master key from now on.
    pub master: &'r MasterKey,
    /// What tokens are signed with, unless it is a shared secret.
    pub algorithm: Option<SigningAlgorithm>,
    /// A checkpoint of the audit log that was kept outside of the database.
    pub kept: Option<Checkpoint>,
    /// The time.
    pub clock: &'r Clock,
    /// Chance.
    pub entropy: &'r Entropy,
    /// How long verifiers may cache the JWKS.
    pub jwks_max_age: Duration,
}

impl<S: Store> Resealing<'_, S> {
    /// Makes the master key the database's. A server that runs all the same hears of it with the next reading of the change
    /// feed, cannot open the keys, and answers 503 from then on.
    pub async fn run(&self, before: Before<'_>) -> Result<Resealed, ResealFault> {
        let Self { store, master, clock, entropy, .. } = self;
        let Some(canary) = store.key_canary_get().await? else {
            let is_new = store.key_list().await?.is_empty();
            return Err(if is_new { ResealFault::NothingSealed } else { KeyFault::CanaryMissing.into() });
        };
        if canary_open(master, &canary).is_ok() {
            return Err(ResealFault::SealedAlready);
        }
        let closing = match before {
            Before::Known(old) => {
                canary_open(old, &canary).map_err(|_| ResealFault::OldKeyWrong)?;
                None
            }
            Before::Lost | Before::Leaked => {
                Closing::of_given_up(*store, self.kept.clone(), master, clock, entropy).await?
            }
        };
        let event = AuditEvent::success(Action::KeyResealed, Actor::nameless(AuthMethod::Local))
            .with("cause", before.as_str())
            .with("keyVersion", master.verifier_key_version());
        let event = match before {
            Before::Known(old) => event.with("previousKeyVersion", old.verifier_key_version()),
            Before::Lost | Before::Leaked => event,
        };
        let now = clock.now();
        let outdated = store.credential_count_outdated(master.verifier_key_version(), now).await?;

        let mut unit = store.begin().await?;
        // First, so that of two who seal at once the second waits, and then finds another canary.
        let sealed = master.seal(&CANARY, CANARY_TEXT, entropy)?;
        if !unit.key_canary_replace(&canary, &sealed).await? {
            return Err(ResealFault::Disturbed);
        }
        let (mut keys, mut signing_key) = (0, None);
        match before {
            Before::Known(old) => keys = self.seal_anew(&mut unit, old).await?,
            Before::Lost | Before::Leaked => signing_key = self.give_up(&mut unit).await?,
        }
        if let Some(closing) = &closing {
            closing.write(&mut unit).await?;
        }
        let answers = unit.idempotency_forget().await?;
        unit.audit_append(&[event.seal(clock, entropy)?]).await?;
        unit.commit_with_changes(&[ChangeKind::KeysChanged], now).await?;
        Ok(Resealed { keys, answers, signing_key, log: closing.map(Closing::into_closed), outdated })
    }

    /// Opens every private part with the old key and seals it under the new one; answers how many those were. What does not
    /// open was given up before: nobody opens it again, if it verifies nothing any more.
    async fn seal_anew(&self, unit: &mut S::Unit, old: &MasterKey) -> Result<usize, ResealFault> {
        let (now, mut count) = (self.clock.now(), 0);
        for key in self.store.key_list().await? {
            let kid = key.id.to_string();
            let sealed = &key.private_key_sealed;
            let is_needed = key.is_published(now);
            if let Some(anew) = self.moved(old, &private_key_seal(&kid), sealed, is_needed)? {
                if !unit.key_reseal(key.id, sealed, &anew).await? {
                    return Err(ResealFault::Disturbed);
                }
                count += 1;
            }
        }
        let named = self.store.audit_head().await?.origin;
        for key in self.store.audit_key_list().await? {
            let sealed = &key.private_key_sealed;
            let is_needed = named.as_deref() == Some(key.origin.as_str());
            if let Some(anew) = self.moved(old, &log_key_seal(&key.origin), sealed, is_needed)? {
                if !unit.audit_key_reseal(&key.origin, sealed, &anew).await? {
                    return Err(ResealFault::Disturbed);
                }
                count += 1;
            }
        }
        Ok(count)
    }

    /// What was sealed, under the new key.
    fn moved(
        &self,
        old: &MasterKey,
        place: &Seal<'_>,
        sealed: &[u8],
        is_needed: bool,
    ) -> Result<Option<Vec<u8>>, CryptoFault> {
        match old.open(place, sealed) {
            Ok(plain) => Ok(Some(self.master.seal(place, &plain, self.entropy)?)),
            Err(_) if !is_needed => Ok(None),
            Err(fault) => Err(fault),
        }
    }

    /// Ends every signing key, and makes the next one of the algorithm that signs; none where there was none, as the next
    /// start makes it then.
    async fn give_up(&self, unit: &mut S::Unit) -> Result<Option<StoredKey>, ResealFault> {
        let Self { store, master, clock, entropy, jwks_max_age, .. } = *self;
        let keys = store.key_list().await?;
        let newest = keys.iter().rfind(|key| Some(key.algorithm) == self.algorithm);
        if let Some(newest) = newest {
            let algorithm = newest.algorithm;
            let workshop = KeyWorkshop { store, algorithm, master, clock, entropy, jwks_max_age };
            let made = workshop.succeed_in(unit, newest, Succession::Compromised).await?;
            return Ok(Some(made.ok_or(ResealFault::Disturbed)?));
        }
        let ended = at_once(clock, jwks_max_age);
        for key in keys.iter().filter(|key| key.is_published(ended)) {
            unit.key_end(key.id, ended, ended).await?;
        }
        Ok(None)
    }
}
