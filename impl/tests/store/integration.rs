//! How events get into the tree: the compare-and-swap, many integrators, checkpoints, and what is not believed.

use std::collections::BTreeMap;

use agentidp::clock::Clock;
use agentidp::crypto::merkle::leaf_hash;
use agentidp::crypto::{Entropy, MasterKey, NoteVerifier};
use agentidp::domain::audit::AuditRow;
use agentidp::domain::audit::log::{
    BATCH, Batch, Head, Integrator, LogFault, Step, StoredLogKey, checkpoint_get, log_open, plan_compute,
    tile_get,
};
use agentidp::domain::log::proof::{consistency_verify, inclusion_verify};
use agentidp::domain::log::{Checkpoint, Frontier, Hash, Plan, Tile};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::{Store, StoreFault, Unit};
use uuid::Uuid;

use crate::world::{World, event, id, time};

on_both_databases![
    events_get_their_leaves_in_the_order_of_their_ids,
    a_log_has_one_name_and_one_key_however_many_nodes_open_it,
    a_head_that_has_moved_is_not_moved_again,
    an_event_that_is_not_pending_does_not_get_a_leaf,
    what_is_rolled_back_leaves_nothing,
    many_integrators_give_each_event_one_leaf,
    a_node_that_comes_late_goes_on_from_what_is_there,
    every_leaf_is_proved_and_every_checkpoint_continued,
    a_checkpoint_is_of_a_committed_head_and_does_not_go_back,
    nothing_is_added_to_a_log_that_has_gone_back,
    a_log_with_another_past_is_not_opened,
    a_tree_that_does_not_have_its_root_is_not_added_to,
    an_event_that_is_gone_before_its_integration_stops_it,
    a_log_of_another_name_is_not_added_to,
    nodes_keys_and_checkpoints_stay,
    the_private_part_of_a_logs_key_is_replaced_over_the_one_that_is_expected_alone,
];

pub(crate) const ORIGIN: &str = "idp.example.com/audit";

fn clock() -> Clock {
    Clock::fixed(time(0))
}

pub(crate) fn master() -> MasterKey {
    MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(1))).unwrap()
}

async fn node<S: Store>(store: &S) -> Result<Integrator<S>, LogFault> {
    node_that_keeps(store, None).await
}

async fn node_that_keeps<S: Store>(store: &S, kept: Option<Checkpoint>) -> Result<Integrator<S>, LogFault> {
    let signer = log_open(store, ORIGIN, &master(), &clock(), &Entropy::seeded(2)).await?;
    Integrator::open(store.clone(), clock(), signer, kept).await
}

/// So many events of a millisecond.
fn events(milliseconds: i64, count: u32) -> Vec<AuditRow> {
    (0..count).map(|serial| event(milliseconds, serial)).collect()
}

pub(crate) async fn append(store: &impl Store, rows: &[AuditRow]) {
    let mut unit = store.begin().await.unwrap();
    unit.audit_append(rows).await.unwrap();
    unit.commit().await.unwrap();
}

/// Takes everything into the tree and signs it.
pub(crate) async fn settle<S: Store>(integrator: &mut Integrator<S>) {
    while integrator.step().await.unwrap() != Step::Idle {}
    integrator.sign().await.unwrap();
}

async fn verifier(store: &impl Store) -> NoteVerifier {
    store.audit_key_get(ORIGIN).await.unwrap().unwrap().verifier.parse().unwrap()
}

pub(crate) async fn checkpoint(store: &impl Store) -> Checkpoint {
    checkpoint_get(store, &verifier(store).await).await.unwrap().unwrap().0
}

