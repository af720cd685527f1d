//! A log whose database was restored from a copy behind a checkpoint that was kept: it is not added to until an operator
//! closes it and goes on by another name.

use std::fs;
use std::path::PathBuf;

use contract_tests::log::{
    CHECKPOINT_FILE, checkpoint_file, checkpoint_of_all, falls_behind, judged, keep, says, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    a_log_behind_a_kept_checkpoint_is_not_added_to_and_goes_on_by_another_name,
    a_file_of_the_closed_log_is_put_aside_by_a_server_that_finds_it,
    a_closing_that_is_not_signed_is_ended_by_reopening_again_and_not_by_a_start,
    a_log_that_grew_otherwise_than_a_kept_checkpoint_is_not_added_to,
    a_log_that_continues_what_was_kept_is_not_reopened,
];

const SETTINGS: &[(&str, &str)] = &[CHECKPOINT_FILE, ("REDIS_URL", "")];

/// A server whose database was put back behind the checkpoint that is kept, and that checkpoint. It does not run.
fn restored(case: Case) -> (World, String) {
    let world = case.world_with(SETTINGS);
    world.agent("early@agents.example.com", &["resume:read"]);
    let kept = falls_behind(&world);
    (world, kept)
}

fn size(checkpoint: &str) -> u64 {
    checkpoint.lines().nth(1).and_then(|line| line.parse().ok()).expect("a size in the second line")
}

