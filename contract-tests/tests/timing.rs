//! What the time of an answer tells: nothing about who is in the registry, with one exception that is known; and how much of
//! it those take who guess.
//!
//! Kinds of requests that must look alike are sent in turns, each round in another order, over one connection, and
//! compared within the round, so that whatever slows the machine down slows all of them. A kind fails when the median of
//! its differences is beyond the bound and a sign test says that this is no chance. Run it on the release binary
//! (`AGENTIDP_BIN`): the bound is a share of the answer's own time.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract_tests::actor::Actor;
use contract_tests::line::{Line, request, token_request};
use contract_tests::on_both_databases;
use contract_tests::secret::{credential_id, forged};
use contract_tests::world::{Case, World, in_seconds};
use serde_json::json;

on_both_databases![
    why_a_client_is_refused_cannot_be_timed,
    whether_there_is_an_agent_behind_a_wall_cannot_be_timed,
    a_secret_that_was_not_shown_since_the_master_key_was_replaced_can_be_timed_by_whoever_knows_its_ids,
    ten_thousand_wrong_secrets_a_minute_slow_nobody_down,
];

/// How far the median of a kind may be from that of the first one, as a share of the latter.
const BOUND: f64 = 0.06;

/// Standard deviations from an even split of signs that chance does not reach (once in 15,000 times).
const CHANCE: f64 = 4.0;

/// Requests that must look alike.
struct Kind {
    name: &'static str,
    requests: Vec<Vec<u8>>,
}

/// Only the requirements of a whole server are measured: nothing that the tests turn on. Whoever guesses as often as this
/// comes up against a limit, which is part of what is measured and must not be its end.
const SETTINGS: [(&str, &str); 5] = [
    ("AGENTIDP_LOG", "info"),
    ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "1000000"),
    ("AGENTIDP_CLIENT_LIMIT_BURST", "1000000"),
    ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "1000000"),
    ("AGENTIDP_ADDRESS_LIMIT_BURST", "1000000"),
];

/// A UUIDv7 that nobody has, with the time of one that somebody has.
fn unknown_beside(id: &str, number: u64) -> String {
    let beside = id.rsplit_once('-').expect("a UUID").0;
    format!("{beside}-{:012x}", 0x5a5a_0000_0000_u64 + number)
}

/// The number at the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

/// Sends every kind once in every round, and says which take another time than the first one.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn compare(world: &World, title: &str, kinds: &[Kind], status: u16, rounds: usize) {
    world.is_asked_from_outside();
    let mut line = Line::to(world.server.port);
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut times: Vec<Vec<f64>> = kinds.iter().map(|_| Vec::with_capacity(rounds)).collect();
    let warm_up = rounds / 10;
    for round in 0..warm_up + rounds {
        let mut order: Vec<usize> = (0..kinds.len()).collect();
        for place in (1..order.len()).rev() {
            // xorshift: the order needs to be without a pattern, and no more.
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            order.swap(place, usize::try_from(seed % (place as u64 + 1)).unwrap_or_default());
        }
        for kind in order {
            let requests = &kinds[kind].requests;
            let answer = line.asks(&requests[round % requests.len()]);
            assert_eq!(answer.status, status, "{}", kinds[kind].name);
            if round >= warm_up {
                times[kind].push(answer.took.as_secs_f64() * 1e6);
            }
        }
    }
    let reference = median(times[0].clone());
    println!("{title}, {rounds} rounds, {:?}:", world.server.database());
    println!("  {:<52} {reference:>8.1} us", kinds[0].name);
    let mut told = Vec::new();
    for (kind, times_of) in kinds.iter().zip(&times).skip(1) {
        let differences: Vec<f64> = times_of.iter().zip(&times[0]).map(|(one, other)| one - other).collect();
        let longer = differences.iter().filter(|difference| **difference > 0.0).count();
        let count = differences.len() as f64;
        let deviations = (2.0 * longer as f64 - count) / count.sqrt();
        let difference = median(differences);
        let ratio = 1.0 + difference / reference;
        println!(
            "  {:<52} {:>8.1} us   {difference:>+7.1} us  ratio {ratio:.3}  {deviations:>+5.1} deviations",
            kind.name,
            median(times_of.clone()),
        );
        if (ratio - 1.0).abs() > BOUND && deviations.abs() > CHANCE {
            told.push(format!("{} takes {ratio:.3} times as long", kind.name));
        }
    }
    assert!(told.is_empty(), "compared with {}: {}", kinds[0].name, told.join("; "));
}

