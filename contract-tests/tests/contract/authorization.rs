//! Who is let in: every operation of the specification with every way of not being allowed to use it.
//!
//! The operations come from `openapi.yaml`; one that the tables do not know fails the tests.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_tests::actor::{Actor, Answer, Request, basic};
use contract_tests::on_both_databases;
use contract_tests::spec::{Security, Spec};
use contract_tests::world::{Case, World, in_seconds};
use serde_json::{Value, json};

use crate::operations::{RESERVED, Subjects, changes, form_of, fulfilled, reserved_without, taking_a_token};
use crate::path_of;

on_both_databases![
    every_operation_that_takes_a_token_refuses_what_is_none,
    what_a_setting_opens_refuses_a_token_that_is_none,
    every_operation_that_takes_a_token_refuses_one_that_says_the_wrong_thing,
    every_operation_that_takes_a_client_refuses_who_is_none,
    every_public_operation_asks_nobody,
];

/// The challenge to somebody who shows no token (RFC 6750 section 3.1).
const BARE: &str = r#"Bearer realm="agentidp""#;

/// What says that a token proves nothing.
const INVALID: &str = r#"Bearer realm="agentidp", error="invalid_token", error_description=""#;

/// The challenge to a client that did not authenticate.
const BASIC: &str = r#"Basic realm="agentidp", charset="UTF-8""#;

/// One line of the matrix.
fn line(name: &str, answer: &Answer<'_>) -> String {
    let body = answer.json();
    let code = body["code"].as_str().or(body["error"].as_str()).unwrap_or("-");
    let challenge = answer.header("www-authenticate").unwrap_or("-");
    format!("  {name}: {} {code} {challenge}\n", answer.status())
}

/// Ways of showing no token that proves anything: what each is called, the headers, and how the challenge begins.
fn without_a_token(world: &World, case: Case) -> Vec<(&'static str, Vec<String>, &'static str)> {
    let held = reserved_without(&[]);
    let bearer = |token: &str| vec![format!("Bearer {token}")];
    let token_of = |agent: &Actor<'_>| agent.holding(&held).token().to_owned();

    let secret = &world.operator().credentials().client_secret.clone();
    let good = token_of(&world.operator());

    let short = world.agent_like("short@example.com", &RESERVED, &json!({ "validUntil": in_seconds(4) }));
    let expired = short.holding(&held);
    let refused = world.eventually(401, || expired.gets(&path_of(&short)));
    let challenge = refused.header("www-authenticate").unwrap_or_default();
    assert!(challenge.contains("expired"), "it ended by its time: {refused}");

    let foreign = token_of(&case.world_of("elsewhere").operator());

    let ordinary = world.agent("ordinary@example.com", &["resume:read", "agents:read"]);
    let ordinary = ordinary.holding("resume:read").token().to_owned();

    let revoked = token_of(&world.operator());
    assert_eq!(world.operator().revokes(&revoked).status(), 200);

    let suspended = world.agent("suspended@example.com", &RESERVED);
    let of_suspended = token_of(&suspended);
    let change = json!({ "status": "suspended", "reason": "a test" });
    let answer = world.bearer(&good).puts(&format!("{}/status", path_of(&suspended)), &change);
    assert_eq!(answer.status(), 200, "{answer}");

    let (header, claims_and_signature) = good.split_once('.').unwrap_or_default();
    let header: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(header).unwrap_or_default()).unwrap_or_default();
    let mut retyped = header.clone();
    retyped["typ"] = json!("JWT");
    let retyped = format!("{}.{claims_and_signature}", URL_SAFE_NO_PAD.encode(retyped.to_string()));

    vec![
        ("no token", vec![], BARE),
        ("another scheme", vec![basic(world.operator().credentials())], BARE),
        ("an empty token", vec!["Bearer".to_owned()], BARE),
        ("two headers", vec![format!("Bearer {good}"), format!("Bearer {good}")], BARE),
        ("a malformed token", bearer("nothing"), INVALID),
        ("a token of three malformed parts", bearer("a.b.c"), INVALID),
        ("a token and more", bearer(&format!("{good} {good}")), INVALID),
        ("a client secret", bearer(secret), INVALID),
        ("an expired token", bearer(expired.token()), INVALID),
        ("a token of another server", bearer(&foreign), INVALID),
        ("a token for another audience", bearer(&ordinary), INVALID),
        ("a token of another type", bearer(&retyped), INVALID),
        ("a revoked token", bearer(&revoked), INVALID),
        ("a token of a suspended agent", bearer(&of_suspended), INVALID),
    ]
}

