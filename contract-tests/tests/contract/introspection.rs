//! introspectToken.

use contract_tests::actor::{Actor, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::json;

on_both_databases![
    an_agent_sees_its_own_token,
    a_token_for_this_server_can_be_seen_too,
    whoever_has_tokens_introspect_sees_the_tokens_of_its_owner,
    tokens_introspect_does_not_reach_another_owner,
    an_operator_sees_all_tokens,
    a_colleague_sees_nothing,
    what_is_no_token_is_inactive,
    a_wrong_hint_does_no_harm,
    a_caller_must_authenticate,
    a_token_does_not_authenticate_its_bearer_here,
    a_caller_may_authenticate_in_the_form,
    an_introspection_names_a_token,
    an_introspection_names_one_token,
    an_introspection_is_a_form,
    an_introspection_has_at_most_64_kib,
];

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

/// A token for other people's APIs.
fn token(agent: &Actor<'_>) -> String {
    agent.holding("resume:read").token().to_owned()
}

fn an_agent_sees_its_own_token(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.asks_about(&token(&agent)).is_as_recorded();
}

fn a_token_for_this_server_can_be_seen_too(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.asks_about(agent.holding("self:read").token()).is_as_recorded();
}

fn whoever_has_tokens_introspect_sees_the_tokens_of_its_owner(case: Case) {
    let world = case.world();
    let guard = world.agent("guard@example.com", &["tokens:introspect"]);
    guard.asks_about(&token(&screener(&world))).is_as_recorded();
}

fn tokens_introspect_does_not_reach_another_owner(case: Case) {
    let world = case.world();
    let guard = world.stranger("guard@example.com", &["tokens:introspect"]);
    guard.asks_about(&token(&screener(&world))).is_as_recorded();
}

fn an_operator_sees_all_tokens(case: Case) {
    let world = case.world();
    let stranger = world.stranger("screener-001@example.com", &["resume:read"]);
    world.operator().asks_about(&token(&stranger)).is_as_recorded();
}

fn a_colleague_sees_nothing(case: Case) {
    let world = case.world();
    let colleague = world.agent("screener-002@example.com", &["resume:read"]);
    let answer = colleague.asks_about(&token(&screener(&world)));
    assert_eq!(answer.json(), json!({ "active": false }), "{answer}");
}

fn what_is_no_token_is_inactive(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.asks_about("nothing").is_as_recorded();
    let token = token(&agent);
    let (signed, signature) = token.rsplit_once('.').unwrap_or_default();
    let other = if signature.starts_with('A') { "B" } else { "A" };
    for bad in [
        "a.b.c".to_owned(),
        "\u{e9}\u{0}".to_owned(),
        format!("{signed}."),
        format!("{signed}.{other}{}", &signature[1..]),
        format!("{token}.{token}"),
        "x".repeat(60_000),
    ] {
        let answer = agent.asks_about(&bad);
        assert_eq!((answer.status(), answer.json()), (200, json!({ "active": false })), "{bad}\n{answer}");
    }
}

fn a_wrong_hint_does_no_harm(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let pairs = [("token", token(&agent)), ("token_type_hint", "refresh_token".to_owned())];
    let answer = agent
        .posts_form("/oauth2/introspect", &pairs.each_ref().map(|(name, value)| (*name, value.as_str())));
    assert_eq!(answer.json()["active"], true, "{answer}");
}

fn a_caller_must_authenticate(case: Case) {
    let world = case.world();
    world.anyone().asks_about("nothing").is_as_recorded();
    let wrong = world.somebody(world.operator().id(), "wrong").asks_about("nothing");
    assert_eq!(wrong.status(), 401, "{wrong}");
}

fn a_token_does_not_authenticate_its_bearer_here(case: Case) {
    let world = case.world();
    let answer = world.operator().holding("tokens:introspect").asks_about("nothing");
    assert_eq!(answer.status(), 401, "{answer}");
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
    let answer = world.anyone().posts_form("/oauth2/introspect", &pairs);
    assert_eq!(answer.json()["active"], true, "{answer}");
}

fn an_introspection_names_a_token(case: Case) {
    let world = case.world();
    world
        .operator()
        .posts_form("/oauth2/introspect", &[("token_type_hint", "access_token")])
        .is_as_recorded();
}

fn an_introspection_names_one_token(case: Case) {
    let world = case.world();
    world.operator().posts_form("/oauth2/introspect", &[("token", "a"), ("token", "b")]).is_as_recorded();
}

fn an_introspection_is_a_form(case: Case) {
    let world = case.world();
    world.operator().posts("/oauth2/introspect", &json!({ "token": "a" })).is_as_recorded();
}

fn an_introspection_has_at_most_64_kib(case: Case) {
    let world = case.world();
    let body = format!("token={}", "a".repeat(64 * 1024));
    let request = Request::new("POST", "/oauth2/introspect").body("application/x-www-form-urlencoded", body);
    world.operator().sends(request).is_as_recorded();
}
