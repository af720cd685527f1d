//! getHealth, getLiveness, getReadiness.

use contract_tests::on_both_databases;
use contract_tests::world::Case;

on_both_databases![
    a_server_that_works_is_healthy,
    a_server_lives,
    a_server_is_ready,
    health_can_be_asked_with_head
];

/// Without Redis, of which `redis.rs` tells.
const ALONE: &[(&str, &str)] = &[("REDIS_URL", "")];

fn a_server_that_works_is_healthy(case: Case) {
    let world = case.world_with(ALONE);
    world.anyone().gets("/health").is_as_recorded();
}

fn a_server_lives(case: Case) {
    let world = case.world();
    world.anyone().gets("/health/live").is_as_recorded();
}

fn a_server_is_ready(case: Case) {
    let world = case.world_with(ALONE);
    world.anyone().gets("/health/ready").is_as_recorded();
}

fn health_can_be_asked_with_head(case: Case) {
    let world = case.world();
    for path in ["/health", "/health/live", "/health/ready"] {
        let answer = world.anyone().heads(path);
        assert_eq!(answer.status(), 200, "{answer}");
    }
}
