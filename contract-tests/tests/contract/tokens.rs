//! issueToken.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use contract_tests::actor::{Request, form};
use contract_tests::on_both_databases;
use contract_tests::secret::{credential_id, forged, made_of};
use contract_tests::world::{Case, World};
use serde_json::json;

on_both_databases![
    an_agent_gets_a_token_for_all_its_ordinary_capabilities,
    an_agent_gets_a_token_for_some_of_its_capabilities,
    an_agent_gets_a_token_for_a_resource,
    an_agent_gets_a_token_for_several_resources,
    an_operator_gets_a_token_for_this_server,
    an_agent_authenticates_in_the_form,
    a_secret_need_not_be_encoded_in_the_header,
    parameters_nobody_knows_and_empty_ones_count_as_absent,
    a_scope_beyond_the_capabilities_is_refused,
    reserved_and_ordinary_scopes_do_not_mix,
    an_agent_without_ordinary_capabilities_must_name_a_scope,
    a_scope_that_is_none_is_refused,
    a_resource_that_is_not_allowed_is_refused,
    a_resource_with_a_fragment_is_refused,
    a_reserved_scope_is_for_this_server_alone,
    another_grant_is_refused,
    a_request_without_a_grant_is_refused,
    a_parameter_must_not_be_repeated,
    two_ways_of_authentication_are_refused,
    a_client_must_authenticate,
    all_failures_of_authentication_look_the_same,
    a_secret_in_the_query_is_no_authentication,
    an_agent_past_its_time_gets_no_token,
    the_prefix_of_a_secret_is_no_secret,
    a_token_request_is_a_form,
    a_token_request_has_at_most_64_kib,
    a_form_that_is_not_utf_8_is_refused,
    too_many_resources_are_refused,
    many_wrong_secrets_do_not_shut_out_the_right_one,
];

/// The agent that asks.
fn screener(world: &World) -> contract_tests::actor::Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read", "resume:score"])
}

fn an_agent_gets_a_token_for_all_its_ordinary_capabilities(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:score", "resume:read", "agents:read"]);
    agent.asks_for_a_token(&[]).is_as_recorded().has_a_token_recorded_as("token");
}

fn an_agent_gets_a_token_for_some_of_its_capabilities(case: Case) {
    let world = case.world();
    let answer = screener(&world).asks_for_a_token(&[("scope", "resume:read")]).is_as_recorded();
    answer.has_a_token_recorded_as("token");
}

fn an_agent_gets_a_token_for_a_resource(case: Case) {
    let world = case.world();
    let resource = [("scope", "resume:read"), ("resource", "https://resumes.example.com/")];
    screener(&world).asks_for_a_token(&resource).is_as_recorded().has_a_token_recorded_as("token");
}

fn an_agent_gets_a_token_for_several_resources(case: Case) {
    let world = case.world();
    let resources = [("resource", "https://resumes.example.com/"), ("resource", "https://jobs.example.com/")];
    screener(&world).asks_for_a_token(&resources).is_as_recorded().has_a_token_recorded_as("token");
}

fn an_operator_gets_a_token_for_this_server(case: Case) {
    let world = case.world();
    let answer = world.operator().asks_for_a_token(&[("scope", "agents:read agents:write")]).is_as_recorded();
    answer.has_a_token_recorded_as("token");
}

fn an_agent_authenticates_in_the_form(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let credentials = agent.credentials();
    world
        .anyone()
        .asks_for_a_token(&[
            ("client_id", &credentials.client_id),
            ("client_secret", &credentials.client_secret),
        ])
        .is_as_recorded();
}

fn a_secret_need_not_be_encoded_in_the_header(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let pair = format!("{}:{}", agent.id(), agent.credentials().client_secret);
    let request = Request::new("POST", "/oauth2/token").form(&[("grant_type", "client_credentials")]);
    let answer =
        world.anyone().sends(request.header("authorization", &format!("basic {}", STANDARD.encode(pair))));
    assert_eq!(answer.status(), 200, "{answer}");
}

fn parameters_nobody_knows_and_empty_ones_count_as_absent(case: Case) {
    let world = case.world();
    let pairs =
        [("scope", ""), ("resource", ""), ("client_id", ""), ("client_secret", ""), ("colour", "blue")];
    let answer = screener(&world).asks_for_a_token(&pairs);
    assert_eq!(answer.status(), 200, "{answer}");
}

