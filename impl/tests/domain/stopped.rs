//! Callers that are stopped while their request is in work: between the door and the change lies the time in which a body
//! arrives.

use std::time::Duration;

use agentidp::domain::agents::{AgentPatch, AgentStatus, Attempt, Registered, Seen};
use agentidp::domain::callers::Principal;
use agentidp::domain::credentials::{IssuedCredential, NewCredential};
use agentidp::domain::idempotency::Once;
use agentidp::domain::refusal::Answered;

use crate::world::{World, caller, register, request};

/// Everything that changes something, done by the principal to an agent: how it is recorded, and what came of it.
async fn everything(
    world: &World,
    principal: &Principal,
    of: &Registered,
) -> Vec<(&'static str, Answered<()>)> {
    let (request, id) = (request(), of.agent.id);
    let attempt = || Attempt { request: &request, principal, id, seen: &Seen::Any };
    let once = || Once { key: None, answer: &|_: &IssuedCredential| Vec::new() };
    let (agents, credentials) = (&world.agents, &world.credentials);
    let patch = AgentPatch { version: Some("v2.0.0".to_owned()), ..AgentPatch::default() };
    let moved =
        async |to| agents.status_change(attempt(), to, Some("a test")).await.expect("no fault").map(drop);
    let issued = credentials.issue(&request, principal, id, NewCredential::default(), once()).await;
    let rotated = credentials.rotate(&request, principal, id, of.credential.id, Duration::ZERO, once()).await;
    let revoked = credentials.revoke(&request, principal, id, of.credential.id).await;
    vec![
        (
            "agent.registered",
            register(agents, principal, world.new_agent(&[])).await.expect("no fault").map(drop),
        ),
        ("agent.updated", agents.update(attempt(), patch).await.expect("no fault").map(drop)),
        ("credential.issued", issued.expect("no fault").map(drop)),
        ("credential.rotated", rotated.expect("no fault").map(drop)),
        ("credential.revoked", revoked.expect("no fault")),
        ("agent.suspended", moved(AgentStatus::Suspended).await),
        ("agent.reactivated", moved(AgentStatus::Active).await),
        ("agent.revoked", moved(AgentStatus::Revoked).await),
        ("agent.archived", agents.decommission(attempt()).await.expect("no fault")),
    ]
}

/// A node with an agent, and the principal of a token of whoever looks after it.
async fn begun() -> (World, Registered, Registered, Principal) {
    let world = World::new().await;
    let of = world.agent("talent-team", &[]).await;
    let manager = world.agent("talent-team", &["agents:write", "credentials:write"]).await;
    let token = world.token(&manager, Some("agents:write credentials:write")).await;
    let principal = world.bearer(token.expose()).await.expect("it was issued just now");
    (world, of, manager, principal)
}

/// Nothing is done any more, and why not is recorded under the name of what was to be done.
async fn nothing_is_done(world: &World, of: &Registered, principal: &Principal, reason: &str) {
    for (action, answered) in everything(world, principal, of).await {
        assert_eq!(answered.map_err(|refusal| refusal.reason()), Err(reason), "{action}");
        let mut events = world.events_of(action).await;
        events.retain(|event| event["outcome"] == "denied");
        let [event] = &events[..] else { panic!("{action}: {events:?}") };
        assert_eq!(event["reason"], reason, "{action}");
        assert_eq!(event["actor"]["agentId"], principal.agent_id.to_string(), "{action}");
        assert_eq!(event["owner"], "talent-team", "{action}");
    }
    let reader = caller("talent-team", &["agents:read"]);
    let now = world
        .agents
        .get(&request(), &reader, of.agent.id)
        .await
        .expect("the database answers")
        .expect("it is there");
    assert_eq!(now, of.agent);
}

#[tokio::test]
async fn whoever_was_suspended_meanwhile_changes_nothing() {
    let (world, of, manager, principal) = begun().await;
    let admin = caller("operators", &agentidp::domain::policy::RESERVED);
    let stop = Attempt { request: &request(), principal: &admin, id: manager.agent.id, seen: &Seen::Any };
    world.agents.status_change(stop, AgentStatus::Suspended, Some("a test")).await.unwrap().unwrap();
    nothing_is_done(&world, &of, &principal, "token_ended").await;
}

#[tokio::test]
async fn whoevers_token_is_over_meanwhile_changes_nothing() {
    let (world, of, _, principal) = begun().await;
    world.clock.advance(Duration::from_secs(900));
    world.read_feed().await;
    nothing_is_done(&world, &of, &principal, "token_expired").await;
}

#[tokio::test]
async fn whoever_goes_on_being_trusted_changes_everything() {
    let (world, of, _, principal) = begun().await;
    for (action, answered) in everything(&world, &principal, &of).await {
        assert_eq!(answered, Ok(()), "{action}");
    }
}
