//! What can happen: to a node, to PostgreSQL, to the way there, to Redis, to a clock, to a disk.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use contract_tests::spec::repository;

use crate::stage::{ALL, Stage};

/// Something that happens to a deployment.
pub struct Fault {
    pub name: &'static str,
    /// Whether somebody must be told to try again meanwhile, or nobody may be.
    pub felt: Felt,
    /// What must be so before, while nobody asks for anything. A reason if it cannot happen on this machine.
    pub prepare: fn(&Stage<'_>) -> Result<(), String>,
    /// What happens, and what ends it.
    pub act: fn(&Stage<'_>),
    /// What makes the deployment as it was, while nobody asks for anything.
    pub restore: fn(&Stage<'_>),
}

/// Whether clients feel it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Felt {
    /// Somebody does, or it did not happen.
    Surely,
    /// Somebody may.
    Perhaps,
    /// Nobody does: it concerns what may be lost.
    Never,
}

const fn fault(name: &'static str, felt: Felt, act: fn(&Stage<'_>)) -> Fault {
    Fault { name, felt, prepare: |_| Ok(()), act, restore: |_| {} }
}

/// Those of any year.
pub const LIKELY: &[Fault] = &[
    fault("a node is killed, and started again", Felt::Surely, a_node_is_killed),
    fault("a node is stopped for 8 s, and goes on", Felt::Surely, a_node_is_stopped),
    fault("PostgreSQL is killed, and started again", Felt::Surely, postgres_is_killed),
    fault("connections to PostgreSQL are lost without a word", Felt::Surely, connections_are_lost),
    fault("Redis is killed, and started again", Felt::Never, redis_is_killed),
    fault("every connection of the pools is taken for 8 s", Felt::Surely, pools_are_exhausted),
];

/// The rest.
pub const RARE: &[Fault] = &[
    fault("connections to PostgreSQL are cut, five times", Felt::Perhaps, connections_are_cut),
    fault("the way to PostgreSQL takes 150 ms longer", Felt::Perhaps, connections_are_slow),
    fault("PostgreSQL is stopped for 8 s, and goes on", Felt::Surely, postgres_is_stopped),
    fault("one node's way to PostgreSQL is silent for 8 s", Felt::Surely, one_way_is_silent),
    fault("PostgreSQL has no connection left for 6 s", Felt::Surely, postgres_is_full),
    fault("Redis is emptied, five times", Felt::Never, redis_is_emptied),
    fault("Redis is stopped for 6 s, and goes on", Felt::Never, redis_is_stopped),
    fault("connections to Redis are lost without a word", Felt::Never, redis_is_lost),
    Fault {
        name: "a node's clock goes a minute forward, and two back",
        felt: Felt::Never,
        prepare: a_clock_of_its_own,
        act: a_clock_is_wrong,
        restore: the_clock_of_all,
    },
    Fault {
        name: "the disk of PostgreSQL is full for 6 s",
        felt: Felt::Surely,
        prepare: |stage| stage.without_a_disk().map_or(Ok(()), |reason| Err(reason.clone())),
        act: the_disk_is_full,
        restore: |_| {},
    },
];

/// The node that is harmed where it is one.
const ONE: usize = 1;
const OTHERS: &[usize] = &[0, 2];

fn a_node_is_killed(stage: &Stage<'_>) {
    let node = &stage.nodes()[ONE].server;
    let killed = Instant::now();
    stage.harms(ALL);
    stage.takes_away(ONE);
    node.kill();
    stage.is_over(killed, OTHERS);
    stage.goes_on_for(Duration::from_secs(6));
    let started = Instant::now();
    node.start_again();
    stage.is_over(started, &[ONE]);
}

fn a_node_is_stopped(stage: &Stage<'_>) {
    let node = &stage.nodes()[ONE].server;
    let stopped = Instant::now();
    stage.harms(ALL);
    stage.takes_away(ONE);
    node.stalls();
    stage.is_over(stopped, OTHERS);
    stage.goes_on_for(Duration::from_secs(8).saturating_sub(stopped.elapsed()));
    let goes_on = Instant::now();
    node.goes_on();
    stage.is_over(goes_on, &[ONE]);
}

fn postgres_is_killed(stage: &Stage<'_>) {
    stage.harms(ALL);
    stage.first().server.crash_database();
    stage.goes_on_for(Duration::from_secs(5));
    stage.first().server.resume_database();
    stage.is_over(Instant::now(), ALL);
}

fn connections_are_lost(stage: &Stage<'_>) {
    let lost = Instant::now();
    stage.harms(ALL);
    stage.each(|node| node.server.between().loses_connections());
    stage.is_over(lost, ALL);
}

fn connections_are_cut(stage: &Stage<'_>) {
    stage.harms(ALL);
    for _ in 0..5 {
        stage.each(|node| node.server.between().cuts());
        stage.goes_on_for(Duration::from_millis(700));
    }
    stage.each(|node| node.server.between().cuts());
    stage.is_over(Instant::now(), ALL);
}

fn connections_are_slow(stage: &Stage<'_>) {
    stage.harms(ALL);
    stage.each(|node| node.server.between().delays(Duration::from_millis(75)));
    stage.goes_on_for(Duration::from_secs(6));
    stage.each(|node| node.server.between().delays(Duration::ZERO));
    stage.is_over(Instant::now(), ALL);
}

fn postgres_is_stopped(stage: &Stage<'_>) {
    let cluster = stage.first().server.cluster();
    stage.harms(ALL);
    cluster.stall();
    stage.goes_on_for(Duration::from_secs(8));
    cluster.goes_on();
    stage.is_over(Instant::now(), ALL);
}

fn one_way_is_silent(stage: &Stage<'_>) {
    let node = &stage.nodes()[ONE].server;
    let silent = Instant::now();
    stage.harms(ALL);
    node.between().falls_silent();
    stage.is_over(silent, OTHERS);
    stage.goes_on_for(Duration::from_secs(8).saturating_sub(silent.elapsed()));
    node.between().speaks_again();
    stage.is_over(Instant::now(), &[ONE]);
}

/// Everybody's connections end, and there are none to be had.
fn postgres_is_full(stage: &Stage<'_>) {
    stage.harms(ALL);
    stage.first().server.may_be_connected_to(0);
    stage.each(|node| node.server.between().cuts());
    stage.goes_on_for(Duration::from_secs(6));
    stage.first().server.may_be_connected_to(-1);
    stage.is_over(Instant::now(), ALL);
}

/// Whoever changes or lists agents waits for somebody else's transaction, and keeps a connection meanwhile.
fn pools_are_exhausted(stage: &Stage<'_>) {
    stage.harms(ALL);
    let held = stage.first().server.holds("LOCK TABLE agents IN ACCESS EXCLUSIVE MODE");
    stage.goes_on_for(Duration::from_secs(8));
    drop(held);
    stage.is_over(Instant::now(), ALL);
}

fn redis_is_killed(stage: &Stage<'_>) {
    stage.redis().kill();
    let killed = Instant::now();
    stage.is_over(killed, ALL);
    stage.goes_on_for(Duration::from_secs(5));
    stage.redis().revive();
    stage.is_over(Instant::now(), ALL);
}

fn redis_is_emptied(stage: &Stage<'_>) {
    for _ in 0..5 {
        stage.redis().tell(&["FLUSHALL"]);
        stage.goes_on_for(Duration::from_millis(700));
    }
    stage.is_over(Instant::now(), ALL);
}

fn redis_is_stopped(stage: &Stage<'_>) {
    let stopped = Instant::now();
    stage.redis().stall();
    stage.is_over(stopped, ALL);
    stage.goes_on_for(Duration::from_secs(6).saturating_sub(stopped.elapsed()));
    stage.redis().go_on();
    stage.is_over(Instant::now(), ALL);
}

fn redis_is_lost(stage: &Stage<'_>) {
    let lost = Instant::now();
    stage.way_to_redis().loses_connections();
    stage.is_over(lost, ALL);
    stage.goes_on_for(Duration::from_secs(5));
}

/// The node whose clock goes wrong.
const SKEWED: usize = 2;

/// The library that makes a program see another time than the machine's.
fn library() -> Result<PathBuf, String> {
    let folders = std::fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    let mut found = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1"));
    found.find(|path| path.is_file()).ok_or_else(|| "there is no libfaketime".to_owned())
}

/// The file that says by how much a node's clock is wrong.
fn clock() -> PathBuf {
    repository().join("target/contract-tests/clock-of-a-node")
}

fn clock_is_ahead(seconds: i64) {
    // Whole or not at all: the node may read it at any time.
    let new = clock().with_extension("new");
    std::fs::write(&new, format!("{seconds:+}")).expect("a file can be written");
    std::fs::rename(new, clock()).expect("a file can be renamed");
}

/// The library reads its file every second, and leaves the clock that only goes forward alone.
fn a_clock_of_its_own(stage: &Stage<'_>) -> Result<(), String> {
    let library = library()?;
    clock_is_ahead(0);
    let node = &stage.nodes()[SKEWED].server;
    node.kill();
    node.start_again_with(&[
        ("LD_PRELOAD", &library.display().to_string()),
        ("FAKETIME_TIMESTAMP_FILE", &clock().display().to_string()),
        ("FAKETIME_CACHE_DURATION", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ]);
    Ok(())
}

fn a_clock_is_wrong(stage: &Stage<'_>) {
    for ahead in [60, -60, 0] {
        clock_is_ahead(ahead);
        stage.goes_on_for(Duration::from_secs(2));
        stage.clock_is(SKEWED, ahead);
        stage.goes_on_for(Duration::from_secs(2));
    }
    stage.is_over(Instant::now(), ALL);
}

fn the_clock_of_all(stage: &Stage<'_>) {
    let node = &stage.nodes()[SKEWED].server;
    node.kill();
    node.start_again();
}

/// What PostgreSQL has room for already goes on being written for a while; then it refuses, or ends and starts again.
fn the_disk_is_full(stage: &Stage<'_>) {
    let cluster = stage.first().server.cluster();
    let disk = cluster.disk().expect("PostgreSQL has a disk of its own");
    stage.harms(ALL);
    disk.fill();
    stage.until_somebody_is_turned_away();
    stage.goes_on_for(Duration::from_secs(6));
    disk.free();
    cluster.resume();
    stage.is_over(Instant::now(), ALL);
}
