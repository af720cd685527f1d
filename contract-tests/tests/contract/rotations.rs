//! rotateCredential: a new secret at once, and the old one for as long as asked.

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World, in_seconds};
use serde_json::{Value, json};

use crate::{is_active, path_of};

on_both_databases![
    an_operator_rotates_a_credential,
    without_grace_the_old_secret_ends_at_once,
    with_grace_both_secrets_work_until_it_is_over,
    grace_does_not_outlive_the_credentials_own_end,
    a_new_credential_inherits_the_label_and_the_time_to_live,
    an_end_stays_within_what_can_be_written,
    a_credential_is_rotated_once,
    of_two_rotations_at_once_one_is_made,
    a_credential_that_has_ended_is_not_rotated,
    what_replaced_a_credential_can_be_rotated_in_turn,
    an_agent_rotates_its_own_credential,
    who_rotates_their_own_credential_keeps_its_end,
    who_may_issue_and_holds_less_than_they_have_keeps_their_own_end,
    an_agent_with_reserved_capabilities_rotates_its_own_credential,
    an_agent_does_not_rotate_the_credentials_of_others,
    an_agent_rotates_the_credential_that_it_came_with_and_no_other,
    a_credential_of_another_agent_is_not_rotated,
    every_constraint_of_a_rotation_is_kept,
    a_rotation_is_json,
    a_rotation_has_at_most_64_kib,
    rotating_takes_a_token,
    rotating_takes_the_scope_credentials_write,
    nobody_rotates_a_credential_beyond_what_they_hold,
];

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

fn issuer(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read credentials:write")
}

/// The path at which the newest credential of an agent is rotated.
fn rotation_of(world: &World, agent: &Actor<'_>) -> String {
    rotation(agent, &world.credential_of(agent))
}

fn rotation(agent: &Actor<'_>, credential: &str) -> String {
    format!("{}/credentials/{credential}/rotate", path_of(agent))
}

/// The new credential's holder.
#[track_caller]
fn rotated<'w>(world: &'w World, answer: &Answer<'_>) -> Actor<'w> {
    assert_eq!(answer.status(), 201, "{answer}");
    world.holder_of(answer)
}

fn grace(seconds: u32) -> Value {
    json!({ "gracePeriodSeconds": seconds })
}

fn an_operator_rotates_a_credential(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let old = world.credential_of(&agent);
    let answer = issuer(&world).posts(&rotation(&agent, &old), &grace(3600)).is_as_recorded();
    assert_eq!(answer.json()["rotatedFrom"], old.as_str());
    let location = answer.header("location").unwrap_or_default().to_owned();
    issuer(&world).gets(&location).is_recorded_as("new");
    issuer(&world).gets(&format!("{}/credentials/{old}", path_of(&agent))).is_recorded_as("old");
}

fn without_grace_the_old_secret_ends_at_once(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = agent.holding("resume:read").token().to_owned();
    for body in [json!({}), grace(0)] {
        let old = world.credential_of(&agent);
        let holder = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
        let holder = world.holder_of(&holder);
        let path = rotation_of(&world, &agent);
        let new = rotated(&world, &issuer(&world).posts(&path, &body));
        assert_ne!(world.credential_of(&agent), old);
        assert_eq!(holder.asks_for_a_token(&[]).status(), 401, "{body}");
        assert_eq!(new.asks_for_a_token(&[]).status(), 200, "{body}");
    }
    assert!(is_active(&agent, &token), "tokens live on, and so do the other credentials");
}

fn with_grace_both_secrets_work_until_it_is_over(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let path = rotation_of(&world, &agent);
    let new = rotated(&world, &issuer(&world).posts(&path, &grace(4)));
    for client in [&agent, &new] {
        assert_eq!(client.asks_for_a_token(&[]).status(), 200);
    }
    world.eventually(401, || agent.asks_for_a_token(&[]));
    assert_eq!(new.asks_for_a_token(&[]).status(), 200);
}

