//! The key ring: made once, by one node, and opened by nobody else's master key.

use std::time::Duration;

use agentidp::clock::Clock;
use agentidp::crypto::{Entropy, MasterKey, SecretText, install};
use agentidp::domain::audit::AuditFilter;
use agentidp::domain::feed::{FRESH_FOR, Feed};
use agentidp::domain::keys::resealing::{Before, ResealFault, Resealing};
use agentidp::domain::keys::{
    KeyFault, KeyRing, KeySettings, KeyWorkshop, Signing, SigningAlgorithm, Succession, canary_check,
};
use agentidp::domain::tokens::LIFETIMES;
use agentidp::jobs;
use agentidp::jobs::keys::tend;
use agentidp::store::audit::AuditReads;
use agentidp::store::keys::{KeyReads, KeyWrites};
use agentidp::store::{Store, Unit};

use crate::store::Watched;
use crate::world::{JWKS_MAX_AGE, LEAD, Place, key_settings, key_settings_of, master, start};

async fn open(store: &Watched, settings: KeySettings, master: &MasterKey) -> Result<KeyRing, KeyFault> {
    KeyRing::open(store, settings, master, &Clock::fixed(start()), &Entropy::system()).await
}

#[tokio::test]
async fn several_nodes_that_start_at_once_share_one_key() {
    install();
    let place = Place::new().await;
    let nodes = (0..4).map(|_| {
        let store = place.store.clone();
        tokio::spawn(async move {
            open(&store, key_settings(SigningAlgorithm::Es256), &master(1)).await.unwrap().jwks().unwrap()
        })
    });
    let mut published = Vec::new();
    for node in nodes.collect::<Vec<_>>() {
        published.push(node.await.unwrap());
    }
    published.dedup();
    assert_eq!(published.len(), 1, "every node publishes the same");
    assert_eq!(place.store.key_list().await.unwrap().len(), 1);
    let created = AuditFilter { action: Some("key.created".into()), ..AuditFilter::default() };
    assert_eq!(place.store.audit_list(&created, None, 10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn another_master_key_does_not_open_the_ring_and_makes_nothing_anew() {
    install();
    let place = Place::new().await;
    let settings = || key_settings(SigningAlgorithm::Es256);
    open(&place.store, settings(), &master(1)).await.unwrap();
    let before = place.store.key_list().await.unwrap();
    assert!(matches!(open(&place.store, settings(), &master(2)).await, Err(KeyFault::WrongMasterKey)));
    let checked = canary_check(&place.store, &master(2), &Entropy::system()).await;
    assert!(matches!(checked, Err(KeyFault::WrongMasterKey)));
    assert_eq!(place.store.key_list().await.unwrap(), before);
    assert!(open(&place.store, settings(), &master(1)).await.is_ok());
}

#[tokio::test]
async fn another_algorithm_gets_a_key_beside_the_first_which_stays_published() {
    install();
    let place = Place::new().await;
    for (count, algorithm) in (1..).zip(SigningAlgorithm::ALL) {
        let ring = open(&place.store, key_settings(algorithm), &master(1)).await.unwrap();
        assert_eq!(ring.algorithm_name(), algorithm.as_str());
        assert_eq!(ring.jwks().unwrap()["keys"].as_array().unwrap().len(), count);
    }
}

#[tokio::test]
async fn a_shared_secret_needs_no_key_and_publishes_none() {
    install();
    let place = Place::new().await;
    let signing =
        Signing::SharedSecret(SecretText::new("a shared secret of some length, for one verifier".into()));
    let ring = open(&place.store, key_settings_of(signing), &master(1)).await.unwrap();
    assert_eq!((ring.algorithm_name(), ring.jwks()), ("HS256", None));
    assert!(place.store.key_list().await.unwrap().is_empty());
}

#[tokio::test]
async fn keys_whose_canary_is_gone_are_not_taken_for_a_new_database() {
    install();
    let (whole, torn) = (Place::new().await, Place::new().await);
    open(&whole.store, key_settings(SigningAlgorithm::EdDsa), &master(1)).await.unwrap();
    let key = whole.store.key_list().await.unwrap().remove(0);
    let mut unit = torn.store.begin().await.unwrap();
    assert!(unit.key_insert_first(&key).await.unwrap());
    unit.commit().await.unwrap();
    let opened = open(&torn.store, key_settings(SigningAlgorithm::EdDsa), &master(1)).await;
    assert!(matches!(opened, Err(KeyFault::CanaryMissing)));
}

/// What makes another master key the database's, while tokens are signed with a shared secret.
fn resealing<'r>(
    store: &'r Watched,
    master: &'r MasterKey,
    clock: &'r Clock,
    entropy: &'r Entropy,
) -> Resealing<'r, Watched> {
    let jwks_max_age = JWKS_MAX_AGE;
    Resealing { store, master, algorithm: None, kept: None, clock, entropy, jwks_max_age }
}

#[tokio::test]
async fn keys_whose_canary_is_gone_are_not_sealed_anew() {
    install();
    let place = Place::new().await;
    open(&place.store, key_settings(SigningAlgorithm::Es256), &master(1)).await.unwrap();
    place.sql("DELETE FROM key_canary").await;
    let (master, clock, entropy) = (master(2), Clock::fixed(start()), Entropy::system());
    let resealing = resealing(&place.store, &master, &clock, &entropy);
    let refused = resealing.run(Before::Lost).await.err();
    assert!(matches!(refused, Some(ResealFault::Keys(KeyFault::CanaryMissing))), "{refused:?}");
}

#[tokio::test]
async fn keys_that_are_given_up_end_also_where_a_shared_secret_signs() {
    install();
    let place = Place::new().await;
    for algorithm in SigningAlgorithm::ALL {
        open(&place.store, key_settings(algorithm), &master(1)).await.unwrap();
    }
    let (other, clock, entropy) = (master(2), Clock::fixed(start()), Entropy::system());
    let done = resealing(&place.store, &other, &clock, &entropy).run(Before::Leaked).await.unwrap();
    assert!(done.signing_key.is_none() && done.log.is_none());
    let keys = place.store.key_list().await.unwrap();
    assert!(keys.len() == 3 && keys.iter().all(|key| !key.is_published(start())), "{keys:?}");
    // And the next one comes when an algorithm signs again.
    for algorithm in SigningAlgorithm::ALL {
        let ring = open(&place.store, key_settings(algorithm), &other).await.unwrap();
        assert!(ring.can_sign());
    }
}

/// A ring over a clock that a test moves, and where its keys are made.
struct Ring {
    ring: KeyRing,
    place: Place,
    clock: Clock,
    entropy: Entropy,
    master: MasterKey,
}

/// How far apart the clocks of nodes may be.
const APART: Duration = Duration::from_secs(60);

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

impl Ring {
    async fn new() -> Self {
        install();
        let place = Place::new().await;
        let (clock, entropy, master) = (Clock::fixed(start()), Entropy::system(), master(1));
        let settings = key_settings(SigningAlgorithm::Es256);
        let ring = KeyRing::open(&place.store, settings, &master, &clock, &entropy).await.expect("a ring");
        Self { ring, place, clock, entropy, master }
    }

    fn workshop(&self) -> KeyWorkshop<'_, Watched> {
        KeyWorkshop {
            store: &self.place.store,
            algorithm: SigningAlgorithm::Es256,
            master: &self.master,
            clock: &self.clock,
            entropy: &self.entropy,
            jwks_max_age: JWKS_MAX_AGE,
        }
    }

    async fn rotates(&self, succession: Succession) -> String {
        let made = self.workshop().rotate(succession).await.expect("the keys").expect("the next key");
        self.ring.reload(&self.place.store).await.expect("the keys");
        made.id.to_string()
    }

    /// The kids that are published, oldest first.
    fn published(&self) -> Vec<String> {
        let jwks = self.ring.jwks().expect("published keys");
        let keys = jwks["keys"].as_array().into_iter().flatten();
        keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
    }

    /// The kid that a token would be signed under.
    fn signs(&self) -> String {
        self.ring.kid_in_force().expect("a key that signs")
    }

    /// The node, started anew with another algorithm.
    async fn with(self, algorithm: SigningAlgorithm) -> Self {
        let settings = key_settings(algorithm);
        let opened = KeyRing::open(&self.place.store, settings, &self.master, &self.clock, &self.entropy);
        Self { ring: opened.await.expect("a ring"), ..self }
    }

    /// The algorithm of the key of this kid.
    async fn algorithm_of(&self, kid: &str) -> SigningAlgorithm {
        let keys = self.place.store.key_list().await.expect("the keys");
        keys.into_iter().find(|key| key.id.to_string() == kid).expect("a key of this kid").algorithm
    }
}

