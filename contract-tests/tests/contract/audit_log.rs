//! The audit log as an outsider judges it: with the command, over a database that somebody was at behind the server's back.

use std::time::{Duration, Instant};

use contract_tests::log::{
    self, EVENTS, blob, checkpoint_of_all, event_at, judged, keep, replaced, says, swap, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::server::Database;
use contract_tests::world::{Case, World};

on_both_databases![
    an_honest_log_is_whole_and_continues_the_checkpoint_that_was_kept,
    a_byte_of_an_event_that_was_changed_is_named,
    a_column_that_was_changed_and_its_bytes_not_is_named,
    a_row_that_was_removed_is_named,
    two_events_that_changed_places_are_named,
    a_tail_that_was_rolled_back_is_found_by_a_kept_checkpoint,
    an_event_put_in_behind_the_servers_back_is_named,
    an_event_put_in_beside_the_one_whose_id_it_has_is_named,
    an_event_that_is_gone_before_it_is_in_the_tree_stops_the_tree_until_somebody_has_looked,
    what_cannot_be_judged_is_not_called_wrong,
];

/// A log of some events, and its checkpoint.
fn log_of_agents(case: Case) -> (World, String) {
    let world = case.world();
    for number in 0..3 {
        world.agent(&format!("agent-{number}@agents.example.com"), &["resume:read"]);
    }
    let checkpoint = checkpoint_of_all(&world);
    (world, checkpoint)
}

fn an_honest_log_is_whole_and_continues_the_checkpoint_that_was_kept(case: Case) {
    let (world, checkpoint) = log_of_agents(case);
    let key = String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).into_owned();
    assert!(key.starts_with(&format!("127.0.0.1:{}/audit+", world.server.port)), "{key}");
    let kept = keep(&world, "checkpoint", checkpoint.as_bytes());
    world.agent("later@agents.example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    let (code, said) = judged(&world, &["--key", key.trim(), "--checkpoint", &kept]);
    assert!(
        code == 0 && said.contains("it continues the kept checkpoint") && said.contains("is whole"),
        "{said}"
    );
}

fn a_byte_of_an_event_that_was_changed_is_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", EVENTS);
    let change = replaced(&world, "\"salt\"", "\"salT\"");
    world
        .server
        .break_database(&format!("UPDATE audit_events SET content = {change} WHERE id = {}", event_at(4)));
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("the event at index 4 (") && said.contains("was changed"), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");
}

fn a_column_that_was_changed_and_its_bytes_not_is_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", EVENTS);
    world
        .server
        .break_database(&format!("UPDATE audit_events SET outcome = 'denied' WHERE id = {}", event_at(3)));
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("the column outcome of the event at index 3 ("), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");
}

fn a_row_that_was_removed_is_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", EVENTS);
    world.server.break_database(&format!("DELETE FROM audit_events WHERE id = {}", event_at(2)));
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("the event at index 2 (") && said.contains("was removed"), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");

    unguarded(&world, "audit_leaves", &["audit_leaves_keep_deleted"]);
    world.server.break_database("DELETE FROM audit_leaves WHERE leaf_index = 1");
    let (code, said) = judged(&world, &[]);
    assert!(
        code == 1 && said.contains("the leaf 1 was removed") && said.contains("neither in the tree"),
        "{said}"
    );
}

fn two_events_that_changed_places_are_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", EVENTS);
    swap(&world, 1, 3);
    let (code, said) = judged(&world, &[]);
    assert!(
        code == 1 && said.contains("at index 1 there is the event") && said.contains("at index 3 there is"),
        "{said}"
    );
    assert_eq!(said.matches("WRONG").count(), 2, "{said}");
}

fn a_tail_that_was_rolled_back_is_found_by_a_kept_checkpoint(case: Case) {
    let world = case.world();
    let early = checkpoint_of_all(&world);
    let size: u64 = early
        .lines()
        .nth(1)
        .unwrap_or_default()
        .parse()
        .expect("a checkpoint has its size in the second line");
    let root = early.lines().nth(2).unwrap_or_default();
    world.agent("later@agents.example.com", &["resume:read"]);
    let kept = keep(&world, "checkpoint", checkpoint_of_all(&world).as_bytes());
    // As if the database were a copy from before: nothing in it tells.
    let tables = [
        (
            "audit_events",
            EVENTS,
            format!(
                "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_leaves WHERE leaf_index >= {size})"
            ),
        ),
        (
            "audit_leaves",
            &["audit_leaves_keep_deleted"],
            format!("DELETE FROM audit_leaves WHERE leaf_index >= {size}"),
        ),
        (
            "audit_head",
            &["audit_head_grow"],
            format!("UPDATE audit_head SET tree_size = {size}, root_hash = {}", blob(&world, root)),
        ),
        (
            "audit_checkpoints",
            &["audit_checkpoints_grow"],
            format!("UPDATE audit_checkpoints SET tree_size = {size}, note = '{early}'"),
        ),
    ];
    for (table, triggers, sql) in tables {
        unguarded(&world, table, triggers);
        world.server.break_database(&sql);
    }
    let (code, said) = judged(&world, &[]);
    assert_eq!(code, 0, "nothing inside tells: {said}");
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(
        code == 1 && said.contains("the log went back") && said.contains("the kept checkpoint"),
        "{said}"
    );
}

