//! The audit log of a server, as its commands judge it and as somebody with the owner's rights can spoil it.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::SecondsFormat;

use crate::actor::Actor;
use crate::server::{Database, setting};
use crate::world::{World, now};

/// How long the integration of what has happened may take.
const INTEGRATED_WITHIN: Duration = Duration::from_secs(300);

/// The setting of a server that keeps its last checkpoint beside its database.
pub const CHECKPOINT_FILE: (&str, &str) = ("AGENTIDP_AUDIT_CHECKPOINT_FILE", "last-checkpoint");

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

/// The log's key, as `agentidp audit key` prints it.
pub fn key(world: &World) -> String {
    String::from_utf8_lossy(&world.server.run(&["audit", "key"]).stdout).trim().to_owned()
}

/// Where the log is, for a program that will ask there.
pub fn address(world: &World) -> String {
    world.is_asked_from_outside();
    format!("{}/audit", world.server.base)
}

/// A file with the token of somebody.
pub fn token_file(world: &World, bearer: &Actor<'_>) -> String {
    keep(world, "token", bearer.token().as_bytes())
}

/// What `agentidp audit verify` says of the log of the running server, read by somebody, and how it ends.
pub fn judged_log(world: &World, bearer: &Actor<'_>, more: &[&str]) -> (i32, String) {
    let (address, token, key) = (address(world), token_file(world, bearer), key(world));
    judged(world, &[&["--log", &address, "--token-file", &token, "--key", &key], more].concat())
}

/// What `agentidp audit verify` says of an export, and how it ends.
pub fn judged_export(world: &World, export: &str, more: &[&str]) -> (i32, String) {
    let file = keep(world, "export.ndjson", export.as_bytes());
    judged(world, &[&["--export", &file, "--key", &key(world)], more].concat())
}

/// Whether there are judges that are not ours ([`judges_say`]).
pub fn has_judges() -> bool {
    setting(JUDGES).is_some()
}

const JUDGES: &str = "AUDIT_JUDGE";

/// What judges that are not ours say of the log of the running server, held to a key and read by somebody; and how they end.
///
/// # Panics
/// When nothing says where they are.
pub fn judges_say(world: &World, key: &str, bearer: &Actor<'_>, more: &[&str]) -> (i32, Vec<String>) {
    let program =
        setting(JUDGES).expect("AUDIT_JUDGE names the judges; scripts/judges/test builds them and says so");
    let (address, token) = (address(world), token_file(world, bearer));
    let mut judges = Command::new(program);
    let output = judges.args(["-log", &address, "-key", key, "-token-file", &token]).args(more).output();
    // What they say of their progress goes to the standard error.
    let output = output.expect("the judges can be run");
    let said = String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect();
    (output.status.code().unwrap_or(-1), said)
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
                world.server.break_database(&format!("DROP TRIGGER IF EXISTS {trigger}"));
            }
        }
        Database::Postgres => {
            world.server.break_database(&format!("ALTER TABLE {table} DISABLE TRIGGER ALL"));
        }
    }
}

/// Puts the database of a server with a checkpoint file back behind the checkpoint in it, and says that one. The server is
/// killed then.
///
/// # Panics
/// When the checkpoint does not get into the file.
pub fn falls_behind(world: &World) -> String {
    // What it is asked is forgotten with the restored copy.
    world.is_asked_from_outside();
    checkpoint_of_all(world);
    world.server.kill();
    let copy = world.server.copy_database();
    world.server.start_again();
    world.agent("late@agents.example.com", &["resume:read"]);
    let kept = checkpoint_of_all(world);
    // The file is written after the database.
    let (file, started) = (checkpoint_file(world), Instant::now());
    while std::fs::read_to_string(&file).ok().as_ref() != Some(&kept) {
        assert!(started.elapsed() < INTEGRATED_WITHIN, "the checkpoint is not kept in its file");
        std::thread::sleep(Duration::from_millis(20));
    }
    world.server.kill();
    world.server.restore_database(&copy);
    kept
}

