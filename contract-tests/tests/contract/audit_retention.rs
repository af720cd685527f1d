//! The end of what events say, as those see it who ask the server: what is over is denied, and its hashes prove on.

use contract_tests::actor::Actor;
use contract_tests::log::{checkpoint_of_all, forgotten, has_old_events, judged, keep};
use contract_tests::on_both_databases;
use contract_tests::world::Case;
use serde_json::Value;

on_both_databases![what_is_over_is_denied_and_its_hashes_prove_on];

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
    let key = String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned();
    let (kept, exported) =
        (keep(&world, "kept", kept.as_bytes()), keep(&world, "log.ndjson", text.as_bytes()));
    let (code, said) = judged(&world, &["--export", &exported, "--key", &key, "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("of 256 the hash, as the event's time is over"), "{said}");
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
}
