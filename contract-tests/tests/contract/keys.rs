//! Signing keys that follow one another under a running server.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use contract_tests::server::{libfaketime, wrong_clock};
use contract_tests::world::{Case, World};
use contract_tests::{on_both_databases, on_postgres};
use serde_json::Value;

use crate::events;

on_both_databases![
    verifiers_that_cache_the_keys_verify_every_token_across_a_rotation,
    verifiers_that_cache_the_keys_verify_every_token_across_a_change_of_the_algorithm,
    when_a_key_is_compromised_its_tokens_are_refused_at_once,
    the_keys_are_listed_for_the_operator,
    a_shared_secret_is_not_rotated,
];

on_postgres![
    while_keys_follow_one_another_under_load_on_three_nodes_every_token_verifies,
    a_compromised_key_is_refused_at_once_by_a_node_whose_clock_is_behind_too,
    the_first_key_is_in_force_everywhere_though_its_makers_clock_is_ahead,
    the_doctor_says_when_the_clock_is_not_the_databases,
];

/// A verifier as stock libraries are: it reads the keys again when its copy is as old as the server allowed, and not for
/// a key that it does not know.
struct Verifier<'w> {
    world: &'w World,
    keys: Value,
    read: Instant,
    /// How long the server lets its copy be old, in seconds.
    max_age: u64,
}

impl<'w> Verifier<'w> {
    fn of(world: &'w World, max_age: u64) -> Self {
        Self { world, keys: Self::keys(world, max_age), read: Instant::now(), max_age }
    }

    fn keys(world: &World, max_age: u64) -> Value {
        let answer = world.anyone().gets("/.well-known/jwks.json");
        let allowed = format!("public, max-age={max_age}");
        assert_eq!(answer.header("cache-control"), Some(allowed.as_str()), "{answer}");
        answer.json()["keys"].clone()
    }

    /// The `kid` under which the token verifies.
    fn verifies(&mut self, token: &str) -> String {
        if self.read.elapsed() >= Duration::from_secs(self.max_age) {
            // What a cache holds is as old as the request that brought it.
            self.read = Instant::now();
            self.keys = Self::keys(self.world, self.max_age);
        }
        let bytes = |text: &str| URL_SAFE_NO_PAD.decode(text).expect("base64url");
        let (message, signature) = token.rsplit_once('.').expect("a compact JWS");
        let header: Value =
            serde_json::from_slice(&bytes(message.split('.').next().unwrap_or_default())).expect("a header");
        let keys = self.keys.as_array().expect("a list of keys");
        let key = keys.iter().find(|key| key["kid"] == header["kid"]);
        let key = key.unwrap_or_else(|| panic!("{} is not among {keys:?}", header["kid"]));
        let coordinate = |name: &str| bytes(key[name].as_str().expect("a coordinate"));
        let verified = match key["kty"].as_str() {
            Some("EC") => {
                let point = [vec![4], coordinate("x"), coordinate("y")].concat();
                let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point);
                key.verify(message.as_bytes(), &bytes(signature))
            }
            _ => UnparsedPublicKey::new(&ED25519, coordinate("x"))
                .verify(message.as_bytes(), &bytes(signature)),
        };
        verified.expect("the signature is the key's");
        header["kid"].as_str().expect("a kid").to_owned()
    }
}

fn rotates(world: &World, arguments: &[&str]) -> String {
    let output = world.server.run(&[&["keys", "rotate"], arguments].concat());
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    said.split_whitespace().next().expect("the kid").to_owned()
}

fn verifiers_that_cache_the_keys_verify_every_token_across_a_rotation(case: Case) {
    let world = case.world_with(&[("AGENTIDP_JWKS_MAX_AGE_SECONDS", "1")]);
    let agent = world.agent("caller@example.com", &["orders:read"]);
    let mut verifier = Verifier::of(&world, 1);
    let first = verifier.verifies(agent.holding("orders:read").token());
    let next = rotates(&world, &[]);
    let mut under = vec![first.clone()];
    // The lead is what a copy may be old, and what another node may not have read yet.
    let deadline = Instant::now() + Duration::from_secs(30);
    while under.iter().filter(|kid| **kid == next).count() < 20 {
        assert!(Instant::now() < deadline, "the next key never signed: {under:?}");
        under.push(verifier.verifies(agent.holding("orders:read").token()));
    }
    let of_first = under.iter().take_while(|kid| **kid == first).count();
    assert!(of_first > 20, "the next key signed before verifiers could know it");
    assert!(under[of_first..].iter().all(|kid| *kid == next), "a key does not come back: {under:?}");
    assert_eq!(events(&world, "action=key.rotated").len(), 1);
}

