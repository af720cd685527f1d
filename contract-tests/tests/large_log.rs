//! A log of three hundred thousand events, and everything that somebody could do to it: run by `scripts/test` on the release
//! binary (`AGENTIDP_BIN`). What many more events take of memory, `scripts/test --full` measures.

use std::time::Instant;

use agentidp::crypto::merkle::leaf_hash;
use agentidp::domain::log::tiles;
use contract_tests::actor::Actor;
use contract_tests::log::{
    EVENTS, address, blob, checkpoint_of_all, checkpoints_until_all, event_at, has_judges, id_at, judged,
    judged_log, judges_say, keep, key, replaced, says, swap, token_file, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::server::{Database, resident};
use contract_tests::world::{Case, World};

on_both_databases![
    three_hundred_thousand_events_are_verified_and_whatever_was_done_to_them_is_named,
    an_export_of_many_events_takes_the_memory_of_few,
];

/// How many events are added: their tiles have paths of two segments.
const EVENTS_ADDED: u64 = 300_000;

/// Adds events as a server would write them, copies of the first one but for their ids.
fn add_events(world: &World, number: u64) {
    add_events_after(world, 0, number);
}

/// The same, behind so many that were added before.
fn add_events_after(world: &World, before: u64, number: u64) {
    let sql = match world.server.database() {
        Database::Sqlite => {
            "WITH RECURSIVE numbers (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM numbers WHERE n < {last}), \
             first AS (SELECT *, lower(hex(id)) AS hex, CAST(content AS TEXT) AS text FROM audit_events ORDER BY id LIMIT 1) \
             INSERT INTO audit_events (id, time, action, outcome, actor_id, agent_id, owner, content) \
             SELECT unhex(substr(hex, 1, 20) || printf('%012x', n)), time, action, outcome, actor_id, agent_id, owner, \
             CAST(replace(text, substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-' || substr(hex, 13, 4) || '-' || \
             substr(hex, 17, 4) || '-' || substr(hex, 21), substr(hex, 1, 8) || '-' || substr(hex, 9, 4) || '-' || \
             substr(hex, 13, 4) || '-' || substr(hex, 17, 4) || '-' || printf('%012x', n)) AS BLOB) FROM first, numbers"
        }
        Database::Postgres => {
            "WITH first AS (SELECT *, id::text AS uuid, convert_from(content, 'UTF8') AS text \
             FROM audit_events ORDER BY id LIMIT 1), \
             added AS (SELECT first.*, left(uuid, 24) || lpad(to_hex(n), 12, '0') AS name \
             FROM first, generate_series({first}, {last}) n) \
             INSERT INTO audit_events (id, time, action, outcome, actor_id, agent_id, owner, content) \
             SELECT name::uuid, time, action, outcome, actor_id, agent_id, owner, \
             convert_to(replace(text, uuid, name), 'UTF8') FROM added"
        }
    };
    let (first, last) = ((before + 1).to_string(), (before + number).to_string());
    world.server.break_database(&sql.replace("{first}", &first).replace("{last}", &last));
    if world.server.database() == Database::Postgres {
        // As it does by itself within a minute. Until then it takes every filter for one that lets hardly anything through.
        world.server.break_database("ANALYZE audit_events");
    }
}

/// Does something to the database, and says what the verification then finds.
fn after(world: &World, sql: &str, arguments: &[&str]) -> String {
    world.server.break_database(sql);
    let (code, said) = judged(world, arguments);
    assert_eq!(code, 1, "{sql}: {said}");
    said
}

#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn three_hundred_thousand_events_are_verified_and_whatever_was_done_to_them_is_named(case: Case) {
    let world = case.world_with(&[("AGENTIDP_LOG", "info")]);
    let early = keep(&world, "early", checkpoint_of_all(&world).as_bytes());
    add_events(&world, EVENTS_ADDED);
    let started = Instant::now();
    let mut seen = checkpoints_until_all(&world);
    // One a second, however much is waiting.
    assert!(seen.len() >= 3, "only {} checkpoints were signed on the way", seen.len());
    let kept = seen.pop().unwrap_or_default();
    let size: u64 = kept.lines().nth(1).unwrap_or_default().parse().expect("a size");
    assert!(size > EVENTS_ADDED);
    println!(
        "{}: integrated {:.0} events/s",
        case.database().name(),
        EVENTS_ADDED as f64 / started.elapsed().as_secs_f64()
    );
    let late = keep(&world, "late", kept.as_bytes());

    let started = Instant::now();
    let (code, said) = judged(&world, &["--checkpoint", &early, "--checkpoint", &late]);
    assert!(code == 0 && said.contains(&format!("of {size} the event itself")), "{said}");
    println!(
        "{}: verified {:.0} events/s",
        case.database().name(),
        size as f64 / started.elapsed().as_secs_f64()
    );

    // The same over HTTP, where the tiles have paths of two segments.
    let auditor = world.operator().holding("audit:read idp:admin");
    let tile = auditor.gets("/audit/tile/0/x001/000").is(200);
    let bundle = auditor.gets("/audit/tile/entries/x001/000").is(200);
    assert_eq!(tile.bytes().len(), 256 * 32);
    let entries = tiles::entries_read(bundle.bytes()).expect("a bundle");
    assert_eq!(entries.into_iter().flat_map(leaf_hash).collect::<Vec<u8>>(), tile.bytes());
    let (last, rest) = (size / 256, size % 256);
    assert!(last > 1000 && rest > 0, "{size}");
    auditor.gets(&format!("/audit/tile/0/x001/{}.p/{rest}", last - 1000)).is(200);
    let started = Instant::now();
    let (code, said) = judged_log(&world, &auditor, &["--checkpoint", &early, "--checkpoint", &late]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    println!(
        "{}: verified {:.0} events/s over HTTP",
        case.database().name(),
        size as f64 / started.elapsed().as_secs_f64()
    );

    judged_by_others(&world, &auditor, &early);

    unguarded(&world, "audit_events", EVENTS);
    let (changed, back) = (replaced(&world, "success", "succesS"), replaced(&world, "succesS", "success"));
    let at = event_at(271_828);
    let said = after(&world, &format!("UPDATE audit_events SET content = {changed} WHERE id = {at}"), &[]);
    assert!(said.contains("the event at index 271828 (") && said.contains("was changed"), "{said}");
    world.server.break_database(&format!("UPDATE audit_events SET content = {back} WHERE id = {at}"));

    let said =
        after(&world, &format!("UPDATE audit_events SET action = 'token.issued' WHERE id = {at}"), &[]);
    assert!(said.contains("the column action of the event at index 271828 ("), "{said}");
    let action = "SELECT a.action FROM audit_events a WHERE a.id = ";
    world.server.break_database(&format!(
        "UPDATE audit_events SET action = ({action}{}) WHERE id = {at}",
        event_at(271_827)
    ));
    let (code, said) = judged(&world, &[]);
    assert_eq!(code, 0, "it is as it was: {said}");

    swap(&world, 150_000, 290_000);
    let (code, said) = judged(&world, &[]);
    let [left, right] = [150_000, 290_000].map(|index| format!("at index {index} there is the event"));
    assert!(code == 1 && said.contains(&left) && said.contains(&right), "{said}");
    let [left, right] = [150_000, 290_000].map(|index| format!("the event at index {index} ("));
    let (code, said) = judged_log(&world, &auditor, &[]);
    assert!(code == 1 && said.contains(&left) && said.contains(&right), "{said}");
    let (file, token) = (keep(&world, "export.ndjson", b""), token_file(&world, &auditor));
    let (address, key) = (address(&world), key(&world));
    let (code, said) = says(&world, &["audit", "export", &file, "--log", &address, "--token-file", &token]);
    assert_eq!(code, 0, "{said}");
    let (code, said) = judged(&world, &["--export", &file, "--key", &key]);
    assert!(code == 1 && said.contains(&left) && said.contains(&right), "{said}");
    swap(&world, 150_000, 290_000);

    // The event and its leaf changed together: the hashes above it tell where.
    unguarded(&world, "audit_leaves", &["audit_leaves_keep_updated", "audit_leaves_keep_deleted"]);
    let hash = |index| format!("(SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = {index})");
    world.server.break_database(
        "CREATE TABLE spared AS SELECT leaf_index, hash FROM audit_leaves WHERE leaf_index = 100000",
    );
    let said = after(
        &world,
        &format!("UPDATE audit_leaves SET hash = {} WHERE leaf_index = 100000", hash(99_999)),
        &[],
    );
    assert!(said.contains("the leaves 99840 to 100095 do not have the hash"), "{said}");
    world.server.break_database(
        "UPDATE audit_leaves SET hash = (SELECT s.hash FROM spared s) WHERE leaf_index = 100000",
    );

    let said = after(&world, &format!("DELETE FROM audit_events WHERE id = {}", event_at(65_536)), &[]);
    assert!(said.contains("the event at index 65536 (") && said.contains("was removed"), "{said}");
    let (code, said) = judged_log(&world, &auditor, &[]);
    assert!(code == 1 && said.contains("the event at index 65536 was removed before its time"), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");

    // The tail rolled back, as if the database were a copy from before.
    let early = std::fs::read_to_string(&early).expect("the kept checkpoint can be read");
    let (size, root) = (early.lines().nth(1).unwrap_or_default(), early.lines().nth(2).unwrap_or_default());
    unguarded(&world, "audit_head", &["audit_head_grow"]);
    unguarded(&world, "audit_checkpoints", &["audit_checkpoints_grow"]);
    let head = format!("UPDATE audit_head SET tree_size = {size}, root_hash = {}", blob(&world, root));
    world.server.break_database(&format!(
        "DELETE FROM audit_events WHERE id IN (SELECT event_id FROM audit_leaves WHERE leaf_index >= {size})"
    ));
    world.server.break_database(&format!("DELETE FROM audit_leaves WHERE leaf_index >= {size}"));
    world.server.break_database(&head);
    world
        .server
        .break_database(&format!("UPDATE audit_checkpoints SET tree_size = {size}, note = '{early}'"));
    let (code, said) = judged(&world, &["--checkpoint", &late]);
    assert!(code == 1 && said.contains("the log went back"), "{said}");
}

/// What judges that are not ours say of it, if there are any: the paths of two segments are theirs to read, too.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn judged_by_others(world: &World, auditor: &Actor<'_>, early: &str) {
    if !has_judges() {
        println!(
            "\n==> DID NOT RUN: the judges that are not ours, on a log of {EVENTS_ADDED} events; they take Go"
        );
        return;
    }
    let started = Instant::now();
    let ids = [270_000, EVENTS_ADDED - 1].map(|index| id_at(auditor, index));
    let more = ["-old", early, "-events", &ids.join(","), "-from", "255999", "-fsck"];
    let (code, said) = judges_say(world, &key(world), auditor, &more);
    assert_eq!(code, 0, "{said:?}");
    let judgements = ["the tree that the entry bundles give is the log's, tile by tile".to_owned()];
    let included = ids.map(|id| format!("the event {id} is included, by the log's proof and by its tiles"));
    for judgement in judgements.iter().chain(&included) {
        assert!(said.contains(&format!("ok {judgement}")), "{judgement}: {said:?}");
    }
    println!(
        "{}: judged by others in {:.1} s",
        world.server.database().name(),
        started.elapsed().as_secs_f64()
    );
}

/// How many events are exported, unless `EXPORT_EVENTS` says otherwise, as the full run does.
const EXPORTED: u64 = 1_000_000;

#[allow(clippy::disallowed_methods, reason = "how much is measured is said by whoever measures")]
fn exported() -> u64 {
    std::env::var("EXPORT_EVENTS").map_or(EXPORTED, |number| number.parse().expect("a number"))
}

/// By how much the server's resident memory may rise while it exports, in KiB, however many events there are.
const RISE: u64 = 32 * 1024;

/// The most memory that a command may have at a time, in KiB, however many events there are.
const MOST: u64 = 96 * 1024;

/// Runs a command that must succeed within the memory of few events; what it said.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn runs_in_little(world: &World, what: &str, events: u64, arguments: &[&str]) -> String {
    let started = Instant::now();
    let (output, most) = world.server.run_measured(arguments);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{said}");
    println!(
        "{}: {what} {:.0} events/s, at most {most} KiB",
        world.server.database().name(),
        events as f64 / started.elapsed().as_secs_f64()
    );
    assert!(most > 0 && most <= MOST, "{what} took {most} KiB");
    said
}

