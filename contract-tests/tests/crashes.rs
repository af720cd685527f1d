//! A server that ends, or is cut off from its database, at every step of what it writes, and several that write one log: run
//! by `scripts/test` on a binary with fault points (`AGENTIDP_BIN`; `impl/src/fault_points.rs`).
//!
//! Whatever happens: each request that was answered has exactly one event, each event exactly one place in the tree, no
//! place is left out, and the log continues every checkpoint that it ever had.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contract_tests::actor::Answer;
use contract_tests::load::{Caller, Load, Outcomes};
use contract_tests::log::{
    CHECKPOINT_FILE, checkpoint, checkpoint_of_all, falls_behind, forgotten, has_old_end, has_old_events,
    is_one_log, judged, keep, says, signed,
};
use contract_tests::on_both_databases;
use contract_tests::operations::new_agent;
use contract_tests::server::{Database, FAULT_POINTS, binary};
use contract_tests::spec::repository;
use contract_tests::world::{Case, World};

on_both_databases![
    a_server_that_is_killed_at_any_step_loses_nothing_that_was_answered,
    a_server_that_is_cut_off_at_any_step_loses_nothing_that_was_answered,
    a_full_queue_of_events_is_a_503_and_loses_nothing,
    a_panic_is_a_500_that_tells_nobody_what_it_said_and_stops_nothing_else,
    a_panic_in_a_change_undoes_it,
    a_server_that_is_killed_in_its_first_start_has_one_key_and_one_event_of_each_kind_afterwards,
    a_server_that_is_killed_while_it_ends_what_is_over_ends_it_all_the_same,
    a_server_that_is_killed_while_it_removes_a_key_has_removed_it_afterwards,
    a_reopening_that_is_killed_at_any_step_is_ended_by_the_next,
];

/// Every point of the server that it comes to under load: of a group of events, of a change with its event, of the end of
/// credentials, of the integration, of the checkpoint and of the file that keeps it.
const STEPS: &[&str] = &[
    "events.taken",
    "events.begun",
    "events.written",
    "events.committed",
    "change.written",
    "change.ordered",
    "change.committed",
    "expiry.written",
    "expiry.committed",
    "integrate.computed",
    "integrate.begun",
    "integrate.claimed",
    "integrate.moved",
    "integrate.leaves",
    "integrate.nodes",
    "integrate.written",
    "integrate.committed",
    "sign.signed",
    "sign.written",
    "sign.committed",
    "keep.beside",
    "keep.kept",
];

/// A point that every request passes.
const REQUEST: &str = "request.begun";

/// Those of its first start: of the canary of its master key, of the name of its log, and of its settings.
const FIRST_START: &[&str] = &[
    "canary.written",
    "canary.committed",
    "name.written",
    "name.committed",
    "configured.written",
    "configured.committed",
];

/// Those of the end of what is over, in the order in which a log comes to them that is killed at each.
const RETENTION: &[&str] = &[
    "deny.written",
    "deny.committed",
    "prune.written",
    "prune.committed",
    "erase.written",
    "erase.committed",
    "drop.written",
    "drop.committed",
];

/// Those of the removal of a signing key.
const REMOVAL: &[&str] = &["keys.removed", "keys.committed"];

/// Those of the command that closes a log and goes on by another name.
const REOPENING: &[&str] = &["reopen.written", "reopen.committed", "reopen.aside"];