fn why_a_client_is_refused_cannot_be_timed(case: Case) {
    const OF_EACH: u64 = 6;
    let world = case.world_with(&SETTINGS);
    let operator = world.operator().holding("agents:write credentials:write idp:admin");
    let several = |name: &str| -> Vec<Actor<'_>> {
        let capabilities = ["resume:read", "resume:score", "jobs:list"];
        (0..OF_EACH)
            .map(|number| world.agent(&format!("{name}-{number}@example.com"), &capabilities))
            .collect()
    };
    let asks = |agents: &[Actor<'_>]| -> Vec<Vec<u8>> {
        agents.iter().map(|agent| token_request(agent.id(), &agent.credentials().client_secret)).collect()
    };
    let guesses = |agents: &[Actor<'_>]| -> Vec<Vec<u8>> {
        let guess = |(agent, seed): (&Actor<'_>, u64)| {
            token_request(agent.id(), &forged(&credential_id(&agent.credentials().client_secret), seed))
        };
        agents.iter().zip(0..).map(guess).collect()
    };
    let [at_hand, never, revoked, expired, suspended, archived, outdated] =
        ["at-hand", "never", "revoked", "expired", "suspended", "archived", "outdated"].map(several);
    world.server.break_database(&outdate("outdated-%"));
    let of_others = |agents: &[Actor<'_>]| -> Vec<Vec<u8>> {
        let shows = |(agent, other): (&Actor<'_>, &Actor<'_>)| {
            token_request(other.id(), &agent.credentials().client_secret)
        };
        agents.iter().zip(&never).map(shows).collect()
    };
    for agent in at_hand.iter().chain(&revoked).chain(&suspended) {
        assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
    }
    for agent in &revoked {
        let id = credential_id(&agent.credentials().client_secret);
        assert_eq!(operator.deletes(&format!("/agents/{}/credentials/{id}", agent.id())).status(), 204);
    }
    let expired: Vec<Actor<'_>> = expired
        .iter()
        .map(|agent| {
            let issued = operator.posts(
                &format!("/agents/{}/credentials", agent.id()),
                &json!({ "expiresAt": in_seconds(1) }),
            );
            assert_eq!(issued.status(), 201, "{issued}");
            world.holder_of(&issued)
        })
        .collect();
    for agent in &suspended {
        let change = json!({ "status": "suspended", "reason": "measured" });
        assert_eq!(operator.puts(&format!("/agents/{}/status", agent.id()), &change).status(), 200);
    }
    for agent in &archived {
        assert_eq!(operator.deletes(&format!("/agents/{}", agent.id())).status(), 204);
    }
    world.eventually(401, || expired[expired.len() - 1].asks_for_a_token(&[]));

    let unknown = |known_client: bool| -> Vec<Vec<u8>> {
        let ask = |(agent, number): (&Actor<'_>, u64)| {
            let credential = unknown_beside(&credential_id(&agent.credentials().client_secret), number);
            let client =
                if known_client { agent.id().to_owned() } else { unknown_beside(agent.id(), number) };
            token_request(&client, &forged(&credential, number))
        };
        at_hand.iter().zip(0..).map(ask).collect()
    };
    let kinds = [
        Kind { name: "a credential and a client that nobody has", requests: unknown(false) },
        Kind { name: "a credential that nobody has, of a known client", requests: unknown(true) },
        Kind { name: "a wrong secret of a client in use", requests: guesses(&at_hand) },
        Kind { name: "a wrong secret of a client never seen", requests: guesses(&never) },
        Kind { name: "a wrong secret of a suspended agent", requests: guesses(&suspended) },
        Kind { name: "the right secret of a revoked credential", requests: asks(&revoked) },
        Kind { name: "the right secret of an expired credential", requests: asks(&expired) },
        Kind { name: "the right secret of a suspended agent", requests: asks(&suspended) },
        Kind { name: "the right secret of an archived agent", requests: asks(&archived) },
        Kind { name: "another client's secret of before the master key", requests: of_others(&outdated) },
    ];
    compare(&world, "refused at the token endpoint", &kinds, 401, 4000);
}

