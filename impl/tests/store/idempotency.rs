use agentidp::domain::agents::AgentId;
use agentidp::domain::idempotency::KeptAnswer;
use agentidp::store::idempotency::{IdempotencyReads, IdempotencyWrites};
use agentidp::store::{Store, StoreFault, Unit};

use crate::world::{World, agent_id, time, twins};

on_both_databases![
    an_answer_comes_back_as_it_went_in,
    an_answer_is_for_its_caller_operation_and_key_alone,
    an_answer_is_kept_until_it_expires,
    a_key_that_counts_keeps_its_answer_and_the_transaction_goes_on,
    an_expired_answer_gives_way_to_another,
    of_twins_with_one_key_exactly_one_is_answered,
    of_twins_after_an_expired_answer_exactly_one_takes_its_place,
    a_key_is_free_again_when_the_twin_before_gives_up,
    a_secret_that_is_gone_leaves_the_rest_of_its_row,
    what_has_expired_goes_whole,
    no_more_goes_at_once_than_asked_for_and_the_oldest_goes_first,
    what_takes_the_place_of_an_expired_answer_does_not_go_with_it,
    every_answer_is_forgotten_and_every_key_counts_on,
    a_hash_of_the_wrong_length_is_told_of_by_table_column_and_id,
];

/// An answer with a secret for a minute and a key for an hour, from [`time`]`(0)`; the key tells it apart.
fn answer(key: u8) -> KeptAnswer {
    KeptAnswer {
        caller: agent_id(1),
        operation: "registerAgent".to_owned(),
        key_hash: [key; 32],
        request_hash: [200; 32],
        answer_sealed: Some((0..=255).collect()),
        created_at: time(0),
        secret_until: Some(time(60_000)),
        expires_at: time(3_600_000),
    }
}

/// Another answer to the same caller, operation and key, given at that time.
fn later(key: u8, milliseconds: i64) -> KeptAnswer {
    KeptAnswer {
        request_hash: [201; 32],
        answer_sealed: Some(vec![7]),
        created_at: time(milliseconds),
        secret_until: None,
        expires_at: time(milliseconds + 3_600_000),
        ..answer(key)
    }
}

async fn keep(store: &impl Store, answer: &KeptAnswer) -> bool {
    let mut unit = store.begin().await.unwrap();
    let kept = unit.idempotency_insert(answer).await.unwrap();
    unit.commit().await.unwrap();
    kept
}

/// What is kept under a key of [`answer`] at that time.
async fn kept(store: &impl Store, key: u8, milliseconds: i64) -> Option<KeptAnswer> {
    let answer = answer(key);
    store
        .idempotency_get(answer.caller, &answer.operation, &answer.key_hash, time(milliseconds))
        .await
        .unwrap()
}

async fn expire(store: &impl Store, milliseconds: i64, limit: u32) -> u64 {
    let mut unit = store.begin().await.unwrap();
    let touched = unit.idempotency_expire(time(milliseconds), limit).await.unwrap();
    unit.commit().await.unwrap();
    touched
}

async fn an_answer_comes_back_as_it_went_in<W: World>(db: &W) {
    let least = KeptAnswer { answer_sealed: None, secret_until: None, ..answer(2) };
    for answer in [answer(1), least, KeptAnswer { answer_sealed: Some(vec![9; 131_072]), ..answer(3) }] {
        assert!(keep(db.store(), &answer).await);
        assert_eq!(kept(db.store(), answer.key_hash[0], 0).await, Some(answer));
    }
}

async fn an_answer_is_for_its_caller_operation_and_key_alone<W: World>(db: &W) {
    assert_eq!(kept(db.store(), 1, 0).await, None);
    let others = [
        KeptAnswer { caller: agent_id(2), ..answer(1) },
        KeptAnswer { operation: "registerAgents".to_owned(), ..answer(1) },
        answer(2),
    ];
    for other in &others {
        assert!(keep(db.store(), other).await);
        assert_eq!(kept(db.store(), 1, 0).await, None);
    }
    assert!(keep(db.store(), &answer(1)).await);
    let get = async |caller: AgentId, operation: &str, key: u8| {
        db.store().idempotency_get(caller, operation, &[key; 32], time(0)).await.unwrap()
    };
    assert_eq!(get(agent_id(1), "registerAgent", 1).await, Some(answer(1)));
    assert_eq!(get(agent_id(2), "registerAgent", 1).await.as_ref(), Some(&others[0]));
    assert_eq!(get(agent_id(1), "registerAgents", 1).await.as_ref(), Some(&others[1]));
    assert_eq!(get(agent_id(2), "registerAgents", 1).await, None);
}