/// The tree by its definition, from the bytes of its events: each event once, the head and the nodes as they must be.
async fn check_whole<W: World>(db: &W, expected: &[Uuid]) {
    let head = db.store().audit_head().await.unwrap();
    let leaves = db.store().audit_leaves(0..head.size + 10).await.unwrap();
    assert_eq!(leaves.len() as u64, head.size);
    let mut contents = BTreeMap::new();
    let ids: Vec<Uuid> = leaves.iter().map(|leaf| leaf.event_id).collect();
    for some in ids.chunks(1000) {
        let rows = db.store().audit_rows(some).await.unwrap();
        contents.extend(rows.into_iter().map(|row| (row.id, row.content)));
    }
    let mut frontier = Frontier::empty();
    let mut nodes: BTreeMap<u8, Vec<Hash>> = BTreeMap::new();
    for (index, leaf) in (0..).zip(&leaves) {
        assert_eq!(leaf.index, index);
        assert_eq!(leaf.hash, leaf_hash(&contents[&leaf.event_id]));
        frontier.append(leaf.hash, |node, hash| {
            if node.height % 8 == 0 {
                nodes.entry(node.height / 8).or_default().push(hash);
            }
        });
    }
    assert_eq!((frontier.size(), frontier.root()), (head.size, head.root));
    for level in 1..4 {
        let stored = db.store().audit_hashes(level, 0..1 << 40).await.unwrap();
        assert_eq!(stored, nodes.remove(&level).unwrap_or_default(), "of level {level}");
    }
    let mut events = ids.clone();
    events.sort_unstable();
    for id in expected {
        events.binary_search(id).unwrap_or_else(|_| panic!("{id} has no leaf"));
    }
    events.dedup();
    assert_eq!(events.len(), ids.len(), "no event has two leaves");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 0);
}

fn ids(rows: &[AuditRow]) -> Vec<Uuid> {
    rows.iter().map(|row| row.id).collect()
}

async fn events_get_their_leaves_in_the_order_of_their_ids<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    assert_eq!(integrator.step().await.unwrap(), Step::Integrated(1), "the event of the log's key");
    let mut rows = events(5, 700);
    append(db.store(), &rows[300..]).await;
    append(db.store(), &rows[..300]).await;
    assert_eq!(integrator.step().await.unwrap(), Step::Integrated(700));
    assert_eq!(integrator.step().await.unwrap(), Step::Idle);
    let leaves = db.store().audit_leaves(1..701).await.unwrap();
    assert_eq!(leaves.iter().map(|leaf| leaf.event_id).collect::<Vec<_>>(), ids(&rows));
    assert_eq!(db.store().audit_leaf_index(rows[0].id).await.unwrap(), Some(1));
    assert_eq!(db.store().audit_leaf_index(id(9, 9)).await.unwrap(), None);
    // More than SQLite takes at once, and one that is not there.
    let asked: Vec<Uuid> = ids(&rows[..300]).into_iter().chain([id(9, 9)]).collect();
    let expected = ids(&rows[..300]).into_iter().zip(1..).collect();
    assert_eq!(db.store().audit_leaf_indexes(&asked).await.unwrap(), expected);
    assert_eq!(db.store().audit_leaf_indexes(&[]).await.unwrap(), [].into());
    // More than one transaction takes.
    rows.extend(events(6, BATCH + 10));
    append(db.store(), &rows[700..]).await;
    assert_eq!(integrator.step().await.unwrap(), Step::Integrated(BATCH as usize));
    assert_eq!(integrator.step().await.unwrap(), Step::Integrated(10));
    check_whole(db, &ids(&rows)).await;
}

