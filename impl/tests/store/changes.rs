use std::collections::BTreeMap;

use agentidp::domain::changes::{Change, ChangeKind, ChangesPage, Rev};
use agentidp::store::changes::{ChangeReads, ChangeWrites};
use agentidp::store::{Store, StoreFault, Unit};
use chrono::{DateTime, Utc};

use crate::world::{World, agent_id, credential_id, id, time};

on_both_databases![
    an_empty_feed_is_complete_to_its_beginning,
    every_kind_of_change_comes_back_as_it_went_in_and_in_order,
    a_page_ends_at_its_limit_and_says_how_far_it_is_complete,
    what_is_older_than_asked_for_is_left_out,
    a_commit_without_changes_answers_the_head,
    a_transaction_that_is_rolled_back_leaves_no_gap,
    a_revoked_token_is_remembered_with_its_position_and_the_first_revocation_stays,
    positions_are_in_the_order_of_commits_under_sixteen_writers,
    the_positions_of_one_commit_are_seen_together,
    a_token_is_ended_by_its_agents_mark_after_it_or_by_itself,
    revoked_tokens_are_counted_while_they_live_and_since_the_last_mark,
    what_is_old_is_forgotten_and_positions_go_on,
    a_row_of_an_unknown_kind_is_told_of_by_table_column_and_id,
];

async fn commit(store: &impl Store, changes: &[ChangeKind], at: DateTime<Utc>) -> Rev {
    store.begin().await.unwrap().commit_with_changes(changes, at).await.unwrap()
}

async fn an_empty_feed_is_complete_to_its_beginning<W: World>(db: &W) {
    let page = db.store().changes_after(Rev(0), time(0), 10).await.unwrap();
    assert_eq!(page, ChangesPage { changes: Vec::new(), complete_to: Rev(0), at_head: true });
}

async fn every_kind_of_change_comes_back_as_it_went_in_and_in_order<W: World>(db: &W) {
    let kinds = [
        ChangeKind::AgentChanged(agent_id(1)),
        ChangeKind::AgentTokensEnded(agent_id(2)),
        ChangeKind::CredentialChanged(agent_id(3), credential_id(3)),
        ChangeKind::TokenRevoked { agent_id: agent_id(4), token_id: id(4, 4), expires_at: time(900_000) },
        ChangeKind::KeysChanged,
    ];
    assert_eq!(commit(db.store(), &kinds[..2], time(1)).await, Rev(2));
    assert_eq!(commit(db.store(), &kinds[2..], time(2)).await, Rev(5));
    let changes = (1..).zip(kinds).map(|(rev, kind)| {
        let at = if rev <= 2 { time(1) } else { time(2) };
        Change { rev: Rev(rev), kind, at }
    });
    let page = db.store().changes_after(Rev(0), time(0), 10).await.unwrap();
    assert_eq!(page, ChangesPage { changes: changes.collect(), complete_to: Rev(5), at_head: true });
}

async fn a_page_ends_at_its_limit_and_says_how_far_it_is_complete<W: World>(db: &W) {
    commit(db.store(), &vec![ChangeKind::KeysChanged; 5], time(0)).await;
    let read = async |after, limit| {
        let page = db.store().changes_after(Rev(after), time(0), limit).await.unwrap();
        let revs: Vec<i64> = page.changes.iter().map(|change| change.rev.0).collect();
        (revs, page.complete_to.0, page.at_head)
    };
    assert_eq!(read(0, 2).await, (vec![1, 2], 2, false));
    assert_eq!(read(2, 2).await, (vec![3, 4], 4, false));
    assert_eq!(read(4, 2).await, (vec![5], 5, true));
    assert_eq!(read(5, 2).await, (vec![], 5, true));
    assert_eq!(read(3, 2).await, (vec![4, 5], 5, true));
    assert_eq!(read(0, 0).await, (vec![], 0, false));
}

async fn what_is_older_than_asked_for_is_left_out<W: World>(db: &W) {
    for milliseconds in [0, 1_000, 1_500, 2_000] {
        commit(db.store(), &[ChangeKind::KeysChanged], time(milliseconds)).await;
    }
    let read = async |since, limit| {
        let page = db.store().changes_after(Rev(0), since, limit).await.unwrap();
        let revs: Vec<i64> = page.changes.iter().map(|change| change.rev.0).collect();
        (revs, page.complete_to.0, page.at_head)
    };
    assert_eq!(read(time(1_500), 10).await, (vec![3, 4], 4, true));
    assert_eq!(read(time(1_001), 10).await, (vec![3, 4], 4, true));
    assert_eq!(read(time(1_000), 1).await, (vec![2], 2, false));
    assert_eq!(read(time(2_001), 10).await, (vec![], 4, true));
}

