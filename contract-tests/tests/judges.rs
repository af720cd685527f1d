//! The audit log as judges see it that are not ours (`scripts/judges/audit`): an honest log passes, and one that somebody was
//! at does not. `scripts/judges/test` builds the judges and runs this.

use contract_tests::actor::Actor;
use contract_tests::log::{
    EVENTS, checkpoint_of_all, event_at, id_at, judges_say, keep, key, prune, replaced, says, unguarded,
};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    an_honest_log_passes,
    another_key_does_not_pass,
    an_event_that_was_changed_is_found,
    an_event_that_was_removed_is_found,
    a_tile_that_was_changed_is_found,
    a_log_that_was_rolled_back_is_found,
    another_past_under_the_same_key_is_found,
    a_pruned_log_passes_from_its_minimum_index_on,
    a_reopened_log_passes_by_its_new_name_alone,
];

/// The log is read faster than a client usually asks, and nobody but the test is to write to it.
const SETTINGS: &[(&str, &str)] = &[
    ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "0"),
    ("REDIS_URL", ""),
];

const SIGNED: &str = "the checkpoint is signed by the log's key";
const CONSISTENT: &str = "the older checkpoint is consistent, by the log's proof and by its tiles";
const REBUILT: &str = "the tree that the entry bundles give is the log's, tile by tile";

fn causes_events(world: &World, number: usize) {
    for _ in 0..number {
        world.operator().asks_for_a_token(&[("scope", "audit:read")]).is(200);
    }
}

/// Somebody who reads the whole log, once all that happened is in it; and how many events that are.
fn auditor(world: &World) -> (Actor<'_>, u64) {
    let auditor = world.operator().holding("audit:read idp:admin");
    let checkpoint = checkpoint_of_all(world);
    let size = checkpoint.lines().nth(1).and_then(|size| size.parse().ok());
    (auditor, size.expect("a checkpoint has its size in the second line"))
}

fn included(id: &str) -> String {
    format!("the event {id} is included, by the log's proof and by its tiles")
}

fn rooted(size: u64) -> String {
    format!("the tiles give the root of {size} events")
}

fn from(index: u64) -> String {
    format!("each of the events from {index} on has the hash that the tiles prove")
}

/// The judges find nothing wrong: these are all of their judgements beside the first.
fn pass(world: &World, key: &str, auditor: &Actor<'_>, more: &[&str], judgements: &[String]) {
    let (code, said) = judges_say(world, key, auditor, more);
    let expected = std::iter::once("the verifier key is one").chain(judgements.iter().map(String::as_str));
    let expected: Vec<String> = expected.map(|judgement| format!("ok {judgement}")).collect();
    assert_eq!((code, said), (0, expected));
}

/// The last of the judgements is that this is not so, for one of these reasons; it comes after so many others. (What a tile
/// has and what it should have are further lines, which say nothing more.)
fn fail(
    world: &World,
    key: &str,
    auditor: &Actor<'_>,
    more: &[&str],
    judgement: &str,
    whys: &[&str],
    after: usize,
) {
    let (code, said) = judges_say(world, key, auditor, more);
    let (passed, failed) = said.split_at_checked(after).expect("so many judgements");
    assert!(code == 1 && passed.iter().all(|judgement| judgement.starts_with("ok ")), "{said:?}");
    let mut expected = whys.iter().map(|why| format!("FAILED {judgement}: {why}"));
    assert!(expected.any(|expected| failed.first() == Some(&expected)), "{whys:?}: {said:?}");
}

/// What the judges say of a bundle that they are not given.
fn not_given(world: &World, bundle: &str, why: &str) -> String {
    match why {
        "404" => format!(
            "resource not found: get(\"{}/audit/tile/entries/{bundle}\"): file does not exist",
            world.server.base
        ),
        status => format!(
            "failed to fetch resource: get(\"{}/audit/tile/entries/{bundle}\"): {status}",
            world.server.base
        ),
    }
}

/// What they say of an event that they are not shown.
fn not_shown(id: &str) -> String {
    format!("proofs/inclusion?eventId={id} was answered 404 Not Found")
}

