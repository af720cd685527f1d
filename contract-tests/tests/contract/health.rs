//! getHealth, getLiveness, getReadiness.

use std::time::{Duration, Instant};

use contract_tests::actor::Answer;
use contract_tests::log::{blob, checkpoint_of_all, judged, unguarded};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    a_server_that_works_is_healthy,
    a_server_lives,
    a_server_is_ready,
    health_can_be_asked_with_head,
    a_log_that_stands_still_makes_a_server_degraded_which_goes_on,
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

/// What the server says of itself, once it says that it is in this state.
fn becomes<'w>(world: &'w World, status: &str) -> Answer<'w> {
    let began = Instant::now();
    loop {
        let answer = world.anyone().gets("/health/ready").is(200);
        if answer.json()["status"] == status {
            return answer;
        }
        assert!(began.elapsed() < Duration::from_secs(60), "it is not {status}: {answer}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

fn a_log_that_stands_still_makes_a_server_degraded_which_goes_on(case: Case) {
    let world = case.world_with(ALONE);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let early = checkpoint_of_all(&world);
    agent.asks_for_a_token(&[]).is(200);
    let late = checkpoint_of_all(&world);
    becomes(&world, "ok");
    let head = |checkpoint: &str| {
        let mut lines = checkpoint.lines().skip(1);
        let size = lines.next().expect("a size");
        let root = blob(&world, lines.next().expect("a root"));
        world.server.break_database(&format!("UPDATE audit_head SET tree_size = {size}, root_hash = {root}"));
        size.to_owned()
    };

    // The database goes back under the running server, as to a standby that lacks the last commits.
    unguarded(&world, "audit_head", &["audit_head_grow"]);
    unguarded(&world, "audit_leaves", &["audit_leaves_keep_deleted"]);
    world.server.break_database("CREATE TABLE lost_leaves AS SELECT * FROM audit_leaves");
    let size = head(&early);
    world.server.break_database(&format!("DELETE FROM audit_leaves WHERE leaf_index >= {size}"));
    becomes(&world, "degraded").is_recorded_as("degraded");
    let whole = world.anyone().gets("/health").is(200);
    assert_eq!(whole.json()["status"], "degraded", "{whole}");
    agent.asks_for_a_token(&[]).is(200);
    assert!(world.server.log().contains("the database has gone back"), "the server's log says why");

    // What was lost is found again.
    world.server.break_database(&format!(
        "INSERT INTO audit_leaves SELECT * FROM lost_leaves WHERE leaf_index >= {size}"
    ));
    head(&late);
    becomes(&world, "ok");
    checkpoint_of_all(&world);
    let (code, said) = judged(&world, &[]);
    assert!(code == 0 && said.contains("is whole"), "{said}");
}
