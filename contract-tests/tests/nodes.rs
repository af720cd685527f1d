//! Several nodes of one deployment agree: what is changed at one is so at the others, by themselves within seconds and
//! through Redis at once, and a node that cannot know what is so says that, and not yes.
//!
//! The times are printed. They are measured from the answer to a change until another node is first asked that knows.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Barrier, Mutex, PoisonError};
use std::time::{Duration, Instant};

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::between::Between;
use contract_tests::line::percentile;
use contract_tests::load::Ends;
use contract_tests::on_postgres;
use contract_tests::operations::new_agent;
use contract_tests::redis::OwnRedis;
use contract_tests::server::Credentials;
use contract_tests::world::{Case, World};
use serde_json::{Value, json};

on_postgres![
    through_redis_a_change_reaches_every_node_within_a_second,
    without_redis_a_change_reaches_every_node_within_five_seconds,
    while_redis_is_emptied_a_change_reaches_every_node_within_a_second,
    a_node_that_is_cut_off_in_silence_says_that_it_cannot_know,
    a_node_that_is_turned_away_everywhere_says_that_it_cannot_know,
    of_twins_at_two_nodes_one_agent_comes,
];

/// How long it may take at the very most until every node acts on a change.
const AT_MOST: Duration = Duration::from_secs(5);

/// How long one in a hundred may take, while Redis is there.
const THROUGH_REDIS: Duration = Duration::from_secs(1);

/// How many changes of each kind are watched, and how many signing keys are made.
const CHANGES: usize = 30;
const KEYS: usize = 10;

/// From one change to the next.
const EVERY: Duration = Duration::from_millis(60);

/// From one look at what is open to the next.
const LOOKS: Duration = Duration::from_millis(2);

/// No limit on what a test asks for, and no word in the log of what goes well.
const SETTINGS: &[(&str, &str)] = &[
    ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_HASH_LIMIT_PER_MINUTE", "0"),
    ("AGENTIDP_LOG", "warn"),
];

/// Three nodes on one PostgreSQL, and on the Redis of this URL, if it is one.
struct Nodes {
    // In the order in which they end.
    third: World,
    second: World,
    first: World,
}

impl Nodes {
    fn start(case: Case, redis: &str) -> Self {
        let first = case.world_with(&[SETTINGS, &[("REDIS_URL", redis)]].concat());
        let (second, third) = (case.node_beside(&first, &[]), case.node_beside(&first, &[]));
        Self { third, second, first }
    }

    fn all(&self) -> [&World; 3] {
        [&self.first, &self.second, &self.third]
    }
}

/// The same client, at another node.
fn at<'w>(world: &'w World, client: &Credentials) -> Actor<'w> {
    world.somebody(&client.client_id, &client.client_secret)
}

/// A change that was made at one node, and what shows that another one knows of it.
struct Change<'c> {
    kind: &'static str,
    at: usize,
    answered: Instant,
    is_known: Box<dyn Fn(&World) -> bool + Send + Sync + 'c>,
}

/// Changes, and when they were known.
#[derive(Default)]
struct Watch<'c> {
    changes: Mutex<Vec<std::sync::Arc<Change<'c>>>>,
    known_after: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    ends: AtomicBool,
    failed: AtomicBool,
}

impl<'c> Watch<'c> {
    fn made(&self, kind: &'static str, at: usize, is_known: impl Fn(&World) -> bool + Send + Sync + 'c) {
        let change = Change { kind, at, answered: Instant::now(), is_known: Box::new(is_known) };
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push(std::sync::Arc::new(change));
    }

