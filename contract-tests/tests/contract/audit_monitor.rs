//! A log as it is followed from outside: with the command, over HTTP, while its server does what no log may.

use std::fs;
use std::path::PathBuf;

use contract_tests::log::checkpoint_of_all;
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    a_log_that_grows_is_followed,
    a_log_that_was_rolled_back_raises_the_alarm,
    a_log_that_was_forked_raises_the_alarm,
    a_checkpoint_of_another_key_raises_the_alarm,
    a_log_that_shows_nothing_new_raises_the_alarm,
    a_log_whose_hashes_are_closed_is_followed_with_a_token,
];

const OPEN: &[(&str, &str)] = &[("AGENTIDP_AUDIT_PUBLIC", "true"), ("REDIS_URL", "")];

fn folder(world: &World) -> PathBuf {
    world.server.keep("nothing", b"").with_file_name("followed")
}

fn key(world: &World) -> String {
    String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned()
}

/// What the monitor says with these arguments, and how it ends.
fn follows(world: &World, key: &str, more: &[&str]) -> (i32, String) {
    world.is_asked_from_outside();
    let (log, folder) = (format!("{}/audit", world.server.base), folder(world).display().to_string());
    let arguments = ["audit", "monitor", "--log", &log, "--key", key, "--folder", &folder];
    let output = world.server.run(&[&arguments, more].concat());
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), said)
}

/// A world whose log was followed up to a checkpoint, and whose database was put back to before it since. It runs again.
fn put_back(case: Case) -> (World, String) {
    let world = case.world_with(OPEN);
    world.agent("early@agents.example.com", &["resume:read"]);
    checkpoint_of_all(&world);
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    world.agent("late@agents.example.com", &["resume:read"]);
    let kept = checkpoint_of_all(&world);
    let (code, said) = follows(&world, &key(&world), &["--once"]);
    assert!(code == 0 && said.contains("events"), "{said}");
    world.server.kill();
    world.server.restore_database(&copy);
    world.server.start_again();
    (world, kept)
}

fn a_log_that_grows_is_followed(case: Case) {
    let world = case.world_with(OPEN);
    let key = key(&world);
    let mut kept = Vec::new();
    for number in 0..3 {
        world.agent(&format!("agent-{number}@agents.example.com"), &["resume:read"]);
        let checkpoint = checkpoint_of_all(&world);
        let (code, said) = follows(&world, &key, &["--once"]);
        let size = checkpoint.lines().nth(1).unwrap_or_default();
        assert!(code == 0 && said.contains(&format!("ok     {size} events")), "{said}");
        kept.push(checkpoint);
    }
    let (code, said) = follows(&world, &key, &["--once"]);
    assert!(code == 0 && said.contains("nothing new"), "{said}");
    let folder = folder(&world);
    assert_eq!(fs::read_to_string(folder.join("checkpoint")).ok().as_ref(), kept.last());
    let all = fs::read_to_string(folder.join("checkpoints")).expect("all checkpoints are kept");
    assert!(kept.iter().all(|checkpoint| all.contains(checkpoint)), "{all}");
}

fn a_log_that_was_rolled_back_raises_the_alarm(case: Case) {
    let (world, kept) = put_back(case);
    let (code, said) = follows(&world, &key(&world), &["--every", "1"]);
    assert!(code == 1 && said.contains("ALARM  the log was rolled back"), "{said}");
    let still = fs::read_to_string(folder(&world).join("checkpoint")).expect("the checkpoint stays");
    assert_eq!(still, kept);
}

fn a_log_that_was_forked_raises_the_alarm(case: Case) {
    let (world, kept) = put_back(case);
    for number in 0..4 {
        world.agent(&format!("other-{number}@agents.example.com"), &["resume:read"]);
    }
    let other = checkpoint_of_all(&world);
    let sizes = [&kept, &other].map(|note| note.lines().nth(1).unwrap_or_default().to_owned());
    let (code, said) = follows(&world, &key(&world), &["--every", "1"]);
    assert!(code == 1 && said.contains("ALARM  the log was forked"), "{said}");
    // Two notes by the same key that contradict each other are all that it takes to convince anybody.
    let evidence = folder(&world).join(format!("alarm-forked-{}-{}", sizes[0], sizes[1]));
    let evidence = fs::read_to_string(evidence).expect("the evidence is kept");
    assert!(evidence.contains(&kept) && evidence.contains(&other), "{evidence}");
}

fn a_checkpoint_of_another_key_raises_the_alarm(case: Case) {
    let world = case.world_with(OPEN);
    let stranger = case.world_of("stranger");
    let (code, said) = follows(&world, &key(&stranger), &["--once"]);
    assert!(
        code == 1 && said.contains("ALARM  what the log shows as its checkpoint is not its key's"),
        "{said}"
    );
    let (code, said) = follows(&world, "no key", &["--once"]);
    assert!(code == 2 && said.contains("--key: "), "{said}");
}

fn a_log_that_shows_nothing_new_raises_the_alarm(case: Case) {
    let world = case.world_with(OPEN);
    checkpoint_of_all(&world);
    let key = key(&world);
    let (code, said) = follows(&world, &key, &["--every", "1", "--stale-after", "2"]);
    assert!(
        code == 1 && said.contains("nothing new") && said.contains("ALARM  the log has shown nothing new"),
        "{said}"
    );
    // One that cannot be reached shows nothing new, either; looking once says that it could not be judged.
    world.server.kill();
    let (code, said) = follows(&world, &key, &["--once"]);
    assert!(code == 2 && said.contains("checkpoint of the log"), "{said}");
    let (code, said) = follows(&world, &key, &["--every", "1", "--stale-after", "2"]);
    assert!(code == 1 && said.contains("ALARM  the log has shown nothing new"), "{said}");
}

fn a_log_whose_hashes_are_closed_is_followed_with_a_token(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@agents.example.com", &["audit:read"]).holding("audit:read");
    checkpoint_of_all(&world);
    let key = key(&world);
    let (code, said) = follows(&world, &key, &["--once"]);
    assert!(code == 2 && said.contains("401"), "{said}");
    let token = world.server.keep("token", auditor.token().as_bytes()).display().to_string();
    let (code, said) = follows(&world, &key, &["--once", "--token-file", &token]);
    assert!(code == 0 && said.contains("events"), "{said}");
}
