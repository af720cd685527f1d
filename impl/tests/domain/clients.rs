//! Proving oneself with a secret: quick when it is right, the same in every way when it is not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use agentidp::crypto::{ClientSecret, Entropy};
use agentidp::domain::agents::{Agent, AgentId, AgentStatus, Registered};
use agentidp::domain::changes::{ChangeKind, ChangesPage, Rev};
use agentidp::domain::clients::HitRate;
use agentidp::domain::credentials::{ClientRecord, Credential, CredentialStatus};
use agentidp::domain::keys::KeyFault;
use agentidp::domain::refusal::{ClientFlaw, Refusal};
use agentidp::jobs;
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::credentials::{CredentialReads, CredentialWrites};
use agentidp::store::{Store, StoreFault, Unit};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::world::{Shelf, World, start};

/// An agent with a credential of the given making, and its client id and secret.
async fn agent_with(world: &World, make: impl FnOnce(&mut Agent, &mut Credential)) -> (String, String) {
    let template = world.agent("talent-team", &["resume:read"]).await.agent;
    let id = AgentId(world.entropy.uuid_v7(world.clock.now()));
    let mut agent = Agent { id, email: format!("{id}@example.com"), ..template };
    let minted = world.mint.mint(id, world.clock.now()).await.expect("no fault").expect("minted");
    let mut credential = minted.credential;
    make(&mut agent, &mut credential);
    let mut unit = world.store().begin().await.expect("a transaction");
    assert!(unit.agent_insert(&agent).await.expect("an agent"));
    unit.credential_insert(&credential, &minted.images).await.expect("a credential");
    unit.commit().await.expect("a commit");
    (id.to_string(), minted.secret.into_exposed())
}

#[tokio::test]
async fn every_failure_reads_once_answers_the_same_and_differs_in_the_log_alone() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let (id, secret) = (known.agent.id.to_string(), known.secret.expose());
    world.authenticate(&id, secret).await.expect("it is at hand from here on");
    let other = world.agent("talent-team", &[]).await;
    let wrong = ClientSecret::generate(known.credential.id.0, &Entropy::seeded(99)).to_text();
    let unknown = ClientSecret::generate(Uuid::from_u128(77), &Entropy::seeded(99)).to_text();
    let past = start() - TimeDelta::hours(1);
    let revoked = agent_with(&world, |_, credential| credential.status = CredentialStatus::Revoked).await;
    let expired = agent_with(&world, |_, credential| credential.expires_at = Some(past)).await;
    let suspended = agent_with(&world, |agent, _| agent.status = AgentStatus::Suspended).await;
    let archived = agent_with(&world, |agent, _| agent.status = AgentStatus::Archived).await;
    let over = agent_with(&world, |agent, _| agent.valid_until = Some(start())).await;
    world.all_events().await;

    let cases = [
        (id.as_str(), wrong.expose(), ClientFlaw::WrongSecret),
        (id.as_str(), unknown.expose(), ClientFlaw::UnknownCredential),
        ("00000000-0000-7000-8000-000000000000", unknown.expose(), ClientFlaw::UnknownCredential),
        ("00000000-0000-7000-8000-000000000000", secret, ClientFlaw::ForeignCredential),
        ("not a client id", secret, ClientFlaw::ForeignCredential),
        (id.as_str(), other.secret.expose(), ClientFlaw::ForeignCredential),
        (&revoked.0, &revoked.1, ClientFlaw::CredentialRevoked),
        (&expired.0, &expired.1, ClientFlaw::CredentialExpired),
        (&suspended.0, &suspended.1, ClientFlaw::AgentNotActive),
        (&archived.0, &archived.1, ClientFlaw::AgentNotActive),
        (&over.0, &over.1, ClientFlaw::AgentExpired),
    ];
    let mut messages = Vec::new();
    for (client_id, client_secret, flaw) in cases {
        let reads = || {
            let store = world.store();
            (store.proof_reads.load(Ordering::SeqCst), store.client_reads.load(Ordering::SeqCst))
        };
        let before = reads();
        let refusal = world.authenticate(client_id, client_secret).await.expect_err("refused");
        assert_eq!(reads(), (before.0 + 1, before.1), "{flaw:?}");
        assert_eq!(refusal, Refusal::InvalidClient(flaw));
        messages.push(refusal.message());
    }
    messages.dedup();
    assert_eq!(messages, ["Client authentication failed."]);

    let counted = world.events_of("authentication.failed.counted").await;
    let count = |reason: &str| -> u64 {
        let of = counted.iter().filter(|event| event["reason"] == reason);
        of.map(|event| event["data"]["count"].as_u64().unwrap()).sum()
    };
    assert_eq!(
        ["wrong_secret", "unknown_credential", "foreign_credential", "agent_not_active"].map(count),
        [1, 2, 3, 2]
    );
    let about_known = counted.iter().find(|event| event["reason"] == "wrong_secret").unwrap();
    assert_eq!(about_known["subject"]["agentId"], id);
    assert_eq!(about_known["owner"], "talent-team");
    assert_eq!(about_known["actor"].get("agentId"), None, "nobody proved to be that agent");
    assert_eq!(about_known["address"], "192.0.2.0/24");
}

