//! listAuditEvents, getAuditEvent, and the events that every operation leaves.

use contract_tests::actor::{Actor, Answer, Request, encoded};
use contract_tests::on_both_databases;
use contract_tests::spec::{Operation, Spec};
use contract_tests::world::Case;
use serde_json::{Value, json};

use crate::operations::{RESERVED, Subjects, changes, reserved_without, taking_a_token};
use crate::{events, new_agent, path_of};

on_both_databases![
    the_first_events_are_the_first_operator_and_the_first_keys,
    a_start_with_other_settings_is_recorded_and_one_with_the_same_is_not,
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
    a_cursor_that_was_never_given_is_refused,
    an_auditor_reads_an_event,
    an_event_of_another_owner_is_not_found,
    an_event_that_is_not_there_is_not_found,
    an_event_without_an_id_is_refused,
    reading_an_event_takes_a_token,
    reading_an_event_takes_the_scope_audit_read,
    the_life_of_an_agent_is_recorded,
    the_life_of_a_credential_is_recorded,
    the_end_of_a_token_is_recorded,
    every_change_that_was_refused_is_recorded,
    every_look_over_a_wall_is_recorded,
    a_look_at_what_is_not_there_is_recorded_as_what_it_was,
    asking_for_the_whole_log_without_its_scope_is_recorded,
    an_event_tells_with_which_credential_and_token_its_actor_came,
    every_lack_of_a_scope_is_recorded,
    a_refusal_by_the_state_of_things_is_recorded,
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

fn the_first_events_are_the_first_operator_and_the_first_keys(case: Case) {
    let world = case.world();
    let auditor = world.operator().holding("audit:read idp:admin");
    are_recorded(&auditor, "", &["server.bootstrapped", "token.issued"]);
    let mut all = actions(&auditor.gets("/audit/events"));
    all.sort();
    let first = ["key.created", "key.created", "server.bootstrapped", "server.configured", "token.issued"];
    assert_eq!(all, first);
    let keys = auditor.gets("/audit/events?action=key.created").json();
    let of = |algorithm: &str| {
        let keys = keys["items"].as_array().into_iter().flatten();
        keys.filter(|event| event["data"]["algorithm"] == algorithm).cloned().collect::<Vec<_>>()
    };
    assert!(matches!(&of("ES256")[..], [key] if key["data"]["kid"].is_string()), "{keys}");
    let origin = format!("127.0.0.1:{}/audit+", world.server.port);
    let named = |key: &serde_json::Value| {
        key["data"]["verifierKey"].as_str().is_some_and(|verifier| verifier.starts_with(&origin))
    };
    assert!(matches!(&of("Ed25519")[..], [key] if named(key)), "{keys}");
}

fn a_start_with_other_settings_is_recorded_and_one_with_the_same_is_not(case: Case) {
    let world = case.world();
    let configured = || {
        let auditor = world.operator().holding("audit:read idp:admin");
        auditor.gets("/audit/events?action=server.configured")
    };
    configured().is_recorded_as("first");
    world.server.kill();
    world.server.start_again();
    assert_eq!(actions(&configured()).len(), 1, "nothing has changed");
    world.server.kill();
    world.server.is_set(&[("AGENTIDP_AUDIT_RETENTION_DAYS", "30"), ("AGENTIDP_LOG", "info")]);
    world.server.start_again();
    let answer = configured();
    assert_eq!(actions(&answer).len(), 2, "{answer}");
    let last = &answer.json()["items"][0];
    assert_eq!(last["data"]["settings"]["AGENTIDP_AUDIT_RETENTION_DAYS"], 30, "{answer}");
    assert_eq!(last["data"]["previous"], json!({ "AGENTIDP_AUDIT_RETENTION_DAYS": 90 }), "{answer}");
    // They stand behind nobody's wall.
    let own = world.operator().holding("audit:read").gets("/audit/events?action=server.configured");
    assert_eq!(actions(&own), [""; 0]);
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

fn a_cursor_that_was_never_given_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("audit:read").gets("/audit/events?cursor=bm90aGluZw").is_as_recorded();
}

fn an_auditor_reads_an_event(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let event = events(&world, &format!("action=agent.registered&agentId={}", agent.id()))[0].clone();
    let path = format!("/audit/events/{}", event["id"].as_str().unwrap_or_default());
    let read = world.operator().holding("audit:read").gets(&path).is_as_recorded();
    assert_eq!(read.json(), event);
}

fn an_event_of_another_owner_is_not_found(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &[]);
    let path = format!("/audit/events/{}", Subjects::of(&world, &stranger).event);
    world.operator().holding("audit:read").gets(&path).is_as_recorded();
    let admin = world.operator().holding("audit:read idp:admin").gets(&path);
    assert_eq!(admin.json()["owner"], "strangers", "{admin}");
    // An event that has no owner is for those who see all.
    let key = events(&world, "action=key.created")[0]["id"].as_str().unwrap_or_default().to_owned();
    let hidden = world.operator().holding("audit:read").gets(&format!("/audit/events/{key}"));
    assert_eq!(hidden.status(), 404, "{hidden}");
}

