//! The key ring: made once, by one node, and opened by nobody else's master key.

use agentidp::clock::Clock;
use agentidp::crypto::{Entropy, MasterKey, SecretText, install};
use agentidp::domain::audit::AuditFilter;
use agentidp::domain::keys::{KeyFault, KeyRing, KeySettings, Signing, SigningAlgorithm, canary_check};
use agentidp::store::audit::AuditReads;
use agentidp::store::keys::{KeyReads, KeyWrites};
use agentidp::store::{Store, Unit};

use crate::store::Watched;
use crate::world::{ISSUER, Place, key_settings, master, start};

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
    let ring = open(&place.store, KeySettings { signing, issuer: ISSUER.into() }, &master(1)).await.unwrap();
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