    /// Asks a node about every change of another one until it knows.
    fn watches(&self, number: usize, node: &World) {
        let _fails = Ends(&self.failed, true);
        let (mut taken, mut open) = (0, Vec::new());
        while !self.ends.load(Ordering::Relaxed) {
            {
                let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner);
                open.extend(changes[taken..].iter().filter(|change| change.at != number).cloned());
                taken = changes.len();
            }
            open.retain(|change| {
                let asked = Instant::now();
                let is_known = (change.is_known)(node);
                if is_known {
                    let after = asked.duration_since(change.answered);
                    let mut known_after = self.known_after.lock().unwrap_or_else(PoisonError::into_inner);
                    known_after.entry(change.kind).or_default().push(after);
                }
                !is_known
            });
            std::thread::sleep(LOOKS);
        }
    }

    /// Waits until every node knows of every change.
    fn is_complete(&self, nodes: usize) {
        let began = Instant::now();
        loop {
            let changes = self.changes.lock().unwrap_or_else(PoisonError::into_inner).len();
            let known: usize = {
                let known_after = self.known_after.lock().unwrap_or_else(PoisonError::into_inner);
                known_after.values().map(Vec::len).sum()
            };
            if known == changes * (nodes - 1) {
                return;
            }
            assert!(!self.failed.load(Ordering::Relaxed), "a watcher failed");
            assert!(began.elapsed() < 6 * AT_MOST, "{known} of {changes} changes are known by {nodes} nodes");
            std::thread::sleep(LOOKS);
        }
    }
}

