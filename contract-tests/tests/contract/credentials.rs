//! issueCredential, listCredentials, getCredential, revokeCredential.

use contract_tests::actor::{Actor, Request, encoded};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World, in_seconds};
use serde_json::{Value, json};

use crate::{is_active, path_of};

on_both_databases![
    an_operator_issues_a_credential,
    a_credential_may_have_no_label_and_no_end,
    a_secret_is_shown_once,
    several_credentials_live_side_by_side,
    a_credential_that_expires_proves_nothing_any_more,
    an_end_in_the_past_is_refused,
    every_constraint_of_a_new_credential_is_kept,
    an_agent_has_at_most_sixteen_live_credentials,
    of_many_issued_at_once_sixteen_live,
    a_revoked_agent_gets_no_credentials,
    a_suspended_agent_gets_a_credential_for_later,
    a_new_credential_is_json,
    a_new_credential_has_at_most_64_kib,
    issuing_takes_a_token,
    issuing_takes_the_scope_credentials_write,
    no_credential_is_issued_to_an_agent_of_another_owner,
    nobody_issues_a_credential_beyond_what_they_hold,
    an_operator_lists_credentials,
    an_agent_lists_its_own_credentials,
    listing_goes_page_by_page,
    a_list_with_bad_parameters_is_refused,
    listing_takes_a_token,
    an_agent_does_not_list_the_credentials_of_others,
    the_credentials_of_another_owners_agent_are_not_listed,
    an_operator_reads_a_credential,
    an_agent_reads_its_own_credential,
    a_credential_of_another_agent_is_not_found,
    an_id_that_is_none_is_refused,
    reading_takes_a_token,
    an_agent_does_not_read_the_credentials_of_others,
    a_revoked_credential_proves_nothing_at_once,
    revoking_twice_is_revoking_once,
    a_credential_is_revoked_only_under_its_own_agent,
    the_last_administrator_keeps_a_credential,
    an_id_that_is_none_is_not_revoked,
    revoking_takes_a_token,
    revoking_takes_the_scope_credentials_write,
    nobody_revokes_a_credential_beyond_what_they_hold,
];

const NOWHERE: &str = "01931e2c-0000-7000-8000-000000000000";

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

fn issuer(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read credentials:write")
}

fn credentials_of(agent: &Actor<'_>) -> String {
    format!("{}/credentials", path_of(agent))
}

/// The path of the newest credential of an agent.
fn newest_of(world: &World, agent: &Actor<'_>) -> String {
    format!("{}/{}", credentials_of(agent), world.credential_of(agent))
}

fn an_operator_issues_a_credential(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let new = json!({ "label": "blue deployment", "expiresAt": "2099-02-12T01:00:00+01:00" });
    let issued = issuer(&world).posts(&credentials_of(&agent), &new).is_as_recorded();
    assert_eq!(issued.json()["expiresAt"], "2099-02-12T00:00:00.000Z");
    let location = issued.header("location").unwrap_or_default().to_owned();
    let read = issuer(&world).gets(&location);
    assert_eq!(read.json()["id"], issued.json()["id"], "{read}");
    assert_eq!(world.holder_of(&issued).asks_for_a_token(&[]).status(), 200);
}

fn a_credential_may_have_no_label_and_no_end(case: Case) {
    let world = case.world();
    issuer(&world).posts(&credentials_of(&screener(&world)), &json!({})).is_as_recorded();
}

fn a_secret_is_shown_once(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    let issued = issuer.posts(&credentials_of(&agent), &json!({}));
    assert_eq!(issued.status(), 201, "{issued}");
    let secret = issued.json()["clientSecret"].as_str().unwrap_or_default().to_owned();
    let random = secret.split('_').nth(2).unwrap_or_default().to_owned();
    assert_eq!(random.len(), 43);
    let events = crate::events(&world, "");
    for answer in [
        issuer.gets(&credentials_of(&agent)).text(),
        issuer.gets(issued.header("location").unwrap_or_default()).text(),
        issuer.gets(&path_of(&agent)).text(),
        Value::from(events).to_string(),
    ] {
        assert!(!answer.contains(&random) && !answer.contains("$2b$"), "a secret or its hash is shown again");
    }
}