#[tokio::test]
async fn what_is_no_secret_never_reaches_the_database() {
    let world = World::new().await;
    let known = world.agent("talent-team", &[]).await;
    let secret = known.secret.expose();
    let before = world.store().proof_reads.load(Ordering::SeqCst);
    let shorter = &secret[..secret.len() - 1];
    // bcrypt alone would take the first 72 bytes for the whole.
    for text in ["", "password", shorter, &secret[..72], &format!("{secret}x"), &secret.to_uppercase()] {
        let refusal = world.authenticate(&known.agent.id.to_string(), text).await.expect_err("refused");
        assert_eq!(refusal, Refusal::InvalidClient(ClientFlaw::MalformedSecret));
    }
    assert_eq!(world.store().proof_reads.load(Ordering::SeqCst), before);
}

#[tokio::test]
async fn a_right_secret_is_read_once_and_again_only_when_the_feed_says_so() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let reads = || world.store().client_reads.load(Ordering::SeqCst);
    for _ in 0..5 {
        world.client(&known).await;
    }
    assert_eq!(reads(), 1);
    world.change(&[ChangeKind::CredentialChanged(known.agent.id, known.credential.id)]).await;
    world.client(&known).await;
    assert_eq!(reads(), 1, "this node has not heard of it yet");
    world.read_feed().await;
    for _ in 0..5 {
        world.client(&known).await;
    }
    assert_eq!(reads(), 2);
    world.change(&[ChangeKind::AgentChanged(AgentId(Uuid::from_u128(5)))]).await;
    world.read_feed().await;
    world.client(&known).await;
    assert_eq!(reads(), 2, "another agent's change is no concern of this one's");
}

/// A node beside a shelf, an agent of it, and the agent's record as it is in the database.
async fn beside_a_shelf() -> (Arc<Shelf>, World, Registered, ClientRecord) {
    let shelf = Arc::<Shelf>::default();
    let world = World::beside(&shelf).await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let record =
        world.store().inner.client_get(known.credential.id).await.expect("a reading").expect("a record");
    (shelf, world, known, record)
}

#[tokio::test]
async fn what_another_node_shared_need_not_be_read() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    shelf.put(record);
    for _ in 0..5 {
        world.client(&known).await;
    }
    assert_eq!(world.store().client_reads.load(Ordering::SeqCst), 0);
    let [first, second] = [world.counts.at_hand.so_far(), world.counts.shared.so_far()];
    assert_eq!((first, first.percent()), (HitRate { hits: 4, misses: 1, away: 0 }, Some(80)));
    assert_eq!((second, second.percent()), (HitRate { hits: 1, misses: 0, away: 0 }, Some(100)));
}

#[tokio::test]
async fn what_is_read_is_shared() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    world.client(&known).await;
    assert_eq!(shelf.get(known.credential.id).as_deref(), Some(&record));
    assert_eq!(world.counts.shared.so_far(), HitRate { hits: 0, misses: 1, away: 0 });
}