/// Makes changes of every kind, at one node after the other, and holds the times in which the others know of them to the
/// bounds.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn changes_reach_every_node(title: &str, nodes: &Nodes, p99_within: Duration) {
    let all = nodes.all();
    let operator = nodes.first.operator();
    let token = operator
        .holding("agents:read agents:write credentials:write tokens:introspect idp:admin")
        .token()
        .to_owned();
    let manager = |number: usize| all[number % all.len()].bearer(&token);
    let registered = |name: &str| -> Vec<Credentials> {
        let agents = (0..CHANGES).map(|number| {
            let email = format!("{name}-{number}@example.com");
            let agent = nodes.first.agent(&email, &["resume:read", "resume:score"]).credentials().clone();
            // Every node has a record of it that is out of date after the change.
            for node in all {
                at(node, &agent).asks_for_a_token(&[]).is(200);
            }
            agent
        });
        agents.collect()
    };
    let (agents, others) = (registered("screener"), registered("archived"));
    let inspector = operator.credentials().clone();
    let is_dead =
        |node: &World, token: &str| at(node, &inspector).asks_about(token).json()["active"] == false;
    let is_dead = &is_dead;

    let watch = Watch::default();
    std::thread::scope(|scope| {
        for (number, node) in all.into_iter().enumerate() {
            let watch = &watch;
            scope.spawn(move || watch.watches(number, node));
        }
        let _ends = Over(&watch.ends);
        let each = |kind: &'static str, agents: &[Credentials], change: &dyn Fn(usize, &Credentials)| {
            for (number, agent) in agents.iter().enumerate() {
                change(number, agent);
                std::thread::sleep(EVERY);
            }
            watch.is_complete(all.len());
            assert!(!watch.failed.load(Ordering::Relaxed), "{kind}: a watcher failed");
        };
        each("revocation", &agents, &|number, agent| {
            let client = at(all[number % 3], agent);
            let token = client.asks_for_a_token(&[]).is(200).text_at("/access_token");
            client.revokes(&token).is(200);
            watch.made("a revoked token", number % 3, move |node| is_dead(node, &token));
        });
        each("capabilities", &agents, &|number, agent| {
            let less = json!({ "capabilities": ["resume:read"] });
            manager(number).patches(&format!("/agents/{}", agent.client_id), &less).is(200);
            let agent = agent.clone();
            watch.made("changed capabilities", number % 3, move |node| {
                let (_, claims) = at(node, &agent).asks_for_a_token(&[]).is(200).token_parts();
                claims["scope"] == "resume:read"
            });
        });
        let mut rotated = Mutex::new(Vec::new());
        each("rotation", &agents, &|number, agent| {
            let id = &agent.client_id;
            let credential = contract_tests::secret::credential_id(&agent.client_secret);
            let target = format!("/agents/{id}/credentials/{credential}/rotate");
            let next = manager(number).posts(&target, &json!({})).is(201).holder().credentials().clone();
            rotated.lock().unwrap_or_else(PoisonError::into_inner).push(next);
            let agent = agent.clone();
            watch.made("a rotated secret", number % 3, move |node| {
                at(node, &agent).asks_for_a_token(&[]).status() == 401
            });
        });
        let agents = std::mem::take(rotated.get_mut().unwrap_or_else(PoisonError::into_inner));
        let ended = |kind: &'static str, agents: &[Credentials], end: &dyn Fn(usize, &str)| {
            each(kind, agents, &|number, agent| {
                let token = at(all[number % 3], agent).asks_for_a_token(&[]).is(200).text_at("/access_token");
                end(number, &format!("/agents/{}", agent.client_id));
                let agent = agent.clone();
                watch.made(kind, number % 3, move |node| {
                    is_dead(node, &token) && at(node, &agent).asks_for_a_token(&[]).status() == 401
                });
            });
        };
        ended("a suspended agent", &agents, &|number, agent| {
            let change = json!({ "status": "suspended", "reason": "to see who knows" });
            manager(number).puts(&format!("{agent}/status"), &change).is(200);
        });
        ended("an archived agent", &others, &|number, agent| {
            manager(number).deletes(agent).is(204);
        });
        for _ in 0..KEYS {
            let output = nodes.first.server.run(&["keys", "rotate"]);
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
            let kid = said.split_whitespace().next().unwrap_or_default().to_owned();
            // It was no node that made it: all are watched, but the one that another kind of change would be made at.
            watch.made("a new signing key", 0, move |node| {
                let keys = node.anyone().gets("/.well-known/jwks.json").is(200).json();
                keys["keys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["kid"] == *kid))
            });
            watch.is_complete(all.len());
        }
    });

    // The line that tells of the test has no end yet.
    println!("\n==> {title}, a change is known at another node after (p50, p99, at most):");
    let mut wrong = Vec::new();
    for (kind, mut times) in watch.known_after.into_inner().unwrap_or_else(PoisonError::into_inner) {
        times.sort_unstable();
        let p = |share| percentile(&times, share);
        let milliseconds = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0);
        let [p50, p99, most] = [50, 99, 100].map(|share| milliseconds(p(share)));
        println!("==>   {kind:<24} {:>3} times {p50:>14} {p99:>9} {most:>9}", times.len());
        if p(99) > p99_within || p(100) > AT_MOST {
            wrong.push(format!("{kind}: p99 {p99}, at most {most}"));
        }
    }
    assert!(wrong.is_empty(), "{title}: {}", wrong.join("; "));
}

/// Says that something is over when it goes.
struct Over<'o>(&'o AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn through_redis_a_change_reaches_every_node_within_a_second(case: Case) {
    let redis = OwnRedis::start();
    let nodes = Nodes::start(case, &redis.url());
    changes_reach_every_node("with Redis", &nodes, THROUGH_REDIS);
}

fn without_redis_a_change_reaches_every_node_within_five_seconds(case: Case) {
    let nodes = Nodes::start(case, "");
    changes_reach_every_node("without Redis", &nodes, AT_MOST);
}

fn while_redis_is_emptied_a_change_reaches_every_node_within_a_second(case: Case) {
    let redis = OwnRedis::start();
    let nodes = Nodes::start(case, &redis.url());
    let over = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                redis.tell(&["FLUSHALL"]);
                std::thread::sleep(EVERY / 2);
            }
        });
        let _over = Over(&over);
        changes_reach_every_node("with Redis emptied all the time", &nodes, THROUGH_REDIS);
    });
}

/// What a client that is cut off with its node asks it for.
const ASKED: [&str; 3] = ["a token", "about a token", "for the agents"];

