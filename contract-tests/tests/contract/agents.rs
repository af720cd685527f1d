//! registerAgent, getAgent, listAgents.

use contract_tests::actor::{Request, encoded};
use contract_tests::on_both_databases;
use contract_tests::world::Case;
use serde_json::{Value, json};

use crate::{new_agent, new_agent_with};

on_both_databases![
    an_operator_registers_an_agent,
    an_operator_registers_an_agent_with_everything_there_is,
    an_operator_registers_an_agent_of_another_owner,
    an_agent_may_have_no_capabilities_at_all,
    registering_takes_a_token,
    a_client_secret_is_no_token,
    registering_takes_the_scope_agents_write,
    nobody_grants_a_reserved_capability_without_holding_it,
    whoever_holds_a_reserved_capability_grants_it,
    nobody_registers_for_another_owner_without_idp_admin,
    an_email_address_is_never_given_twice,
    an_email_address_of_another_owner_is_taken_too,
    every_fault_of_a_registration_is_named_at_once,
    every_constraint_of_a_registration_is_kept,
    the_limits_of_a_registration_can_be_reached,
    a_registration_is_json,
    a_registration_has_at_most_64_kib,
    nothing_is_read_before_the_caller_is_known,
    an_operator_reads_an_agent,
    an_agent_reads_itself,
    an_agent_does_not_read_others_with_self_read,
    reading_an_agent_takes_a_token,
    reading_an_agent_takes_a_scope_for_it,
    an_agent_that_is_not_there_is_not_found,
    an_agent_of_another_owner_is_not_found,
    an_id_that_is_none_is_refused,
    an_agent_that_did_not_change_is_not_sent_again,
    an_entity_tag_list_that_is_too_long_is_refused,
    listing_shows_ones_own_owner,
    an_operator_lists_all_agents,
    listing_can_be_narrowed,
    listing_goes_page_by_page,
    listing_takes_a_token,
    listing_takes_the_scope_agents_read,
    a_list_with_bad_parameters_is_refused,
    a_cursor_that_was_never_given_is_refused,
];

fn an_operator_registers_an_agent(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let answer = operator.posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
    let agent = answer.json()["agent"]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(answer.header("location"), Some(format!("/agents/{agent}").as_str()));
}

fn an_operator_registers_an_agent_with_everything_there_is(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({
        "owner": "talent-team",
        "metadata": { "region": "eu-west-1", "model": { "family": "example", "sizes": [1, 2.5, null, true] } },
        "validUntil": "2099-01-01T01:00:00+01:00",
    }));
    world.operator().holding("agents:write idp:admin").posts("/agents", &agent).is_as_recorded();
}

fn an_operator_registers_an_agent_of_another_owner(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({ "owner": "strangers" }));
    world.operator().holding("agents:write idp:admin").posts("/agents", &agent).is_as_recorded();
}

fn an_agent_may_have_no_capabilities_at_all(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({ "capabilities": [] }));
    world.operator().holding("agents:write").posts("/agents", &agent).is_as_recorded();
}

fn registering_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
}

fn a_client_secret_is_no_token(case: Case) {
    let world = case.world();
    world.operator().posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
}

fn registering_takes_the_scope_agents_write(case: Case) {
    let world = case.world();
    let reader = world.operator().holding("agents:read");
    reader.posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
}

fn nobody_grants_a_reserved_capability_without_holding_it(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({ "capabilities": ["resume:read", "agents:read"] }));
    world.operator().holding("agents:write").posts("/agents", &agent).is_as_recorded();
}

fn whoever_holds_a_reserved_capability_grants_it(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({ "capabilities": ["resume:read", "agents:read"] }));
    world.operator().holding("agents:write agents:read").posts("/agents", &agent).is_as_recorded();
}

fn nobody_registers_for_another_owner_without_idp_admin(case: Case) {
    let world = case.world();
    let agent = new_agent_with(&json!({ "owner": "strangers" }));
    world.operator().holding("agents:write").posts("/agents", &agent).is_as_recorded();
}

fn an_email_address_is_never_given_twice(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &[]);
    let operator = world.operator().holding("agents:write");
    operator.posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
    let other_case = operator.posts("/agents", &new_agent("Screener-001@Example.COM"));
    assert_eq!(other_case.status(), 409, "{other_case}");
}

fn an_email_address_of_another_owner_is_taken_too(case: Case) {
    let world = case.world();
    world.stranger("screener-001@example.com", &[]);
    let operator = world.operator().holding("agents:write");
    operator.posts("/agents", &new_agent("screener-001@example.com")).is_as_recorded();
}