fn a_log_behind_a_kept_checkpoint_is_not_added_to_and_goes_on_by_another_name(case: Case) {
    let (world, kept) = restored(case);
    let said = world.server.fails_to_start();
    assert!(said.contains("the database has gone back") && said.contains("agentidp audit reopen"), "{said}");
    let old_key = String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned();
    let events = world.server.count("SELECT count(*) FROM audit_events");

    let (code, said) = says(&world, &["audit", "reopen"]);
    assert!(code == 0 && said.contains(&format!("has {} events", size(&kept))), "{said}");
    assert!(said.contains(&format!("127.0.0.1:{}/audit-2+", world.server.port)), "{said}");
    assert_eq!(world.server.count("SELECT count(*) FROM audit_events"), events + 1);

    world.server.start_again();
    world.agent("again@agents.example.com", &["resume:read"]);
    let checkpoint = checkpoint_of_all(&world);
    assert_eq!(checkpoint.lines().next(), Some(format!("127.0.0.1:{}/audit-2", world.server.port).as_str()));
    let new_key = String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned();
    let now = keep(&world, "now", checkpoint.as_bytes());
    let (code, said) = judged(&world, &["--key", &new_key, "--checkpoint", &now]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    let ended = format!("the last known checkpoint of that had {} events", size(&kept));
    assert!(said.contains("by another name") && said.contains(&ended), "{said}");

    // Whoever holds the old key and the old checkpoint is not deceived.
    let old = keep(&world, "old", kept.as_bytes());
    let (code, said) = judged(&world, &["--key", &new_key, "--checkpoint", &old]);
    assert!(code == 2 && said.contains("old: "), "{said}");
    let (code, said) = judged(&world, &["--key", &old_key, "--checkpoint", &old]);
    assert!(code == 1 && said.contains("WRONG"), "{said}");

    // The event of it is the first of the new name, and says the last of the old one.
    let listed = world.operator().holding("audit:read idp:admin").gets("/audit/events?action=audit.reopened");
    let event = &listed.json()["items"][0];
    assert_eq!(event["actor"]["method"], "local");
    assert_eq!(event["data"]["previous"]["size"], size(&kept));
    assert_eq!(event["data"]["previous"]["rootHash"], kept.lines().nth(2).unwrap_or_default());
    assert_eq!(event["data"]["previous"]["verifierKey"], old_key);
    assert_eq!(event["data"]["verifierKey"], new_key);
    let place = format!(
        "SELECT count(*) FROM audit_leaves l JOIN audit_events e ON e.id = l.event_id \
         WHERE e.action = 'audit.reopened' AND l.leaf_index = {}",
        event["data"]["keptSize"]
    );
    assert_eq!(world.server.count(&place), 1);
    // Its checkpoint is where it was, by another name.
    assert_eq!(fs::read_to_string(aside(&world, &kept)).expect("the old checkpoint is moved aside"), kept);
}

/// Where the file is put that kept the checkpoint of a log that was closed.
fn aside(world: &World, kept: &str) -> PathBuf {
    checkpoint_file(world).with_file_name(format!("last-checkpoint.closed-at-{}", size(kept)))
}

/// As one of several nodes has it, each of which keeps the checkpoint in a file of its own.
fn a_file_of_the_closed_log_is_put_aside_by_a_server_that_finds_it(case: Case) {
    let (world, kept) = restored(case);
    assert_eq!(says(&world, &["audit", "reopen"]).0, 0);
    fs::remove_file(aside(&world, &kept)).expect("the old checkpoint was moved aside");
    let file = checkpoint_file(&world);
    fs::write(&file, &kept).expect("the checkpoint file can be written");
    world.server.start_again();
    assert_eq!(fs::read_to_string(aside(&world, &kept)).expect("the old checkpoint is moved aside"), kept);
    assert!(world.server.log().contains("it was moved aside"), "the server says so");
    checkpoint_of_all(&world);

    // One that this log did not say it goes on from stays what it is: a log that nobody knows.
    world.server.kill();
    let foreign = kept.replace("/audit\n", "/other\n");
    fs::write(&file, &foreign).expect("the checkpoint file can be written");
    let said = world.server.fails_to_start();
    assert!(said.contains("the kept checkpoint cannot be read"), "{said}");
    assert_eq!(fs::read_to_string(&file).expect("it is where it was"), foreign);
}

/// Who can write to the database can write that it was reopened; what is signed, nobody else can.
fn a_closing_that_is_not_signed_is_ended_by_reopening_again_and_not_by_a_start(case: Case) {
    let (world, kept) = restored(case);
    let (_, said) = says(&world, &["audit", "reopen"]);
    unguarded(&world, "audit_checkpoints", &["audit_checkpoints_keep_deleted"]);
    world.server.break_database("DELETE FROM audit_checkpoints WHERE origin LIKE '%/audit-2'");
    fs::remove_file(aside(&world, &kept)).expect("the old checkpoint was moved aside");
    fs::write(checkpoint_file(&world), &kept).expect("the checkpoint file can be written");
    let refused = world.server.fails_to_start();
    assert!(
        refused.contains("its closing is not signed") && refused.contains("audit reopen` again"),
        "{refused}"
    );
    // Whether the operator names the old checkpoint as well or not.
    let old = keep(&world, "old", kept.as_bytes());
    assert_eq!(says(&world, &["audit", "reopen", "--checkpoint", &old]), (0, said));
    assert_eq!(fs::read_to_string(aside(&world, &kept)).expect("the old checkpoint is moved aside"), kept);
    world.server.start_again();
    checkpoint_of_all(&world);
    assert_eq!(world.server.count("SELECT count(*) FROM audit_events WHERE action = 'audit.reopened'"), 1);
    let (code, said) = judged(&world, &[]);
    assert!(code == 0 && said.contains("is whole") && said.contains("by another name"), "{said}");
}

fn a_log_that_grew_otherwise_than_a_kept_checkpoint_is_not_added_to(case: Case) {
    let (world, kept) = restored(case);
    // Nobody kept anything beside the server, so it goes on.
    let file = checkpoint_file(&world);
    fs::remove_file(&file).expect("the checkpoint file can be removed");
    world.server.start_again();
    for number in 0..4 {
        world.agent(&format!("other-{number}@agents.example.com"), &["resume:read"]);
    }
    assert!(size(&checkpoint_of_all(&world)) > size(&kept));
    world.server.kill();
    fs::write(&file, &kept).expect("the checkpoint file can be put back");
    let said = world.server.fails_to_start();
    assert!(said.contains("its history was changed") && said.contains("agentidp audit reopen"), "{said}");
    fs::remove_file(&file).expect("the checkpoint file can be removed");
    let elsewhere = keep(&world, "elsewhere", kept.as_bytes());
    let (code, said) =
        says(&world, &["audit", "reopen", "--checkpoint", &elsewhere, "--origin", "log.example.com/anew"]);
    assert!(code == 0 && said.contains("log.example.com/anew+"), "{said}");
    world.server.start_again();
    let checkpoint = checkpoint_of_all(&world);
    assert_eq!(checkpoint.lines().next(), Some("log.example.com/anew"));
    let (code, said) = judged(&world, &[]);
    assert!(code == 0 && said.contains("is whole") && said.contains("by another name"), "{said}");
}

fn a_log_that_continues_what_was_kept_is_not_reopened(case: Case) {
    let world = case.world_with(SETTINGS);
    let kept = keep(&world, "kept", checkpoint_of_all(&world).as_bytes());
    world.agent("later@agents.example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    let (code, said) = says(&world, &["audit", "reopen", "--checkpoint", &kept]);
    assert!(code == 2 && said.contains("continues every checkpoint that is known"), "{said}");
    let foreign = keep(&world, "foreign", b"example.com/other\n0\n\n");
    let (code, said) = says(&world, &["audit", "reopen", "--checkpoint", &foreign]);
    assert!(code == 2 && said.contains("foreign: "), "{said}");
    assert_eq!(world.server.count("SELECT count(*) FROM audit_keys"), 1);
}
