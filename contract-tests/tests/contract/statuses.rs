//! changeAgentStatus and decommissionAgent: the ways between statuses, and what leaving `active` ends.

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::{Value, json};

use crate::{is_active, new_agent, path_of};

on_both_databases![
    an_operator_suspends_an_agent,
    every_way_between_statuses_is_as_declared,
    there_is_no_way_back_from_the_end,
    leaving_active_ends_tokens_at_once_and_for_good,
    only_an_active_agent_authenticates,
    a_status_is_changed_of_the_version_that_was_seen,
    a_change_of_status_has_a_status_and_a_reason,
    every_constraint_of_a_change_of_status_is_kept,
    a_change_of_status_is_json,
    a_change_of_status_has_at_most_64_kib,
    changing_a_status_takes_a_token,
    changing_a_status_takes_the_scope_agents_write,
    the_status_of_an_agent_of_another_owner_is_not_changed,
    nobody_suspends_an_agent_with_a_reserved_capability_without_holding_it,
    the_last_admin_is_not_ended,
    two_admins_do_not_end_each_other,
    an_operator_decommissions_an_agent,
    decommissioning_ends_credentials_and_tokens,
    decommissioning_twice_is_decommissioning_once,
    an_archived_agents_address_stays_taken,
    an_agent_is_decommissioned_in_the_version_that_was_seen,
    an_agent_that_is_not_there_is_not_decommissioned,
    an_agent_without_an_id_is_not_decommissioned,
    decommissioning_takes_a_token,
    decommissioning_takes_the_scope_agents_write,
    the_last_admin_is_not_decommissioned,
];

const STATUSES: [&str; 4] = ["active", "suspended", "revoked", "archived"];

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

fn writer(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read agents:write")
}

fn change(status: &str) -> Value {
    json!({ "status": status, "reason": "its owner is on leave" })
}

/// Asks for a status.
fn moves<'w>(by: &Actor<'w>, agent: &Actor<'_>, status: &str) -> Answer<'w> {
    by.puts(&format!("{}/status", path_of(agent)), &change(status))
}

/// An agent that came to a status by the shortest way.
fn agent_that_is<'w>(world: &'w World, writer: &Actor<'_>, email: &str, status: &str) -> Actor<'w> {
    let agent = world.agent(email, &["resume:read"]);
    let answer = moves(writer, &agent, status);
    assert_eq!(answer.status(), 200, "{answer}");
    agent
}

fn an_operator_suspends_an_agent(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let before = writer.gets(&path_of(&agent));
    let changed = moves(&writer, &agent, "suspended").is_as_recorded();
    assert_ne!(changed.header("etag"), before.header("etag"));
    let after = writer.gets(&path_of(&agent));
    assert_eq!((after.json(), after.header("etag")), (changed.json(), changed.header("etag")), "{after}");
}

fn every_way_between_statuses_is_as_declared(case: Case) {
    let world = case.world();
    let writer = writer(&world);
    for from in STATUSES {
        for to in STATUSES {
            let agent = agent_that_is(&world, &writer, &format!("{from}-{to}@example.com"), from);
            let before = writer.gets(&path_of(&agent));
            let answer = moves(&writer, &agent, to);
            let after = writer.gets(&path_of(&agent));
            let there_is_a_way = matches!(
                (from, to),
                ("active", "suspended" | "revoked" | "archived")
                    | ("suspended", "active" | "revoked" | "archived")
                    | ("revoked", "archived")
            );
            if there_is_a_way {
                assert_eq!(answer.status(), 200, "{from} to {to}\n{answer}");
                assert_eq!((&after.json()["status"], answer.json()), (&json!(to), after.json()));
                assert_ne!(after.header("etag"), before.header("etag"), "{from} to {to}");
            } else {
                let expected = if from == to { 200 } else { 409 };
                assert_eq!(answer.status(), expected, "{from} to {to}\n{answer}");
                assert_eq!((after.json(), after.header("etag")), (before.json(), before.header("etag")));
            }
        }
    }
}

