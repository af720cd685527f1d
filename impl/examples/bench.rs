//! What `scripts/bench` needs beside the server: a bare hello to compare with, clients in a database, a load at a given
//! rate, a judge of tokens that shares nothing with the server's, the writer of events by itself, and a look at how events
//! get into the tree.

#![allow(missing_docs, reason = "the program's help says it")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a program for the terminal that ends at the first fault"
)]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use agentidp::clock::Clock;
use agentidp::crypto::{ClientSecret, Entropy, MasterKey, SecretText};
use agentidp::domain::agents::{Agent, AgentId, AgentStatus, DeploymentEnv, Owner};
use agentidp::domain::audit::{Action, Actor, AuditEvent, AuditWriter, Subject};
use agentidp::domain::callers::{AuthMethod, RequestContext};
use agentidp::domain::changes::ChangeKind;
use agentidp::domain::credentials::{Credential, CredentialId, CredentialStatus, SecretImages};
use agentidp::domain::policy::Capability;
use agentidp::store::agents::AgentWrites;
use agentidp::store::audit::AuditWrites;
use agentidp::store::credentials::CredentialWrites;
use agentidp::store::sql::{Database, PoolSettings, connect};
use agentidp::store::{Store, Unit};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use axum::Router;
use axum::routing::get;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::Parser;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

#[derive(Parser)]
enum Command {
    /// Serves a bare axum hello until it is killed.
    Hello { address: SocketAddr },
    /// Puts agents into a migrated database; prints the id and the secret of those that are clients, a line each.
    Seed {
        database: String,
        /// The file with the server's master key.
        master_key: PathBuf,
        /// How many can authenticate.
        #[arg(long)]
        clients: u32,
        /// How many there are altogether.
        #[arg(long)]
        agents: u32,
    },
    /// Sends the requests of a file, which each end with the byte 30, over connections that are kept.
    Load {
        address: SocketAddr,
        requests: PathBuf,
        #[arg(long)]
        connections: usize,
        #[arg(long)]
        seconds: f64,
        /// Requests a second; without it as many as there are answers.
        #[arg(long)]
        rate: Option<f64>,
        /// Keeps the bodies of so many answers for each connection.
        #[arg(long, default_value_t = 0)]
        keep: usize,
    },
    /// Verifies the signatures (ES256) of the tokens in a file, a line each, by the keys of a JWKS.
    Verify { jwks: PathBuf, tokens: PathBuf },
    /// Measures a single insert, a lone write, and a number of writers together, on a migrated database.
    Events {
        database: String,
        #[arg(long)]
        seconds: f64,
        #[arg(long)]
        writers: usize,
    },
    /// Watches for so long how events get into the tree that a server keeps on this database, and then until none is left.
    Integration {
        database: String,
        #[arg(long)]
        seconds: f64,
    },
}

#[tokio::main]
async fn main() {
    match Command::parse() {
        Command::Hello { address } => hello(address).await,
        Command::Seed { database, master_key, clients, agents } => {
            let key = SecretText::new(fs::read_to_string(master_key).unwrap().trim().to_owned());
            let master = MasterKey::from_text(&key).unwrap();
            match connect(&database, &PoolSettings::default()).await.unwrap() {
                Database::Postgres(store) => seed(store, &master, clients, agents).await,
                Database::Sqlite(store) => seed(store, &master, clients, agents).await,
            }
        }
        Command::Load { address, requests, connections, seconds, rate, keep } => {
            let load = Load { address, seconds, connections, rate, keep };
            println!("{}", load.run(&fs::read(requests).unwrap()).await);
        }
        Command::Verify { jwks, tokens } => verify(&jwks, &tokens),
        Command::Events { database, seconds, writers } => {
            let figures = match connect(&database, &PoolSettings::default()).await.unwrap() {
                Database::Postgres(store) => events(store, seconds, writers).await,
                Database::Sqlite(store) => events(store, seconds, writers).await,
            };
            println!("{figures}");
        }
        Command::Integration { database, seconds } => {
            let figures = match connect(&database, &PoolSettings::default()).await.unwrap() {
                Database::Postgres(store) => integration(store, seconds).await,
                Database::Sqlite(store) => integration(store, seconds).await,
            };
            println!("{figures}");
        }
    }
}

async fn hello(address: SocketAddr) {
    let router = Router::new().route("/", get(|| async { "hello" }));
    axum::serve(TcpListener::bind(address).await.unwrap(), router).await.unwrap();
}

