use agentidp::domain::agents::Owner;
use agentidp::domain::audit::verify::{Amiss, Beyond};
use agentidp::domain::audit::{AuditFilter, AuditRow};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::{Store, StoreFault, Unit};
use uuid::Uuid;

use crate::integration::without_triggers;
use crate::world::{World, agent_id, event, id, time};

on_both_databases![
    an_event_comes_back_as_it_went_in_byte_for_byte,
    batches_of_every_size_are_written_whole,
    nothing_to_append_is_nothing,
    each_event_gets_a_pending_row_in_its_transaction,
    an_event_that_is_there_is_passed_over_with_its_pending_row,
    an_event_written_again_after_its_integration_does_not_become_pending_again,
    an_event_whose_time_is_not_its_ids_is_refused,
    concurrent_batches_are_all_there,
    a_list_is_newest_first_and_turns_its_pages_without_gap_or_repetition,
    a_list_is_narrowed_by_every_filter_and_by_all_together,
    an_actors_events_are_those_it_did_to_itself_and_to_others_in_one_order,
    a_span_of_time_takes_its_beginning_and_not_its_end,
    every_combination_of_filters_is_a_statement_that_the_database_takes,
    an_event_is_found_by_its_id,
    behind_an_owners_wall_other_owners_events_and_nobodys_are_not_found,
    an_event_whose_content_was_removed_is_not_found,
    an_event_below_the_minimum_index_is_shown_to_nobody_before_it_is_removed,
    an_event_is_not_changed,
    an_event_is_not_removed,
    an_event_is_removed_below_the_recorded_minimum_index_alone,
    the_minimum_index_rises_by_word_of_an_event_in_the_tree_alone,
    leaves_head_and_minimum_stay,
    the_head_of_a_log_does_not_go_back,
    the_empty_tree_has_the_root_that_the_rfc_gives_it,
    in_a_log_as_the_server_writes_it_nothing_is_amiss,
    an_event_outside_of_the_tree_is_amiss_whatever_leaf_it_has,
    what_lies_beyond_the_head_is_told,
    an_event_that_is_there_twice_is_amiss_wherever_a_page_ends,
    an_event_whose_time_was_changed_is_amiss_and_still_found,
    a_pending_event_that_is_not_there_is_lost,
];

async fn append(store: &impl Store, rows: &[AuditRow]) {
    let mut unit = store.begin().await.unwrap();
    unit.audit_append(rows).await.unwrap();
    unit.commit().await.unwrap();
}

async fn list(db: &impl World, filter: &AuditFilter) -> Vec<Uuid> {
    db.store().audit_list(filter, None, 1_000).await.unwrap().into_iter().map(|row| row.id).collect()
}

/// An event with everything that one can have.
fn full_event(milliseconds: i64, serial: u32) -> AuditRow {
    AuditRow {
        action: "agent.registered".to_owned(),
        outcome: "denied".to_owned(),
        actor_id: Some(agent_id(1)),
        agent_id: Some(agent_id(2)),
        owner: Some(Owner("talent-team".to_owned())),
        ..event(milliseconds, serial)
    }
}

async fn an_event_comes_back_as_it_went_in_byte_for_byte<W: World>(db: &W) {
    let all_bytes: Vec<u8> = (0..=255).cycle().take(8_192).collect();
    let rows = [AuditRow { content: all_bytes, ..full_event(2, 1) }, event(1, 1)];
    append(db.store(), &rows).await;
    assert_eq!(db.store().audit_list(&AuditFilter::default(), None, 10).await.unwrap(), rows);
}

async fn batches_of_every_size_are_written_whole<W: World>(db: &W) {
    let mut total = 0;
    for (round, size) in (0..).zip([1, 2, 3, 5, 17, 63, 64, 65, 150]) {
        let rows: Vec<AuditRow> = (0..size).map(|serial| event(round, serial)).collect();
        append(db.store(), &rows).await;
        total += i64::from(size);
        let newest = db.store().audit_list(&AuditFilter::default(), None, size).await.unwrap();
        assert_eq!(newest, rows.into_iter().rev().collect::<Vec<_>>());
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, total);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, total);
}

async fn nothing_to_append_is_nothing<W: World>(db: &W) {
    append(db.store(), &[]).await;
    assert_eq!(list(db, &AuditFilter::default()).await, [] as [Uuid; 0]);
}

