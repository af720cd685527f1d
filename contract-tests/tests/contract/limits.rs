//! Rate limits: who asks too much waits, and nobody else does.

use std::time::Duration;

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::spec::{Operation, Security, Spec};
use contract_tests::world::{Case, World};
use serde_json::json;

use crate::operations::{RESERVED, Subjects, form_of, fulfilled, reserved_without};
use crate::{events, new_agent, path_of};

on_both_databases![
    every_limited_operation_says_when_it_is_too_much,
    every_limited_operation_says_what_is_left,
    an_agent_that_asks_too_much_waits_and_is_served_again,
    a_right_secret_is_served_while_others_guess,
    a_live_token_is_served_while_others_guess,
    guesses_and_what_anyone_may_read_are_told_apart,
    guesses_do_not_keep_anyone_from_a_log_that_is_public,
    who_makes_many_secrets_waits,
    an_address_that_a_stranger_claims_is_not_believed,
    an_address_that_a_trusted_proxy_tells_is_believed,
    without_limits_nothing_is_said_of_them,
    health_and_documentation_are_never_limited,
];

/// Settings under which whoever has used up an allowance waits for a minute: longer than any of these tests asks.
const SLOWLY: [(&str, &str); 2] =
    [("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "1"), ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "1")];

/// The same, with so many requests at once.
fn slowly<'a>(client: &'a str, address: &'a str) -> Vec<(&'a str, &'a str)> {
    let bursts = [("AGENTIDP_CLIENT_LIMIT_BURST", client), ("AGENTIDP_ADDRESS_LIMIT_BURST", address)];
    [SLOWLY, bursts].concat()
}

/// Asks until it is too much; comes back with the answer that says so.
#[track_caller]
fn too_much<'w>(mut ask: impl FnMut() -> Answer<'w>) -> Answer<'w> {
    for _ in 0..1000 {
        let answer = ask();
        if answer.status() == 429 {
            return answer;
        }
    }
    panic!("a thousand requests were not too many");
}

/// Makes sure that an answer refuses for a limit, of the policy that it names, in the shape of its operation.
#[track_caller]
fn is_too_much(answer: &Answer<'_>, policy: &str, name: &str) {
    assert_eq!(answer.status(), 429, "{name}\n{answer}");
    let body = answer.json();
    assert!(
        body["code"] == "RATE_LIMIT_EXCEEDED" || body["error"] == "temporarily_unavailable",
        "{name}\n{answer}"
    );
    let wait: u64 = answer.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or_default();
    assert!((1..=60).contains(&wait), "{name}\n{answer}");
    assert_eq!(
        answer.header("ratelimit"),
        Some(format!("\"{policy}\";r=0;t={wait}").as_str()),
        "{name}\n{answer}"
    );
    let policies = answer.header("ratelimit-policy").unwrap_or_default();
    assert!(policies.starts_with(&format!("\"{policy}\";q=")), "{name}\n{answer}");
}

/// A good request of any operation that takes somebody or nobody, by whoever it takes.
fn good<'w>(
    operation: &Operation,
    subjects: &Subjects,
    bearer: &Actor<'w>,
    client: &Actor<'w>,
) -> Answer<'w> {
    match &operation.security {
        Security::Bearer { .. } => bearer.sends(subjects.request(operation)),
        Security::Public => bearer.sends(Request::new(&operation.method, &operation.path)),
        Security::Client => {
            let form = form_of(operation, bearer.token());
            let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            client.sends(Request::new(&operation.method, &operation.path).form(&form))
        }
    }
}

/// Every operation that declares 429.
fn limited(spec: &Spec) -> Vec<&Operation> {
    let limited: Vec<_> =
        spec.operations.iter().filter(|operation| operation.responses.contains_key(&429)).collect();
    assert!(!limited.is_empty());
    limited
}

fn every_limited_operation_says_when_it_is_too_much(case: Case) {
    let world = case.world_with(&slowly("40", "40"));
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let busy = world.agent("busy@example.com", &RESERVED);
    let bearer = busy.holding(&reserved_without(&[]));
    let before = subjects.state(&world);

    too_much(|| bearer.gets("/agents?limit=1"));
    too_much(|| world.anyone().gets("/agents"));
    too_much(|| world.anyone().gets("/.well-known/jwks.json"));
    for operation in limited(&spec) {
        let policy = if operation.security == Security::Public { "address" } else { "client" };
        is_too_much(&good(operation, &subjects, &bearer, &busy), policy, &operation.id);
        if operation.security != Security::Public {
            let nobody = world.bearer("nothing");
            let refused = good(operation, &subjects, &nobody, &world.somebody(busy.id(), "wrong"));
            is_too_much(&refused, "address", &format!("{} without a proof", operation.id));
            assert_eq!(refused.header("www-authenticate"), None, "{refused}");
        }
    }
    assert_eq!(subjects.state(&world), before);
    bearer.gets("/agents").is_as_recorded();
    busy.asks_for_a_token(&[]).is_recorded_as("token");
    world.anyone().gets("/.well-known/jwks.json").is_recorded_as("jwks");
}

