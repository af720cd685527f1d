//! What nodes share through Redis, and what they do without it.

use std::time::{Duration, Instant};

use contract_tests::actor::Actor;
use contract_tests::on_both_databases;
use contract_tests::redis::OwnRedis;
use contract_tests::world::{Case, World};
use serde_json::json;

use crate::path_of;

on_both_databases![
    what_one_node_read_another_need_not_read,
    whoever_is_suspended_is_refused_whatever_redis_says,
    what_was_ended_stays_ended_whatever_becomes_of_redis,
    a_redis_that_dies_is_done_without_and_found_again,
    a_redis_that_stalls_holds_nobody_up,
    a_redis_that_is_emptied_or_filled_with_garbage_changes_nothing,
    a_server_starts_without_its_redis,
    the_log_says_how_often_records_were_at_hand,
    limits_are_of_all_nodes_together,
    limits_go_on_without_redis,
    redis_is_reached_with_a_password_that_no_log_has,
    redis_is_reached_over_tls,
];

/// A server before a Redis of the test's own.
fn world_before(case: Case, redis: &OwnRedis) -> World {
    case.world_with(&[("REDIS_URL", &redis.url())])
}

fn screener(world: &World) -> Actor<'_> {
    world.agent("screener-001@example.com", &["resume:read"])
}

/// The same client, to whom it may be the same or another node.
fn at<'w>(world: &'w World, client: &Actor<'_>) -> Actor<'w> {
    world.somebody(client.id(), &client.credentials().client_secret)
}

#[track_caller]
fn gets_a_token(client: &Actor<'_>) {
    let answer = client.asks_for_a_token(&[]);
    assert_eq!(answer.status(), 200, "{answer}");
}

