//! updateAgent: the merge patch, the version that was seen, and what a change takes away.

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World, in_seconds};
use serde_json::{Value, json};

use crate::{is_active, path_of};

on_both_databases![
    an_operator_changes_an_agent,
    what_is_not_there_stays_and_null_removes,
    metadata_is_merged_member_by_member,
    what_a_merge_makes_is_bounded,
    what_metadata_holds_comes_back_as_it_was,
    a_character_that_no_database_keeps_is_refused,
    an_end_is_kept_to_the_millisecond,
    an_end_beyond_what_can_be_written_is_refused,
    several_fields_of_versions_are_one_list,
    a_change_of_nothing_changes_nothing,
    an_update_is_made_to_the_version_that_was_seen,
    an_update_of_another_version_is_refused,
    a_list_of_versions_that_is_too_long_is_refused,
    of_two_updates_of_one_version_one_is_made,
    taking_something_away_ends_tokens,
    taking_nothing_away_leaves_tokens_alive,
    every_fault_of_an_update_is_named_at_once,
    every_constraint_of_an_update_is_kept,
    an_end_in_the_past_is_refused,
    an_update_is_a_merge_patch,
    an_update_has_at_most_64_kib,
    updating_takes_a_token,
    updating_takes_the_scope_agents_write,
    an_agent_of_another_owner_is_not_updated,
    nobody_gives_an_agent_away_without_idp_admin,
    nobody_grants_a_reserved_capability_without_holding_it,
    nobody_takes_a_reserved_capability_without_holding_it,
    a_revoked_agent_changes_no_more,
    the_last_admin_keeps_idp_admin,
    an_admin_beside_another_may_lose_idp_admin,
];

fn screener(world: &World) -> Actor<'_> {
    world.agent_like(
        "screener-001@example.com",
        &["resume:read", "resume:score"],
        &json!({ "metadata": { "region": "eu-west-1" }, "validUntil": "2099-01-01T00:00:00Z" }),
    )
}

fn writer(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read agents:write")
}

/// An answer's agent, after a success.
#[track_caller]
fn agent_in(answer: &Answer<'_>) -> Value {
    assert_eq!(answer.status(), 200, "{answer}");
    answer.json()
}

fn an_operator_changes_an_agent(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let before = writer.gets(&path_of(&agent));
    let patch = json!({
        "agentType": "orchestrator",
        "version": "v2.0.0",
        "capabilities": ["resume:score", "resume:read", "jobs:read"],
        "deploymentEnv": "staging",
        "metadata": { "region": null, "team": "scoring" },
        "validUntil": "2098-01-01T01:00:00+01:00",
    });
    let changed = writer.patches(&path_of(&agent), &patch).is_as_recorded();
    assert_ne!(changed.header("etag"), before.header("etag"));
    assert_eq!(changed.json()["createdAt"], before.json()["createdAt"]);
    assert_ne!(changed.json()["updatedAt"], before.json()["updatedAt"]);
    let after = writer.gets(&path_of(&agent));
    assert_eq!((after.json(), after.header("etag")), (changed.json(), changed.header("etag")), "{after}");
}

fn what_is_not_there_stays_and_null_removes(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let before = writer.gets(&path_of(&agent)).json();
    let patch = |patch: Value| agent_in(&writer.patches(&path_of(&agent), &patch));

    let mut expected = before.clone();
    expected["version"] = json!("v1.5.0");
    let mut changed = patch(json!({ "version": "v1.5.0" }));
    changed["updatedAt"] = before["updatedAt"].clone();
    assert_eq!(changed, expected);

    let without_end = patch(json!({ "validUntil": null }));
    assert_eq!(without_end.get("validUntil"), None);
    assert_eq!(without_end["metadata"], before["metadata"]);
    let without_metadata = patch(json!({ "metadata": null }));
    assert_eq!(without_metadata.get("metadata"), None);
    let without_capabilities = patch(json!({ "capabilities": [] }));
    assert_eq!(without_capabilities["capabilities"], json!([]));
}

