//! More than there is room for: what is let in is served as ever, what is not is told so, and nothing grows. Run on the release
//! binary (`AGENTIDP_BIN`), beside `target/release/examples/bench`, which puts many clients into a database.
//!
//! Load and server share the machine, so what is held to a bound is a ratio within one run.

use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use contract_tests::line::{Line, percentile, token_request};
use contract_tests::on_postgres;
use contract_tests::secret::{credential_id, forged};
use contract_tests::spec::repository;
use contract_tests::world::{Case, World};

on_postgres![
    ten_times_what_there_is_room_for_leaves_those_who_are_let_in_as_they_were,
    ten_thousand_wrong_secrets_a_minute_leave_the_others_as_they_were,
    a_hundred_thousand_clients_that_come_back_at_once_are_served,
];

/// No limits on who asks, as one machine asks for all.
const SETTINGS: &[(&str, &str)] = &[
    ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_LOG", "warn"),
];

/// What came of requests.
#[derive(Default)]
struct Came {
    /// How long those took that were served, the shortest first.
    served: Vec<Duration>,
    /// How many were told to try again.
    turned_away: usize,
    took: Duration,
}

impl Came {
    fn rate(&self) -> f64 {
        self.served.len() as f64 / self.took.as_secs_f64()
    }

    fn p99(&self) -> Duration {
        percentile(&self.served, 99)
    }
}

/// Sends requests over so many connections for so long: on each one after the other, at the pace that all of them together
/// have so many a second, or without a pace as fast as they are answered.
fn sends(
    port: u16,
    connections: usize,
    for_time: Duration,
    pace: Option<f64>,
    request: &(dyn Fn(usize) -> Option<Vec<u8>> + Sync),
) -> Came {
    let began = Instant::now();
    let pause = pace.map(|pace| Duration::from_secs_f64(connections as f64 / pace));
    let calls = |number: usize| {
        let mut line = Line::to(port);
        let (mut served, mut turned_away) = (Vec::new(), 0);
        let mut due = began + pause.unwrap_or_default().mul_f64(number as f64 / connections as f64);
        while began.elapsed() < for_time {
            if let Some(pause) = pause {
                std::thread::sleep(due.saturating_duration_since(Instant::now()));
                due += pause;
            }
            let Some(request) = request(number) else { break };
            let answer = line.asks(&request);
            match answer.status {
                200 => served.push(answer.took),
                503 => turned_away += 1,
                other => panic!("a request was answered {other}"),
            }
        }
        (served, turned_away)
    };
    let calls = &calls;
    let mut came = Came::default();
    std::thread::scope(|scope| {
        let calling: Vec<_> = (0..connections).map(|number| scope.spawn(move || calls(number))).collect();
        for one in calling {
            let (served, turned_away) = one.join().expect("whoever calls is answered");
            came.served.extend(served);
            came.turned_away += turned_away;
        }
    });
    came.took = began.elapsed();
    came.served.sort_unstable();
    came
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}

/// A client's request for a token, over and over.
fn requests_of(world: &World, clients: usize) -> Vec<Vec<u8>> {
    (0..clients)
        .map(|number| {
            let client = world.agent(&format!("client-{number}@example.com"), &["resume:read"]);
            token_request(client.id(), &client.credentials().client_secret)
        })
        .collect()
}

