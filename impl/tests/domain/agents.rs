//! The registry: who may register whom, and who sees whom.

use agentidp::domain::agents::{AgentFilter, AgentId, NewAgent, Owner};
use agentidp::domain::refusal::{NotPermitted, Refusal};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::world::{World, caller, register, request, why};

#[tokio::test]
async fn a_registered_agent_is_there_with_its_credential_and_its_events() {
    let world = World::new().await;
    let mina = caller("talent-team", &["agents:write"]);
    let new = world.new_agent(&["resume:read", "resume:score"]);
    let registered = register(&world.agents, &mina, new.clone()).await.unwrap().unwrap();
    assert_eq!(registered.agent.owner, Owner("talent-team".into()));
    assert_eq!(registered.agent.capabilities, new.capabilities);
    assert_eq!(registered.credential.agent_id, registered.agent.id);

    let found = world.agents.get(&request(), &mina, registered.agent.id).await.unwrap().unwrap();
    assert_eq!(found, registered.agent);

    let event = &world.events_of("agent.registered").await[0];
    assert_eq!(event["outcome"], "success");
    assert_eq!(event["actor"]["agentId"], mina.agent_id.to_string());
    assert_eq!(event["actor"]["method"], "bearer");
    assert_eq!(event["subject"]["agentId"], registered.agent.id.to_string());
    assert_eq!(event["owner"], "talent-team");
    assert_eq!(event["data"]["capabilities"], serde_json::json!(["resume:read", "resume:score"]));
    let issued = &world.events_of("credential.issued").await[0];
    assert_eq!(issued["subject"]["credentialId"], registered.credential.id.to_string());
    let everything = serde_json::to_string(&world.all_events().await).unwrap();
    assert!(!everything.contains("sas_"), "no event holds a secret");
}

#[tokio::test]
async fn an_email_belongs_to_one_agent_for_ever_whatever_its_case_and_owner() {
    let world = World::new().await;
    let (mina, otto) = (caller("talent-team", &["agents:write"]), caller("other-team", &["agents:write"]));
    let new = world.new_agent(&[]);
    register(&world.agents, &mina, new.clone()).await.unwrap().unwrap();
    for (who, email) in [(&mina, new.email.clone()), (&otto, new.email.to_uppercase())] {
        let again = NewAgent { email, ..world.new_agent(&[]) };
        let refused = register(&world.agents, who, again).await.unwrap();
        assert_eq!(refused.err(), Some(Refusal::AgentAlreadyExists));
    }
    let denied = world.events_of("agent.registered").await;
    let denied: Vec<_> = denied.iter().filter(|event| event["outcome"] == "denied").collect();
    assert_eq!(denied.len(), 2);
    assert!(denied.iter().all(|event| event["reason"] == "agent_already_exists"));
    assert_eq!(world.events_of("credential.issued").await.len(), 1, "nothing is left of the refused ones");
}

#[tokio::test]
async fn twins_at_the_same_moment_are_one_agent() {
    let world = World::new().await;
    let mina = caller("talent-team", &["agents:write"]);
    let new = world.new_agent(&[]);
    let twins = (0..4).map(|_| {
        let (agents, mina, new) = (world.agents.clone(), mina.clone(), new.clone());
        tokio::spawn(async move { register(&agents, &mina, new).await.unwrap().is_ok() })
    });
    let mut registered = 0;
    for twin in twins.collect::<Vec<_>>() {
        registered += u32::from(twin.await.unwrap());
    }
    assert_eq!(registered, 1);
}

#[tokio::test]
async fn nobody_grants_a_reserved_capability_that_their_token_does_not_hold() {
    let world = World::new().await;
    let mina = caller("talent-team", &["agents:write", "agents:read"]);
    let register = async |capabilities: &[&str]| {
        register(&world.agents, &mina, world.new_agent(capabilities)).await.unwrap()
    };
    assert!(register(&["agents:read", "agents:write", "whatever:else"]).await.is_ok());
    for beyond in ["idp:admin", "audit:read", "tokens:introspect"] {
        let refused = register(&["agents:read", beyond]).await;
        assert!(matches!(
            refused,
            Err(Refusal::NotPermitted(NotPermitted::ReservedCapabilityNotHeld(held))) if held.0 == beyond
        ));
    }
    assert_eq!(why(register(&["self:read"]).await), "invalid_request");
}