/// The examples of RFC 7396 appendix A that an object can be.
fn metadata_is_merged_member_by_member(case: Case) {
    let world = case.world();
    let agent = world.agent_like("screener-001@example.com", &[], &json!({ "metadata": { "e": null } }));
    let writer = writer(&world);
    let merged = |patch: &Value| {
        agent_in(&writer.patches(&path_of(&agent), &json!({ "metadata": patch })))["metadata"].clone()
    };
    assert_eq!(merged(&json!({ "a": 1 })), json!({ "e": null, "a": 1 }));
    for (before, patch, after) in [
        (json!({ "a": "b" }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "b" }), json!({ "b": "c" }), json!({ "a": "b", "b": "c" })),
        (json!({ "a": "b" }), json!({ "a": null }), json!({})),
        (json!({ "a": "b", "b": "c" }), json!({ "a": null }), json!({ "b": "c" })),
        (json!({ "a": ["b"] }), json!({ "a": "c" }), json!({ "a": "c" })),
        (json!({ "a": "c" }), json!({ "a": ["b"] }), json!({ "a": ["b"] })),
        (json!({ "a": { "b": "c" } }), json!({ "a": { "b": "d", "c": null } }), json!({ "a": { "b": "d" } })),
        (json!({ "a": [{ "b": "c" }] }), json!({ "a": [1] }), json!({ "a": [1] })),
        (json!({ "a": "b" }), json!({ "a": { "b": { "c": null } } }), json!({ "a": { "b": {} } })),
        (json!({}), json!({ "a": { "bb": { "ccc": null } } }), json!({ "a": { "bb": {} } })),
        (json!({ "a": { "b": 1, "c": 2 } }), json!({ "a": { "b": null } }), json!({ "a": { "c": 2 } })),
        (json!({ "a": 1 }), json!({ "z": null }), json!({ "a": 1 })),
    ] {
        agent_in(&writer.patches(&path_of(&agent), &json!({ "metadata": null })));
        assert_eq!(merged(&before), before);
        assert_eq!(merged(&patch), after, "{patch} on {before}");
    }
}

