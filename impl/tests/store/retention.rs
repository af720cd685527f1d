//! The end of what events say: denied on day 91, removed on day 99, and proved for ever.
//!
//! The clock of the server is moved on; the database has its own, which tells whether a week has passed. So a log begins
//! as many days ago as it is old when the test looks at it.

#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::time::Duration;

use agentidp::clock::Clock;
use agentidp::crypto::Entropy;
use agentidp::domain::agents::{AgentId, Owner};
use agentidp::domain::audit::log::{Integrator, log_open, plan_compute, tile_get};
use agentidp::domain::audit::retention::{Pruned, erase, prune};
use agentidp::domain::audit::verify::{Claims, Finding, StoredLog, verify};
use agentidp::domain::audit::{Action, Actor, AuditEvent, AuditFilter, Subject};
use agentidp::domain::callers::{AuthMethod, RequestContext};
use agentidp::domain::log::proof::{consistency_verify, inclusion_verify};
use agentidp::domain::log::{Checkpoint, Plan, Tile};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::{Store, StoreFault};
use chrono::TimeDelta;
use uuid::Uuid;

use crate::integration::{ORIGIN, append, checkpoint, master, settle};
use crate::world::{InPostgres, InSqlite, World};

on_both_databases![
    on_day_91_old_content_is_denied_and_still_there,
    on_day_99_old_content_is_removed_and_its_hashes_stay,
    a_bundle_that_is_not_full_outlives_its_days,
    nodes_that_end_the_same_record_it_once,
    a_week_must_have_passed_by_the_databases_clock,
    personal_data_stands_only_in_what_is_removed,
    content_removed_before_its_time_is_found,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const DAYS: NonZeroU32 = NonZeroU32::new(90).unwrap();

/// A log, and the node that has it.
struct Log<S> {
    store: S,
    clock: Clock,
    entropy: Entropy,
    integrator: Integrator<S>,
}

impl<S: Store> Log<S> {
    /// One that began so many days ago.
    async fn begun(store: &S, days_ago: i64) -> Self {
        let clock = Clock::fixed(Clock::system().now() - TimeDelta::days(days_ago));
        let entropy = Entropy::seeded(5);
        let signer = log_open(store, ORIGIN, &master(), &clock, &entropy).await.unwrap();
        let integrator = Integrator::open(store.clone(), clock.clone(), signer, None).await.unwrap();
        Self { store: store.clone(), clock, entropy, integrator }
    }

    /// So many events of people, whom the numbers tell apart, in the tree.
    async fn people(&mut self, numbers: std::ops::Range<u32>) -> Vec<Uuid> {
        let rows: Vec<_> = numbers
            .map(|number| {
                // Leaves are in the order of the ids, and so of the times.
                self.clock.advance(Duration::from_millis(1));
                let agent_id = Some(AgentId(Uuid::from_u128(0xa6e4_0000 + u128::from(number))));
                let actor = Actor { agent_id, ..Actor::nameless(AuthMethod::Bearer) };
                let request = RequestContext {
                    request_id: format!("request-of-{number}"),
                    address: format!("198.51.{}.{}", number / 256, number % 256).parse().ok(),
                };
                AuditEvent::success(Action::AgentRegistered, actor)
                    .during(&request)
                    .on(Subject { agent_id, ..Subject::default() })
                    .behind(&Owner(format!("owner-{number}")))
                    .with("email", format!("person-{number}@people.example"))
                    .seal(&self.clock, &self.entropy)
                    .unwrap()
            })
            .collect();
        for some in rows.chunks(200) {
            append(&self.store, some).await;
        }
        settle(&mut self.integrator).await;
        rows.iter().map(|row| row.id).collect()
    }

    async fn prune(&self) -> Pruned {
        prune(&self.store, DAYS, &self.clock, &self.entropy).await.unwrap()
    }

    /// Everything that can be listed.
    async fn listed(&self) -> BTreeSet<Uuid> {
        let all = self.store.audit_list(&AuditFilter::default(), None, 10_000).await.unwrap();
        all.into_iter().map(|row| row.id).collect()
    }

    /// What a verification finds, and of how many events it found nothing but the hash.
    async fn verified(&self, kept: &Checkpoint) -> (Vec<Finding>, u64) {
        let head = self.store.audit_head().await.unwrap();
        let checkpoints = vec![("the kept checkpoint", kept.clone())];
        let minimum_index = Some(self.store.audit_minimum_index().await.unwrap());
        let claims = Claims { size: head.size, root: head.root, checkpoints, minimum_index };
        let report = verify(&mut StoredLog::new(self.store.clone()), &claims, |_| {}).await.unwrap();
        (report.findings, report.pruned)
    }
}

/// A log of the given age in days whose first 600 leaves are of its first day, and a hundred of its day 91, when the first
/// two bundles were denied; with the events of the first day and the checkpoint of then.
async fn denied_log<S: Store>(store: &S, days_ago: i64) -> (Log<S>, Vec<Uuid>, Checkpoint) {
    let mut log = Log::begun(store, days_ago).await;
    // The event of the log's key is the first.
    let old = log.people(0..599).await;
    let early = checkpoint(store).await;
    assert_eq!(early.size, 600);
    assert_eq!(log.prune().await, Pruned::Nothing);
    log.clock.advance(DAY * 89);
    assert_eq!(log.prune().await, Pruned::Nothing, "nothing is over on day 89");
    log.clock.advance(DAY * 2);
    log.people(1000..1100).await;
    assert_eq!(log.prune().await, Pruned::Recorded(512));
    assert_eq!(log.prune().await, Pruned::Recorded(512), "it waits for its leaf");
    assert_eq!(store.audit_minimum_index().await.unwrap(), 0);
    settle(&mut log.integrator).await;
    assert_eq!(log.prune().await, Pruned::Denied { minimum_index: 512, more: false });
    assert_eq!(log.prune().await, Pruned::Nothing);
    (log, old, early)
}

async fn on_day_91_old_content_is_denied_and_still_there<W: World>(db: &W) {
    let (log, old, early) = denied_log(db.store(), 91).await;
    let listed = log.listed().await;
    // The first leaf is that of the log's key.
    for (index, id) in (1_u64..).zip(&old) {
        assert_eq!(listed.contains(id), index >= 512, "{index}");
        assert_eq!(log.store.audit_get(*id, None).await.unwrap().is_some(), index >= 512, "{index}");
    }
    assert_eq!(listed.len(), 600 - 512 + 100 + 1);
    let pruned = AuditFilter { action: Some("audit.pruned".into()), ..AuditFilter::default() };
    let event = log.store.audit_list(&pruned, None, 10).await.unwrap().remove(0);
    let said: serde_json::Value = serde_json::from_slice(&event.content).unwrap();
    assert_eq!(said["data"], serde_json::json!({"minimumIndex": 512, "retentionDays": 90}));
    assert_eq!(said["actor"], serde_json::json!({"method": "system"}));
    assert_eq!(erase(&log.store).await.unwrap(), 0, "not before a week has passed");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, 701);
    assert_eq!(log.verified(&early).await, (Vec::new(), 0));
}

