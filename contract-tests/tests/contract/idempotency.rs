//! Idempotency-Key: a creating request that is sent again does nothing twice.

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::{Value, json};

use crate::{new_agent, path_of};

on_both_databases![
    a_registration_that_is_sent_again_gets_the_first_answer,
    a_credential_that_is_asked_for_again_is_the_same_one,
    a_rotation_that_is_sent_again_rotates_once,
    a_key_is_for_one_request_alone,
    a_secret_that_is_gone_is_not_shown_again,
    a_key_is_its_callers_own,
    a_replay_is_for_whoever_may_still_have_the_answer,
    a_refused_request_may_be_mended_and_sent_again,
    of_many_twins_at_once_one_agent_comes,
    a_key_that_can_be_guessed_is_refused,
];

const KEY: &str = "5f1d7c1a-2f0e-4a3c-9f4f-0a4d6f1f7a11";

fn sends<'w>(actor: &Actor<'w>, target: &str, key: &str, body: &Value) -> Answer<'w> {
    actor.sends(Request::new("POST", target).header("Idempotency-Key", key).json(body))
}

fn registrar(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read agents:write credentials:write")
}

fn a_registration_that_is_sent_again_gets_the_first_answer(case: Case) {
    let world = case.world();
    let operator = registrar(&world);
    let first = sends(&operator, "/agents", KEY, &new_agent("screener-001@example.com"));
    let again = sends(&operator, "/agents", KEY, &new_agent("screener-001@example.com"));
    assert_eq!((first.status(), again.status()), (201, 201), "{again}");
    assert_eq!(first.json(), again.json());
    assert_eq!(first.header("location"), again.header("location"));
    assert_eq!(first.header("etag"), again.header("etag"));
    let agents = operator.gets("/agents?q=screener-001").json();
    assert_eq!(agents["items"].as_array().map(Vec::len), Some(1));
}

fn a_credential_that_is_asked_for_again_is_the_same_one(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let credentials = format!("{}/credentials", path_of(&agent));
    let first = sends(&registrar(&world), &credentials, KEY, &json!({ "label": "blue" }));
    let again = sends(&registrar(&world), &credentials, KEY, &json!({ "label": "blue" }));
    assert_eq!(first.status(), 201, "{first}");
    assert_eq!(first.json(), again.json());
    let all = registrar(&world).gets(&credentials).json();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(2), "the first one and the new one");
}

fn a_rotation_that_is_sent_again_rotates_once(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let rotation = format!("{}/credentials/{}/rotate", path_of(&agent), world.credential_of(&agent));
    let first = sends(&registrar(&world), &rotation, KEY, &json!({ "gracePeriodSeconds": 60 }));
    let again = sends(&registrar(&world), &rotation, KEY, &json!({ "gracePeriodSeconds": 60 }));
    assert_eq!((first.status(), again.status()), (201, 201), "{again}");
    assert_eq!(first.json(), again.json());
}

/// The creating requests about an agent: where each goes, a body, and another one.
fn creating<'w>(world: &'w World, agent: &Actor<'w>) -> [(String, Value, Value); 3] {
    let credentials = format!("{}/credentials", path_of(agent));
    let rotation = format!("{credentials}/{}/rotate", world.credential_of(agent));
    [
        ("/agents".to_owned(), new_agent("screener-001@example.com"), new_agent("screener-002@example.com")),
        (credentials, json!({ "label": "blue" }), json!({ "label": "green" })),
        (rotation, json!({ "gracePeriodSeconds": 60 }), json!({ "gracePeriodSeconds": 61 })),
    ]
}

fn a_key_is_for_one_request_alone(case: Case) {
    let world = case.world();
    let (operator, agent) = (registrar(&world), world.agent("agent@example.com", &[]));
    for (target, body, other) in creating(&world, &agent) {
        let first = sends(&operator, &target, KEY, &body).is(201);
        let refused = sends(&operator, &target, KEY, &other).is(409).says("/code", "IDEMPOTENCY_CONFLICT");
        if target == "/agents" {
            refused.is_as_recorded();
        }
        assert_eq!(sends(&operator, &target, KEY, &body).json(), first.json(), "{target}");
    }
    // What it is about is part of the request, too.
    let others = world.agent("other@example.com", &[]);
    let of_others = format!("{}/credentials", path_of(&others));
    sends(&operator, &of_others, KEY, &json!({ "label": "blue" }))
        .is(409)
        .says("/code", "IDEMPOTENCY_CONFLICT");
}

