//! The log to those who have no database: exports and remote logs, downloaded and verified with the command.

use std::fs;
use std::path::Path;

use agentidp::crypto::NoteSigner;
use contract_tests::actor::Actor;
use contract_tests::log::{
    EVENTS, address, checkpoint_of_all, event_at, judged, judged_export, judged_log, keep, key, replaced,
    says, token_file, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    an_export_of_the_whole_log_is_verified,
    a_byte_of_an_exported_event_that_was_changed_is_named,
    what_is_missing_in_an_export_is_named,
    an_export_of_ones_own_events_is_verified_event_by_event,
    a_remote_log_is_verified_with_its_events_or_by_its_hashes_alone,
    what_was_changed_in_a_remote_log_is_named,
    a_remote_log_that_went_back_behind_a_kept_checkpoint_is_found,
    a_download_goes_on_where_it_stopped,
    a_download_of_single_events_goes_on_where_it_stopped,
    a_download_does_not_go_on_with_other_events,
    on_a_terminal_it_is_shown_how_far_a_command_is,
];

/// A log of some events of two owners.
fn log_of_agents(case: Case) -> World {
    let world = case.world();
    for number in 0..3 {
        world.agent(&format!("agent-{number}@agents.example.com"), &["resume:read"]);
    }
    let stranger = world.stranger("stranger@agents.example.com", &["resume:read"]);
    stranger.asks_for_a_token(&[]).is(200);
    world
}

/// Somebody who reads the whole log, once all that happened is in it.
fn auditor(world: &World) -> Actor<'_> {
    let auditor = world.operator().holding("audit:read idp:admin");
    checkpoint_of_all(world);
    auditor
}

/// An export of the whole log, as text.
fn whole(world: &World) -> String {
    auditor(world).gets("/audit/export").is(200).text()
}

/// The text with the line of this number, from 0, changed.
fn with_line(text: &str, number: usize, change: impl Fn(&str) -> Option<String>) -> String {
    let lines = text.lines().enumerate().filter_map(|(at, line)| match at == number {
        true => change(line),
        false => Some(line.to_owned()),
    });
    lines.map(|line| line + "\n").collect()
}

fn salted_otherwise(line: &str) -> Option<String> {
    let changed = line.replace("\"salt\"", "\"salT\"");
    assert_ne!(changed, line);
    Some(changed)
}

fn an_export_of_the_whole_log_is_verified(case: Case) {
    let world = log_of_agents(case);
    let kept = keep(&world, "checkpoint", checkpoint_of_all(&world).as_bytes());
    world.agent("later@agents.example.com", &["resume:read"]);
    let export = whole(&world);
    let leaves = export.lines().count() - 1;
    let file = keep(&world, "export.ndjson", export.as_bytes());
    let (code, said) = judged(&world, &["--export", &file, "--key", &key(&world), "--checkpoint", &kept]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains(&format!("{leaves} leaves read: of {leaves} the event itself")), "{said}");
    assert!(said.contains("it continues the kept checkpoint") && said.contains("is whole"), "{said}");

    let name = key(&world).split('+').next().unwrap_or_default().to_owned();
    let private = NoteSigner::generate().expect("a key can be made");
    let foreign = NoteSigner::from_pkcs8(&name, &private).expect("a key").verifier().to_string();
    let (code, said) = judged(&world, &["--export", &file, "--key", &foreign]);
    assert!(code == 2 && said.contains("the checkpoint of the export: "), "{said}");
}