/// As if the secrets of these agents had not been shown since the master key was replaced.
fn outdate(emails: &str) -> String {
    format!(
        "UPDATE credentials SET verifier_key_version = 'another' \
         WHERE agent_id IN (SELECT id FROM agents WHERE email LIKE '{emails}')"
    )
}

/// The exception (docs/architecture.md, invariant 8), as far as it goes: bcrypt decides, and not often.
fn a_secret_that_was_not_shown_since_the_master_key_was_replaced_can_be_timed_by_whoever_knows_its_ids(
    case: Case,
) {
    let settings = [&SETTINGS[..], &[("AGENTIDP_HASH_LIMIT_PER_MINUTE", "30")]].concat();
    let world = case.world_with(&settings);
    let agent = world.agent("outdated@example.com", &["resume:read"]);
    world.server.break_database(&outdate("outdated@%"));
    world.is_asked_from_outside();
    let mut line = Line::to(world.server.port);
    let credential = credential_id(&agent.credentials().client_secret);
    let guesses: Vec<_> =
        (0..60).map(|seed| line.asks(&token_request(agent.id(), &forged(&credential, seed)))).collect();
    let (compared, refused): (Vec<_>, Vec<_>) = guesses.into_iter().partition(|guess| guess.status == 401);
    assert!(refused.iter().all(|guess| guess.status == 429));
    assert!((30..40).contains(&compared.len()), "{} slow comparisons of 30 a minute", compared.len());
    let slowly = median(compared.iter().map(|guess| guess.took.as_secs_f64()).collect());
    assert!(slowly > 0.02, "bcrypt takes {slowly} s");
    // Whoever has the secret gets in as soon as there is room, and from then on it is as quick as any.
    world.eventually(200, || agent.asks_for_a_token(&[]));
    let quick = line.asks(&token_request(agent.id(), &forged(&credential, 60)));
    assert_eq!(quick.status, 401);
    assert!(quick.took.as_secs_f64() < slowly / 2.0, "{:?}", quick.took);
}