async fn on_day_99_old_content_is_removed_and_its_hashes_stay<W: World>(db: &W) {
    let (mut log, old, early) = denied_log(db.store(), 99).await;
    let listed = log.listed().await;
    log.clock.advance(DAY * 8);
    assert_eq!(erase(&log.store).await.unwrap(), 512);
    assert_eq!(erase(&log.store).await.unwrap(), 0);
    assert_eq!(log.listed().await, listed, "nothing else went with it");
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_events").await, 701 - 512);
    assert!(log.store.audit_rows(&old[..511]).await.unwrap().is_empty());
    // The log goes on, its old checkpoints are continued, and each leaf is proved, whether its event is there or not.
    log.people(2000..2050).await;
    let last = checkpoint(&log.store).await;
    assert_eq!(last.size, 751);
    let plan = Plan::consistency(early.size, last.size).unwrap();
    let proof = plan_compute(&log.store, &plan).await.unwrap();
    assert!(consistency_verify(early.size, &early.root, last.size, &last.root, &proof));
    for leaf in log.store.audit_leaves(0..last.size).await.unwrap() {
        let proof = plan_compute(&log.store, &Plan::inclusion(leaf.index, last.size).unwrap()).await.unwrap();
        assert!(inclusion_verify(leaf.index, last.size, &leaf.hash, &proof, &last.root), "{}", leaf.index);
    }
    let tile = Tile { level: 0, index: 0, width: 256 };
    assert_eq!(tile_get(&log.store, tile).await.unwrap().len(), 256);
    assert_eq!(log.verified(&early).await, (Vec::new(), 512));
}

