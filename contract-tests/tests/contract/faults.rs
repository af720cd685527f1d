//! What a caller sees when the server fails: tables are taken away behind its back.

use std::time::{Duration, Instant};

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::load::{Caller, Load};
use contract_tests::server::Database;
use contract_tests::spec::{Operation, Security, Spec};
use contract_tests::world::{Case, World};
use contract_tests::{on_both_databases, on_postgres};

use crate::operations::{Subjects, changes, reserved_without, taking_a_token};
use crate::{new_agent, path_of};

on_both_databases![
    a_fault_is_a_500_without_its_cause,
    a_server_that_cannot_know_does_not_say_yes,
    a_database_that_is_away_is_a_503_until_it_is_back,
    no_token_without_its_event,
    no_change_without_its_event,
    every_operation_tells_of_a_fault_and_not_of_its_cause,
    every_operation_says_when_it_cannot_know,
    a_database_that_crashes_under_load_loses_nothing_that_was_answered,
];

on_postgres![
    connections_that_are_lost_without_a_word_are_replaced,
    a_database_that_falls_silent_is_a_503_until_it_speaks,
    a_server_stops_whatever_its_database_does,
    requests_that_take_every_connection_do_not_silence_a_node,
];

fn a_fault_is_a_500_without_its_cause(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write audit:read");
    world.server.break_database("ALTER TABLE agent_capabilities RENAME TO gone_capabilities");
    world.server.break_database("ALTER TABLE credentials RENAME TO gone_credentials");
    operator.gets("/agents").is_recorded_as("list");
    operator.gets(&format!("/agents/{}", agent.id())).is_recorded_as("get");
    operator.posts("/agents", &new_agent("screener-002@example.com")).is_recorded_as("register");
    agent.asks_for_a_token(&[]).is_recorded_as("token");
    agent.asks_about("nothing").is_recorded_as("introspect");
    world.server.break_database("ALTER TABLE audit_events RENAME TO gone_events");
    operator.gets("/audit/events").is_recorded_as("audit");
}

