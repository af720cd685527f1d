//! revokeToken (RFC 7009).

use contract_tests::actor::{Actor, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::json;

use crate::{is_active, path_of};

on_both_databases![
    an_agent_ends_its_own_token,
    a_revoked_token_is_dead_at_once_and_no_other_is,
    a_token_for_this_server_can_be_ended_too,
    whoever_has_tokens_revoke_ends_the_tokens_of_its_owner,
    tokens_revoke_does_not_reach_another_owner,
    an_operator_ends_all_tokens,
    a_colleague_ends_nothing,
    what_is_no_token_is_as_dead_as_asked_for,
    revoking_twice_is_revoking_once,
    a_wrong_hint_still_finds_the_token,
    a_caller_must_authenticate,
    a_token_does_not_authenticate_its_bearer_here,
    a_caller_may_authenticate_in_the_form,
    two_ways_of_authentication_are_refused,
    a_revocation_names_a_token,
    a_revocation_names_one_token,
    a_revocation_is_a_form,
    a_revocation_has_at_most_64_kib,
];

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

/// A token for other people's APIs.
fn token(agent: &Actor<'_>) -> String {
    agent.holding("resume:read").token().to_owned()
}

fn an_agent_ends_its_own_token(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    agent.revokes(&token).is_as_recorded();
    assert!(!is_active(&agent, &token));
}

fn a_revoked_token_is_dead_at_once_and_no_other_is(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let [first, second, third] = [token(&agent), token(&agent), token(&agent)];
    assert_eq!(agent.revokes(&second).status(), 200);
    assert!(is_active(&agent, &first) && !is_active(&agent, &second) && is_active(&agent, &third));
    assert!(!is_active(&world.operator(), &second));
    assert!(is_active(&agent, &token(&agent)), "the agent itself goes on");
}

fn a_token_for_this_server_can_be_ended_too(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let [ended, other] = [agent.holding("self:read"), agent.holding("self:read")];
    assert_eq!(ended.gets(&path_of(&agent)).status(), 200);
    assert_eq!(agent.revokes(ended.token()).status(), 200);
    ended.gets(&path_of(&agent)).is_as_recorded();
    assert_eq!(other.gets(&path_of(&agent)).status(), 200);
}

fn whoever_has_tokens_revoke_ends_the_tokens_of_its_owner(case: Case) {
    let world = case.world();
    let guard = world.agent("guard@example.com", &["tokens:revoke"]);
    let agent = screener(&world);
    let token = token(&agent);
    assert_eq!(guard.revokes(&token).status(), 200);
    assert!(!is_active(&agent, &token));
}

fn tokens_revoke_does_not_reach_another_owner(case: Case) {
    let world = case.world();
    let guard = world.stranger("guard@example.com", &["tokens:revoke"]);
    let agent = screener(&world);
    let token = token(&agent);
    guard.revokes(&token).is_as_recorded();
    assert!(is_active(&agent, &token));
}

fn an_operator_ends_all_tokens(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &["resume:read"]);
    let token = token(&stranger);
    assert_eq!(world.operator().revokes(&token).status(), 200);
    assert!(!is_active(&stranger, &token));
}

fn a_colleague_ends_nothing(case: Case) {
    let world = case.world();
    let colleague = world.agent("guard@example.com", &["tokens:introspect", "agents:write"]);
    let agent = screener(&world);
    let token = token(&agent);
    let refused = colleague.revokes(&token);
    assert_eq!((refused.status(), &refused.json()["error"]), (400, &json!("invalid_grant")), "{refused}");
    assert!(is_active(&agent, &token));
}

fn what_is_no_token_is_as_dead_as_asked_for(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.revokes("nothing").is_as_recorded();
    let elsewhere = case.world_of("elsewhere");
    let foreign = elsewhere.operator().holding("self:read").token().to_owned();
    let token = token(&agent);
    let (signed, _) = token.rsplit_once('.').unwrap_or_default();
    for dead in ["a.b.c", &foreign, &format!("{signed}.AAAA"), "\u{e9}\u{0}", &"x".repeat(60_000)] {
        let answer = agent.revokes(dead);
        assert_eq!((answer.status(), answer.text().as_str()), (200, ""), "{dead}\n{answer}");
    }
    assert!(is_active(&agent, &token));
    assert!(is_active(&elsewhere.operator(), &foreign));
}

fn revoking_twice_is_revoking_once(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    for _ in 0..3 {
        assert_eq!(agent.revokes(&token).status(), 200);
    }
    // A dead token is nobody's to be refused.
    let stranger = world.stranger("screener-002@example.com", &[]);
    assert_eq!(stranger.revokes(&token).status(), 200);
    assert_eq!(crate::events(&world, &format!("action=token.revoked&agentId={}", agent.id())).len(), 1);
}

fn a_wrong_hint_still_finds_the_token(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    for hint in ["access_token", "refresh_token", "colour", ""] {
        let token = token(&agent);
        let answer = agent.posts_form("/oauth2/revoke", &[("token", &token), ("token_type_hint", hint)]);
        assert_eq!(answer.status(), 200, "{hint}\n{answer}");
        assert!(!is_active(&agent, &token), "{hint}");
    }
}

fn a_caller_must_authenticate(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    world.anyone().revokes(&token).is_as_recorded();
    let wrong = world.somebody(agent.id(), "wrong").revokes(&token);
    assert_eq!(wrong.status(), 401, "{wrong}");
    assert!(is_active(&agent, &token));
}

fn a_token_does_not_authenticate_its_bearer_here(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    let answer = world.operator().holding("tokens:revoke").revokes(&token);
    assert_eq!(answer.status(), 401, "{answer}");
    assert!(is_active(&agent, &token));
}

fn a_caller_may_authenticate_in_the_form(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    let pairs = [
        ("token", token.as_str()),
        ("client_id", agent.id()),
        ("client_secret", &agent.credentials().client_secret),
    ];
    let answer = world.anyone().posts_form("/oauth2/revoke", &pairs);
    assert_eq!(answer.status(), 200, "{answer}");
    assert!(!is_active(&agent, &token));
}

fn two_ways_of_authentication_are_refused(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let token = token(&agent);
    let pairs = [
        ("token", token.as_str()),
        ("client_id", agent.id()),
        ("client_secret", &agent.credentials().client_secret),
    ];
    agent.posts_form("/oauth2/revoke", &pairs).is_as_recorded();
    assert!(is_active(&agent, &token));
}

fn a_revocation_names_a_token(case: Case) {
    let world = case.world();
    let operator = world.operator();
    operator.posts_form("/oauth2/revoke", &[("token_type_hint", "access_token")]).is_as_recorded();
    let empty = operator.revokes("");
    assert_eq!(empty.json()["error"], "invalid_request", "{empty}");
}

fn a_revocation_names_one_token(case: Case) {
    let world = case.world();
    world.operator().posts_form("/oauth2/revoke", &[("token", "a"), ("token", "b")]).is_as_recorded();
}

fn a_revocation_is_a_form(case: Case) {
    let world = case.world();
    world.operator().posts("/oauth2/revoke", &json!({ "token": "a" })).is_as_recorded();
}

fn a_revocation_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let body = format!("token={}", "a".repeat(64 * 1024));
    let request = Request::new("POST", "/oauth2/revoke").body("application/x-www-form-urlencoded", body);
    world.operator().sends(request).is_as_recorded();
}