/// The clients' secrets have no bcrypt hash of their own, which takes 50 ms each and which nothing here reads.
async fn seed<S: Store>(store: S, master: &MasterKey, clients: u32, agents: u32) {
    const NO_HASH: &str = "$2b$10$nobodysnobodysnobodysnobodysnobodysnobodysnobodysnobo";
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let names =
        |names: &[&str]| names.iter().map(|name| Capability((*name).to_owned())).collect::<BTreeSet<_>>();
    let ordinary = names(&["resume:read", "resume:score"]);
    // Each client reads the registry by itself: one alone would soon have used up its allowance.
    let of_clients = names(&["resume:read", "resume:score", "agents:read", "idp:admin"]);
    for chunk in (0..agents).collect::<Vec<_>>().chunks(500) {
        let now = clock.now();
        let mut unit = store.begin().await.unwrap();
        let mut changes = Vec::new();
        for number in chunk {
            let agent = Agent {
                id: AgentId(entropy.uuid_v7(now)),
                email: format!("{}@bench.example.com", entropy.uuid_v7(now).simple()),
                agent_type: "screener".to_owned(),
                version: "v1.4.2".to_owned(),
                capabilities: if *number < clients { of_clients.clone() } else { ordinary.clone() },
                owner: Owner(format!("team-{}", number % 100)),
                deployment_env: DeploymentEnv::Production,
                status: AgentStatus::Active,
                created_at: now,
                updated_at: now,
                last_auth_at: None,
                metadata: None,
                valid_until: None,
                revision: 1,
            };
            assert!(unit.agent_insert(&agent).await.unwrap());
            changes.push(ChangeKind::AgentChanged(agent.id));
            if *number >= clients {
                continue;
            }
            let id = CredentialId(entropy.uuid_v7(now));
            let secret = ClientSecret::generate(id.0, &entropy);
            let images = SecretImages {
                secret_hash: NO_HASH.to_owned(),
                verifier: master.verifier(secret.random()),
                verifier_key_version: master.verifier_key_version().to_owned(),
            };
            let credential = Credential {
                id,
                agent_id: agent.id,
                label: None,
                status: CredentialStatus::Active,
                created_at: now,
                expires_at: None,
                last_used_at: None,
                rotated_from: None,
                agent_revision: 1,
            };
            unit.credential_insert(&credential, &images).await.unwrap();
            println!("{} {}", agent.id, secret.to_text().expose());
        }
        unit.commit_with_changes(&changes, now).await.unwrap();
    }
}

struct Load {
    address: SocketAddr,
    seconds: f64,
    connections: usize,
    rate: Option<f64>,
    keep: usize,
}

/// What one connection saw.
#[derive(Default)]
struct Seen {
    /// In microseconds.
    latencies: Vec<u64>,
    /// Answers that are no success.
    bad: u64,
    bodies: Vec<String>,
}

impl Load {
    async fn run(self, requests: &[u8]) -> Value {
        let requests: Vec<Vec<u8>> =
            requests.split(|byte| *byte == 30).filter(|one| !one.is_empty()).map(<[u8]>::to_vec).collect();
        let (load, requests) = (Arc::new(self), Arc::new(requests));
        let began = Instant::now();
        let connections: Vec<_> = (0..load.connections)
            .map(|number| {
                let (load, requests) = (Arc::clone(&load), Arc::clone(&requests));
                tokio::spawn(async move { load.connection(number, &requests, began).await })
            })
            .collect();
        let mut all = Seen::default();
        for connection in connections {
            let seen = connection.await.unwrap();
            all.latencies.extend(seen.latencies);
            all.bad += seen.bad;
            all.bodies.extend(seen.bodies);
        }
        let seconds = began.elapsed().as_secs_f64();
        json!({
            "answers": all.latencies.len(),
            "bad": all.bad,
            "rate": all.latencies.len() as f64 / seconds,
            "milliseconds": percentiles(all.latencies),
            "bodies": all.bodies,
        })
    }

