//! What somebody with the owner's rights can do to a log, and what each way of verifying it says then.

use std::fs;

use contract_tests::actor::Actor;
use contract_tests::log::{
    EVENTS, address, checkpoint_of_all, event_at, judged, judged_export, judged_log, keep, replaced, says,
    swap, token_file, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::server::Database;
use contract_tests::world::{Case, World};

on_both_databases![
    whatever_is_done_to_a_log_is_named_by_each_way_of_verifying_it,
    a_log_that_went_back_or_went_on_otherwise_is_found_by_each_way_of_verifying_it,
    an_event_that_a_leaf_far_beyond_the_log_keeps_out_of_the_tree_is_named,
    a_log_that_is_made_to_show_less_than_its_events_say_is_found,
    a_log_without_a_signed_checkpoint_is_found,
    a_time_that_is_written_otherwise_is_named,
    a_kept_checkpoint_that_single_events_cannot_be_held_to_is_named,
];

/// What a way of verifying says: nothing is wrong, or each of these texts and nothing else.
type Says = &'static [&'static str];

const WHOLE: Says = &[];

const RANGE: &str = "the leaves 0 to 255 do not have the hash";
const ROOT: &str = "leaves do not have the root";

/// Waits until what was asked last is in the tree and the tree is signed, whatever is wrong with it.
fn settled(world: &World) {
    for _ in 0..600 {
        let pending = world.server.count("SELECT count(*) FROM audit_pending");
        let unsigned = "SELECT count(*) FROM audit_head h WHERE NOT EXISTS \
                        (SELECT 1 FROM audit_checkpoints c WHERE c.tree_size = h.tree_size)";
        if pending == 0 && world.server.count(unsigned) == 0 {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("the log does not settle:\n{}", world.server.log());
}

/// What a database, its export, and its server say, the last once with the events and once by the hashes alone.
fn ways(
    world: &World,
    auditor: &Actor<'_>,
    reader: &Actor<'_>,
    kept: &[&str],
) -> [(&'static str, i32, String); 4] {
    settled(world);
    let (code, said) = judged(world, kept);
    let database = ("database", code, said);
    let (file, address, token) =
        (keep(world, "tampered.ndjson", b""), address(world), token_file(world, auditor));
    let (code, said) = says(world, &["audit", "export", &file, "--log", &address, "--token-file", &token]);
    let (code, said) = match code {
        0 => judged_export(world, &fs::read_to_string(&file).expect("the export is there"), kept),
        code => (code, said),
    };
    let export = ("export", code, said);
    let (code, said) = judged_log(world, auditor, kept);
    let server = ("server", code, said);
    let (code, said) = judged_log(world, reader, kept);
    [database, export, server, ("hashes", code, said)]
}

fn compare(what: &str, (way, code, said): &(&str, i32, String), expected: Says) {
    let wrong = said.lines().filter(|line| line.starts_with("WRONG")).count();
    assert!(expected.iter().all(|text| said.contains(text)), "{what}, {way}: {expected:?}\n{said}");
    match expected {
        [] => assert_eq!((*code, wrong), (0, 0), "{what}, {way}: {said}"),
        ["broke off"] => assert_eq!((*code, wrong), (2, 0), "{what}, {way}: {said}"),
        _ => assert_eq!((*code, wrong), (1, expected.len()), "{what}, {way}: {said}"),
    }
}

/// The column `time` in SQL, with so many microseconds in it as well.
fn time_and(world: &World, microseconds: &str) -> String {
    match world.server.database() {
        Database::Sqlite => format!(
            "CASE instr(time, '.') WHEN 0 THEN substr(time, 1, 19) || '.000{microseconds}+00:00' \
             ELSE substr(time, 1, 23) || '{microseconds}+00:00' END"
        ),
        Database::Postgres => format!("time + interval '{microseconds} microseconds'"),
    }
}

/// One thing that is done, how it is undone, and what each of the [`ways`] says in between.
struct Tampering {
    what: &'static str,
    does: String,
    undoes: String,
    says: [Says; 4],
}

#[allow(clippy::too_many_lines, reason = "it is a table")]
fn whatever_is_done_to_a_log_is_named_by_each_way_of_verifying_it(case: Case) {
    let world = case.world();
    for _ in 0..100 {
        world.operator().asks_for_a_token(&[("scope", "audit:read")]).is(200);
    }
    let kept = keep(&world, "kept", checkpoint_of_all(&world).as_bytes());
    let sure = fs::read_to_string(&kept).expect("the checkpoint is there");
    let sure = sure.lines().nth(1).expect("a checkpoint has its size in the second line").to_owned();
    for _ in 0..200 {
        world.operator().asks_for_a_token(&[("scope", "audit:read")]).is(200);
    }
    let (auditor, reader) =
        (world.operator().holding("audit:read idp:admin"), world.operator().holding("audit:read"));
    checkpoint_of_all(&world);
    for (table, triggers) in [
        ("audit_events", EVENTS),
        (
            "audit_leaves",
            &["audit_leaves_keep_updated", "audit_leaves_keep_deleted", "audit_leaves_keep_first"],
        ),
        ("audit_nodes", &["audit_nodes_keep_updated", "audit_nodes_keep_deleted", "audit_nodes_keep_first"]),
    ] {
        unguarded(&world, table, triggers);
    }
    for (copy, of) in [
        ("spared_events", format!("audit_events WHERE id IN ({}, {})", event_at(200), event_at(230))),
        ("spared_leaves", "audit_leaves WHERE leaf_index = 200".to_owned()),
        ("spared_nodes", "audit_nodes".to_owned()),
    ] {
        world.server.break_database(&format!("CREATE TABLE {copy} AS SELECT * FROM {of}"));
    }
    let at = event_at(200);
    // A reader who asks for the events is denied, which is an event that goes on into the tree.
    if world.server.database() == Database::Postgres {
        world.server.break_database("ALTER TABLE audit_events ENABLE TRIGGER audit_events_pend");
    }
    let again = |table: &str| {
        let spared = table.replace("audit", "spared");
        let keys = match table {
            "audit_events" => "s.id = audit_events.id",
            "audit_leaves" => "s.leaf_index = audit_leaves.leaf_index",
            _ => "s.level = audit_nodes.level AND s.node_index = audit_nodes.node_index",
        };
        format!(
            "BEGIN; DELETE FROM {table} WHERE EXISTS (SELECT 1 FROM {spared} s WHERE {keys}); \
             INSERT INTO {table} SELECT * FROM {spared}; \
             DELETE FROM audit_pending WHERE event_id IN (SELECT id FROM spared_events); COMMIT"
        )
    };
    let later = time_and(&world, "001");
    let byte = replaced(&world, "\"salt\"", "\"salT\"");
    let other_hash = "(SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 199)";
    let removed: Says = &["the event at index 200 was removed before its time"];
    let range: Says = &[RANGE, ROOT];
    let changed: Says = &["the event at index 200 ("];
    let table = [
        Tampering {
            what: "a byte of an event",
            does: format!("UPDATE audit_events SET content = {byte} WHERE id = {at}"),
            undoes: again("audit_events"),
            says: [changed, changed, changed, WHOLE],
        },
        Tampering {
            what: "a column and not the bytes",
            does: format!("UPDATE audit_events SET outcome = 'denied' WHERE id = {at}"),
            undoes: again("audit_events"),
            says: [&["the column outcome of the event at index 200 ("], WHOLE, WHOLE, WHOLE],
        },
        Tampering {
            what: "a time by less than a millisecond",
            does: format!("UPDATE audit_events SET time = {later} WHERE id = {at}"),
            undoes: again("audit_events"),
            says: [&["the column time of the event at index 200 ("], WHOLE, WHOLE, WHOLE],
        },
        Tampering {
            what: "an event that is removed",
            does: format!("DELETE FROM audit_events WHERE id = {at}"),
            undoes: again("audit_events"),
            says: [&["the event at index 200 ("], removed, removed, WHOLE],
        },
        Tampering {
            what: "events that are removed",
            does: format!("DELETE FROM audit_events WHERE id IN ({at}, {})", event_at(230)),
            undoes: again("audit_events"),
            says: [
                &["the event at index 200 (", "the event at index 230 ("],
                &["the event at index 200 was", "the event at index 230 was"],
                &["the event at index 200 was", "the event at index 230 was"],
                WHOLE,
            ],
        },
        Tampering {
            what: "an event and its leaf's hash",
            does: format!(
                "UPDATE audit_events SET content = {byte} WHERE id = {at}; \
                 UPDATE audit_leaves SET hash = {other_hash} WHERE leaf_index = 200"
            ),
            undoes: format!("{}; {}", again("audit_events"), again("audit_leaves")),
            says: [
                &["the event at index 200 (", RANGE, ROOT],
                &["the event at index 200 (", ROOT],
                &["the event at index 200 (", RANGE, ROOT],
                range,
            ],
        },
        Tampering {
            what: "a leaf that is removed",
            does: "DELETE FROM audit_leaves WHERE leaf_index = 200".to_owned(),
            undoes: again("audit_leaves"),
            says: [
                &[
                    "the leaf 200 was removed",
                    "leaves do not have the root",
                    "is neither in the tree nor waiting",
                ],
                &["broke off"],
                &["the leaf 200 was removed", ROOT],
                &["the leaf 200 was removed", ROOT],
            ],
        },
        Tampering {
            what: "a hash above the leaves",
            does: format!("UPDATE audit_nodes SET hash = {other_hash} WHERE node_index = 0"),
            undoes: again("audit_nodes"),
            says: [&[RANGE], WHOLE, &[RANGE], &[RANGE]],
        },
        Tampering {
            what: "a hash above the leaves that is removed",
            does: "DELETE FROM audit_nodes".to_owned(),
            undoes: again("audit_nodes"),
            says: [
                &["the hash of the leaves 0 to 255 was removed"],
                WHOLE,
                &["the hash of the leaves 0 to 255 was removed"],
                &["the hash of the leaves 0 to 255 was removed"],
            ],
        },
    ];
    let kept = ["--checkpoint", kept.as_str()];
    for Tampering { what, does, undoes, says } in table {
        world.server.break_database(&does);
        for (way, expected) in ways(&world, &auditor, &reader, &kept).iter().zip(says) {
            compare(what, way, expected);
            // What a checkpoint that was kept says of the beginning narrows the rest.
            if what == "an event and its leaf's hash" {
                assert!(way.2.contains(&format!("the first {sure} are as a checkpoint says")), "{way:?}");
            }
        }
        world.server.break_database(&undoes);
    }
    swap(&world, 150, 250);
    let swapped: Says = &["the event at index 150 (", "the event at index 250 ("];
    let by_name: Says = &["at index 150 there is the event", "at index 250 there is the event"];
    for (way, expected) in
        ways(&world, &auditor, &reader, &kept).iter().zip([by_name, swapped, swapped, WHOLE])
    {
        compare("two events that change places", way, expected);
    }
    swap(&world, 150, 250);
    for way in &ways(&world, &auditor, &reader, &kept) {
        compare("nothing", way, WHOLE);
    }
}

fn a_log_that_went_back_or_went_on_otherwise_is_found_by_each_way_of_verifying_it(case: Case) {
    let world = case.world_with(&[("REDIS_URL", "")]);
    // What it is asked is forgotten with the restored copy.
    world.is_asked_from_outside();
    let (auditor, reader) =
        (world.operator().holding("audit:read idp:admin"), world.operator().holding("audit:read"));
    let early = keep(&world, "early", checkpoint_of_all(&world).as_bytes());
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    for number in 0..3 {
        world.agent(&format!("late-{number}@agents.example.com"), &["resume:read"]);
    }
    let late = checkpoint_of_all(&world);
    let late = (keep(&world, "late", late.as_bytes()), late.lines().nth(1).unwrap_or_default().to_owned());
    world.server.kill();
    world.server.restore_database(&copy);
    world.server.start_again();
    let kept = ["--checkpoint", early.as_str(), "--checkpoint", late.0.as_str()];
    for way in &ways(&world, &auditor, &reader, &kept) {
        compare("a log that went back", way, &["the log went back: it has "]);
        assert!(way.2.contains(&format!("and the kept checkpoint has {}", late.1)), "{way:?}");
    }
    // It goes on, with other events and under the same key.
    for number in 0..4 {
        world.agent(&format!("other-{number}@agents.example.com"), &["resume:read"]);
    }
    checkpoint_of_all(&world);
    for way in &ways(&world, &auditor, &reader, &kept) {
        compare(
            "another past",
            way,
            &["events are not those of the kept checkpoint: the log's past was changed"],
        );
        assert!(way.2.contains(&format!("the first {} events are not those", late.1)), "{way:?}");
    }
    for way in &ways(&world, &auditor, &reader, &kept[..2]) {
        compare("the past that it has", way, WHOLE);
    }
}

/// What the server's own role may do: take an event off the pending ones, and add a leaf where none will ever be.
fn an_event_that_a_leaf_far_beyond_the_log_keeps_out_of_the_tree_is_named(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    unguarded(&world, "audit_events", &["audit_events_pend"]);
    let (id, time, uuid) = match world.server.database() {
        Database::Sqlite => (
            "x'01a20aea6c0079639b6382e9d7784868'",
            "'2026-11-22T23:59:59.616+00:00'",
            "x'01a20aea6c0079639b6382e9d7784868'",
        ),
        Database::Postgres => (
            "'01a20aea-6c00-7963-9b63-82e9d7784868'",
            "audit_time_of('01a20aea-6c00-7963-9b63-82e9d7784868')",
            "'01a20aea-6c00-7963-9b63-82e9d7784868'",
        ),
    };
    let hash = "(SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 1)";
    world.server.break_database(&format!(
        "INSERT INTO audit_events (id, time, action, outcome, content) \
         SELECT {id}, {time}, action, outcome, content FROM audit_events WHERE id = {}; \
         INSERT INTO audit_leaves (leaf_index, event_id, hash) SELECT 1000000000000, {uuid}, {hash}",
        event_at(0)
    ));
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("the leaf 1000000000000 lies beyond the end of the log"), "{said}");
    assert!(said.contains("the event 01a20aea-6c00-7963-9b63-82e9d7784868 is neither in the tree"), "{said}");
    world.server.break_database("INSERT INTO audit_nodes (level, node_index, hash) SELECT 2, 4, hash FROM audit_leaves WHERE leaf_index = 0");
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("the hash 4 of level 2 lies beyond the end of the log"), "{said}");
}

fn a_log_that_is_made_to_show_less_than_its_events_say_is_found(case: Case) {
    let world = case.world();
    for number in 0..3 {
        world.agent(&format!("agent-{number}@agents.example.com"), &["resume:read"]);
    }
    let auditor = world.operator().holding("audit:read idp:admin");
    checkpoint_of_all(&world);
    let checkpoint = auditor.gets("/audit/checkpoint").is(200);
    assert_eq!(checkpoint.header("audit-minimum-index"), Some("0"));
    unguarded(&world, "audit_retention", &["audit_retention_rise", "audit_retention_risen"]);
    world
        .server
        .break_database(&format!("UPDATE audit_retention SET minimum_index = 5, event_id = {}", event_at(6)));
    assert_eq!(auditor.gets("/audit/checkpoint").is(200).header("audit-minimum-index"), Some("5"));
    let told =
        "WRONG  the log shows nothing below index 5, and the events that say so (audit.pruned) end at 0";
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains(told) && said.matches("WRONG").count() == 1, "{said}");
    let (code, said) = judged_log(&world, &auditor, &[]);
    assert!(code == 1 && said.contains(told) && said.contains("the events at index 0 to "), "{said}");
}

