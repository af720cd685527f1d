//! Access tokens that are not what they say.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_tests::on_both_databases;
use contract_tests::world::Case;
use serde_json::{Value, json};

on_both_databases![
    a_token_for_other_apis_is_refused_here,
    what_is_no_token_is_refused,
    a_token_that_was_changed_is_refused,
    a_token_of_another_server_is_refused,
];

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

fn a_token_for_other_apis_is_refused_here(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read", "agents:read"]);
    let ordinary = agent.holding("resume:read");
    ordinary.gets("/agents").is_as_recorded();
    let itself = ordinary.gets(&format!("/agents/{}", agent.id()));
    assert_eq!(itself.status(), 401, "{itself}");
}

fn what_is_no_token_is_refused(case: Case) {
    let world = case.world();
    world.bearer("nothing").gets("/agents").is_as_recorded();
    for token in ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "=", "a b"] {
        let answer = world.bearer(token).gets("/agents");
        assert_eq!(answer.status(), 401, "{token}\n{answer}");
    }
}

fn a_token_that_was_changed_is_refused(case: Case) {
    let world = case.world();
    let answer = world.operator().asks_for_a_token(&[("scope", "self:read")]);
    let (header, claims) = answer.token_parts();
    let token = answer.json()["access_token"].as_str().unwrap_or_default().to_owned();
    let signature = token.rsplit('.').next().unwrap_or_default();
    let with = |value: &Value, name: &str, new: Value| {
        let mut changed = value.clone();
        changed[name] = new;
        changed
    };
    let wider = with(&claims, "scope", json!("agents:read agents:write idp:admin"));
    for (header, claims, signature) in [
        (header.clone(), wider.clone(), signature),
        (with(&header, "alg", json!("none")), wider.clone(), ""),
        (with(&header, "alg", json!("None")), claims.clone(), signature),
        (with(&header, "alg", json!("HS256")), claims.clone(), signature),
        (with(&header, "typ", json!("JWT")), claims.clone(), signature),
        (with(&header, "kid", json!("other")), claims.clone(), signature),
        (with(&header, "kid", Value::Null), claims.clone(), signature),
        (with(&header, "jwk", json!({ "kty": "oct", "k": "AAAA" })), claims.clone(), signature),
        (header.clone(), with(&claims, "exp", json!(4_102_444_800_u32)), signature),
        (header.clone(), with(&claims, "aud", json!("https://elsewhere.example.com")), signature),
    ] {
        let forged = format!("{}.{}.{signature}", part(&header), part(&claims));
        let answer = world.bearer(&forged).gets(&format!("/agents/{}", world.operator().id()));
        assert_eq!(answer.status(), 401, "{header} {claims}\n{answer}");
        let introspected = world.operator().asks_about(&forged);
        assert_eq!(introspected.json(), json!({ "active": false }), "{header} {claims}");
    }
}

fn a_token_of_another_server_is_refused(case: Case) {
    let elsewhere = case.world_of("elsewhere");
    let token = elsewhere.operator().holding("agents:read").token().to_owned();
    let world = case.world();
    let answer = world.bearer(&token).gets("/agents");
    assert_eq!(answer.status(), 401, "{answer}");
    let introspected = world.operator().asks_about(&token);
    assert_eq!(introspected.json(), json!({ "active": false }), "{introspected}");
}
