//! Authenticating clients by their secrets (RFC 6749 §2.3.1), in microseconds and telling nobody why not.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::agents::{AgentId, AgentStatus, Owner};
use super::callers::{AuthMethod, Client, RequestContext};
use super::credentials::{ClientProof, ClientRecord, CredentialId, CredentialStatus};
use super::feed::Feed;
use super::limits::Limits;
use super::refusal::{Answered, ClientFlaw, Fault, Refusal};
use super::tally::Tally;
use super::uses::Uses;
use crate::clock::Clock;
use crate::crypto::{ClientSecret, HashFault, HashPool, MasterKey, SecretText};
use crate::measures;
use crate::store::credentials::CredentialWrites;
use crate::store::{Store, Unit};

/// The first level of memory, of this process: may cost time, never correctness. What it holds is used only while the
/// feed says that it is current.
pub trait ClientCache: Send + Sync {
    /// The record last kept for the credential, if it is still there.
    fn client_get(&self, id: CredentialId) -> Option<Arc<ClientRecord>>;

    /// Keeps a record.
    fn client_put(&self, record: Arc<ClientRecord>);
}

/// What a second level answers, once it has.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The second level, which nodes share: asked when the first has nothing, and held to the feed as the first is. It may
/// be empty, slow, gone or forged at any time, and never makes a request fail or wait for longer than a tenth of a
/// second.
pub trait SharedClientCache: Send + Sync {
    /// A record that some node shared for the credential; what is not such a record counts as nothing.
    fn client_find(&self, id: CredentialId) -> Answering<'_, Result<Option<Arc<ClientRecord>>, Away>>;

    /// Shares a record soon, or not at all.
    fn client_share(&self, record: Arc<ClientRecord>);

    /// Whether it answers now.
    fn ping(&self) -> Answering<'_, Result<(), Away>>;
}

/// The second level does not answer, or not in time: whoever asked goes on without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Away;

/// How often a level had a record that could be used, and how often not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HitRate {
    /// It had one.
    pub hits: u64,
    /// It had none, or one that was not current any more.
    pub misses: u64,
    /// It could not be asked. (The first level always can.)
    pub away: u64,
}

impl HitRate {
    /// What came after an earlier count.
    pub fn since(self, earlier: Self) -> Self {
        Self {
            hits: self.hits.saturating_sub(earlier.hits),
            misses: self.misses.saturating_sub(earlier.misses),
            away: self.away.saturating_sub(earlier.away),
        }
    }

    /// Hits of a hundred questions that were answered, if any was.
    pub fn percent(self) -> Option<u64> {
        (self.hits * 100).checked_div(self.hits + self.misses)
    }
}

/// What became of the questions to one level, counted from the start.
#[derive(Debug, Default)]
pub struct LevelCount {
    hits: AtomicU64,
    misses: AtomicU64,
    away: AtomicU64,
}

impl LevelCount {
    /// The counts so far.
    pub fn so_far(&self) -> HitRate {
        HitRate {
            hits: self.hits.load(Ordering::Relaxed),
            misses: self.misses.load(Ordering::Relaxed),
            away: self.away.load(Ordering::Relaxed),
        }
    }

    fn count(&self, was_usable: bool) {
        let count = if was_usable { &self.hits } else { &self.misses };
        count.fetch_add(1, Ordering::Relaxed);
    }
}

/// The hit rates of both levels of memory.
#[derive(Debug, Default)]
pub struct CacheCounts {
    /// The first level: this process.
    pub at_hand: LevelCount,
    /// The second level, if there is one: Redis.
    pub shared: LevelCount,
}

/// The levels of memory before the database.
#[derive(Clone)]
pub struct ClientCaches {
    /// The first level.
    pub at_hand: Arc<dyn ClientCache>,
    /// The second level, if there is one.
    pub shared: Option<Arc<dyn SharedClientCache>>,
    /// What became of asking them.
    pub counts: Arc<CacheCounts>,
}