async fn a_log_has_one_name_and_one_key_however_many_nodes_open_it<W: World>(db: &W) {
    let nodes: Vec<_> = (0..6)
        .map(|serial| {
            let store = db.store().clone();
            tokio::spawn(async move {
                let origin = format!("idp-{serial}.example.com/audit");
                let opened = log_open(&store, &origin, &master(), &clock(), &Entropy::system()).await;
                opened.unwrap().verifier().to_string()
            })
        })
        .collect();
    let mut keys = Vec::new();
    for node in nodes {
        keys.push(node.await.unwrap());
    }
    keys.dedup();
    assert_eq!(keys.len(), 1, "{keys:?}");
    let origin = db.store().audit_head().await.unwrap().origin.unwrap();
    assert!(keys[0].starts_with(&format!("{origin}+")), "{origin} {keys:?}");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_keys").await, 1);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'key.created'").await, 1);
    let other = MasterKey::from_text(&MasterKey::generate(&Entropy::seeded(9))).unwrap();
    let opened = log_open(db.store(), ORIGIN, &other, &clock(), &Entropy::system()).await;
    assert!(matches!(opened, Err(LogFault::Crypto(_))));
}

/// A batch of one event, computed from the head as it is.
async fn batch_of<W: World>(db: &W, row: &AuditRow) -> Batch {
    let from = db.store().audit_head().await.unwrap();
    let peaks = plan_compute(db.store(), &Plan::frontier(from.size)).await.unwrap();
    let mut frontier = Frontier::new(from.size, peaks).unwrap();
    let hash = leaf_hash(&row.content);
    frontier.append(hash, |_, _| {});
    let to = Head { size: frontier.size(), root: frontier.root(), origin: from.origin.clone() };
    Batch { from, to, leaves: vec![(row.id, hash)], nodes: Vec::new(), at: time(0) }
}

async fn a_head_that_has_moved_is_not_moved_again<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    settle(&mut integrator).await;
    append(db.store(), &events(1, 1)).await;
    // An integrator that stops here, for as long as it likes…
    let stopped = batch_of(db, &event(1, 0)).await;
    append(db.store(), &events(2, 1)).await;
    settle(&mut integrator).await;
    let head = db.store().audit_head().await.unwrap();
    // …and goes on.
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.audit_integrate(&stopped).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.store().audit_head().await.unwrap(), head);
    // The size alone does not make a head the same.
    let mut forged = batch_of(db, &event(1, 0)).await;
    forged.from.root = [7; 32];
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.audit_integrate(&forged).await.unwrap());
    drop(unit);
    check_whole(db, &[id(1, 0), id(2, 0)]).await;
}

async fn an_event_that_is_not_pending_does_not_get_a_leaf<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    settle(&mut integrator).await;
    let batch = batch_of(db, &event(1, 0)).await;
    let mut unit = db.store().begin().await.unwrap();
    let fault = unit.audit_integrate(&batch).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
    drop(unit);
    check_whole(db, &[]).await;
}

async fn what_is_rolled_back_leaves_nothing<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    settle(&mut integrator).await;
    append(db.store(), &events(1, 1)).await;
    let before = db.store().audit_head().await.unwrap();
    let batch = batch_of(db, &event(1, 0)).await;
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.audit_claim().await.unwrap());
    assert!(unit.audit_integrate(&batch).await.unwrap());
    assert_eq!(db.store().audit_head().await.unwrap(), before, "nobody sees it before its commit");
    drop(unit);
    assert_eq!(db.store().audit_head().await.unwrap(), before);
    assert_eq!(db.store().audit_pending(10).await.unwrap(), [id(1, 0)]);
    settle(&mut integrator).await;
    check_whole(db, &[id(1, 0)]).await;
}

