use agentidp::domain::keys::{SigningAlgorithm, StoredKey};
use agentidp::store::keys::{KeyReads, KeyWrites};
use agentidp::store::{Store, Unit};
use serde_json::json;

use crate::world::{World, id, time};

on_both_databases![
    keys_come_back_as_they_went_in_oldest_first,
    the_first_key_of_an_algorithm_is_added_once,
    of_twins_that_make_the_first_key_exactly_one_is_added,
    a_key_is_not_made_anew_where_later_ones_are_left,
    a_key_is_followed_by_one_key,
    of_twins_that_make_the_next_key_exactly_one_is_added,
    a_key_ends_when_it_is_told_but_not_before_its_beginning,
    keys_that_verify_nothing_are_removed_but_the_last_of_an_algorithm,
    there_is_no_canary_before_there_is_one,
    the_canary_is_set_once,
    of_twins_that_set_the_canary_exactly_one_does,
    a_private_part_is_replaced_over_the_one_that_is_expected_alone,
    of_twins_that_replace_the_canary_exactly_one_does,
];

fn key(serial: u32, algorithm: SigningAlgorithm) -> StoredKey {
    StoredKey {
        id: id(i64::from(serial), 3),
        algorithm,
        public_jwk: json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        private_key_sealed: vec![0, 1, 2, 255],
        created_at: time(i64::from(serial)),
        signs_from: time(i64::from(serial) + 1),
        signs_until: None,
        published_until: None,
    }
}

async fn insert(store: &impl Store, key: &StoredKey) -> bool {
    let mut unit = store.begin().await.unwrap();
    let added = unit.key_insert_first(key).await.unwrap();
    unit.commit().await.unwrap();
    added
}

async fn keys_come_back_as_they_went_in_oldest_first<W: World>(db: &W) {
    let newer = StoredKey {
        signs_until: Some(time(100)),
        published_until: Some(time(1_000)),
        ..key(2, SigningAlgorithm::Es256)
    };
    let older = key(1, SigningAlgorithm::EdDsa);
    assert_eq!(db.store().key_list().await.unwrap(), []);
    assert!(insert(db.store(), &newer).await);
    assert!(insert(db.store(), &older).await);
    assert_eq!(db.store().key_list().await.unwrap(), [older, newer]);
}

async fn the_first_key_of_an_algorithm_is_added_once<W: World>(db: &W) {
    assert!(insert(db.store(), &key(1, SigningAlgorithm::Rs256)).await);
    assert!(!insert(db.store(), &key(2, SigningAlgorithm::Rs256)).await);
    assert!(insert(db.store(), &key(3, SigningAlgorithm::EdDsa)).await);
    assert_eq!(db.store().key_list().await.unwrap().len(), 2);
}

async fn of_twins_that_make_the_first_key_exactly_one_is_added<W: World>(db: &W) {
    let twins = (1..=8).map(|serial| {
        let store = db.store().clone();
        tokio::spawn(async move { insert(&store, &key(serial, SigningAlgorithm::Es256)).await })
    });
    let mut added = 0;
    for twin in twins.collect::<Vec<_>>() {
        added += u32::from(twin.await.unwrap());
    }
    assert_eq!(added, 1);
    assert_eq!(db.store().key_list().await.unwrap().len(), 1);
}

async fn a_key_is_not_made_anew_where_later_ones_are_left<W: World>(db: &W) {
    assert!(insert(db.store(), &key(1, SigningAlgorithm::Es256)).await);
    db.sql("UPDATE signing_keys SET generation = 7").await.unwrap();
    assert!(!insert(db.store(), &key(2, SigningAlgorithm::Es256)).await);
}

async fn insert_next(store: &impl Store, key: &StoredKey, predecessor: &StoredKey) -> bool {
    let mut unit = store.begin().await.unwrap();
    let added = unit.key_insert_next(key, predecessor.id).await.unwrap();
    unit.commit().await.unwrap();
    added
}

async fn a_key_is_followed_by_one_key<W: World>(db: &W) {
    // By its time of making the third would come first, as on a node whose clock is behind.
    let [first, second, third] = [4, 5, 1].map(|serial| key(serial, SigningAlgorithm::Es256));
    assert!(insert(db.store(), &first).await);
    assert!(insert_next(db.store(), &second, &first).await);
    assert!(insert_next(db.store(), &third, &second).await);
    assert!(!insert_next(db.store(), &key(9, SigningAlgorithm::Es256), &first).await);
    assert_eq!(db.store().key_list().await.unwrap(), [first, second, third]);
}

async fn of_twins_that_make_the_next_key_exactly_one_is_added<W: World>(db: &W) {
    let first = key(1, SigningAlgorithm::Es256);
    assert!(insert(db.store(), &first).await);
    let twins = (2..=9).map(|serial| {
        let (store, first) = (db.store().clone(), first.clone());
        tokio::spawn(async move { insert_next(&store, &key(serial, SigningAlgorithm::Es256), &first).await })
    });
    let mut added = 0;
    for twin in twins.collect::<Vec<_>>() {
        added += u32::from(twin.await.unwrap());
    }
    assert_eq!((added, db.store().key_list().await.unwrap().len()), (1, 2));
}

