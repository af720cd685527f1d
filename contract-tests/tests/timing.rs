//! What the time of an answer tells: nothing about who is in the registry.
//!
//! Kinds of requests that must look alike are sent in turns, each round in another order, over one connection, and
//! compared within the round, so that whatever slows the machine down slows all of them. A kind fails when the median of
//! its differences is beyond the bound and a sign test says that this is no chance. Run it on the release binary
//! (`AGENTIDP_BIN`): the bound is a share of the answer's own time.

use contract_tests::actor::Actor;
use contract_tests::line::{Line, request, token_request};
use contract_tests::on_both_databases;
use contract_tests::secret::{credential_id, forged};
use contract_tests::world::{Case, World, in_seconds};
use serde_json::json;

on_both_databases![
    why_a_client_is_refused_cannot_be_timed,
    whether_there_is_an_agent_behind_a_wall_cannot_be_timed,
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
    let [at_hand, never, revoked, expired, suspended, archived] =
        ["at-hand", "never", "revoked", "expired", "suspended", "archived"].map(several);
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
    ];
    compare(&world, "refused at the token endpoint", &kinds, 401, 4000);
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