fn every_operation_that_takes_a_token_refuses_what_is_none(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let showing = without_a_token(&world, case);
    let everybody = world.agent("everybody@example.com", &RESERVED);
    let stranger = world.stranger("stranger@example.com", &RESERVED);
    let mut matrix = String::new();
    for (number, (operation, scopes)) in taking_a_token(&spec).into_iter().enumerate() {
        let agent = world.agent(&format!("screener-{number}@example.com"), &["resume:read"]);
        let subjects = Subjects::of(&world, &agent);
        let before = subjects.state(&world);
        matrix.push_str(&format!("{}\n", operation.id));

        for (name, headers, challenge) in &showing {
            let request = headers
                .iter()
                .fold(subjects.request(operation), |request, value| request.header("authorization", value));
            let answer = world.anyone().sends(request);
            assert_eq!(answer.status(), 401, "{} with {name}\n{answer}", operation.id);
            assert_eq!(
                answer.json()["code"],
                "AUTHENTICATION_ERROR",
                "{} with {name}\n{answer}",
                operation.id
            );
            let shown = answer.header("www-authenticate").unwrap_or_default();
            let right = if *challenge == BARE { shown == BARE } else { shown.starts_with(challenge) };
            assert!(right, "{} with {name}\n{answer}", operation.id);
            matrix.push_str(&line(name, &answer));
        }

        // Whatever else it holds, its own scope is what counts.
        let required: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let lacking = everybody.holding(&format!("{} self:read self:rotate", reserved_without(&required)));
        let answer = lacking.sends(subjects.request(operation));
        assert_eq!(answer.status(), 403, "{} without its scope\n{answer}", operation.id);
        let expected = format!("scope=\"{}\"", required.join(" "));
        let shown = answer.header("www-authenticate").unwrap_or_default();
        assert!(shown.starts_with(r#"Bearer realm="agentidp", error="insufficient_scope""#), "{answer}");
        assert!(shown.ends_with(&expected), "{answer}");
        assert_eq!(answer.json()["code"], "AUTHORIZATION_ERROR", "{answer}");
        matrix.push_str(&line("a token without the scope", &answer));

        if let Security::Bearer { own: Some(own), .. } = &operation.security {
            // What is enough for oneself is the one scope and no other.
            let other = if own == "self:read" { "self:rotate" } else { "self:read" };
            let answer = agent.holding(other).sends(subjects.request(operation));
            assert_eq!(answer.status(), 403, "{} by itself with {other}\n{answer}", operation.id);
            matrix.push_str(&line(&format!("its own token of scope {other}"), &answer));
        }

        let answer = stranger.holding(&reserved_without(&["idp:admin"])).sends(subjects.request(operation));
        let expected = match operation.id.as_str() {
            // These reach nothing of another owner: they have none in their path.
            "listAgents" | "listAuditEvents" | "exportAuditEvents" => {
                assert!(!answer.text().contains(agent.id()), "{answer}");
                200
            }
            "registerAgent" => 201,
            // Hashes of everybody's events, which say nothing of them; the events themselves take idp:admin.
            "getAuditCheckpoint" | "getAuditTile" | "getAuditConsistencyProof" => 200,
            "getAuditEntries" => 403,
            _ => 404,
        };
        assert_eq!(answer.status(), expected, "{} of another owner\n{answer}", operation.id);
        if operation.id == "registerAgent" {
            assert_eq!(answer.json()["agent"]["owner"], "strangers", "{answer}");
        }
        matrix.push_str(&line("a token of another owner", &answer));

        assert_eq!(subjects.state(&world), before, "{} changed something", operation.id);
        if let Security::Bearer { own: Some(own), .. } = &operation.security
            && !changes(operation)
        {
            let answer = agent.holding(own).sends(subjects.request(operation));
            assert_eq!(answer.status(), fulfilled(operation), "{} by itself\n{answer}", operation.id);
        }
        let right = everybody.holding(&required.join(" "));
        let request = match operation.id.as_str() {
            "registerAgent" => Request::new("POST", "/agents").json(&crate::new_agent("right@example.com")),
            _ => subjects.request(operation),
        };
        // An event is in the log a moment after it happened.
        let answer = world.eventually(fulfilled(operation), || right.sends(request.clone()));
        assert_eq!(answer.status(), fulfilled(operation), "{} with the right token\n{answer}", operation.id);
        matrix.push_str(&line("the right token", &answer));
    }
    world.is_recorded("", &matrix);
}

fn what_a_setting_opens_refuses_a_token_that_is_none(case: Case) {
    let world = case.world_with(&[("AGENTIDP_AUDIT_PUBLIC", "true")]);
    let spec = Spec::load();
    let showing = without_a_token(&world, case);
    let subjects = Subjects::of(&world, &world.agent("screener-001@example.com", &["resume:read"]));
    let everybody = world.agent("everybody@example.com", &RESERVED);
    let mut opened = 0;
    for (operation, scopes) in taking_a_token(&spec) {
        let request = || subjects.request(operation);
        if !operation.opens {
            assert_eq!(world.anyone().sends(request()).status(), 401, "{}", operation.id);
            continue;
        }
        opened += 1;
        world.eventually(200, || world.anyone().sends(request()));
        for (name, headers, challenge) in showing.iter().filter(|(_, headers, _)| !headers.is_empty()) {
            let request =
                headers.iter().fold(request(), |request, value| request.header("authorization", value));
            let answer = world.anyone().sends(request);
            assert_eq!(answer.status(), 401, "{} with {name}\n{answer}", operation.id);
            let shown = answer.header("www-authenticate").unwrap_or_default();
            assert!(shown.starts_with(challenge), "{} with {name}\n{answer}", operation.id);
        }
        let required: Vec<&str> = scopes.iter().map(String::as_str).collect();
        let lacking = everybody.holding(&format!("{} self:read", reserved_without(&required)));
        assert_eq!(lacking.sends(request()).status(), 403, "{} without its scope", operation.id);
        assert_eq!(everybody.holding(&required.join(" ")).sends(request()).status(), 200, "{}", operation.id);
    }
    assert_eq!(opened, 3);
}

/// A secret that the server and the test share, so that the test can sign what a server never would.
const SHARED: &str = "uX3v9LqT7cRk2mZs8WbNf5HdYgJp4VeA";

fn signed(header: &Value, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    let text = format!("{}.{}", part(header), part(claims));
    let key = hmac::Key::new(hmac::HMAC_SHA256, SHARED.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(hmac::sign(&key, text.as_bytes())))
}

fn every_operation_that_takes_a_token_refuses_one_that_says_the_wrong_thing(case: Case) {
    let world = case.world_with(&[("JWT_ALGORITHM", "HS256"), ("JWT_SECRET", SHARED)]);
    let spec = Spec::load();
    let held = reserved_without(&[]);
    let (header, claims) = world.operator().asks_for_a_token(&[("scope", &held)]).token_parts();
    let with = |value: &Value, name: &str, new: Value| {
        let mut changed = value.clone();
        changed[name] = new;
        changed
    };
    let without = |value: &Value, name: &str| {
        let mut changed = value.clone();
        changed.as_object_mut().map(|members| members.remove(name));
        changed
    };
    let issuer = world.server.base.clone();
    let default_audience = format!("{issuer}/resources/default");
    let issued = claims["iat"].as_i64().unwrap_or_default();

    // The control: signed by the test, and good.
    let good = world.bearer(&signed(&header, &claims)).gets("/agents");
    assert_eq!(good.status(), 200, "{good}");

    let wrong = [
        ("typ JWT", signed(&with(&header, "typ", json!("JWT")), &claims)),
        ("no typ", signed(&without(&header, "typ"), &claims)),
        ("typ at+jwt-like", signed(&with(&header, "typ", json!("at+jwt2")), &claims)),
        ("alg HS512", signed(&with(&header, "alg", json!("HS512")), &claims)),
        ("alg none", signed(&with(&header, "alg", json!("none")), &claims)),
        ("another kid", signed(&with(&header, "kid", json!("another")), &claims)),
        ("the default audience", signed(&header, &with(&claims, "aud", json!(default_audience)))),
        ("another audience", signed(&header, &with(&claims, "aud", json!("https://elsewhere.example.com")))),
        ("two audiences", signed(&header, &with(&claims, "aud", json!([issuer, default_audience])))),
        ("no audience", signed(&header, &without(&claims, "aud"))),
        ("an empty audience", signed(&header, &with(&claims, "aud", json!([])))),
        ("another issuer", signed(&header, &with(&claims, "iss", json!("https://elsewhere.example.com")))),
        ("no issuer", signed(&header, &without(&claims, "iss"))),
        ("an end in the past", signed(&header, &with(&claims, "exp", json!(issued - 1)))),
        ("no end", signed(&header, &without(&claims, "exp"))),
        ("no scope", signed(&header, &without(&claims, "scope"))),
        ("no subject", signed(&header, &without(&claims, "sub"))),
        ("a subject that is none", signed(&header, &with(&claims, "sub", json!("operator")))),
        ("no position", signed(&header, &without(&claims, "rev"))),
        ("no id", signed(&header, &without(&claims, "jti"))),
    ];
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let before = subjects.state(&world);
    for (operation, _) in taking_a_token(&spec) {
        for (name, token) in &wrong {
            let answer = world.bearer(token).sends(subjects.request(operation));
            assert_eq!(answer.status(), 401, "{} with {name}\n{answer}", operation.id);
            let shown = answer.header("www-authenticate").unwrap_or_default();
            assert!(shown.starts_with(INVALID), "{} with {name}\n{answer}", operation.id);
        }
        assert_eq!(subjects.state(&world), before, "{}", operation.id);
    }
    for (name, token) in &wrong {
        if name.contains("audience") {
            // A token for somebody else is still a token of this server, if its claims are whole.
            continue;
        }
        assert!(!crate::is_active(&world.operator(), token), "{name} is active");
    }
}

fn every_operation_that_takes_a_client_refuses_who_is_none(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let writer = world.operator().holding("agents:read agents:write credentials:write");
    let named = |email: &str| world.agent(email, &["resume:read"]);
    let agent = named("screener-001@example.com");
    let other = named("screener-002@example.com");
    let change = |agent: &Actor<'_>, status: &str| {
        let body = json!({ "status": status, "reason": "a test" });
        assert_eq!(writer.puts(&format!("{}/status", path_of(agent)), &body).status(), 200);
    };
    let suspended = named("suspended@example.com");
    change(&suspended, "suspended");
    let ended = named("revoked@example.com");
    change(&ended, "revoked");
    let archived = named("archived@example.com");
    assert_eq!(writer.deletes(&path_of(&archived)).status(), 204);
    let without_credential = named("without@example.com");
    let path =
        format!("{}/credentials/{}", path_of(&without_credential), world.credential_of(&without_credential));
    assert_eq!(writer.deletes(&path).status(), 204);
    let expiring =
        writer.posts(&format!("{}/credentials", path_of(&agent)), &json!({ "expiresAt": in_seconds(3) }));
    let expired = world.holder_of(&expiring);
    world.eventually(401, || expired.asks_about("nothing"));
    let short =
        world.agent_like("short@example.com", &["resume:read"], &json!({ "validUntil": in_seconds(3) }));
    world.eventually(401, || short.asks_about("nothing"));

    let secret = |agent: &Actor<'_>| agent.credentials().client_secret.clone();
    let nobody = "01931e2c-0000-7000-8000-000000000000";
    let mut mistyped = secret(&agent);
    let last = if mistyped.ends_with('0') { "1" } else { "0" };
    mistyped.replace_range(mistyped.len() - 1.., last);
    let impostors: Vec<(&str, String, String)> = vec![
        ("a wrong secret", agent.id().to_owned(), "wrong".to_owned()),
        ("a mistyped secret", agent.id().to_owned(), mistyped),
        ("an unknown client", nobody.to_owned(), secret(&agent)),
        ("a client that is none", "screener".to_owned(), secret(&agent)),
        ("a foreign client id", other.id().to_owned(), secret(&agent)),
        ("a foreign secret", agent.id().to_owned(), secret(&other)),
        ("a suspended agent", suspended.id().to_owned(), secret(&suspended)),
        ("a revoked agent", ended.id().to_owned(), secret(&ended)),
        ("an archived agent", archived.id().to_owned(), secret(&archived)),
        ("an agent past its time", short.id().to_owned(), secret(&short)),
        ("a revoked credential", without_credential.id().to_owned(), secret(&without_credential)),
        ("an expired credential", agent.id().to_owned(), secret(&expired)),
    ];
    let mut matrix = String::new();
    let mut operations = 0;
    for operation in spec.operations.iter().filter(|operation| operation.security == Security::Client) {
        operations += 1;
        matrix.push_str(&format!("{}\n", operation.id));
        let token = agent.holding("resume:read").token().to_owned();
        let good = form_of(operation, &token);
        let send = |by: &Actor<'_>, more: &[(&str, &str)]| {
            let mut pairs: Vec<(&str, &str)> =
                good.iter().map(|(name, value)| (*name, value.as_str())).collect();
            pairs.extend_from_slice(more);
            let answer = by.sends(Request::new(&operation.method, &operation.path).form(&pairs));
            (
                answer.status(),
                answer.text(),
                answer.header("www-authenticate").map(str::to_owned),
                answer.to_string(),
            )
        };
        let expected = send(&world.anyone(), &[]).1;
        let mut refused =
            |name: &str, (status, text, challenge, whole): (u16, String, Option<String>, String)| {
                assert_eq!(status, 401, "{} with {name}\n{whole}", operation.id);
                // Who fails learns nothing of why.
                assert_eq!(text, expected, "{} with {name}\n{whole}", operation.id);
                assert_eq!(challenge.as_deref(), Some(BASIC), "{} with {name}\n{whole}", operation.id);
                matrix.push_str(&format!("  {name}: {status} {}\n", challenge.unwrap_or_default()));
            };
        refused("no client", send(&world.anyone(), &[]));
        refused("a bearer", send(&agent.holding("self:read"), &[]));
        for (name, id, secret) in &impostors {
            refused(name, send(&world.somebody(id, secret), &[]));
            let pairs = [("client_id", id.as_str()), ("client_secret", secret.as_str())];
            refused(&format!("{name} in the form"), send(&world.anyone(), &pairs));
        }
        refused("a client id alone", send(&world.anyone(), &[("client_id", agent.id())]));
        refused("a secret alone", send(&world.anyone(), &[("client_secret", &secret(&agent))]));
        let both = [("client_id", agent.id()), ("client_secret", &secret(&agent))];
        let (status, text, _, whole) = send(&agent, &both);
        assert_eq!(status, 400, "{} with two methods\n{whole}", operation.id);
        assert!(text.contains("\"invalid_request\""), "{whole}");
        matrix.push_str(&format!("  two methods: {status} invalid_request\n"));
        assert!(crate::is_active(&agent, &token), "{}: a refused caller ends nothing", operation.id);
        let (status, _, _, whole) = send(&world.anyone(), &both);
        assert_eq!(status, 200, "{} in the form\n{whole}", operation.id);
        let (status, _, _, whole) = send(&agent, &[]);
        assert_eq!(status, 200, "{} in the header\n{whole}", operation.id);
        matrix.push_str("  the right client: 200\n");
    }
    assert_eq!(operations, 3);
    world.is_recorded("", &matrix);
}

fn every_public_operation_asks_nobody(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let public: Vec<_> =
        spec.operations.iter().filter(|operation| operation.security == Security::Public).collect();
    assert!(!public.is_empty());
    for operation in public {
        assert_eq!(operation.method, "GET", "{} changes something for anyone", operation.id);
        assert!(
            !operation.path.contains('{'),
            "{} has a parameter that the table does not know",
            operation.id
        );
        for by in [world.anyone(), world.bearer("nothing"), world.somebody("nobody", "wrong")] {
            let answer = by.gets(&operation.path);
            assert_eq!(answer.status(), 200, "{}\n{answer}", operation.id);
        }
    }
}
