//! listAuditEvents.

use contract_tests::actor::{Actor, Answer, encoded};
use contract_tests::on_both_databases;
use contract_tests::world::Case;
use serde_json::{Value, json};

use crate::new_agent;

on_both_databases![
    the_first_events_are_the_first_operator_and_the_first_key,
    a_registration_is_recorded,
    tokens_and_refusals_are_recorded,
    a_denied_request_is_recorded,
    no_secret_and_no_token_is_recorded,
    events_can_be_narrowed,
    events_go_page_by_page,
    an_auditor_sees_its_own_owner,
    reading_events_takes_a_token,
    reading_events_takes_the_scope_audit_read,
    a_list_of_events_with_bad_parameters_is_refused,
    a_cursor_of_another_list_is_refused,
];

/// The actions of a page.
fn actions(answer: &Answer<'_>) -> Vec<String> {
    let page = answer.json();
    let items = page["items"].as_array().cloned().unwrap_or_default();
    items.iter().map(|event| event["action"].as_str().unwrap_or_default().to_owned()).collect()
}

/// Records the events of each action by itself: the order of those within one millisecond is nobody's concern.
fn are_recorded(auditor: &Actor<'_>, query: &str, actions: &[&str]) {
    for action in actions {
        let answer = auditor.gets(&format!("/audit/events?action={action}{query}"));
        answer.is_recorded_as(&action.replace('.', "_"));
    }
}

fn the_first_events_are_the_first_operator_and_the_first_key(case: Case) {
    let world = case.world();
    let auditor = world.operator().holding("audit:read idp:admin");
    are_recorded(&auditor, "", &["server.bootstrapped", "key.created", "token.issued"]);
    let mut all = actions(&auditor.gets("/audit/events"));
    all.sort();
    assert_eq!(all, ["key.created", "server.bootstrapped", "token.issued"]);
}

fn a_registration_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let auditor = world.operator().holding("audit:read idp:admin");
    are_recorded(&auditor, &format!("&agentId={}", agent.id()), &["agent.registered", "credential.issued"]);
}

fn tokens_and_refusals_are_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    assert_eq!(agent.asks_for_a_token(&[("scope", "resume:read")]).status(), 200);
    assert_eq!(agent.asks_for_a_token(&[("scope", "resume:delete")]).status(), 400);
    let auditor = world.operator().holding("audit:read idp:admin");
    are_recorded(&auditor, &format!("&actorId={}", agent.id()), &["token.issued", "token.refused"]);
}

fn a_denied_request_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &[]);
    let refused = agent.holding("self:read").posts("/agents", &new_agent("screener-002@example.com"));
    assert_eq!(refused.status(), 403, "{refused}");
    let auditor = world.operator().holding("audit:read idp:admin");
    auditor.gets("/audit/events?action=access.denied").is_as_recorded();
}

fn no_secret_and_no_token_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read", "agents:read"]);
    let token = agent.holding("resume:read").token().to_owned();
    agent.asks_about(&token);
    agent.asks_for_a_token(&[("scope", agent.credentials().client_secret.as_str())]);
    agent.asks_for_a_token(&[("resource", token.as_str())]);
    agent.holding("agents:read").posts("/agents", &new_agent(&agent.credentials().client_secret));
    world.bearer(&token).gets("/agents");
    let auditor = world.operator().holding("audit:read idp:admin");
    let answer = auditor.gets("/audit/events?limit=100");
    assert!(actions(&answer).len() > 5, "{answer}");
    let found = ["sas_", "eyJ"].iter().any(|beginning| answer.text().contains(beginning));
    assert!(!found, "{answer}");
}

fn events_can_be_narrowed(case: Case) {
    let world = case.world();
    let before = "2020-01-01T00:00:00Z";
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    assert_eq!(agent.asks_for_a_token(&[("scope", "resume:delete")]).status(), 400);
    let auditor = world.operator().holding("audit:read idp:admin");
    let list = |query: String| auditor.gets(&format!("/audit/events?{query}"));
    assert_eq!(
        actions(&list(format!("action=agent.registered&agentId={}", agent.id()))),
        ["agent.registered"]
    );
    assert_eq!(actions(&list(format!("outcome=denied&actorId={}", agent.id()))), ["token.refused"]);
    assert_eq!(actions(&list(format!("to={before}"))), [""; 0]);
    assert_eq!(actions(&list(format!("from={}", encoded("2099-01-01T00:00:00+01:00")))), [""; 0]);
    assert!(!actions(&list(format!("from={before}&to=2099-01-01T00:00:00Z"))).is_empty());
}

fn events_go_page_by_page(case: Case) {
    let world = case.world();
    for number in 1..=3 {
        world.agent(&format!("screener-{number}@example.com"), &[]);
    }
    let auditor = world.operator().holding("audit:read idp:admin");
    let mut subjects: Vec<Value> = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = auditor.gets(&format!("/audit/events?action=agent.registered&limit=2{cursor}"));
        assert_eq!(answer.status(), 200, "{answer}");
        let page = answer.json();
        subjects.extend(
            page["items"].as_array().into_iter().flatten().map(|event| event["subject"]["agentId"].clone()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    let agents = world.operator().holding("agents:read").gets("/agents?q=screener").json();
    let expected: Vec<Value> =
        agents["items"].as_array().into_iter().flatten().map(|agent| agent["id"].clone()).collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(subjects, expected);
}

fn an_auditor_sees_its_own_owner(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &[]);
    let auditor = world.stranger("auditor@example.com", &["audit:read"]);
    let answer = auditor.holding("audit:read").gets("/audit/events");
    let mut all = actions(&answer);
    all.sort();
    assert_eq!(all, ["agent.registered", "credential.issued", "token.issued"]);
    let page = answer.json();
    let owners = page["items"].as_array().into_iter().flatten().map(|event| event["owner"].clone());
    assert!(owners.into_iter().all(|owner| owner == json!("strangers")), "{answer}");
}

fn reading_events_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets("/audit/events").is_as_recorded();
}

fn reading_events_takes_the_scope_audit_read(case: Case) {
    let world = case.world();
    world.operator().holding("agents:read").gets("/audit/events").is_as_recorded();
}

fn a_list_of_events_with_bad_parameters_is_refused(case: Case) {
    let world = case.world();
    world
        .operator()
        .holding("audit:read")
        .gets("/audit/events?agentId=a&actorId=b&action=nothing&outcome=good&from=now&to=2026-13-01T00:00:00Z&limit=1000")
        .is_as_recorded();
}

fn a_cursor_of_another_list_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("audit:read").gets("/audit/events?cursor=bm90aGluZw").is_as_recorded();
}
