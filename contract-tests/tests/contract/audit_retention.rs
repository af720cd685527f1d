//! The end of what events say, as those see it who ask the server: what is over is denied, and its hashes prove on.

use std::time::{Duration, Instant};

use agentidp::crypto::NoteVerifier;
use agentidp::domain::log::proof::{consistency_verify, inclusion_verify};
use agentidp::domain::log::{Checkpoint, Hash};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract_tests::actor::Actor;
use contract_tests::log::{checkpoint_of_all, forgotten, has_old_events, judged, keep, says};
use contract_tests::on_both_databases;
use contract_tests::server::Database;
use contract_tests::world::{Case, World};
use serde_json::{Value, json};

use crate::privileges::Roles;

on_both_databases![
    what_is_over_is_denied_and_its_hashes_prove_on,
    what_happened_is_gone_from_the_api_on_day_91_and_from_the_database_on_day_99,
];

fn export(auditor: &Actor<'_>) -> String {
    auditor.gets("/audit/export").is(200).text()
}

fn what_is_over_is_denied_and_its_hashes_prove_on(case: Case) {
    let world = case.world_with(&[("AGENTIDP_AUDIT_RETENTION_DAYS", "1"), ("REDIS_URL", "")]);
    world.server.kill();
    forgotten(&world);
    has_old_events(&world, 3, 300);
    world.server.start_again();
    let auditor = world.operator().holding("audit:read idp:admin");
    let kept = checkpoint_of_all(&world);
    auditor.gets("/audit/tile/entries/000").is(200);
    let old: Vec<String> = {
        let text = export(&auditor);
        let events =
            text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("a line of JSON"));
        events.filter_map(|line| line["event"]["id"].as_str().map(str::to_owned)).collect()
    };
    assert_eq!(old.len().to_string(), kept.lines().nth(1).unwrap_or_default());
    auditor.gets(&format!("/audit/events/{}", old[3])).is(200);

    // The next start finds that a bundle is over.
    world.server.kill();
    world.server.start_again();
    let auditor = world.operator().holding("audit:read idp:admin");
    world.eventually(404, || auditor.gets("/audit/tile/entries/000"));
    for (index, id) in old.iter().enumerate().take(300).step_by(15) {
        let status = if index < 256 { 404 } else { 200 };
        auditor.gets(&format!("/audit/events/{id}")).is(status);
        auditor.gets(&format!("/audit/proofs/inclusion?eventId={id}")).is(status);
    }
    auditor.gets("/audit/tile/0/000").is(200);
    assert_eq!(auditor.gets("/audit/checkpoint").is(200).header("audit-minimum-index"), Some("256"));
    let size = kept.lines().nth(1).unwrap_or_default();
    auditor.gets(&format!("/audit/proofs/consistency?from={size}")).is(200);
    let pruned = auditor.gets("/audit/events?action=audit.pruned").is(200).json();
    assert_eq!(pruned["items"][0]["data"], serde_json::json!({"minimumIndex": 256, "retentionDays": 1}));
    assert_eq!(pruned["items"].as_array().map(Vec::len), Some(1));
    let listed = auditor.gets("/audit/events?action=server.recovered&limit=100").is(200).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(300 - 256));
    assert!(listed.get("nextCursor").is_none());

    // An export has the hashes of what is over, and is whole; the database still is, too.
    let text = export(&auditor);
    assert_eq!(text.lines().skip(1).filter(|line| !line.contains("\"event\":")).count(), 256);
    // (Whoever asked for one left an event that names it.)
    let has = |id: &str| text.contains(&format!("\"id\":\"{id}\""));
    assert!(!has(&old[255]) && has(&old[256]));
    let key = says(&world, &["audit", "key"]).1.trim().to_owned();
    let (kept, exported) =
        (keep(&world, "kept", kept.as_bytes()), keep(&world, "log.ndjson", text.as_bytes()));
    let (code, said) = judged(&world, &["--export", &exported, "--key", &key, "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("of 256 the hash, as the event's time is over"), "{said}");
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
}

/// The hashes of a proof, and the checkpoint that they lead to.
fn proof(world: &World, answer: &Value) -> (Vec<Hash>, Checkpoint) {
    let hash = |text: &Value| {
        let bytes = STANDARD.decode(text.as_str().unwrap_or_default()).unwrap_or_default();
        bytes.try_into().expect("a hash of 32 bytes")
    };
    let hashes = answer["hashes"].as_array().into_iter().flatten().map(hash).collect();
    (hashes, checkpoint(world, answer["checkpoint"].as_str().unwrap_or_default()))
}

fn checkpoint(world: &World, note: &str) -> Checkpoint {
    let verifier: NoteVerifier = says(world, &["audit", "key"]).1.trim().parse().expect("the log's key");
    Checkpoint::verify(note, &verifier).expect("a checkpoint that the log's key has signed")
}

/// The clocks of the server and of its database are moved on; everything else goes its way. On PostgreSQL the server has no
/// more rights than `deploy/postgresql/roles.sql` gives it.
fn what_happened_is_gone_from_the_api_on_day_91_and_from_the_database_on_day_99(case: Case) {
    const DENIED: u64 = 256;
    const PERSON: &str = "person@people.example";
    let world = case.world_that_crashes(&[("REDIS_URL", "")]);
    // What its events say is not there to the end.
    world.is_asked_from_outside();
    if world.server.database() == Database::Postgres {
        world.server.kill();
        let role = Roles::of(&world.server).application;
        world.server.is_set(&[("DATABASE_URL", &world.server.database_as(&role))]);
        world.server.start_again();
    }
    let agent = world.agent(PERSON, &["resume:read"]);
    for _ in 0..280 {
        agent.asks_for_a_token(&[]).is(200);
    }
    let kept = checkpoint_of_all(&world);
    let early = checkpoint(&world, &kept);
    let old: Vec<String> = {
        let text = export(&world.operator().holding("audit:read idp:admin"));
        let lines = text.lines().skip(1).map(|line| serde_json::from_str::<Value>(line).expect("JSON"));
        lines.filter_map(|line| line["event"]["id"].as_str().map(str::to_owned)).collect()
    };
    let is_kept = |index: u64| {
        let sql = "SELECT count(*) FROM audit_events JOIN audit_leaves ON event_id = id WHERE leaf_index <";
        world.server.count(&format!("{sql} {index}"))
    };
    let names_the_person = || {
        let events = world.server.events().expect("the events can be read");
        events.iter().any(|event| event.to_string().contains(PERSON))
    };
    assert!(names_the_person());

    // On day 89 nothing is over: whoever looks finds all of it.
    world.server.sleeps_until_day(89);
    std::thread::sleep(Duration::from_secs(3));
    let auditor = world.operator().holding("audit:read idp:admin");
    auditor.gets(&format!("/audit/events/{}", old[3])).is(200);
    auditor.gets("/audit/tile/entries/000").is(200);
    let pruned = auditor.gets("/audit/events?action=audit.pruned").is(200).json();
    assert_eq!(pruned["items"], json!([]));

    // On day 91 it is denied, and still there.
    world.server.sleeps_until_day(91);
    let auditor = world.operator().holding("audit:read idp:admin");
    world.eventually(404, || auditor.gets("/audit/tile/entries/000"));
    for index in [0, 3, 100, 255, 256, 270] {
        let status = if index < 256 { 404 } else { 200 };
        auditor.gets(&format!("/audit/events/{}", old[index])).is(status);
        auditor.gets(&format!("/audit/proofs/inclusion?eventId={}", old[index])).is(status);
    }
    let pruned = auditor.gets("/audit/events?action=audit.pruned").is(200).json();
    assert_eq!(pruned["items"][0]["data"], json!({ "minimumIndex": DENIED, "retentionDays": 90 }));
    assert_eq!(pruned["items"][0]["actor"], json!({ "method": "system" }));
    let pruning = pruned["items"][0]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(is_kept(DENIED), 256);
    let text = export(&auditor);
    assert_eq!(text.lines().filter(|line| line.contains("\"hash\":")).count(), 256);
    agent.asks_for_a_token(&[]).is(200);

    // On day 99 it is gone, and what it was is proved on.
    world.server.sleeps_until_day(99);
    let began = Instant::now();
    while is_kept(DENIED) > 0 {
        assert!(began.elapsed() < Duration::from_secs(30), "{} events are still there", is_kept(DENIED));
        std::thread::sleep(Duration::from_millis(100));
    }
    assert!(is_kept(early.size) > 0, "what is not in a full bundle outlives its days");
    assert!(!names_the_person());
    let auditor = world.operator().holding("audit:read idp:admin");
    let path = format!("/audit/proofs/consistency?from={}", early.size);
    let (hashes, now) = proof(&world, &auditor.gets(&path).is(200).json());
    assert!(now.size > early.size);
    assert!(consistency_verify(early.size, &early.root, now.size, &now.root, &hashes));
    for id in [&old[256], &old[270], &pruning] {
        let answer = auditor.gets(&format!("/audit/proofs/inclusion?eventId={id}")).is(200).json();
        let (hashes, now) = proof(&world, &answer);
        let index = answer["leafIndex"].as_u64().unwrap_or_default();
        let leaf = STANDARD.decode(answer["leafHash"].as_str().unwrap_or_default()).unwrap_or_default();
        let leaf = leaf.try_into().expect("a hash of 32 bytes");
        assert!(inclusion_verify(index, now.size, &leaf, &hashes, &now.root), "{id}");
    }
    let kept = keep(&world, "kept", kept.as_bytes());
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("of 256 the hash, as the event's time is over"), "{said}");
    assert!(!world.server.log().contains("permission denied"), "the server's role may do what it has to");
}