fn every_fault_of_a_registration_is_named_at_once(case: Case) {
    let world = case.world();
    let agent = json!({
        "email": "nobody",
        "agentType": "Big Screener",
        "version": "1.4",
        "capabilities": ["resume:read", "resume", "resume:read"],
        "owner": "",
        "deploymentEnv": "production",
        "metadata": { "a": { "b": { "c": { "d": { "e": { "f": { "g": { "h": { "i": 1 } } } } } } } } },
    });
    world.operator().holding("agents:write").posts("/agents", &agent).is_as_recorded();
}

fn every_constraint_of_a_registration_is_kept(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let many: Vec<String> = (0..65).map(|number| format!("resume:a{number}")).collect();
    let wide: Value =
        (0..65).map(|number| (format!("m{number}"), json!(number))).collect::<serde_json::Map<_, _>>().into();
    let faulty = [
        ("/email", json!({ "email": null })),
        ("/email", json!({ "email": 7 })),
        ("/email", json!({ "email": format!("{}@example.com", "a".repeat(250)) })),
        ("/agentType", json!({ "agentType": "" })),
        ("/agentType", json!({ "agentType": "a".repeat(65) })),
        ("/agentType", json!({ "agentType": "-a" })),
        ("/version", json!({ "version": "vv1.2.3" })),
        ("/version", json!({ "version": "1.02.3" })),
        ("/version", json!({ "version": "1.2.3\n" })),
        ("/capabilities", json!({ "capabilities": null })),
        ("/capabilities", json!({ "capabilities": "resume:read" })),
        ("/capabilities", json!({ "capabilities": many })),
        ("/capabilities/1", json!({ "capabilities": ["a:b", "a:b"] })),
        ("/capabilities/1", json!({ "capabilities": ["a:b", "a"] })),
        ("/capabilities/0", json!({ "capabilities": [7] })),
        ("/owner", json!({ "owner": null })),
        ("/owner", json!({ "owner": "a".repeat(129) })),
        ("/owner", json!({ "owner": " a" })),
        ("/deploymentEnv", json!({ "deploymentEnv": "moon" })),
        ("/deploymentEnv", json!({ "deploymentEnv": "Production" })),
        ("/metadata", json!({ "metadata": [] })),
        ("/metadata", json!({ "metadata": null })),
        ("/metadata", json!({ "metadata": wide })),
        ("/metadata", json!({ "metadata": { "text": "a".repeat(16_384) } })),
        ("/validUntil", json!({ "validUntil": "tomorrow" })),
        ("/validUntil", json!({ "validUntil": "2099-02-30T00:00:00Z" })),
        ("/id", json!({ "id": "01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f50" })),
        ("/status", json!({ "status": "active" })),
    ];
    for (path, fault) in faulty {
        let answer = operator.posts("/agents", &new_agent_with(&fault));
        assert_eq!(answer.status(), 400, "{path} in {fault}\n{answer}");
        let violations = answer.json()["details"]["violations"].clone();
        let named = violations.as_array().is_some_and(|all| all.iter().any(|one| one["path"] == path));
        assert!(named, "{path} is not named for {fault}:\n{answer}");
    }
    for name in ["email", "agentType", "version", "capabilities", "deploymentEnv"] {
        let mut agent = new_agent("screener-001@example.com");
        agent.as_object_mut().map(|members| members.remove(name));
        let answer = operator.posts("/agents", &agent);
        assert_eq!(answer.status(), 400, "without {name}\n{answer}");
        assert_eq!(answer.json()["details"]["violations"][0]["path"], format!("/{name}"), "{answer}");
    }
}

fn the_limits_of_a_registration_can_be_reached(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write idp:admin");
    let many: Vec<String> = (0..64).map(|number| format!("resume:a{number}")).collect();
    let agent = json!({
        "email": format!("{}@{}.example.com", "a".repeat(64), ["b".repeat(60), "c".repeat(60), "d".repeat(54)].join(".")),
        "agentType": "a".repeat(64),
        "version": "v1.2.3-alpha.1+build.5",
        "capabilities": many,
        "owner": "o".repeat(128),
        "deploymentEnv": "development",
        "metadata": { "a": { "b": { "c": { "d": { "e": { "f": { "g": 1 } } } } } } },
    });
    let answer = operator.posts("/agents", &agent);
    assert_eq!(answer.status(), 201, "{answer}");
}