/// A database at some distance makes what there is room for little, so that ten times as much can be sent.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn ten_times_what_there_is_room_for_leaves_those_who_are_let_in_as_they_were(case: Case) {
    const ROOM: usize = 16;
    const CONNECTIONS: usize = 160;
    const MINUTE: Duration = Duration::from_secs(60);
    /// By how much longer one in a hundred of those may take who are let in.
    const RATIO: u32 = 3;
    /// By how much the server's memory may rise, in KiB.
    const RISE: u64 = 16 * 1024;
    let room = ROOM.to_string();
    let settings = [("AGENTIDP_CONCURRENT_REQUESTS", room.as_str()), ("REDIS_URL", "")];
    let world = case.world_that_is_cut_off(&[SETTINGS, &settings].concat());
    world.is_asked_from_outside();
    let requests = requests_of(&world, ROOM);
    let request = |number: usize| Some(requests[number % ROOM].clone());
    world.server.between().delays(Duration::from_millis(10));
    let port = world.server.port;
    // All memory that such a load takes is taken before it is looked at.
    sends(port, CONNECTIONS, Duration::from_secs(5), None, &request);
    let full = sends(port, ROOM, Duration::from_secs(15), None, &request);
    let before = world.server.memory("VmRSS:");
    let offered = 10.0 * full.rate();
    let over = sends(port, CONNECTIONS, MINUTE, Some(offered), &request);
    let after = world.server.memory("VmRSS:");
    let sent = (over.served.len() + over.turned_away) as f64 / over.took.as_secs_f64();
    println!(
        "\n==> with room for {ROOM}: {:.0} served/s, p99 {}; of {sent:.0} sent/s for a minute {:.0} served/s, p99 {}; memory {before} \
         KiB before, {after} KiB after",
        full.rate(),
        milliseconds(full.p99()),
        over.rate(),
        milliseconds(over.p99()),
    );
    assert!(sent > 0.8 * offered, "only {sent:.0} of {offered:.0} requests a second were sent");
    assert!(over.turned_away > over.served.len(), "most of it was let in");
    assert!(over.p99() <= RATIO * full.p99(), "those who were let in took {:?}", over.p99());
    assert!(
        over.rate() >= full.rate() / 2.0,
        "{:.0} of {:.0} a second were served",
        over.rate(),
        full.rate()
    );
    assert!(after <= before + RISE, "{before} KiB before, {after} KiB after");
}

/// The number at the middle.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn ten_thousand_wrong_secrets_a_minute_leave_the_others_as_they_were(case: Case) {
    const ROUNDS: usize = 7;
    const ROUND: Duration = Duration::from_secs(8);
    const GUESSERS: usize = 4;
    /// Ten thousand a minute.
    const GUESSES: f64 = 10_000.0 / 60.0;
    const CLIENTS: usize = 4;
    /// What the others ask for in a second.
    const SERVED: f64 = 400.0;
    const RATIO: f64 = 2.0;
    let world = case.world_with(SETTINGS);
    world.is_asked_from_outside();
    let port = world.server.port;
    let known = world.agent("known@example.com", &["resume:read"]);
    let credential = credential_id(&known.credentials().client_secret);
    let requests = requests_of(&world, CLIENTS);
    let round = || sends(port, CLIENTS, ROUND, Some(SERVED), &|number| Some(requests[number].clone()));
    let guessed = AtomicUsize::new(0);
    let guess = |over: &AtomicBool, number: usize| {
        let (mut line, began) = (Line::to(port), Instant::now());
        let pause = Duration::from_secs_f64(GUESSERS as f64 / GUESSES);
        let mut due = began + pause.mul_f64(number as f64 / GUESSERS as f64);
        while !over.load(Ordering::Relaxed) {
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            due += pause;
            let turn = guessed.fetch_add(1, Ordering::Relaxed);
            // Every second one is about a client that there is.
            let about = match turn % 2 {
                0 => credential.clone(),
                _ => format!("01931e2c-7d5a-7c3e-9a51-{turn:012x}"),
            };
            let answer = line.asks(&token_request(known.id(), &forged(&about, turn as u64)));
            assert_eq!(answer.status, 401, "a guess");
        }
    };
    let guess = &guess;
    round();
    let ratios: Vec<(Duration, Duration)> = (0..ROUNDS)
        .map(|_| {
            let quiet = round();
            let over = AtomicBool::new(false);
            let loud = std::thread::scope(|scope| {
                for number in 0..GUESSERS {
                    let over = &over;
                    scope.spawn(move || guess(over, number));
                }
                let loud = round();
                over.store(true, Ordering::Relaxed);
                loud
            });
            assert_eq!(quiet.turned_away + loud.turned_away, 0, "somebody was turned away");
            (quiet.p99(), loud.p99())
        })
        .collect();
    let ratio = median(ratios.iter().map(|(quiet, loud)| loud.as_secs_f64() / quiet.as_secs_f64()).collect());
    let of = |times: Vec<f64>| milliseconds(Duration::from_secs_f64(median(times)));
    println!(
        "\n==> p99 of others {} in quiet, {} under ten thousand wrong secrets a minute; ratio {ratio:.2}, the median of {ROUNDS}",
        of(ratios.iter().map(|(quiet, _)| quiet.as_secs_f64()).collect()),
        of(ratios.iter().map(|(_, loud)| loud.as_secs_f64()).collect()),
    );
    assert!(
        guessed.into_inner() as f64 > 0.8 * GUESSES * ROUND.as_secs_f64() * ROUNDS as f64,
        "too few guesses"
    );
    assert!(ratio <= RATIO, "{ratio:.2} times as long: {ratios:?}");
}