/// The settings of the servers: with a file that keeps the last checkpoint, and no limit on what a load asks for.
const SETTINGS: &[(&str, &str)] = &[
    FAULT_POINTS,
    CHECKPOINT_FILE,
    ("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "5"),
    ("AGENTIDP_HASH_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_LOG", "agentidp=debug,info"),
];

/// How long a request may take, if nobody is stopped for long.
const IN_TIME: Duration = Duration::from_secs(6);

/// How long another node may need to take over; a transaction that idles is ended after ten seconds.
const TAKEN_OVER: Duration = Duration::from_secs(30);

/// Who calls a server: one that registers agents, and two that ask for tokens; and the first one, whoever does all else that
/// leaves events.
fn callers<'w>(nodes: &[&'w World]) -> Vec<Caller<'w>> {
    let client = nodes[0].agent("screener-001@example.com", &["resume:read"]);
    let (id, secret) = (client.id().to_owned(), client.credentials().client_secret.clone());
    let of = |node: &&'w World| {
        node.is_asked_from_outside();
        let client = node.somebody(&id, &secret);
        node.eventually(200, || client.asks_for_a_token(&[]));
        let registrar = node.operator().holding("agents:write");
        [Caller::Registrar(registrar), Caller::Client(client.clone()), Caller::Client(client)]
    };
    let all_else = [
        Caller::Manager(nodes[0].operator().holding("agents:read agents:write credentials:write")),
        Caller::Ender(nodes[0].agent("screener-002@example.com", &["resume:read"])),
    ];
    nodes.iter().flat_map(of).chain(all_else).collect()
}

/// Calls the nodes while something is done to them that ends or cuts them off.
fn under_load(nodes: &[&World], meanwhile: impl FnOnce(&Load)) -> Outcomes {
    Load::answered_within(IN_TIME).that_may_find_nobody().run(&callers(nodes), meanwhile)
}

fn a_server_that_is_killed_at_any_step_loses_nothing_that_was_answered(case: Case) {
    let world = case.world_with(SETTINGS);
    let mut kept = Vec::new();
    let outcomes = under_load(&[&world], |load| {
        for step in STEPS {
            world.server.stops_at(step);
            world.server.kill();
            kept.push(checkpoint(&world));
            world.server.start_again();
            load.goes_on();
        }
    });
    outcomes.have_one_event_each(&world);
    is_one_log(&world, &kept);
}

/// A file is not cut off, so there the step fails as if it were: a commit among them that has happened.
fn a_server_that_is_cut_off_at_any_step_loses_nothing_that_was_answered(case: Case) {
    let world = case.world_that_is_cut_off(SETTINGS);
    let mut kept = Vec::new();
    let outcomes = under_load(&[&world], |load| {
        for step in STEPS {
            match case.database() {
                Database::Sqlite => world.server.fails_at(step),
                Database::Postgres => {
                    world.server.stops_at(step);
                    world.server.between().cuts();
                    world.server.goes_on();
                    load.goes_on();
                    // What is asked next is done, and no word of it comes back.
                    world.server.stops_at(step);
                    world.server.between().loses_answers();
                    world.server.goes_on();
                }
            }
            load.goes_on();
            kept.push(checkpoint(&world));
        }
    });
    outcomes.have_one_event_each(&world);
    is_one_log(&world, &kept);
}