fn a_registration_is_json(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let agent = new_agent("screener-001@example.com").to_string();
    let request = || Request::new("POST", "/agents");
    operator.sends(request().body("text/plain", agent.clone())).is_as_recorded();
    for unread in [
        request().bare_body(agent.clone()),
        request().body("application/x-www-form-urlencoded", agent.clone()),
        request().body("application/json; charset=latin1", agent.clone()),
        request(),
    ] {
        let answer = operator.sends(unread);
        assert_eq!(answer.status(), 415, "{answer}");
    }
    let read = operator.sends(request().body("application/json; charset=UTF-8", agent));
    assert_eq!(read.status(), 201, "{read}");
}

fn a_registration_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let large = " ".repeat(64 * 1024 + 1);
    operator.sends(Request::new("POST", "/agents").body("application/json", large)).is_as_recorded();
    let agent = new_agent("screener-001@example.com").to_string();
    let padded = format!("{agent}{}", " ".repeat(64 * 1024 - agent.len()));
    let answer = operator.sends(Request::new("POST", "/agents").body("application/json", padded));
    assert_eq!(answer.status(), 201, "{answer}");
}

fn nothing_is_read_before_the_caller_is_known(case: Case) {
    let world = case.world();
    let large = "x".repeat(64 * 1024 + 1);
    let answer = world.anyone().sends(Request::new("POST", "/agents").body("text/plain", large));
    assert_eq!(answer.status(), 401, "{answer}");
}

fn an_operator_reads_an_agent(case: Case) {
    let world = case.world();
    let agent =
        world.agent_like("screener-001@example.com", &["resume:read"], &json!({ "metadata": { "a": [1] } }));
    let operator = world.operator().holding("agents:read");
    let answer = operator.gets(&format!("/agents/{}", agent.id())).is_as_recorded();
    let head = operator.heads(&format!("/agents/{}", agent.id()));
    assert_eq!(head.status(), 200, "{head}");
    assert_eq!(head.header("etag"), answer.header("etag"));
}

fn an_agent_reads_itself(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    agent.holding("self:read").gets(&format!("/agents/{}", agent.id())).is_as_recorded();
}

fn an_agent_does_not_read_others_with_self_read(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &[]);
    let other = world.agent("screener-002@example.com", &[]);
    agent.holding("self:read").gets(&format!("/agents/{}", other.id())).is_as_recorded();
}

fn reading_an_agent_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets(&format!("/agents/{}", world.operator().id())).is_as_recorded();
}

fn reading_an_agent_takes_a_scope_for_it(case: Case) {
    let world = case.world();
    let writer = world.operator().holding("agents:write");
    writer.gets(&format!("/agents/{}", world.operator().id())).is_as_recorded();
}

fn an_agent_that_is_not_there_is_not_found(case: Case) {
    let world = case.world();
    let reader = world.operator().holding("agents:read idp:admin");
    reader.gets("/agents/01931e2c-0000-7000-8000-000000000000").is_as_recorded();
}

fn an_agent_of_another_owner_is_not_found(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &[]);
    let path = format!("/agents/{}", stranger.id());
    world.operator().holding("agents:read").gets(&path).is_as_recorded();
    let with_admin = world.operator().holding("agents:read idp:admin").gets(&path);
    assert_eq!(with_admin.status(), 200, "{with_admin}");
}

fn an_id_that_is_none_is_refused(case: Case) {
    let world = case.world();
    let reader = world.operator().holding("agents:read");
    reader.gets("/agents/screener").is_as_recorded();
    for path in
        ["/agents/%ff", "/agents/01931e2c-0000-7000-8000-00000000000", "/agents/..%2fhealth", "/agents/%00"]
    {
        let answer = reader.gets(path);
        assert_eq!(answer.status(), 400, "{answer}");
    }
}

fn an_agent_that_did_not_change_is_not_sent_again(case: Case) {
    let world = case.world();
    let path = format!("/agents/{}", world.operator().id());
    let reader = world.operator().holding("agents:read");
    let tag = reader.gets(&path).header("etag").unwrap_or_default().to_owned();
    let if_none_match = |tags: &str| reader.sends(Request::new("GET", &path).header("if-none-match", tags));
    if_none_match(&tag).is_as_recorded();
    for current in ["*", &format!("W/{tag}"), &format!("\"other\", {tag}")] {
        let answer = if_none_match(current);
        assert_eq!(answer.status(), 304, "{current}\n{answer}");
        assert_eq!(answer.header("etag"), Some(tag.as_str()));
    }
    let other = if_none_match("\"other\"");
    assert_eq!(other.status(), 200, "{other}");
}

