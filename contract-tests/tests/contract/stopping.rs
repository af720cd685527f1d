//! Servers that are told to stop.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract_tests::actor::{Answer, Request};
use contract_tests::world::{Case, World};
use contract_tests::{on_both_databases, on_postgres};

use crate::new_agent;

on_both_databases![a_server_that_is_about_to_stop_says_so_and_goes_on_answering];

on_postgres![
    a_rolling_restart_is_not_noticed_by_those_who_ask_who_is_ready,
    a_rolling_restart_is_not_noticed_by_those_who_ask_again,
];

fn a_server_that_is_about_to_stop_says_so_and_goes_on_answering(case: Case) {
    let world = case.world_with(&[("AGENTIDP_SHUTDOWN_NOTICE_SECONDS", "2")]);
    let agent = world.operator().registers(&new_agent("screener@example.com"));
    world.server.stops();
    let told = Instant::now();
    let unready = world.eventually(503, || world.anyone().gets("/health/ready")).json();
    let checks = unready["checks"].as_array().into_iter().flatten();
    let unwell: Vec<_> = checks.filter(|check| check["status"] != "ok").map(|check| &check["name"]).collect();
    assert_eq!(unwell, ["serving"], "{unready}");
    agent.asks_for_a_token(&[]).is(200);
    assert_eq!(world.server.ended(), Some(0));
    let took = told.elapsed();
    assert!((Duration::from_secs(2)..Duration::from_secs(10)).contains(&took), "it ended after {took:?}");
}

/// Asks for tokens, one after the other, of nodes that say that they are ready: as behind a load balancer.
fn asks(nodes: &[&World], id: &str, secret: &str, goes_on: &AtomicBool, answered: &AtomicUsize) {
    let mut next = nodes.iter().cycle();
    while goes_on.load(Ordering::Relaxed) {
        let Some(node) = next.next() else { return };
        let ready = node.anyone().tries(Request::new("GET", "/health/ready"));
        if ready.is_none_or(|answer| answer.status() != 200) {
            continue;
        }
        let form = [("grant_type", "client_credentials")];
        let asked = node.somebody(id, secret).tries(Request::new("POST", "/oauth2/token").form(&form));
        let answer = asked.expect("a node that is ready answers");
        assert_eq!(answer.status(), 200, "{answer}");
        answered.fetch_add(1, Ordering::Relaxed);
    }
}

fn a_rolling_restart_is_not_noticed_by_those_who_ask_who_is_ready(case: Case) {
    let world = case.world_with(&[("AGENTIDP_SHUTDOWN_NOTICE_SECONDS", "1")]);
    let (second, third) = (case.node_beside(&world, &[]), case.node_beside(&world, &[]));
    let nodes = [&world, &second, &third];
    let clients = [1, 2, 3, 4].map(|number| {
        let agent = world.operator().registers(&new_agent(&format!("caller-{number}@example.com")));
        agent.credentials().clone()
    });
    let (goes_on, answered) = (AtomicBool::new(true), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let asking: Vec<_> = clients
            .iter()
            .map(|client| {
                let (id, secret) = (&client.client_id, &client.client_secret);
                scope.spawn(|| asks(&nodes, id, secret, &goes_on, &answered))
            })
            .collect();
        for node in nodes {
            let before = answered.load(Ordering::Relaxed);
            node.server.stops();
            assert_eq!(node.server.ended(), Some(0));
            node.server.start_again();
            while answered.load(Ordering::Relaxed) < before + 50
                && !asking.iter().any(|one| one.is_finished())
            {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        goes_on.store(false, Ordering::Relaxed);
    });
    assert!(answered.into_inner() > 150);
}

/// How often a client asks again, of the next node each time, before it notices.
const TRIES: usize = 50;

/// From one try to the next.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// Asks the nodes in turn until one answers what was asked for: a node that is not there, or has no room, is passed over.
fn asks_again<'w>(nodes: &[&'w World], ask: impl Fn(&'w World) -> Option<Answer<'w>>) -> Answer<'w> {
    for node in nodes.iter().cycle().take(TRIES) {
        match ask(node) {
            Some(answer) if answer.status() != 503 => return answer,
            _ => std::thread::sleep(AGAIN_AFTER),
        }
    }
    panic!("asked {TRIES} times, and never answered");
}

fn a_rolling_restart_is_not_noticed_by_those_who_ask_again(case: Case) {
    let world = case.world_with(&[("AGENTIDP_SHUTDOWN_NOTICE_SECONDS", "0")]);
    let (second, third) = (case.node_beside(&world, &[]), case.node_beside(&world, &[]));
    let nodes = [&world, &second, &third];
    let token = world.operator().holding("agents:read agents:write").token().to_owned();
    let goes_on = AtomicBool::new(true);
    let registered = std::sync::Mutex::new(Vec::new());
    let registers = |caller: usize| {
        for number in 0.. {
            if !goes_on.load(Ordering::Relaxed) {
                return;
            }
            let name = format!("caller-{caller}-{number}");
            let agent = new_agent(&format!("{name}@example.com"));
            let key = format!("idempotency-of-{name}");
            // By the key a try whose answer was lost is not done twice.
            let answer = asks_again(&nodes, |node| {
                node.bearer(&token)
                    .tries(Request::new("POST", "/agents").header("Idempotency-Key", &key).json(&agent))
            });
            assert_eq!(answer.status(), 201, "{answer}");
            let credential = &answer.json()["credential"];
            let text = |name: &str| credential[name].as_str().expect(name).to_owned();
            let (id, secret) = (text("clientId"), text("clientSecret"));
            let form = [("grant_type", "client_credentials")];
            let issued = asks_again(&nodes, |node| {
                node.somebody(&id, &secret).tries(Request::new("POST", "/oauth2/token").form(&form))
            });
            assert_eq!(issued.status(), 200, "{issued}");
            registered.lock().expect("nobody panics with it").push(id);
        }
    };
    std::thread::scope(|scope| {
        let calling: Vec<_> = (0..4)
            .map(|caller| {
                let registers = &registers;
                scope.spawn(move || registers(caller))
            })
            .collect();
        for node in nodes.iter().cycle().take(2 * nodes.len()) {
            let so_far = || registered.lock().expect("nobody panics with it").len();
            let before = so_far();
            node.server.stops();
            assert_eq!(node.server.ended(), Some(0));
            node.server.start_again();
            while so_far() < before + 10 && !calling.iter().any(|one| one.is_finished()) {
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        goes_on.store(false, Ordering::Relaxed);
    });
    let registered = registered.into_inner().expect("nobody panicked with it");
    assert!(registered.len() >= 60, "{}", registered.len());
    let reader = world.bearer(&token);
    for id in registered {
        reader.gets(&format!("/agents/{id}")).is(200);
    }
}
