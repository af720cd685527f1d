//! The one writer of a node's events: many in one transaction, each by itself where it matters.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use agentidp::clock::Clock;
use agentidp::crypto::Entropy;
use agentidp::domain::agents::Owner;
use agentidp::domain::audit::{Action, Actor, AuditEvent, AuditWriter};
use agentidp::domain::callers::AuthMethod;
use agentidp::domain::refusal::{Answered, Fault, Refusal};
use agentidp::store::audit::AuditWrites;
use agentidp::store::{Store, Unit};
use tokio::task::JoinHandle;

use crate::watched::Watched;
use crate::world::World;

on_both_databases![
    with_many_clients_one_transaction_carries_many_events,
    what_comes_together_is_committed_together,
    an_event_that_the_database_refuses_fails_alone,
    a_full_queue_refuses_and_loses_nothing,
    a_commit_without_word_is_tried_again_and_no_event_is_there_twice,
    a_commit_that_did_not_happen_is_tried_again,
    when_no_word_comes_at_all_there_is_no_answer_whatever_is_there,
    who_went_away_has_its_event_all_the_same,
    a_lone_event_takes_hardly_longer_than_a_single_insert,
];

type Written = Result<Answered<()>, Fault>;

fn event(owner: &str) -> AuditEvent {
    AuditEvent::success(Action::TokenIssued, Actor::nameless(AuthMethod::System)).behind(&Owner(owner.into()))
}

fn start<W: World>(db: &W) -> (Watched<W::Store>, AuditWriter) {
    let store = Watched::new(db.store().clone());
    let (writer, _) = AuditWriter::start(store.clone(), Clock::system(), Entropy::system());
    (store, writer)
}

fn begin_writing(writer: &AuditWriter, owner: &str) -> JoinHandle<Written> {
    let (writer, event) = (writer.clone(), event(owner));
    tokio::spawn(async move { writer.write(event).await })
}