fn a_byte_of_an_exported_event_that_was_changed_is_named(case: Case) {
    let world = log_of_agents(case);
    let export = whole(&world);
    let (code, said) = judged_export(&world, &with_line(&export, 5, salted_otherwise), &[]);
    assert!(code == 1 && said.contains("the event at index 4 (") && said.contains("was changed"), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");

    // With the hash beside it gone or changed as well, the root tells.
    let (before, after) = ("\"hash\":\"", "\",\"event\"");
    let hash_of = |line: &str| {
        let (_, rest) = line.split_once(before).expect("a line has the hash of its leaf");
        rest.split_once(after).expect("and the event").0.to_owned()
    };
    let leaves = export.lines().count() - 1;
    let root = format!("the {leaves} leaves do not have the root that the log says it has");
    let without = with_line(&with_line(&export, 5, salted_otherwise), 5, |line| {
        Some(line.replace(&format!(",{before}{}\"", hash_of(line)), ""))
    });
    let other = export.lines().nth(4).map(hash_of).expect("a line before it");
    let with_another =
        with_line(&without, 5, |line| Some(line.replace(",\"event\"", &format!(",{before}{other}{after}"))));
    let (code, said) = judged_export(&world, &without, &[]);
    assert!(code == 1 && said.contains(&root) && said.matches("WRONG").count() == 1, "{said}");
    let (code, said) = judged_export(&world, &with_another, &[]);
    assert!(code == 1 && said.contains(&root) && said.contains("the event at index 4 ("), "{said}");
}

fn what_is_missing_in_an_export_is_named(case: Case) {
    let world = log_of_agents(case);
    let export = whole(&world);
    let (code, said) = judged_export(&world, &with_line(&export, 5, |_| None), &[]);
    assert!(code == 1 && said.contains("the leaf 4 was removed"), "{said}");
    let cut = export.lines().count() - 1;
    let (code, said) = judged_export(&world, &with_line(&export, cut, |_| None), &[]);
    assert!(code == 1 && said.contains(&format!("the leaf {} was removed", cut - 1)), "{said}");
    let rest = auditor(&world).gets("/audit/export?start=2").is(200).text();
    let (code, said) = judged_export(&world, &rest, &[]);
    assert!(code == 2 && said.contains("the export begins at the leaf 2"), "{said}");
}

fn an_export_of_ones_own_events_is_verified_event_by_event(case: Case) {
    let world = log_of_agents(case);
    let owner = world.stranger("auditor@agents.example.com", &["audit:read"]).holding("audit:read");
    checkpoint_of_all(&world);
    let export = owner.gets("/audit/export").is(200).text();
    let events = export.lines().count() - 1;
    assert!(events >= 4, "{export}");
    let (code, said) = judged_export(&world, &export, &[]);
    assert!(code == 0 && said.contains(&format!("each of the {events} events is in the log")), "{said}");

    let (code, said) = judged_export(&world, &with_line(&export, 2, salted_otherwise), &[]);
    assert!(code == 1 && said.contains("is not the one in the log: its proof"), "{said}");
    assert_eq!(said.matches("WRONG").count(), 1, "{said}");
    // The place that a line says it has is a part of the proof.
    let misplaced =
        with_line(&export, 1, |line| Some(line.replacen("{\"leafIndex\":", "{\"leafIndex\":1", 1)));
    let (code, said) = judged_export(&world, &misplaced, &[]);
    assert!(code == 1 && said.contains("is not the one in the log: its proof"), "{said}");
}

fn a_remote_log_is_verified_with_its_events_or_by_its_hashes_alone(case: Case) {
    let world = log_of_agents(case);
    let kept = keep(&world, "checkpoint", checkpoint_of_all(&world).as_bytes());
    // More than a tile.
    for _ in 0..270 {
        world.operator().asks_for_a_token(&[("scope", "audit:read")]).is(200);
    }
    let (code, said) = judged_log(&world, &auditor(&world), &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("it continues the kept checkpoint"), "{said}");
    assert!(said.contains("ok     the log of ") && said.contains("is whole"), "{said}");
    let reader = world.operator().holding("audit:read");
    checkpoint_of_all(&world);
    let (code, said) = judged_log(&world, &reader, &[]);
    assert!(code == 0 && said.contains("ok     the hashes of the log of "), "{said}");
    let (code, said) = judged_log(&world, &world.bearer("nothing"), &[]);
    assert!(code == 2 && said.contains("checkpoint of the log was answered 401"), "{said}");
}

fn what_was_changed_in_a_remote_log_is_named(case: Case) {
    let world = log_of_agents(case);
    let auditor = auditor(&world);
    unguarded(&world, "audit_events", EVENTS);
    let change = |from, to| {
        let content = replaced(&world, from, to);
        let event = event_at(4);
        world
            .server
            .break_database(&format!("UPDATE audit_events SET content = {content} WHERE id = {event}"));
    };
    change("\"salt\"", "\"salT\"");
    let (code, said) = judged_log(&world, &auditor, &[]);
    assert!(code == 1 && said.contains("the event at index 4 (") && said.contains("was changed"), "{said}");
    change("\"salT\"", "\"salt\"");

    // A hash of a tile, which is all that those without the events see.
    unguarded(&world, "audit_leaves", &["audit_leaves_keep_updated"]);
    world.server.break_database(
        "UPDATE audit_leaves SET hash = (SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 2) WHERE leaf_index = 3",
    );
    let (code, said) = judged_log(&world, &auditor, &[]);
    assert!(code == 1 && said.contains("the event at index 3 ("), "{said}");
    let (code, said) = judged_log(&world, &world.operator().holding("audit:read"), &[]);
    assert!(code == 1 && said.contains("leaves do not have the root"), "{said}");
}

fn a_remote_log_that_went_back_behind_a_kept_checkpoint_is_found(case: Case) {
    let world = log_of_agents(case);
    // What it is asked is forgotten with the restored copy.
    world.is_asked_from_outside();
    checkpoint_of_all(&world);
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    for number in 0..3 {
        world.agent(&format!("late-{number}@agents.example.com"), &["resume:read"]);
    }
    let kept = keep(&world, "checkpoint", checkpoint_of_all(&world).as_bytes());
    world.server.kill();
    world.server.restore_database(&copy);
    world.server.start_again();
    let (code, said) = judged_log(&world, &auditor(&world), &["--checkpoint", &kept]);
    assert!(
        code == 1 && said.contains("the log went back") && said.contains("the kept checkpoint"),
        "{said}"
    );
}

/// What the command says that downloads a log into a file.
fn downloads(world: &World, bearer: &Actor<'_>, file: &str, more: &[&str]) -> (i32, String) {
    let (address, token) = (address(world), token_file(world, bearer));
    says(world, &[&["audit", "export", file, "--log", &address, "--token-file", &token], more].concat())
}

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(file)).expect("what was downloaded can be read")
}