async fn a_bundle_that_is_not_full_outlives_its_days<W: World>(db: &W) {
    let mut log = Log::begun(db.store(), 2000).await;
    log.people(0..200).await;
    log.clock.advance(DAY * 1000);
    assert_eq!(log.prune().await, Pruned::Nothing);
    // It is filled by somebody who is not old enough: the whole bundle waits for the last of its events.
    log.people(200..300).await;
    log.clock.advance(DAY * 89);
    assert_eq!(log.prune().await, Pruned::Nothing);
    log.clock.advance(DAY * 2);
    assert_eq!(log.prune().await, Pruned::Recorded(256));
}

async fn nodes_that_end_the_same_record_it_once<W: World>(db: &W) {
    let mut log = Log::begun(db.store(), 99).await;
    log.people(0..600).await;
    log.clock.advance(DAY * 91);
    let nodes: Vec<_> = (0..6)
        .map(|seed| {
            let (store, clock) = (log.store.clone(), log.clock.clone());
            tokio::spawn(async move {
                let mut rounds = Vec::new();
                for _ in 0..3 {
                    rounds.push(prune(&store, DAYS, &clock, &Entropy::seeded(100 + seed)).await.unwrap());
                }
                rounds
            })
        })
        .collect();
    for node in nodes {
        let rounds = node.await.unwrap();
        assert!(
            rounds.iter().all(|round| matches!(round, Pruned::Recorded(512) | Pruned::Busy)),
            "{rounds:?}"
        );
    }
    assert_eq!(db.number("SELECT COUNT(*) FROM audit_events WHERE action = 'audit.pruned'").await, 1);
}

async fn a_week_must_have_passed_by_the_databases_clock<W: World>(db: &W) {
    // The server's clock says that it is day 99, and the database's that it is day 97.
    let (log, ..) = denied_log(db.store(), 97).await;
    log.clock.advance(DAY * 8);
    assert_eq!(erase(&log.store).await.unwrap(), 0);
    let removed = db.sql("DELETE FROM audit_events").await.unwrap_err();
    assert!(removed.contains("append-only"), "{removed}");
    let leaf = "(SELECT event_id FROM audit_leaves WHERE leaf_index = 3)";
    let removed = db.sql(&format!("DELETE FROM audit_events WHERE id = {leaf}")).await.unwrap_err();
    assert!(removed.contains("append-only"), "{removed}");
    // An event that pretends to be older does not help: it must be newer than all that it ends.
    let backdated = Clock::fixed(Clock::system().now() - TimeDelta::days(98));
    let event = AuditEvent::success(Action::AuditPruned, Actor::nameless(AuthMethod::System))
        .with("minimumIndex", 700)
        .seal(&backdated, &log.entropy)
        .unwrap();
    let (event_id, mut log) = (event.id, log);
    append(&log.store, &[event]).await;
    settle(&mut log.integrator).await;
    let mut unit = log.store.begin().await.unwrap();
    let fault = unit.audit_minimum_raise(700, event_id).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
    drop(unit);
    assert_eq!(log.store.audit_minimum_index().await.unwrap(), 512);
}