fn several_credentials_live_side_by_side(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let second = issuer(&world).posts(&credentials_of(&agent), &json!({}));
    let second = world.holder_of(&second);
    assert_ne!(second.credentials().client_secret, agent.credentials().client_secret);
    for client in [&agent, &second, &agent] {
        assert_eq!(client.asks_for_a_token(&[]).status(), 200);
    }
}

fn a_credential_that_expires_proves_nothing_any_more(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let soon = json!({ "expiresAt": in_seconds(4) });
    let unused = issuer(&world).posts(&credentials_of(&agent), &soon);
    let client = world.holder_of(&issuer(&world).posts(&credentials_of(&agent), &soon));
    let token = client.holding("resume:read").token().to_owned();
    let refused = world.eventually(401, || client.asks_for_a_token(&[]));
    let expected = world.somebody(agent.id(), "wrong").asks_for_a_token(&[]).text();
    assert_eq!(refused.text(), expected);
    // Recorded of one that was never used, as when the other's use is written down is the server's affair.
    issuer(&world).gets(unused.header("location").unwrap_or_default()).is_as_recorded();
    assert!(is_active(&agent, &token), "tokens live on");
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn an_end_in_the_past_is_refused(case: Case) {
    let world = case.world();
    let path = credentials_of(&screener(&world));
    issuer(&world).posts(&path, &json!({ "expiresAt": "2020-01-01T00:00:00Z" })).is_as_recorded();
    let now = issuer(&world).posts(&path, &json!({ "expiresAt": in_seconds(0) }));
    assert_eq!(now.status(), 400, "{now}");
}

fn every_constraint_of_a_new_credential_is_kept(case: Case) {
    let world = case.world();
    let (path, issuer) = (credentials_of(&screener(&world)), issuer(&world));
    for (place, body) in [
        ("", json!([])),
        ("/label", json!({ "label": "" })),
        ("/label", json!({ "label": null })),
        ("/label", json!({ "label": "a".repeat(65) })),
        ("/label", json!({ "label": "a\tb" })),
        ("/expiresAt", json!({ "expiresAt": "soon" })),
        ("/expiresAt", json!({ "expiresAt": null })),
        ("/expiresAt", json!({ "expiresAt": 4_102_444_800_u32 })),
        ("/clientSecret", json!({ "clientSecret": "of my own" })),
    ] {
        let answer = issuer.posts(&path, &body);
        assert_eq!(answer.status(), 400, "{body}\n{answer}");
        assert_eq!(answer.json()["details"]["violations"][0]["path"], place, "{body}\n{answer}");
    }
    let longest = issuer.posts(&path, &json!({ "label": "\u{e9}".repeat(64) }));
    assert_eq!(longest.status(), 201, "{longest}");
}

fn an_agent_has_at_most_sixteen_live_credentials(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    let issue = || issuer.posts(&credentials_of(&agent), &json!({}));
    for number in 2..=15 {
        let issued = issue();
        assert_eq!(issued.status(), 201, "{number}\n{issued}");
    }
    let last = newest_of(&world, &agent);
    let expiring = issuer.posts(&credentials_of(&agent), &json!({ "expiresAt": in_seconds(4) }));
    assert_eq!(expiring.status(), 201, "{expiring}");
    issue().is_as_recorded();
    let with_grace = issuer.posts(&format!("{last}/rotate"), &json!({ "gracePeriodSeconds": 60 }));
    assert_eq!(with_grace.status(), 409, "{with_grace}");
    let at_once = issuer.posts(&format!("{last}/rotate"), &json!({}));
    assert_eq!(at_once.status(), 201, "{at_once}");
    // Neither what was revoked nor what has expired counts.
    assert_eq!(issuer.deletes(at_once.header("location").unwrap_or_default()).status(), 204);
    assert_eq!(issue().status(), 201);
    world.eventually(201, issue);
    assert_eq!(issue().status(), 409);
}

fn of_many_issued_at_once_sixteen_live(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let (issuer, path) = (&issuer(&world), &credentials_of(&agent));
    let issue = move || {
        loop {
            let status = issuer.posts(path, &json!({})).status();
            // There may be no room to hash just now, which is no answer to the question.
            if status != 503 {
                return status;
            }
        }
    };
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..20).map(|_| scope.spawn(issue)).collect();
        running.into_iter().map(|one| one.join().unwrap_or_default()).collect()
    });
    let count = |status: u16| statuses.iter().filter(|one| **one == status).count();
    assert_eq!((count(201), count(409)), (15, 5), "{statuses:?}");
}

