use agentidp::domain::agents::Agent;
use agentidp::domain::audit::AuditFilter;
use agentidp::domain::changes::{ChangeKind, Rev};
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::sql::PoolSettings;
use agentidp::store::{Store, Unit};

use crate::world::{World, agent, agent_id, credential, credential_id, event, images, time, with_agents};

on_both_databases![
    what_is_dropped_has_never_been,
    what_is_committed_is_seen_whole_and_at_once,
    what_is_committed_survives_a_restart,
    a_clone_is_the_same_store,
    readers_do_not_wait_for_a_writer,
    a_refusal_and_its_event_commit_together,
    another_node_sees_what_is_committed,
];

/// Writes something of everything.
async fn write_all(unit: &mut impl Unit) {
    assert!(unit.agent_insert(&agent(1)).await.unwrap());
    unit.credential_insert(&credential(1, agent_id(1)), &images(1)).await.unwrap();
    unit.audit_append(&[event(1, 1)]).await.unwrap();
}

/// How much of [`write_all`] is there: agents, credentials, events, changes.
async fn there(store: &impl Store) -> (bool, bool, usize, usize) {
    (
        store.agent_get(agent_id(1), None).await.unwrap().is_some(),
        store.client_get(credential_id(1)).await.unwrap().is_some(),
        store.audit_list(&AuditFilter::default(), None, 10).await.unwrap().len(),
        store.changes_after(Rev(0), time(0), 10).await.unwrap().changes.len(),
    )
}

async fn what_is_dropped_has_never_been<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    write_all(&mut unit).await;
    drop(unit);
    assert_eq!(there(db.store()).await, (false, false, 0, 0));
    // The connection is as good as before.
    let mut unit = db.store().begin().await.unwrap();
    write_all(&mut unit).await;
    unit.commit().await.unwrap();
    assert_eq!(there(db.store()).await, (true, true, 1, 0));
}

async fn what_is_committed_is_seen_whole_and_at_once<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    write_all(&mut unit).await;
    assert_eq!(there(db.store()).await, (false, false, 0, 0));
    let rev = unit.commit_with_changes(&[ChangeKind::AgentChanged(agent_id(1))], time(0)).await.unwrap();
    assert_eq!(rev, Rev(1));
    assert_eq!(there(db.store()).await, (true, true, 1, 1));
}

async fn what_is_committed_survives_a_restart<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    write_all(&mut unit).await;
    unit.commit_with_changes(&[ChangeKind::AgentChanged(agent_id(1))], time(0)).await.unwrap();
    let mut unfinished = db.store().begin().await.unwrap();
    assert!(unfinished.agent_insert(&agent(2)).await.unwrap());
    drop(unfinished);
    W::close(db.store()).await;

    let again = db.node(&PoolSettings::default()).await.unwrap();
    assert_eq!(there(&again).await, (true, true, 1, 1));
    assert_eq!(again.agent_get(agent_id(2), None).await.unwrap(), None);
    let unit = again.begin().await.unwrap();
    assert_eq!(unit.commit_with_changes(&[ChangeKind::KeysChanged], time(0)).await.unwrap(), Rev(2));
    W::close(&again).await;
}

async fn a_clone_is_the_same_store<W: World>(db: &W) {
    with_agents(&db.store().clone(), &[agent(1)]).await;
    assert!(db.store().agent_get(agent_id(1), None).await.unwrap().is_some());
}

async fn readers_do_not_wait_for_a_writer<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let mut unit = db.store().begin().await.unwrap();
    unit.agent_touch(agent_id(1), time(0)).await.unwrap();
    assert_eq!(db.store().agent_get(agent_id(1), None).await.unwrap(), Some(agent(1)));
    unit.commit().await.unwrap();
    let touched = Agent { last_auth_at: Some(time(0)), ..agent(1) };
    assert_eq!(db.store().agent_get(agent_id(1), None).await.unwrap(), Some(touched));
}

async fn a_refusal_and_its_event_commit_together<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.agent_insert(&Agent { id: agent_id(2), ..agent(1) }).await.unwrap());
    unit.audit_append(&[event(1, 1)]).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(db.store().audit_list(&AuditFilter::default(), None, 10).await.unwrap(), [event(1, 1)]);
}

async fn another_node_sees_what_is_committed<W: World>(db: &W) {
    let other = db.node(&PoolSettings::default()).await.unwrap();
    let mut unit = db.store().begin().await.unwrap();
    write_all(&mut unit).await;
    unit.commit_with_changes(&[ChangeKind::AgentChanged(agent_id(1))], time(0)).await.unwrap();
    assert_eq!(there(&other).await, (true, true, 1, 1));
    let unit = other.begin().await.unwrap();
    assert_eq!(unit.commit_with_changes(&[ChangeKind::KeysChanged], time(0)).await.unwrap(), Rev(2));
    W::close(&other).await;
}