async fn each_event_gets_a_pending_row_in_its_transaction<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    unit.audit_append(&[event(1, 1), event(1, 2)]).await.unwrap();
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 0);
    drop(unit);
    append(db.store(), &[event(2, 1), event(2, 2)]).await;
    let both = format!(
        "SELECT COUNT(*) FROM audit_pending WHERE event_id IN ({}, {})",
        W::uuid(id(2, 1)),
        W::uuid(id(2, 2))
    );
    assert_eq!(db.number(&both).await, 2);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 2);
}

async fn an_event_that_is_there_is_passed_over_with_its_pending_row<W: World>(db: &W) {
    append(db.store(), &[event(1, 1), event(1, 2)]).await;
    let other_content = AuditRow { content: b"{\"forged\":true}".to_vec(), ..event(1, 2) };
    append(db.store(), &[event(1, 1), other_content, event(1, 3), event(1, 3)]).await;
    let all = db.store().audit_list(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(all, [event(1, 3), event(1, 2), event(1, 1)]);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 3);
}

/// Does what the integrator does with the pending events.
async fn integrate<W: World>(db: &W, leaf_index: i64, event_id: Uuid) {
    let uuid = W::uuid(event_id);
    let hash = W::bytes(&[7; 32]);
    db.sql(&format!(
        "INSERT INTO audit_leaves (leaf_index, event_id, hash) VALUES ({leaf_index}, {uuid}, {hash}); \
         DELETE FROM audit_pending WHERE event_id = {uuid}; \
         UPDATE audit_head SET tree_size = {leaf_index} + 1"
    ))
    .await
    .unwrap();
}

async fn an_event_written_again_after_its_integration_does_not_become_pending_again<W: World>(db: &W) {
    append(db.store(), &[event(1, 1)]).await;
    integrate(db, 0, id(1, 1)).await;
    append(db.store(), &[event(1, 1)]).await;
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 0);
}

async fn an_event_whose_time_is_not_its_ids_is_refused<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    let rows = [event(1, 1), AuditRow { time: time(2), ..event(1, 2) }];
    let fault = unit.audit_append(&rows).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
}

