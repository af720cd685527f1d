//! getServerMetadata, getOpenidConfiguration, getJwks.

use contract_tests::on_both_databases;
use contract_tests::world::Case;

on_both_databases![
    anyone_reads_the_metadata,
    openid_clients_find_the_same_metadata,
    anyone_reads_the_keys,
    keys_of_eddsa_are_published,
    keys_of_rs256_are_published,
    a_shared_secret_is_not_published,
    the_key_that_signs_is_among_the_keys,
];

/// A shared secret of a development server.
const SHARED: [(&str, &str); 2] =
    [("JWT_ALGORITHM", "HS256"), ("JWT_SECRET", "uX3v9LqT7cRk2mZs8WbNf5HdYgJp4VeA")];

fn anyone_reads_the_metadata(case: Case) {
    let world = case.world();
    let answer = world.anyone().gets("/.well-known/oauth-authorization-server").is_as_recorded();
    assert_eq!(answer.json()["issuer"], world.server.base);
}

fn openid_clients_find_the_same_metadata(case: Case) {
    let world = case.world();
    let answer = world.anyone().gets("/.well-known/openid-configuration");
    assert_eq!(
        answer.json(),
        world.anyone().gets("/.well-known/oauth-authorization-server").json(),
        "{answer}"
    );
}

fn anyone_reads_the_keys(case: Case) {
    let world = case.world();
    world.anyone().gets("/.well-known/jwks.json").is_as_recorded();
}

fn keys_of_eddsa_are_published(case: Case) {
    let world = case.world_with(&[("JWT_ALGORITHM", "EdDSA")]);
    world.anyone().gets("/.well-known/jwks.json").is_as_recorded();
}

fn keys_of_rs256_are_published(case: Case) {
    let world = case.world_with(&[("JWT_ALGORITHM", "RS256")]);
    world.anyone().gets("/.well-known/jwks.json").is_as_recorded();
}

fn a_shared_secret_is_not_published(case: Case) {
    let world = case.world_with(&SHARED);
    world.anyone().gets("/.well-known/jwks.json").is_as_recorded();
    let metadata = world.anyone().gets("/.well-known/oauth-authorization-server").is_recorded_as("metadata");
    assert_eq!(metadata.json().get("jwks_uri"), None, "{metadata}");
    let token =
        world.operator().asks_for_a_token(&[("scope", "agents:read")]).has_a_token_recorded_as("token");
    assert_eq!(token.status(), 200);
    assert_eq!(world.operator().holding("agents:read").gets("/agents").status(), 200);
}

fn the_key_that_signs_is_among_the_keys(case: Case) {
    for algorithm in ["ES256", "EdDSA", "RS256"] {
        let world = case.world_with(&[("JWT_ALGORITHM", algorithm)]);
        let (header, _) = world.operator().asks_for_a_token(&[("scope", "agents:read")]).token_parts();
        assert_eq!(header["alg"], algorithm);
        let keys = world.anyone().gets("/.well-known/jwks.json").json();
        let known =
            keys["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["kid"] == header["kid"]));
        assert!(known, "{header} is not among {keys}");
        assert_eq!(world.operator().holding("agents:read").gets("/agents").status(), 200);
    }
}