/// Asks a node for one of these, with more patience than any answer may need.
fn asks<'w>(node: &'w World, what: &str, client: &Credentials, manager: &str, token: &str) -> Answer<'w> {
    let (actor, request) = match what {
        "a token" => {
            let form = [("grant_type", "client_credentials")];
            (at(node, client), Request::new("POST", "/oauth2/token").form(&form))
        }
        "about a token" => {
            (at(node, client), Request::new("POST", "/oauth2/introspect").form(&[("token", token)]))
        }
        _ => (node.bearer(manager), Request::new("GET", "/agents")),
    };
    let answer = actor.asks_in_doubt(request.within(2 * AT_MOST));
    answer.unwrap_or_else(|why| panic!("asked {what}, the node did not answer: {why:?}"))
}

/// Cuts one of two nodes off from PostgreSQL and Redis, and lets it come back.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn a_node_is_cut_off(case: Case, how: &str, cut: impl Fn(&Between)) {
    /// For how long it is cut off.
    const CUT_OFF: Duration = Duration::from_secs(10);
    let redis = OwnRedis::start();
    let first = case.world_with(&[SETTINGS, &[("REDIS_URL", &redis.url())]].concat());
    let way_to_redis = Between::start(&redis.url());
    let node = case.node_beside_apart(&first, &[("REDIS_URL", &way_to_redis.url(&redis.url()))]);
    let client = first.agent("screener-001@example.com", &["resume:read"]).credentials().clone();
    let manager = first.operator().holding("agents:read").token().to_owned();
    let token = at(&first, &client).asks_for_a_token(&[]).is(200).text_at("/access_token");
    for what in ASKED {
        asks(&node, what, &client, &manager, &token).is(200);
    }

    // The line that tells of the test has no end yet.
    println!();
    let cut_at = Instant::now();
    cut(node.server.between());
    cut(&way_to_redis);
    at(&first, &client).revokes(&token).is(200);
    let revoked_at = Instant::now();
    std::thread::scope(|scope| {
        let asking = ASKED.map(|what| {
            let (node, client, manager, token) = (&node, &client, &manager, &token);
            let asks_on = move || {
                let mut cannot_since = None;
                while cut_at.elapsed() < CUT_OFF {
                    let sent = Instant::now();
                    let answer = asks(node, what, client, manager, token);
                    assert!(sent.elapsed() < AT_MOST, "asked {what}, it answered after {:?}", sent.elapsed());
                    let knows = sent.duration_since(cut_at) < AT_MOST;
                    match answer.status() {
                        503 => {
                            cannot_since.get_or_insert(cut_at.elapsed());
                        }
                        200 if knows => cannot_since = None,
                        _ => panic!("asked {what} {:?} after it was cut off\n{answer}", cut_at.elapsed()),
                    }
                    let says_yes = what == "about a token" && answer.json()["active"] == true;
                    assert!(
                        !says_yes || sent.duration_since(revoked_at) < AT_MOST,
                        "a dead token lives\n{answer}"
                    );
                    std::thread::sleep(Duration::from_millis(20));
                }
                cannot_since.expect("it says that it cannot know")
            };
            scope.spawn(asks_on)
        });
        std::thread::sleep(AT_MOST);
        let unready = node.anyone().gets("/health/ready").is(503).json();
        let unwell: BTreeMap<_, _> = unready["checks"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|check| check["status"] != "ok")
            .map(|check| (check["name"].as_str().unwrap_or_default(), check["status"].clone()))
            .collect();
        for (name, status) in
            [("database", "unavailable"), ("changeFeed", "unavailable"), ("redis", "degraded")]
        {
            assert_eq!(unwell.get(name), Some(&json!(status)), "{unready:#}");
        }
        node.anyone().gets("/health/live").is(200);
        at(&first, &client).asks_for_a_token(&[]).is(200);
        for (what, one) in ASKED.iter().zip(asking) {
            let since = one.join().expect("whoever asks is answered");
            println!("==> a node {how}, asked {what}, answers 503 from {:.1} s on", since.as_secs_f64());
            assert!(since <= AT_MOST, "asked {what}, it says that it cannot from {since:?} on");
        }
    });

    let back_at = Instant::now();
    way_to_redis.speaks_again();
    node.server.between().speaks_again();
    let is_back = || {
        let ready = node.anyone().gets("/health/ready");
        let asked = ASKED.map(|what| asks(&node, what, &client, &manager, &token).status());
        ready.status() == 200 && ready.json()["status"] == "ok" && asked == [200; 3]
    };
    while !is_back() {
        assert!(back_at.elapsed() < AT_MOST, "it is not back after {:?}", back_at.elapsed());
        std::thread::sleep(Duration::from_millis(20));
    }
    println!("==> a node {how} is back after {:.1} s", back_at.elapsed().as_secs_f64());
    let told = asks(&node, "about a token", &client, &manager, &token).is(200).json();
    assert_eq!(told, json!({ "active": false }), "what was ended meanwhile");
}