fn there_is_no_way_back_from_the_end(case: Case) {
    let world = case.world();
    let writer = writer(&world);
    let agent = agent_that_is(&world, &writer, "screener-001@example.com", "revoked");
    moves(&writer, &agent, "active").is_as_recorded();
}

fn leaving_active_ends_tokens_at_once_and_for_good(case: Case) {
    let world = case.world();
    let writer = writer(&world);
    for (number, status) in STATUSES.iter().enumerate().skip(1) {
        let agent = world.agent(&format!("screener-{number}@example.com"), &["resume:read"]);
        let ordinary = agent.holding("resume:read").token().to_owned();
        let itself = agent.holding("self:read");
        assert_eq!(itself.gets(&path_of(&agent)).status(), 200);
        assert!(is_active(&world.operator(), &ordinary));

        assert_eq!(moves(&writer, &agent, status).status(), 200);
        let refused = itself.gets(&path_of(&agent));
        assert_eq!(refused.status(), 401, "{refused}");
        assert!(!is_active(&world.operator(), &ordinary), "{status}");

        if *status == "suspended" {
            assert_eq!(moves(&writer, &agent, "active").status(), 200);
            assert!(!is_active(&world.operator(), &ordinary), "reactivating revives no token");
            assert_eq!(itself.gets(&path_of(&agent)).status(), 401);
            assert!(is_active(&agent, agent.holding("resume:read").token()));
        }
    }
}

fn only_an_active_agent_authenticates(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let expected = world.somebody(agent.id(), "wrong").asks_for_a_token(&[]).text();
    for status in ["suspended", "active", "revoked", "archived"] {
        assert_eq!(moves(&writer, &agent, status).status(), 200);
        let answer = agent.asks_for_a_token(&[]);
        if status == "active" {
            assert_eq!(answer.status(), 200, "{answer}");
        } else {
            assert_eq!((answer.status(), answer.text()), (401, expected.clone()), "{status}\n{answer}");
            assert_eq!(agent.asks_about("nothing").status(), 401);
            assert_eq!(agent.revokes("nothing").status(), 401);
        }
    }
}

fn a_status_is_changed_of_the_version_that_was_seen(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let tag = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    let with = |tags: &str, status: &str| {
        let request = Request::new("PUT", &format!("{}/status", path_of(&agent))).json(&change(status));
        writer.sends(request.header("if-match", tags))
    };
    assert_eq!(with(&tag, "suspended").status(), 200);
    with(&tag, "active").is_as_recorded();
    for tags in [format!("W/{tag}"), "\"other\"".to_owned()] {
        assert_eq!(with(&tags, "active").status(), 412, "{tags}");
    }
    assert_eq!(writer.gets(&path_of(&agent)).json()["status"], "suspended");
    assert_eq!(with("*", "active").status(), 200);
}

fn a_change_of_status_has_a_status_and_a_reason(case: Case) {
    let world = case.world();
    let path = format!("{}/status", path_of(&screener(&world)));
    writer(&world).puts(&path, &json!({ "status": "asleep", "because": "it is night" })).is_as_recorded();
}

fn every_constraint_of_a_change_of_status_is_kept(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    for (path, body) in [
        ("/reason", json!({ "status": "suspended" })),
        ("/status", json!({ "reason": "a test" })),
        ("/reason", json!({ "status": "suspended", "reason": "" })),
        ("/reason", json!({ "status": "suspended", "reason": null })),
        ("/reason", json!({ "status": "suspended", "reason": "a".repeat(257) })),
        ("/reason", json!({ "status": "suspended", "reason": "a\nb" })),
        ("/reason", json!({ "status": "suspended", "reason": "a\u{0}b" })),
        ("/status", json!({ "status": "Suspended", "reason": "a test" })),
        ("/status", json!({ "status": null, "reason": "a test" })),
    ] {
        let answer = writer.puts(&format!("{}/status", path_of(&agent)), &body);
        assert_eq!(answer.status(), 400, "{body}\n{answer}");
        assert_eq!(answer.json()["details"]["violations"][0]["path"], path, "{body}\n{answer}");
    }
    let longest = json!({ "status": "suspended", "reason": "\u{e9}".repeat(256) });
    let answer = writer.puts(&format!("{}/status", path_of(&agent)), &longest);
    assert_eq!(answer.status(), 200, "{answer}");
    let event = crate::events(&world, &format!("action=agent.suspended&agentId={}", agent.id()));
    assert_eq!(event[0]["data"]["reason"], longest["reason"]);
}