fn an_honest_log_passes(case: Case) {
    let world = case.world_with(SETTINGS);
    causes_events(&world, 40);
    let early = keep(&world, "early", checkpoint_of_all(&world).as_bytes());
    causes_events(&world, 300);
    let (auditor, size) = auditor(&world);
    let ids = [0, 1, 41, 255, 256, size - 1].map(|index| id_at(&auditor, index));
    let mut judgements = vec![SIGNED.to_owned(), rooted(size), CONSISTENT.to_owned()];
    judgements.extend(ids.iter().map(|id| included(id)));
    judgements.extend([from(0), REBUILT.to_owned()]);
    let more = ["-old", &early, "-events", &ids.join(","), "-from", "0", "-fsck"];
    pass(&world, &key(&world), &auditor, &more, &judgements);
}

fn another_key_does_not_pass(case: Case) {
    let world = case.world_with(SETTINGS);
    let (auditor, _) = auditor(&world);
    let other = key(&case.world_of("other"));
    fail(&world, &other, &auditor, &[], SIGNED, &["note has no verifiable signatures"], 1);
}

fn an_event_that_was_changed_is_found(case: Case) {
    let world = case.world_with(SETTINGS);
    causes_events(&world, 300);
    let (auditor, _) = auditor(&world);
    let (key, id) = (key(&world), id_at(&auditor, 200));
    unguarded(&world, "audit_events", EVENTS);
    let content = replaced(&world, "\"salt\"", "\"salT\"");
    world
        .server
        .break_database(&format!("UPDATE audit_events SET content = {content} WHERE id = {}", event_at(200)));
    fail(
        &world,
        &key,
        &auditor,
        &["-from", "0"],
        &from(0),
        &["the event at 200 does not have its leaf's hash"],
        3,
    );
    let why = "by its proof: invalid transparency proof";
    fail(&world, &key, &auditor, &["-events", &id], &included(&id), &[why], 3);
    // The tile of its leaf and the one above it are compared at the same time.
    let tiles = ["failed: tile/0/000: log has:", "failed: tile/1/000.p/1: log has:"];
    fail(&world, &key, &auditor, &["-fsck"], REBUILT, &tiles, 3);
}

fn an_event_that_was_removed_is_found(case: Case) {
    let world = case.world_with(SETTINGS);
    causes_events(&world, 300);
    let (auditor, _) = auditor(&world);
    let (key, id) = (key(&world), id_at(&auditor, 200));
    unguarded(&world, "audit_events", EVENTS);
    world.server.break_database(&format!("DELETE FROM audit_events WHERE id = {}", event_at(200)));
    let not_given = not_given(&world, "000", "500");
    let why = format!("failed to fetch bundle at index 0: {not_given}");
    fail(&world, &key, &auditor, &["-from", "0"], &from(0), &[&why], 3);
    fail(&world, &key, &auditor, &["-events", &id], &included(&id), &[&not_shown(&id)], 3);
    let why = format!("error while streaming bundles: {not_given}");
    fail(&world, &key, &auditor, &["-fsck"], REBUILT, &[&why], 3);
    assert!(
        world.server.log().contains(&format!("the event at index 200 ({id}) was removed before its time"))
    );
}

fn a_tile_that_was_changed_is_found(case: Case) {
    let world = case.world_with(SETTINGS);
    causes_events(&world, 300);
    let (auditor, _) = auditor(&world);
    let (key, beside) = (key(&world), id_at(&auditor, 100));
    unguarded(&world, "audit_leaves", &["audit_leaves_keep_updated"]);
    world.server.break_database(
        "UPDATE audit_leaves SET hash = (SELECT l.hash FROM audit_leaves l WHERE l.leaf_index = 100) WHERE leaf_index = 101",
    );
    // It stands beside the way from its neighbour to the root.
    let why = "by its proof: invalid transparency proof";
    fail(&world, &key, &auditor, &["-events", &beside], &included(&beside), &[why], 3);
    fail(&world, &key, &auditor, &["-from", "0"], &from(0), &["downloaded inconsistent tile"], 3);
    fail(&world, &key, &auditor, &["-fsck"], REBUILT, &["failed: tile/0/000: log has:"], 3);
}

