//! The first operator, and the way back in.

use agentidp::domain::agents::{Agent, AgentStatus};
use agentidp::domain::bootstrap::{BootstrapFault, OPERATORS};
use agentidp::domain::changes::ChangeKind;
use agentidp::domain::policy::RESERVED;
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::{Store, Unit};

use crate::world::{World, start};

const EMAIL: &str = "operator@agentidp.local";

#[tokio::test]
async fn of_several_nodes_one_makes_the_operator_and_it_may_do_all() {
    let world = World::new().await;
    let nodes = (0..3).map(|_| {
        let bootstrap = world.bootstrap.clone();
        tokio::spawn(async move { bootstrap.bootstrap(EMAIL).await.unwrap() })
    });
    let mut operators = Vec::new();
    for node in nodes.collect::<Vec<_>>() {
        operators.extend(node.await.unwrap());
    }
    let [operator] = operators.as_slice() else { panic!("{} operators", operators.len()) };
    assert!(world.bootstrap.bootstrap(EMAIL).await.unwrap().is_none());
    assert!(world.bootstrap.bootstrap("another@agentidp.local").await.unwrap().is_none());

    world.read_feed().await;
    let secret = operator.client_secret.expose();
    let client = world.authenticate(&operator.client_id.to_string(), secret).await.unwrap();
    assert_eq!(client.record.agent.owner.0, OPERATORS);
    let token = world.ask(&client, Some(&RESERVED.join(" "))).await.unwrap();
    let principal = world.bearer(token.access_token.expose()).await.unwrap();
    assert!(RESERVED.iter().all(|name| principal.holds(name)));

    let events = world.events_of("server.bootstrapped").await;
    assert_eq!(events.len(), 1);
    assert_eq!(events[0]["actor"]["method"], "local");
    assert_eq!(events[0]["subject"]["agentId"], operator.client_id.to_string());
}

#[tokio::test]
async fn recovery_gives_the_operator_one_more_credential_and_ends_none() {
    let world = World::new().await;
    assert!(matches!(world.bootstrap.recover(EMAIL).await, Err(BootstrapFault::NotBootstrapped)));
    let first = world.bootstrap.bootstrap(EMAIL).await.unwrap().unwrap();
    let recovered = world.bootstrap.recover(EMAIL).await.unwrap();
    let second = recovered.operator;
    assert_eq!((first.client_id, recovered.instead_of), (second.client_id, None));
    world.read_feed().await;
    for operator in [&first, &second] {
        let secret = operator.client_secret.expose();
        assert!(world.authenticate(&operator.client_id.to_string(), secret).await.is_ok());
    }
    for action in ["server.recovered", "credential.issued"] {
        let events = world.events_of(action).await;
        assert_eq!((events.len(), &events[0]["owner"]), (1, &serde_json::json!(OPERATORS)), "{action}");
    }
}

/// However the operator was shut out.
#[tokio::test]
async fn an_operator_that_cannot_be_used_any_more_is_replaced_and_stays_as_it_is() {
    let past = start() - chrono::TimeDelta::hours(1);
    let ahead = start() + chrono::TimeDelta::hours(1);
    let lacks =
        |name: &'static str| move |agent: &mut Agent| agent.capabilities.retain(|held| held.0 != name);
    type ShutOut = Box<dyn Fn(&mut Agent)>;
    let ways: [(&str, ShutOut); 8] = [
        ("suspended", Box::new(|agent| agent.status = AgentStatus::Suspended)),
        ("revoked", Box::new(|agent| agent.status = AgentStatus::Revoked)),
        ("archived", Box::new(|agent| agent.status = AgentStatus::Archived)),
        ("over", Box::new(move |agent| agent.valid_until = Some(past))),
        ("soon over", Box::new(move |agent| agent.valid_until = Some(ahead))),
        ("without idp:admin", Box::new(lacks("idp:admin"))),
        ("without agents:write", Box::new(lacks("agents:write"))),
        ("without anything", Box::new(|agent| agent.capabilities.clear())),
    ];
    for (way, shut_out) in ways {
        let world = World::new().await;
        let first = world.bootstrap.bootstrap(EMAIL).await.unwrap().unwrap();
        let mut agent = world.store().agent_get(first.client_id, None).await.unwrap().unwrap();
        shut_out(&mut agent);
        agent.revision += 1;
        let mut unit = world.store().begin().await.unwrap();
        unit.agent_update(&agent).await.unwrap();
        unit.commit_with_changes(&[ChangeKind::AgentTokensEnded(agent.id)], start()).await.unwrap();
        let before = world.store().agent_get(first.client_id, None).await.unwrap();

        let recovered = world.bootstrap.recover(EMAIL).await.unwrap();
        assert_eq!(recovered.instead_of, Some(first.client_id), "{way}");
        assert_eq!(world.store().agent_get(first.client_id, None).await.unwrap(), before, "{way}");
        world.read_feed().await;
        let (id, secret) = (recovered.operator.client_id, &recovered.operator.client_secret);
        let client = world.authenticate(&id.to_string(), secret.expose()).await.unwrap();
        let token = world.ask(&client, Some(&RESERVED.join(" "))).await.unwrap();
        assert!(world.bearer(token.access_token.expose()).await.is_ok(), "{way}");
        assert_eq!(client.record.agent.email, "operator-2@agentidp.local");

        // From now on it is the operator.
        let again = world.bootstrap.recover(EMAIL).await.unwrap();
        assert_eq!((again.operator.client_id, again.instead_of), (id, None), "{way}");
        assert!(world.bootstrap.bootstrap(EMAIL).await.unwrap().is_none());
        let registered = world.events_of("agent.registered").await;
        let said = (&registered[0]["subject"]["agentId"], &registered[0]["data"]["insteadOf"]);
        assert_eq!(said, (&id.to_string().into(), &first.client_id.to_string().into()), "{way}");
        assert_eq!((registered.len(), world.events_of("server.recovered").await.len()), (1, 2), "{way}");
    }
}

#[tokio::test]
async fn of_two_who_replace_the_operator_one_does() {
    let world = World::new().await;
    let first = world.bootstrap.bootstrap(EMAIL).await.unwrap().unwrap();
    let mut agent = world.store().agent_get(first.client_id, None).await.unwrap().unwrap();
    agent.status = AgentStatus::Archived;
    let mut unit = world.store().begin().await.unwrap();
    unit.agent_update(&agent).await.unwrap();
    unit.commit_with_changes(&[ChangeKind::AgentTokensEnded(agent.id)], start()).await.unwrap();
    let (one, other) = tokio::join!(world.bootstrap.recover(EMAIL), world.bootstrap.recover(EMAIL));
    let outcomes = [&one, &other].map(|outcome| match outcome {
        Ok(recovered) => recovered.instead_of.is_some(),
        Err(BootstrapFault::Twin) => false,
        Err(fault) => panic!("{fault}"),
    });
    assert!(outcomes.contains(&true) && outcomes.contains(&false), "{outcomes:?}");
    assert_eq!(world.events_of("agent.registered").await.len(), 1);
}

#[tokio::test]
async fn an_email_of_somebody_else_is_not_taken_over() {
    let world = World::new().await;
    let somebody = world.agent("talent-team", &[]).await;
    let taken = world.bootstrap.bootstrap(&somebody.agent.email).await;
    assert!(matches!(taken, Err(BootstrapFault::EmailTaken(_))));
    assert!(world.bootstrap.bootstrap(EMAIL).await.unwrap().is_some());
}
