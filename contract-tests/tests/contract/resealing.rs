//! A database that gets another master key: because it is time, because the one before is lost, or because others have it.

use std::fs;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::log::{checkpoint, checkpoint_of_all, judged, keep, says};
use contract_tests::on_both_databases;
use contract_tests::server::Database;
use contract_tests::world::{Case, World};
use serde_json::Value;

use crate::{events, is_active, new_agent};

on_both_databases![
    a_key_that_is_replaced_ends_nothing,
    a_key_that_is_lost_is_given_up_with_all_that_it_sealed,
    a_key_that_others_have_is_given_up_with_all_that_it_sealed,
    what_is_given_up_is_passed_over_when_the_next_key_comes,
    a_key_is_replaced_by_whoever_has_it_alone,
    a_replacement_that_fails_changes_nothing,
    a_server_that_runs_meanwhile_says_yes_to_nobody,
    a_database_that_no_server_has_opened_gets_another_key_too,
];

/// The settings of the servers: with a file that keeps the last checkpoint.
const SETTINGS: &[(&str, &str)] = &[("AGENTIDP_AUDIT_CHECKPOINT_FILE", "last-checkpoint")];

/// The master key that the servers of tests start with.
fn first_key() -> String {
    URL_SAFE_NO_PAD.encode([7_u8; 32])
}

const SECOND_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const THIRD_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// Runs `agentidp keys reseal` as the owner of the tables; how it ended, and what it said.
fn reseals(world: &World, settings: &[(&str, &str)], arguments: &[&str]) -> (i32, String) {
    let owner = [("DATABASE_URL", world.server.database_url())];
    let output =
        world.server.run_with(&[&owner, settings].concat(), &[&["keys", "reseal"][..], arguments].concat());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!([&first_key(), SECOND_KEY, THIRD_KEY].iter().all(|key| !said.contains(*key)), "{said}");
    (output.status.code().unwrap_or(-1), said)
}

fn stops(world: &World) {
    world.server.stops();
    assert_eq!(world.server.ended(), Some(0));
}

fn kids(world: &World) -> Vec<String> {
    let keys = world.anyone().gets("/.well-known/jwks.json").is(200).json();
    let keys = keys["keys"].as_array().into_iter().flatten();
    keys.map(|key| key["kid"].as_str().expect("a kid").to_owned()).collect()
}

/// The credentials that are checked by a verifier, which is quick, and those that bcrypt has to decide about.
fn by_verifier(world: &World, agent: &Actor<'_>) -> i64 {
    let id = match world.server.database() {
        Database::Sqlite => format!("x'{}'", agent.id().replace('-', "")),
        Database::Postgres => format!("'{}'", agent.id()),
    };
    world.server.count(&format!(
        "SELECT count(*) FROM credentials WHERE agent_id = {id} AND verifier_key_version IN \
         (SELECT verifier_key_version FROM credentials WHERE created_at = (SELECT max(created_at) FROM credentials))"
    ))
}

fn registers<'w>(registrar: &Actor<'w>) -> Answer<'w> {
    let request =
        Request::new("POST", "/agents").header("Idempotency-Key", "5f1d7c1a-2f0e-4a3c-9f4f-0a4d6f1f7a11");
    registrar.sends(request.json(&new_agent("screener-002@example.com")))
}

fn resealed(world: &World) -> Value {
    let events = events(world, "action=key.resealed");
    assert_eq!(events.len(), 1, "{events:?}");
    events[0].clone()
}

/// Each client secret works, at first by bcrypt and from then on by a verifier that is made under the new key.
fn secrets_work(world: &World, agent: &Actor<'_>) {
    world.eventually(200, || agent.asks_for_a_token(&[]));
    // Whoever comes to be from now on has a verifier of the new key from the start.
    world.agent("newcomer@example.com", &["resume:read"]);
    assert_eq!(by_verifier(world, agent), 1, "a success makes a verifier");
    agent.asks_for_a_token(&[]).is(200);
}