fn what_a_merge_makes_is_bounded(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let patch = |metadata: Value| writer.patches(&path_of(&agent), &json!({ "metadata": metadata }));
    let members = |from: u32, to: u32| -> Value {
        (from..to)
            .map(|number| (format!("m{number}"), json!(number)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    agent_in(&patch(Value::Null));
    agent_in(&patch(members(0, 64)));
    patch(json!({ "more": 1 })).is_as_recorded();
    agent_in(&patch(json!({ "m0": null, "more": 1 })));
    agent_in(&patch(Value::Null));
    agent_in(&patch(json!({ "a": "a".repeat(10_000) })));
    let too_much = patch(json!({ "b": "b".repeat(10_000) }));
    assert_eq!(too_much.status(), 400, "{too_much}");
    assert_eq!(too_much.json()["details"]["violations"][0]["rule"], "x-max-bytes", "{too_much}");
    let unchanged = writer.gets(&path_of(&agent)).json();
    assert_eq!(unchanged["metadata"], json!({ "a": "a".repeat(10_000) }));
}

fn what_metadata_holds_comes_back_as_it_was(case: Case) {
    let world = case.world();
    let writer = writer(&world);
    let metadata = json!({
        "zero": 0, "negative": -1, "float": 1.0, "tenth": 0.1, "large": 1e21, "small": 1e-9, "hundred": 1e2,
        "largest": u64::MAX, "least": i64::MIN, "beyond": 12_345_678_901_234_567_890_u64,
        "text": "\u{e9}\u{1f980}\u{7f}\\\"/\n", "": { "a b": [[], {}, [null, true, false]] },
        "z": 1, "B": 2, "a": 3, "\u{e9}": 4,
    });
    let agent = crate::new_agent_with(&json!({ "metadata": metadata }));
    let registered = writer.posts("/agents", &agent).json()["agent"].clone();
    let path = format!("/agents/{}", registered["id"].as_str().unwrap_or_default());
    assert_eq!(registered["metadata"], metadata);
    let read = writer.gets(&path);
    assert_eq!(read.json()["metadata"].to_string(), registered["metadata"].to_string());
    let again = writer.patches(&path, &json!({ "metadata": metadata }));
    assert_eq!(again.header("etag"), read.header("etag"), "the same is no change\n{again}");
    let patched = writer.patches(&path, &json!({ "metadata": { "more": { "ten": 1e1, "one": 1.0 } } }));
    assert_eq!(writer.gets(&path).text(), patched.text());
}

fn a_character_that_no_database_keeps_is_refused(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    for metadata in [json!({ "a": "b\u{0}c" }), json!({ "a\u{0}": 1 }), json!({ "a": [{ "b": "\u{0}" }] })] {
        let answer = writer.patches(&path_of(&agent), &json!({ "metadata": metadata }));
        assert_eq!(answer.status(), 400, "{metadata}\n{answer}");
        let answer = writer.posts(
            "/agents",
            &crate::new_agent_with(&json!({ "email": "nul@example.com", "metadata": metadata })),
        );
        assert_eq!(answer.status(), 400, "{metadata}\n{answer}");
    }
    let lone = r#"{"metadata":{"a":"\ud800"}}"#;
    let request = Request::new("PATCH", &path_of(&agent)).body("application/merge-patch+json", lone);
    let answer = writer.sends(request);
    assert_eq!(answer.status(), 400, "{answer}");
}

fn an_end_is_kept_to_the_millisecond(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let patch = json!({ "validUntil": "2098-07-01T02:00:00.123987654+02:00" });
    let first = writer.patches(&path_of(&agent), &patch);
    assert_eq!(agent_in(&first)["validUntil"], "2098-07-01T00:00:00.123Z");
    let again = writer.patches(&path_of(&agent), &patch);
    assert_eq!((agent_in(&again), again.header("etag")), (first.json(), first.header("etag")));
    let as_shown = writer.patches(&path_of(&agent), &json!({ "validUntil": "2098-07-01T00:00:00.123Z" }));
    assert_eq!((agent_in(&as_shown), as_shown.header("etag")), (first.json(), first.header("etag")));
}

fn an_end_beyond_what_can_be_written_is_refused(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let last = json!({ "validUntil": "9999-12-31T23:59:59.999Z" });
    assert_eq!(agent_in(&writer.patches(&path_of(&agent), &last))["validUntil"], last["validUntil"]);
    assert_eq!(writer.gets(&path_of(&agent)).json()["validUntil"], last["validUntil"]);
    for time in ["9999-12-31T23:59:59.999-00:01", "9999-12-31T23:59:60Z", "+10000-01-01T00:00:00Z"] {
        let answer = writer.patches(&path_of(&agent), &json!({ "validUntil": time }));
        assert_eq!(answer.status(), 400, "{time}\n{answer}");
    }
}

fn several_fields_of_versions_are_one_list(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let tag = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    let with = |tags: [&str; 2]| {
        let patch = json!({ "version": "v8.0.0" });
        let request = Request::new("PATCH", &path_of(&agent)).merge_patch(&patch);
        writer.sends(request.header("if-match", tags[0]).header("if-match", tags[1])).status()
    };
    // One list (RFC 9110 section 5.3), or refused; never one of them alone.
    assert!([400, 412].contains(&with(["\"other\"", "\"another\""])));
    assert!([200, 400].contains(&with(["\"other\"", &tag])));
}

fn a_change_of_nothing_changes_nothing(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let token = agent.holding("resume:read").token().to_owned();
    let before = writer.gets(&path_of(&agent));
    for patch in [
        json!({ "version": "v1.4.2" }),
        json!({ "capabilities": ["resume:score", "resume:read"] }),
        json!({ "metadata": {} }),
        json!({ "metadata": { "region": "eu-west-1", "nothing": null } }),
        json!({ "validUntil": "2099-01-01T01:00:00+01:00" }),
        json!({ "owner": "operators", "agentType": "screener", "deploymentEnv": "production" }),
    ] {
        let answer = writer.patches(&path_of(&agent), &patch);
        // When it last authenticated is not part of what the tag stands for.
        let [mut same, mut before_it] = [agent_in(&answer), before.json()];
        for agent in [&mut same, &mut before_it] {
            agent.as_object_mut().map(|members| members.remove("lastAuthAt"));
        }
        assert_eq!((&same, answer.header("etag")), (&before_it, before.header("etag")), "{patch}");
    }
    assert!(is_active(&agent, &token));
    assert!(crate::events(&world, &format!("action=agent.updated&agentId={}", agent.id())).is_empty());
}

fn an_update_is_made_to_the_version_that_was_seen(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    for (minor, tags) in
        ["{}", "*", "\"other\", {}", "{}, \"other\"", "\"other\",{} , W/\"1\"", " {} "].iter().enumerate()
    {
        let tag = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
        let request = Request::new("PATCH", &path_of(&agent))
            .merge_patch(&json!({ "version": format!("2.{minor}.0") }))
            .header("if-match", &tags.replace("{}", &tag));
        agent_in(&writer.sends(request));
    }
}

fn an_update_of_another_version_is_refused(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let if_match = |tags: &str| {
        let patch = json!({ "version": "v9.9.9" });
        writer.sends(Request::new("PATCH", &path_of(&agent)).merge_patch(&patch).header("if-match", tags))
    };
    let stale = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    agent_in(&writer.patches(&path_of(&agent), &json!({ "version": "v1.5.0" })));
    let current = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    assert_ne!(current, stale);
    if_match(&stale).is_as_recorded();
    let inside = current.trim_matches('"');
    for tags in [
        format!("W/{current}"),
        "\"other\"".to_owned(),
        format!("{stale}, \"other\""),
        inside.to_owned(),
        format!("\"0{inside}\""),
        format!("\"+{inside}\""),
        format!("\" {inside}\""),
        "\"\"".to_owned(),
        "nothing".to_owned(),
        "\"*\"".to_owned(),
        "\"a,*,b\"".to_owned(),
        "\"other\", *".to_owned(),
    ] {
        let answer = if_match(&tags);
        assert_eq!(answer.status(), 412, "{tags}\n{answer}");
    }
    assert_eq!(writer.gets(&path_of(&agent)).json()["version"], "v1.5.0");
}

fn a_list_of_versions_that_is_too_long_is_refused(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let request = Request::new("PATCH", &path_of(&agent)).merge_patch(&json!({ "version": "v1.5.0" }));
    writer.sends(request.header("if-match", &format!("\"{}\"", "a".repeat(1023)))).is_as_recorded();
}

fn of_two_updates_of_one_version_one_is_made(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let tag = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    let update = |minor: u32| {
        let request = Request::new("PATCH", &path_of(&agent))
            .merge_patch(&json!({ "version": format!("3.{minor}.0") }))
            .header("if-match", &tag);
        writer.sends(request).status()
    };
    let mut statuses: Vec<u16> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..8).map(|minor| scope.spawn(move || update(minor))).collect();
        running.into_iter().map(|one| one.join().unwrap_or_default()).collect()
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 412, 412, 412, 412, 412, 412, 412]);
}