    /// With a rate, the time of an answer counts from when its request was due: whoever waits for the answer before it
    /// waits all the same.
    async fn connection(&self, number: usize, requests: &[Vec<u8>], began: Instant) -> Seen {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let pause = self.rate.map(|rate| Duration::from_secs_f64(self.connections as f64 / rate));
        let end = began + Duration::from_secs_f64(self.seconds);
        let mut due = began + pause.unwrap_or_default().mul_f64(number as f64 / self.connections as f64);
        let mut next = number * requests.len() / self.connections;
        let (mut seen, mut buffer) = (Seen::default(), Vec::with_capacity(16 * 1024));
        loop {
            if pause.is_some() {
                tokio::time::sleep_until(due.into()).await;
            } else {
                due = Instant::now();
            }
            if due >= end {
                return seen;
            }
            stream.write_all(&requests[next]).await.unwrap();
            next = (next + 1) % requests.len();
            let (status, body) = answer(&mut stream, &mut buffer).await;
            seen.latencies.push(due.elapsed().as_micros() as u64);
            if !(200..300).contains(&status) {
                seen.bad += 1;
            } else if seen.bodies.len() < self.keep {
                seen.bodies.push(String::from_utf8_lossy(&buffer[body]).into_owned());
            }
            due += pause.unwrap_or_default();
        }
    }
}

/// Reads one answer with a `Content-Length`: its status, and where in the buffer its body is.
async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> (u16, std::ops::Range<usize>) {
    buffer.clear();
    let body = loop {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection ended within an answer");
        if let Some(end) = buffer.windows(4).position(|window| window == b"\r\n\r\n") {
            break end + 4;
        }
    };
    let head = String::from_utf8_lossy(&buffer[..body]).to_lowercase();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
    let end = body + length.map_or(0, |length| length.trim().parse::<usize>().unwrap());
    while buffer.len() < end {
        assert!(stream.read_buf(buffer).await.unwrap() > 0, "the connection ended within a body");
    }
    (status, body..end)
}

fn percentiles(mut microseconds: Vec<u64>) -> Value {
    microseconds.sort_unstable();
    let at = |share: f64| {
        let last = microseconds.len().saturating_sub(1);
        microseconds.get((last as f64 * share).round() as usize).map(|value| *value as f64 / 1000.0)
    };
    json!({ "p50": at(0.5), "p99": at(0.99), "max": at(1.0) })
}

/// RFC 7515 §5.2 with the one algorithm of the default settings, written down once more: the judge is not the judged.
fn verify(jwks: &PathBuf, tokens: &PathBuf) {
    let jwks: Value = serde_json::from_slice(&fs::read(jwks).unwrap()).unwrap();
    let bytes = |text: &Value| URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap();
    let mut verified = 0;
    for token in fs::read_to_string(tokens).unwrap().lines() {
        let (signed, signature) = token.rsplit_once('.').unwrap();
        let header = URL_SAFE_NO_PAD.decode(signed.split('.').next().unwrap()).unwrap();
        let header: Value = serde_json::from_slice(&header).unwrap();
        assert_eq!((&header["alg"], &header["typ"]), (&json!("ES256"), &json!("at+jwt")));
        let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == header["kid"]).unwrap();
        let point = [vec![4], bytes(&key["x"]), bytes(&key["y"])].concat();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(signed.as_bytes(), &signature)
            .unwrap();
        verified += 1;
    }
    println!("{}", json!({ "verified": verified }));
}

/// An event as large as that of an issued token.
fn event(entropy: &Entropy, clock: &Clock) -> AuditEvent {
    let id = |seed: u128| Uuid::from_u128(0x0193_0000_0000_7000_8000_0000_0000_0000 + seed);
    let actor = Actor {
        agent_id: Some(AgentId(id(1))),
        method: AuthMethod::ClientSecretBasic,
        credential_id: Some(CredentialId(id(2))),
        token_id: None,
    };
    let token_id = entropy.uuid_v7(clock.now());
    let request = RequestContext { request_id: token_id.to_string(), address: "192.0.2.1".parse().ok() };
    AuditEvent::success(Action::TokenIssued, actor)
        .during(&request)
        .on(Subject { agent_id: Some(AgentId(id(1))), token_id: Some(token_id), ..Subject::default() })
        .behind(&Owner("bench".to_owned()))
        .with("scope", vec!["resume:read", "resume:score"])
        .with("audience", vec!["https://idp.example.com/resources/default"])
        .with("expiresAt", 1_794_000_000)
}

