//! What a promotion does to secrets that were handed out before it.

use contract_tests::actor::Actor;
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::json;

use crate::path_of;

on_both_databases![
    a_secret_from_before_a_promotion_is_not_good_for_it,
    whoever_rotates_their_own_secret_gets_no_more_with_it,
    an_ordinary_capability_is_good_for_every_secret_at_once,
    a_planted_secret_neither_introspects_nor_revokes_with_the_new_powers,
];

fn promoted(world: &World, agent: &Actor<'_>, capabilities: &[&str]) {
    let mut scope = vec!["agents:write", "idp:admin"];
    scope.extend(
        capabilities
            .iter()
            .filter(|name| ["agents:read", "tokens:revoke", "tokens:introspect"].contains(name)),
    );
    let change = json!({ "capabilities": capabilities });
    let answer = world.operator().holding(&scope.join(" ")).patches(&path_of(agent), &change);
    assert_eq!(answer.status(), 200, "{answer}");
}

fn a_secret_from_before_a_promotion_is_not_good_for_it(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    // Somebody who may issue credentials, and holds nothing else, plants one.
    let issuer = world.agent("issuer@example.com", &["credentials:write"]).holding("credentials:write");
    let planted = issuer.posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    assert_eq!(planted.status(), 201, "{planted}");
    let planted = world.holder_of(&planted);
    promoted(&world, &agent, &["resume:read", "agents:read"]);

    planted.asks_for_a_token(&[("scope", "agents:read")]).is_as_recorded();
    for secret in [&planted, &agent] {
        assert_eq!(secret.asks_for_a_token(&[("scope", "agents:read")]).status(), 400);
        assert_eq!(secret.asks_for_a_token(&[]).status(), 200, "what it was good for goes on");
        assert_eq!(secret.asks_for_a_token(&[("scope", "self:read")]).status(), 200);
    }
    let vouching = world.operator().holding("credentials:write agents:read");
    let new = vouching.posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    assert_eq!(world.holder_of(&new).asks_for_a_token(&[("scope", "agents:read")]).status(), 200);
    let own = format!(
        "{}/credentials/{}/rotate",
        path_of(&agent),
        contract_tests::secret::credential_id(&agent.credentials().client_secret)
    );
    let rotated = vouching.posts(&own, &json!({}));
    assert_eq!(rotated.status(), 201, "{rotated}");
    assert_eq!(world.holder_of(&rotated).asks_for_a_token(&[("scope", "agents:read")]).status(), 200);
}

fn whoever_rotates_their_own_secret_gets_no_more_with_it(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    promoted(&world, &agent, &["resume:read", "agents:read"]);
    let id = contract_tests::secret::credential_id(&agent.credentials().client_secret);
    let own = format!("{}/credentials/{id}/rotate", path_of(&agent));
    let rotated = agent.holding("self:rotate").posts(&own, &json!({}));
    assert_eq!(rotated.status(), 201, "{rotated}");
    let rotated = world.holder_of(&rotated);
    assert_eq!(rotated.asks_for_a_token(&[("scope", "agents:read")]).status(), 400);
    assert_eq!(rotated.asks_for_a_token(&[]).status(), 200);
}

fn an_ordinary_capability_is_good_for_every_secret_at_once(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    promoted(&world, &agent, &["resume:read", "resume:score"]);
    assert_eq!(agent.asks_for_a_token(&[("scope", "resume:score")]).status(), 200);
}

fn a_planted_secret_neither_introspects_nor_revokes_with_the_new_powers(case: Case) {
    let world = case.world();
    let other = world.agent("screener-002@example.com", &["resume:read"]);
    let token = other.holding("resume:read").token().to_owned();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    promoted(&world, &agent, &["resume:read", "tokens:introspect", "tokens:revoke"]);
    assert!(!crate::is_active(&agent, &token), "as if it did not live");
    assert_eq!(agent.revokes(&token).status(), 400);
    let new = world
        .operator()
        .holding("credentials:write tokens:introspect tokens:revoke")
        .posts(&format!("{}/credentials", path_of(&agent)), &json!({}));
    let new = world.holder_of(&new);
    assert!(crate::is_active(&new, &token));
    assert_eq!(new.revokes(&token).status(), 200);
    assert!(!crate::is_active(&new, &token));
}