/// Has a client's record read and shared, and waits until it is in Redis.
fn is_shared(redis: &OwnRedis, world: &World, client: &Actor<'_>) {
    let credential = world.credential_of(client);
    let started = Instant::now();
    gets_a_token(client);
    while redis.tell(&["KEYS", &format!("agentidp:*:client:{credential}")]).is_empty() {
        assert!(started.elapsed() < Duration::from_secs(20), "the record is not shared");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until the server says so of Redis, and is ready all the same.
fn redis_is<'w>(world: &'w World, status: &str) -> contract_tests::actor::Answer<'w> {
    let started = Instant::now();
    loop {
        let answer = world.anyone().gets("/health/ready");
        assert_eq!(answer.status(), 200, "{answer}");
        if answer.json()["status"] == status {
            return answer;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "still not {status}:\n{answer}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn what_one_node_read_another_need_not_read(case: Case) {
    let redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let (known, unknown) = (screener(&world), world.agent("screener-002@example.com", &["resume:read"]));
    is_shared(&redis, &world, &known);
    let node = case.node_beside(&world, &[]);
    redis_is(&node, "ok");
    world.server.break_database("ALTER TABLE credentials RENAME TO gone_credentials");
    gets_a_token(&at(&node, &known));
    let unread = at(&node, &unknown).asks_for_a_token(&[]);
    assert_eq!(unread.status(), 500, "{unread}");
    redis.tell(&["FLUSHALL"]);
    gets_a_token(&at(&node, &known));
    world.server.break_database("ALTER TABLE gone_credentials RENAME TO credentials");
    gets_a_token(&at(&node, &unknown));
}

fn the_log_says_how_often_records_were_at_hand(case: Case) {
    let redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let agent = screener(&world);
    is_shared(&redis, &world, &agent);
    let node = case.node_beside(&world, &[]);
    redis_is(&node, "ok");
    for _ in 0..5 {
        gets_a_token(&at(&node, &agent));
    }
    // Once a minute, and in the end of what is left.
    node.server.stops();
    assert_eq!(node.server.ended(), Some(0));
    let log = node.server.log();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("were looked for in the caches")).collect();
    assert_eq!(said.len(), 1, "{said:?}");
    for count in [
        "first_level_hits=4",
        "first_level_misses=1",
        "first_level_percent=80",
        "second_level_hits=1",
        "second_level_misses=0",
        "second_level_away=0",
        "second_level_percent=100",
    ] {
        assert!(said[0].split_whitespace().any(|one| one == count), "{count} is not in {}", said[0]);
    }
}

fn whoever_is_suspended_is_refused_whatever_redis_says(case: Case) {
    let redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let agent = screener(&world);
    is_shared(&redis, &world, &agent);
    let node = case.node_beside(&world, &[]);
    redis_is(&node, "ok");
    let operator = world.operator().holding("agents:read agents:write");
    let suspended = operator.puts(
        &format!("{}/status", path_of(&agent)),
        &json!({ "status": "suspended", "reason": "it misbehaved" }),
    );
    assert_eq!(suspended.status(), 200, "{suspended}");
    let refused = agent.asks_for_a_token(&[]);
    assert_eq!(refused.status(), 401, "at once where it was said\n{refused}");
    let started = Instant::now();
    node.eventually(401, || at(&node, &agent).asks_for_a_token(&[]));
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    let kept = redis.tell(&["KEYS", "agentidp:*:client:*"]);
    assert!(kept.contains(&world.credential_of(&agent)), "the record from before is still there: {kept}");
    let later = case.node_beside(&world, &[]);
    redis_is(&later, "ok");
    for one in [&world, &node, &later] {
        let refused = at(one, &agent).asks_for_a_token(&[]);
        assert_eq!(refused.status(), 401, "{refused}");
    }
    let active = operator.puts(
        &format!("{}/status", path_of(&agent)),
        &json!({ "status": "active", "reason": "it was mended" }),
    );
    assert_eq!(active.status(), 200, "{active}");
    node.eventually(200, || at(&node, &agent).asks_for_a_token(&[]));
}

fn what_was_ended_stays_ended_whatever_becomes_of_redis(case: Case) {
    let mut redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let [agent, reader] = ["screener-001@example.com", "reader-001@example.com"]
        .map(|email| world.agent(email, &["resume:read"]));
    for known in [&agent, &reader] {
        is_shared(&redis, &world, known);
    }
    let node = case.node_beside(&world, &[]);
    redis_is(&node, "ok");
    let token = reader.asks_for_a_token(&[]).is(200).text_at("/access_token");
    reader.revokes(&token).is(200);
    let credential = format!("{}/credentials/{}", path_of(&agent), world.credential_of(&agent));
    let operator = world.operator().holding("credentials:write");
    let renewed = world.holder_of(&operator.posts(&format!("{credential}/rotate"), &json!({})));
    node.eventually(401, || at(&node, &agent).asks_for_a_token(&[]));
    let stays_ended = |when: &str| {
        for one in [&world, &node] {
            let refused = at(one, &agent).asks_for_a_token(&[]);
            assert_eq!(refused.status(), 401, "the old secret, {when}\n{refused}");
            let told = at(one, &reader).asks_about(&token);
            assert_eq!(told.json(), json!({ "active": false }), "the revoked token, {when}\n{told}");
            gets_a_token(&at(one, &renewed));
        }
    };
    stays_ended("with Redis");
    let kept: Vec<String> = redis.tell(&["KEYS", "*:client:*"]).lines().map(str::to_owned).collect();
    assert!(!kept.is_empty(), "records from before are there to mislead");
    redis.tell(&["FLUSHALL"]);
    stays_ended("with Redis emptied");
    for key in &kept {
        redis.tell(&["SET", key, "garbage"]);
    }
    stays_ended("with garbage in it");
    redis.stall();
    stays_ended("with Redis stalled");
    redis.go_on();
    redis.kill();
    stays_ended("without Redis");
    redis.revive();
    for one in [&world, &node] {
        redis_is(one, "ok");
    }
    stays_ended("with a new Redis");
}

fn a_redis_that_dies_is_done_without_and_found_again(case: Case) {
    let mut redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let agents = [screener(&world), world.agent("screener-002@example.com", &["resume:read"])];
    redis_is(&world, "ok").is_recorded_as("ok");
    gets_a_token(&agents[0]);
    redis.kill();
    for agent in agents.iter().cycle().take(20) {
        gets_a_token(agent);
    }
    redis_is(&world, "degraded").is_recorded_as("degraded");
    let log = world.server.log();
    assert_eq!(log.matches("Redis was given up").count(), 1, "said once, and not with every request\n{log}");
    let health = world.anyone().gets("/health");
    assert_eq!((health.status(), &health.json()["status"]), (200, &json!("degraded")), "{health}");
    redis.revive();
    redis_is(&world, "ok");
    is_shared(&redis, &world, &world.agent("screener-003@example.com", &["resume:read"]));
}

fn a_redis_that_stalls_holds_nobody_up(case: Case) {
    let redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let agents: Vec<_> = (0..10)
        .map(|number| world.agent(&format!("screener-{number}@example.com"), &["resume:read"]))
        .collect();
    redis_is(&world, "ok");
    redis.stall();
    let asked = Instant::now();
    agents.iter().for_each(gets_a_token);
    // Each of them would have waited, had nobody noticed after the first.
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    redis_is(&world, "degraded");
    agents.iter().for_each(gets_a_token);
    redis.go_on();
    redis_is(&world, "ok");
    agents.iter().for_each(gets_a_token);
}

fn a_redis_that_is_emptied_or_filled_with_garbage_changes_nothing(case: Case) {
    let redis = OwnRedis::start();
    let world = world_before(case, &redis);
    let agent = screener(&world);
    is_shared(&redis, &world, &agent);
    let node = case.node_beside(&world, &[]);
    redis_is(&node, "ok");
    for garbage in ["garbage", "", "9007199254740993"] {
        for key in redis.tell(&["KEYS", "*"]).lines() {
            redis.tell(&["SET", key, garbage]);
        }
        gets_a_token(&agent);
        gets_a_token(&at(&node, &agent));
    }
    for key in redis.tell(&["KEYS", "*"]).lines() {
        redis.tell(&["DEL", key]);
        redis.tell(&["RPUSH", key, "garbage"]);
    }
    gets_a_token(&agent);
    redis.tell(&["FLUSHALL"]);
    let later = case.node_beside(&world, &[]);
    gets_a_token(&at(&later, &agent));
    let wrong = later.somebody(agent.id(), "wrong").asks_for_a_token(&[]);
    assert_eq!(wrong.status(), 401, "{wrong}");
}

fn a_server_starts_without_its_redis(case: Case) {
    let mut redis = OwnRedis::start();
    redis.kill();
    let world = world_before(case, &redis);
    redis_is(&world, "degraded");
    gets_a_token(&screener(&world));
    redis.revive();
    redis_is(&world, "ok");
}

/// Five requests at once for each client, and none more for a minute.
fn few(redis: &str) -> [(&str, &str); 3] {
    [("REDIS_URL", redis), ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "1"), ("AGENTIDP_CLIENT_LIMIT_BURST", "5")]
}