async fn a_commit_without_changes_answers_the_head<W: World>(db: &W) {
    assert_eq!(commit(db.store(), &[], time(0)).await, Rev(0));
    commit(db.store(), &vec![ChangeKind::KeysChanged; 3], time(0)).await;
    assert_eq!(commit(db.store(), &[], time(0)).await, Rev(3));
    assert_eq!(db.store().changes_after(Rev(0), time(0), 10).await.unwrap().changes.len(), 3);
}

async fn a_transaction_that_is_rolled_back_leaves_no_gap<W: World>(db: &W) {
    commit(db.store(), &[ChangeKind::KeysChanged], time(0)).await;
    // The agent is missing at the commit, after the position has been taken.
    let mut unit = db.store().begin().await.unwrap();
    assert!(
        agentidp::store::bootstrap::BootstrapWrites::bootstrap_claim(&mut unit, agent_id(1), time(0))
            .await
            .unwrap()
    );
    unit.commit_with_changes(&[ChangeKind::KeysChanged], time(0)).await.unwrap_err();
    assert_eq!(commit(db.store(), &[ChangeKind::KeysChanged], time(0)).await, Rev(2));
    let page = db.store().changes_after(Rev(0), time(0), 10).await.unwrap();
    assert_eq!(page.changes.iter().map(|change| change.rev.0).collect::<Vec<_>>(), [1, 2]);
}

async fn a_revoked_token_is_remembered_with_its_position_and_the_first_revocation_stays<W: World>(db: &W) {
    let revoked =
        |expires_at| ChangeKind::TokenRevoked { agent_id: agent_id(1), token_id: id(1, 1), expires_at };
    commit(db.store(), &[ChangeKind::KeysChanged, revoked(time(1_000))], time(0)).await;
    commit(db.store(), &[revoked(time(2_000))], time(0)).await;
    assert_eq!(db.number("SELECT COUNT(*) FROM token_revocations").await, 1);
    let known = format!("SELECT rev FROM token_revocations WHERE jti = {}", W::uuid(id(1, 1)));
    assert_eq!(db.number(&known).await, 2);
    assert_eq!(db.store().changes_after(Rev(0), time(0), 10).await.unwrap().changes.len(), 3);
}