fn every_limited_operation_says_what_is_left(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    for (number, operation) in limited(&spec).into_iter().enumerate() {
        let agent = world.agent(&format!("screener-{number}@example.com"), &["resume:read"]);
        let subjects = Subjects::of(&world, &agent);
        // One of the operations ends the token that it is asked with.
        let able =
            world.agent(&format!("able-{number}@example.com"), &[&RESERVED[..], &["resume:read"]].concat());
        let everything = able.holding(&reserved_without(&[]));
        // An event is in the log a moment after it happened.
        let answer =
            world.eventually(fulfilled(operation), || good(operation, &subjects, &everything, &able));
        let (policy, limits) = (
            answer.header("ratelimit-policy").unwrap_or_default(),
            answer.header("ratelimit").unwrap_or_default(),
        );
        if operation.security == Security::Public {
            assert_eq!(policy, "\"address\";q=1000;w=20", "{answer}");
            assert!(limits.starts_with("\"address\";r=9"), "{answer}");
        } else {
            assert_eq!(policy, "\"client\";q=10000;w=10", "{answer}");
            assert!(limits.starts_with("\"client\";r=99"), "{answer}");
        }
    }
}

fn an_agent_that_asks_too_much_waits_and_is_served_again(case: Case) {
    let settings = [("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "60"), ("AGENTIDP_CLIENT_LIMIT_BURST", "5")];
    let world = case.world_with(&settings);
    let busy = world.agent("busy@example.com", &["resume:read"]);
    let other = world.agent("other@example.com", &["resume:read"]);
    let refused = too_much(|| busy.asks_for_a_token(&[]));
    is_too_much(&refused, "client", "the busy one");
    assert_eq!(refused.header("ratelimit-policy"), Some("\"client\";q=5;w=5"));
    let served = other.asks_for_a_token(&[]);
    assert_eq!(served.status(), 200, "{served}");
    assert_eq!(served.header("ratelimit"), Some("\"client\";r=4;t=1"), "{served}");
    wait(&refused);
    let served = busy.asks_for_a_token(&[]);
    assert_eq!(served.status(), 200, "{served}");
}

/// Waits as long as a refusal says.
fn wait(refusal: &Answer<'_>) {
    let seconds = refusal.header("retry-after").and_then(|value| value.parse().ok()).unwrap_or_default();
    std::thread::sleep(Duration::from_secs(seconds));
}

fn a_right_secret_is_served_while_others_guess(case: Case) {
    let world = case.world_with(&slowly("1000", "3"));
    let known = world.agent("screener-001@example.com", &["resume:read"]);
    let secret = known.credentials().client_secret.clone();
    // One that is well made, so that only the comparison tells it from the right one.
    let foreign = world.agent("screener-002@example.com", &[]).credentials().client_secret.clone();
    let guesser = world.somebody(known.id(), &foreign);
    is_too_much(&too_much(|| guesser.asks_for_a_token(&[])), "address", "the guesser");
    for _ in 0..10 {
        is_too_much(&guesser.asks_for_a_token(&[]), "address", "the guesser");
        let served = known.asks_for_a_token(&[]);
        assert_eq!(served.status(), 200, "{served}");
        assert!(served.header("ratelimit").unwrap_or_default().starts_with("\"client\""), "{served}");
        let pairs = [
            ("grant_type", "client_credentials"),
            ("client_id", known.id()),
            ("client_secret", secret.as_str()),
        ];
        let served = world.anyone().posts_form("/oauth2/token", &pairs);
        assert_eq!(served.status(), 200, "{served}");
    }
}

fn a_live_token_is_served_while_others_guess(case: Case) {
    let world = case.world_with(&slowly("1000", "3"));
    let known = world.agent("screener-001@example.com", &["resume:read"]);
    let itself = known.holding("self:read");
    is_too_much(&too_much(|| world.bearer("a.b.c").gets(&path_of(&known))), "address", "the guesser");
    let served = itself.gets(&path_of(&known));
    assert_eq!(served.status(), 200, "{served}");
}

fn guesses_and_what_anyone_may_read_are_told_apart(case: Case) {
    let world = case.world_with(&slowly("1000", "3"));
    too_much(|| world.bearer("a.b.c").gets("/agents"));
    let keys = world.anyone().gets("/.well-known/jwks.json");
    assert_eq!(keys.status(), 200, "{keys}");
    assert_eq!(keys.header("ratelimit"), Some("\"address\";r=2;t=60"), "{keys}");
}

fn guesses_do_not_keep_anyone_from_a_log_that_is_public(case: Case) {
    let world = case.world_with(&[slowly("1000", "3"), vec![("AGENTIDP_AUDIT_PUBLIC", "true")]].concat());
    too_much(|| world.bearer("a.b.c").gets("/agents"));
    let checkpoint = world.anyone().gets("/audit/checkpoint");
    assert_eq!(checkpoint.status(), 200, "{checkpoint}");
    assert_eq!(checkpoint.header("ratelimit"), Some("\"address\";r=2;t=60"), "{checkpoint}");
    assert_eq!(world.bearer("a.b.c").gets("/audit/checkpoint").status(), 429);
}

fn who_makes_many_secrets_waits(case: Case) {
    let world = case.world_with(&[("AGENTIDP_HASH_LIMIT_PER_MINUTE", "3")]);
    let registrar = world.agent("registrar@example.com", &["agents:write", "credentials:write"]);
    let other = world.agent("other@example.com", &["agents:write"]);
    let holding = registrar.holding("agents:write credentials:write");
    let taken = new_agent("other@example.com");
    for number in 1..=3 {
        let answer = holding.posts("/agents", &taken);
        assert_eq!(answer.status(), 409, "{number}\n{answer}");
    }
    // Whether an address is taken is not to be had for the asking.
    let refused = holding.posts("/agents", &taken);
    assert_eq!(refused.status(), 429, "{refused}");
    let limits = refused.header("ratelimit").unwrap_or_default();
    assert!(limits.starts_with("\"client\";r=99") && limits.contains(", \"hashing\";r=0;t="), "{refused}");
    assert_eq!(
        refused.header("ratelimit-policy"),
        Some("\"client\";q=10000;w=10, \"hashing\";q=3;w=60"),
        "{refused}"
    );
    let credentials = format!("{}/credentials", path_of(&registrar));
    assert_eq!(holding.posts(&credentials, &json!({})).status(), 429);
    let rotation = format!("{credentials}/{}/rotate", world.credential_of(&registrar));
    assert_eq!(holding.posts(&rotation, &json!({})).status(), 429);
    assert_eq!(holding.gets(&path_of(&registrar)).status(), 403, "what needs no hash is answered");
    let registered = other.holding("agents:write").posts("/agents", &new_agent("new@example.com"));
    assert_eq!(registered.status(), 201, "{registered}");
}

/// A request without a proof, which says of itself where it comes from.
fn from<'w>(world: &'w World, address: &str) -> Answer<'w> {
    world.anyone().sends(Request::new("GET", "/agents").header("x-forwarded-for", address))
}