fn grace_does_not_outlive_the_credentials_own_end(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let new = json!({ "expiresAt": in_seconds(3600) });
    let issued = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &new);
    let location = issued.header("location").unwrap_or_default().to_owned();
    rotated(&world, &issuer(&world).posts(&format!("{location}/rotate"), &grace(604_800)));
    let old = issuer(&world).gets(&location);
    assert_eq!(old.json()["expiresAt"], issued.json()["expiresAt"], "{old}");
    let path = rotation_of(&world, &agent);
    rotated(&world, &issuer(&world).posts(&path, &grace(604_800)));
}

fn a_new_credential_inherits_the_label_and_the_time_to_live(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let new = json!({ "label": "blue deployment", "expiresAt": in_seconds(3600) });
    let issued = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &new);
    let location = issued.header("location").unwrap_or_default().to_owned();
    let answer = issuer(&world).posts(&format!("{location}/rotate"), &json!({}));
    rotated(&world, &answer);
    let (old, new) = (issued.json(), answer.json());
    assert_eq!(new["label"], "blue deployment");
    let time = |credential: &Value, name: &str| {
        chrono::DateTime::parse_from_rfc3339(credential[name].as_str().unwrap_or_default()).expect("a time")
    };
    let lives = |credential: &Value| time(credential, "expiresAt") - time(credential, "createdAt");
    assert_eq!(lives(&new), lives(&old), "{answer}");
}

fn an_end_stays_within_what_can_be_written(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let new = json!({ "expiresAt": "9999-12-31T23:59:59.999Z" });
    let issued = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &new);
    assert_eq!(issued.json()["expiresAt"], new["expiresAt"], "{issued}");
    let location = issued.header("location").unwrap_or_default().to_owned();
    let answer = issuer(&world).posts(&format!("{location}/rotate"), &json!({}));
    assert_eq!(rotated(&world, &answer).asks_for_a_token(&[]).status(), 200);
    let read = issuer(&world).gets(answer.header("location").unwrap_or_default());
    assert_eq!(read.json()["expiresAt"], answer.json()["expiresAt"], "{read}");
}

fn a_credential_is_rotated_once(case: Case) {
    let world = case.world();
    let path = rotation_of(&world, &screener(&world));
    let issuer = issuer(&world);
    rotated(&world, &issuer.posts(&path, &grace(60)));
    issuer.posts(&path, &grace(60)).is_as_recorded();
}

fn of_two_rotations_at_once_one_is_made(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let path = rotation_of(&world, &agent);
    let issuer = issuer(&world);
    let mut statuses = std::thread::scope(|scope| {
        [0, 60, 60, 0]
            .map(|seconds| {
                scope.spawn({
                    let (issuer, path) = (&issuer, &path);
                    move || issuer.posts(path, &grace(seconds)).status()
                })
            })
            .map(|running| running.join().unwrap_or_default())
    });
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409]);
}

fn a_credential_that_has_ended_is_not_rotated(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let issuer = issuer(&world);
    let old = world.credential_of(&agent);
    assert_eq!(issuer.deletes(&format!("{}/credentials/{old}", path_of(&agent))).status(), 204);
    issuer.posts(&rotation(&agent, &old), &json!({})).is_as_recorded();
    let new = json!({ "expiresAt": in_seconds(3) });
    let issued = issuer.posts(&format!("{}/credentials", path_of(&agent)), &new);
    let client = world.holder_of(&issued);
    world.eventually(401, || client.asks_for_a_token(&[]));
    let expired =
        issuer.posts(&format!("{}/rotate", issued.header("location").unwrap_or_default()), &json!({}));
    assert_eq!(
        (expired.status(), &expired.json()["code"]),
        (409, &json!("CREDENTIAL_CONFLICT")),
        "{expired}"
    );
}

