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

/// What `agentidp audit verify` says, and how it ends.
pub fn judged(world: &World, arguments: &[&str]) -> (i32, String) {
    let output = world.server.run(&[&["audit", "verify"], arguments].concat());
    let said =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code().unwrap_or(-1), said)
}

/// The last checkpoint, once everything that happened is in the tree.
///
/// # Panics
/// When that takes too long.
pub fn checkpoint_of_all(world: &World) -> String {
    let started = Instant::now();
    loop {
        let output = world.server.run(&["audit", "checkpoint"]);
        let checkpoint = String::from_utf8_lossy(&output.stdout).into_owned();
        let size = checkpoint.lines().nth(1).unwrap_or_default().to_owned();
        let events = world.server.count("SELECT count(*) FROM audit_events");
        if size == events.to_string() {
            return checkpoint;
        }
        assert!(started.elapsed() < INTEGRATED_WITHIN, "{size} of {events} events are signed");
        std::thread::sleep(Duration::from_millis(100));
    }
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