fn a_secret_that_is_gone_is_not_shown_again(case: Case) {
    let world = case.world();
    let (operator, agent) = (registrar(&world), world.agent("agent@example.com", &[]));
    for (target, body, _) in creating(&world, &agent) {
        let first = sends(&operator, &target, KEY, &body).is(201);
        // As if it had been ten minutes ago.
        world.server.break_database("UPDATE idempotency_keys SET secret_until = created_at");
        let again = sends(&operator, &target, KEY, &body).is(409).says("/code", "IDEMPOTENCY_CONFLICT");
        let secret = first.holder().credentials().client_secret.clone();
        assert!(!again.text().contains(&secret), "{target}");
        if target == "/agents" {
            again.is_as_recorded();
        }
    }
}

fn a_key_is_its_callers_own(case: Case) {
    let world = case.world();
    let registrar_of_others = world.agent("registrar@example.com", &["agents:write"]).holding("agents:write");
    let first = sends(&registrar(&world), "/agents", KEY, &new_agent("screener-001@example.com"));
    let other = sends(&registrar_of_others, "/agents", KEY, &new_agent("screener-002@example.com"));
    assert_eq!((first.status(), other.status()), (201, 201), "{other}");
    assert_ne!(first.json()["agent"]["id"], other.json()["agent"]["id"]);
}

fn a_replay_is_for_whoever_may_still_have_the_answer(case: Case) {
    let world = case.world();
    let mut auditor = new_agent("auditor@example.com");
    auditor["capabilities"] = json!(["audit:read"]);
    let granting = world.operator().holding("agents:write audit:read");
    assert_eq!(sends(&granting, "/agents", KEY, &auditor).status(), 201);
    let without = world.operator().holding("agents:write");
    let answer = sends(&without, "/agents", KEY, &auditor);
    assert_eq!(answer.status(), 403, "{answer}");
    assert_eq!(sends(&granting, "/agents", KEY, &auditor).status(), 201);
}

fn a_refused_request_may_be_mended_and_sent_again(case: Case) {
    let world = case.world();
    let operator = registrar(&world);
    world.agent("screener-001@example.com", &[]);
    assert_eq!(sends(&operator, "/agents", KEY, &new_agent("screener-001@example.com")).status(), 409);
    assert_eq!(sends(&operator, "/agents", KEY, &new_agent("screener-002@example.com")).status(), 201);
}

/// Whether a twin comes early enough to be one is chance here; `impl/tests/domain/idempotency.rs` holds two at once.
fn of_many_twins_at_once_one_agent_comes(case: Case) {
    let world = case.world();
    let operator = registrar(&world);
    let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let twins: Vec<_> = (0..6)
            .map(|_| {
                scope.spawn(|| {
                    let answer = sends(&operator, "/agents", KEY, &new_agent("screener-001@example.com"));
                    (answer.status(), answer.json())
                })
            })
            .collect();
        twins.into_iter().map(|twin| twin.join().expect("an answer")).collect()
    });
    let made: Vec<_> = answers.iter().filter(|(status, _)| *status == 201).collect();
    assert!(!made.is_empty(), "{answers:?}");
    assert!(made.iter().all(|(_, body)| *body == made[0].1), "{answers:?}");
    assert!(answers.iter().all(|(status, _)| matches!(status, 201 | 409)), "{answers:?}");
    let again = sends(&operator, "/agents", KEY, &new_agent("screener-001@example.com"));
    assert_eq!(again.json(), made[0].1);
}

fn a_key_that_can_be_guessed_is_refused(case: Case) {
    let world = case.world();
    for key in ["1", "fifteen-letters", &"x".repeat(129), "a key with a space in it"] {
        let answer = sends(&registrar(&world), "/agents", key, &new_agent("screener-001@example.com"));
        assert_eq!(answer.status(), 400, "{key}: {answer}");
    }
}