/// A world whose log had grown by a few events to a checkpoint, and whose database was put back to before that since, and the
/// checkpoint. It runs again.
fn put_back(case: Case, meanwhile: usize) -> (World, String) {
    let world = case.world_with(SETTINGS);
    // What it is asked is forgotten with the restored copy.
    world.is_asked_from_outside();
    causes_events(&world, 20);
    checkpoint_of_all(&world);
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    causes_events(&world, meanwhile);
    let late = keep(&world, "late", checkpoint_of_all(&world).as_bytes());
    world.server.kill();
    world.server.restore_database(&copy);
    (world, late)
}

fn a_log_that_was_rolled_back_is_found(case: Case) {
    let (world, late) = put_back(case, 30);
    world.server.start_again();
    let (auditor, _) = auditor(&world);
    let why = "tlog: invalid inputs in ProveTree";
    fail(&world, &key(&world), &auditor, &["-old", &late], CONSISTENT, &[why], 3);
}

/// Both histories are whole by themselves, and the log's key has signed both; the one is longer than the other, or as long.
fn another_past_under_the_same_key_is_found(case: Case) {
    let (world, late) = put_back(case, 30);
    world.server.start_again();
    // The token of the auditor is an event as well.
    causes_events(&world, 29);
    let (auditor, size) = auditor(&world);
    let kept = std::fs::read_to_string(&late).expect("the checkpoint is there");
    assert_eq!(kept.lines().nth(1), Some(size.to_string().as_str()));
    let (key, why) = (key(&world), "by its tiles: invalid transparency proof");
    fail(&world, &key, &auditor, &["-old", &late], CONSISTENT, &[why], 3);
    causes_events(&world, 300);
    let (auditor, size) = self::auditor(&world);
    fail(&world, &key, &auditor, &["-old", &late], CONSISTENT, &[why], 3);
    let whole = [SIGNED.to_owned(), rooted(size), from(0), REBUILT.to_owned()];
    pass(&world, &key, &auditor, &["-from", "0", "-fsck"], &whole);
}

fn a_pruned_log_passes_from_its_minimum_index_on(case: Case) {
    let world = case.world_with(SETTINGS);
    causes_events(&world, 20);
    let early = keep(&world, "early", checkpoint_of_all(&world).as_bytes());
    causes_events(&world, 600);
    let (reader, _) = auditor(&world);
    let [gone, first, later] = [511, 512, 600].map(|index| id_at(&reader, index));
    prune(&world, 512);
    let (auditor, size) = auditor(&world);
    let key = key(&world);
    let judgements = [
        SIGNED.to_owned(),
        rooted(size),
        CONSISTENT.to_owned(),
        included(&first),
        included(&later),
        from(512),
    ];
    let more = ["-old", &early, "-events", &format!("{first},{later}"), "-from", "512"];
    pass(&world, &key, &auditor, &more, &judgements);
    let why = format!("failed to fetch bundle at index 1: {}", not_given(&world, "001", "404"));
    fail(&world, &key, &auditor, &["-from", "511"], &from(511), &[&why], 3);
    fail(&world, &key, &auditor, &["-events", &gone], &included(&gone), &[&not_shown(&gone)], 3);
    let why = format!("error while streaming bundles: {}", not_given(&world, "000", "404"));
    fail(&world, &key, &auditor, &["-fsck"], REBUILT, &[&why], 3);
}

fn a_reopened_log_passes_by_its_new_name_alone(case: Case) {
    let (world, late) = put_back(case, 30);
    let old = key(&world);
    let (code, said) = says(&world, &["audit", "reopen", "--checkpoint", &late]);
    assert_eq!(code, 0, "{said}");
    world.server.start_again();
    let kept = keep(&world, "now", checkpoint_of_all(&world).as_bytes());
    causes_events(&world, 300);
    let (auditor, size) = auditor(&world);
    let new = key(&world);
    let last = id_at(&auditor, size - 1);
    let judgements = [
        SIGNED.to_owned(),
        rooted(size),
        CONSISTENT.to_owned(),
        included(&last),
        from(0),
        REBUILT.to_owned(),
    ];
    pass(&world, &new, &auditor, &["-old", &kept, "-events", &last, "-from", "0", "-fsck"], &judgements);
    let why = "the older checkpoint: note has no verifiable signatures";
    fail(&world, &new, &auditor, &["-old", &late], CONSISTENT, &[why], 3);
    fail(&world, &old, &auditor, &[], SIGNED, &["note has no verifiable signatures"], 1);
}