/// While sixteen writers commit (and some give up), a reader that has been told that it is complete up to a position
/// never sees another change at or below it.
async fn positions_are_in_the_order_of_commits_under_sixteen_writers<W: World>(db: &W) {
    const WRITERS: u32 = 16;
    const COMMITS: u32 = 12;
    let writers: Vec<_> = (1..=WRITERS)
        .map(|writer| {
            let store = db.store().clone();
            tokio::spawn(async move {
                let mut last = Rev(0);
                for round in 1..=COMMITS {
                    if (writer + round) % 5 == 0 {
                        drop(store.begin().await.unwrap());
                    }
                    let unit = store.begin().await.unwrap();
                    tokio::task::yield_now().await;
                    let changes = vec![ChangeKind::AgentChanged(agent_id(writer)); (round % 3 + 1) as usize];
                    let rev = unit.commit_with_changes(&changes, time(i64::from(round))).await.unwrap();
                    assert!(rev > last);
                    last = rev;
                }
            })
        })
        .collect();

    let expected: u32 = WRITERS * (1..=COMMITS).map(|round| round % 3 + 1).sum::<u32>();
    let mut complete_to = Rev(0);
    let mut seen: BTreeMap<Rev, Change> = BTreeMap::new();
    while complete_to < Rev(i64::from(expected)) {
        for limit in [3, 1_000] {
            let page = db.store().changes_after(complete_to, time(0), limit).await.unwrap();
            for change in page.changes {
                let previous = seen.last_key_value().map_or(0, |(rev, _)| rev.0);
                assert_eq!(change.rev.0, previous + 1, "nothing is left out and nothing comes late");
                seen.insert(change.rev, change);
            }
            complete_to = page.complete_to;
            assert_eq!(seen.len() as i64, complete_to.0);
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen.len(), expected as usize);
}

async fn the_positions_of_one_commit_are_seen_together<W: World>(db: &W) {
    let store = db.store().clone();
    let writer = tokio::spawn(async move {
        for _ in 0..50 {
            commit(&store, &[ChangeKind::KeysChanged, ChangeKind::KeysChanged], time(0)).await;
        }
    });
    loop {
        let page = db.store().changes_after(Rev(0), time(0), 1_000).await.unwrap();
        assert_eq!(page.changes.len() % 2, 0);
        assert_eq!(page.complete_to, page.changes.last().map_or(Rev(0), |change| change.rev));
        if page.complete_to == Rev(100) {
            break;
        }
    }
    writer.await.unwrap();
}

/// The end of one token of an agent.
fn revoked(agent: u32, token: u32, expires_at: i64) -> ChangeKind {
    ChangeKind::TokenRevoked {
        agent_id: agent_id(agent),
        token_id: id(0, token),
        expires_at: time(expires_at),
    }
}

async fn a_token_is_ended_by_its_agents_mark_after_it_or_by_itself<W: World>(db: &W) {
    let store = db.store();
    commit(store, &[ChangeKind::KeysChanged, ChangeKind::AgentChanged(agent_id(1))], time(0)).await;
    let ended =
        async |agent, token, rev| store.token_ended(agent_id(agent), id(0, token), Rev(rev)).await.unwrap();
    assert!(!ended(1, 1, 0).await);
    let mark = commit(store, &[ChangeKind::AgentTokensEnded(agent_id(1))], time(0)).await;
    assert_eq!(mark, Rev(3));
    assert!(ended(1, 1, 0).await && ended(1, 1, 2).await);
    assert!(!ended(1, 1, 3).await, "it was decided afterwards");
    assert!(!ended(2, 1, 0).await, "another agent's");
    commit(store, &[revoked(1, 7, 100)], time(0)).await;
    assert!(ended(1, 7, 100).await, "whatever its position");
    assert!(!ended(1, 8, 4).await);
}

async fn revoked_tokens_are_counted_while_they_live_and_since_the_last_mark<W: World>(db: &W) {
    let store = db.store();
    let count = async |agent, now, most| {
        let mut unit = store.begin().await.unwrap();
        unit.token_revocations_count(agent_id(agent), time(now), most).await.unwrap()
    };
    assert_eq!(count(1, 0, 10).await, 0);
    commit(store, &[revoked(1, 1, 100), revoked(1, 2, 200), revoked(1, 3, 300), revoked(2, 4, 300)], time(0))
        .await;
    assert_eq!((count(1, 0, 10).await, count(2, 0, 10).await), (3, 1));
    assert_eq!(count(1, 0, 2).await, 2, "counted up to the most");
    assert_eq!((count(1, 99, 10).await, count(1, 100, 10).await), (3, 2), "what has expired counts no more");
    commit(store, &[ChangeKind::AgentTokensEnded(agent_id(1)), revoked(1, 5, 300)], time(0)).await;
    assert_eq!((count(1, 0, 10).await, count(2, 0, 10).await), (1, 1));
}

async fn what_is_old_is_forgotten_and_positions_go_on<W: World>(db: &W) {
    let store = db.store();
    commit(store, &[ChangeKind::KeysChanged, revoked(1, 1, 50), revoked(1, 2, 150)], time(0)).await;
    commit(store, &[ChangeKind::KeysChanged], time(100)).await;
    let forget = async |before, limit| {
        let mut unit = store.begin().await.unwrap();
        let gone = unit.changes_forget(time(before), limit).await.unwrap();
        unit.commit().await.unwrap();
        gone
    };
    assert_eq!(forget(0, 10).await, 0);
    assert_eq!(forget(100, 2).await, 3, "two changes, and a token that would be over");
    assert_eq!(forget(100, 10).await, 1);
    assert_eq!(forget(100, 10).await, 0);
    let page = store.changes_after(Rev(0), time(0), 10).await.unwrap();
    assert_eq!(page.changes.iter().map(|change| change.rev.0).collect::<Vec<_>>(), [4]);
    assert_eq!((page.complete_to, page.at_head), (Rev(4), true));
    assert!(store.token_ended(agent_id(1), id(0, 2), Rev(9)).await.unwrap(), "it might live yet");
    assert_eq!(forget(200, 10).await, 2);
    assert_eq!(commit(store, &[ChangeKind::KeysChanged], time(200)).await, Rev(5));
}

async fn a_row_of_an_unknown_kind_is_told_of_by_table_column_and_id<W: World>(db: &W) {
    commit(db.store(), &[ChangeKind::KeysChanged], time(0)).await;
    let update = format!("UPDATE changes SET kind = 'keys_lost', agent_id = {}", W::uuid(agent_id(1).0));
    db.sql_unchecked("changes", "kind", &update).await.unwrap();
    let fault = db.store().changes_after(Rev(0), time(0), 10).await.unwrap_err();
    let StoreFault::Corrupt { table, column, id, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((*table, *column, id.as_str()), ("changes", "kind", "1"));
}
