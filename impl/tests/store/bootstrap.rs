use agentidp::domain::agents::Agent;
use agentidp::store::agents::AgentWrites;
use agentidp::store::bootstrap::{BootstrapReads, BootstrapWrites};
use agentidp::store::{Store, StoreFault, Unit};

use crate::world::{World, agent, agent_id, time};

on_both_databases![
    there_is_no_first_operator_before_there_is_one,
    the_first_operator_is_claimed_once_with_the_agent_made_after_the_claim,
    of_twins_that_claim_exactly_one_gets_it,
    a_claim_that_is_rolled_back_leaves_the_place_free,
    a_claim_without_its_agent_does_not_commit,
    of_twins_that_replace_the_operator_exactly_one_does,
];

/// Claims and, when that worked, makes the agent.
async fn claim(store: &impl Store, serial: u32) -> bool {
    let mut unit = store.begin().await.unwrap();
    let claimed = unit.bootstrap_claim(agent_id(serial), time(0)).await.unwrap();
    if claimed {
        assert!(unit.agent_insert(&agent(serial)).await.unwrap());
    }
    unit.commit().await.unwrap();
    claimed
}

async fn there_is_no_first_operator_before_there_is_one<W: World>(db: &W) {
    assert_eq!(db.store().bootstrap_get().await.unwrap(), None);
}

async fn the_first_operator_is_claimed_once_with_the_agent_made_after_the_claim<W: World>(db: &W) {
    assert!(claim(db.store(), 1).await);
    assert!(!claim(db.store(), 2).await);
    assert_eq!(db.store().bootstrap_get().await.unwrap(), Some(agent_id(1)));
}

async fn of_twins_that_claim_exactly_one_gets_it<W: World>(db: &W) {
    let twins = (1..=8).map(|serial| {
        let store = db.store().clone();
        tokio::spawn(async move { claim(&store, serial).await.then_some(agent_id(serial)) })
    });
    let mut winners = Vec::new();
    for twin in twins.collect::<Vec<_>>() {
        winners.extend(twin.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(db.store().bootstrap_get().await.unwrap(), Some(winners[0]));
}

async fn a_claim_that_is_rolled_back_leaves_the_place_free<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.bootstrap_claim(agent_id(1), time(0)).await.unwrap());
    assert!(unit.agent_insert(&Agent { id: agent_id(1), ..agent(2) }).await.unwrap());
    drop(unit);
    assert_eq!(db.store().bootstrap_get().await.unwrap(), None);
    assert!(claim(db.store(), 2).await);
}

async fn of_twins_that_replace_the_operator_exactly_one_does<W: World>(db: &W) {
    assert!(claim(db.store(), 1).await);
    let twins = (2..=9).map(|serial| {
        let store = db.store().clone();
        tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            assert!(unit.agent_insert(&agent(serial)).await.unwrap());
            let replaced = unit.bootstrap_replace(agent_id(1), agent_id(serial), time(5)).await.unwrap();
            unit.commit().await.unwrap();
            replaced.then_some(agent_id(serial))
        })
    });
    let mut winners = Vec::new();
    for twin in twins.collect::<Vec<_>>() {
        winners.extend(twin.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(db.store().bootstrap_get().await.unwrap(), Some(winners[0]));
}

async fn a_claim_without_its_agent_does_not_commit<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.bootstrap_claim(agent_id(1), time(0)).await.unwrap());
    let fault = unit.commit().await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
    assert_eq!(db.store().bootstrap_get().await.unwrap(), None);
    assert!(claim(db.store(), 1).await);
}