#[tokio::test]
async fn after_a_change_of_the_algorithm_the_key_before_signs_until_verifiers_can_know_the_new_one() {
    let node = Ring::new().await;
    let first = node.signs();
    let node = node.with(SigningAlgorithm::EdDsa).await;
    // Made in the same millisecond, they have no order.
    let published = node.published();
    let [second] = &published.iter().filter(|kid| **kid != first).collect::<Vec<_>>()[..] else {
        panic!("{published:?}")
    };
    assert_eq!((node.signs(), node.algorithm_of(&first).await), (first.clone(), SigningAlgorithm::Es256));
    node.clock.advance(LEAD - Duration::from_millis(1));
    assert_eq!(node.signs(), first);
    node.clock.advance(Duration::from_millis(1));
    assert_eq!((&node.signs(), node.algorithm_of(second).await), (*second, SigningAlgorithm::EdDsa));
    assert!(node.published().contains(&first));
    // Back again: the key is there, and verifiers know it.
    let node = node.with(SigningAlgorithm::Es256).await;
    assert_eq!((node.signs(), node.published().len()), (first.clone(), 2));
    // A third one, whose key waits, and is known to others before it signs: the next one signs at once.
    let node = node.with(SigningAlgorithm::Rs256).await;
    assert_eq!(node.algorithm_of(&node.signs()).await, SigningAlgorithm::EdDsa);
    let compromised = KeyWorkshop { algorithm: SigningAlgorithm::Rs256, ..node.workshop() };
    let next = compromised.rotate(Succession::Compromised).await.expect("the keys").expect("the next key");
    node.ring.reload(&node.place.store).await.expect("the keys");
    assert_eq!((node.signs(), node.published()), (next.id.to_string(), vec![next.id.to_string()]));
}