fn a_server_that_cannot_know_does_not_say_yes(case: Case) {
    let world = case.world_with(&[("REDIS_URL", "")]);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write audit:read");
    world.server.break_database("ALTER TABLE changes RENAME TO gone_changes");
    world.eventually(503, || world.anyone().gets("/health/ready")).is_recorded_as("ready");
    world.anyone().gets("/health").is_recorded_as("health");
    operator.gets("/agents").is_recorded_as("list");
    operator.gets(&format!("/agents/{}", agent.id())).is_recorded_as("get");
    operator.posts("/agents", &new_agent("screener-002@example.com")).is_recorded_as("register");
    operator.gets("/audit/events").is_recorded_as("audit");
    agent.asks_for_a_token(&[]).is_recorded_as("token");
    agent.asks_about("nothing").is_recorded_as("introspect");
    let live = world.anyone().gets("/health/live");
    assert_eq!(live.status(), 200, "{live}");
    world.server.break_database("ALTER TABLE gone_changes RENAME TO changes");
    world.eventually(200, || world.anyone().gets("/health/ready"));
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn a_database_that_is_away_is_a_503_until_it_is_back(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write audit:read");
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
    let away = world.server.cut_database();
    agent.asks_for_a_token(&[]).is_recorded_as("token");
    operator.posts("/agents", &new_agent("screener-002@example.com")).is_recorded_as("register");
    drop(away);
    world.eventually(201, || operator.posts("/agents", &new_agent("screener-002@example.com")));
    world.eventually(200, || agent.asks_for_a_token(&[]));
    let issued = format!("/audit/events?action=token.issued&agentId={}", agent.id());
    let events = operator.gets(&issued).json();
    assert!(events["items"].as_array().is_some_and(|events| events.len() >= 2), "{events}");
}

fn no_token_without_its_event(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    world.server.break_database("ALTER TABLE audit_events RENAME TO gone_events");
    agent.asks_for_a_token(&[]).is_as_recorded();
    let refused = agent.asks_for_a_token(&[("scope", "resume:delete")]);
    assert_eq!(refused.status(), 503, "{refused}");
}

fn no_change_without_its_event(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let everything = world.operator().holding(&reserved_without(&[]));
    let token = agent.holding("resume:read").token().to_owned();
    let before = subjects.state(&world);
    world.server.break_database("ALTER TABLE audit_events RENAME TO gone_events");
    for (operation, _) in taking_a_token(&spec) {
        if changes(operation) {
            let answer = everything.sends(subjects.request(operation));
            assert!([500, 503].contains(&answer.status()), "{}\n{answer}", operation.id);
        }
    }
    let revoked = agent.revokes(&token);
    assert!([500, 503].contains(&revoked.status()), "{revoked}");
    world.server.break_database("ALTER TABLE gone_events RENAME TO audit_events");
    assert_eq!(subjects.state(&world), before);
    assert_eq!(everything.gets(&path_of(&agent)).status(), 200);
    assert!(crate::is_active(&agent, &token));
    assert_eq!(everything.posts("/agents", &new_agent("registered@example.com")).status(), 201);
}

/// Sends every operation that takes somebody, a good request each: with a token, or as a client.
fn every_operation<'w>(
    spec: &Spec,
    bearer: &Actor<'w>,
    subjects: &Subjects,
    client: &Actor<'w>,
    mut judge: impl FnMut(&Operation, Answer<'w>),
) {
    for operation in &spec.operations {
        match &operation.security {
            Security::Public => {}
            Security::Bearer { .. } => judge(operation, bearer.sends(subjects.request(operation))),
            Security::Client => {
                let form = [("grant_type", "client_credentials"), ("token", bearer.token())];
                judge(operation, client.sends(Request::new(&operation.method, &operation.path).form(&form)));
            }
        }
    }
}

fn every_operation_tells_of_a_fault_and_not_of_its_cause(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let everything = world.operator().holding(&reserved_without(&[]));
    for table in ["agent_capabilities", "credentials", "audit_events", "audit_checkpoints"] {
        world.server.break_database(&format!("ALTER TABLE {table} RENAME TO gone_{table}"));
    }
    every_operation(&spec, &everything, &subjects, &agent, |operation, answer| {
        assert_eq!(answer.status(), 500, "{}\n{answer}", operation.id);
        let (body, text) = (answer.json(), answer.text());
        assert!(body["code"] == "INTERNAL_ERROR" || body["error"] == "server_error", "{answer}");
        assert!(
            !text.contains("gone") && !text.contains("audit_events") && !text.contains("rust"),
            "{answer}"
        );
    });
}

fn every_operation_says_when_it_cannot_know(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    let everything = world.operator().holding(&reserved_without(&[]));
    let before = subjects.state(&world);
    world.server.break_database("ALTER TABLE changes RENAME TO gone_changes");
    world.eventually(503, || world.anyone().gets("/health/ready"));
    every_operation(&spec, &everything, &subjects, &agent, |operation, answer| {
        assert_eq!(answer.status(), 503, "{}\n{answer}", operation.id);
        let body = answer.json();
        assert!(
            body["code"] == "SERVICE_UNAVAILABLE" || body["error"] == "temporarily_unavailable",
            "{answer}"
        );
    });
    world.server.break_database("ALTER TABLE gone_changes RENAME TO changes");
    world.eventually(200, || world.anyone().gets("/health/ready"));
    assert_eq!(subjects.state(&world), before);
}

fn a_database_that_crashes_under_load_loses_nothing_that_was_answered(case: Case) {
    const WORKERS: usize = 4;
    let world =
        case.world_that_crashes(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "5"), ("AGENTIDP_LOG", "info")]);
    let client = world.agent("screener-001@example.com", &["resume:read"]);
    let registrar = world.operator().holding("agents:write");
    world.is_asked_from_outside();
    let mut load = Load::answered_within(Duration::from_secs(6));
    if world.server.database() == Database::Sqlite {
        // There the server is what crashes.
        load = load.that_may_find_nobody();
    }
    // Of each kind, as whoever registers and whoever asks for a token go different ways.
    let callers: Vec<_> = (0..WORKERS)
        .map(|worker| match worker % 2 {
            0 => Caller::Registrar(registrar.clone()),
            _ => Caller::Client(client.clone()),
        })
        .collect();
    let outcomes = load.run(&callers, |load| {
        load.until("load", |now| now.registered >= 8 && now.issued >= 50);
        world.server.crash_database();
        let before = load.counts();
        load.until("refusal", |now| now.turned_away >= before.turned_away + 2 * WORKERS);
        world.server.resume_database();
        let away = load.counts();
        load.until("recovery", |now| now.registered >= away.registered + 4 && now.issued >= away.issued + 20);
    });

    let reader = world.operator().holding("agents:read idp:admin");
    for (id, secret) in &outcomes.registered {
        assert_eq!(reader.gets(&format!("/agents/{id}")).status(), 200, "{id} was registered and is gone");
        let token = world.somebody(id, secret).asks_for_a_token(&[]);
        assert_eq!(token.status(), 200, "{token}");
    }
    outcomes.have_one_event_each(&world);
}