/// A token for other people's APIs and one for this server, both alive.
fn tokens(agent: &Actor<'_>) -> [String; 2] {
    let tokens = ["resume:read", "self:read"].map(|scope| agent.holding(scope).token().to_owned());
    for token in &tokens {
        assert!(is_active(agent, token));
    }
    tokens
}

fn taking_something_away_ends_tokens(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let admin = world.operator().holding("agents:read agents:write idp:admin");
    for patch in [
        json!({ "capabilities": ["resume:read"] }),
        json!({ "capabilities": ["resume:read", "jobs:read"] }),
        json!({ "capabilities": ["resume:read", "resume:score"] }),
        json!({ "validUntil": "2098-01-01T00:00:00Z" }),
        json!({ "owner": "strangers" }),
    ] {
        let adds_only = patch["capabilities"] == json!(["resume:read", "jobs:read"]);
        let [ordinary, reserved] = tokens(&agent);
        agent_in(&admin.patches(&path_of(&agent), &patch));
        assert_eq!(is_active(&world.operator(), &ordinary), adds_only, "{patch}");
        assert_eq!(is_active(&agent, &reserved), adds_only, "{patch}");
        let answer = world.bearer(&reserved).gets(&path_of(&agent));
        assert_eq!(answer.status(), if adds_only { 200 } else { 401 }, "{patch}\n{answer}");
        // What it asks for afterwards is good at once.
        tokens(&agent);
    }
    agent_in(&admin.patches(&path_of(&agent), &json!({ "validUntil": null })));
    let [ordinary, _] = tokens(&agent);
    agent_in(&admin.patches(&path_of(&agent), &json!({ "validUntil": "2099-01-01T00:00:00Z" })));
    assert!(!is_active(&agent, &ordinary), "an end where there was none takes time away");
}

fn taking_nothing_away_leaves_tokens_alive(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let before = tokens(&agent);
    for patch in [
        json!({ "version": "v1.5.0", "agentType": "scorer", "deploymentEnv": "staging" }),
        json!({ "capabilities": ["resume:read", "resume:score", "jobs:read"] }),
        json!({ "metadata": null }),
        json!({ "validUntil": "2099-06-01T00:00:00Z" }),
        json!({ "validUntil": null }),
    ] {
        agent_in(&writer.patches(&path_of(&agent), &patch));
        assert!(before.iter().all(|token| is_active(&agent, token)), "{patch}");
    }
    assert_eq!(agent.asks_for_a_token(&[("scope", "jobs:read")]).status(), 200);
}