impl ClientCaches {
    fn get(&self, feed: &Feed, id: CredentialId) -> Option<Arc<ClientRecord>> {
        let kept = self.at_hand.client_get(id);
        let current = kept.filter(|record| feed.record_is_current(record.agent.id, record.rev));
        self.counts.at_hand.count(current.is_some());
        current
    }

    /// Never asks where there is no second level.
    async fn find(&self, feed: &Feed, id: CredentialId) -> Option<Arc<ClientRecord>> {
        match self.shared.as_ref()?.client_find(id).await {
            Ok(shared) => {
                let current =
                    shared.filter(|record| feed.foreign_record_is_current(record.agent.id, record.rev));
                self.counts.shared.count(current.is_some());
                current
            }
            Err(Away) => {
                self.counts.shared.away.fetch_add(1, Ordering::Relaxed);
                None
            }
        }
    }

    fn put(&self, record: &Arc<ClientRecord>) {
        self.at_hand.client_put(Arc::clone(record));
        if let Some(shared) = &self.shared {
            shared.client_share(Arc::clone(record));
        }
    }
}

/// What a client presented.
#[derive(Clone, Copy)]
pub struct PresentedClient<'a> {
    /// Its id, as it came.
    pub client_id: &'a str,
    /// Its secret, as it came.
    pub client_secret: &'a str,
    /// How it came.
    pub method: AuthMethod,
}

/// What authentication needs.
#[derive(Clone)]
pub struct ClientParts<S> {
    /// Where credentials are kept.
    pub store: S,
    /// The time.
    pub clock: Clock,
    /// Makes and compares verifiers.
    pub master: MasterKey,
    /// For the secrets whose verifiers another master key made.
    pub pool: HashPool,
    /// Says how many of those.
    pub limits: Limits,
    /// Who changed.
    pub feed: Arc<Feed>,
    /// What was read before.
    pub caches: ClientCaches,
    /// Counts the failures.
    pub tally: Arc<Tally>,
    /// Notes the successes.
    pub uses: Arc<Uses>,
}

/// Authenticates clients.
#[derive(Clone)]
pub(super) struct Clients<S>(ClientParts<S>);

/// What a secret is judged by, of whichever record has it.
struct Proof<'a> {
    agent_id: AgentId,
    agent_status: AgentStatus,
    valid_until: Option<DateTime<Utc>>,
    credential_status: CredentialStatus,
    expires_at: Option<DateTime<Utc>>,
    verifier: &'a [u8; 32],
    verifier_key_version: &'a str,
}

impl<'a> From<&'a ClientProof> for Proof<'a> {
    fn from(proof: &'a ClientProof) -> Self {
        Self {
            agent_id: proof.agent_id,
            agent_status: proof.agent_status,
            valid_until: proof.valid_until,
            credential_status: proof.credential_status,
            expires_at: proof.expires_at,
            verifier: &proof.verifier,
            verifier_key_version: &proof.verifier_key_version,
        }
    }
}

impl<'a> From<&'a ClientRecord> for Proof<'a> {
    fn from(record: &'a ClientRecord) -> Self {
        Self {
            agent_id: record.agent.id,
            agent_status: record.agent.status,
            valid_until: record.agent.valid_until,
            credential_status: record.credential.status,
            expires_at: record.credential.expires_at,
            verifier: &record.images.verifier,
            verifier_key_version: &record.images.verifier_key_version,
        }
    }
}

/// How a presented secret stands to a record.
enum Verdict {
    Accepted,
    Refused(ClientFlaw),
    /// The verifier was made under another master key: bcrypt decides.
    VerifierOutdated,
}

impl<S: Store> Clients<S> {
    pub(super) fn new(parts: ClientParts<S>) -> Self {
        Self(parts)
    }