/// Where a server keeps its last checkpoint beside its database, if that is what it is set to.
pub fn checkpoint_file(world: &World) -> PathBuf {
    world.server.keep("nothing", b"").with_file_name(CHECKPOINT_FILE.1)
}

/// Puts the log back to its beginning: no event, no tree, no name, and no checkpoint that was kept. The server is killed.
pub fn forgotten(world: &World) {
    // It may not have kept one yet.
    let _ = std::fs::remove_file(checkpoint_file(world));
    let empty = blob(world, "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let emptied = [
        ("audit_checkpoints", &["audit_checkpoints_keep_deleted"][..]),
        ("audit_keys", &["audit_keys_keep_deleted"][..]),
        ("audit_leaves", &["audit_leaves_keep_deleted"][..]),
        ("audit_nodes", &["audit_nodes_keep_deleted"][..]),
        ("audit_events", &["audit_events_keep_deleted"][..]),
        ("audit_pending", &[]),
    ];
    for (table, triggers) in emptied {
        unguarded(world, table, triggers);
        world.server.break_database(&format!("DELETE FROM {table}"));
    }
    unguarded(world, "audit_head", &["audit_head_grow"]);
    let head =
        format!("UPDATE audit_head SET tree_size = 0, root_hash = {empty}, origin = NULL, updated_at = NULL");
    world.server.break_database(&head);
    if world.server.database() == Database::Postgres {
        for table in emptied.map(|(table, _)| table).into_iter().chain(["audit_head"]) {
            world.server.break_database(&format!("ALTER TABLE {table} ENABLE TRIGGER ALL"));
        }
    }
}

/// Adds so many events of one second, so many days ago, which wait to be taken into the tree.
pub fn has_old_events(world: &World, days_ago: u32, count: u32) {
    has_old(world, days_ago, count, "server.recovered", "local", "{}");
}

/// Adds the word of a server, so many days ago, that the time of what lies below an index is over.
pub fn has_old_end(world: &World, days_ago: u32, minimum_index: u32) {
    let data = format!("{{\"minimumIndex\":{minimum_index},\"retentionDays\":1}}");
    has_old(world, days_ago, 1, "audit.pruned", "system", &data);
}