/// Waits until the writer asks for a transaction that it does not get, having taken one event from its queue. From here
/// on what is written waits in the queue until the door is opened.
async fn one_in_hand<S>(store: &Watched<S>, writer: &AuditWriter) -> JoinHandle<Written> {
    let before = store.begins.load(Ordering::SeqCst);
    let first = begin_writing(writer, "first");
    while store.begins.load(Ordering::SeqCst) == before {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    first
}

/// How many events there are behind an owner's wall, and that each of them waits for its leaf.
async fn recorded(db: &impl World, owner: &str) -> i64 {
    let events = db.number(&format!("SELECT COUNT(*) FROM audit_events WHERE owner = '{owner}'")).await;
    let pending = "SELECT COUNT(*) FROM audit_events JOIN audit_pending ON event_id = id";
    assert_eq!(db.number(&format!("{pending} WHERE owner = '{owner}'")).await, events);
    events
}

async fn with_many_clients_one_transaction_carries_many_events<W: World>(db: &W) {
    let (store, writer) = start(db);
    let clients = (0..64).map(|_| {
        let writer = writer.clone();
        tokio::spawn(async move {
            for _ in 0..20 {
                writer.write(event("many")).await.unwrap().unwrap();
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.unwrap();
    }
    assert_eq!(recorded(db, "many").await, 1280);
    let transactions = store.commits.load(Ordering::SeqCst);
    assert!(transactions <= 1280 / 8, "{transactions} transactions for 1280 events");
}

async fn what_comes_together_is_committed_together<W: World>(db: &W) {
    let (store, writer) = start(db);
    let closed = store.door.write().await;
    let mut waiting = vec![one_in_hand(&store, &writer).await];
    waiting.extend((0..600).map(|_| begin_writing(&writer, "together")));
    // Whoever was spawned has a place in the queue when all of them have run once.
    while writer.waiting() < 600 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(closed);
    for one in waiting {
        one.await.unwrap().unwrap().unwrap();
    }
    assert_eq!(recorded(db, "together").await, 600);
    // The one in hand, and the others 256 at a time.
    assert_eq!(store.commits.load(Ordering::SeqCst), 1 + 3);
}

async fn an_event_that_the_database_refuses_fails_alone<W: World>(db: &W) {
    let (store, writer) = start(db);
    let closed = store.door.write().await;
    let first = one_in_hand(&store, &writer).await;
    // The database's own check: an owner has 128 characters at most.
    let poison = "x".repeat(200);
    let poisoned = |number: i32| [0, 1, 57, 98, 99].contains(&number);
    let mut waiting = Vec::new();
    for number in 0..100 {
        waiting.push(begin_writing(&writer, if poisoned(number) { &poison } else { "good" }));
        while writer.waiting() < waiting.len() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
    drop(closed);
    first.await.unwrap().unwrap().unwrap();
    for (number, one) in (0..).zip(waiting) {
        let written = one.await.unwrap();
        match poisoned(number) {
            false => assert!(matches!(written, Ok(Ok(()))), "{number}: {written:?}"),
            // Nothing is wrong with the request itself, so it is a 503 rather than a 500.
            true => assert!(written.as_ref().is_err_and(Fault::is_unavailable), "{number}: {written:?}"),
        }
    }
    assert_eq!(recorded(db, "good").await, 95);
    assert_eq!(recorded(db, &poison).await, 0);
}

async fn a_full_queue_refuses_and_loses_nothing<W: World>(db: &W) {
    let (store, writer) = start(db);
    let closed = store.door.write().await;
    let first = one_in_hand(&store, &writer).await;
    let waiting: Vec<_> = (0..4096 + 100).map(|_| begin_writing(&writer, "queued")).collect();
    while waiting.iter().filter(|one| one.is_finished()).count() < 100 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    drop(closed);
    first.await.unwrap().unwrap().unwrap();
    let (mut written, mut refused) = (0, 0);
    for one in waiting {
        match one.await.unwrap().unwrap() {
            Ok(()) => written += 1,
            Err(refusal) => {
                // Which is answered 503, with the time after which to try again.
                assert!(refusal == Refusal::Overloaded && refusal.retry_after_seconds().is_some());
                refused += 1;
            }
        }
    }
    assert_eq!((written, refused), (4096, 100));
    assert_eq!(recorded(db, "queued").await, 4096);
    writer.write(event("later")).await.unwrap().unwrap();
}

/// Writes a hundred events at once, all of which are to be there afterwards, once.
async fn all_are_there_once<W: World>(db: &W, writer: &AuditWriter) {
    let waiting: Vec<_> = (0..100).map(|_| begin_writing(writer, "once")).collect();
    for one in waiting {
        one.await.unwrap().unwrap().unwrap();
    }
    assert_eq!(recorded(db, "once").await, 100);
}

async fn a_commit_without_word_is_tried_again_and_no_event_is_there_twice<W: World>(db: &W) {
    let (store, writer) = start(db);
    store.commits_to_lose.store(3, Ordering::SeqCst);
    all_are_there_once(db, &writer).await;
    assert_eq!(store.commits_to_lose.load(Ordering::SeqCst), 0);
}

async fn a_commit_that_did_not_happen_is_tried_again<W: World>(db: &W) {
    let (store, writer) = start(db);
    store.commits_to_break.store(3, Ordering::SeqCst);
    all_are_there_once(db, &writer).await;
    assert_eq!(store.commits_to_break.load(Ordering::SeqCst), 0);
}

async fn when_no_word_comes_at_all_there_is_no_answer_whatever_is_there<W: World>(db: &W) {
    let (store, writer) = start(db);
    for (owner, lost, there) in [("there", &store.commits_to_lose, 1), ("gone", &store.commits_to_break, 0)] {
        lost.store(4, Ordering::SeqCst);
        let fault = writer.write(event(owner)).await.unwrap_err();
        assert!(fault.is_unavailable(), "{fault}");
        assert_eq!(lost.load(Ordering::SeqCst), 0);
        assert_eq!(recorded(db, owner).await, there);
    }
}

async fn who_went_away_has_its_event_all_the_same<W: World>(db: &W) {
    let (store, writer) = start(db);
    let closed = store.door.write().await;
    let first = one_in_hand(&store, &writer).await;
    let gone = begin_writing(&writer, "gone");
    while writer.waiting() < 1 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    gone.abort();
    assert!(gone.await.is_err_and(|end| end.is_cancelled()));
    drop(closed);
    first.await.unwrap().unwrap().unwrap();
    writer.write(event("last")).await.unwrap().unwrap();
    assert_eq!(recorded(db, "gone").await, 1);
}

/// The writer waits for nobody when nobody is there. Both ways are gone in turns, each as often first as the other, and
/// compared pair by pair: whatever slows the machine down slows both of a pair.
async fn a_lone_event_takes_hardly_longer_than_a_single_insert<W: World>(db: &W) {
    const PAIRS: usize = 200;
    const MOST: f64 = 0.002;
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let (writer, _) = AuditWriter::start(db.store().clone(), clock.clone(), entropy.clone());
    let inserted = async || {
        let began = Instant::now();
        let row = event("inserted").seal(&clock, &entropy).unwrap();
        let mut unit = db.store().begin().await.unwrap();
        unit.audit_append(&[row]).await.unwrap();
        unit.commit().await.unwrap();
        began.elapsed().as_secs_f64()
    };
    let written = async || {
        let began = Instant::now();
        writer.write(event("written")).await.unwrap().unwrap();
        began.elapsed().as_secs_f64()
    };
    let mut added = Vec::with_capacity(PAIRS);
    for pair in 0..PAIRS {
        let (insert, write) = if pair % 2 == 0 {
            let insert = inserted().await;
            (insert, written().await)
        } else {
            let write = written().await;
            (inserted().await, write)
        };
        added.push(write - insert);
    }
    assert_eq!((recorded(db, "inserted").await, recorded(db, "written").await), (200, 200));
    added.sort_by(f64::total_cmp);
    let median = added[PAIRS / 2];
    assert!(median < MOST, "the writer adds {:.2} ms to a single insert", median * 1000.0);
}