    /// Authenticates a client (RFC 6749 §2.3.1, §5.2).
    ///
    /// Every failure, whatever its cause, takes one reading of the database, which takes the same time whether there is
    /// such a credential or not, and as many comparisons, and answers the same; success takes no reading when the record is
    /// at hand, and a second one, of the whole record, when it is not. So a failure is never decided by a record that is
    /// out of date, and its time does not say what is in the registry.
    ///
    /// But for this: after the master key was replaced, bcrypt decides about a credential until its secret is shown once, and
    /// a wrong secret takes as long, or meets the limit of slow comparisons. So whoever knows the id of a credential and that
    /// of its agent learns whether the secret was shown since. To hash for everybody who names a credential that there is
    /// not would hide that, and let everybody buy 50 ms of a core with a request.
    pub(super) async fn authenticate(
        &self,
        request: &RequestContext,
        presented: PresentedClient<'_>,
    ) -> Result<Answered<Client>, Fault> {
        if !self.0.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        let Some(secret) = ClientSecret::parse(presented.client_secret) else {
            return Ok(Err(self.refused(request, presented.method, ClientFlaw::MalformedSecret, None)));
        };
        let credential_id = CredentialId(secret.credential_id());
        let client_id = client_id_read(presented.client_id);
        let now = self.0.clock.now();

        let current = self.0.caches.get(&self.0.feed, credential_id);
        // Judged even when there is none at hand, so that its absence saves no time.
        let quick = self.judge(current.as_deref().map(Proof::from), client_id, secret.random(), now);
        if let (Verdict::Accepted, Some(record)) = (quick, current) {
            return Ok(Ok(self.accepted(record, presented.method, now)));
        }

        let shared = self.0.caches.find(&self.0.feed, credential_id).await;
        let quick = self.judge(shared.as_deref().map(Proof::from), client_id, secret.random(), now);
        if let (Verdict::Accepted, Some(record)) = (quick, shared) {
            self.0.caches.at_hand.client_put(Arc::clone(&record));
            return Ok(Ok(self.accepted(record, presented.method, now)));
        }

        let proof = self.0.store.client_proof_get(credential_id).await?;
        let about = proof.as_ref().map(|proof| (proof.agent_id, proof.credential_id, &proof.owner));
        let verdict = self.judge(proof.as_ref().map(Proof::from), client_id, secret.random(), now);
        let refuse = |flaw| Ok(Err(self.refused(request, presented.method, flaw, about)));
        if let Verdict::Refused(flaw) = verdict {
            return refuse(flaw);
        }

        let Some(mut record) = self.0.store.client_get(credential_id).await?.map(Arc::new) else {
            return refuse(ClientFlaw::UnknownCredential);
        };
        // Judged once more: what is kept at hand is what was accepted, in one snapshot.
        let mut verdict = self.judge(Some((&*record).into()), client_id, secret.random(), now);
        if let Verdict::VerifierOutdated = verdict {
            match self.judge_slowly(request, &record, client_id, secret.random(), now).await? {
                Ok(decided) => (verdict, record) = decided,
                Err(refusal) => return Ok(Err(refusal)),
            }
        }
        match verdict {
            Verdict::Accepted => {
                self.0.caches.put(&record);
                Ok(Ok(self.accepted(record, presented.method, now)))
            }
            Verdict::Refused(flaw) => refuse(flaw),
            Verdict::VerifierOutdated => Err(Fault::Impossible("bcrypt left a verifier undecided".into())),
        }
    }

    /// Records that nothing was presented where something had to be.
    pub(super) fn missing(&self, request: &RequestContext) -> Refusal {
        self.refused(request, AuthMethod::Nothing, ClientFlaw::Missing, None)
    }

