//! Whoever guesses secrets at full speed: everybody else is served.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use contract_tests::actor::Actor;
use contract_tests::line::{Line, token_request};
use contract_tests::on_both_databases;
use contract_tests::secret::{credential_id, forged};
use contract_tests::world::Case;

use crate::events;

on_both_databases![ten_thousand_wrong_secrets_keep_nobody_out];

/// The time that one answer in a hundred takes longer than.
fn p99(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() * 99 / 100]
}

fn ten_thousand_wrong_secrets_keep_nobody_out(case: Case) {
    const GUESSES: usize = 10_000;
    const GUESSERS: usize = 6;
    /// How much longer than in quiet (and than a moment of the machine's own) one answer in a hundred may take, while
    /// three times as many guess as are served, at full speed. What guesses at a pace may cost is measured on the release
    /// binary (`tests/timing.rs`).
    const RATIO: u32 = 20;
    const MOMENT: Duration = Duration::from_millis(5);
    let world = case.world_with(&[("AGENTIDP_LOG", "info")]);
    world.is_asked_from_outside();
    let port = world.server.port;
    let clients = ["screener-001@example.com", "screener-002@example.com"]
        .map(|email| world.agent(email, &["resume:read"]));
    let serve = |client: &Actor<'_>, going_on: &dyn Fn(usize) -> bool| -> Vec<Duration> {
        let request = token_request(client.id(), &client.credentials().client_secret);
        let mut line = Line::to(port);
        let mut times = Vec::new();
        while going_on(times.len()) {
            let answer = line.asks(&request);
            assert_eq!(answer.status, 200, "a right secret was refused");
            times.push(answer.took);
        }
        times
    };
    let everybody = |going_on: &(dyn Fn(usize) -> bool + Sync)| -> Vec<Duration> {
        std::thread::scope(|scope| {
            let served: Vec<_> =
                clients.iter().map(|client| scope.spawn(move || serve(client, &going_on))).collect();
            served.into_iter().flat_map(|client| client.join().expect("a client")).collect()
        })
    };
    let quiet = p99(everybody(&|count| count < 300));

    // Every second guess is about a client that is being served; the others name credentials that nobody has.
    let known = credential_id(&clients[0].credentials().client_secret);
    let (guessed, over) = (AtomicUsize::new(0), AtomicBool::new(false));
    let times = std::thread::scope(|scope| {
        let guessers: Vec<_> = (0..GUESSERS)
            .map(|_| {
                scope.spawn(|| {
                    let mut line = Line::to(port);
                    loop {
                        let number = guessed.fetch_add(1, Ordering::Relaxed);
                        if number >= GUESSES {
                            return;
                        }
                        let credential = match number % 2 {
                            0 => known.clone(),
                            _ => format!("01931e2c-7d5a-7c3e-9a51-{number:012x}"),
                        };
                        let guess = token_request(clients[0].id(), &forged(&credential, number as u64));
                        let answer = line.asks(&guess);
                        assert!(
                            [401, 429].contains(&answer.status),
                            "a guess was answered {}",
                            answer.status
                        );
                    }
                })
            })
            .collect();
        let served = scope.spawn(|| everybody(&|count| !over.load(Ordering::Relaxed) || count < 100));
        let ends: Vec<_> = guessers.into_iter().map(std::thread::ScopedJoinHandle::join).collect();
        over.store(true, Ordering::Relaxed);
        assert!(ends.iter().all(Result::is_ok), "a guesser was not answered");
        served.join().expect("everybody is served")
    });
    let loaded = p99(times);
    assert!(loaded <= RATIO * quiet.max(MOMENT), "p99 {loaded:?} under guesses, {quiet:?} in quiet");

    let denied = events(&world, "outcome=denied");
    assert!(denied.len() < 20, "{} events for {GUESSES} guesses", denied.len());
}