/// How long a node may need until it works again.
const BACK_WITHIN: Duration = Duration::from_secs(5);

/// Waits until the node is ready, issues a token and takes a change, and holds it to its time.
#[track_caller]
fn is_back(world: &World, since: Instant, agent: &Actor<'_>, registrar: &Actor<'_>, email: &str) {
    world.eventually(200, || world.anyone().gets("/health/ready"));
    world.eventually(200, || agent.asks_for_a_token(&[]));
    world.eventually(201, || registrar.posts("/agents", &new_agent(email)));
    assert!(since.elapsed() < BACK_WITHIN, "it was back after {:?}", since.elapsed());
}

fn connections_that_are_lost_without_a_word_are_replaced(case: Case) {
    let world = case.world_that_is_cut_off(&[("REDIS_URL", "")]);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let registrar = world.operator().holding("agents:write");
    // All connections are there, and have just been of use.
    std::thread::scope(|scope| {
        for number in 0..8 {
            let (registrar, agent) = (&registrar, &agent);
            scope.spawn(move || {
                registrar.posts("/agents", &new_agent(&format!("screener-{number}@example.org"))).is(201);
                agent.asks_for_a_token(&[]).is(200);
            });
        }
    });
    world.server.between().loses_connections();
    is_back(&world, Instant::now(), &agent, &registrar, "screener-002@example.com");
}

fn a_database_that_falls_silent_is_a_503_until_it_speaks(case: Case) {
    let world = case.world_that_is_cut_off(&[("REDIS_URL", "")]);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let registrar = world.operator().holding("agents:write");
    world.server.between().falls_silent();
    let silent = Instant::now();
    world.eventually(503, || world.anyone().gets("/health/ready"));
    assert!(silent.elapsed() < BACK_WITHIN, "it took {:?} to know", silent.elapsed());
    for _ in 0..5 {
        let asked = Instant::now();
        agent.asks_for_a_token(&[]).is(503);
        registrar.posts("/agents", &new_agent("screener-002@example.com")).is(503);
        assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    }
    // Once the node knows that it cannot know, nobody waits for anything.
    let asked = Instant::now();
    agent.asks_for_a_token(&[]).is(503);
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    world.server.between().speaks_again();
    is_back(&world, Instant::now(), &agent, &registrar, "screener-003@example.com");
}

fn a_server_stops_whatever_its_database_does(case: Case) {
    let world = case.world_that_is_cut_off(&[("REDIS_URL", "")]);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    agent.asks_for_a_token(&[]).is(200);
    world.server.between().falls_silent();
    world.server.stops();
    let told = Instant::now();
    assert_eq!(world.server.ended(), Some(0));
    assert!(told.elapsed() < Duration::from_secs(25), "it stopped after {:?}", told.elapsed());
}

fn requests_that_take_every_connection_do_not_silence_a_node(case: Case) {
    let world = case.world_with(&[("REDIS_URL", ""), ("AGENTIDP_DATABASE_CONNECTIONS", "6")]);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write");
    agent.asks_for_a_token(&[]).is(200);
    // Whoever changes an agent waits for whoever holds the feed, and keeps its connection meanwhile.
    let held = world.server.holds("SELECT 1 FROM change_head FOR UPDATE");
    std::thread::scope(|scope| {
        for number in 0..6 {
            let operator = &operator;
            scope.spawn(move || {
                let answer = operator.posts("/agents", &new_agent(&format!("screener-{number}@example.org")));
                assert!([201, 503].contains(&answer.status()), "{answer}");
            });
        }
        let began = Instant::now();
        while began.elapsed() < Duration::from_secs(5) {
            world.anyone().gets("/health/ready").is(200);
            agent.asks_for_a_token(&[]).is(200);
            std::thread::sleep(Duration::from_millis(50));
        }
        drop(held);
    });
}
