//! Three nodes on one PostgreSQL and one Redis under a steady mixed load, and what can happen to them, one after the other.
//! Run by `scripts/chaos`.
//!
//! After each, from outside: every write that was answered is there, every issued token has its one event, the audit log
//! verifies and continues every checkpoint that it ever had, nothing that was ended is good for anything beyond five seconds,
//! no request took longer than requests may, whoever was turned away was told so in the specification's shape and when to try
//! again, and the service came back by itself within five seconds.

mod ended;
mod faults;
mod proofs;
mod stage;
mod traffic;

use contract_tests::between::Between;
use contract_tests::disk::Disk;
use contract_tests::redis::OwnRedis;
use contract_tests::server::{Cluster, Database};
use contract_tests::world::{Case, World};

use faults::{Fault, LIKELY, RARE};
use stage::{Stage, line, say};
use traffic::Traffic;

/// How many MiB PostgreSQL's own disk has.
const DISK: u32 = 600;

/// The nodes of a deployment, the first of them first; it must end last.
struct Nodes(Vec<World>);

impl Drop for Nodes {
    fn drop(&mut self) {
        while self.0.pop().is_some() {}
    }
}

impl Nodes {
    /// Three, each with something of its own between it and the PostgreSQL. A load has no limits, and what is logged of it
    /// is what goes wrong.
    fn start(case: Case, cluster: Cluster, redis: &str) -> Self {
        let settings = [
            ("REDIS_URL", redis),
            ("AGENTIDP_DATABASE_CONNECTIONS", "10"),
            ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "0"),
            ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "0"),
            ("AGENTIDP_HASH_LIMIT_PER_MINUTE", "0"),
            ("AGENTIDP_LOG", "warn"),
        ];
        let mut nodes = Self(vec![case.world_on(cluster, &settings)]);
        for _ in 1..stage::ALL.len() {
            let node = case.node_beside_apart(&nodes.0[0], &[]);
            nodes.0.push(node);
        }
        nodes
    }
}

#[test]
fn what_happens_any_year_is_survived() {
    survives("what_happens_any_year_is_survived", None, LIKELY.iter());
}

#[test]
fn whatever_happens_is_survived() {
    survives("whatever_happens_is_survived", Some(DISK), LIKELY.iter().chain(RARE));
}

/// Lets all of this happen, PostgreSQL on a disk of its own if one is asked for and may be made.
#[allow(clippy::print_stdout, reason = "the figures are the point of a measurement")]
fn survives<'f>(name: &'static str, disk: Option<u32>, faults: impl Iterator<Item = &'f Fault>) {
    let (disk, without_a_disk) = match disk.map_or_else(|| Err("none was asked for".to_owned()), Disk::of) {
        Ok(disk) => (Some(disk), None),
        Err(reason) => (None, Some(reason)),
    };
    let cluster = disk.map_or_else(|| Cluster::start(name), Cluster::start_on);
    let redis = OwnRedis::start();
    let way_to_redis = Between::start(&redis.url());
    let nodes = Nodes::start(
        Case::new(Database::Postgres, module_path!(), name),
        cluster,
        &way_to_redis.url(&redis.url()),
    );
    let traffic = Traffic::on(&nodes.0);
    let stage = Stage::new(&traffic, redis, way_to_redis, without_a_disk);
    let mut wrong = Vec::new();
    traffic.runs(|| {
        stage.warms_up();
        // What the tests' runner has said may have no end yet.
        println!();
        say(&line("", &["requests", "failures", "unanswered", "lost"].map(str::to_owned), "back after"));
        for fault in faults {
            stage.lets_happen(fault);
        }
        wrong = stage.ends();
    });
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