fn a_revoked_agent_gets_no_credentials(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let operator = world.operator().holding("agents:write credentials:write");
    let status = format!("{}/status", path_of(&agent));
    assert_eq!(operator.puts(&status, &json!({ "status": "revoked", "reason": "a test" })).status(), 200);
    operator.posts(&credentials_of(&agent), &json!({})).is_as_recorded();
    let rotated = operator.posts(&format!("{}/rotate", newest_of(&world, &agent)), &json!({}));
    assert_eq!(rotated.status(), 409, "{rotated}");
    assert_eq!(operator.deletes(&newest_of(&world, &agent)).status(), 204);
}

fn a_suspended_agent_gets_a_credential_for_later(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let operator = world.operator().holding("agents:write credentials:write");
    let status = format!("{}/status", path_of(&agent));
    assert_eq!(operator.puts(&status, &json!({ "status": "suspended", "reason": "a test" })).status(), 200);
    let issued = operator.posts(&credentials_of(&agent), &json!({}));
    let client = world.holder_of(&issued);
    assert_eq!(client.asks_for_a_token(&[]).status(), 401);
    assert_eq!(operator.puts(&status, &json!({ "status": "active", "reason": "a test" })).status(), 200);
    assert_eq!(client.asks_for_a_token(&[]).status(), 200);
}

fn a_new_credential_is_json(case: Case) {
    let world = case.world();
    let request = || Request::new("POST", &credentials_of(&world.operator()));
    issuer(&world).sends(request().body("text/plain", "{}")).is_as_recorded();
    let without = issuer(&world).sends(request());
    assert_eq!(without.status(), 415, "{without}");
}

fn a_new_credential_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let request = Request::new("POST", &credentials_of(&screener(&world)));
    let large = " ".repeat(64 * 1024 + 1);
    issuer(&world).sends(request.body("application/json", large)).is_as_recorded();
}

fn issuing_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().posts(&credentials_of(&screener(&world)), &json!({})).is_as_recorded();
}

fn issuing_takes_the_scope_credentials_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let writer = world.operator().holding("agents:read agents:write");
    writer.posts(&credentials_of(&agent), &json!({})).is_as_recorded();
    let itself = agent.holding("self:read self:rotate").posts(&credentials_of(&agent), &json!({}));
    assert_eq!(itself.status(), 403, "{itself}");
}

fn no_credential_is_issued_to_an_agent_of_another_owner(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &[]);
    issuer(&world).posts(&credentials_of(&stranger), &json!({})).is_as_recorded();
    let admin = world.operator().holding("credentials:write idp:admin");
    assert_eq!(admin.posts(&credentials_of(&stranger), &json!({})).status(), 201);
}

fn nobody_issues_a_credential_beyond_what_they_hold(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    issuer(&world).posts(&credentials_of(&auditor), &json!({})).is_as_recorded();
    let holder = world.operator().holding("audit:read credentials:write");
    assert_eq!(holder.posts(&credentials_of(&auditor), &json!({})).status(), 201);
}

fn an_operator_lists_credentials(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    let first = newest_of(&world, &agent);
    issuer.posts(&credentials_of(&agent), &json!({ "label": "blue deployment" }));
    issuer.posts(&format!("{}/rotate", newest_of(&world, &agent)), &json!({}));
    assert_eq!(issuer.deletes(&first).status(), 204);
    issuer.gets(&credentials_of(&agent)).is_as_recorded();
    let head = issuer.heads(&credentials_of(&agent));
    assert_eq!(head.status(), 200, "{head}");
}

fn an_agent_lists_its_own_credentials(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let page = agent.holding("self:read").gets(&credentials_of(&agent));
    assert_eq!(page.json()["items"][0]["agentId"], agent.id(), "{page}");
}

