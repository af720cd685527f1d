//! The audit writer and the list.

use std::sync::atomic::Ordering;

use agentidp::domain::agents::Owner;
use agentidp::domain::audit::{Action, Actor, AuditEvent, AuditFilter, AuditWriter};
use agentidp::domain::callers::AuthMethod;
use agentidp::domain::refusal::Refusal;
use agentidp::store::audit::AuditReads;

use crate::world::{World, caller, why};

fn event(owner: &str) -> AuditEvent {
    AuditEvent::success(Action::TokenIssued, Actor::nameless(AuthMethod::System)).behind(&Owner(owner.into()))
}

async fn recorded(world: &World, owner: &str) -> usize {
    let filter = AuditFilter { owner: Some(Owner(owner.into())), ..AuditFilter::default() };
    world.store().audit_list(&filter, None, 100_000).await.expect("events").len()
}

#[tokio::test]
async fn many_events_at_once_are_all_there_when_their_writers_are_told_so() {
    let world = World::new().await;
    let writers = (0..1000).map(|_| {
        let audit = world.audit.clone();
        tokio::spawn(async move { audit.write(event("many")).await })
    });
    for writer in writers.collect::<Vec<_>>() {
        assert!(matches!(writer.await.unwrap(), Ok(Ok(()))));
    }
    assert_eq!(recorded(&world, "many").await, 1000);
}

#[tokio::test]
async fn an_event_that_the_database_refuses_fails_alone() {
    let world = World::new().await;
    // The database's own check: an owner has 128 characters at most.
    let names = (0..100).map(|number| if number % 10 == 3 { "x".repeat(200) } else { "good".to_owned() });
    let writers: Vec<_> = names
        .map(|owner| {
            let audit = world.audit.clone();
            let good = owner == "good";
            tokio::spawn(async move { (good, matches!(audit.write(event(&owner)).await, Ok(Ok(())))) })
        })
        .collect();
    for writer in writers {
        let (good, written) = writer.await.unwrap();
        assert_eq!(good, written);
    }
    assert_eq!(recorded(&world, "good").await, 90);
}

#[tokio::test]
async fn the_writer_ends_when_nobody_holds_it_and_leaves_nothing_behind() {
    let world = World::new().await;
    let (audit, task) = AuditWriter::start(world.store().clone(), world.clock.clone(), world.entropy.clone());
    assert!(audit.writes());
    let pending: Vec<_> = (0..500)
        .map(|_| {
            let audit = audit.clone();
            tokio::spawn(async move { audit.write(event("last")).await })
        })
        .collect();
    drop(audit);
    for one in pending {
        assert!(matches!(one.await.unwrap(), Ok(Ok(()))));
    }
    task.await.unwrap();
    assert_eq!(recorded(&world, "last").await, 500);
}

#[tokio::test]
async fn an_event_whose_commit_left_no_word_is_written_again_and_stays_one() {
    let world = World::new().await;
    world.store().commits_to_lose.store(2, Ordering::SeqCst);
    assert!(matches!(world.audit.write(event("lost")).await, Ok(Ok(()))));
    assert_eq!(world.store().commits_to_lose.load(Ordering::SeqCst), 0);
    assert_eq!(recorded(&world, "lost").await, 1);
}

#[tokio::test]
async fn a_database_that_is_gone_leaves_no_event_and_says_so() {
    let world = World::new().await;
    world.store().inner.close().await;
    let fault = world.audit.write(event("gone")).await.expect_err("a fault");
    assert!(fault.is_unavailable(), "{fault}");
}

#[tokio::test]
async fn a_list_of_events_stops_at_the_wall() {
    let world = World::new().await;
    for owner in ["talent-team", "talent-team", "other-team"] {
        assert!(matches!(world.audit.write(event(owner)).await, Ok(Ok(()))));
    }
    let list = async |scope: &[&str], cursor: Option<&str>, limit| {
        let filter = AuditFilter { action: Some("token.issued".into()), ..AuditFilter::default() };
        world.events.list(&caller("talent-team", scope), filter, cursor, limit).await.unwrap()
    };
    let first = list(&["audit:read"], None, 1).await.unwrap();
    let second = list(&["audit:read"], first.next_cursor.as_deref(), 1).await.unwrap();
    assert_eq!((first.items.len(), second.items.len(), second.next_cursor), (1, 1, None));
    assert_ne!(first.items[0].id, second.items[0].id);
    assert_eq!(list(&["audit:read", "idp:admin"], None, 10).await.unwrap().items.len(), 3);
    let refused = list(&["audit:read"], Some("?"), 10).await;
    assert!(matches!(refused, Err(Refusal::Invalid(_))) && why(refused) == "invalid_request");
}