/// Whoever waits too long for its event is told so, and its event stays in the queue.
fn a_full_queue_of_events_is_a_503_and_loses_nothing(case: Case) {
    const QUEUE: i64 = 4096;
    const CONNECTIONS: usize = 500;
    let world = case.world_with(&[SETTINGS, &[("REDIS_URL", "")]].concat());
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let reader = world.operator().holding("agents:read");
    world.is_asked_from_outside();
    world.server.kill();
    world.server.start_again_with(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "1")]);
    let shown = STANDARD.encode(format!("{}:{}", agent.id(), agent.credentials().client_secret));
    let request = format!(
        "POST /oauth2/token HTTP/1.1\r\nHost: agentidp\r\nAuthorization: Basic {shown}\r\nContent-Length: 29\r\n\
         Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant_type=client_credentials"
    );
    let tell = || {
        let server = (Ipv4Addr::LOCALHOST, world.server.port);
        let mut connection = TcpStream::connect(server).expect("the server listens");
        connection.write_all(request.as_bytes()).expect("the server reads");
        connection
    };
    // A connection that is kept and says nothing would be ended before all of the others were read.
    let tell_all = || -> Vec<Answer<'_>> {
        let told: Vec<TcpStream> = (0..CONNECTIONS).map(|_| tell()).collect();
        told.into_iter().map(|mut one| world.answer_on(&mut one, "POST", "/oauth2/token")).collect()
    };
    let recorded = || world.server.count("SELECT count(*) FROM audit_events WHERE action = 'token.issued'");
    let before = recorded();

    std::thread::scope(|scope| {
        let held = scope.spawn(|| world.server.holds_at("events.taken"));
        let _first = tell();
        held.join().expect("the writer is held");
    });
    let (mut waited, mut refused) = (1, 0);
    while refused == 0 {
        assert!(waited < 2 * QUEUE, "the queue is never full");
        for answer in tell_all() {
            assert_eq!((answer.status(), answer.header("retry-after")), (503, Some("1")), "{answer}");
            match answer.text().contains("has no room") {
                true => refused += 1,
                false => waited += 1,
            }
        }
    }
    // So is the event of a refusal.
    let nobody = reader.gets("/agents/01930000-0000-7000-8000-000000000000");
    assert!(nobody.status() == 503 && nobody.text().contains("has no room"), "{nobody}");

    world.server.lets_go();
    let mut asked = 0;
    world.eventually(200, || {
        asked += 1;
        agent.asks_for_a_token(&[])
    });
    is_one_log(&world, &[]);
    let events = recorded() - before;
    assert!(events > QUEUE && events <= waited + asked, "{events} events, of {waited} and {asked} requests");
}

/// What a panic says may hold anything, so the tests let it say a secret; that a secret is in no answer and in no line of the
/// log is what every test sees to.
fn a_panic_is_a_500_that_tells_nobody_what_it_said_and_stops_nothing_else(case: Case) {
    let world = case.world_with(SETTINGS);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let secret = &agent.credentials().client_secret;
    let reader = world.operator().holding("agents:read");
    let panics = || world.server.panics_at(REQUEST, secret);
    panics();
    agent.asks_for_a_token(&[]).is(500).says("/error", "server_error");
    panics();
    reader.gets("/agents").is(500).says("/code", "INTERNAL_ERROR");
    panics();
    world.anyone().gets("/nowhere").is(500).says("/code", "INTERNAL_ERROR");
    let log = world.server.log();
    let said: Vec<&str> = log.lines().filter(|line| line.contains("panicked")).collect();
    assert_eq!(said.len(), 3, "{said:?}");
    assert!(said.iter().all(|line| line.contains("a formatted message")), "{said:?}");
    assert!(said.iter().all(|line| line.contains("fault_points.rs:")), "{said:?}");
    agent.asks_for_a_token(&[]).is(200);
    reader.gets("/agents").is(200);
}

fn a_panic_in_a_change_undoes_it(case: Case) {
    let world = case.world_with(SETTINGS);
    let registrar = world.operator().holding("agents:write");
    let agents = || world.server.count("SELECT count(*) FROM agents");
    let (before, agent) = (agents(), new_agent("screener-001@example.com", &["resume:read"]));
    // More often than there are connections to the database.
    for _ in 0..12 {
        world.server.panics_at("change.written", &world.server.operator.client_secret);
        registrar.posts("/agents", &agent).is(500);
    }
    assert_eq!(agents(), before);
    registrar.posts("/agents", &agent).is(201);
}