/// Has something done while the server's resident memory is watched, which may rise by that of few events.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn server_stays_small(world: &World, what: &str, does: impl FnOnce()) {
    let memory = |figure| resident(world.server.pid(), figure).expect("the server runs");
    // From here on the highest resident memory is counted anew.
    std::fs::write(format!("/proc/{}/clear_refs", world.server.pid()), "5").expect("Linux counts anew");
    let before = memory("VmRSS:");
    does();
    let most = memory("VmHWM:");
    println!("{}: {what}: the server had {before} KiB, then at most {most}", world.server.database().name());
    assert!(most <= before + RISE, "{what}: {before} KiB before, at most {most} KiB");
}

#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn an_export_of_many_events_takes_the_memory_of_few(case: Case) {
    let world = case.world_with(&[("AGENTIDP_LOG", "info")]);
    let number = exported();
    let first = number.min(EXPORTED);
    let started = Instant::now();
    add_events(&world, first);
    checkpoint_of_all(&world);
    let (address, key) = (address(&world), key(&world));
    let auditor = world.operator().holding("audit:read idp:admin");
    checkpoint_of_all(&world);
    let token = token_file(&world, &auditor);

    // A filter that lets nearly all through: each of these has its proof.
    let some = keep(&world, "some.ndjson", b"");
    let from = ["--log", address.as_str(), "--token-file", token.as_str()];
    let filtered = [&["audit", "export", &some], &from[..], &["--outcome", "success"]].concat();
    server_stays_small(&world, "an export with a filter", || {
        runs_in_little(&world, "exported with proofs", first, &filtered);
    });
    let said = runs_in_little(
        &world,
        "verified with proofs",
        first,
        &["audit", "verify", "--export", &some, "--key", &key],
    );
    let found = said.split("each of the ").nth(1).and_then(|rest| rest.split(' ').next());
    let found: u64 = found.and_then(|number| number.parse().ok()).expect("it says how many");
    assert!(found >= first, "{said}");
    std::fs::remove_file(&some).expect("the export can be removed");

    let mut made = first;
    while made < number {
        let some = (number - made).min(EXPORTED);
        add_events_after(&world, made, some);
        made += some;
        checkpoint_of_all(&world);
    }
    println!(
        "{}: integrated {:.0} events/s, with their making",
        case.database().name(),
        number as f64 / started.elapsed().as_secs_f64()
    );
    // What was given at the beginning may be over.
    let auditor = world.operator().holding("audit:read idp:admin");
    checkpoint_of_all(&world);
    token_file(&world, &auditor);
    let said = runs_in_little(&world, "verified", number, &["audit", "verify"]);
    assert!(said.contains("is whole"), "{said}");

    let file = keep(&world, "export.ndjson", b"");
    let export = [&["audit", "export", &file], &from[..]].concat();
    server_stays_small(&world, "an export", || {
        runs_in_little(&world, "exported", number, &export);
    });
    // It stopped in the middle, and goes on.
    let length = std::fs::metadata(&file).expect("the export is there").len();
    let written = std::fs::OpenOptions::new().write(true).open(&file).expect("the export is there");
    written.set_len(length / 2 + 7).expect("it can be cut off");
    let (code, said) = says(&world, &export);
    assert_eq!(code, 0, "{said}");
    assert_eq!(std::fs::metadata(&file).expect("the export is there").len(), length);
    let verify = ["audit", "verify", "--export", &file, "--key", &key];
    let said = runs_in_little(&world, "verified of the export", number, &verify);
    assert!(said.contains("is whole"), "{said}");
}