fn an_event_put_in_behind_the_servers_back_is_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", &["audit_events_pend", "audit_events_keep_first"]);
    let (id, time) = match world.server.database() {
        Database::Sqlite => ("x'01a20aea6dd279639b6382e9d7784868'", "'2026-11-23T00:00:00.000+00:00'"),
        Database::Postgres => ("'01a20aea-6dd2-7963-9b63-82e9d7784868'", "'2026-11-23T00:00:00Z'"),
    };
    world.server.break_database(&format!(
        "INSERT INTO audit_events (id, time, action, outcome, content) \
         SELECT {id}, {time}, action, outcome, content FROM audit_events WHERE id = {}",
        event_at(0)
    ));
    let (code, said) = judged(&world, &[]);
    assert!(
        code == 1 && said.contains("01a20aea-6dd2-7963-9b63-82e9d7784868 is neither in the tree"),
        "{said}"
    );
}

fn an_event_put_in_beside_the_one_whose_id_it_has_is_named(case: Case) {
    let (world, _) = log_of_agents(case);
    unguarded(&world, "audit_events", &["audit_events_pend", "audit_events_keep_first"]);
    let time = match world.server.database() {
        Database::Sqlite => "'2026-11-23T00:00:00.000+00:00'",
        Database::Postgres => "'2026-11-23T00:00:00Z'",
    };
    world.server.break_database(&format!(
        "INSERT INTO audit_events (id, time, action, outcome, owner, content) \
         SELECT id, {time}, action, 'denied', 'somebody', content FROM audit_events WHERE id = {}",
        event_at(2)
    ));
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("or is there twice"), "{said}");
}

/// The row that says an event waits is all that is left of it. To go on would hide that; so the tree stands still, and
/// nothing else does.
fn an_event_that_is_gone_before_it_is_in_the_tree_stops_the_tree_until_somebody_has_looked(case: Case) {
    const LOST: &str = "019f0000-1111-7222-8333-444455556666";
    let (world, checkpoint) = log_of_agents(case);
    let kept = keep(&world, "checkpoint", checkpoint.as_bytes());
    let well = "every event that waits to be taken into the audit log's tree is there";
    assert!(says(&world, &["doctor"]).1.contains(well));
    let lost = match world.server.database() {
        Database::Sqlite => format!("x'{}'", LOST.replace('-', "")),
        Database::Postgres => format!("'{LOST}'"),
    };
    world.server.break_database(&format!("INSERT INTO audit_pending (event_id) VALUES ({lost})"));

    let agent = world.agent("meanwhile@agents.example.com", &["resume:read"]);
    agent.asks_for_a_token(&[]).is(200);
    let told = format!("the event {LOST} waits to be taken into the tree and is gone");
    let started = Instant::now();
    // More than one round, and not only one that began before.
    while world.server.log().matches(&told).count() < 3 {
        assert!(started.elapsed() < Duration::from_secs(60), "{}", world.server.log());
        std::thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(log::checkpoint(&world), checkpoint, "nothing came into the tree");
    agent.asks_for_a_token(&[]).is(200);
    for command in [["doctor"].as_slice(), &["audit", "verify"]] {
        let (code, said) = says(&world, command);
        assert!(code == 1 && said.contains(&format!("WRONG  {told}")), "{said}");
        assert!(said.matches(&told).count() == 1 && !said.contains(well), "{said}");
    }

    // The way out that docs/audit.md describes.
    world.server.break_database(&format!("DELETE FROM audit_pending WHERE event_id = {lost}"));
    checkpoint_of_all(&world);
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("it continues the kept checkpoint"), "{said}");
    assert!(says(&world, &["doctor"]).1.contains(well));
}

fn what_cannot_be_judged_is_not_called_wrong(case: Case) {
    let (world, checkpoint) = log_of_agents(case);
    let (code, said) = judged(&world, &["--key", "example.com/audit+00000000+AAAA"]);
    assert!(code == 2 && said.contains("--key: "), "{said}");
    let foreign = keep(&world, "foreign", checkpoint.replace("\n\n", "\nmore\n\n").as_bytes());
    let (code, said) = judged(&world, &["--checkpoint", &foreign]);
    assert!(code == 2 && said.contains("foreign: "), "{said}");
    let (code, said) = judged(&world, &["--export", "nowhere.ndjson"]);
    assert!(code == 2 && said.contains("--key is needed"), "{said}");
}