#[tokio::test]
async fn a_key_that_others_know_is_not_published_again_when_its_algorithm_signs_again() {
    let node = Ring::new().await;
    let known = node.signs();
    let node = node.with(SigningAlgorithm::EdDsa).await;
    let compromised = KeyWorkshop { algorithm: SigningAlgorithm::EdDsa, ..node.workshop() };
    let other = compromised.rotate(Succession::Compromised).await.expect("the keys").expect("the next key");
    let other = other.id.to_string();
    let node = node.with(SigningAlgorithm::Es256).await;
    let published = node.published();
    assert!(!published.contains(&known) && published.len() == 2, "{known} in {published:?}");
    assert_eq!(node.signs(), other, "until the next one of ES256 is known");
    node.clock.advance(LEAD);
    assert!(![known, other].contains(&node.signs()));
}

#[tokio::test]
async fn a_waiting_key_that_others_know_is_followed_at_a_start() {
    let node = Ring::new().await;
    let waiting = node.rotates(Succession::Planned).await;
    let node = node.with(SigningAlgorithm::EdDsa).await;
    let compromised = KeyWorkshop { algorithm: SigningAlgorithm::EdDsa, ..node.workshop() };
    compromised.rotate(Succession::Compromised).await.expect("the keys");
    let node = node.with(SigningAlgorithm::Es256).await;
    assert!(!node.published().contains(&waiting));
    node.clock.advance(LEAD);
    assert_eq!(node.algorithm_of(&node.signs()).await, SigningAlgorithm::Es256);
}

#[tokio::test]
async fn the_next_key_is_published_before_it_signs_and_the_last_until_its_tokens_have_expired() {
    let node = Ring::new().await;
    let first = node.signs();
    let second = node.rotates(Succession::Planned).await;
    assert_eq!((node.published(), node.signs()), (vec![first.clone(), second.clone()], first.clone()));
    node.clock.advance(LEAD - Duration::from_millis(1));
    assert_eq!(node.signs(), first);
    node.clock.advance(Duration::from_millis(1));
    assert_eq!((node.published(), node.signs()), (vec![first.clone(), second.clone()], second.clone()));
    node.clock.advance(DAY + APART - Duration::from_millis(1));
    assert_eq!(node.published(), [first, second.clone()]);
    node.clock.advance(Duration::from_millis(1));
    assert_eq!(node.published(), [second]);
}

