//! The first operator, and the way back in.

use agentidp::domain::bootstrap::{BootstrapFault, OPERATORS};
use agentidp::domain::policy::RESERVED;

use crate::world::World;

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
    assert!(matches!(world.bootstrap.recover().await, Err(BootstrapFault::NotBootstrapped)));
    let first = world.bootstrap.bootstrap(EMAIL).await.unwrap().unwrap();
    let second = world.bootstrap.recover().await.unwrap();
    assert_eq!(first.client_id, second.client_id);
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

#[tokio::test]
async fn an_email_of_somebody_else_is_not_taken_over() {
    let world = World::new().await;
    let somebody = world.agent("talent-team", &[]).await;
    let taken = world.bootstrap.bootstrap(&somebody.agent.email).await;
    assert!(matches!(taken, Err(BootstrapFault::EmailTaken(_))));
    assert!(world.bootstrap.bootstrap(EMAIL).await.unwrap().is_some());
}