fn a_scope_beyond_the_capabilities_is_refused(case: Case) {
    let world = case.world();
    screener(&world).asks_for_a_token(&[("scope", "resume:read resume:delete")]).is_as_recorded();
    let reserved = screener_of_no_reserved(&world).asks_for_a_token(&[("scope", "idp:admin")]);
    assert_eq!(reserved.json()["error"], "invalid_scope", "{reserved}");
}

fn screener_of_no_reserved(world: &World) -> contract_tests::actor::Actor<'_> {
    world.agent("screener-002@example.com", &["resume:read"])
}

fn reserved_and_ordinary_scopes_do_not_mix(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read", "agents:read"]);
    agent.asks_for_a_token(&[("scope", "resume:read agents:read")]).is_as_recorded();
}

fn an_agent_without_ordinary_capabilities_must_name_a_scope(case: Case) {
    let world = case.world();
    world.agent("screener-001@example.com", &["agents:read"]).asks_for_a_token(&[]).is_as_recorded();
}

fn a_scope_that_is_none_is_refused(case: Case) {
    let world = case.world();
    screener(&world).asks_for_a_token(&[("scope", "resume:read \"quoted\"")]).is_as_recorded();
}

fn a_resource_that_is_not_allowed_is_refused(case: Case) {
    let world = case.world();
    screener(&world).asks_for_a_token(&[("resource", "https://elsewhere.example.com/")]).is_as_recorded();
}

fn a_resource_with_a_fragment_is_refused(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.asks_for_a_token(&[("resource", "https://resumes.example.com/#top")]).is_as_recorded();
    for resource in ["/relative", "resumes.example.com"] {
        let answer = agent.asks_for_a_token(&[("resource", resource)]);
        assert_eq!(answer.json()["error"], "invalid_target", "{answer}");
    }
}

fn a_reserved_scope_is_for_this_server_alone(case: Case) {
    let world = case.world();
    world
        .operator()
        .asks_for_a_token(&[("scope", "agents:read"), ("resource", "https://resumes.example.com/")])
        .is_as_recorded();
}

fn another_grant_is_refused(case: Case) {
    let world = case.world();
    screener(&world)
        .posts_form("/oauth2/token", &[("grant_type", "password"), ("username", "a"), ("password", "b")])
        .is_as_recorded();
}

fn a_request_without_a_grant_is_refused(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.posts_form("/oauth2/token", &[("scope", "resume:read")]).is_as_recorded();
    let empty = agent.posts_form("/oauth2/token", &[("grant_type", "")]);
    assert_eq!(empty.json()["error"], "invalid_request", "{empty}");
}

fn a_parameter_must_not_be_repeated(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    agent.asks_for_a_token(&[("scope", "resume:read"), ("scope", "resume:read")]).is_as_recorded();
    for twice in ["grant_type", "client_id", "colour"] {
        let answer = agent.asks_for_a_token(&[(twice, "a"), (twice, "a")]);
        assert_eq!(answer.json()["error"], "invalid_request", "{twice} twice\n{answer}");
    }
}

fn two_ways_of_authentication_are_refused(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let credentials = agent.credentials().clone();
    agent
        .asks_for_a_token(&[
            ("client_id", &credentials.client_id),
            ("client_secret", &credentials.client_secret),
        ])
        .is_as_recorded();
}

fn a_client_must_authenticate(case: Case) {
    let world = case.world();
    world.anyone().asks_for_a_token(&[]).is_as_recorded();
}