#[tokio::test]
async fn a_key_that_others_know_signs_and_verifies_nothing_any_more() {
    let node = Ring::new().await;
    let first = node.signs();
    let waiting = node.rotates(Succession::Planned).await;
    let third = node.rotates(Succession::Compromised).await;
    assert_eq!((node.published(), node.signs()), (vec![third.clone()], third.clone()));
    node.clock.advance(LEAD);
    assert_eq!((node.published(), node.signs()), (vec![third.clone()], third.clone()));
    let rotated = AuditFilter { action: Some("key.rotated".into()), ..AuditFilter::default() };
    let events = node.place.store.audit_list(&rotated, None, 10).await.unwrap();
    let said =
        events.iter().map(|event| serde_json::from_slice::<serde_json::Value>(&event.content).unwrap());
    let mut said: Vec<_> = said.map(|event| event["data"].clone()).collect();
    said.sort_by_key(|data| data["compromised"] == true);
    let ways = said.iter().map(|data| [&data["previousKid"], &data["kid"]]);
    assert_eq!(ways.collect::<Vec<_>>(), [[&first, &waiting], [&waiting, &third]]);
}

#[tokio::test]
async fn a_key_is_followed_when_its_time_has_come_and_by_one_key_however_many_nodes_look() {
    let node = Ring::new().await;
    let looks = async || {
        let look = async || tend(&node.workshop(), Some(90 * DAY)).await.unwrap();
        tokio::join!(look(), look(), look(), look());
        node.place.store.key_list().await.unwrap().len()
    };
    // The first key signs since a moment that has passed by every clock.
    node.clock.advance(90 * DAY - APART - LEAD - Duration::from_millis(1));
    assert_eq!(looks().await, 1);
    node.clock.advance(Duration::from_millis(1));
    assert_eq!(looks().await, 2);
    assert_eq!(looks().await, 2);
    node.clock.advance(LEAD + DAY + APART);
    assert_eq!(looks().await, 2, "it is published no more, and not gone before that");
    node.clock.advance(Duration::from_millis(1));
    assert_eq!(looks().await, 1, "its private part is gone");
    node.clock.advance(3650 * DAY);
    tend(&node.workshop(), None).await.unwrap();
    assert_eq!(node.place.store.key_list().await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_algorithm_whose_keys_were_ended_gets_another_when_it_signs_again() {
    let node = Ring::new().await;
    let other = key_settings(SigningAlgorithm::EdDsa);
    open(&node.place.store, other, &node.master).await.unwrap();
    let compromised = KeyWorkshop { algorithm: SigningAlgorithm::EdDsa, ..node.workshop() };
    compromised.rotate(Succession::Compromised).await.unwrap().unwrap();
    assert!(matches!(node.ring.reload(&node.place.store).await, Err(KeyFault::NoneSigns("ES256"))));
    let again = key_settings(SigningAlgorithm::Es256);
    assert!(open(&node.place.store, again, &node.master).await.unwrap().can_sign());
}

#[tokio::test]
async fn a_node_that_cannot_take_in_that_its_key_is_known_says_yes_to_nobody() {
    let node = Ring::new().await;
    let feed = Feed::new(node.clock.clone(), *LIFETIMES.end());
    jobs::feed::read(&node.place.store, &feed, &node.ring, &node.clock).await.expect("the feed is read");
    assert!(feed.fresh());
    // A node of another algorithm ends all keys: of this one's algorithm there is none.
    let other = key_settings(SigningAlgorithm::EdDsa);
    open(&node.place.store, other, &node.master).await.expect("a ring of another algorithm");
    let compromised = KeyWorkshop { algorithm: SigningAlgorithm::EdDsa, ..node.workshop() };
    compromised.rotate(Succession::Compromised).await.expect("the keys");
    let read = jobs::feed::read(&node.place.store, &feed, &node.ring, &node.clock).await;
    assert!(matches!(read, Err(KeyFault::NoneSigns("ES256"))), "{read:?}");
    node.clock.advance(FRESH_FOR + Duration::from_millis(1));
    assert!(!feed.fresh());
}

#[tokio::test]
async fn a_key_that_others_know_is_ended_also_when_another_node_makes_the_next_one_meanwhile() {
    let node = Ring::new().await;
    let known = node.signs();
    let (planned, compromised) = (node.workshop(), node.workshop());
    let (one, other) =
        tokio::join!(planned.rotate(Succession::Planned), compromised.rotate(Succession::Compromised),);
    one.expect("the keys");
    assert!(other.expect("the keys").is_some());
    node.ring.reload(&node.place.store).await.expect("the keys");
    assert!(!node.published().contains(&known));
}
