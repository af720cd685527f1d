//! The audit log of a server, as its commands judge it and as somebody with the owner's rights can spoil it.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::server::Database;
use crate::world::World;

/// How long the integration of what has happened may take.
const INTEGRATED_WITHIN: Duration = Duration::from_secs(300);

/// The triggers of SQLite that keep events as they are.
pub const EVENTS: &[&str] =
    &["audit_events_keep_updated", "audit_events_keep_deleted", "audit_events_keep_first"];

/// What a command of the server's program says, and how it ends.
pub fn says(world: &World, arguments: &[&str]) -> (i32, String) {
    let output = world.server.run(arguments);
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), said)
}

/// What `agentidp audit verify` says, and how it ends.
pub fn judged(world: &World, arguments: &[&str]) -> (i32, String) {
    says(world, &[&["audit", "verify"], arguments].concat())
}

/// The last checkpoint, once everything that happened is in the tree.
///
/// # Panics
/// When that takes too long.
pub fn checkpoint_of_all(world: &World) -> String {
    checkpoints_until_all(world).pop().expect("the last one has all")
}

/// Every checkpoint that is seen until one has everything that happened.
///
/// # Panics
/// When that takes too long.
pub fn checkpoints_until_all(world: &World) -> Vec<String> {
    let started = Instant::now();
    let mut seen = Vec::new();
    loop {
        let output = world.server.run(&["audit", "checkpoint"]);
        // There may be none yet.
        let checkpoint = String::from_utf8_lossy(&output.stdout).into_owned();
        let size = checkpoint.lines().nth(1).unwrap_or_default().to_owned();
        let events = world.server.count("SELECT count(*) FROM audit_events");
        if !checkpoint.is_empty() && seen.last() != Some(&checkpoint) {
            seen.push(checkpoint);
        }
        if size == events.to_string() {
            return seen;
        }
        assert!(started.elapsed() < INTEGRATED_WITHIN, "{size} of {events} events are signed");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The last checkpoint that is signed so far.
///
/// # Panics
/// When there is none.
pub fn checkpoint(world: &World) -> String {
    let output = world.server.run(&["audit", "checkpoint"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// How many events the last checkpoint has that is signed so far.
///
/// # Panics
/// When there is none.
pub fn signed(world: &World) -> u64 {
    let checkpoint = checkpoint(world);
    checkpoint
        .lines()
        .nth(1)
        .and_then(|size| size.parse().ok())
        .expect("a checkpoint says how many events it has")
}

/// Holds the log to what it must be once everything that happened is in its tree: every event has one leaf and every leaf an
/// event, no number is left out, every checkpoint that was kept is continued, and the hashes are those of the bytes.
///
/// # Panics
/// When it is anything else.
pub fn is_one_log(world: &World, kept: &[String]) {
    let size = checkpoint_of_all(world).lines().nth(1).unwrap_or_default().to_owned();
    let counts = [
        ("events", "SELECT count(*) FROM audit_events"),
        ("leaves", "SELECT count(*) FROM audit_leaves"),
        ("the events of the leaves", "SELECT count(DISTINCT event_id) FROM audit_leaves"),
        ("events with a leaf", "SELECT count(*) FROM audit_events JOIN audit_leaves ON event_id = id"),
        ("numbers up to the last leaf's", "SELECT max(leaf_index) + 1 FROM audit_leaves"),
        ("the head's size", "SELECT tree_size FROM audit_head"),
    ];
    for (what, sql) in counts {
        assert_eq!(world.server.count(sql).to_string(), size, "{what}, of a log with a checkpoint of {size}");
    }
    assert_eq!(world.server.count("SELECT count(*) FROM audit_pending"), 0, "events wait that have a leaf");
    let files: Vec<String> = (0..)
        .zip(kept)
        .map(|(number, checkpoint)| keep(world, &format!("kept-{number}"), checkpoint.as_bytes()))
        .collect();
    let arguments: Vec<&str> = files.iter().flat_map(|file| ["--checkpoint", file]).collect();
    let (code, said) = judged(world, &arguments);
    let continued = said.matches("it continues ").count();
    assert!(code == 0 && said.contains("is whole"), "{said}");
    assert_eq!(continued, kept.len() + 1, "the checkpoints that were kept, and the last: {said}");
}

/// Keeps a checkpoint beside the server, and says where.
pub fn keep(world: &World, name: &str, checkpoint: &[u8]) -> String {
    world.server.keep(name, checkpoint).display().to_string()
}

/// Lets the owner of a table do what its triggers forbid; SQLite's are named, of PostgreSQL's it is all.
pub fn unguarded(world: &World, table: &str, triggers: &[&str]) {
    // What its events say from now on is not what its requests left.
    world.is_asked_from_outside();
    match world.server.database() {
        Database::Sqlite => {
            for trigger in triggers {
                world.server.break_database(&format!("DROP TRIGGER {trigger}"));
            }
        }
        Database::Postgres => {
            world.server.break_database(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"));
        }
    }
}

/// A hash as the database's SQL writes it.
///
/// # Panics
/// When it is not in base64.
pub fn blob(world: &World, base64: &str) -> String {
    let bytes = STANDARD.decode(base64).expect("a checkpoint has its root in base64");
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    match world.server.database() {
        Database::Sqlite => format!("x'{hex}'"),
        Database::Postgres => format!("'\\x{hex}'::bytea"),
    }
}

/// The id of an event in SQL, by its leaf.
pub fn event_at(index: u64) -> String {
    format!("(SELECT event_id FROM audit_leaves WHERE leaf_index = {index})")
}