fn listing_goes_page_by_page(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    for number in 2..=5 {
        let label = json!({ "label": format!("number {number}") });
        assert_eq!(issuer.posts(&credentials_of(&agent), &label).status(), 201);
    }
    let mut labels = Vec::new();
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = issuer.gets(&format!("{}?limit=2{cursor}", credentials_of(&agent)));
        assert_eq!(answer.status(), 200, "{answer}");
        let page = answer.json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        sizes.push(items.len());
        labels.extend(items.iter().map(|one| one["label"].as_str().unwrap_or("number 1").to_owned()));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    assert_eq!(labels, ["number 5", "number 4", "number 3", "number 2", "number 1"]);
}

fn a_list_with_bad_parameters_is_refused(case: Case) {
    let world = case.world();
    let path = credentials_of(&screener(&world));
    issuer(&world).gets(&format!("{path}?limit=0&cursor=%20")).is_as_recorded();
    for query in ["limit=101", "limit=many", "cursor=bm90aGluZw", "cursor="] {
        let answer = issuer(&world).gets(&format!("{path}?{query}"));
        assert_eq!(answer.status(), 400, "{query}\n{answer}");
    }
}

fn listing_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets(&credentials_of(&screener(&world))).is_as_recorded();
}

fn an_agent_does_not_list_the_credentials_of_others(case: Case) {
    let world = case.world();
    let other = world.agent("screener-002@example.com", &[]);
    screener(&world).holding("self:read").gets(&credentials_of(&other)).is_as_recorded();
}

fn the_credentials_of_another_owners_agent_are_not_listed(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &[]);
    issuer(&world).gets(&credentials_of(&stranger)).is_as_recorded();
    let admin = world.operator().holding("agents:read idp:admin");
    assert_eq!(admin.gets(&credentials_of(&stranger)).status(), 200);
    let missing = admin.gets(&format!("/agents/{NOWHERE}/credentials"));
    assert_eq!(missing.status(), 404, "{missing}");
}

fn an_operator_reads_a_credential(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    let new = json!({ "label": "blue deployment", "expiresAt": "2099-01-01T00:00:00Z" });
    assert_eq!(issuer.posts(&credentials_of(&agent), &new).status(), 201);
    issuer.gets(&newest_of(&world, &agent)).is_as_recorded();
}

fn an_agent_reads_its_own_credential(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let read = agent.holding("self:read").gets(&newest_of(&world, &agent));
    assert_eq!(read.json()["status"], "active", "{read}");
}

fn a_credential_of_another_agent_is_not_found(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let other = world.agent("screener-002@example.com", &[]);
    let stranger = world.stranger("screener-003@example.com", &[]);
    let issuer = issuer(&world);
    let under = |agent: &Actor<'_>, id: &str| issuer.gets(&format!("{}/{id}", credentials_of(agent)));
    let expected = under(&agent, &world.credential_of(&other)).is_as_recorded();
    for missing in [
        under(&agent, NOWHERE),
        under(&stranger, &world.credential_of(&stranger)),
        issuer.gets(&format!("/agents/{NOWHERE}/credentials/{NOWHERE}")),
        agent.holding("self:read").gets(&format!(
            "{}/{}",
            credentials_of(&agent),
            world.credential_of(&other)
        )),
    ] {
        assert_eq!(
            (missing.status(), &missing.json()["code"], &missing.json()["message"]),
            (404, &expected.json()["code"], &expected.json()["message"]),
            "{missing}"
        );
    }
}

fn an_id_that_is_none_is_refused(case: Case) {
    let world = case.world();
    issuer(&world).gets(&format!("{}/mine", credentials_of(&screener(&world)))).is_as_recorded();
}

fn reading_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets(&newest_of(&world, &screener(&world))).is_as_recorded();
}

fn an_agent_does_not_read_the_credentials_of_others(case: Case) {
    let world = case.world();
    let other = world.agent("screener-002@example.com", &[]);
    screener(&world).holding("self:read").gets(&newest_of(&world, &other)).is_as_recorded();
}

fn a_revoked_credential_proves_nothing_at_once(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = agent.holding("resume:read").token().to_owned();
    let first = newest_of(&world, &agent);
    let second = issuer(&world).posts(&credentials_of(&agent), &json!({}));
    let second = world.holder_of(&second);
    issuer(&world).deletes(&first).is_as_recorded();
    let expected = world.somebody(agent.id(), "wrong").asks_for_a_token(&[]).text();
    let refused = agent.asks_for_a_token(&[]);
    assert_eq!((refused.status(), refused.text()), (401, expected), "{refused}");
    assert!(is_active(&second, &token), "tokens live on");
    assert_eq!(second.asks_for_a_token(&[]).status(), 200);
    assert_eq!(issuer(&world).gets(&first).json()["status"], "revoked");
}

