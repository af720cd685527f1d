//! The log to those who check it: getAuditCheckpoint, getAuditTile, getAuditEntries, the proofs, exportAuditEvents.

use std::time::Duration;

use agentidp::crypto::NoteVerifier;
use agentidp::crypto::merkle::leaf_hash;
use agentidp::domain::log::proof::{consistency_verify, inclusion_verify};
use agentidp::domain::log::{Checkpoint, Hash, tiles};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract_tests::actor::{Actor, Answer};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::Value;

use crate::events;

on_both_databases![
    a_checkpoint_is_signed_and_grows,
    tiles_and_bundles_have_the_root_of_the_checkpoint,
    what_the_log_does_not_have_is_not_found,
    paths_that_the_format_does_not_have_are_refused,
    an_event_is_proved_to_be_in_the_log,
    an_event_that_is_not_there_is_not_proved,
    a_log_is_proved_to_continue_what_it_was,
    sizes_that_the_log_never_had_are_refused,
    a_whole_export_is_all_that_it_takes_to_compute_the_root,
    an_export_of_ones_own_events_has_their_proofs,
    an_export_that_makes_no_sense_is_refused,
    hashes_are_open_to_everybody_if_the_operator_says_so,
    the_events_themselves_take_the_scope_idp_admin,
];

fn auditor(world: &World) -> Actor<'_> {
    world.operator().holding("audit:read idp:admin")
}

fn verifier(world: &World) -> NoteVerifier {
    let created = events(world, "action=key.created");
    let mut keys = created.iter().filter_map(|event| event["data"]["verifierKey"].as_str());
    keys.next_back().expect("the log's key is in its log").parse().expect("a verifier key")
}

fn checkpoint_of(world: &World, note: &str) -> Checkpoint {
    Checkpoint::verify(note, &verifier(world)).expect("a checkpoint that the log's key has signed")
}