fn a_download_goes_on_where_it_stopped(case: Case) {
    let world = log_of_agents(case);
    let file = keep(&world, "whole.ndjson", b"");
    let (code, said) = downloads(&world, &auditor(&world), &file, &[]);
    assert!(code == 0 && said.contains(&format!("events are in {file}")), "{said}");
    let all = read(&file);

    // It stops within a line, and the log goes on meanwhile.
    fs::write(&file, &all[..all.len() / 2]).expect("a file can be cut off");
    world.agent("later@agents.example.com", &["resume:read"]);
    let (code, said) = downloads(&world, &auditor(&world), &file, &["--action", "token.issued"]);
    assert!(code == 2 && said.contains("the export was answered 400"), "{said}");
    let (code, said) = downloads(&world, &auditor(&world), &file, &[]);
    assert_eq!((code, read(&file)), (0, all.clone()), "{said}");
    let (code, said) = judged(&world, &["--export", &file, "--key", &key(&world)]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    let (code, said) = downloads(&world, &auditor(&world), &file, &[]);
    assert!(code == 0 && said.contains("has the whole log of "), "{said}");

    let (code, said) = downloads(&world, &world.bearer("nothing"), &keep(&world, "none.ndjson", b""), &[]);
    assert!(code == 2 && said.contains("the export was answered 401"), "{said}");
    let other = keep(&world, "other.ndjson", b"no export\n");
    let (code, _) = downloads(&world, &auditor(&world), &other, &[]);
    assert_eq!((code != 0, read(&other)), (true, "no export\n".to_owned()));
}

fn a_download_of_single_events_goes_on_where_it_stopped(case: Case) {
    let world = log_of_agents(case);
    let file = keep(&world, "some.ndjson", b"");
    let filter = ["--action", "agent.registered"];
    let (code, said) = downloads(&world, &auditor(&world), &file, &filter);
    assert_eq!(code, 0, "{said}");
    let all = read(&file);
    assert_eq!(all.lines().count(), 4 + 1, "{all}");
    assert!(!all.contains("token.issued"), "{all}");

    let first: Vec<&str> = all.lines().take(3).collect();
    fs::write(&file, format!("{}\n{{\"leafInd", first.join("\n"))).expect("a file can be cut off");
    let (code, said) = downloads(&world, &auditor(&world), &file, &filter);
    assert_eq!(code, 0, "{said}");
    let events = |text: &str| -> Vec<String> {
        let ids =
            text.lines().filter_map(|line| line.split_once("\"id\":")).map(|(_, rest)| rest[..38].to_owned());
        ids.collect()
    };
    assert_eq!(events(&read(&file)), events(&all));
    let (code, said) = judged(&world, &["--export", &file, "--key", &key(&world)]);
    assert!(code == 0 && said.contains("each of the 4 events is in the log"), "{said}");
}

/// Every other question than the first is another file's, also where only the asker's owner differs.
fn a_download_does_not_go_on_with_other_events(case: Case) {
    let world = log_of_agents(case);
    let reader = world.stranger("reader@agents.example.com", &["audit:read"]);
    let (reader, own) = (reader.holding("audit:read"), world.operator().holding("audit:read"));
    let file = keep(&world, "some.ndjson", b"");
    let (time, agent) = ("2026-01-01T00:00:00Z", world.operator().id().to_owned());
    let filter = ["--action", "token.issued", "--from", time];
    let auditor = auditor(&world);
    let (code, said) = downloads(&world, &auditor, &file, &filter);
    assert_eq!(code, 0, "{said}");
    let all = read(&file);
    let first = all.lines().next().unwrap_or_default();
    assert!(
        first.contains("\"filter\":{\"action\":\"token.issued\",\"from\":\"2026-01-01T00:00:00.000Z\"}"),
        "{first}"
    );

    let others: [(&Actor<'_>, &[&str]); 9] = [
        (&auditor, &["--action", "agent.registered", "--from", time]),
        (&auditor, &["--action", "token.issued"]),
        (&auditor, &["--action", "token.issued", "--from", "2026-01-01T00:00:01Z"]),
        (&auditor, &["--action", "token.issued", "--from", time, "--outcome", "success"]),
        (&auditor, &["--action", "token.issued", "--from", time, "--actor-id", &agent]),
        (&auditor, &["--action", "token.issued", "--from", time, "--agent-id", &agent]),
        (&auditor, &["--action", "token.issued", "--from", time, "--to", "2099-01-01T00:00:00Z"]),
        (&own, &filter),
        (&reader, &filter),
    ];
    for (bearer, other) in others {
        let (code, said) = downloads(&world, bearer, &file, other);
        assert!(code == 2 && said.contains("or of other events; name another file"), "{other:?}: {said}");
        assert_eq!(read(&file), all, "{other:?}");
    }

    // Another way of writing the same question is the same question.
    let (code, said) = downloads(
        &world,
        &auditor,
        &file,
        &["--action", "token.issued", "--from", "2026-01-01T01:00:00+01:00"],
    );
    assert_eq!((code, read(&file)), (0, all), "{said}");
    let (code, said) = judged(&world, &["--export", &file, "--key", &key(&world)]);
    assert_eq!(code, 0, "{said}");
}

fn on_a_terminal_it_is_shown_how_far_a_command_is(case: Case) {
    let world = log_of_agents(case);
    let auditor = auditor(&world);
    let file = keep(&world, "whole.ndjson", b"");
    let (address, token) = (address(&world), token_file(&world, &auditor));
    let export = ["audit", "export", &file, "--log", &address, "--token-file", &token];
    let shown = |arguments: &[&str]| {
        let output = world.server.run_on_a_terminal(arguments);
        let shown = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{shown}");
        shown
    };
    let first = shown(&export);
    let size = read(&file).lines().count() - 1;
    // The line is written over, and wiped before what the command has to say.
    let (progress, said) = first.split_once("\r\u{1b}[K").expect("the progress ends");
    assert!(progress.starts_with('\r') && progress.ends_with(&format!(" of {size} events")), "{first:?}");
    assert!(said.contains(&format!("{size} events are in {file}")), "{first:?}");

    let key = key(&world);
    let verified = shown(&["audit", "verify", "--export", &file, "--key", &key]);
    assert!(verified.contains(&format!("of {size} leaves")) && verified.contains("is whole"), "{verified:?}");
    // Nobody reads a file for its progress.
    let (_, said) = judged(&world, &["--export", &file, "--key", &key]);
    assert!(!said.contains('\r'), "{said:?}");

    let some = keep(&world, "some.ndjson", b"");
    let filtered = [&["audit", "export", &some], &export[3..], &["--action", "token.issued"]].concat();
    let shown = shown(&filtered);
    // How many there will be, nobody knows.
    let (progress, said) = shown.split_once("\r\u{1b}[K").expect("the progress ends");
    assert!(
        progress.starts_with('\r') && progress.ends_with(" events") && !progress.contains(" of "),
        "{shown:?}"
    );
    assert!(said.contains(&format!(" events are in {some}")), "{shown:?}");
}