fn revoking_twice_is_revoking_once(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let path = newest_of(&world, &agent);
    let issuer = issuer(&world);
    assert_eq!(issuer.deletes(&path).status(), 204);
    let before = issuer.gets(&path).json();
    assert_eq!(issuer.deletes(&path).status(), 204);
    assert_eq!(issuer.gets(&path).json(), before);
    assert_eq!(crate::events(&world, &format!("action=credential.revoked&agentId={}", agent.id())).len(), 1);
}

fn a_credential_is_revoked_only_under_its_own_agent(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let other = world.agent("screener-002@example.com", &["jobs:read"]);
    let stranger = world.stranger("screener-003@example.com", &["jobs:read"]);
    let issuer = issuer(&world);
    let wrong = format!("{}/{}", credentials_of(&agent), world.credential_of(&other));
    issuer.deletes(&wrong).is_as_recorded();
    for path in [newest_of(&world, &stranger), format!("{}/{NOWHERE}", credentials_of(&agent))] {
        let answer = issuer.deletes(&path);
        assert_eq!(
            (answer.status(), &answer.json()["code"]),
            (404, &json!("CREDENTIAL_NOT_FOUND")),
            "{answer}"
        );
    }
    for client in [other, stranger] {
        assert_eq!(client.asks_for_a_token(&[]).status(), 200);
    }
}

fn an_id_that_is_none_is_not_revoked(case: Case) {
    let world = case.world();
    issuer(&world).deletes(&format!("{}/mine", credentials_of(&screener(&world)))).is_as_recorded();
}

fn revoking_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().deletes(&newest_of(&world, &screener(&world))).is_as_recorded();
}

fn revoking_takes_the_scope_credentials_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    world.operator().holding("agents:write").deletes(&newest_of(&world, &agent)).is_as_recorded();
    let itself = agent.holding("self:read self:rotate").deletes(&newest_of(&world, &agent));
    assert_eq!(itself.status(), 403, "{itself}");
}

fn nobody_revokes_a_credential_beyond_what_they_hold(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    issuer(&world).deletes(&newest_of(&world, &auditor)).is_as_recorded();
    assert_eq!(auditor.asks_for_a_token(&[("scope", "audit:read")]).status(), 200);
    let holder = world.operator().holding("audit:read credentials:write");
    assert_eq!(holder.deletes(&newest_of(&world, &auditor)).status(), 204);
}

fn the_last_administrator_keeps_a_credential(case: Case) {
    let world = case.world();
    let operator = world.operator();
    let everything = operator.holding(&crate::operations::reserved_without(&[]));
    let id = contract_tests::secret::credential_id(&operator.credentials().client_secret);
    let path = format!("{}/{id}", credentials_of(&operator));
    everything.deletes(&path).is_as_recorded();
    assert_eq!(operator.asks_for_a_token(&[("scope", "self:read")]).status(), 200);
    let another = everything.posts(&credentials_of(&operator), &json!({}));
    assert_eq!(another.status(), 201, "{another}");
    assert_eq!(everything.deletes(&path).status(), 204);
    let another = world.holder_of(&another);
    assert_eq!(another.asks_for_a_token(&[("scope", "idp:admin")]).status(), 200);
    // One that may go, as there is another administrator.
    let everything = another.holding(&crate::operations::reserved_without(&[]));
    let new = crate::new_agent_with(&json!({ "capabilities": crate::operations::RESERVED }));
    let registered = everything.posts("/agents", &new).json()["credential"].clone();
    let text = |name: &str| registered[name].as_str().unwrap_or_default().to_owned();
    let other = world.somebody(&text("clientId"), &text("clientSecret"));
    let id = contract_tests::secret::credential_id(&another.credentials().client_secret);
    let path = format!("{}/{id}", credentials_of(&operator));
    assert_eq!(other.holding(&crate::operations::reserved_without(&[])).deletes(&path).status(), 204);
}