fn a_node_that_is_cut_off_in_silence_says_that_it_cannot_know(case: Case) {
    a_node_is_cut_off(case, "cut off in silence", Between::falls_silent);
}

fn a_node_that_is_turned_away_everywhere_says_that_it_cannot_know(case: Case) {
    a_node_is_cut_off(case, "turned away everywhere", Between::refuses);
}

fn of_twins_at_two_nodes_one_agent_comes(case: Case) {
    const TWINS: usize = 20;
    let first = case.world_with(SETTINGS);
    let second = case.node_beside(&first, &[]);
    let token = first.operator().holding("agents:read agents:write").token().to_owned();
    let managers = [&first, &second].map(|node| node.bearer(&token));
    let (mut in_vain, mut again) = (0, 0);
    for number in 0..TWINS {
        let agent = new_agent(&format!("twin-{number}@example.com"), &["resume:read"]);
        let request = Request::new("POST", "/agents")
            .header("Idempotency-Key", &format!("the-key-of-twin-{number}"))
            .json(&agent);
        let together = Barrier::new(2);
        let answers: Vec<(u16, Value)> = std::thread::scope(|scope| {
            let sent = managers.each_ref().map(|manager| {
                let (request, together) = (request.clone(), &together);
                scope.spawn(move || {
                    together.wait();
                    let answer = manager.sends(request);
                    (answer.status(), answer.json())
                })
            });
            sent.into_iter().map(|one| one.join().expect("an answer")).collect()
        });
        let made: Vec<_> =
            answers.iter().filter(|(status, _)| *status == 201).map(|(_, body)| body).collect();
        let refused = answers.iter().filter(|(status, _)| *status == 409);
        for (_, body) in refused {
            assert_eq!(body["code"], "IDEMPOTENCY_CONFLICT", "{body}");
            in_vain += 1;
        }
        assert!(
            !made.is_empty() && answers.iter().all(|(status, _)| [201, 409].contains(status)),
            "{answers:?}"
        );
        assert!(made.iter().all(|body| *body == made[0]), "two agents came: {answers:?}");
        again += made.len() - 1;
        // Whoever was refused asks again, and has the same.
        for manager in &managers {
            let replayed = manager.sends(request.clone()).is(201).json();
            assert_eq!(replayed, *made[0]);
        }
        let found = managers[0].gets(&format!("/agents?q=twin-{number}@")).json();
        assert_eq!(found["items"].as_array().map(Vec::len), Some(1), "{found}");
        let id = made[0]["agent"]["id"].as_str().unwrap_or_default();
        let events = format!(
            "SELECT count(*) FROM audit_events WHERE action = 'agent.registered' AND agent_id = '{id}'"
        );
        assert_eq!(first.server.count(&events), 1);
    }
    // However they meet, neither is lost: one of them is first.
    assert_eq!(in_vain + again, TWINS);
}
