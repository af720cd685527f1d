#![expect(clippy::disallowed_methods, reason = "the tests look into the database behind the store's back")]

use std::time::Duration;

use agentidp::domain::agents::Agent;
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::sql::{PoolSettings, connect};
use agentidp::store::{Store, StoreFault, Unit};

use crate::world::{InPostgres, InSqlite, World, agent, agent_id, impatient, with_agents};

on_both_databases![
    a_database_that_is_there_answers,
    a_transaction_that_gets_no_connection_in_time_is_told_that_the_database_is_not_available,
    a_closed_store_is_not_available,
    what_the_tables_refuse_is_refused_and_leaves_the_store_usable,
];

async fn a_database_that_is_there_answers<W: World>(db: &W) {
    db.store().ping().await.unwrap();
}

async fn a_transaction_that_gets_no_connection_in_time_is_told_that_the_database_is_not_available<
    W: World,
>(
    db: &W,
) {
    let node = db.node(&impatient()).await.unwrap();
    let first = node.begin().await.unwrap();
    let fault = node.begin().await.err().expect("there is one connection, and it is taken");
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    drop(first);
    drop(node.begin().await.unwrap());
    W::close(&node).await;
}

async fn a_closed_store_is_not_available<W: World>(db: &W) {
    let node = db.node(&PoolSettings::default()).await.unwrap();
    W::close(&node).await;
    let faults = [
        node.ping().await.unwrap_err(),
        node.begin().await.err().expect("nothing is open"),
        node.agent_get(agent_id(1), None).await.unwrap_err(),
    ];
    assert!(faults.iter().all(|fault| matches!(fault, StoreFault::Unavailable(_))), "{faults:?}");
}

async fn what_the_tables_refuse_is_refused_and_leaves_the_store_usable<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    let fault = unit.agent_insert(&Agent { revision: 0, ..agent(1) }).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
    drop(unit);
    with_agents(db.store(), &[agent(1)]).await;
}

/// The fault of a URL that cannot be connected to.
async fn fault_of(url: &str) -> StoreFault {
    let settings = PoolSettings { acquire_timeout: Duration::from_millis(500), ..PoolSettings::default() };
    connect(url, &settings).await.expect_err("nothing to connect to")
}

#[tokio::test]
async fn a_url_of_no_known_database_is_refused_without_being_repeated() {
    for url in ["mysql://joe:hunter2@localhost/x", "hunter2", "", "sqlite::memory:", "sqlite://x?mode=memory"]
    {
        let fault = fault_of(url).await;
        assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
        assert!(!fault.to_string().contains("hunter2"), "{fault}");
    }
    let fault = fault_of("postgresql://joe:hunter2@localhost:99999/x").await;
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_not_available() {
    // Port 9 is the discard service, which nothing here offers.
    let fault = fault_of("postgresql://joe:hunter2@127.0.0.1:9/x").await;
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    assert!(!fault.to_string().contains("hunter2"), "{fault}");
}

/// As a load balancer does before a database that is away.
#[tokio::test]
async fn a_server_that_takes_connections_and_ends_them_is_not_available() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let ends = tokio::spawn(async move {
        while let Ok(taken) = listener.accept().await {
            drop(taken)
        }
    });
    let fault = fault_of(&format!("postgresql://joe:hunter2@{address}/x")).await;
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    ends.abort();
}

#[tokio::test]
async fn a_file_in_a_directory_that_is_not_there_is_not_available() {
    let fault = fault_of("sqlite:///no/such/directory/agentidp.db").await;
    assert!(
        matches!(&fault, StoreFault::Unavailable(text) if text.contains("/no/such/directory")),
        "{fault:?}"
    );
}

#[tokio::test]
async fn a_file_that_another_process_writes_to_for_long_is_not_available_and_can_be_read() {
    let db = InSqlite::migrated().await;
    let node = db.node(&impatient()).await.unwrap();
    let mut other = db.connection().await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let fault = node.begin().await.err().expect("the file is locked");
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    assert_eq!(node.agent_get(agent_id(1), None).await.unwrap(), None);
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    drop(node.begin().await.unwrap());
    InSqlite::close(&node).await;
    db.remove().await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_files_of_a_new_database_are_for_their_owner_alone() {
    use std::os::unix::fs::PermissionsExt;

    let db = InSqlite::migrated().await;
    for suffix in ["", "-wal", "-shm"] {
        let file = format!("{}{suffix}", db.file().display());
        let mode = std::fs::metadata(&file).expect(&file).permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    db.remove().await;
}

/// Ends every connection to the database but the one that asks for it.
async fn cut_off(db: &InPostgres) {
    db.texts(
        "SELECT COUNT(pg_terminate_backend(pid, 5000))::text FROM pg_stat_activity \
              WHERE datname = current_database() AND pid <> pg_backend_pid()",
    )
    .await;
}

#[tokio::test]
async fn a_transaction_whose_server_goes_away_is_not_available_and_the_next_one_works() {
    let db = InPostgres::migrated().await;
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.agent_insert(&agent(1)).await.unwrap());
    cut_off(&db).await;
    let fault = unit.agent_insert(&agent(2)).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    drop(unit);
    // A connection that idled for a moment alone is trusted, once.
    let mut answered = db.store().ping().await;
    for _ in 0..16 {
        match answered {
            Ok(()) => break,
            Err(StoreFault::Unavailable(_)) => answered = db.store().ping().await,
            Err(fault) => panic!("{fault:?}"),
        }
    }
    answered.unwrap();
    with_agents(db.store(), &[agent(1)]).await;
    db.remove().await;
}

/// As by a client that goes away while its request waits.
#[tokio::test]
async fn a_transaction_whose_beginning_is_given_up_is_not_left_open() {
    let db = InPostgres::migrated().await;
    let node = db.node(&PoolSettings::default()).await.unwrap();
    for _ in 0..20 {
        tokio::select! {
            biased;
            begun = node.begin() => drop(begun.unwrap()),
            // It is under way then.
            () = tokio::task::yield_now() => {}
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let open = db
        .texts(
            "SELECT COUNT(*)::text FROM pg_stat_activity \
             WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .await;
    assert_eq!(open, [[Some("0".to_owned())]]);
    InPostgres::close(&node).await;
    db.remove().await;
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_not_available() {
    let db = InPostgres::migrated().await;
    let node = db.node(&impatient()).await.unwrap();
    let mut first = db.store().begin().await.unwrap();
    assert!(first.agent_insert(&agent(1)).await.unwrap());
    let mut second = node.begin().await.unwrap();
    let fault = second.agent_insert(&agent(1)).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    drop(second);
    first.commit().await.unwrap();
    InPostgres::close(&node).await;
    db.remove().await;
}

#[tokio::test]
async fn a_transaction_that_is_left_open_ends_and_lets_the_others_go_on() {
    let db = InPostgres::migrated().await;
    let node = db.node(&impatient()).await.unwrap();
    let mut left_open = node.begin().await.unwrap();
    assert!(left_open.agent_insert(&agent(1)).await.unwrap());
    // Waits for the one left open, which ends after a second.
    with_agents(db.store(), &[agent(1)]).await;
    let fault = left_open.commit().await.unwrap_err();
    assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    InPostgres::close(&node).await;
    db.remove().await;
}