async fn every_answer_is_forgotten_and_every_key_counts_on<W: World>(db: &W) {
    let gone = KeptAnswer { answer_sealed: None, ..answer(3) };
    for answer in [&answer(1), &later(2, 0), &gone] {
        assert!(keep(db.store(), answer).await);
    }
    let mut unit = db.store().begin().await.unwrap();
    assert_eq!(unit.idempotency_forget().await.unwrap(), 2);
    unit.commit().await.unwrap();
    for answer in [answer(1), later(2, 0), gone] {
        let forgotten = KeptAnswer { answer_sealed: None, ..answer };
        assert_eq!(kept(db.store(), forgotten.key_hash[0], 0).await, Some(forgotten));
    }
}

async fn an_answer_is_kept_until_it_expires<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    assert_eq!(kept(db.store(), 1, 3_599_999).await, Some(answer(1)));
    assert_eq!(kept(db.store(), 1, 3_600_000).await, None);
}

async fn a_key_that_counts_keeps_its_answer_and_the_transaction_goes_on<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.idempotency_insert(&later(1, 3_599_999)).await.unwrap());
    assert!(unit.idempotency_insert(&answer(2)).await.unwrap());
    assert!(!unit.idempotency_insert(&answer(2)).await.unwrap(), "its own counts too");
    unit.commit().await.unwrap();
    assert_eq!(kept(db.store(), 1, 0).await, Some(answer(1)));
    assert_eq!(kept(db.store(), 2, 0).await, Some(answer(2)));
}

async fn an_expired_answer_gives_way_to_another<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    assert!(keep(db.store(), &later(1, 3_600_000)).await);
    assert_eq!(kept(db.store(), 1, 3_600_000).await, Some(later(1, 3_600_000)));
    assert_eq!(db.number("SELECT COUNT(*) FROM idempotency_keys").await, 1);
}

/// Eight twins, told apart by the hash of what they ask; whoever was refused finds the answer of who was not.
async fn one_of_twins_is_answered<W: World>(db: &W, milliseconds: i64) {
    let twin = move |serial: u32| KeptAnswer {
        request_hash: [u8::try_from(serial).unwrap(); 32],
        ..later(1, milliseconds)
    };
    let answered = twins(db.store(), 8, |store, serial| async move {
        let mut unit = store.begin().await.unwrap();
        let answered = unit.idempotency_insert(&twin(serial)).await.unwrap();
        tokio::task::yield_now().await;
        unit.commit().await.unwrap();
        let found = kept(&store, 1, milliseconds).await.expect("somebody was answered");
        assert_eq!(found == twin(serial), answered);
        answered
    });
    assert_eq!(answered.await, 1);
}

async fn of_twins_with_one_key_exactly_one_is_answered<W: World>(db: &W) {
    one_of_twins_is_answered(db, 0).await;
}

async fn of_twins_after_an_expired_answer_exactly_one_takes_its_place<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    one_of_twins_is_answered(db, 4_000_000).await;
}

async fn a_key_is_free_again_when_the_twin_before_gives_up<W: World>(db: &W) {
    let mut first = db.store().begin().await.unwrap();
    assert!(first.idempotency_insert(&answer(1)).await.unwrap());
    let store = db.store().clone();
    let second = tokio::spawn(async move { keep(&store, &later(1, 1)).await });
    db.somebody_waits().await;
    drop(first);
    assert!(second.await.unwrap());
    assert_eq!(kept(db.store(), 1, 0).await, Some(later(1, 1)));
}