/// Quiet and guessing take turns, so that whatever slows the machine down slows both.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn ten_thousand_wrong_secrets_a_minute_slow_nobody_down(case: Case) {
    const TURNS: usize = 20;
    const TURN: Duration = Duration::from_secs(3);
    const PAUSE: Duration = Duration::from_micros(60_000_000 / 10_000);
    /// What one answer in a hundred may take while others guess, compared with quiet, and with a moment of the machine's own.
    const RATIO: f64 = 2.0;
    const MOMENT: Duration = Duration::from_millis(1);
    // As it is delivered, but for how often one client may ask.
    let world = case.world_with(&SETTINGS[..3]);
    world.is_asked_from_outside();
    let port = world.server.port;
    let clients = ["screener-001@example.com", "screener-002@example.com"]
        .map(|email| world.agent(email, &["resume:read"]));
    let credential = credential_id(&clients[0].credentials().client_secret);
    let (turn, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let serve = |client: &Actor<'_>| -> [Vec<Duration>; 2] {
        let (mut line, mut times) = (Line::to(port), [Vec::new(), Vec::new()]);
        let request = token_request(client.id(), &client.credentials().client_secret);
        while !over.load(Ordering::Relaxed) {
            let kind = turn.load(Ordering::Relaxed) % 2;
            let answer = line.asks(&request);
            assert_eq!(answer.status, 200, "a right secret was refused");
            times[kind].push(answer.took);
            // A client that never rests would measure how it waits for itself.
            std::thread::sleep(Duration::from_millis(2));
        }
        times
    };
    let (served, guesses) = std::thread::scope(|scope| {
        let served: Vec<_> = clients.iter().map(|client| scope.spawn(|| serve(client))).collect();
        let (mut line, mut guesses) = (Line::to(port), 0_u64);
        for number in 0..TURNS {
            turn.store(number, Ordering::Relaxed);
            let began = Instant::now();
            while began.elapsed() < TURN {
                if number % 2 == 0 {
                    std::thread::sleep(PAUSE);
                    continue;
                }
                let (wrong, asked) =
                    (token_request(clients[0].id(), &forged(&credential, guesses)), Instant::now());
                let answer = line.asks(&wrong);
                assert!([401, 429].contains(&answer.status), "a guess was answered {}", answer.status);
                guesses += 1;
                std::thread::sleep(PAUSE.saturating_sub(asked.elapsed()));
            }
        }
        over.store(true, Ordering::Relaxed);
        let served: Vec<_> = served.into_iter().map(|client| client.join().expect("a client")).collect();
        (served, guesses)
    });
    let p99 = |kind: usize| {
        let mut times: Vec<Duration> = served.iter().flat_map(|times| times[kind].iter().copied()).collect();
        times.sort_unstable();
        times[times.len() * 99 / 100]
    };
    let (quiet, guessing) = (p99(0), p99(1));
    let a_minute = guesses as f64 / (TURN.as_secs_f64() * TURNS as f64 / 2.0) * 60.0;
    println!(
        "{a_minute:.0} wrong secrets a minute, {:?}: p99 {guessing:?}, {quiet:?} in quiet",
        world.server.database()
    );
    assert!(a_minute > 9_000.0, "these were not many: {a_minute}");
    let bound = quiet.max(MOMENT).mul_f64(RATIO);
    assert!(guessing <= bound, "p99 {guessing:?} while others guess, {quiet:?} in quiet");
}

fn whether_there_is_an_agent_behind_a_wall_cannot_be_timed(case: Case) {
    const OF_EACH: u64 = 6;
    let world = case.world_with(&SETTINGS);
    let scope = "agents:read agents:write credentials:write";
    let capabilities: Vec<&str> = scope.split(' ').collect();
    let stranger = world.stranger("stranger@example.com", &capabilities).holding(scope);
    let theirs: Vec<String> = (0..OF_EACH)
        .map(|number| {
            let agent =
                world.agent(&format!("screener-{number}@example.com"), &["resume:read", "agents:read"]);
            agent.id().to_owned()
        })
        .collect();
    let nobodys: Vec<String> =
        theirs.iter().zip(0..).map(|(id, number)| unknown_beside(id, number)).collect();
    let token = format!("Bearer {}", stranger.token());
    let asks = |method: &str, ids: &[String], below: &str, body: &str| -> Vec<Vec<u8>> {
        let mut headers = vec![("authorization", token.as_str())];
        if method == "PATCH" {
            headers.push(("content-type", "application/merge-patch+json"));
        } else if !body.is_empty() {
            headers.push(("content-type", "application/json"));
        }
        ids.iter().map(|id| request(method, &format!("/agents/{id}{below}"), &headers, body)).collect()
    };
    for (title, method, below, body) in [
        ("GET /agents/{agentId}", "GET", "", ""),
        ("GET /agents/{agentId}/credentials", "GET", "/credentials", ""),
        ("PATCH /agents/{agentId}", "PATCH", "", r#"{"version":"v2.0.0"}"#),
        ("POST /agents/{agentId}/credentials", "POST", "/credentials", "{}"),
    ] {
        let kinds = [
            Kind { name: "an agent that there is not", requests: asks(method, &nobodys, below, body) },
            Kind { name: "an agent of another owner", requests: asks(method, &theirs, below, body) },
        ];
        compare(&world, title, &kinds, 404, 2500);
    }
    // Every one of them left its event, so it was the whole way that was measured.
    let denied = world
        .operator()
        .holding("audit:read idp:admin")
        .gets("/audit/events?action=access.denied&limit=1")
        .json();
    assert!(denied["items"][0]["id"].is_string(), "{denied}");
}