fn an_event_that_is_not_there_is_not_found(case: Case) {
    let world = case.world();
    let path = "/audit/events/01931e2c-0000-7000-8000-000000000000";
    let auditor = world.operator().holding("audit:read idp:admin");
    let missing = auditor.gets(path);
    assert_eq!(
        (missing.status(), &missing.json()["code"]),
        (404, &json!("AUDIT_EVENT_NOT_FOUND")),
        "{missing}"
    );
    // An id that carries no time of this world is an id all the same.
    for id in ["ffffffff-ffff-ffff-ffff-ffffffffffff", "00000000-0000-0000-0000-000000000000"] {
        let missing = auditor.gets(&format!("/audit/events/{id}"));
        assert_eq!(missing.status(), 404, "{missing}");
    }
}

fn an_event_without_an_id_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("audit:read").gets("/audit/events/latest").is_as_recorded();
}

fn reading_an_event_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets("/audit/events/01931e2c-0000-7000-8000-000000000000").is_as_recorded();
}

fn reading_an_event_takes_the_scope_audit_read(case: Case) {
    let world = case.world();
    let reader = world.operator().holding("agents:read idp:admin");
    reader.gets("/audit/events/01931e2c-0000-7000-8000-000000000000").is_as_recorded();
}

fn the_life_of_an_agent_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read", "resume:score"]);
    let operator = world.operator().holding("agents:write idp:admin");
    let done = |answer: Answer<'_>| assert!(answer.status() < 300, "{answer}");
    let patch = json!({
        "version": "v2.0.0",
        "capabilities": ["resume:read"],
        "owner": "strangers",
        "metadata": { "note": "not in the log" },
    });
    done(operator.patches(&path_of(&agent), &patch));
    for status in ["suspended", "active", "revoked"] {
        let change = json!({ "status": status, "reason": format!("it becomes {status}") });
        done(operator.puts(&format!("{}/status", path_of(&agent)), &change));
    }
    done(operator.deletes(&path_of(&agent)));
    let auditor = world.operator().holding("audit:read idp:admin");
    let all = ["agent.updated", "agent.suspended", "agent.reactivated", "agent.revoked", "agent.archived"];
    are_recorded(&auditor, &format!("&agentId={}", agent.id()), &all);
    let whole = Value::from(events(&world, "")).to_string();
    assert!(!whole.contains("not in the log"), "metadata is the owner's");
}

fn the_life_of_a_credential_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("credentials:write");
    let path = format!("{}/credentials", path_of(&agent));
    let issued = operator.posts(&path, &json!({ "label": "blue deployment" }));
    let location = issued.header("location").unwrap_or_default().to_owned();
    let rotated = operator.posts(&format!("{location}/rotate"), &json!({ "gracePeriodSeconds": 60 }));
    assert_eq!(rotated.status(), 201, "{rotated}");
    assert_eq!(operator.deletes(&location).status(), 204);
    let auditor = world.operator().holding("audit:read idp:admin");
    let all = ["credential.issued", "credential.rotated", "credential.revoked"];
    are_recorded(&auditor, &format!("&agentId={}", agent.id()), &all);
}

fn the_end_of_a_token_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let token = agent.holding("resume:read").token().to_owned();
    let colleague = world.agent("screener-002@example.com", &["resume:read"]);
    assert_eq!(colleague.revokes(&token).status(), 400);
    assert_eq!(agent.revokes(&token).status(), 200);
    let auditor = world.operator().holding("audit:read idp:admin");
    auditor.gets("/audit/events?action=token.revoked&outcome=denied").is_recorded_as("denied");
    auditor.gets("/audit/events?action=token.revoked&outcome=success").is_recorded_as("success");
    let issued = events(&world, &format!("action=token.issued&agentId={}", agent.id()));
    let ended = events(&world, &format!("action=token.revoked&agentId={}", agent.id()));
    assert_eq!(ended[0]["subject"]["tokenId"], issued[0]["subject"]["tokenId"]);
}