#[tokio::test]
async fn an_agent_of_another_owner_takes_idp_admin_to_register() {
    let world = World::new().await;
    let new = || NewAgent { owner: Some(Owner("other-team".into())), ..world.new_agent(&[]) };
    let mina = caller("talent-team", &["agents:write"]);
    let refused = register(&world.agents, &mina, new()).await.unwrap();
    assert_eq!(refused.err(), Some(Refusal::NotPermitted(NotPermitted::OtherOwner)));
    let admin = caller("operators", &["agents:write", "idp:admin"]);
    let registered = register(&world.agents, &admin, new()).await.unwrap().unwrap();
    assert_eq!(registered.agent.owner, Owner("other-team".into()));
}

#[tokio::test]
async fn an_agent_cannot_be_over_before_it_begins() {
    let world = World::new().await;
    let mina = caller("talent-team", &["agents:write"]);
    let new =
        NewAgent { valid_until: Some(crate::world::start() - TimeDelta::hours(1)), ..world.new_agent(&[]) };
    let Err(Refusal::Invalid(violations)) = register(&world.agents, &mina, new).await.unwrap() else {
        panic!("registered");
    };
    assert_eq!((violations[0].location, violations[0].path.as_str()), ("body", "/validUntil"));
}

#[tokio::test]
async fn another_owners_agent_is_not_found_and_the_attempt_is_recorded() {
    let world = World::new().await;
    let theirs = world.agent("other-team", &[]).await;
    let mina = caller("talent-team", &["agents:read"]);
    for id in [theirs.agent.id, AgentId(Uuid::from_u128(404))] {
        let refused = world.agents.get(&request(), &mina, id).await.unwrap();
        assert_eq!(refused, Err(Refusal::AgentNotFound));
    }
    let denied = world.events_of("access.denied").await;
    assert_eq!(denied.len(), 2, "an id that nobody has leaves as much, lest the time of an answer tell");
    let (of_nobody, denied): (Vec<_>, Vec<_>) =
        denied.iter().partition(|event| event["reason"] == "agent_not_found");
    assert_eq!(of_nobody[0].get("owner"), None, "nobody but whoever sees everything sees this one");
    assert_eq!(of_nobody[0]["subject"]["agentId"], Uuid::from_u128(404).to_string());
    assert_eq!(denied[0]["reason"], "other_owner");
    assert_eq!(denied[0]["subject"]["agentId"], theirs.agent.id.to_string());
    assert_eq!(
        denied[0]["owner"], "other-team",
        "whoever looks must not find in its own log that there is something"
    );
    let admin = caller("operators", &["agents:read", "idp:admin"]);
    assert!(world.agents.get(&request(), &admin, theirs.agent.id).await.unwrap().is_ok());
}

#[tokio::test]
async fn a_list_stops_at_the_wall_and_goes_on_by_its_cursor() {
    let world = World::new().await;
    for _ in 0..3 {
        world.agent("talent-team", &[]).await;
        world.agent("other-team", &[]).await;
    }
    let list = async |scope: &[&str], owner: Option<&str>, cursor: Option<&str>, limit| {
        let filter = AgentFilter { owner: owner.map(|name| Owner(name.into())), ..AgentFilter::default() };
        world.agents.list(&caller("talent-team", scope), filter, cursor, limit).await.unwrap()
    };
    let first = list(&["agents:read"], None, None, 2).await.unwrap();
    let second = list(&["agents:read"], None, first.next_cursor.as_deref(), 2).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next_cursor), (2, 1, None));
    let mut seen: Vec<_> = first.items.iter().chain(&second.items).collect();
    assert!(seen.iter().all(|agent| agent.owner.0 == "talent-team"));
    seen.dedup_by_key(|agent| agent.id);
    assert_eq!(seen.len(), 3);

    assert_eq!(list(&["agents:read"], Some("other-team"), None, 10).await.unwrap().items.len(), 0);
    assert_eq!(
        list(&["agents:read", "idp:admin"], Some("other-team"), None, 10).await.unwrap().items.len(),
        3
    );
    assert_eq!(list(&["agents:read", "idp:admin"], None, None, 10).await.unwrap().items.len(), 6);
    assert_eq!(why(list(&["agents:read"], None, Some("nonsense"), 10).await), "invalid_request");
}

#[tokio::test]
async fn a_database_that_is_gone_is_a_fault_that_may_pass() {
    let world = World::new().await;
    world.store().inner.close().await;
    let mina = caller("talent-team", &["agents:read"]);
    let fault = world.agents.get(&request(), &mina, AgentId(Uuid::nil())).await.unwrap_err();
    assert!(fault.is_unavailable(), "{fault}");
}