fn a_change_of_status_is_json(case: Case) {
    let world = case.world();
    let request = Request::new("PUT", &format!("{}/status", path_of(&screener(&world))));
    writer(&world).sends(request.merge_patch(&change("suspended"))).is_as_recorded();
}

fn a_change_of_status_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let request = Request::new("PUT", &format!("{}/status", path_of(&screener(&world))));
    let large = " ".repeat(64 * 1024 + 1);
    writer(&world).sends(request.body("application/json", large)).is_as_recorded();
}

fn changing_a_status_takes_a_token(case: Case) {
    let world = case.world();
    moves(&world.anyone(), &screener(&world), "suspended").is_as_recorded();
}

fn changing_a_status_takes_the_scope_agents_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    moves(&world.operator().holding("agents:read"), &agent, "suspended").is_as_recorded();
    let itself = moves(&agent.holding("self:read self:rotate"), &agent, "suspended");
    assert_eq!(itself.status(), 403, "{itself}");
}

fn the_status_of_an_agent_of_another_owner_is_not_changed(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &["resume:read"]);
    moves(&writer(&world), &stranger, "suspended").is_as_recorded();
    assert_eq!(stranger.asks_for_a_token(&[]).status(), 200);
    let admin = world.operator().holding("agents:write idp:admin");
    assert_eq!(moves(&admin, &stranger, "suspended").status(), 200);
}

fn nobody_suspends_an_agent_with_a_reserved_capability_without_holding_it(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    moves(&writer(&world), &auditor, "suspended").is_as_recorded();
    assert_eq!(auditor.asks_for_a_token(&[("scope", "audit:read")]).status(), 200);
    let holder = world.operator().holding("agents:write audit:read");
    assert_eq!(moves(&holder, &auditor, "suspended").status(), 200);
}

/// Every scope that an operator can have.
const EVERYTHING: &str =
    "agents:read agents:write audit:read credentials:write idp:admin tokens:introspect tokens:revoke";

fn the_last_admin_is_not_ended(case: Case) {
    let world = case.world();
    let everything = world.operator().holding(EVERYTHING);
    moves(&everything, &world.operator(), "suspended").is_as_recorded();
    for status in ["revoked", "archived"] {
        let answer = moves(&everything, &world.operator(), status);
        assert_eq!(
            (answer.status(), answer.json()["code"].clone()),
            (409, json!("AGENT_CONFLICT")),
            "{answer}"
        );
    }
    world.agent("second@example.com", &["idp:admin"]);
    assert_eq!(moves(&everything, &world.operator(), "suspended").status(), 200);
}

fn two_admins_do_not_end_each_other(case: Case) {
    let world = case.world();
    let first = world.agent("first@example.com", &["agents:write", "idp:admin"]);
    let second = world.agent("second@example.com", &["agents:write", "idp:admin"]);
    let held = "agents:write idp:admin";
    let everything = world.operator().holding(EVERYTHING);
    let by = [first.holding(held), second.holding(held)];
    assert_eq!(moves(&everything, &world.operator(), "suspended").status(), 200);
    let statuses = std::thread::scope(|scope| {
        let [one, other] = [(&by[0], &second), (&by[1], &first)];
        [one, other]
            .map(|(by, agent)| scope.spawn(move || moves(by, agent, "suspended").status()))
            .map(|running| running.join().unwrap_or_default())
    });
    let done = statuses.iter().filter(|status| **status == 200).count();
    assert_eq!(done, 1, "one of them stays: {statuses:?}");
    let left =
        [&first, &second].into_iter().filter(|one| one.asks_for_a_token(&[("scope", held)]).status() == 200);
    assert_eq!(left.count(), 1);
}