fn a_server_that_is_killed_in_its_first_start_has_one_key_and_one_event_of_each_kind_afterwards(case: Case) {
    let world = case.world_with(SETTINGS);
    for step in FIRST_START {
        world.server.kill();
        forgotten(&world);
        world.server.break_database("DELETE FROM signing_keys");
        world.server.break_database("DELETE FROM key_canary");
        world.server.starts_until(step);
        world.server.kill();
        world.server.start_again();
        is_one_log(&world, &[]);
        for (what, sql) in [
            ("canaries", "SELECT count(*) FROM key_canary"),
            ("keys", "SELECT count(*) FROM signing_keys"),
            ("keys of the log", "SELECT count(*) FROM audit_keys"),
            ("settings", "SELECT count(*) FROM audit_events WHERE action = 'server.configured'"),
        ] {
            assert_eq!(world.server.count(sql), 1, "{what} after {step}");
        }
        let created = "SELECT count(*) FROM audit_events WHERE action = 'key.created'";
        assert_eq!(world.server.count(created), 2, "events of keys after {step}");
    }
}

fn a_server_that_is_killed_while_it_ends_what_is_over_ends_it_all_the_same(case: Case) {
    const ENDED: u32 = 1280;
    const MORE_ENDED: u32 = 1536;
    let world = case.world_with(&[SETTINGS, &[("AGENTIDP_AUDIT_RETENTION_DAYS", "1")]].concat());
    world.server.kill();
    forgotten(&world);
    // A server said ten days ago that five bundles are over; by now six are. One transaction removes one.
    has_old_events(&world, 20, 1600);
    has_old_end(&world, 10, ENDED);
    let mut kept = Vec::new();
    for step in RETENTION {
        world.server.starts_until(step);
        world.server.kill();
        kept.push(keep(&world, step, checkpoint(&world).as_bytes()));
    }
    world.server.start_again();
    let below = |index: u32| {
        let sql = "SELECT count(*) FROM audit_events JOIN audit_leaves ON event_id = id WHERE leaf_index <";
        world.server.count(&format!("{sql} {index}"))
    };
    assert_eq!((below(ENDED), below(MORE_ENDED)), (0, i64::from(MORE_ENDED - ENDED)));
    let bounds = "SELECT count(*) FROM audit_retention WHERE minimum_index =";
    let bounds = format!("{bounds} {MORE_ENDED} AND erased_index = {ENDED}");
    let began = Instant::now();
    while world.server.count(&bounds) == 0 {
        assert!(began.elapsed() < TAKEN_OVER, "what is over is not denied");
        std::thread::sleep(Duration::from_millis(100));
    }
    let pruned = "SELECT count(*) FROM audit_events WHERE action = 'audit.pruned'";
    assert_eq!(world.server.count(pruned), 2, "the old one, and one for the bundle that is over since");
    let arguments: Vec<&str> = kept.iter().flat_map(|file| ["--checkpoint", file]).collect();
    let (code, said) = judged(&world, &arguments);
    assert!(code == 0 && said.contains("is whole"), "{said}");
    assert_eq!(said.matches("it continues the kept").count(), kept.len(), "{said}");
}

fn a_server_that_is_killed_while_it_removes_a_key_has_removed_it_afterwards(case: Case) {
    let world = case.world_with(SETTINGS);
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    for step in REMOVAL {
        world.server.kill();
        let (code, said) = says(&world, &["keys", "rotate", "--compromised"]);
        assert_eq!(code, 0, "{said}");
        world.server.starts_until(step);
        world.server.kill();
        world.server.start_again();
        let began = Instant::now();
        while world.server.count("SELECT count(*) FROM signing_keys") != 1 {
            assert!(began.elapsed() < TAKEN_OVER, "the key that ended is still there after {step}");
            std::thread::sleep(Duration::from_millis(100));
        }
        agent.asks_for_a_token(&[]).is(200);
    }
    let rotated = "SELECT count(*) FROM audit_events WHERE action = 'key.rotated'";
    assert_eq!(world.server.count(rotated), 2);
    is_one_log(&world, &[]);
}