/// The action under which an operation is recorded, whether it was fulfilled or refused.
fn action_of(operation: &Operation) -> &'static str {
    match operation.id.as_str() {
        "registerAgent" => "agent.registered",
        "updateAgent" => "agent.updated",
        "changeAgentStatus" => "agent.suspended",
        "decommissionAgent" => "agent.archived",
        "issueCredential" => "credential.issued",
        "rotateCredential" => "credential.rotated",
        "revokeCredential" => "credential.revoked",
        unknown => panic!("{unknown} is not in the table of actions: add it"),
    }
}

/// The one event that this actor left under this action.
#[track_caller]
fn the_event(world: &contract_tests::world::World, actor: &str, action: &str) -> Value {
    let mut found = events(world, &format!("action={action}&actorId={actor}&outcome=denied"));
    assert_eq!(found.len(), 1, "{action} by {actor}: {found:#?}");
    found.pop().unwrap_or_default()
}

fn every_change_that_was_refused_is_recorded(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    let subjects = Subjects::of(&world, &auditor);
    let caller = world.agent("caller@example.com", &RESERVED);
    let lacking = caller.holding(&reserved_without(&["audit:read"]));
    for (operation, _) in taking_a_token(&spec) {
        if !changes(operation) {
            continue;
        }
        let about_nobody = operation.id == "registerAgent";
        let answer = if about_nobody {
            let mut agent = new_agent("second@example.com");
            agent["capabilities"] = json!(["audit:read"]);
            lacking.posts("/agents", &agent)
        } else {
            lacking.sends(subjects.request(operation))
        };
        assert_eq!(answer.status(), 403, "{}\n{answer}", operation.id);
        let event = the_event(&world, caller.id(), action_of(operation));
        assert_eq!(event["reason"], "reserved_capability_not_held", "{event:#}");
        assert_eq!(event["requestId"].as_str(), answer.header("x-request-id"), "{event:#}");
        assert_eq!(event["owner"], "operators", "{event:#}");
        if !about_nobody {
            assert_eq!(event["subject"]["agentId"], subjects.agent.as_str(), "{event:#}");
        }
        if operation.path.contains("{credentialId}") {
            assert_eq!(event["subject"]["credentialId"], subjects.credential.as_str(), "{event:#}");
        }
    }
}

fn every_look_over_a_wall_is_recorded(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let mut looks = 0;
    for (number, (operation, _)) in taking_a_token(&spec).into_iter().enumerate() {
        let names = |subject: &String| subjects.request(operation).target().contains(subject);
        let about_event = names(&subjects.event);
        if !names(&subjects.agent) && !about_event {
            continue;
        }
        looks += 1;
        let stranger = world.stranger(&format!("stranger-{number}@example.com"), &RESERVED);
        let answer = stranger.holding(&reserved_without(&["idp:admin"])).sends(subjects.request(operation));
        assert_eq!(answer.status(), 404, "{}\n{answer}", operation.id);
        let event = the_event(&world, stranger.id(), "access.denied");
        assert_eq!(event["reason"], "other_owner", "{}: {event:#}", operation.id);
        assert_eq!(event["requestId"].as_str(), answer.header("x-request-id"), "{event:#}");
        // The one looked at is told of it; the log of the one who looked does not tell a wall from an absence.
        assert_eq!(
            (&event["owner"], &event["subject"]["agentId"]),
            (&json!("operators"), &json!(agent.id()))
        );
        if about_event {
            assert_eq!(event["data"], json!({ "eventId": subjects.event }), "{event:#}");
        }
        // What is not there at all leaves as much, lest the time of the answer tell; behind no wall.
        let nobody = world.stranger(&format!("nobody-{number}@example.com"), &RESERVED);
        let nowhere = nobody.holding(&reserved_without(&["idp:admin"]));
        assert_eq!(nowhere.sends(Subjects::nowhere().request(operation)).status(), 404);
        let event = the_event(&world, nobody.id(), "access.denied");
        let reason = if about_event { "event_not_found" } else { "agent_not_found" };
        assert_eq!(event["reason"], reason, "{}: {event:#}", operation.id);
        assert_eq!(event.get("owner"), None, "{event:#}");
    }
    assert_eq!(looks, 11, "operations that name an agent or an event");
}