fn an_entity_tag_list_that_is_too_long_is_refused(case: Case) {
    let world = case.world();
    let path = format!("/agents/{}", world.operator().id());
    let tags = format!("\"{}\"", "a".repeat(1023));
    world
        .operator()
        .holding("agents:read")
        .sends(Request::new("GET", &path).header("if-none-match", &tags))
        .is_as_recorded();
}

fn listing_shows_ones_own_owner(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    let stranger = world.stranger("screener-002@example.com", &["agents:read"]);
    let reader = stranger.holding("agents:read");
    reader.gets("/agents").is_as_recorded();
    let others = reader.gets("/agents?q=screener-001");
    assert_eq!(others.json(), json!({ "items": [] }), "{others}");
}

fn an_operator_lists_all_agents(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["resume:read"]);
    world.stranger("screener-002@example.com", &["resume:read"]);
    world.operator().holding("agents:read idp:admin").gets("/agents").is_as_recorded();
}

fn listing_can_be_narrowed(case: Case) {
    let world = case.world();
    world.agent("a-screener@example.com", &["resume:read"]);
    world.agent_like("b-judge@example.com", &["resume:score"], &json!({ "agentType": "judge" }));
    world.agent_like("c-tester@example.com", &[], &json!({ "deploymentEnv": "staging" }));
    world.stranger("d-stranger@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read idp:admin");
    let expected = [
        ("agentType=judge", vec!["b-judge@example.com"]),
        ("deploymentEnv=staging", vec!["c-tester@example.com"]),
        ("owner=strangers", vec!["d-stranger@example.com"]),
        ("capability=resume%3Aread", vec!["d-stranger@example.com", "a-screener@example.com"]),
        ("capability=resume:read&owner=strangers", vec!["d-stranger@example.com"]),
        ("q=B-JU", vec!["b-judge@example.com"]),
        ("q=%5F%25", vec![]),
        ("status=suspended", vec![]),
        ("status=active&q=c-", vec!["c-tester@example.com"]),
    ];
    for (filter, emails) in expected {
        let answer = operator.gets(&format!("/agents?{filter}"));
        let page = answer.json();
        let found: Vec<&str> = page["items"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|agent| agent["email"].as_str())
            .collect();
        assert_eq!(found, emails, "{filter}\n{answer}");
    }
}

fn listing_goes_page_by_page(case: Case) {
    let world = case.world();
    for number in 1..=5 {
        world.agent(&format!("screener-{number}@example.com"), &[]);
    }
    let operator = world.operator().holding("agents:read");
    operator.gets("/agents?q=screener&limit=2").is_as_recorded();
    let mut emails = Vec::new();
    let mut sizes = Vec::new();
    let mut cursor = String::new();
    loop {
        let answer = operator.gets(&format!("/agents?q=screener&limit=2{cursor}"));
        assert_eq!(answer.status(), 200, "{answer}");
        let page = answer.json();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        sizes.push(items.len());
        emails.extend(items.iter().filter_map(|agent| agent["email"].as_str().map(str::to_owned)));
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={}", encoded(next)),
            None => break,
        }
    }
    assert_eq!(sizes, [2, 2, 1]);
    let expected: Vec<String> =
        (1..=5).rev().map(|number| format!("screener-{number}@example.com")).collect();
    assert_eq!(emails, expected);
}

fn listing_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().gets("/agents").is_as_recorded();
}

fn listing_takes_the_scope_agents_read(case: Case) {
    let world = case.world();
    world.operator().holding("self:read").gets("/agents").is_as_recorded();
}

fn a_list_with_bad_parameters_is_refused(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:read");
    operator
        .gets("/agents?limit=101&q=a&status=asleep&deploymentEnv=&capability=read&agentType=Judge&owner=%20")
        .is_as_recorded();
    for (name, value) in
        [("limit", "0"), ("limit", "-1"), ("limit", "ten"), ("limit", "99999999999"), ("cursor", "%20")]
    {
        let answer = operator.gets(&format!("/agents?{name}={value}"));
        assert_eq!(answer.status(), 400, "{name}={value}\n{answer}");
        let violation = answer.json()["details"]["violations"][0].clone();
        assert_eq!((&violation["in"], &violation["path"]), (&json!("query"), &json!(name)), "{answer}");
    }
}

fn a_cursor_that_was_never_given_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("agents:read").gets("/agents?cursor=bm90aGluZw").is_as_recorded();
}