/// Every column of the log's tables, and whether it can hold what tells of a person: a name, an address, an email address,
/// or the id of an agent, an owner or a request. What can, goes with the event; the rest stays.
const COLUMNS: &[(&str, &str, bool)] = &[
    ("audit_checkpoints", "note", false),
    ("audit_checkpoints", "origin", false),
    ("audit_checkpoints", "signed_at", false),
    ("audit_checkpoints", "tree_size", false),
    ("audit_events", "action", false),
    ("audit_events", "actor_id", true),
    ("audit_events", "agent_id", true),
    ("audit_events", "content", true),
    ("audit_events", "id", false),
    ("audit_events", "outcome", false),
    ("audit_events", "owner", true),
    ("audit_events", "time", false),
    ("audit_head", "origin", false),
    ("audit_head", "root_hash", false),
    ("audit_head", "singleton", false),
    ("audit_head", "tree_size", false),
    ("audit_head", "updated_at", false),
    ("audit_keys", "created_at", false),
    ("audit_keys", "origin", false),
    ("audit_keys", "private_key_sealed", false),
    ("audit_keys", "verifier", false),
    // A random id and a time, of which the event said whose they were.
    ("audit_leaves", "event_id", false),
    ("audit_leaves", "hash", false),
    ("audit_leaves", "leaf_index", false),
    ("audit_nodes", "hash", false),
    ("audit_nodes", "level", false),
    ("audit_nodes", "node_index", false),
    ("audit_pending", "event_id", false),
    ("audit_prunes", "event_id", false),
    ("audit_prunes", "minimum_index", false),
    ("audit_retention", "erased_index", false),
    ("audit_retention", "event_id", false),
    ("audit_retention", "minimum_index", false),
    ("audit_retention", "singleton", false),
];

async fn personal_data_stands_only_in_what_is_removed<W: World>(db: &W) {
    let columns: Vec<_> =
        db.columns().await.into_keys().filter(|(table, _)| table.starts_with("audit_")).collect();
    let known: Vec<_> =
        COLUMNS.iter().map(|(table, column, _)| ((*table).to_owned(), (*column).to_owned())).collect();
    assert_eq!(columns, known, "say of each column whether it can hold personal data");

    let (log, ..) = denied_log(db.store(), 99).await;
    // Whatever a column has, in the form in which both databases can search it.
    let told = async |personal_too: bool| {
        let mut told = String::new();
        for (table, column, personal) in COLUMNS {
            if !*personal || personal_too {
                let text = format!("CAST({} AS text)", W::searchable(column));
                for row in db.texts(&format!("SELECT {text} FROM {table}")).await {
                    told.push_str(row[0].as_deref().unwrap_or_default());
                    told.push('\n');
                }
            }
        }
        told.to_lowercase()
    };
    // Number 3 has leaf 4, and number 550 leaf 551, which is kept.
    let people = |number: u32| {
        let hex = |text: String| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
        [
            hex(format!("person-{number}@people.example")),
            hex(format!("198.51.{}.{}\"", number / 256, number % 256)),
            hex(format!("\"owner-{number}\"")),
            hex(format!("request-of-{number}\"")),
            Uuid::from_u128(0xa6e4_0000 + u128::from(number)).simple().to_string(),
        ]
    };
    let (before, elsewhere) = (told(true).await, told(false).await);
    for person in [3, 550] {
        for datum in people(person) {
            assert!(before.contains(&datum), "{datum} stands in the events");
            assert!(!elsewhere.contains(&datum), "{datum} stands nowhere else");
        }
    }
    assert_eq!(erase(&log.store).await.unwrap(), 512);
    let after = told(true).await;
    for number in 0..511 {
        for datum in people(number) {
            assert!(!after.contains(&datum), "{datum} of person {number} is still there");
        }
    }
    assert!(people(550).iter().all(|datum| after.contains(datum)));
}

async fn content_removed_before_its_time_is_found<W: World>(db: &W) {
    let (log, _, early) = denied_log(db.store(), 99).await;
    assert_eq!(erase(&log.store).await.unwrap(), 512);
    let leaf = "(SELECT event_id FROM audit_leaves WHERE leaf_index = 512)";
    let sql = format!("DELETE FROM audit_events WHERE id = {leaf}");
    crate::integration::without_triggers(db, "audit_events", &sql).await;
    let (found, _) = log.verified(&early).await;
    assert_eq!(found, [Finding::EventGone { index: 512, id: None }]);
}