fn what_replaced_a_credential_can_be_rotated_in_turn(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let mut clients = vec![agent];
    for _ in 0..3 {
        let path = rotation_of(&world, &clients[0]);
        clients.push(rotated(&world, &issuer(&world).posts(&path, &grace(60))));
    }
    for client in &clients {
        assert_eq!(client.asks_for_a_token(&[]).status(), 200);
    }
}

fn an_agent_rotates_its_own_credential(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let path = rotation_of(&world, &agent);
    let answer = agent.holding("self:rotate").posts(&path, &json!({}));
    let new = rotated(&world, &answer);
    assert_eq!(new.asks_for_a_token(&[]).status(), 200);
    assert_eq!(agent.asks_for_a_token(&[]).status(), 401);
}

fn who_rotates_their_own_credential_keeps_its_end(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let new = json!({ "expiresAt": in_seconds(3600) });
    let issued = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &new);
    assert_eq!(issued.status(), 201, "{issued}");
    let end = issued.json()["expiresAt"].clone();
    let mut holder = world.holder_of(&issued);
    let mut id = issued.json()["id"].as_str().unwrap_or_default().to_owned();
    // However often, and with a time in which both work or without.
    for body in [json!({}), json!({ "gracePeriodSeconds": 3600 }), json!({})] {
        let answer = holder.holding("self:rotate").posts(&rotation(&agent, &id), &body);
        assert_eq!(answer.status(), 201, "{answer}");
        assert_eq!(answer.json()["expiresAt"], end, "{answer}");
        answer.json()["id"].as_str().unwrap_or_default().clone_into(&mut id);
        holder = world.holder_of(&answer);
    }
    assert_eq!(holder.asks_for_a_token(&[]).status(), 200);
}

fn who_may_issue_and_holds_less_than_they_have_keeps_their_own_end(case: Case) {
    let world = case.world();
    let agent = world.agent("issuer@example.com", &["credentials:write"]);
    let new = json!({ "expiresAt": in_seconds(3600) });
    let issued = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &new);
    let end = issued.json()["expiresAt"].clone();
    let promotion = json!({ "capabilities": ["credentials:write", "agents:read"] });
    let answer = world
        .operator()
        .holding("agents:write credentials:write agents:read")
        .patches(&path_of(&agent), &promotion);
    assert_eq!(answer.status(), 200, "{answer}");
    // The credential is not good for `agents:read`, so its holder may issue none to the agent that it is.
    let id = issued.json()["id"].as_str().unwrap_or_default().to_owned();
    let holder = rotated(&world, &issued).holding("self:rotate credentials:write");
    let answer = holder.posts(&rotation(&agent, &id), &json!({}));
    assert_eq!(answer.status(), 201, "{answer}");
    assert_eq!(answer.json()["expiresAt"], end, "{answer}");
}

fn an_agent_with_reserved_capabilities_rotates_its_own_credential(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    let path = rotation_of(&world, &auditor);
    rotated(&world, &auditor.holding("self:rotate").posts(&path, &json!({})));
}

fn an_agent_does_not_rotate_the_credentials_of_others(case: Case) {
    let world = case.world();
    let other = world.agent("screener-002@example.com", &["jobs:read"]);
    let agent = screener(&world);
    let itself = agent.holding("self:rotate self:read");
    itself.posts(&rotation_of(&world, &other), &json!({})).is_as_recorded();
    // Under its own id, another's credential is no more its own, whether it is there or not.
    for credential in [world.credential_of(&other).as_str(), "01931e2c-0000-7000-8000-000000000000"] {
        let smuggled = itself.posts(&rotation(&agent, credential), &json!({}));
        assert_eq!(smuggled.status(), 403, "{smuggled}");
    }
    assert_eq!(other.asks_for_a_token(&[]).status(), 200);
}

