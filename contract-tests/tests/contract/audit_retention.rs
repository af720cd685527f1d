//! The end of what events say, as those see it who ask the server: what is over is denied, and its hashes prove on.

use contract_tests::actor::Actor;
use contract_tests::log::{checkpoint_of_all, judged, keep, unguarded};
use contract_tests::on_both_databases;
use contract_tests::server::Database;
use contract_tests::world::{Case, World};
use serde_json::Value;

on_both_databases![what_is_over_is_denied_and_its_hashes_prove_on];

/// A second of three days ago.
fn three_days_ago() -> i64 {
    let seconds = std::time::SystemTime::UNIX_EPOCH.elapsed().expect("a clock after 1970").as_secs();
    i64::try_from(seconds).expect("a time") - 3 * 24 * 60 * 60
}

/// Puts the log back to its beginning, and 300 events of a day that is over there; the server is killed.
fn begins_three_days_ago(world: &World) {
    let empty = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    for (table, triggers) in [
        ("audit_checkpoints", &["audit_checkpoints_keep_deleted"][..]),
        ("audit_keys", &["audit_keys_keep_deleted"][..]),
        ("audit_leaves", &["audit_leaves_keep_deleted"][..]),
        ("audit_events", &["audit_events_keep_deleted"][..]),
    ] {
        unguarded(world, table, triggers);
        world.server.break_database(&format!("DELETE FROM {table}"));
    }
    unguarded(world, "audit_head", &["audit_head_grow"]);
    world.server.break_database("DELETE FROM audit_pending");
    world.server.break_database(&format!(
        "UPDATE audit_head SET tree_size = 0, root_hash = {}, origin = NULL, updated_at = NULL",
        contract_tests::log::blob(world, empty)
    ));
    let from = three_days_ago();
    let content = |id: &str, time: &str| {
        format!(
            "'{{\"action\":\"server.recovered\",\"actor\":{{\"method\":\"local\"}},\"data\":{{}},\"id\":\"' || {id} || \
             '\",\"outcome\":\"success\",\"salt\":\"000102030405060708090a0b0c0d0e0f\",\"subject\":{{}},\"time\":\"' || {time} || '\"}}'"
        )
    };
    let sql = match world.server.database() {
        Database::Sqlite => format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 300), \
             told AS (SELECT printf('%012x', {from} * 1000 + n) AS start, printf('%012x', n) AS tail, \
             strftime('%Y-%m-%dT%H:%M:%S', {from}, 'unixepoch') || printf('.%03d', n) AS time FROM numbers) \
             INSERT INTO audit_events (id, time, action, outcome, content) \
             SELECT unhex(start || '70008000' || tail), time || '+00:00', 'server.recovered', 'success', CAST({} AS BLOB) FROM told",
            content("substr(start, 1, 8) || '-' || substr(start, 9) || '-7000-8000-' || tail", "time || 'Z'")
        ),
        Database::Postgres => format!(
            "ALTER TABLE audit_events ENABLE TRIGGER ALL; \
             WITH told AS (SELECT (lpad(to_hex({from}::bigint * 1000 + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid AS id \
             FROM generate_series(1, 300) n) \
             INSERT INTO audit_events (id, time, action, outcome, content) \
             SELECT id, audit_time_of(id), 'server.recovered', 'success', convert_to({}, 'UTF8') FROM told",
            content(
                "id::text",
                "to_char(audit_time_of(id) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
            )
        ),
    };
    world.server.break_database(&sql);
}

fn export(auditor: &Actor<'_>) -> String {
    auditor.gets("/audit/export").is(200).text()
}

fn what_is_over_is_denied_and_its_hashes_prove_on(case: Case) {
    let world = case.world_with(&[("AGENTIDP_AUDIT_RETENTION_DAYS", "1"), ("REDIS_URL", "")]);
    world.server.kill();
    begins_three_days_ago(&world);
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
    assert!(!text.contains(&old[255]) && text.contains(&old[256]));
    let key = String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned();
    let (kept, exported) =
        (keep(&world, "kept", kept.as_bytes()), keep(&world, "log.ndjson", text.as_bytes()));
    let (code, said) = judged(&world, &["--export", &exported, "--key", &key, "--checkpoint", &kept]);
    assert!(code == 0 && said.contains("of 256 the hash, as the event's time is over"), "{said}");
    let (code, said) = judged(&world, &["--checkpoint", &kept]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
}