/// Each caller is issued tokens by one node and verifies them by the keys of another, as a load balancer has it.
fn while_keys_follow_one_another_under_load_on_three_nodes_every_token_verifies(case: Case) {
    let world = case.world_with(&[("AGENTIDP_JWKS_MAX_AGE_SECONDS", "1")]);
    let (second, third) = (case.node_beside(&world, &[]), case.node_beside(&world, &[]));
    let nodes = [&world, &second, &third];
    let agent = world.agent("caller@example.com", &["orders:read"]);
    let (goes_on, seen) = (AtomicBool::new(true), Mutex::new(BTreeMap::<String, usize>::new()));
    let verifies = |number: usize| {
        let (issuer, publisher) = (nodes[number % 3], nodes[(number + 1) % 3]);
        let caller = issuer.somebody(agent.id(), &agent.credentials().client_secret);
        let mut verifier = Verifier::of(publisher, 1);
        while goes_on.load(Ordering::Relaxed) {
            let kid = verifier.verifies(caller.holding("orders:read").token());
            *seen.lock().expect("nobody panics with it").entry(kid).or_default() += 1;
        }
    };
    std::thread::scope(|scope| {
        let calling: Vec<_> = (0..6)
            .map(|number| {
                let verifies = &verifies;
                scope.spawn(move || verifies(number))
            })
            .collect();
        for node in &nodes[..2] {
            let next = rotates(node, &[]);
            let deadline = Instant::now() + Duration::from_secs(30);
            let verified =
                || seen.lock().expect("nobody panics with it").get(&next).copied().unwrap_or_default();
            while verified() < 200 && !calling.iter().any(|one| one.is_finished()) {
                assert!(Instant::now() < deadline, "the next key never signed");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        goes_on.store(false, Ordering::Relaxed);
    });
    let seen = seen.into_inner().expect("nobody panicked with it");
    assert_eq!(seen.len(), 3, "{seen:?}");
}

/// A node that starts with another algorithm, while verifiers have a copy of the keys without its own.
fn verifiers_that_cache_the_keys_verify_every_token_across_a_change_of_the_algorithm(case: Case) {
    let world = case.world_with(&[("AGENTIDP_JWKS_MAX_AGE_SECONDS", "8")]);
    let agent = world.agent("caller@example.com", &["orders:read"]);
    let mut verifier = Verifier::of(&world, 8);
    let first = verifier.verifies(agent.holding("orders:read").token());
    let other = case.node_beside(&world, &[("JWT_ALGORITHM", "EdDSA")]);
    let caller = other.somebody(agent.id(), &agent.credentials().client_secret);
    let mut under = Vec::new();
    let deadline = Instant::now() + Duration::from_secs(60);
    while under.iter().filter(|kid| **kid != first).count() < 20 {
        assert!(Instant::now() < deadline, "the new key never signed: {under:?}");
        under.push(verifier.verifies(caller.holding("orders:read").token()));
        // The node that has the algorithm of before goes on with it.
        assert_eq!(verifier.verifies(agent.holding("orders:read").token()), first);
    }
    let of_first = under.iter().take_while(|kid| **kid == first).count();
    assert!(of_first > 0, "the new key signed before verifiers could know it");
    assert!(under[of_first..].iter().all(|kid| *kid == under[of_first]), "{under:?}");
}

fn when_a_key_is_compromised_its_tokens_are_refused_at_once(case: Case) {
    let world = case.world_with(&[("AGENTIDP_JWKS_MAX_AGE_SECONDS", "1")]);
    let thief = world.operator().holding("agents:read");
    assert_eq!(thief.gets("/agents").status(), 200);
    let next = rotates(&world, &["--compromised"]);
    let refused = world.eventually(401, || thief.gets("/agents"));
    assert_eq!(refused.json()["code"], "AUTHENTICATION_ERROR", "{refused}");
    let mut verifier = Verifier::of(&world, 1);
    assert_eq!(verifier.verifies(world.operator().holding("agents:read").token()), next);
    assert_eq!(verifier.keys.as_array().map(Vec::len), Some(1), "{}", verifier.keys);
    let rotated = events(&world, "action=key.rotated");
    assert_eq!(
        (&rotated[0]["data"]["kid"], &rotated[0]["data"]["compromised"]),
        (&next.into(), &true.into())
    );
}

fn a_compromised_key_is_refused_at_once_by_a_node_whose_clock_is_behind_too(case: Case) {
    let world = case.world();
    let library = libfaketime();
    let late = case.node_beside(&world, &wrong_clock(&library, "-50s"));
    let agent = world.agent("caller@example.com", &["orders:read"]);
    let caller = late.somebody(agent.id(), &agent.credentials().client_secret);
    let first = Verifier::of(&late, 300).verifies(caller.holding("orders:read").token());
    let thief = world.operator().holding("agents:read");
    let thief = late.bearer(thief.token());
    assert_eq!(thief.gets("/agents").status(), 200);
    let next = rotates(&world, &["--compromised"]);
    late.eventually(401, || thief.gets("/agents"));
    let keys = Verifier::keys(&late, 300);
    let kids: Vec<_> = keys.as_array().into_iter().flatten().map(|key| key["kid"].clone()).collect();
    assert_eq!(kids, [next.as_str()], "not {first}");
    let mut verifier = Verifier::of(&world, 300);
    assert_eq!(verifier.verifies(caller.holding("orders:read").token()), next);
}

fn the_first_key_is_in_force_everywhere_though_its_makers_clock_is_ahead(case: Case) {
    let library = libfaketime();
    let early = case.world_with(&wrong_clock(&library, "+50s"));
    let node = case.node_beside(&early, &wrong_clock(&library, "+0s"));
    let agent = early.agent("caller@example.com", &["orders:read"]);
    let caller = node.somebody(agent.id(), &agent.credentials().client_secret);
    let mut verifier = Verifier::of(&node, 300);
    let (here, there) = (caller.holding("orders:read"), agent.holding("orders:read"));
    assert_eq!(verifier.verifies(here.token()), verifier.verifies(there.token()));
}

fn the_doctor_says_when_the_clock_is_not_the_databases(case: Case) {
    let world = case.world();
    let library = libfaketime();
    let says = |offset: &str| {
        let said = world.server.run_with(&wrong_clock(&library, offset), &["doctor"]).stdout;
        let said = String::from_utf8(said).expect("text");
        said.lines().find(|line| line.contains("clock")).expect("a word about the clock").to_owned()
    };
    assert_eq!(says("+0s"), "ok     this machine's clock is within 30000 ms of the database's");
    for (offset, side) in [("+40s", " ms ahead of the database's"), ("-40s", " ms behind the database's")] {
        let said = says(offset);
        let seconds = said.strip_prefix("WRONG  this machine's clock is ").and_then(|rest| {
            let (milliseconds, rest) = rest.split_once(' ')?;
            rest.starts_with(side.trim_start()).then_some(milliseconds.parse::<u32>().ok()? / 1000)
        });
        assert!(matches!(seconds, Some(35..=40)), "{said}");
        assert!(said.contains("ms are tolerated (a tenth of AGENTIDP_JWKS_MAX_AGE_SECONDS)"), "{said}");
    }
}

fn the_keys_are_listed_for_the_operator(case: Case) {
    let world = case.world();
    let listed = || {
        let said = world.server.run(&["keys", "list"]).stdout;
        String::from_utf8(said).expect("text").lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert!(matches!(&listed()[..], [only] if only.contains("  ES256  signs since ")), "{:?}", listed());
    let next = rotates(&world, &[]);
    let both = listed();
    assert!(
        matches!(&both[..], [first, second]
        if first.contains("  signs until ") && second.starts_with(&next) && second.contains("  published, signs from ")),
        "{both:?}"
    );
}

fn a_shared_secret_is_not_rotated(case: Case) {
    let secret = "tW6yKc3QeVh9RzLp5XbNu2MfGd8JsA4v";
    let world = case.world_with(&[("JWT_ALGORITHM", "HS256"), ("JWT_SECRET", secret)]);
    let refused = world.server.run(&["keys", "rotate"]);
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("JWT_SECRET") && !said.contains(secret), "{said}");
}