async fn many_integrators_give_each_event_one_leaf<W: World>(db: &W) {
    let mut opened = Vec::new();
    for _ in 0..3 {
        opened.push(node(db.store()).await.unwrap());
    }
    let writers: Vec<_> = (0..3_u32)
        .map(|writer| {
            let store = db.store().clone();
            tokio::spawn(async move {
                for round in 0..30 {
                    let rows: Vec<_> = (0..40).map(|row| event(round, writer * 100 + row)).collect();
                    append(&store, &rows).await;
                }
            })
        })
        .collect();
    let integrators: Vec<_> = opened
        .into_iter()
        .map(|mut integrator| {
            tokio::spawn(async move {
                let mut checkpoints = Vec::new();
                let mut idle = 0;
                while idle < 20 {
                    match integrator.step().await.unwrap() {
                        Step::Integrated(_) => idle = 0,
                        Step::Idle => idle += 1,
                        Step::Lost => {}
                    }
                    integrator.sign().await.unwrap();
                    checkpoints.push(integrator.kept().unwrap().unwrap().0.clone());
                    tokio::task::yield_now().await;
                }
                checkpoints
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let mut checkpoints = Vec::new();
    for integrator in integrators {
        checkpoints.extend(integrator.await.unwrap());
    }
    settle(&mut node(db.store()).await.unwrap()).await;
    let expected: Vec<Uuid> = (0..30)
        .flat_map(|round| {
            (0..3).flat_map(move |writer| (0..40).map(move |row| id(round, writer * 100 + row)))
        })
        .collect();
    check_whole(db, &expected).await;
    checkpoints.sort_unstable_by_key(|checkpoint| checkpoint.size);
    checkpoints.dedup();
    let last = checkpoint(db.store()).await;
    for earlier in checkpoints {
        let proof =
            plan_compute(db.store(), &Plan::consistency(earlier.size, last.size).unwrap()).await.unwrap();
        assert!(consistency_verify(earlier.size, &earlier.root, last.size, &last.root, &proof));
    }
}

async fn a_node_that_comes_late_goes_on_from_what_is_there<W: World>(db: &W) {
    let (mut first, mut second) = (node(db.store()).await.unwrap(), node(db.store()).await.unwrap());
    for round in 0..6 {
        append(db.store(), &events(round, 130)).await;
        settle(if round % 2 == 0 { &mut first } else { &mut second }).await;
    }
    settle(&mut node(db.store()).await.unwrap()).await;
    check_whole(db, &ids(&events(5, 130))).await;
}

async fn every_leaf_is_proved_and_every_checkpoint_continued<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    let mut checkpoints = Vec::new();
    for (round, count) in (0..).zip([1, 200, 55, 1, 256, 511, 700]) {
        append(db.store(), &events(round, count)).await;
        settle(&mut integrator).await;
        checkpoints.push(checkpoint(db.store()).await);
    }
    let last = checkpoints.last().unwrap().clone();
    assert_eq!(last.size, 1725);
    for earlier in &checkpoints {
        let plan = Plan::consistency(earlier.size, last.size).unwrap();
        let proof = plan_compute(db.store(), &plan).await.unwrap();
        assert!(consistency_verify(earlier.size, &earlier.root, last.size, &last.root, &proof));
    }
    for index in [0, 1, 255, 256, 257, 511, 512, 1023, 1024, 1536, 1723, 1724] {
        let leaf = db.store().audit_leaves(index..index + 1).await.unwrap().remove(0);
        for tree in checkpoints.iter().filter(|tree| index < tree.size) {
            let plan = Plan::inclusion(index, tree.size).unwrap();
            let proof = plan_compute(db.store(), &plan).await.unwrap();
            assert!(inclusion_verify(index, tree.size, &leaf.hash, &proof, &tree.root));
        }
    }
    let tile = Tile { level: 1, index: 0, width: 6 };
    assert_eq!(tile_get(db.store(), tile).await.unwrap().len(), 6);
}

async fn a_checkpoint_is_of_a_committed_head_and_does_not_go_back<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    integrator.sign().await.unwrap();
    assert_eq!(checkpoint(db.store()).await.size, 0, "a log without events has a checkpoint");
    append(db.store(), &events(1, 3)).await;
    integrator.sign().await.unwrap();
    assert_eq!(checkpoint(db.store()).await.size, 0);
    settle(&mut integrator).await;
    let last = checkpoint(db.store()).await;
    assert_eq!(last.size, 4);
    assert_eq!(last.root, db.store().audit_head().await.unwrap().root);
    for size in [3, 4] {
        let mut unit = db.store().begin().await.unwrap();
        let smaller = Checkpoint { size, ..last.clone() };
        assert!(!unit.audit_checkpoint_put(&smaller, "another note", time(0)).await.unwrap());
        unit.commit().await.unwrap();
    }
    assert_eq!(checkpoint(db.store()).await, last);
}

/// Takes the triggers of a table away, as the owner of the tables can.
pub(crate) async fn without_triggers<W: World>(db: &W, table: &str, sql: &str) {
    if W::uuid(Uuid::nil()).starts_with("x'") {
        for row in db
            .texts(&format!("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND tbl_name = '{table}'"))
            .await
        {
            db.sql(&format!("DROP TRIGGER {}", row[0].as_deref().unwrap())).await.unwrap();
        }
        db.sql(sql).await.unwrap();
    } else {
        db.sql(&format!(
            "ALTER TABLE {table} DISABLE TRIGGER USER; {sql}; ALTER TABLE {table} ENABLE TRIGGER USER"
        ))
        .await
        .unwrap();
    }
}

async fn nothing_is_added_to_a_log_that_has_gone_back<W: World>(db: &W) {
    let mut running = node(db.store()).await.unwrap();
    append(db.store(), &events(1, 3)).await;
    settle(&mut running).await;
    let early = db.store().audit_head().await.unwrap();
    append(db.store(), &events(2, 3)).await;
    settle(&mut running).await;
    let kept = checkpoint(db.store()).await;
    // What a database is like that was restored from a backup.
    without_triggers(
        db,
        "audit_head",
        &format!("UPDATE audit_head SET tree_size = {}, root_hash = {}", early.size, W::bytes(&early.root)),
    )
    .await;
    without_triggers(
        db,
        "audit_leaves",
        &format!("DELETE FROM audit_leaves WHERE leaf_index >= {}", early.size),
    )
    .await;
    append(db.store(), &events(3, 1)).await;
    let went_back = |fault: &LogFault| matches!(fault, LogFault::WentBack { kept: 7, head: 4 });
    // The node that has seen more, one that starts and finds the checkpoint in the database…
    assert!(went_back(&running.step().await.unwrap_err()));
    assert!(went_back(&running.sign().await.unwrap_err()));
    assert!(went_back(&node(db.store()).await.err().unwrap()));
    // …and one that has kept it elsewhere.
    without_triggers(db, "audit_checkpoints", "DELETE FROM audit_checkpoints").await;
    assert!(went_back(&node_that_keeps(db.store(), Some(kept)).await.err().unwrap()));
    assert_eq!(db.store().audit_pending(10).await.unwrap(), [id(3, 0)]);
    assert_eq!(db.store().audit_head().await.unwrap(), early);
}

async fn a_log_with_another_past_is_not_opened<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    append(db.store(), &events(1, 300)).await;
    settle(&mut integrator).await;
    let head = db.store().audit_head().await.unwrap();
    let forked = |size, root| Checkpoint { origin: ORIGIN.to_owned(), size, root };
    for (size, root) in [(head.size, [7; 32]), (200, head.root)] {
        let opened = node_that_keeps(db.store(), Some(forked(size, root))).await;
        assert!(matches!(opened.err(), Some(LogFault::Forked(at)) if at == size));
    }
    let honest = plan_compute(db.store(), &Plan::root(200)).await.unwrap()[0];
    assert!(node_that_keeps(db.store(), Some(forked(200, honest))).await.is_ok());
}

async fn a_tree_that_does_not_have_its_root_is_not_added_to<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    append(db.store(), &events(1, 300)).await;
    settle(&mut integrator).await;
    let mut late = node(db.store()).await.unwrap();
    let forged = W::bytes(&[7; 32]);
    without_triggers(
        db,
        "audit_leaves",
        &format!("UPDATE audit_leaves SET hash = {forged} WHERE leaf_index = 299"),
    )
    .await;
    append(db.store(), &events(2, 1)).await;
    assert!(matches!(late.step().await, Err(LogFault::Broken(_))));
    without_triggers(db, "audit_leaves", "DELETE FROM audit_leaves WHERE leaf_index = 299").await;
    assert!(matches!(late.step().await, Err(LogFault::Broken(_))));
    assert_eq!(db.store().audit_pending(10).await.unwrap(), [id(2, 0)]);
}