fn an_operator_decommissions_an_agent(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    writer.deletes(&path_of(&agent)).is_as_recorded();
    writer.gets(&path_of(&agent)).is_recorded_as("archived");
    let listed = writer.gets("/agents?status=archived");
    assert_eq!(listed.json()["items"][0]["id"], agent.id(), "{listed}");
}

fn decommissioning_ends_credentials_and_tokens(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = agent.holding("resume:read").token().to_owned();
    let operator = world.operator().holding("agents:read agents:write credentials:write");
    let second = operator.posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    assert_eq!(second.status(), 201, "{second}");
    assert_eq!(operator.deletes(&path_of(&agent)).status(), 204);
    let page = operator.gets(&format!("{}/credentials", path_of(&agent))).json();
    let statuses = page["items"].as_array().into_iter().flatten().map(|one| one["status"].clone());
    assert_eq!(statuses.collect::<Vec<_>>(), ["revoked", "revoked"]);
    assert!(!is_active(&world.operator(), &token));
    for client in [agent, world.holder_of(&second)] {
        assert_eq!(client.asks_for_a_token(&[]).status(), 401);
    }
}

fn decommissioning_twice_is_decommissioning_once(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let seen = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    assert_eq!(writer.deletes(&path_of(&agent)).status(), 204);
    let archived = writer.gets(&path_of(&agent));
    assert_eq!(writer.deletes(&path_of(&agent)).status(), 204);
    // Whoever asks again because the answer was lost still has the version from before.
    let again = writer.sends(Request::new("DELETE", &path_of(&agent)).header("if-match", &seen));
    assert_eq!(again.status(), 204, "{again}");
    let after = writer.gets(&path_of(&agent));
    assert_eq!((after.json(), after.header("etag")), (archived.json(), archived.header("etag")));
    assert_eq!(crate::events(&world, &format!("action=agent.archived&agentId={}", agent.id())).len(), 1);
}

fn an_archived_agents_address_stays_taken(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    assert_eq!(writer.deletes(&path_of(&agent)).status(), 204);
    writer.posts("/agents", &new_agent("Screener-001@example.com")).is_as_recorded();
}

fn an_agent_is_decommissioned_in_the_version_that_was_seen(case: Case) {
    let world = case.world();
    let (agent, writer) = (screener(&world), writer(&world));
    let with = |tags: &str| writer.sends(Request::new("DELETE", &path_of(&agent)).header("if-match", tags));
    with("\"other\"").is_as_recorded();
    let tag = writer.gets(&path_of(&agent)).header("etag").unwrap_or_default().to_owned();
    assert_eq!(with(&format!("W/{tag}")).status(), 412);
    assert_eq!(with(&format!("\"other\", {tag}")).status(), 204);
}

fn an_agent_that_is_not_there_is_not_decommissioned(case: Case) {
    let world = case.world();
    let path = "/agents/01931e2c-0000-7000-8000-000000000000";
    world.operator().holding("agents:write idp:admin").deletes(path).is_as_recorded();
}

fn an_agent_without_an_id_is_not_decommissioned(case: Case) {
    let world = case.world();
    writer(&world).deletes("/agents/screener").is_as_recorded();
}

fn decommissioning_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().deletes(&path_of(&screener(&world))).is_as_recorded();
}

fn decommissioning_takes_the_scope_agents_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    world.operator().holding("agents:read").deletes(&path_of(&agent)).is_as_recorded();
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn the_last_admin_is_not_decommissioned(case: Case) {
    let world = case.world();
    world.operator().holding(EVERYTHING).deletes(&path_of(&world.operator())).is_as_recorded();
    assert_eq!(world.operator().asks_for_a_token(&[("scope", "self:read")]).status(), 200);
}