/// Puts clients into a server's database: the requests with which each asks for a token.
fn seeded(world: &World, clients: usize) -> Vec<Vec<u8>> {
    let tool: PathBuf = repository().join("target/release/examples/bench");
    let key = world.server.keep("master-key", world.server.setting("AGENTIDP_MASTER_KEY").as_bytes());
    let number = clients.to_string();
    let seeding = Command::new(&tool)
        .args(["seed", world.server.database_url()])
        .arg(&key)
        .args(["--clients", &number, "--agents", &number])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}; build it first", tool.display()));
    assert!(seeding.status.success(), "{}", String::from_utf8_lossy(&seeding.stderr));
    let lines = String::from_utf8_lossy(&seeding.stdout).into_owned();
    let requests = lines.lines().filter_map(|line| line.split_once(' '));
    requests.map(|(id, secret)| token_request(id, secret)).collect()
}

/// Nothing of them is at hand: neither in the server, which has just started, nor in Redis, which was emptied.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn a_hundred_thousand_clients_that_come_back_at_once_are_served(case: Case) {
    const CLIENTS: usize = 100_000;
    const CONNECTIONS: usize = 64;
    const AT_MOST: Duration = Duration::from_secs(600);
    /// How long one in a hundred may take at the most.
    const P99: Duration = Duration::from_millis(500);
    let redis = contract_tests::redis::OwnRedis::start();
    let world = case.world_with(&[SETTINGS, &[("REDIS_URL", redis.url().as_str())]].concat());
    world.is_asked_from_outside();
    let requests = seeded(&world, CLIENTS);
    assert_eq!(requests.len(), CLIENTS);
    let each_once = |next: &AtomicUsize| requests.get(next.fetch_add(1, Ordering::Relaxed)).cloned();
    let port = world.server.port;
    world.server.kill();
    redis.tell(&["FLUSHALL"]);
    world.server.start_again();
    let connections = || {
        world.server.count(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'agentidp'",
        )
    };
    let next = AtomicUsize::new(0);
    let most = AtomicUsize::new(0);
    let over = AtomicBool::new(false);
    let cold = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                most.fetch_max(usize::try_from(connections()).unwrap_or_default(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(200));
            }
        });
        let cold = sends(port, CONNECTIONS, AT_MOST, None, &|_| each_once(&next));
        over.store(true, Ordering::Relaxed);
        cold
    });
    let memory = world.server.memory("VmHWM:");
    let next = AtomicUsize::new(0);
    let warm = sends(port, CONNECTIONS, AT_MOST, None, &|_| each_once(&next));
    println!(
        "\n==> {CLIENTS} clients of which nothing is at hand: {:.0}/s, p99 {}, {} connections at most, memory {memory} KiB at most; once \
         more: {:.0}/s, p99 {}",
        cold.rate(),
        milliseconds(cold.p99()),
        most.load(Ordering::Relaxed),
        warm.rate(),
        milliseconds(warm.p99()),
    );
    assert_eq!((cold.served.len(), cold.turned_away), (CLIENTS, 0), "every client is served");
    assert!(cold.p99() <= P99, "p99 {:?}", cold.p99());
    assert!(most.into_inner() <= 14, "more connections than it may have");
}