    /// Compares first and looks at the states afterwards, so that each way takes the same time.
    fn judge(
        &self,
        proof: Option<Proof<'_>>,
        client_id: Option<Uuid>,
        random: &SecretText,
        now: DateTime<Utc>,
    ) -> Verdict {
        const NOBODYS: [u8; 32] = [0; 32];
        let verifier = proof.as_ref().map_or(&NOBODYS, |proof| proof.verifier);
        let fits = self.0.master.verifier_fits(random, verifier);
        match proof {
            None => Verdict::Refused(ClientFlaw::UnknownCredential),
            // Another client's is refused as quickly as one that there is not.
            Some(proof)
                if proof.verifier_key_version != self.0.master.verifier_key_version()
                    && client_id == Some(proof.agent_id.0) =>
            {
                Verdict::VerifierOutdated
            }
            Some(proof) => standing(&proof, client_id, fits, now),
        }
    }

    /// bcrypt decides, as often as the limits allow, and a success renews the verifier.
    async fn judge_slowly(
        &self,
        request: &RequestContext,
        record: &Arc<ClientRecord>,
        client_id: Option<Uuid>,
        random: &SecretText,
        now: DateTime<Utc>,
    ) -> Result<Answered<(Verdict, Arc<ClientRecord>)>, Fault> {
        if let Err(refusal) = self.0.limits.comparing(request, record.agent.id).await {
            return Ok(Err(refusal));
        }
        let fits = match self.0.pool.verify(random, &record.images.secret_hash).await {
            Ok(fits) => fits,
            Err(HashFault::Busy) => return Ok(Err(Refusal::Overloaded)),
            Err(HashFault::Failed(problem)) => return Err(Fault::Impossible(problem)),
        };
        if !fits {
            return Ok(Ok((standing(&(&**record).into(), client_id, fits, now), Arc::clone(record))));
        }
        let mut renewed = ClientRecord::clone(record);
        renewed.images.verifier = self.0.master.verifier(random);
        renewed.images.verifier_key_version = self.0.master.verifier_key_version().to_owned();
        let mut unit = self.0.store.begin().await?;
        unit.credential_verifier_set(
            renewed.credential.id,
            &renewed.images.verifier,
            &renewed.images.verifier_key_version,
        )
        .await?;
        unit.commit().await?;
        Ok(Ok((standing(&(&renewed).into(), client_id, fits, now), Arc::new(renewed))))
    }

    fn accepted(&self, record: Arc<ClientRecord>, method: AuthMethod, now: DateTime<Utc>) -> Client {
        self.0.uses.note(record.agent.id, record.credential.id, now);
        Client { record, method }
    }

    fn refused(
        &self,
        request: &RequestContext,
        method: AuthMethod,
        flaw: ClientFlaw,
        about: Option<(AgentId, CredentialId, &Owner)>,
    ) -> Refusal {
        measures::authentication_failed(flaw.as_str());
        self.0.tally.failure(request, method, flaw.as_str(), about);
        Refusal::InvalidClient(flaw)
    }
}

/// A client id as it is given out: one spelling of a UUID, and not the several that a parser takes.
fn client_id_read(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == uuid::fmt::Hyphenated::LENGTH)
}

/// Whether the proof lets the client in: its own secret, its own id, nothing ended, nothing over.
fn standing(proof: &Proof<'_>, client_id: Option<Uuid>, fits: bool, now: DateTime<Utc>) -> Verdict {
    let over = |end: Option<DateTime<Utc>>| end.is_some_and(|end| end <= now);
    let flaw = if client_id != Some(proof.agent_id.0) {
        ClientFlaw::ForeignCredential
    } else if !fits {
        ClientFlaw::WrongSecret
    } else if proof.credential_status != CredentialStatus::Active {
        ClientFlaw::CredentialRevoked
    } else if over(proof.expires_at) {
        ClientFlaw::CredentialExpired
    } else if proof.agent_status != AgentStatus::Active {
        ClientFlaw::AgentNotActive
    } else if over(proof.valid_until) {
        ClientFlaw::AgentExpired
    } else {
        return Verdict::Accepted;
    };
    Verdict::Refused(flaw)
}