fn a_key_that_is_replaced_ends_nothing(case: Case) {
    let world = case.world_with(SETTINGS);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let token = agent.holding("resume:read").token().to_owned();
    let registrar = world.operator().holding("agents:write");
    registers(&registrar).is(201);
    registers(&registrar).is(201);
    let (kept, kids_before) = (keep(&world, "kept", checkpoint_of_all(&world).as_bytes()), kids(&world));
    let key = says(&world, &["audit", "key"]).1;
    stops(&world);

    let old = first_key();
    let settings = [("AGENTIDP_MASTER_KEY", SECOND_KEY), ("AGENTIDP_OLD_MASTER_KEY", &old)];
    let (code, said) = reseals(&world, &settings, &[]);
    assert!(code == 0 && said.contains("2 private key(s) were sealed anew"), "{said}");
    assert!(said.contains("1 answer(s)") && said.contains("3 client secret(s)"), "{said}");
    assert!(world.server.fails_to_start().contains("is not the one that this database was opened with"));
    // Once is enough.
    let (code, said) = reseals(&world, &settings, &[]);
    assert!(code == 1 && said.contains("sealed under AGENTIDP_MASTER_KEY already"), "{said}");

    world.server.start_again_with(&settings[..1]);
    secrets_work(&world, &agent);
    assert!(is_active(&agent, &token), "a token from before");
    assert_eq!(kids(&world), kids_before);
    registers(&registrar).is(409).says("/code", "IDEMPOTENCY_CONFLICT");
    let event = resealed(&world);
    assert_eq!((&event["actor"]["method"], &event["data"]["cause"]), (&"local".into(), &"replaced".into()));
    assert_ne!(event["data"]["keyVersion"], event["data"]["previousKeyVersion"]);
    checkpoint_of_all(&world);
    let (code, said) = judged(&world, &["--key", key.trim(), "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("is whole") && !said.contains("by another name"), "{said}");
}

fn a_key_that_is_lost_is_given_up_with_all_that_it_sealed(case: Case) {
    is_given_up(case, "lost");
}

fn a_key_that_others_have_is_given_up_with_all_that_it_sealed(case: Case) {
    is_given_up(case, "leaked");
}

fn is_given_up(case: Case, cause: &str) {
    let world = case.world_with(SETTINGS);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let token = agent.holding("resume:read").token().to_owned();
    let operator = world.operator().holding("agents:write");
    registers(&operator).is(201);
    let (before, kids_before) = (checkpoint_of_all(&world), kids(&world));
    let old_key = says(&world, &["audit", "key"]).1;
    stops(&world);
    let size_of = |checkpoint: &str| checkpoint.lines().nth(1).expect("a size in the second line").to_owned();
    let (last, size) = (checkpoint(&world), size_of(&checkpoint(&world)));
    // The file is written after the database.
    let file = world.server.keep("nothing", b"").with_file_name("last-checkpoint");
    let in_file = fs::read_to_string(&file).expect("a checkpoint is kept");

    let (code, said) = reseals(&world, &[("AGENTIDP_MASTER_KEY", SECOND_KEY)], &[&format!("--{cause}")]);
    assert!(code == 0 && said.contains("Every token that was issued until now is refused"), "{said}");
    assert!(said.contains(&format!("its last known checkpoint has {size} events")), "{said}");
    let aside = file.with_file_name(format!("last-checkpoint.closed-at-{}", size_of(&in_file)));
    assert_eq!(fs::read_to_string(aside).expect("it is moved beside"), in_file);

    world.server.start_again_with(&[("AGENTIDP_MASTER_KEY", SECOND_KEY)]);
    operator.posts("/agents", &new_agent("screener-003@example.com")).is(401);
    secrets_work(&world, &agent);
    assert!(!is_active(&agent, &token), "a token from before");
    let [kid] = &kids(&world)[..] else { panic!("{:?}", kids(&world)) };
    assert!(!kids_before.contains(kid) && said.contains(kid.as_str()), "{kid}: {said}");
    registers(&world.operator().holding("agents:write")).is(409);

    // The log goes on by another name and says so.
    let now = checkpoint_of_all(&world);
    let name = |checkpoint: &str| checkpoint.lines().next().unwrap_or_default().to_owned();
    assert_eq!(name(&now), format!("{}-2", name(&before)));
    let new_key = says(&world, &["audit", "key"]).1;
    assert!(said.contains(new_key.trim()), "{said}");
    let (kept, old) = (keep(&world, "now", now.as_bytes()), keep(&world, "old", last.as_bytes()));
    let (code, said) = judged(&world, &["--key", new_key.trim(), "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("is whole") && said.contains("by another name"), "{said}");
    // Nothing is missing of what it was by its old name.
    let (code, said) = judged(&world, &["--key", old_key.trim(), "--checkpoint", &old]);
    assert!(code == 0 && said.contains("it continues the kept checkpoint"), "{said}");

    let event = resealed(&world);
    assert_eq!((&event["actor"]["method"], &event["data"]["cause"]), (&"local".into(), &cause.into()));
    let reopened = events(&world, "action=audit.reopened")[0].clone();
    assert_eq!(reopened["data"]["previous"]["verifierKey"], old_key.trim());
    assert_eq!(reopened["data"]["previous"]["size"].to_string(), size);
    let rotated = events(&world, "action=key.rotated")[0].clone();
    assert_eq!(
        (&rotated["data"]["kid"], &rotated["data"]["compromised"]),
        (&kid.as_str().into(), &true.into())
    );
}

fn what_is_given_up_is_passed_over_when_the_next_key_comes(case: Case) {
    let world = case.world_with(SETTINGS);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    stops(&world);
    // One of each algorithm is there, none of which is removed at once.
    world.server.start_again_with(&[("JWT_ALGORITHM", "EdDSA")]);
    stops(&world);
    let (code, said) = reseals(&world, &[("AGENTIDP_MASTER_KEY", SECOND_KEY)], &["--lost"]);
    assert_eq!(code, 0, "{said}");
    let settings = [("AGENTIDP_MASTER_KEY", THIRD_KEY), ("AGENTIDP_OLD_MASTER_KEY", SECOND_KEY)];
    let (code, said) = reseals(&world, &settings, &[]);
    assert!(code == 0 && said.contains("2 private key(s)"), "of five: {said}");
    for algorithm in ["ES256", "EdDSA"] {
        world.server.start_again_with(&[settings[0], ("JWT_ALGORITHM", algorithm)]);
        world.eventually(200, || agent.asks_for_a_token(&[]));
        stops(&world);
    }
    let (code, said) = judged(&world, &[]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
}

fn a_key_is_replaced_by_whoever_has_it_alone(case: Case) {
    let world = case.world();
    stops(&world);
    let old = first_key();
    let new = ("AGENTIDP_MASTER_KEY", SECOND_KEY);
    let (code, said) = reseals(&world, &[new], &[]);
    assert!(code == 2 && said.contains("AGENTIDP_OLD_MASTER_KEY") && said.contains("--lost"), "{said}");
    let (code, said) = reseals(&world, &[new, ("AGENTIDP_OLD_MASTER_KEY", THIRD_KEY)], &[]);
    assert!(code == 1 && said.contains("is not the key that this database is sealed under"), "{said}");
    // It is not lost.
    let (code, said) = reseals(&world, &[("AGENTIDP_MASTER_KEY", &old)], &["--lost"]);
    assert!(code == 1 && said.contains("already"), "{said}");
    let (code, said) = reseals(&world, &[new], &["--lost", "--leaked"]);
    assert!(code == 2 && said.contains("cannot be used with"), "{said}");
    world.server.start_again();
    world.operator().asks_for_a_token(&[("scope", "agents:read")]).is(200);
    assert!(events(&world, "action=key.resealed").is_empty());
}

fn a_replacement_that_fails_changes_nothing(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    stops(&world);
    let old = first_key();
    let settings = [("AGENTIDP_MASTER_KEY", SECOND_KEY), ("AGENTIDP_OLD_MASTER_KEY", &old)];
    // What is written last cannot be.
    world.server.break_database("ALTER TABLE changes RENAME TO gone_changes");
    for arguments in [&[][..], &["--lost"]] {
        let (code, said) = reseals(&world, &settings, arguments);
        assert_eq!(code, 1, "{said}");
    }
    world.server.break_database("ALTER TABLE gone_changes RENAME TO changes");
    world.server.start_again();
    agent.asks_for_a_token(&[]).is(200);
    assert!(events(&world, "action=key.resealed").is_empty());
    let (code, said) = judged(&world, &[]);
    assert!(code == 0 && !said.contains("by another name"), "{said}");
}

fn a_server_that_runs_meanwhile_says_yes_to_nobody(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let old = first_key();
    let settings = [("AGENTIDP_MASTER_KEY", SECOND_KEY), ("AGENTIDP_OLD_MASTER_KEY", &old)];
    let (code, said) = reseals(&world, &settings, &[]);
    assert_eq!(code, 0, "{said}");
    world.eventually(503, || agent.asks_for_a_token(&[]));
    world.anyone().gets("/health/ready").is(503);
    stops(&world);
    world.server.start_again_with(&settings[..1]);
    world.eventually(200, || agent.asks_for_a_token(&[]));
}

fn a_database_that_no_server_has_opened_gets_another_key_too(case: Case) {
    let ground = case.ground(&[("AGENTIDP_ENV", "test"), ("JWT_ISSUER", "https://id.example.com")]);
    let run = |key: &str, arguments: &[&str]| {
        let output = ground.run(&[("AGENTIDP_MASTER_KEY", key)], arguments);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let nothing = ground.run(&[("AGENTIDP_MASTER_KEY", SECOND_KEY)], &["keys", "reseal", "--lost"]);
    let said = String::from_utf8_lossy(&nothing.stderr).into_owned();
    assert!(nothing.status.code() == Some(1) && said.contains("never opened with a master key"), "{said}");
    run(SECOND_KEY, &["bootstrap", "--json"]);
    let said = run(THIRD_KEY, &["keys", "reseal", "--lost"]);
    assert!(said.contains("1 client secret(s)") && !said.contains("is closed"), "{said}");
    let server = ground.starts(&[("AGENTIDP_MASTER_KEY", THIRD_KEY)]);
    assert_eq!(server.answers(Request::new("GET", "/.well-known/jwks.json")).status, 200);
}