async fn events<S: Store>(store: S, seconds: f64, writers: usize) -> Value {
    let (clock, entropy) = (Clock::system(), Entropy::system());
    let (writer, _task) = AuditWriter::start(store.clone(), clock.clone(), entropy.clone());
    // Alone, in turns, so that both see the same disk.
    let (mut inserts, mut writes) = (Vec::new(), Vec::new());
    let began = Instant::now();
    while began.elapsed().as_secs_f64() < seconds {
        let start = Instant::now();
        let row = event(&entropy, &clock).seal(&clock, &entropy).unwrap();
        let mut unit = store.begin().await.unwrap();
        unit.audit_append(&[row]).await.unwrap();
        unit.commit().await.unwrap();
        inserts.push(start.elapsed().as_micros() as u64);
        let start = Instant::now();
        writer.write(event(&entropy, &clock)).await.unwrap().unwrap();
        writes.push(start.elapsed().as_micros() as u64);
    }
    let began = Instant::now();
    let tasks: Vec<_> = (0..writers)
        .map(|_| {
            let (writer, clock, entropy) = (writer.clone(), clock.clone(), entropy.clone());
            tokio::spawn(async move {
                let mut latencies = Vec::new();
                while began.elapsed().as_secs_f64() < seconds {
                    let start = Instant::now();
                    writer.write(event(&entropy, &clock)).await.unwrap().unwrap();
                    latencies.push(start.elapsed().as_micros() as u64);
                }
                latencies
            })
        })
        .collect();
    let mut together = Vec::new();
    for task in tasks {
        together.extend(task.await.unwrap());
    }
    let rate = together.len() as f64 / began.elapsed().as_secs_f64();
    json!({
        "insert": percentiles(inserts),
        "lone": percentiles(writes),
        "together": percentiles(together),
        "rate": rate,
    })
}

/// How the tree was at a moment.
struct Glance {
    milliseconds: i64,
    /// How many events were in it.
    leaves: u64,
    /// How many of them its last checkpoint had.
    signed: u64,
}

async fn glance<S: Store>(store: &S, clock: &Clock) -> Glance {
    // In this order, so that nothing seems to be signed before it is in the tree.
    let head = store.audit_head().await.unwrap();
    let note = store.audit_checkpoint_get(&head.origin.unwrap()).await.unwrap();
    let signed = note.map_or(0, |note| note.lines().nth(1).unwrap().parse().unwrap());
    Glance { milliseconds: clock.now().timestamp_millis(), leaves: head.size, signed: signed.min(head.size) }
}

/// The delay of an event is the time from the one that it carries until it is first seen in the tree, or below a checkpoint.
async fn integration<S: Store>(store: S, seconds: f64) -> Value {
    const BETWEEN_GLANCES: Duration = Duration::from_millis(20);
    const AT_ONCE: u64 = 10_000;
    let (clock, began) = (Clock::system(), Instant::now());
    let mut glances = vec![glance(&store, &clock).await];
    loop {
        tokio::time::sleep(BETWEEN_GLANCES).await;
        let now = glance(&store, &clock).await;
        let is_whole = now.signed == now.leaves;
        glances.push(now);
        if began.elapsed().as_secs_f64() >= seconds
            && is_whole
            && store.audit_pending(1).await.unwrap().is_empty()
        {
            break;
        }
    }
    let (first, last) = (&glances[0], &glances[glances.len() - 1]);
    let (mut in_tree, mut signed) = (Vec::new(), Vec::new());
    let mut from = first.leaves;
    while from < last.leaves {
        let to = last.leaves.min(from + AT_ONCE);
        for leaf in store.audit_leaves(from..to).await.unwrap() {
            let (seconds, nanoseconds) = leaf.event_id.get_timestamp().unwrap().to_unix();
            let happened = seconds.cast_signed() * 1000 + i64::from(nanoseconds / 1_000_000);
            let delay = |reached: fn(&Glance) -> u64| {
                let seen = &glances[glances.partition_point(|glance| reached(glance) <= leaf.index)];
                (seen.milliseconds - happened).max(0).cast_unsigned() * 1000
            };
            in_tree.push(delay(|glance| glance.leaves));
            signed.push(delay(|glance| glance.signed));
        }
        from = to;
    }
    // From the first time that it was seen to grow until the last: what comes before was waiting for a round to begin.
    let grown =
        &glances[glances.partition_point(|glance| glance.leaves <= first.leaves).min(glances.len() - 1)];
    let full = &glances[glances.partition_point(|glance| glance.leaves < last.leaves)];
    let rate =
        (full.leaves - grown.leaves) as f64 * 1000.0 / (full.milliseconds - grown.milliseconds).max(1) as f64;
    json!({
        "events": last.leaves - first.leaves,
        "rate": rate,
        "inTree": percentiles(in_tree),
        "signed": percentiles(signed),
    })
}