fn a_log_without_a_signed_checkpoint_is_found(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    // It would sign anew.
    world.is_asked_from_outside();
    world.server.kill();
    unguarded(&world, "audit_checkpoints", &["audit_checkpoints_keep_deleted"]);
    world.server.break_database("DELETE FROM audit_checkpoints");
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.contains("are in the tree and no checkpoint of them is signed"), "{said}");
    world.server.start_again();
    checkpoint_of_all(&world);
    let (code, said) = judged(&world, &[]);
    assert_eq!(code, 0, "{said}");
}

/// The same time in other words is another key on SQLite, and another time is one everywhere, even of another month.
fn a_time_that_is_written_otherwise_is_named(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    unguarded(&world, "audit_events", EVENTS);
    // Three digits more, which say nothing on SQLite, and of which PostgreSQL has but the number.
    let other = match world.server.database() {
        Database::Sqlite => time_and(&world, "000"),
        Database::Postgres => time_and(&world, "001"),
    };
    for (time, at) in [(other.as_str(), 1), ("'2031-01-01T00:00:00+00:00'", 2)] {
        world
            .server
            .break_database(&format!("UPDATE audit_events SET time = {time} WHERE id = {}", event_at(at)));
    }
    let (code, said) = judged(&world, &[]);
    assert!(code == 1 && said.matches("the column time of the event ").count() == 2, "{said}");
    assert!(said.contains("at index 2 (") && said.matches("WRONG").count() == 2, "{said}");
}

fn a_kept_checkpoint_that_single_events_cannot_be_held_to_is_named(case: Case) {
    let world = case.world();
    let early = keep(&world, "early", checkpoint_of_all(&world).as_bytes());
    world.agent("screener-001@example.com", &["resume:read"]);
    let reader = world.operator().holding("audit:read");
    let late = keep(&world, "late", checkpoint_of_all(&world).as_bytes());
    let export = reader.gets("/audit/export?action=agent.registered").is(200).text();
    let (code, said) = judged_export(&world, &export, &["--checkpoint", &early, "--checkpoint", &late]);
    assert!(code == 0 && said.matches("was not judged: single events do not show").count() == 1, "{said}");
    let size = fs::read_to_string(&early).expect("the checkpoint is there");
    let size = size.lines().nth(1).unwrap_or_default();
    assert!(said.contains(&format!("note   the kept checkpoint of {size} events was not judged")), "{said}");
}