#[tokio::test]
async fn what_was_shared_before_a_change_is_not_used_after_it() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    let mut unit = world.store().begin().await.unwrap();
    let suspended = Agent { status: AgentStatus::Suspended, revision: 2, ..record.agent.clone() };
    unit.agent_update(&suspended).await.unwrap();
    unit.commit_with_changes(&[ChangeKind::AgentTokensEnded(known.agent.id)], start()).await.unwrap();
    world.read_feed().await;
    shelf.put(record);
    let refused = world.authenticate(&known.agent.id.to_string(), known.secret.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::AgentNotActive)));
    assert_eq!(world.counts.shared.so_far(), HitRate { hits: 0, misses: 1, away: 0 });
}

#[tokio::test]
async fn what_was_shared_by_a_history_that_is_not_this_databases_is_not_used() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    shelf.put(ClientRecord { rev: Rev(record.rev.0 + 1), ..record.clone() });
    world.client(&known).await;
    assert_eq!(world.store().client_reads.load(Ordering::SeqCst), 1);
    assert_eq!(shelf.get(known.credential.id).as_deref(), Some(&record));
}

#[tokio::test]
async fn a_failure_is_never_decided_by_what_was_shared() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    let mut revoked = record.clone();
    revoked.credential.status = CredentialStatus::Revoked;
    shelf.put(revoked);
    world.client(&known).await;
    assert_eq!(world.store().client_reads.load(Ordering::SeqCst), 1);
    let other = world.agent("talent-team", &[]).await;
    shelf.put(world.store().inner.client_get(other.credential.id).await.unwrap().unwrap());
    let wrong = ClientSecret::generate(other.credential.id.0, &Entropy::seeded(99)).to_text();
    let refused = world.authenticate(&other.agent.id.to_string(), wrong.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::WrongSecret)));
    let reads = (&world.store().proof_reads, &world.store().client_reads);
    let reads = (reads.0.load(Ordering::SeqCst), reads.1.load(Ordering::SeqCst));
    assert_eq!(reads, (2, 1), "the proof of the second is read, and its record is not");
}

#[tokio::test]
async fn a_second_level_that_is_away_is_done_without() {
    let (shelf, world, known, record) = beside_a_shelf().await;
    shelf.put(record);
    shelf.away.store(true, Ordering::SeqCst);
    world.client(&known).await;
    assert_eq!(world.store().client_reads.load(Ordering::SeqCst), 1);
    let second = world.counts.shared.so_far();
    assert_eq!((second, second.percent()), (HitRate { hits: 0, misses: 0, away: 1 }, None));
}

#[tokio::test]
async fn a_node_that_has_not_heard_for_four_seconds_lets_nobody_in() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read", "agents:read"]).await;
    let client = world.client(&known).await;
    let token = world.token(&known, Some("agents:read")).await;
    world.clock.advance(std::time::Duration::from_millis(4001));
    let refused = world.authenticate(&known.agent.id.to_string(), known.secret.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::Stale));
    assert_eq!(world.ask(&client, None).await.err(), Some(Refusal::Stale));
    assert_eq!(world.bearer(token.expose()).await.err(), Some(Refusal::Stale));
    let asked = world.tokens.introspect(&crate::world::request(), &client, token.expose()).await.unwrap();
    assert_eq!(asked.err(), Some(Refusal::Stale));
    world.read_feed().await;
    assert!(world.bearer(token.expose()).await.is_ok());
}

#[tokio::test]
async fn a_node_whose_database_went_back_in_time_lets_nobody_in() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    world.feed.apply(&ChangesPage { complete_to: Rev(1_000_000), ..ChangesPage::default() });
    let read = jobs::feed::read(world.store(), &world.feed, &world.keys, &world.clock).await;
    assert!(matches!(read, Err(KeyFault::Store(StoreFault::Refused(_)))));
    world.clock.advance(std::time::Duration::from_millis(4001));
    let refused = world.authenticate(&known.agent.id.to_string(), known.secret.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::Stale));
}