fn a_reopening_that_is_killed_at_any_step_is_ended_by_the_next(case: Case) {
    let world = case.world_with(SETTINGS);
    for (step, number) in REOPENING.iter().zip(2..) {
        let kept = falls_behind(&world);
        let old = keep(&world, &format!("behind-{number}"), kept.as_bytes());
        world.server.runs_until(step, &["audit", "reopen"]);
        if *step == "reopen.committed" {
            let said = world.server.fails_to_start();
            assert!(said.contains("run `agentidp audit reopen` again"), "{said}");
        }
        let (code, said) = says(&world, &["audit", "reopen"]);
        match *step {
            // The file that told of it was moved aside before, and the next start signs and keeps what there is.
            "reopen.aside" => assert!(code == 2 && said.contains("goes on as it is"), "{said}"),
            _ => assert!(code == 0 && said.contains("is closed"), "{said}"),
        }
        world.server.start_again();
        let now = checkpoint_of_all(&world);
        let origin = format!("127.0.0.1:{}/audit-{number}", world.server.port);
        assert_eq!(now.lines().next(), Some(origin.as_str()), "after {step}");
        let (code, said) = judged(&world, &["--checkpoint", &old]);
        assert!(code == 2 && said.contains(&old), "the old checkpoint is another log's: {said}");
        let reopened = "SELECT count(*) FROM audit_events WHERE action = 'audit.reopened'";
        assert_eq!(world.server.count(reopened), i64::from(number) - 1, "after {step}");
        is_one_log(&world, &[]);
    }
}

/// Nodes share a PostgreSQL.
mod several_nodes {
    use super::*;

    fn begin(test: &'static str) -> (Case, World) {
        let case = Case::new(Database::Postgres, module_path!(), test);
        (case, case.world_with(SETTINGS))
    }

    /// Waits until more events are signed.
    fn grows(world: &World, load: &Load) {
        let (before, began) = (signed(world), Instant::now());
        while signed(world) <= before {
            assert!(began.elapsed() < TAKEN_OVER, "nobody takes events into the tree");
            load.goes_on();
        }
    }

    #[test]
    fn three_nodes_write_one_log_while_one_after_the_other_is_killed() {
        let (case, first) = begin("three_nodes_write_one_log_while_one_after_the_other_is_killed");
        let (second, third) = (case.node_beside(&first, &[]), case.node_beside(&first, &[]));
        let nodes = [&first, &second, &third];
        let mut kept = Vec::new();
        let outcomes = under_load(&nodes, |load| {
            let steps =
                STEPS.iter().filter(|step| step.starts_with("integrate.") || step.starts_with("sign."));
            for (step, node) in steps.zip(nodes.iter().cycle()) {
                node.server.stops_at(step);
                node.server.kill();
                // Without it, and with what it left.
                grows(&first, load);
                kept.push(checkpoint(&first));
                node.server.start_again();
            }
        });
        outcomes.have_one_event_each(&first);
        is_one_log(&first, &kept);
    }

    /// What keeps two histories from coming about is the compare-and-swap: the node that comes late has the lock.
    #[test]
    fn an_integrator_that_goes_on_late_loses_and_forks_nothing() {
        const LOST: &str = "another node has moved the head of the audit log";
        let (case, first) = begin("an_integrator_that_goes_on_late_loses_and_forks_nothing");
        let second = case.node_beside(&first, &[]);
        let mut kept = Vec::new();
        let load = Load::answered_within(TAKEN_OVER).that_may_find_nobody();
        let outcomes = load.run(&callers(&[&first, &second]), |load| {
            for round in 0.. {
                if first.server.log().contains(LOST) {
                    break;
                }
                assert!(round < 10, "it never lost, though it was late");
                first.server.stops_at("integrate.computed");
                grows(&second, load);
                kept.push(checkpoint(&second));
                // In this round, unless the other one has the lock at that moment.
                first.server.goes_on_to("integrate.claimed");
                first.server.goes_on();
                load.goes_on();
            }
            // A checkpoint that was signed before others were is not put in their place.
            first.server.stops_at("sign.signed");
            grows(&second, load);
            let before = signed(&second);
            first.server.goes_on();
            load.goes_on();
            assert!(signed(&second) >= before, "the checkpoint went back");
            kept.push(checkpoint(&second));
        });
        outcomes.have_one_event_each(&second);
        is_one_log(&second, &kept);
    }