async fn an_event_that_is_gone_before_its_integration_stops_it<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    append(db.store(), &events(1, 3)).await;
    assert_eq!(db.store().audit_lost(10).await.unwrap(), [] as [Uuid; 0]);
    for index in [2, 1] {
        let one = W::uuid(id(1, index));
        without_triggers(db, "audit_events", &format!("DELETE FROM audit_events WHERE id = {one}")).await;
    }
    assert!(matches!(integrator.step().await, Err(LogFault::Lost(lost)) if lost == id(1, 1)));
    assert_eq!(db.store().audit_head().await.unwrap().size, 0);
    assert_eq!(db.store().audit_lost(10).await.unwrap(), [id(1, 1), id(1, 2)]);
    assert_eq!(db.store().audit_lost(1).await.unwrap(), [id(1, 1)]);

    // What was written down elsewhere and is taken away no longer stops it.
    for index in [1, 2] {
        let one = W::uuid(id(1, index));
        db.sql(&format!("DELETE FROM audit_pending WHERE event_id = {one}")).await.unwrap();
    }
    settle(&mut integrator).await;
    // The event that is left, and that of the log's key.
    assert_eq!(db.store().audit_head().await.unwrap().size, 2);
}

async fn a_log_of_another_name_is_not_added_to<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    settle(&mut integrator).await;
    append(db.store(), &events(1, 1)).await;
    db.sql("UPDATE audit_head SET origin = 'idp.example.com/log-2'").await.unwrap();
    assert!(matches!(integrator.step().await, Err(LogFault::OtherLog(_, _))));
    assert!(matches!(integrator.sign().await, Err(LogFault::OtherLog(_, _))));
}

