//! What ends by itself: credentials, and what is remembered of ended tokens.

use std::time::Duration;

use agentidp::domain::credentials::{Credential, CredentialStanding};
use agentidp::domain::refusal::{ClientFlaw, Refusal};
use agentidp::domain::tokens::MOST_REVOKED;
use agentidp::jobs;
use agentidp::store::credentials::{CredentialReads, CredentialWrites};
use agentidp::store::{Store, Unit};
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{World, request, start};

/// Writes the end of a credential past the services.
async fn end_at(world: &World, of: &Credential, seconds: i64) {
    let mut unit = world.store().begin().await.expect("a transaction");
    let end = Some(start() + TimeDelta::seconds(seconds));
    unit.credential_end(of.id, of.status, end).await.expect("an end");
    unit.commit().await.expect("a commit");
}

async fn expiries(world: &World) -> Vec<Value> {
    jobs::expiry::record(world.store(), &world.clock, &world.entropy).await.expect("no fault");
    world.events_of("credential.expired").await
}

#[tokio::test]
async fn the_end_of_a_credential_is_recorded_once() {
    let world = World::new().await;
    let (one, other) = (world.agent("talent-team", &[]).await, world.agent("talent-team", &[]).await);
    end_at(&world, &one.credential, 60).await;
    end_at(&world, &other.credential, 120).await;
    assert_eq!(expiries(&world).await.len(), 0);
    world.clock.advance(Duration::from_secs(60));
    world.read_feed().await;
    let refused = world.authenticate(&one.agent.id.to_string(), one.secret.expose()).await;
    assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::CredentialExpired)));
    for _ in 0..3 {
        let recorded = expiries(&world).await;
        assert_eq!(recorded.len(), 1);
        let event = &recorded[0];
        assert_eq!((&event["outcome"], &event["owner"]), (&json!("success"), &json!("talent-team")));
        assert_eq!(event["actor"], json!({ "method": "system" }));
        assert_eq!(
            event["subject"],
            json!({
                "agentId": one.agent.id.to_string(),
                "credentialId": one.credential.id.to_string(),
            })
        );
        assert_eq!(event["data"]["expiresAt"], (start() + TimeDelta::seconds(60)).timestamp());
    }
    world.clock.advance(Duration::from_secs(60));
    assert_eq!(expiries(&world).await.len(), 2);
    let read = world.store().credential_get(one.agent.id, one.credential.id).await.unwrap().unwrap();
    assert_eq!(read.standing(world.clock.now()), CredentialStanding::Expired);
}

#[tokio::test]
async fn no_end_is_claimed_whose_event_cannot_be_written() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &[]).await;
    end_at(&world, &agent.credential, 1).await;
    world.clock.advance(Duration::from_secs(2));
    let mut unit = world.store().begin().await.unwrap();
    assert_eq!(unit.credential_expire(world.clock.now(), 10).await.unwrap().len(), 1);
    drop(unit);
    assert_eq!(expiries(&world).await.len(), 1);
}

#[tokio::test]
async fn more_credentials_than_one_transaction_takes_are_all_recorded() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &[]).await;
    let images = world.store().client_get(agent.credential.id).await.unwrap().unwrap().images;
    let mut unit = world.store().begin().await.unwrap();
    for number in 0..450_u128 {
        let id = agentidp::domain::credentials::CredentialId(uuid::Uuid::from_u128(number));
        let credential = Credential { id, expires_at: Some(start()), ..agent.credential.clone() };
        unit.credential_insert(&credential, &images).await.unwrap();
    }
    unit.commit().await.unwrap();
    assert_eq!(expiries(&world).await.len(), 450);
}

#[tokio::test]
async fn past_so_many_tokens_revoked_one_by_one_all_of_the_agents_tokens_end() {
    let world = World::new().await;
    let (agent, bystander) = (
        world.agent("talent-team", &["agents:read"]).await,
        world.agent("talent-team", &["agents:read"]).await,
    );
    let client = world.client(&agent).await;
    let (kept, theirs) =
        (world.token(&agent, Some("agents:read")).await, world.token(&bystander, Some("agents:read")).await);
    for _ in 0..MOST_REVOKED {
        let token = world.ask(&client, Some("agents:read")).await.unwrap().access_token;
        world.tokens.revoke(&request(), &client, token.expose()).await.unwrap().unwrap();
    }
    assert!(world.bearer(kept.expose()).await.is_ok());
    let one_more = world.ask(&client, Some("agents:read")).await.unwrap().access_token;
    world.tokens.revoke(&request(), &client, one_more.expose()).await.unwrap().unwrap();
    for ended in [&one_more, &kept] {
        assert!(world.bearer(ended.expose()).await.is_err());
    }
    assert!(world.bearer(theirs.expose()).await.is_ok());
    let events = world.events_of("token.revoked").await;
    let all = events.iter().filter(|event| event["data"]["endsTokens"] == true).count();
    assert_eq!((events.len(), all), (MOST_REVOKED as usize + 1, 1));
    // The count begins anew, and so do its tokens.
    let next = world.token(&agent, Some("agents:read")).await;
    assert!(world.bearer(next.expose()).await.is_ok());
    let another = world.token(&agent, Some("agents:read")).await;
    world.tokens.revoke(&request(), &world.client(&agent).await, another.expose()).await.unwrap().unwrap();
    assert!(world.bearer(next.expose()).await.is_ok() && world.bearer(another.expose()).await.is_err());
}