fn every_fault_of_an_update_is_named_at_once(case: Case) {
    let world = case.world();
    let patch = json!({
        "agentType": "Big Screener",
        "version": null,
        "capabilities": ["resume:read", "resume", "resume:read"],
        "owner": "",
        "deploymentEnv": "moon",
        "metadata": { "a": { "b": { "c": { "d": { "e": { "f": { "g": { "h": { "i": 1 } } } } } } } } },
    });
    writer(&world).patches(&path_of(&screener(&world)), &patch).is_as_recorded();
}

fn every_constraint_of_an_update_is_kept(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let many: Vec<String> = (0..65).map(|number| format!("resume:a{number}")).collect();
    let wide: Value =
        (0..65).map(|number| (format!("m{number}"), json!(null))).collect::<serde_json::Map<_, _>>().into();
    for (path, patch) in [
        ("", json!({})),
        ("", json!([])),
        ("", json!("v1.2.3")),
        ("", json!(null)),
        ("/email", json!({ "email": "screener-002@example.com" })),
        ("/id", json!({ "id": agent.id() })),
        ("/status", json!({ "status": "suspended" })),
        ("/updatedAt", json!({ "updatedAt": null })),
        ("/agentType", json!({ "agentType": null })),
        ("/agentType", json!({ "agentType": "a".repeat(65) })),
        ("/version", json!({ "version": "1" })),
        ("/version", json!({ "version": 1 })),
        ("/capabilities", json!({ "capabilities": null })),
        ("/capabilities", json!({ "capabilities": many })),
        ("/capabilities/1", json!({ "capabilities": ["a:b", "a:b"] })),
        ("/capabilities/0", json!({ "capabilities": ["A:b"] })),
        ("/capabilities", json!({ "capabilities": ["self:read"] })),
        ("/owner", json!({ "owner": null })),
        ("/owner", json!({ "owner": "a".repeat(129) })),
        ("/deploymentEnv", json!({ "deploymentEnv": null })),
        ("/metadata", json!({ "metadata": [] })),
        ("/metadata", json!({ "metadata": "text" })),
        ("/metadata", json!({ "metadata": wide })),
        ("/metadata", json!({ "metadata": { "text": "a".repeat(16_384) } })),
        ("/validUntil", json!({ "validUntil": "tomorrow" })),
        ("/validUntil", json!({ "validUntil": false })),
    ] {
        let answer = writer.patches(&path_of(&agent), &patch);
        assert_eq!(answer.status(), 400, "{path} in {patch}\n{answer}");
        let violations = answer.json()["details"]["violations"].clone();
        let named = violations.as_array().is_some_and(|all| all.iter().any(|one| one["path"] == path));
        assert!(named, "{path} is not named for {patch}:\n{answer}");
    }
}

fn an_end_in_the_past_is_refused(case: Case) {
    let world = case.world();
    let patch = json!({ "validUntil": "2020-01-01T00:00:00Z" });
    writer(&world).patches(&path_of(&screener(&world)), &patch).is_as_recorded();
}

fn an_update_is_a_merge_patch(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let request = || Request::new("PATCH", &path_of(&agent));
    let patch = json!({ "version": "v1.5.0" });
    writer.sends(request().json(&patch)).is_as_recorded();
    for unread in [
        request().bare_body(patch.to_string()),
        request().body("application/json-patch+json", "[]"),
        request().body("application/merge-patch+json; charset=latin1", patch.to_string()),
    ] {
        let answer = writer.sends(unread);
        assert_eq!(answer.status(), 415, "{answer}");
    }
    let read = request().body("Application/Merge-Patch+JSON; charset=utf-8", patch.to_string());
    agent_in(&writer.sends(read));
}

fn an_update_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let request = Request::new("PATCH", &path_of(&screener(&world)));
    let large = " ".repeat(64 * 1024 + 1);
    writer(&world).sends(request.body("application/merge-patch+json", large)).is_as_recorded();
}

fn updating_takes_a_token(case: Case) {
    let world = case.world();
    let path = path_of(&screener(&world));
    world.anyone().patches(&path, &json!({ "version": "v1.5.0" })).is_as_recorded();
}

fn updating_takes_the_scope_agents_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let patch = json!({ "version": "v1.5.0" });
    world.operator().holding("agents:read").patches(&path_of(&agent), &patch).is_as_recorded();
    let itself = agent.holding("self:read self:rotate").patches(&path_of(&agent), &patch);
    assert_eq!(itself.status(), 403, "{itself}");
}