fn an_agent_rotates_the_credential_that_it_came_with_and_no_other(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let good = world.credential_of(&agent);
    let leaked = issuer(&world).posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    let thief = world.holder_of(&leaked);
    let token = thief.holding("self:rotate");
    let other = token.posts(&rotation(&agent, &good), &json!({}));
    assert_eq!(other.status(), 403, "{other}");
    // Once the leaked one is revoked, what is left of its tokens makes nothing new.
    let leaked = leaked.json()["id"].as_str().unwrap_or_default().to_owned();
    let revoked = issuer(&world).deletes(&format!("{}/credentials/{leaked}", path_of(&agent)));
    assert_eq!(revoked.status(), 204, "{revoked}");
    for credential in [good.as_str(), leaked.as_str()] {
        let answer = token.posts(&rotation(&agent, credential), &json!({}));
        assert!([403, 409].contains(&answer.status()), "{answer}");
    }
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn a_credential_of_another_agent_is_not_rotated(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let other = world.agent("screener-002@example.com", &["jobs:read"]);
    let stranger = world.stranger("screener-003@example.com", &["jobs:read"]);
    let issuer = issuer(&world);
    issuer.posts(&rotation(&agent, &world.credential_of(&other)), &json!({})).is_as_recorded();
    for path in [rotation_of(&world, &stranger), rotation(&agent, "01931e2c-0000-7000-8000-000000000000")] {
        let answer = issuer.posts(&path, &json!({}));
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

fn every_constraint_of_a_rotation_is_kept(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let (path, issuer) = (rotation_of(&world, &agent), issuer(&world));
    issuer
        .posts(&path, &json!({ "gracePeriodSeconds": 604_801, "label": "green deployment" }))
        .is_as_recorded();
    for body in [
        json!([]),
        json!({ "gracePeriodSeconds": -1 }),
        json!({ "gracePeriodSeconds": 1.5 }),
        json!({ "gracePeriodSeconds": "60" }),
        json!({ "gracePeriodSeconds": null }),
        json!({ "gracePeriodSeconds": 4_294_967_296_u64 }),
    ] {
        let answer = issuer.posts(&path, &body);
        assert_eq!(answer.status(), 400, "{body}\n{answer}");
    }
    let none = issuer.posts(&rotation(&agent, "mine"), &json!({}));
    assert_eq!(none.status(), 400, "{none}");
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
    rotated(&world, &issuer.posts(&path, &grace(604_800)));
}

fn a_rotation_is_json(case: Case) {
    let world = case.world();
    let request = Request::new("POST", &rotation_of(&world, &screener(&world)));
    issuer(&world).sends(request.form(&[("gracePeriodSeconds", "60")])).is_as_recorded();
}

fn a_rotation_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let request = Request::new("POST", &rotation_of(&world, &screener(&world)));
    let large = " ".repeat(64 * 1024 + 1);
    issuer(&world).sends(request.body("application/json", large)).is_as_recorded();
}

fn rotating_takes_a_token(case: Case) {
    let world = case.world();
    world.anyone().posts(&rotation_of(&world, &screener(&world)), &json!({})).is_as_recorded();
}

fn rotating_takes_the_scope_credentials_write(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let writer = world.operator().holding("agents:write agents:read");
    writer.posts(&rotation_of(&world, &agent), &json!({})).is_as_recorded();
    let itself = agent.holding("self:read").posts(&rotation_of(&world, &agent), &json!({}));
    assert_eq!(itself.status(), 403, "{itself}");
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn nobody_rotates_a_credential_beyond_what_they_hold(case: Case) {
    let world = case.world();
    let auditor = world.agent("auditor@example.com", &["audit:read"]);
    issuer(&world).posts(&rotation_of(&world, &auditor), &json!({})).is_as_recorded();
    assert_eq!(auditor.asks_for_a_token(&[("scope", "audit:read")]).status(), 200);
    let holder = world.operator().holding("audit:read credentials:write");
    rotated(&world, &holder.posts(&rotation_of(&world, &auditor), &json!({})));
}