fn has_old(world: &World, days_ago: u32, count: u32, action: &str, method: &str, data: &str) {
    let from = now().timestamp() - i64::from(days_ago) * 24 * 60 * 60;
    let content = |id: &str, time: &str| {
        format!(
            "'{{\"action\":\"{action}\",\"actor\":{{\"method\":\"{method}\"}},\"data\":{data},\"id\":\"' || {id} || \
             '\",\"outcome\":\"success\",\"salt\":\"000102030405060708090a0b0c0d0e0f\",\"subject\":{{}},\"time\":\"' || {time} || '\"}}'"
        )
    };
    let sql = match world.server.database() {
        Database::Sqlite => format!(
            "WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < {count}), \
             told AS (SELECT printf('%012x', {from} * 1000 + n % 1000) AS start, printf('%012x', n) AS tail, \
             strftime('%Y-%m-%dT%H:%M:%S', {from}, 'unixepoch') AS second, printf('.%03d', n % 1000) AS part FROM numbers) \
             INSERT INTO audit_events (id, time, action, outcome, content) \
             SELECT unhex(start || '70008000' || tail), second || CASE part WHEN '.000' THEN '' ELSE part END || '+00:00', '{action}', 'success', CAST({} AS BLOB) FROM told",
            content(
                "substr(start, 1, 8) || '-' || substr(start, 9) || '-7000-8000-' || tail",
                "second || part || 'Z'"
            )
        ),
        Database::Postgres => format!(
            "WITH told AS (SELECT (lpad(to_hex({from}::bigint * 1000 + n % 1000), 12, '0') || '70008000' || \
             lpad(to_hex(n), 12, '0'))::uuid AS id FROM generate_series(0, {count} - 1) n) \
             INSERT INTO audit_events (id, time, action, outcome, content) \
             SELECT id, audit_time_of(id), '{action}', 'success', convert_to({}, 'UTF8') FROM told",
            content(
                "id::text",
                "to_char(audit_time_of(id) AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"
            )
        ),
    };
    world.server.break_database(&sql);
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

/// The id of the event of a leaf, as somebody reads it who exports the log from there on.
///
/// # Panics
/// When there is none.
pub fn id_at(auditor: &Actor<'_>, index: u64) -> String {
    let export = auditor.gets(&format!("/audit/export?start={index}")).is(200).text();
    let line = export.lines().nth(1).expect("the line of the leaf");
    let line: serde_json::Value = serde_json::from_str(line).expect("a line of JSON");
    assert_eq!(line["leafIndex"], index);
    line["event"]["id"].as_str().expect("an event has an id").to_owned()
}

/// Has two events change places, by their leaves, behind the server's back.
pub fn swap(world: &World, left: u64, right: u64) {
    let (left, right) = (event_at(left), event_at(right));
    let contents = "(SELECT o.content FROM audit_events o WHERE o.id = ";
    world.server.break_database(&format!(
        "CREATE TABLE places AS SELECT id, CASE id WHEN {left} THEN {contents}{right}) ELSE {contents}{left}) END AS content \
         FROM audit_events WHERE id IN ({left}, {right})"
    ));
    world.server.break_database(
        "UPDATE audit_events SET content = (SELECT p.content FROM places p WHERE p.id = audit_events.id) \
         WHERE id IN (SELECT id FROM places)",
    );
    world.server.break_database("DROP TABLE places");
}

/// The bytes of an event with some of their text replaced, in SQL.
pub fn replaced(world: &World, from: &str, to: &str) -> String {
    match world.server.database() {
        Database::Sqlite => format!("CAST(replace(CAST(content AS TEXT), '{from}', '{to}') AS BLOB)"),
        Database::Postgres => {
            format!("convert_to(replace(convert_from(content, 'UTF8'), '{from}', '{to}'), 'UTF8')")
        }
    }
}

/// Ends the content of the events below an index as a server does it: an event says so, and once it is in the tree they are
/// shown to nobody.
///
/// # Panics
/// When the database refuses.
pub fn prune(world: &World, minimum_index: u64) {
    world.is_asked_from_outside();
    let now = now();
    let hex = format!("{:012x}70008000000000000001", now.timestamp_millis());
    let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    let content = format!(
        r#"{{"action":"audit.pruned","actor":{{"method":"system"}},"data":{{"minimumIndex":{minimum_index},"retentionDays":90}},"id":"{id}","outcome":"success","salt":"000102030405060708090a0b0c0d0e0f","subject":{{}},"time":"{}"}}"#,
        now.to_rfc3339_opts(SecondsFormat::Millis, true)
    );
    let milliseconds = chrono::DateTime::from_timestamp_millis(now.timestamp_millis()).unwrap_or(now);
    let time = milliseconds.to_rfc3339_opts(SecondsFormat::AutoSi, false);
    let (id, content) = match world.server.database() {
        Database::Sqlite => (format!("x'{hex}'"), format!("CAST('{content}' AS BLOB)")),
        Database::Postgres => (format!("'{id}'"), format!("convert_to('{content}', 'UTF8')")),
    };
    world.server.break_database(&format!(
        "INSERT INTO audit_events (id, time, action, outcome, content) \
         VALUES ({id}, '{time}', 'audit.pruned', 'success', {content})"
    ));
    checkpoint_of_all(world);
    world.server.break_database(&format!(
        "UPDATE audit_retention SET minimum_index = {minimum_index}, event_id = {id}"
    ));
}