async fn a_secret_that_is_gone_leaves_the_rest_of_its_row<W: World>(db: &W) {
    let without_secret = KeptAnswer { secret_until: None, ..answer(2) };
    let longer = KeptAnswer { secret_until: Some(time(60_001)), ..answer(3) };
    for answer in [&answer(1), &without_secret, &longer] {
        assert!(keep(db.store(), answer).await);
    }
    assert_eq!(expire(db.store(), 59_999, 10).await, 0);
    assert_eq!(kept(db.store(), 1, 59_999).await, Some(answer(1)));
    assert_eq!(expire(db.store(), 60_000, 10).await, 1);
    assert_eq!(kept(db.store(), 1, 60_000).await, Some(KeptAnswer { answer_sealed: None, ..answer(1) }));
    assert_eq!(kept(db.store(), 2, 60_000).await, Some(without_secret));
    assert_eq!(kept(db.store(), 3, 60_000).await, Some(longer));
    assert_eq!(expire(db.store(), 60_000, 10).await, 0, "what is gone goes once");
    assert!(!keep(db.store(), &later(1, 60_000)).await, "the key still counts");
}

async fn what_has_expired_goes_whole<W: World>(db: &W) {
    let longer = KeptAnswer { secret_until: None, expires_at: time(3_600_001), ..answer(2) };
    for answer in [&answer(1), &longer] {
        assert!(keep(db.store(), answer).await);
    }
    assert_eq!(expire(db.store(), 3_600_000, 10).await, 1, "a row that goes is touched once");
    assert_eq!(db.number("SELECT COUNT(*) FROM idempotency_keys").await, 1);
    assert_eq!(kept(db.store(), 2, 3_600_000).await, Some(longer));
}

async fn no_more_goes_at_once_than_asked_for_and_the_oldest_goes_first<W: World>(db: &W) {
    for key in 1..=5 {
        let milliseconds = i64::from(key);
        let secret = KeptAnswer { secret_until: Some(time(milliseconds)), ..answer(key) };
        let expiring = KeptAnswer { secret_until: None, expires_at: time(milliseconds), ..answer(10 + key) };
        for answer in [secret, expiring] {
            assert!(keep(db.store(), &answer).await);
        }
    }
    let whole =
        "SELECT COUNT(*) FROM idempotency_keys WHERE answer_sealed IS NOT NULL AND secret_until IS NOT NULL";
    let expiring = "SELECT COUNT(*) FROM idempotency_keys WHERE secret_until IS NULL";
    for (touched, left) in [(4, 3), (4, 1), (2, 0), (0, 0)] {
        assert_eq!(expire(db.store(), 1_000, 2).await, touched);
        assert_eq!((db.number(whole).await, db.number(expiring).await), (left, left));
        if left == 1 {
            assert!(kept(db.store(), 5, 0).await.unwrap().answer_sealed.is_some());
            assert!(kept(db.store(), 15, 0).await.is_some());
        }
    }
}

/// The sweeper finds the row while the answer that takes its place is not committed yet.
async fn what_takes_the_place_of_an_expired_answer_does_not_go_with_it<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.idempotency_insert(&later(1, 4_000_000)).await.unwrap());
    let store = db.store().clone();
    let sweeper = tokio::spawn(async move { expire(&store, 4_000_000, 10).await });
    db.somebody_waits().await;
    unit.commit().await.unwrap();
    assert_eq!(sweeper.await.unwrap(), 0);
    assert_eq!(kept(db.store(), 1, 4_000_000).await, Some(later(1, 4_000_000)));
}

async fn a_hash_of_the_wrong_length_is_told_of_by_table_column_and_id<W: World>(db: &W) {
    assert!(keep(db.store(), &answer(1)).await);
    let update = format!("UPDATE idempotency_keys SET request_hash = {}", W::bytes(&[1, 2, 3]));
    db.sql_unchecked("idempotency_keys", "request_hash", &update).await.unwrap();
    let answer = answer(1);
    let read = db.store().idempotency_get(answer.caller, &answer.operation, &answer.key_hash, time(0));
    let fault = read.await.unwrap_err();
    let StoreFault::Corrupt { table, column, id, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((*table, *column, id), ("idempotency_keys", "request_hash", &agent_id(1).to_string()));
}