async fn a_key_ends_when_it_is_told_but_not_before_its_beginning<W: World>(db: &W) {
    let (signing, waiting) = (key(1, SigningAlgorithm::EdDsa), key(50, SigningAlgorithm::Es256));
    for key in [&signing, &waiting] {
        assert!(insert(db.store(), key).await);
        let mut unit = db.store().begin().await.unwrap();
        unit.key_end(key.id, time(20), time(30)).await.unwrap();
        unit.commit().await.unwrap();
    }
    let ended = db.store().key_list().await.unwrap();
    let ends = [signing, waiting].map(|key| StoredKey {
        signs_until: Some(time(20).max(key.signs_from)),
        published_until: Some(time(30)),
        ..key
    });
    assert_eq!(ended, ends);
}

async fn keys_that_verify_nothing_are_removed_but_the_last_of_an_algorithm<W: World>(db: &W) {
    let ended = |serial, algorithm| StoredKey {
        signs_until: Some(time(10)),
        published_until: Some(time(20)),
        ..key(serial, algorithm)
    };
    let [old, recent, last] = [1, 2, 3].map(|serial| ended(serial, SigningAlgorithm::Es256));
    let recent = StoredKey { published_until: Some(time(21)), ..recent };
    let alone = ended(4, SigningAlgorithm::EdDsa);
    assert!(insert(db.store(), &old).await);
    assert!(insert_next(db.store(), &recent, &old).await);
    assert!(insert_next(db.store(), &last, &recent).await);
    assert!(insert(db.store(), &alone).await);
    for (before, removed) in [(20, 0), (21, 1), (21, 0)] {
        let mut unit = db.store().begin().await.unwrap();
        assert_eq!(unit.keys_remove(time(before)).await.unwrap(), removed, "before {before}");
        unit.commit().await.unwrap();
    }
    assert_eq!(db.store().key_list().await.unwrap(), [alone, recent, last]);
}

async fn there_is_no_canary_before_there_is_one<W: World>(db: &W) {
    assert_eq!(db.store().key_canary_get().await.unwrap(), None);
}

async fn the_canary_is_set_once<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.key_canary_insert(&[1, 0, 255]).await.unwrap());
    assert!(!unit.key_canary_insert(&[2]).await.unwrap());
    unit.commit().await.unwrap();
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.key_canary_insert(&[3]).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.store().key_canary_get().await.unwrap(), Some(vec![1, 0, 255]));
}

async fn a_private_part_is_replaced_over_the_one_that_is_expected_alone<W: World>(db: &W) {
    let (one, other) = (key(1, SigningAlgorithm::Es256), key(2, SigningAlgorithm::EdDsa));
    for key in [&one, &other] {
        assert!(insert(db.store(), key).await);
    }
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.key_reseal(one.id, &[9], &[7]).await.unwrap());
    assert!(unit.key_reseal(one.id, &one.private_key_sealed, &[7, 0, 255]).await.unwrap());
    assert!(!unit.key_reseal(one.id, &one.private_key_sealed, &[8]).await.unwrap());
    unit.commit().await.unwrap();
    let resealed = StoredKey { private_key_sealed: vec![7, 0, 255], ..one };
    assert_eq!(db.store().key_list().await.unwrap(), [resealed, other]);
}

async fn of_twins_that_replace_the_canary_exactly_one_does<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.key_canary_replace(&[0], &[1]).await.unwrap(), "there is none");
    assert!(unit.key_canary_insert(&[0]).await.unwrap());
    unit.commit().await.unwrap();
    let twins = (1..=8_u8).map(|byte| {
        let store = db.store().clone();
        tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let set = unit.key_canary_replace(&[0], &[byte]).await.unwrap();
            unit.commit().await.unwrap();
            set.then_some(byte)
        })
    });
    let mut winners = Vec::new();
    for twin in twins.collect::<Vec<_>>() {
        winners.extend(twin.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(db.store().key_canary_get().await.unwrap(), Some(winners));
}

async fn of_twins_that_set_the_canary_exactly_one_does<W: World>(db: &W) {
    let twins = (1..=8_u8).map(|byte| {
        let store = db.store().clone();
        tokio::spawn(async move {
            let mut unit = store.begin().await.unwrap();
            let set = unit.key_canary_insert(&[byte]).await.unwrap();
            unit.commit().await.unwrap();
            set.then_some(byte)
        })
    });
    let mut winners = Vec::new();
    for twin in twins.collect::<Vec<_>>() {
        winners.extend(twin.await.unwrap());
    }
    assert_eq!(winners.len(), 1);
    assert_eq!(db.store().key_canary_get().await.unwrap(), Some(winners));
}