/// What is removed is not left on a free page of the file, nor in what is written ahead of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_what_was_removed_is_left_in_the_file_of_sqlite() {
    let db = InSqlite::migrated().await;
    let (log, ..) = denied_log(db.store(), 99).await;
    let on_disk = async || {
        db.sql("PRAGMA wal_checkpoint(TRUNCATE)").await.unwrap();
        let mut bytes = std::fs::read(db.file()).unwrap();
        bytes.extend(std::fs::read(db.file().with_extension("db-wal")).unwrap_or_default());
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let has = |text: &str, number: u32| text.contains(&format!("person-{number}@people.example"));
    let before = on_disk().await;
    assert!(has(&before, 3) && has(&before, 550));
    assert_eq!(erase(&log.store).await.unwrap(), 512);
    let after = on_disk().await;
    assert!(has(&after, 550));
    let left: Vec<u32> = (0..511).filter(|number| has(&after, *number)).collect();
    assert!(left.is_empty(), "{} left: {left:?}", left.len());
    db.remove().await;
}

/// A month is dropped once all of it lies below the minimum index and is removed, and not before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_month_of_postgresql_is_dropped_once_all_of_it_is_removed() {
    let db = InPostgres::migrated().await;
    // The month of the first events and the next two, as if they had been made well ahead.
    for months_ago in [4, 3, 2] {
        db.sql(&format!(
            "DO $$ DECLARE starts timestamp := date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{months_ago} months'; \
             BEGIN EXECUTE format('CREATE TABLE %I PARTITION OF audit_events FOR VALUES FROM (%L) TO (%L)', \
             to_char(starts, '\"audit_events_\"YYYY\"_\"MM'), starts AT TIME ZONE 'UTC', \
             (starts + interval '1 month') AT TIME ZONE 'UTC'); END $$"
        ))
        .await
        .unwrap();
    }
    let months = "SELECT COUNT(*) FROM pg_inherits WHERE inhparent = 'audit_events'::regclass";
    assert_eq!(db.number(months).await, 17);
    let clock_start = 107;
    let mut log = Log::begun(db.store(), clock_start).await;
    log.people(0..255).await;
    // The second bundle is of the days before the month's end and of those after.
    log.clock.advance(DAY * 8);
    log.people(255..511).await;
    log.clock.advance(DAY * 91);
    assert_eq!(log.prune().await, Pruned::Recorded(512));
    settle(&mut log.integrator).await;
    log.prune().await;
    let filled = async |months_ago: u32| {
        let query = format!(
            "SELECT COUNT(*) FROM audit_events WHERE time < \
             (date_trunc('month', now() AT TIME ZONE 'UTC') - interval '{months_ago} months') AT TIME ZONE 'UTC'"
        );
        db.number(&query).await
    };
    let mut unit = log.store.begin().await.unwrap();
    assert_eq!(unit.audit_partitions_drop().await.unwrap(), 0, "nothing is removed yet");
    drop(unit);
    assert_eq!(filled(0).await, 512);
    // Somebody who reads is not waited for.
    let mut reader = db.connection().await;
    sqlx::raw_sql("BEGIN; SELECT 1 FROM audit_events LIMIT 1").execute(&mut reader).await.unwrap();
    assert_eq!(erase(&log.store).await.unwrap(), 512);
    assert_eq!(db.number(months).await, 17);
    sqlx::raw_sql("ROLLBACK").execute(&mut reader).await.unwrap();
    drop(reader);
    let last = "SELECT EXTRACT(EPOCH FROM date_trunc('month', audit_time_of(event_id)))::bigint FROM audit_leaves WHERE leaf_index = 511";
    let month_of_last = db.number(last).await;
    let earlier = db
        .number(&format!(
            "SELECT COUNT(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'audit_events'::regclass \
             AND CASE WHEN c.relname ~ '^audit_events_[0-9]{{4}}_[0-9]{{2}}$' THEN \
             EXTRACT(EPOCH FROM to_timestamp(right(c.relname, 7), 'YYYY_MM'))::bigint < {month_of_last} ELSE false END"
        ))
        .await;
    assert!(earlier >= 1, "the first events are of an earlier month");
    // The next round does what was left, though it has nothing to remove.
    assert_eq!(erase(&log.store).await.unwrap(), 0);
    assert_eq!(db.number(months).await, 17 - earlier);
    // Whoever is late finds room all the same.
    log.people(600..610).await;
    db.remove().await;
}
