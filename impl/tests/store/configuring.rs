//! What a server is set to: recorded when it is something else than what was recorded last.

use agentidp::clock::Clock;
use agentidp::crypto::Entropy;
use agentidp::domain::audit::AuditFilter;
use agentidp::domain::audit::configuring::{Settings, configured_record};
use agentidp::store::audit::{AuditReads, AuditWrites};
use agentidp::store::{Store, Unit};
use serde_json::{Value, json};

use crate::world::World;

on_both_databases![
    settings_are_recorded_when_they_are_other_ones,
    nodes_that_start_with_the_same_settings_record_them_once,
    settings_are_recorded_though_the_log_is_worked_on_all_the_time,
];

fn settings(value: Value) -> Settings {
    value.as_object().cloned().unwrap()
}

async fn record<W: World>(db: &W, value: Value) -> bool {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    configured_record(db.store(), settings(value), &clock, &entropy).await.unwrap()
}

/// The data of every such event, the newest first.
async fn recorded<W: World>(db: &W) -> Vec<Value> {
    let filter = AuditFilter { action: Some("server.configured".into()), ..AuditFilter::default() };
    let rows = db.store().audit_list(&filter, None, 100).await.unwrap();
    rows.iter().map(|row| serde_json::from_slice::<Value>(&row.content).unwrap()["data"].clone()).collect()
}

async fn settings_are_recorded_when_they_are_other_ones<W: World>(db: &W) {
    let first =
        json!({ "AGENTIDP_AUDIT_RETENTION_DAYS": 90, "AGENTIDP_CORS_ORIGINS": ["https://a.example"] });
    assert!(record(db, first.clone()).await);
    assert!(!record(db, first.clone()).await);
    // Each event is of a millisecond of its own, so that there is a last one.
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    let second =
        json!({ "AGENTIDP_AUDIT_RETENTION_DAYS": 7, "AGENTIDP_CORS_ORIGINS": ["https://a.example"] });
    assert!(record(db, second.clone()).await);
    assert!(!record(db, second.clone()).await);
    tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    assert!(record(db, first.clone()).await);
    let told = [
        json!({ "settings": first, "previous": { "AGENTIDP_AUDIT_RETENTION_DAYS": 7 } }),
        json!({ "settings": second, "previous": { "AGENTIDP_AUDIT_RETENTION_DAYS": 90 } }),
        json!({ "settings": first }),
    ];
    assert_eq!(recorded(db).await, told);
}

async fn nodes_that_start_with_the_same_settings_record_them_once<W: World>(db: &W) {
    for round in 0..5 {
        let nodes: Vec<_> = (0..6)
            .map(|_| {
                let store = db.store().clone();
                tokio::spawn(async move {
                    let (clock, entropy) = (Clock::system(), Entropy::system());
                    let settings = settings(json!({ "AGENTIDP_AUDIT_RETENTION_DAYS": round }));
                    configured_record(&store, settings, &clock, &entropy).await.unwrap()
                })
            })
            .collect();
        let mut done = 0;
        for node in nodes {
            done += usize::from(node.await.unwrap());
        }
        assert_eq!(done, 1, "round {round}");
        tokio::time::sleep(std::time::Duration::from_millis(2)).await;
    }
    assert_eq!(recorded(db).await.len(), 5);
}

async fn settings_are_recorded_though_the_log_is_worked_on_all_the_time<W: World>(db: &W) {
    let mut working = db.store().begin().await.unwrap();
    assert!(working.audit_claim().await.unwrap());
    let release = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        working.commit().await.unwrap();
    };
    let (done, ()) = tokio::join!(record(db, json!({ "AGENTIDP_AUDIT_PUBLIC": true })), release);
    assert!(done);
    assert_eq!(recorded(db).await, [json!({ "settings": { "AGENTIDP_AUDIT_PUBLIC": true } })]);
}