async fn the_private_part_of_a_logs_key_is_replaced_over_the_one_that_is_expected_alone<W: World>(db: &W) {
    node(db.store()).await.unwrap();
    let key = db.store().audit_key_get(ORIGIN).await.unwrap().unwrap();
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.audit_key_reseal(ORIGIN, &[9], &[7]).await.unwrap());
    assert!(!unit.audit_key_reseal("another", &key.private_key_sealed, &[7]).await.unwrap());
    assert!(unit.audit_key_reseal(ORIGIN, &key.private_key_sealed, &[7]).await.unwrap());
    unit.commit().await.unwrap();
    let resealed = StoredLogKey { private_key_sealed: vec![7], ..key };
    assert_eq!(db.store().audit_key_list().await.unwrap(), [resealed]);
}

async fn nodes_keys_and_checkpoints_stay<W: World>(db: &W) {
    let mut integrator = node(db.store()).await.unwrap();
    append(db.store(), &events(1, 300)).await;
    settle(&mut integrator).await;
    for statement in [
        "UPDATE audit_nodes SET node_index = node_index + 1",
        "DELETE FROM audit_nodes",
        "UPDATE audit_keys SET verifier = 'another'",
        "UPDATE audit_keys SET origin = 'another'",
        "UPDATE audit_keys SET created_at = '2020-01-01T00:00:00.000+00:00'",
        "DELETE FROM audit_keys",
        "UPDATE audit_checkpoints SET note = 'another'",
        "UPDATE audit_checkpoints SET tree_size = tree_size - 1",
        "DELETE FROM audit_checkpoints",
    ] {
        let error = db.sql(statement).await.expect_err(statement);
        assert!(error.contains("keeps what it has") || error.contains("does not go back"), "{error}");
    }
}