#[tokio::test]
async fn a_verifier_of_another_master_key_is_renewed_by_whoever_knows_the_secret() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let (agent_id, credential_id) = (known.agent.id.to_string(), known.credential.id);
    let before = world.store().client_get(credential_id).await.unwrap().unwrap().images;
    let mut unit = world.store().begin().await.unwrap();
    unit.credential_verifier_set(credential_id, &[7; 32], "another").await.unwrap();
    unit.commit().await.unwrap();

    let wrong = ClientSecret::generate(credential_id.0, &Entropy::seeded(99)).to_text();
    let refused = world.authenticate(&agent_id, wrong.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::WrongSecret)));
    let still = world.store().client_get(credential_id).await.unwrap().unwrap().images;
    assert_eq!(still.verifier_key_version, "another");

    world.client(&known).await;
    let renewed = world.store().client_get(credential_id).await.unwrap().unwrap().images;
    assert!(renewed == before, "the verifier is as it was at issue");
    let reads = world.store().client_reads.load(Ordering::SeqCst);
    world.client(&known).await;
    assert_eq!(world.store().client_reads.load(Ordering::SeqCst), reads);
}

/// Only whoever names the credential and its agent can make the server compare slowly.
#[tokio::test]
async fn a_verifier_of_another_master_key_is_no_lever_for_whoever_does_not_know_its_agent() {
    const AT_ONCE: u32 = 3;
    let world = World::with_few_hashes(1, AT_ONCE).await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let other = world.agent("talent-team", &[]).await.agent.id.to_string();
    let mut unit = world.store().begin().await.unwrap();
    unit.credential_verifier_set(known.credential.id, &[7; 32], "another").await.unwrap();
    unit.commit().await.unwrap();
    for client_id in [other.as_str(), "00000000-0000-7000-8000-000000000000", "nobody"] {
        let refused = world.authenticate(client_id, known.secret.expose()).await;
        assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::ForeignCredential)));
    }
    // So many slow comparisons as there are to take are still there, and no more.
    let wrong = ClientSecret::generate(known.credential.id.0, &Entropy::seeded(99)).to_text();
    let id = known.agent.id.to_string();
    for _ in 0..AT_ONCE {
        let refused = world.authenticate(&id, wrong.expose()).await;
        assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::WrongSecret)));
    }
    assert!(matches!(world.authenticate(&id, wrong.expose()).await.err(), Some(Refusal::RateLimited(_))));
}

#[tokio::test]
async fn the_times_of_last_use_are_written_by_a_job_and_exact_to_a_minute() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    let last = async || {
        jobs::uses::flush(world.store(), &world.uses, &world.clock).await;
        let record = world.store().client_get(known.credential.id).await.unwrap().unwrap();
        assert_eq!(record.agent.last_auth_at, record.credential.last_used_at);
        record.credential.last_used_at
    };
    assert_eq!(last().await, None);
    world.client(&known).await;
    assert_eq!(last().await, Some(start()));
    for _ in 0..59 {
        world.clock.advance(std::time::Duration::from_secs(1));
        world.read_feed().await;
        world.client(&known).await;
        last().await;
    }
    assert_eq!(last().await, Some(start()));
    world.clock.advance(std::time::Duration::from_secs(1));
    world.read_feed().await;
    world.client(&known).await;
    assert_eq!(last().await, Some(start() + TimeDelta::minutes(1)));
    let agent = world.store().agent_get(known.agent.id, None).await.unwrap().unwrap();
    assert_eq!((agent.updated_at, agent.revision), (known.agent.updated_at, 1));
}

#[tokio::test]
async fn ten_thousand_wrong_secrets_are_few_events_and_keep_nobody_out() {
    let world = World::new().await;
    let known = world.agent("talent-team", &["resume:read"]).await;
    world.client(&known).await;
    let wrong = ClientSecret::generate(known.credential.id.0, &Entropy::seeded(99)).to_text();
    for _ in 0..10_000 {
        assert!(world.authenticate(&known.agent.id.to_string(), wrong.expose()).await.is_err());
    }
    world.client(&known).await;
    let counted = world.events_of("authentication.failed.counted").await;
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0]["data"]["count"], 10_000);
}