fn limits_are_of_all_nodes_together(case: Case) {
    let redis = OwnRedis::start();
    let world = case.world_with(&few(&redis.url()));
    let agent = screener(&world);
    let node = case.node_beside(&world, &[]);
    redis_is(&world, "ok");
    redis_is(&node, "ok");
    let ask = |one: &World| at(one, &agent).asks_for_a_token(&[]).status();
    let answers = [&world, &node, &node, &world, &node, &world, &node].map(ask);
    assert_eq!(answers, [200, 200, 200, 200, 200, 429, 429]);
    let other = world.agent("screener-002@example.com", &["resume:read"]);
    gets_a_token(&at(&node, &other));
}

fn limits_go_on_without_redis(case: Case) {
    let mut redis = OwnRedis::start();
    let world = case.world_with(&few(&redis.url()));
    let agent = screener(&world);
    redis_is(&world, "ok");
    let ask = || agent.asks_for_a_token(&[]).status();
    assert_eq!([ask(), ask(), ask()], [200; 3]);
    redis.kill();
    redis_is(&world, "degraded");
    assert_eq!([ask(), ask(), ask()], [200, 200, 429]);
    redis.revive();
    redis_is(&world, "ok");
    assert_eq!(ask(), 429, "what Redis lost, the node knows");
}

fn redis_is_reached_with_a_password_that_no_log_has(case: Case) {
    let redis = OwnRedis::start();
    redis.tell(&["CONFIG", "SET", "requirepass", "Pr1vateWord"]);
    let url = redis.url().replace("redis://", "redis://:Pr1vateWord@");
    let world = case.world_with(&[("REDIS_URL", &url)]);
    redis_is(&world, "ok");
    gets_a_token(&screener(&world));
    let stranger = case.node_beside(&world, &[("REDIS_URL", &url.replace("Word", "Worm"))]);
    redis_is(&stranger, "degraded");
    for log in [world.server.log(), stranger.server.log()] {
        assert!(log.contains("Redis") && !log.contains("Pr1vate"), "{log}");
    }
}

fn redis_is_reached_over_tls(case: Case) {
    let authority = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let (certificate, key) = (authority.cert.pem(), authority.signing_key.serialize_pem());
    let redis = OwnRedis::start_with_tls(&certificate, &key);
    let trusted = redis.file("certificate.pem");
    let trusted = trusted.to_str().expect("a path of letters");
    let world = case.world_with(&[("REDIS_URL", &redis.tls_url()), ("SSL_CERT_FILE", trusted)]);
    redis_is(&world, "ok");
    gets_a_token(&screener(&world));
    let untrusting = case.node_beside(&world, &[("SSL_CERT_FILE", "/dev/null")]);
    redis_is(&untrusting, "degraded");
}