    /// Every change takes a position in the feed, and the one that stopped has just taken one.
    #[test]
    fn a_node_that_stops_while_it_holds_the_feed_holds_the_others_up_for_five_seconds_at_most() {
        const HELD_UP: Duration = Duration::from_secs(5);
        let (case, first) =
            begin("a_node_that_stops_while_it_holds_the_feed_holds_the_others_up_for_five_seconds_at_most");
        let second = case.node_beside(&first, &[]);
        let load = Load::answered_within(TAKEN_OVER).that_may_find_nobody();
        let outcomes = load.run(&callers(&[&first, &second]), |load| {
            first.server.stops_at("change.ordered");
            let (stopped, before) = (Instant::now(), load.counts());
            // Of two at the other node one at least was not done before.
            load.until("change at the other node", |now| now.registered >= before.registered + 2);
            assert!(stopped.elapsed() <= HELD_UP, "held up for {:?}", stopped.elapsed());
            first.server.goes_on();
            load.goes_on();
        });
        outcomes.have_one_event_each(&first);
        is_one_log(&first, &[]);
    }

    #[test]
    fn an_integrator_that_stops_in_its_transaction_is_replaced_and_goes_on_afterwards() {
        let (case, first) =
            begin("an_integrator_that_stops_in_its_transaction_is_replaced_and_goes_on_afterwards");
        let second = case.node_beside(&first, &[]);
        let mut kept = Vec::new();
        let load = Load::answered_within(TAKEN_OVER).that_may_find_nobody();
        let outcomes = load.run(&callers(&[&first, &second]), |load| {
            // It holds the lock and the head.
            first.server.stops_at("integrate.written");
            grows(&second, load);
            kept.push(checkpoint(&second));
            first.server.goes_on();
            load.goes_on();
            kept.push(checkpoint(&second));
            // And the other way round: the one that came back is the only one.
            second.server.kill();
            grows(&first, load);
            kept.push(checkpoint(&first));
            second.server.start_again();
            load.goes_on();
        });
        outcomes.have_one_event_each(&first);
        is_one_log(&first, &kept);
    }
}

/// Every file of Rust below a folder.
fn sources(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).expect("a folder of the sources");
    let of = |path: &Path| match path.extension() {
        Some(extension) if extension == "rs" => vec![fs::read_to_string(path).expect("a source file")],
        _ if path.is_dir() => sources(path),
        _ => Vec::new(),
    };
    entries.flat_map(|entry| of(&entry.expect("an entry of it").path())).collect()
}

#[test]
fn every_point_of_the_server_is_a_step_of_these_tests() {
    let sources = sources(&repository().join("impl/src"));
    let points: BTreeSet<&str> = sources
        .iter()
        .flat_map(|text| text.split("fault_point!(\"").skip(1))
        .filter_map(|after| after.split('"').next())
        .filter(|name| !name.contains(' '))
        .collect();
    let steps = [STEPS, FIRST_START, RETENTION, REMOVAL, REOPENING, &[REQUEST]].concat();
    assert_eq!(points, steps.into_iter().collect());
}

#[test]
fn this_server_has_fault_points_and_the_one_for_use_has_none() {
    let has_points = |path: &Path| {
        let binary = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        binary.windows(FAULT_POINTS.0.len()).any(|bytes| bytes == FAULT_POINTS.0.as_bytes())
    };
    assert!(
        has_points(&binary()),
        "build it with `cargo build --workspace --features agentidp/fault-points --example fault-points`, and let AGENTIDP_BIN be \
         target/debug/examples/fault-points"
    );
    assert!(!has_points(&repository().join("target/debug/agentidp")), "a server for use has fault points");
}