fn all_failures_of_authentication_look_the_same(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let other = world.agent("screener-002@example.com", &[]);
    let secret = &agent.credentials().client_secret;
    let mut mistyped = secret.clone();
    mistyped.replace_range(4..5, if mistyped[4..5] == *"0" { "1" } else { "0" });
    // The checksum is right where the secret is: otherwise the forged ones were refused for their form.
    let random = secret.rsplit('_').nth(1).unwrap_or_default();
    assert_eq!(&made_of(&world.credential_of(&agent), random), secret);
    let expected = world.somebody(agent.id(), "wrong").asks_for_a_token(&[]).is_as_recorded().text();
    for failing in [
        world.somebody("01931e2c-0000-7000-8000-000000000000", secret),
        world.somebody("nobody", secret),
        world.somebody(agent.id(), &mistyped),
        world.somebody(agent.id(), &other.credentials().client_secret),
        world.somebody(agent.id(), &format!("{secret}x")),
        world.somebody(agent.id(), &made_of(&world.credential_of(&agent), &"7".repeat(43))),
        world.somebody(agent.id(), &made_of("01931e2c-0000-7000-8000-000000000000", &"7".repeat(43))),
    ] {
        let answer = failing.asks_for_a_token(&[]);
        assert_eq!((answer.status(), answer.text()), (401, expected.clone()), "{answer}");
    }
    let form = world.anyone().asks_for_a_token(&[("client_id", agent.id()), ("client_secret", "wrong")]);
    assert_eq!((form.status(), form.text()), (401, expected), "{form}");
    for authorization in ["Bearer abc", "Basic", "Basic !!!", "Basic YWJj", "Basic //8=", "Digest x"] {
        let request = Request::new("POST", "/oauth2/token").form(&[("grant_type", "client_credentials")]);
        let answer = world.anyone().sends(request.header("authorization", authorization));
        assert_eq!(answer.status(), 401, "{authorization}\n{answer}");
    }
}

fn a_secret_in_the_query_is_no_authentication(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let query = form(&[("client_id", agent.id()), ("client_secret", &agent.credentials().client_secret)]);
    let answer =
        world.anyone().posts_form(&format!("/oauth2/token?{query}"), &[("grant_type", "client_credentials")]);
    assert_eq!(answer.status(), 401, "{answer}");
}

fn an_agent_past_its_time_gets_no_token(case: Case) {
    let world = case.world();
    let soon = json!({ "validUntil": "2020-01-01T00:00:00Z" });
    let operator = world.operator().holding("agents:write");
    let answer = operator.posts("/agents", &crate::new_agent_with(&soon));
    // Whether the past is refused or only useless, nobody gets a token with it.
    if answer.status() == 201 {
        let credential = answer.json()["credential"].clone();
        let text = |name: &str| credential[name].as_str().unwrap_or_default().to_owned();
        let refused = world.somebody(&text("clientId"), &text("clientSecret")).asks_for_a_token(&[]);
        assert_eq!(refused.status(), 401, "{refused}");
    } else {
        assert_eq!(answer.status(), 400, "{answer}");
    }
}

fn the_prefix_of_a_secret_is_no_secret(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    // bcrypt reads 72 bytes and no more: what comes after must count all the same.
    let secret = agent.credentials().client_secret.clone();
    for shorter in [72, secret.len() - 1] {
        let answer = world.somebody(agent.id(), &secret[..shorter]).asks_for_a_token(&[]);
        assert_eq!(answer.status(), 401, "{answer}");
    }
}

fn a_token_request_is_a_form(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let json = json!({ "grant_type": "client_credentials" });
    agent.posts("/oauth2/token", &json).is_as_recorded();
    let bare = agent.sends(Request::new("POST", "/oauth2/token").bare_body("grant_type=client_credentials"));
    assert_eq!(bare.status(), 415, "{bare}");
}

fn a_token_request_has_at_most_64_kib(case: Case) {
    let world = case.world();
    screener(&world).asks_for_a_token(&[("colour", &"b".repeat(64 * 1024))]).is_as_recorded();
}

fn a_form_that_is_not_utf_8_is_refused(case: Case) {
    let world = case.world();
    let request = Request::new("POST", "/oauth2/token");
    let body = "grant_type=client_credentials&scope=%ff";
    screener(&world).sends(request.body("application/x-www-form-urlencoded", body)).is_as_recorded();
}

fn too_many_resources_are_refused(case: Case) {
    let world = case.world();
    let resources: Vec<String> =
        (0..17).map(|number| format!("https://resumes.example.com/{number}")).collect();
    let pairs: Vec<(&str, &str)> = resources.iter().map(|resource| ("resource", resource.as_str())).collect();
    screener(&world).asks_for_a_token(&pairs).is_as_recorded();
}

fn many_wrong_secrets_do_not_shut_out_the_right_one(case: Case) {
    let world = case.world();
    let agent = screener(&world);
    let credential = credential_id(&agent.credentials().client_secret);
    for seed in 0..300 {
        let impostor = world.somebody(agent.id(), &forged(&credential, seed));
        assert_eq!(impostor.asks_for_a_token(&[]).status(), 401);
    }
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}
