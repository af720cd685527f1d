//! A log whose database was restored from a copy behind a checkpoint that was kept: it is not added to until an operator
//! closes it and goes on by another name.

use std::fs;

use contract_tests::log::{checkpoint_of_all, judged, keep, says};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    a_log_behind_a_kept_checkpoint_is_not_added_to_and_goes_on_by_another_name,
    a_log_that_grew_otherwise_than_a_kept_checkpoint_is_not_added_to,
    a_log_that_continues_what_was_kept_is_not_reopened,
];

const SETTINGS: &[(&str, &str)] = &[("AGENTIDP_AUDIT_CHECKPOINT_FILE", "last-checkpoint"), ("REDIS_URL", "")];

/// A server whose database was put back behind the checkpoint that is kept, and that checkpoint. It does not run.
fn restored(case: Case) -> (World, String) {
    let world = case.world_with(SETTINGS);
    // What it is asked is forgotten with the restored copy.
    world.is_asked_from_outside();
    world.agent("early@agents.example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    world.agent("late@agents.example.com", &["resume:read"]);
    let kept = checkpoint_of_all(&world);
    // The file is written after the database.
    let file = world.server.keep("nothing", b"").with_file_name("last-checkpoint");
    for _ in 0..300 {
        if fs::read_to_string(&file).is_ok_and(|text| text == kept) {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    assert_eq!(fs::read_to_string(&file).expect("the checkpoint is kept"), kept);
    world.server.kill();
    world.server.restore_database(&copy);
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
    let aside = world
        .server
        .keep("nothing", b"")
        .with_file_name(format!("last-checkpoint.closed-at-{}", size(&kept)));
    assert_eq!(fs::read_to_string(aside).expect("the old checkpoint is moved aside"), kept);
}

fn a_log_that_grew_otherwise_than_a_kept_checkpoint_is_not_added_to(case: Case) {
    let (world, kept) = restored(case);
    // Nobody kept anything beside the server, so it goes on.
    let file = world.server.keep("nothing", b"").with_file_name("last-checkpoint");
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
