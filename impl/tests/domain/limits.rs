//! Slow hashing is limited: nobody fills the pool for the others.

use std::time::Duration;

use agentidp::crypto::{ClientSecret, Entropy};
use agentidp::domain::agents::{AgentId, Registered};
use agentidp::domain::callers::Principal;
use agentidp::domain::refusal::{Answered, ClientFlaw, Refusal};
use agentidp::store::credentials::CredentialWrites;
use agentidp::store::{Store, Unit};
use uuid::Uuid;

use crate::world::{World, caller, register, request_from, why};

async fn registers(world: &World, principal: &Principal) -> Answered<Registered> {
    let registered = register(&world.agents, principal, world.new_agent(&["resume:read"])).await;
    let registered = registered.expect("no fault");
    world.read_feed().await;
    registered
}

/// Makes the verifier of a credential one of another master key.
async fn outdate(world: &World, known: &Registered) {
    let mut unit = world.store().begin().await.expect("a transaction");
    unit.credential_verifier_set(known.credential.id, &[7; 32], "another").await.expect("a verifier");
    unit.commit().await.expect("a commit");
}

fn wrong(known: &Registered) -> String {
    ClientSecret::generate(known.credential.id.0, &Entropy::seeded(99)).to_text().into_exposed()
}

#[tokio::test]
async fn who_makes_many_secrets_waits_and_nobody_else_does() {
    let world = World::with_few_hashes(60, 2).await;
    let one = caller("talent-team", &["agents:write"]);
    let other = Principal { agent_id: AgentId(Uuid::from_u128(0x0de4)), ..one.clone() };
    for _ in 0..2 {
        assert!(registers(&world, &one).await.is_ok());
    }
    let refused = registers(&world, &one).await.expect_err("too many");
    assert_eq!((refused.reason(), refused.retry_after_seconds()), ("rate_limited", Some(1)));
    for _ in 0..2 {
        assert!(registers(&world, &other).await.is_ok(), "from the same address");
    }
    world.clock.advance(Duration::from_secs(1));
    world.read_feed().await;
    assert!(registers(&world, &one).await.is_ok());

    let counted = world.events_of("request.limited.counted").await;
    assert_eq!(counted.len(), 1);
    assert_eq!(counted[0]["actor"]["agentId"], one.agent_id.to_string());
    assert_eq!(counted[0]["owner"], "talent-team");
    assert_eq!((&counted[0]["outcome"], &counted[0]["reason"]), (&"denied".into(), &"rate_limited".into()));
}

#[tokio::test]
async fn many_clients_of_one_address_wait_together() {
    let world = World::with_few_hashes(60, 1).await;
    let client =
        |id| Principal { agent_id: AgentId(Uuid::from_u128(id)), ..caller("talent-team", &["agents:write"]) };
    assert!(registers(&world, &client(1)).await.is_ok());
    assert!(registers(&world, &client(2)).await.is_ok());
    assert_eq!(why(registers(&world, &client(3)).await), "rate_limited");
}

#[tokio::test]
async fn slow_comparisons_are_few_for_an_address_and_right_secrets_pass_elsewhere() {
    let world = World::with_few_hashes(60, 2).await;
    let known = registers(&world, &caller("talent-team", &["agents:write"])).await.expect("registered");
    let (id, right, wrong) = (known.agent.id.to_string(), known.secret.expose(), wrong(&known));
    let [guesser, owner] = ["192.0.2.66", "198.51.100.7"].map(request_from);
    outdate(&world, &known).await;
    for _ in 0..2 {
        let refused = world.authenticate_from(&guesser, &id, &wrong).await;
        assert_eq!(refused.err(), Some(Refusal::InvalidClient(ClientFlaw::WrongSecret)));
    }
    assert_eq!(why(world.authenticate_from(&guesser, &id, &wrong).await), "rate_limited");
    assert_eq!(
        why(world.authenticate_from(&guesser, &id, right).await),
        "rate_limited",
        "it would be slow too"
    );
    world.authenticate_from(&owner, &id, right).await.expect("another address has its own allowance");
    world.authenticate_from(&guesser, &id, right).await.expect("its verifier is new: no hash, and no limit");
    let refused = world.authenticate_from(&guesser, &id, &wrong).await;
    assert_eq!(
        refused.err(),
        Some(Refusal::InvalidClient(ClientFlaw::WrongSecret)),
        "that is quick now as well"
    );
}

#[tokio::test]
async fn slow_comparisons_are_few_for_a_client_from_however_many_addresses() {
    let world = World::with_few_hashes(60, 1).await;
    let known = registers(&world, &caller("talent-team", &["agents:write"])).await.expect("registered");
    let (id, wrong) = (known.agent.id.to_string(), wrong(&known));
    outdate(&world, &known).await;
    let mut guesses = Vec::new();
    for host in 1..=4 {
        let from = request_from(&format!("192.0.2.{host}"));
        guesses.push(why(world.authenticate_from(&from, &id, &wrong).await));
    }
    assert_eq!(guesses, ["wrong_secret", "wrong_secret", "rate_limited", "rate_limited"]);
}