/// The checkpoint, once it has all events that there are.
fn settled(world: &World) -> Checkpoint {
    // Who asks for a token leaves an event, so the key and the token are there before.
    let (key, auditor) = (verifier(world), auditor(world));
    for _ in 0..300 {
        let note = auditor.gets("/audit/checkpoint").is(200).text();
        let signed = Checkpoint::verify(&note, &key).expect("a checkpoint that the log's key has signed");
        if i64::try_from(signed.size).ok() == Some(world.server.count("SELECT count(*) FROM audit_events")) {
            return signed;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the log does not catch up");
}

fn hash(value: &Value) -> Hash {
    let bytes = STANDARD.decode(value.as_str().unwrap_or_default()).unwrap_or_default();
    bytes.try_into().expect("a hash of 32 bytes")
}

fn hashes(value: &Value) -> Vec<Hash> {
    value.as_array().expect("a list of hashes").iter().map(hash).collect()
}

fn root_of(leaves: &[Hash]) -> Hash {
    let mut frontier = agentidp::domain::log::Frontier::empty();
    for leaf in leaves {
        frontier.append(*leaf, |_, _| {});
    }
    frontier.root()
}

fn a_checkpoint_is_signed_and_grows(case: Case) {
    let world = case.world();
    let first = settled(&world);
    world.agent("screener-001@example.com", &["resume:read"]);
    let second = settled(&world);
    assert!(second.size > first.size);
    let answer = auditor(&world).gets("/audit/checkpoint").is(200);
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert!(first.origin.ends_with("/audit"), "{}", first.origin);
}

fn tiles_and_bundles_have_the_root_of_the_checkpoint(case: Case) {
    let world = case.world();
    let auditor = auditor(&world);
    // More than a tile.
    for _ in 0..270 {
        world.operator().asks_for_a_token(&[("scope", "audit:read")]).is(200);
    }
    let signed = settled(&world);
    let rest = signed.size - 256;
    let full = auditor.gets("/audit/tile/0/000").is(200);
    assert_eq!(full.header("cache-control"), Some("private, max-age=31536000, immutable"));
    let partial = auditor.gets(&format!("/audit/tile/0/001.p/{rest}")).is(200);
    assert_eq!(partial.header("cache-control"), Some("private, max-age=60"));
    let mut leaves = tiles::hashes_read(full.bytes()).expect("hashes");
    leaves.extend(tiles::hashes_read(partial.bytes()).expect("hashes"));
    assert_eq!(root_of(&leaves), signed.root);
    let above = auditor.gets("/audit/tile/1/000.p/1").is(200);
    assert_eq!(above.bytes(), root_of(&leaves[..256]));

    let mut entries = Vec::new();
    for path in ["000".to_owned(), format!("001.p/{rest}")] {
        let bundle = auditor.gets(&format!("/audit/tile/entries/{path}")).is(200);
        assert_eq!(bundle.header("cache-control"), Some("no-store"));
        entries.extend(tiles::entries_read(bundle.bytes()).expect("entries").into_iter().map(leaf_hash));
    }
    assert_eq!(entries, leaves);
}

fn what_the_log_does_not_have_is_not_found(case: Case) {
    let world = case.world();
    let auditor = auditor(&world);
    auditor.gets("/audit/tile/0/x001/000").is_recorded_as("tile");
    auditor.gets("/audit/tile/entries/x001/000").is_recorded_as("bundle");
    let farthest = "x018/x446/x744/x073/x709/x551/615";
    for path in ["0/000", "1/000.p/1", "63/000", "0/000.p/0", "0/000.p/256", "0/x000/000", "entries/000"]
        .map(str::to_owned)
        .into_iter()
        .chain([format!("0/{farthest}"), format!("entries/{farthest}"), format!("entries/{farthest}.p/255")])
    {
        auditor.gets(&format!("/audit/tile/{path}")).is(404);
    }
}

fn paths_that_the_format_does_not_have_are_refused(case: Case) {
    let world = case.world();
    let auditor = auditor(&world);
    auditor.gets("/audit/tile/64/000").is_recorded_as("level");
    auditor.gets("/audit/tile/0/0").is_recorded_as("tile");
    auditor.gets("/audit/tile/entries/000.p/").is_recorded_as("bundle");
    auditor.gets("/audit/checkpoint?size=1").is_recorded_as("checkpoint");
}

fn an_event_is_proved_to_be_in_the_log(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    settled(&world);
    let owner = world.operator().holding("audit:read");
    for event in events(&world, &format!("agentId={}", agent.id())) {
        let id = event["id"].as_str().unwrap_or_default();
        let proof = owner.gets(&format!("/audit/proofs/inclusion?eventId={id}")).is(200).json();
        let signed = checkpoint_of(&world, proof["checkpoint"].as_str().unwrap_or_default());
        assert_eq!((&proof["treeSize"], hash(&proof["rootHash"])), (&signed.size.into(), signed.root));
        let (index, leaf) = (proof["leafIndex"].as_u64().unwrap_or_default(), hash(&proof["leafHash"]));
        assert!(inclusion_verify(index, signed.size, &leaf, &hashes(&proof["hashes"]), &signed.root));
    }
}

fn an_event_that_is_not_there_is_not_proved(case: Case) {
    let world = case.world();
    let auditor = auditor(&world);
    let path = "/audit/proofs/inclusion";
    auditor.gets(&format!("{path}?eventId=01931e2c-0000-7000-8000-000000000000")).is_recorded_as("nowhere");
    auditor.gets(path).is_recorded_as("nothing");
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    settled(&world);
    let event = events(&world, &format!("agentId={}", agent.id()));
    let id = event[0]["id"].as_str().unwrap_or_default();
    let stranger = world.stranger("stranger@example.com", &["audit:read"]).holding("audit:read");
    stranger.gets(&format!("{path}?eventId={id}")).is(404);
    // Nor is one whose time to get into the log has not come: here because another log is worked on.
    let named = |origin: &str| {
        world.server.break_database(&format!("UPDATE audit_head SET origin = '{origin}'"));
    };
    let origin = settled(&world).origin;
    named("log.example.com/other");
    let last = auditor.gets("/audit/events/01931e2c-0000-7000-8000-000000000000").is(404);
    let denied = events(&world, "action=access.denied");
    assert_eq!(denied[0]["requestId"].as_str(), last.header("x-request-id"));
    let id = denied[0]["id"].as_str().unwrap_or_default();
    auditor.gets(&format!("{path}?eventId={id}")).is_recorded_as("not_yet");
    named(&origin);
    settled(&world);
    auditor.gets(&format!("{path}?eventId={id}")).is(200);
}

fn a_log_is_proved_to_continue_what_it_was(case: Case) {
    let world = case.world();
    let auditor = auditor(&world);
    let earlier = settled(&world);
    world.agent("screener-001@example.com", &["resume:read"]);
    settled(&world);
    let path = format!("/audit/proofs/consistency?from={}", earlier.size);
    let proof = auditor.gets(&path).is(200).json();
    let later = checkpoint_of(&world, proof["checkpoint"].as_str().unwrap_or_default());
    let shown = hashes(&proof["hashes"]);
    assert!(consistency_verify(earlier.size, &earlier.root, later.size, &later.root, &shown));
    assert_eq!(proof["to"], later.size);
    let same = auditor.gets(&format!("{path}&to={}", earlier.size)).is(200).json();
    assert_eq!(same["hashes"], serde_json::json!([]));
}

fn sizes_that_the_log_never_had_are_refused(case: Case) {
    let world = case.world();
    settled(&world);
    let auditor = auditor(&world);
    auditor.gets("/audit/proofs/consistency").is_recorded_as("nothing");
    auditor.gets("/audit/proofs/consistency?from=2&to=1").is_recorded_as("backwards");
    auditor
        .gets("/audit/proofs/consistency?from=1&to=9007199254740991")
        .is(400)
        .says("/code", "VALIDATION_ERROR");
    auditor.gets("/audit/proofs/consistency?from=-1").is(400);
}

/// The lines of an export; the first is its checkpoint.
fn lines(world: &World, export: &Answer<'_>) -> (Checkpoint, Vec<String>) {
    let text = export.text();
    let mut lines = text.lines().map(str::to_owned);
    let first: Value = serde_json::from_str(&lines.next().unwrap_or_default()).expect("a first line");
    (checkpoint_of(world, first["checkpoint"].as_str().unwrap_or_default()), lines.collect())
}

/// The bytes of the event of a line: its last member, as it is written.
fn event_of(line: &str) -> &str {
    let (_, event) = line.split_once("\"event\":").expect("an event");
    event.strip_suffix('}').expect("the end of a line")
}

fn a_whole_export_is_all_that_it_takes_to_compute_the_root(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    settled(&world);
    let export = auditor(&world).gets("/audit/export").is(200);
    assert_eq!(export.header("cache-control"), Some("no-store"));
    let (signed, all) = lines(&world, &export);
    let leaves: Vec<Hash> = all.iter().map(|line| leaf_hash(event_of(line).as_bytes())).collect();
    assert_eq!((leaves.len() as u64, root_of(&leaves)), (signed.size, signed.root));
    for (index, line) in all.iter().enumerate() {
        assert!(line.starts_with(&format!("{{\"leafIndex\":{index},")), "{line}");
    }
    // Whoever was cut off goes on.
    let (_, rest) = lines(&world, &auditor(&world).gets("/audit/export?start=2").is(200));
    assert_eq!(rest[..all.len() - 2], all[2..]);
}

fn an_export_of_ones_own_events_has_their_proofs(case: Case) {
    let world = case.world();
    let agent = world.stranger("stranger@example.com", &["audit:read"]);
    let other = world.agent("screener-001@example.com", &["resume:read"]);
    let reader = agent.holding("audit:read");
    settled(&world);
    let export = reader.gets("/audit/export").is(200);
    assert!(!export.text().contains(other.id()), "{export}");
    let (signed, own) = lines(&world, &export);
    assert!(own.len() >= 3, "{own:?}");
    for line in &own {
        let read: Value = serde_json::from_str(line).expect("a line of JSON");
        let leaf = leaf_hash(event_of(line).as_bytes());
        let index = read["leafIndex"].as_u64().unwrap_or_default();
        assert!(inclusion_verify(index, signed.size, &leaf, &hashes(&read["proof"]), &signed.root), "{line}");
    }
    let issued = reader.gets("/audit/export?action=token.issued").is(200);
    assert!(!issued.text().contains("agent.registered"), "{issued}");
    // From the last line that arrived on.
    let first: Value = serde_json::from_str(&own[0]).expect("a line of JSON");
    let id = first["event"]["id"].as_str().unwrap_or_default();
    let (_, rest) = lines(&world, &reader.gets(&format!("/audit/export?before={id}")).is(200));
    assert_eq!(rest.len(), own.len() - 1);
}

fn an_export_that_makes_no_sense_is_refused(case: Case) {
    let world = case.world();
    auditor(&world).gets("/audit/export?start=0&action=token.issued").is_recorded_as("filtered");
    auditor(&world)
        .gets("/audit/export?start=9007199254740991")
        .is(400)
        .says("/details/violations/0/path", "start");
    world.operator().holding("audit:read").gets("/audit/export?start=0").is_recorded_as("own");
    auditor(&world).gets("/audit/export?nothing=1").is(400);
}

fn hashes_are_open_to_everybody_if_the_operator_says_so(case: Case) {
    let world = case.world_with(&[("AGENTIDP_AUDIT_PUBLIC", "true")]);
    settled(&world);
    let anyone = world.anyone();
    for open in ["/audit/checkpoint", "/audit/tile/0/000.p/1", "/audit/proofs/consistency?from=1"] {
        anyone.gets(open).is(200);
        // Whoever shows something is asked who it is.
        world.bearer("nothing").gets(open).is(401);
    }
    let id = "01931e2c-0000-7000-8000-000000000000";
    for closed in
        ["/audit/export", "/audit/tile/entries/000.p/1", &format!("/audit/proofs/inclusion?eventId={id}")]
    {
        anyone.gets(closed).is(401);
    }
}

fn the_events_themselves_take_the_scope_idp_admin(case: Case) {
    let world = case.world();
    settled(&world);
    world.operator().holding("audit:read").gets("/audit/tile/entries/000.p/1").is(403);
    world.operator().holding("idp:admin").gets("/audit/tile/entries/000.p/1").is(200);
}
