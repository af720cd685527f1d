//! What ends by itself, and is recorded when it does.

use contract_tests::on_both_databases;
use contract_tests::world::{Case, in_seconds};
use serde_json::json;

use crate::{events, path_of};

on_both_databases![a_credential_that_expires_is_recorded_once];

fn a_credential_that_expires_is_recorded_once(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let issuer = world.operator().holding("credentials:write");
    let new = json!({ "label": "for a moment", "expiresAt": in_seconds(1) });
    let issued = issuer.posts(&format!("{}/credentials", path_of(&agent)), &new);
    assert_eq!(issued.status(), 201, "{issued}");
    let holder = world.holder_of(&issued);
    world.eventually(401, || holder.asks_for_a_token(&[]));

    let id = issued.json()["id"].clone();
    let reader = world.operator().holding("agents:read");
    let credential =
        reader.gets(&format!("{}/credentials/{}", path_of(&agent), id.as_str().unwrap_or_default()));
    assert_eq!(credential.json()["status"], "expired", "{credential}");

    let filter = format!("action=credential.expired&agentId={}", agent.id());
    let auditor = world.operator().holding("audit:read idp:admin");
    let query = format!("/audit/events?{filter}");
    let began = std::time::Instant::now();
    while auditor.gets(&query).json()["items"].as_array().is_none_or(Vec::is_empty) {
        assert!(began.elapsed() < std::time::Duration::from_secs(30), "the end was not recorded");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    // Once more round of the job, which another expiry shows to have happened.
    let other =
        issuer.posts(&format!("{}/credentials", path_of(&agent)), &json!({ "expiresAt": in_seconds(1) }));
    assert_eq!(other.status(), 201, "{other}");
    while events(&world, &filter).len() < 2 {
        assert!(began.elapsed() < std::time::Duration::from_secs(60), "the second end was not recorded");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let recorded = events(&world, &filter);
    let of_this: Vec<_> = recorded.iter().filter(|event| event["subject"]["credentialId"] == id).collect();
    assert_eq!((recorded.len(), of_this.len()), (2, 1), "{recorded:#?}");
    assert_eq!(of_this[0]["actor"], json!({ "method": "system" }));
    assert_eq!(of_this[0]["data"]["label"], "for a moment");
}