async fn concurrent_batches_are_all_there<W: World>(db: &W) {
    let writers = (0..8).map(|writer: u32| {
        let store = db.store().clone();
        tokio::spawn(async move {
            for batch in 0..4 {
                let rows: Vec<_> = (0..20).map(|row| event(batch, writer * 100 + row)).collect();
                append(&store, &rows).await;
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.unwrap();
    }
    assert_eq!(list(db, &AuditFilter::default()).await.len(), 640);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_pending").await, 640);
}

async fn a_list_is_newest_first_and_turns_its_pages_without_gap_or_repetition<W: World>(db: &W) {
    // Several events of one millisecond, of one second, and of months for which PostgreSQL has no partition.
    let month = 31 * 24 * 3_600_000_i64;
    let mut rows: Vec<_> = (0..25).map(|n| event(i64::from(n / 4) * 250, n)).collect();
    rows.extend((1..=5).map(|n| event(i64::from(n) * month, n)));
    rows.extend((1..=3).map(|n| event(i64::from(n) * -24 * month, n)));
    append(db.store(), &rows).await;
    rows.sort_by_key(|row| std::cmp::Reverse(row.id));

    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = db.store().audit_list(&AuditFilter::default(), after, 7).await.unwrap();
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        read.extend(page);
    }
    assert_eq!(read, rows);
}

/// One filter of each kind, all of which [`full_event`]`(1, …)` passes.
fn filters() -> [AuditFilter; 7] {
    [
        AuditFilter { owner: Some(Owner("talent-team".to_owned())), ..AuditFilter::default() },
        AuditFilter { agent_id: Some(agent_id(2)), ..AuditFilter::default() },
        AuditFilter { actor_id: Some(agent_id(1)), ..AuditFilter::default() },
        AuditFilter { action: Some("agent.registered".to_owned()), ..AuditFilter::default() },
        AuditFilter { outcome: Some("denied".to_owned()), ..AuditFilter::default() },
        AuditFilter { from: Some(time(1)), ..AuditFilter::default() },
        AuditFilter { to: Some(time(2)), ..AuditFilter::default() },
    ]
}

/// The filters of a set of indexes into [`filters`], as one.
fn together(set: usize) -> AuditFilter {
    let chosen = filters().into_iter().enumerate().filter(|(index, _)| set & 1 << index != 0);
    chosen.fold(AuditFilter::default(), |all, (_, one)| AuditFilter {
        owner: all.owner.or(one.owner),
        agent_id: all.agent_id.or(one.agent_id),
        actor_id: all.actor_id.or(one.actor_id),
        action: all.action.or(one.action),
        outcome: all.outcome.or(one.outcome),
        from: all.from.or(one.from),
        to: all.to.or(one.to),
    })
}

async fn a_list_is_narrowed_by_every_filter_and_by_all_together<W: World>(db: &W) {
    // Each of these fails one filter and passes the others.
    let almost = [
        AuditRow { owner: None, ..full_event(1, 11) },
        AuditRow { agent_id: None, ..full_event(1, 12) },
        AuditRow { actor_id: Some(agent_id(3)), ..full_event(1, 13) },
        AuditRow { action: "agent.updated".to_owned(), ..full_event(1, 14) },
        AuditRow { outcome: "failure".to_owned(), ..full_event(1, 15) },
        full_event(0, 16),
        full_event(2, 17),
    ];
    append(db.store(), &[full_event(1, 1)]).await;
    append(db.store(), &almost).await;
    for (index, filter) in filters().iter().enumerate() {
        let listed = list(db, filter).await;
        assert!(!listed.contains(&almost[index].id), "{filter:?}");
        assert_eq!(listed.len(), 7, "{filter:?}");
    }
    assert_eq!(list(db, &together(0b111_1111)).await, [id(1, 1)]);
    let successes = AuditFilter { outcome: Some("success".to_owned()), ..AuditFilter::default() };
    assert_eq!(list(db, &successes).await, [] as [Uuid; 0]);
}

async fn an_actors_events_are_those_it_did_to_itself_and_to_others_in_one_order<W: World>(db: &W) {
    let by = |actor, agent, milliseconds| AuditRow {
        actor_id: Some(agent_id(actor)),
        agent_id: agent,
        ..event(milliseconds, 1)
    };
    let [own, other] = [Some(agent_id(1)), Some(agent_id(2))];
    let rows =
        [by(1, own, 6), by(1, other, 5), by(1, None, 4), by(1, own, 3), by(1, other, 2), by(1, own, 1)];
    append(db.store(), &rows).await;
    append(db.store(), &[by(2, own, 7), by(2, other, 8), AuditRow { agent_id: own, ..event(9, 1) }]).await;
    let filter = AuditFilter { actor_id: own, ..AuditFilter::default() };
    assert_eq!(db.store().audit_list(&filter, None, 100).await.unwrap(), rows);
    assert_eq!(db.store().audit_list(&filter, None, 2).await.unwrap(), rows[..2]);
    assert_eq!(db.store().audit_list(&filter, Some(id(5, 1)), 2).await.unwrap(), rows[2..4]);
}

async fn a_span_of_time_takes_its_beginning_and_not_its_end<W: World>(db: &W) {
    append(db.store(), &[event(999, 1), event(1_000, 2), event(1_500, 3), event(2_000, 4)]).await;
    let span = |from, to| AuditFilter { from: Some(from), to: Some(to), ..AuditFilter::default() };
    assert_eq!(list(db, &span(time(1_000), time(2_000))).await, [id(1_500, 3), id(1_000, 2)]);
    assert_eq!(list(db, &span(time(1_500), time(1_500))).await, [] as [Uuid; 0]);
    let microsecond = chrono::TimeDelta::microseconds(1);
    let between = span(time(999) + microsecond, time(2_000) + microsecond);
    assert_eq!(list(db, &between).await, [id(2_000, 4), id(1_500, 3), id(1_000, 2)]);
}

async fn every_combination_of_filters_is_a_statement_that_the_database_takes<W: World>(db: &W) {
    append(db.store(), &[full_event(1, 1), full_event(1, 2), full_event(1, 3)]).await;
    for set in 0..128 {
        let filter = together(set);
        assert_eq!(list(db, &filter).await, [id(1, 3), id(1, 2), id(1, 1)], "{filter:?}");
        let page = db.store().audit_list(&filter, Some(id(1, 3)), 1).await.unwrap();
        assert_eq!(page, [full_event(1, 2)], "{filter:?}");
    }
}

/// What is amiss, looked for so many events at a time.
async fn amiss(db: &impl World, events: u32) -> Amiss {
    let (mut all, mut next) = (Amiss::default(), Some(Uuid::nil()));
    while let Some(from) = next {
        let page = db.store().audit_amiss(from, events).await.unwrap();
        assert!(page.next.is_none_or(|next| next > from), "{from} leads to {:?}", page.next);
        all.looked_at += page.looked_at;
        all.strays.extend(page.strays);
        all.untimely.extend(page.untimely);
        all.lost.extend(page.lost);
        next = page.next;
    }
    all
}

async fn in_a_log_as_the_server_writes_it_nothing_is_amiss<W: World>(db: &W) {
    assert_eq!(amiss(db, 2).await, Amiss::default());
    append(db.store(), &(0..7).map(|serial| event(i64::from(serial) * 250, serial)).collect::<Vec<_>>())
        .await;
    for serial in 0..4 {
        integrate(db, i64::from(serial), id(i64::from(serial) * 250, serial)).await;
    }
    for events in [2, 3, 6, 7, 8, 100] {
        assert_eq!(amiss(db, events).await, Amiss { looked_at: 7, ..Amiss::default() }, "{events} at a time");
    }
    assert_eq!(db.store().audit_beyond(10).await.unwrap(), []);
}

async fn an_event_outside_of_the_tree_is_amiss_whatever_leaf_it_has<W: World>(db: &W) {
    append(db.store(), &(0..5).map(|serial| event(1, serial)).collect::<Vec<_>>()).await;
    integrate(db, 0, id(1, 0)).await;
    let outside = W::uuid(id(1, 2));
    db.sql(&format!("DELETE FROM audit_pending WHERE event_id = {outside}")).await.unwrap();
    let stray = Amiss { looked_at: 5, strays: vec![id(1, 2)], ..Amiss::default() };
    for events in [2, 3, 100] {
        assert_eq!(amiss(db, events).await, stray);
    }
    // A leaf where none will ever be does not take it into the tree.
    let hash = W::bytes(&[7; 32]);
    db.sql(&format!(
        "INSERT INTO audit_leaves (leaf_index, event_id, hash) VALUES (1000000000000, {outside}, {hash})"
    ))
    .await
    .unwrap();
    assert_eq!(amiss(db, 100).await, stray);
    assert_eq!(db.store().audit_beyond(10).await.unwrap(), [Beyond { level: 0, index: 1_000_000_000_000 }]);
}

async fn what_lies_beyond_the_head_is_told<W: World>(db: &W) {
    db.sql("UPDATE audit_head SET tree_size = 131072").await.unwrap();
    let hash = W::bytes(&[7; 32]);
    for (level, index) in [(1, 511), (2, 1)] {
        let node = format!("({level}, {index}, {hash})");
        db.sql(&format!("INSERT INTO audit_nodes (level, node_index, hash) VALUES {node}")).await.unwrap();
    }
    assert_eq!(db.store().audit_beyond(10).await.unwrap(), []);
    for (level, index) in [(1, 512), (2, 2), (7, 0)] {
        let node = format!("({level}, {index}, {hash})");
        db.sql(&format!("INSERT INTO audit_nodes (level, node_index, hash) VALUES {node}")).await.unwrap();
    }
    let beyond =
        [Beyond { level: 1, index: 512 }, Beyond { level: 2, index: 2 }, Beyond { level: 7, index: 0 }];
    assert_eq!(db.store().audit_beyond(10).await.unwrap(), beyond);
    assert_eq!(db.store().audit_beyond(1).await.unwrap(), beyond[..1]);
}

async fn an_event_that_is_there_twice_is_amiss_wherever_a_page_ends<W: World>(db: &W) {
    append(db.store(), &(0..5).map(|serial| event(1, serial)).collect::<Vec<_>>()).await;
    for (serial, copies) in [(2, 1), (3, 4)] {
        for copy in 1..=copies {
            let insert = format!(
                "INSERT INTO audit_events (id, time, action, outcome, content) \
                 SELECT id, '2026-11-23T00:00:0{copy}+00:00', action, outcome, content FROM audit_events WHERE id = {} \
                 ORDER BY time LIMIT 1",
                W::uuid(id(1, serial))
            );
            without_triggers(db, "audit_events", &insert).await;
        }
    }
    for events in [2, 3, 4, 5, 9, 10, 100] {
        let found = amiss(db, events).await;
        let unique = |ids: &[Uuid]| ids.iter().copied().collect::<std::collections::BTreeSet<_>>();
        assert_eq!(unique(&found.strays), [id(1, 2), id(1, 3)].into(), "{events} at a time");
        assert_eq!(unique(&found.untimely), [id(1, 2), id(1, 3)].into(), "{events} at a time");
    }
}

async fn an_event_whose_time_was_changed_is_amiss_and_still_found<W: World>(db: &W) {
    append(db.store(), &[event(1, 1), event(2, 2), event(3, 3)]).await;
    let change = |serial: u32, time: &str| {
        let event = W::uuid(id(i64::from(serial), serial));
        format!("UPDATE audit_events SET time = '{time}' WHERE id = {event}")
    };
    // By a microsecond, and by years, into the months for which PostgreSQL has other tables.
    without_triggers(db, "audit_events", &change(1, "2026-11-12T09:30:00.001001+00:00")).await;
    without_triggers(db, "audit_events", &change(2, "2031-01-01T00:00:00+00:00")).await;
    assert_eq!(amiss(db, 2).await.untimely, [id(1, 1), id(2, 2)]);
    let ids = [id(1, 1), id(2, 2), id(3, 3)];
    let mut found: Vec<Uuid> =
        db.store().audit_rows_of_any_time(&ids).await.unwrap().into_iter().map(|row| row.id).collect();
    found.sort_unstable();
    assert_eq!(found, ids);
    assert_eq!(db.store().audit_rows_of_any_time(&[]).await.unwrap(), []);
}

async fn a_pending_event_that_is_not_there_is_lost<W: World>(db: &W) {
    append(db.store(), &(0..5).map(|serial| event(1, serial)).collect::<Vec<_>>()).await;
    for serial in [1, 4, 9] {
        let uuid = W::uuid(id(1, serial));
        let gone = match serial {
            9 => format!("INSERT INTO audit_pending (event_id) VALUES ({uuid})"),
            _ => format!("DELETE FROM audit_events WHERE id = {uuid}"),
        };
        without_triggers(db, "audit_events", &gone).await;
    }
    for events in [2, 3, 100] {
        assert_eq!(amiss(db, events).await.lost, [id(1, 1), id(1, 4), id(1, 9)], "{events} at a time");
    }
}

async fn refused<W: World>(db: &W, statement: &str) {
    let error = db.sql(statement).await.expect_err(statement);
    let expected = ["append-only", "keeps what it has", "does not go back", "by word of an event"];
    assert!(expected.iter().any(|text| error.contains(text)), "{statement}: {error}");
}

async fn an_event_is_not_changed<W: World>(db: &W) {
    append(db.store(), &[full_event(1, 1)]).await;
    refused(db, "UPDATE audit_events SET outcome = 'success'").await;
    refused(db, &format!("UPDATE audit_events SET content = {}", W::bytes(b"{}"))).await;
    let all = db.store().audit_list(&AuditFilter::default(), None, 10).await.unwrap();
    assert_eq!(all, [full_event(1, 1)]);
}

async fn an_event_is_found_by_its_id<W: World>(db: &W) {
    let rows = [full_event(2, 1), event(1, 1), event(1, 2), event(1_000, 1)];
    append(db.store(), &rows).await;
    for row in rows {
        assert_eq!(db.store().audit_get(row.id, None).await.unwrap(), Some(row));
    }
    // The last two are no UUIDv7: whatever a caller names is looked for.
    for missing in [id(2, 2), id(3, 1), Uuid::nil(), Uuid::max()] {
        assert_eq!(db.store().audit_get(missing, None).await.unwrap(), None);
    }
}

async fn behind_an_owners_wall_other_owners_events_and_nobodys_are_not_found<W: World>(db: &W) {
    append(db.store(), &[full_event(1, 1), event(1, 2)]).await;
    let get = async |serial, owner: &str| {
        db.store().audit_get(id(1, serial), Some(&Owner(owner.to_owned()))).await.unwrap()
    };
    assert_eq!(get(1, "talent-team").await, Some(full_event(1, 1)));
    assert_eq!(get(1, "Talent-Team").await, None);
    assert_eq!(get(1, "hiring").await, None);
    assert_eq!(get(2, "talent-team").await, None);
}

async fn an_event_whose_content_was_removed_is_not_found<W: World>(db: &W) {
    append(db.store(), &[event(1, 0), pruning(1, 1, 1)]).await;
    integrate(db, 0, id(1, 0)).await;
    integrate(db, 1, id(1, 1)).await;
    record_minimum(1, id(1, 1), db).await.unwrap();
    db.sql(&format!("DELETE FROM audit_events WHERE id = {}", W::uuid(id(1, 0)))).await.unwrap();
    assert_eq!(db.store().audit_get(id(1, 0), None).await.unwrap(), None);
    assert_eq!(db.store().audit_get(id(1, 1), None).await.unwrap(), Some(pruning(1, 1, 1)));
}

async fn an_event_below_the_minimum_index_is_shown_to_nobody_before_it_is_removed<W: World>(db: &W) {
    append(db.store(), &[full_event(1, 0), full_event(1, 1), pruning(1, 2, 1), full_event(1, 3)]).await;
    for (leaf_index, serial) in [(0, 0), (1, 1), (2, 2)] {
        integrate(db, leaf_index, id(1, serial)).await;
    }
    let before = list(db, &AuditFilter::default()).await;
    assert_eq!(before, [id(1, 3), id(1, 2), id(1, 1), id(1, 0)]);
    record_minimum(1, id(1, 2), db).await.unwrap();
    assert_eq!(list(db, &AuditFilter::default()).await, before[..3]);
    for filter in filters() {
        assert!(!list(db, &filter).await.contains(&id(1, 0)), "{filter:?}");
    }
    assert_eq!(db.store().audit_get(id(1, 0), None).await.unwrap(), None);
    assert!(db.store().audit_get(id(1, 1), None).await.unwrap().is_some());
    assert_eq!(db.store().audit_rows(&[id(1, 0)]).await.unwrap(), [full_event(1, 0)], "and yet it is there");
}

async fn an_event_is_not_removed<W: World>(db: &W) {
    append(db.store(), &[event(1, 1)]).await;
    refused(db, "DELETE FROM audit_events").await;
    integrate(db, 0, id(1, 1)).await;
    refused(db, "DELETE FROM audit_events").await;
    assert_eq!(list(db, &AuditFilter::default()).await, [id(1, 1)]);
}

/// An event that ends what lies below an index.
fn pruning(milliseconds: i64, serial: u32, minimum_index: u32) -> AuditRow {
    AuditRow {
        action: "audit.pruned".to_owned(),
        content: format!("{{\"data\":{{\"minimumIndex\":{minimum_index}}}}}").into_bytes(),
        ..event(milliseconds, serial)
    }
}

async fn record_minimum<W: World>(minimum_index: i64, event_id: Uuid, db: &W) -> Result<(), String> {
    let event_id = W::uuid(event_id);
    db.sql(&format!("UPDATE audit_retention SET minimum_index = {minimum_index}, event_id = {event_id}"))
        .await
}

async fn an_event_is_removed_below_the_recorded_minimum_index_alone<W: World>(db: &W) {
    append(db.store(), &[event(1, 0), event(1, 1), pruning(1, 2, 2), event(1, 3)]).await;
    for (leaf_index, serial) in [(0, 0), (1, 1), (2, 2)] {
        integrate(db, leaf_index, id(1, serial)).await;
    }
    record_minimum(2, id(1, 2), db).await.unwrap();
    refused(db, &format!("DELETE FROM audit_events WHERE id = {}", W::uuid(id(1, 2)))).await;
    refused(db, &format!("DELETE FROM audit_events WHERE id = {}", W::uuid(id(1, 3)))).await;
    refused(db, "DELETE FROM audit_events").await;
    let [first, second] = [W::uuid(id(1, 0)), W::uuid(id(1, 1))];
    db.sql(&format!("DELETE FROM audit_events WHERE id IN ({first}, {second})")).await.unwrap();
    assert_eq!(list(db, &AuditFilter::default()).await, [id(1, 3), id(1, 2)]);
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_leaves").await, 3);
}

async fn the_minimum_index_rises_by_word_of_an_event_in_the_tree_alone<W: World>(db: &W) {
    let older_than_what_it_ends = pruning(0, 0, 1);
    append(db.store(), &[event(1, 0), pruning(1, 1, 1), pruning(1, 2, 1), pruning(1, 3, 4)]).await;
    append(db.store(), &[older_than_what_it_ends]).await;
    for (leaf_index, event_id) in [(0, id(1, 0)), (1, id(1, 1)), (2, id(1, 3)), (3, id(0, 0))] {
        integrate(db, leaf_index, event_id).await;
    }
    // Not in the tree; not there; of another index; before what it ends; no such event; older than what it ends.
    let not_by_these =
        [(1, id(1, 2)), (1, id(9, 9)), (2, id(1, 1)), (4, id(1, 3)), (1, id(1, 0)), (1, id(0, 0))];
    for (minimum_index, event_id) in not_by_these {
        let error = record_minimum(minimum_index, event_id, db).await.unwrap_err();
        assert!(error.contains("by word of an event in the tree"), "{error}");
    }
    record_minimum(1, id(1, 1), db).await.unwrap();
    refused(db, &format!("UPDATE audit_retention SET minimum_index = 0, event_id = {}", W::uuid(id(1, 1))))
        .await;
    refused(db, "UPDATE audit_retention SET minimum_index = 0, event_id = NULL").await;
}

async fn leaves_head_and_minimum_stay<W: World>(db: &W) {
    append(db.store(), &[event(1, 0), pruning(1, 1, 1)]).await;
    integrate(db, 0, id(1, 0)).await;
    integrate(db, 1, id(1, 1)).await;
    record_minimum(1, id(1, 1), db).await.unwrap();
    refused(db, &format!("UPDATE audit_leaves SET hash = {}", W::bytes(&[8; 32]))).await;
    for table in ["audit_leaves", "audit_head", "audit_retention", "audit_prunes"] {
        refused(db, &format!("DELETE FROM {table}")).await;
    }
    refused(db, "UPDATE audit_prunes SET minimum_index = 2").await;
    let [first, second] = [W::uuid(id(1, 0)), W::uuid(id(1, 1))];
    for values in [format!("2, {second}"), format!("1, {first}")] {
        refused(db, &format!("INSERT INTO audit_prunes (minimum_index, event_id) VALUES ({values})")).await;
    }
    db.sql("UPDATE audit_retention SET erased_index = 1").await.unwrap();
    refused(db, "UPDATE audit_retention SET erased_index = 0").await;
}

async fn the_head_of_a_log_does_not_go_back<W: World>(db: &W) {
    append(db.store(), &[event(1, 0)]).await;
    integrate(db, 0, id(1, 0)).await;
    refused(db, "UPDATE audit_head SET tree_size = 0").await;
    // Nor by another name, which would open the way back to its own.
    refused(db, "UPDATE audit_head SET tree_size = 0, origin = 'idp.example.com/log-2'").await;
    let other = W::bytes(&[7; 32]);
    refused(db, &format!("UPDATE audit_head SET root_hash = {other}")).await;
    // A log that is reopened has another name, and all that it had.
    db.sql("UPDATE audit_head SET origin = 'idp.example.com/log-2'").await.unwrap();
    refused(db, "UPDATE audit_head SET tree_size = 0").await;
}

async fn the_empty_tree_has_the_root_that_the_rfc_gives_it<W: World>(db: &W) {
    // SHA-256 of nothing (RFC 6962 §2.1).
    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    let bytes: Vec<u8> =
        (0..32).map(|at| u8::from_str_radix(&EMPTY[2 * at..2 * at + 2], 16).unwrap()).collect();
    let same =
        format!("SELECT COUNT(*) FROM audit_head WHERE tree_size = 0 AND root_hash = {}", W::bytes(&bytes));
    assert_eq!(db.number(&same).await, 1);
}

mod sqlite_alone {
    use super::{AuditFilter, append, event, full_event, id, integrate, list};
    use crate::world::{InSqlite, World};

    #[tokio::test]
    async fn replacing_an_event_is_not_a_way_to_change_it() {
        let db = InSqlite::migrated().await;
        append(db.store(), &[event(1, 1)]).await;
        let time = &db.texts("SELECT time FROM audit_events").await[0][0].clone().unwrap();
        db.sql(&format!(
            "INSERT OR REPLACE INTO audit_events (id, time, action, outcome, content) \
             VALUES ({}, '{time}', 'agent.revoked', 'denied', x'7b7d')",
            InSqlite::uuid(id(1, 1)),
        ))
        .await
        .unwrap();
        let all =
            agentidp::store::audit::AuditReads::audit_list(db.store(), &AuditFilter::default(), None, 10)
                .await;
        assert_eq!(all.unwrap(), [event(1, 1)]);
        db.remove().await;
    }

    #[tokio::test]
    async fn replacing_a_leaf_is_not_a_way_to_change_it() {
        let db = InSqlite::migrated().await;
        append(db.store(), &[event(1, 1), full_event(1, 2)]).await;
        integrate(&db, 0, id(1, 1)).await;
        for (leaf_index, serial) in [(0, 2), (1, 1)] {
            let error = db
                .sql(&format!(
                    "INSERT OR REPLACE INTO audit_leaves (leaf_index, event_id, hash) VALUES ({leaf_index}, {}, {})",
                    InSqlite::uuid(id(1, serial)),
                    InSqlite::bytes(&[9; 32]),
                ))
                .await
                .unwrap_err();
            assert!(error.contains("keeps what it has"), "{error}");
        }
        assert_eq!(list(&db, &AuditFilter::default()).await.len(), 2);
        db.remove().await;
    }
}

mod postgres_alone {
    use super::{AuditFilter, append, event, integrate, list, refused};
    use crate::world::{InPostgres, World, id};

    async fn partitions(db: &InPostgres) -> Vec<String> {
        let rows = db
            .texts("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'audit_events'::regclass ORDER BY 1")
            .await;
        rows.into_iter().flatten().flatten().collect()
    }

    #[tokio::test]
    async fn no_audit_table_and_no_partition_is_truncated() {
        let db = InPostgres::migrated().await;
        append(db.store(), &[event(1, 1)]).await;
        integrate(&db, 0, id(1, 1)).await;
        let mut tables = partitions(&db).await;
        tables.extend(
            ["audit_events", "audit_leaves", "audit_head", "audit_retention", "audit_prunes"]
                .map(str::to_owned),
        );
        for table in tables {
            refused(&db, &format!("TRUNCATE {table}")).await;
            refused(&db, &format!("TRUNCATE {table} CASCADE")).await;
        }
        db.remove().await;
    }

    #[tokio::test]
    async fn an_event_is_not_removed_or_changed_in_its_partition() {
        let db = InPostgres::migrated().await;
        append(db.store(), &[event(1, 1)]).await;
        for table in partitions(&db).await {
            let rows = db.number(&format!("SELECT COUNT(*) FROM {table}")).await;
            if rows == 1 {
                refused(&db, &format!("UPDATE {table} SET outcome = 'failure'")).await;
                refused(&db, &format!("DELETE FROM {table}")).await;
            }
        }
        assert_eq!(list(&db, &AuditFilter::default()).await, [id(1, 1)]);
        db.remove().await;
    }

    #[tokio::test]
    async fn this_month_and_twelve_ahead_have_partitions_and_making_them_again_makes_none() {
        let db = InPostgres::migrated().await;
        let before = partitions(&db).await;
        assert_eq!(before.len(), 14, "{before:?}");
        assert_eq!(agentidp::jobs::partitions::ensure(db.store()).await.unwrap(), 0);
        for table in before.iter().filter(|name| !name.ends_with("default")).rev().take(2) {
            db.sql(&format!("DROP TABLE {table}")).await.unwrap();
        }
        assert_eq!(agentidp::jobs::partitions::ensure(db.store()).await.unwrap(), 2);
        assert_eq!(partitions(&db).await, before);
        assert_eq!(db.number("SELECT audit_partitions_ensure(14)").await, 2);
        let after = partitions(&db).await;
        for table in &after[14..] {
            refused(&db, &format!("TRUNCATE {table}")).await;
        }
        assert_eq!(after.len(), 16);
        let error = db.sql("SELECT audit_partitions_ensure(121)").await.unwrap_err();
        assert!(error.contains("from 0 to 120"), "{error}");
        db.remove().await;
    }

    #[tokio::test]
    async fn a_month_that_has_begun_in_the_default_partition_stays_there() {
        let db = InPostgres::migrated().await;
        db.sql(
            "INSERT INTO audit_events (id, time, action, outcome, content) \
             SELECT gen_random_uuid(), now() + interval '14 months', 'token.issued', 'success', '{}'",
        )
        .await
        .unwrap();
        assert_eq!(db.number("SELECT COUNT(*) FROM audit_events_default").await, 1);
        assert_eq!(db.number("SELECT audit_partitions_ensure(15)").await, 2);
        db.remove().await;
    }

    #[tokio::test]
    async fn whoever_may_write_and_no_more_cannot_get_round_the_triggers() {
        let db = InPostgres::migrated().await;
        append(db.store(), &[event(1, 1)]).await;
        let role = format!("writer_{}", std::process::id());
        db.sql(&format!("DROP ROLE IF EXISTS {role}; CREATE ROLE {role}")).await.unwrap();
        db.sql(&format!(
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}; \
             GRANT TEMPORARY ON DATABASE {} TO {role}",
            db.name()
        ))
        .await
        .unwrap();
        // A table of one's own that stands in for the one that the trigger asks.
        let error = db
            .sql(&format!(
                "SET ROLE {role}; \
                 CREATE TEMPORARY TABLE audit_retention AS SELECT 1 AS singleton, 1000000::bigint AS minimum_index; \
                 CREATE TEMPORARY TABLE audit_leaves AS SELECT 0::bigint AS leaf_index, id AS event_id FROM audit_events; \
                 DELETE FROM audit_events"
            ))
            .await
            .unwrap_err();
        assert!(error.contains("append-only"), "{error}");
        for function in ["audit_partitions_ensure(20)", "audit_erase(1)", "audit_partitions_drop()"] {
            let error = db.sql(&format!("SET ROLE {role}; SELECT {function}")).await.unwrap_err();
            assert!(error.contains("permission denied"), "{error}");
        }
        db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await.unwrap();
        db.remove().await;
    }
}