fn an_address_that_a_stranger_claims_is_not_believed(case: Case) {
    let world = case.world_with(&slowly("1000", "3"));
    for number in 1..=3 {
        let answer = from(&world, &format!("198.51.100.{number}"));
        assert_eq!(answer.status(), 401, "{answer}");
    }
    is_too_much(&from(&world, "198.51.100.99"), "address", "the stranger");
    let forwarded = Request::new("GET", "/agents").header("forwarded", "for=198.51.100.7");
    is_too_much(&world.anyone().sends(forwarded), "address", "the stranger");
}

fn an_address_that_a_trusted_proxy_tells_is_believed(case: Case) {
    let mut settings = slowly("1000", "3");
    settings.push(("AGENTIDP_TRUSTED_PROXIES", "127.0.0.0/8, 10.0.0.0/8"));
    let world = case.world_with(&settings);
    is_too_much(&too_much(|| from(&world, "198.51.100.7")), "address", "one address");
    let other = from(&world, "198.51.100.8");
    assert_eq!(other.status(), 401, "{other}");
    // What a client wrote itself stands before what the proxies added.
    is_too_much(
        &from(&world, "203.0.113.5, 198.51.100.7, 10.1.1.1"),
        "address",
        "the same behind two proxies",
    );
    is_too_much(&too_much(|| from(&world, "2001:db8:1:2::7")), "address", "one network");
    is_too_much(&from(&world, "2001:db8:1:2:ffff::9"), "address", "the same network");
    let known = world.agent("screener-001@example.com", &["resume:read"]);
    let asking = Request::new("POST", "/oauth2/token").header("x-forwarded-for", "198.51.100.9");
    let issued = known.sends(asking.form(&[("grant_type", "client_credentials")]));
    assert_eq!(issued.status(), 200, "{issued}");
    let recorded = events(&world, &format!("action=token.issued&agentId={}", known.id()));
    assert_eq!(recorded[0]["address"], "198.51.100.9", "{recorded:?}");
}

fn without_limits_nothing_is_said_of_them(case: Case) {
    let world = case.world_with(&[
        ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
        ("AGENTIDP_ADDRESS_LIMIT_BURST", "0"),
        ("AGENTIDP_HASH_LIMIT_PER_MINUTE", "0"),
    ]);
    let operator = world.operator().holding("agents:read");
    for answer in [
        operator.gets("/agents"),
        world.anyone().gets("/agents"),
        world.anyone().gets("/.well-known/jwks.json"),
    ] {
        assert_eq!((answer.header("ratelimit"), answer.header("ratelimit-policy")), (None, None), "{answer}");
    }
}

fn health_and_documentation_are_never_limited(case: Case) {
    let world = case.world_with(&slowly("1000", "1"));
    too_much(|| world.anyone().gets("/.well-known/jwks.json"));
    let spec = Spec::load();
    for operation in spec.operations.iter().filter(|operation| !operation.responses.contains_key(&429)) {
        for _ in 0..3 {
            let answer = world.anyone().gets(&operation.path);
            assert_eq!(answer.status(), 200, "{}\n{answer}", operation.id);
            assert_eq!(answer.header("ratelimit"), None, "{}\n{answer}", operation.id);
        }
    }
}