fn a_look_at_what_is_not_there_is_recorded_as_what_it_was(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let reader = world.agent("reader@example.com", &["agents:read", "audit:read"]);
    let held = reader.holding("agents:read audit:read");
    // A credential that the agent does not have, of an agent that is in sight.
    held.gets(&format!("{}/credentials/{}", path_of(&agent), Subjects::nowhere().credential)).is(404);
    let event = the_event(&world, reader.id(), "access.denied");
    assert_eq!((&event["reason"], &event["owner"]), (&json!("credential_not_found"), &json!("operators")));
    assert_eq!(event["subject"]["agentId"], agent.id());
    assert_eq!(event["subject"]["credentialId"], Subjects::nowhere().credential.as_str());

    // An event that is behind nobody's wall, which idp:admin alone sees over.
    let key = events(&world, "action=key.created")[0].clone();
    let key = key["id"].as_str().unwrap_or_default();
    for (number, path) in
        [format!("/audit/events/{key}"), format!("/audit/proofs/inclusion?eventId={key}")].iter().enumerate()
    {
        let curious = world.agent(&format!("curious-{number}@example.com"), &["audit:read"]);
        curious.holding("audit:read").gets(path).is(404);
        let event = the_event(&world, curious.id(), "access.denied");
        assert_eq!((&event["reason"], event.get("owner")), (&json!("no_owner"), None), "{event:#}");
        assert_eq!(event["data"]["eventId"], key);
    }
}

fn asking_for_the_whole_log_without_its_scope_is_recorded(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    auditor.holding("audit:read").gets("/audit/export?start=0").is(403);
    let event = the_event(&world, auditor.id(), "access.denied");
    assert_eq!((&event["reason"], &event["owner"]), (&json!("insufficient_scope"), &json!("operators")));
    assert_eq!(event["data"]["required"], json!(["idp:admin"]));
}

fn an_event_tells_with_which_credential_and_token_its_actor_came(case: Case) {
    let world = case.world();
    let agent = world.agent("manager@example.com", &["agents:write"]);
    let issued = agent.asks_for_a_token(&[("scope", "agents:write")]).is(200);
    let (held, (_, claims)) = (issued.bearer(), issued.token_parts());
    held.posts("/agents", &new_agent("managed@example.com")).is(201);
    let actor = json!({
        "agentId": agent.id(),
        "credentialId": world.credential_of(&agent),
        "method": "bearer",
        "tokenId": claims["jti"],
    });
    let registered = &events(&world, &format!("action=agent.registered&actorId={}", agent.id()))[0];
    assert_eq!(registered["actor"], actor, "{registered:#}");
    // A refusal tells it as well.
    held.gets("/agents").is(403);
    let denied = the_event(&world, agent.id(), "access.denied");
    assert_eq!(denied["actor"], actor, "{denied:#}");
}

fn every_lack_of_a_scope_is_recorded(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    for (number, (operation, scopes)) in taking_a_token(&spec).into_iter().enumerate() {
        let caller = world.agent(&format!("caller-{number}@example.com"), &["tokens:introspect"]);
        let answer = caller.holding("tokens:introspect").sends(subjects.request(operation));
        assert_eq!(answer.status(), 403, "{}\n{answer}", operation.id);
        let event = the_event(&world, caller.id(), "access.denied");
        assert_eq!(event["reason"], "insufficient_scope", "{}: {event:#}", operation.id);
        assert_eq!(event["data"]["required"], json!(scopes), "{}: {event:#}", operation.id);
    }
}

fn a_refusal_by_the_state_of_things_is_recorded(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let caller = world.agent("caller@example.com", &["agents:write", "credentials:write"]);
    let caller_id = caller.id().to_owned();
    let caller = caller.holding("agents:write credentials:write");
    let subjects = Subjects::of(&world, &agent);
    let status = |status: &str| {
        let change = json!({ "status": status, "reason": "a test" });
        caller.puts(&format!("{}/status", path_of(&agent)), &change)
    };
    let patch = Request::new("PATCH", &path_of(&agent)).merge_patch(&json!({ "version": "v2.0.0" }));
    assert_eq!(caller.sends(patch.clone().header("if-match", "\"other\"")).status(), 412);
    assert_eq!(the_event(&world, &caller_id, "agent.updated")["reason"], "precondition_failed");
    assert_eq!(status("revoked").status(), 200);
    assert_eq!(status("active").status(), 409);
    assert_eq!(the_event(&world, &caller_id, "agent.reactivated")["reason"], "agent_status_has_no_way");
    let path = format!("{}/credentials", path_of(&agent));
    assert_eq!(caller.posts(&path, &json!({})).status(), 409);
    assert_eq!(the_event(&world, &caller_id, "credential.issued")["reason"], "agent_ended");
    assert_eq!(caller.deletes(&format!("{path}/{}", subjects.credential)).status(), 204);
    assert_eq!(caller.posts(&format!("{path}/{}/rotate", subjects.credential), &json!({})).status(), 409);
    assert_eq!(the_event(&world, &caller_id, "credential.rotated")["reason"], "credential_ended");
}