fn an_agent_of_another_owner_is_not_updated(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &["resume:read"]);
    let patch = json!({ "version": "v1.5.0" });
    writer(&world).patches(&path_of(&stranger), &patch).is_as_recorded();
    let admin = world.operator().holding("agents:write idp:admin");
    agent_in(&admin.patches(&path_of(&stranger), &patch));
}

fn nobody_gives_an_agent_away_without_idp_admin(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let patch = json!({ "owner": "strangers" });
    writer(&world).patches(&path_of(&agent), &patch).is_as_recorded();
    let admin = world.operator().holding("agents:read agents:write idp:admin");
    assert_eq!(agent_in(&admin.patches(&path_of(&agent), &patch))["owner"], "strangers");
    let gone = writer(&world).gets(&path_of(&agent));
    assert_eq!(gone.status(), 404, "{gone}");
}

fn nobody_grants_a_reserved_capability_without_holding_it(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let patch = json!({ "capabilities": ["resume:read", "agents:read"] });
    let writer = world.operator().holding("agents:write");
    writer.patches(&path_of(&agent), &patch).is_as_recorded();
    let holder = world.operator().holding("agents:read agents:write");
    agent_in(&holder.patches(&path_of(&agent), &patch));
    let issuer = world.operator().holding("agents:read credentials:write");
    let issued = issuer.posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    assert_eq!(world.holder_of(&issued).asks_for_a_token(&[("scope", "agents:read")]).status(), 200);
}

fn nobody_takes_a_reserved_capability_without_holding_it(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    let patch = json!({ "capabilities": [] });
    writer(&world).patches(&path_of(&auditor), &patch).is_as_recorded();
    let holder = world.operator().holding("agents:write audit:read");
    agent_in(&holder.patches(&path_of(&auditor), &patch));
    assert_eq!(auditor.asks_for_a_token(&[("scope", "audit:read")]).status(), 400);
}

fn a_revoked_agent_changes_no_more(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let becomes = |status: &str| {
        let change = json!({ "status": status, "reason": "a test" });
        agent_in(&writer.puts(&format!("{}/status", path_of(&agent)), &change));
    };
    let patch = json!({ "version": "v1.5.0" });
    becomes("suspended");
    agent_in(&writer.patches(&path_of(&agent), &patch));
    becomes("revoked");
    writer.patches(&path_of(&agent), &patch).is_as_recorded();
    becomes("archived");
    let archived = writer.patches(&path_of(&agent), &patch);
    assert_eq!(
        (archived.status(), archived.json()["code"].clone()),
        (409, json!("AGENT_CONFLICT")),
        "{archived}"
    );
}

/// Every scope that an operator can have.
const EVERYTHING: &str =
    "agents:read agents:write audit:read credentials:write idp:admin tokens:introspect tokens:revoke";

fn the_last_admin_keeps_idp_admin(case: Case) {
    let world = case.world();
    let operator = world.operator();
    let everything = operator.holding(EVERYTHING);
    everything.patches(&path_of(&operator), &json!({ "capabilities": ["agents:write"] })).is_as_recorded();
    let soon = everything.patches(&path_of(&operator), &json!({ "validUntil": in_seconds(3600) }));
    assert_eq!(soon.status(), 409, "an end is an end, however late\n{soon}");
    agent_in(&everything.patches(&path_of(&operator), &json!({ "version": "v9.0.0" })));
}

fn an_admin_beside_another_may_lose_idp_admin(case: Case) {
    let world = case.world();
    let second = world.agent("second@example.com", &["idp:admin"]);
    let suspended = world.agent("third@example.com", &["idp:admin"]);
    let everything = world.operator().holding(EVERYTHING);
    let change = json!({ "status": "suspended", "reason": "a test" });
    agent_in(&everything.puts(&format!("{}/status", path_of(&suspended)), &change));
    agent_in(&everything.patches(&path_of(&second), &json!({ "capabilities": [] })));
    // Neither a suspended admin nor a former one counts.
    let last = everything.patches(&path_of(&world.operator()), &json!({ "capabilities": [] }));
    assert_eq!((last.status(), last.json()["code"].clone()), (409, json!("AGENT_CONFLICT")), "{last}");
    agent_in(&everything.patches(&path_of(&second), &json!({ "capabilities": ["idp:admin"] })));
    agent_in(&everything.patches(&path_of(&world.operator()), &json!({ "capabilities": [] })));
}
