use std::collections::BTreeSet;

use agentidp::domain::agents::{Agent, AgentStatus, Owner};
use agentidp::domain::changes::{ChangeKind, Rev};
use agentidp::domain::credentials::{
    ClientProof, ClientRecord, Credential, CredentialId, CredentialStatus, ExpiredCredential, SecretImages,
};
use agentidp::store::agents::AgentWrites;
use agentidp::store::credentials::{CredentialReads, CredentialWrites};
use agentidp::store::sql::PoolSettings;
use agentidp::store::{Store, StoreFault, Unit};

use crate::world::{
    World, agent, agent_id, capabilities, credential, credential_id, images, impatient, time, twins,
    with_agents,
};

on_both_databases![
    a_client_comes_back_as_it_went_in_with_the_feeds_head,
    a_client_that_is_not_there_is_not_found,
    a_proof_is_of_its_credential_and_never_of_the_one_beside_it,
    what_is_revoked_expired_or_not_active_is_found_too,
    what_an_agent_was_given_after_a_credential_is_beyond_it,
    a_credential_of_an_agent_that_does_not_exist_is_a_fault,
    a_credential_can_be_added_with_its_agent_in_one_transaction,
    a_new_verifier_leaves_the_hash_and_the_other_credentials_alone,
    a_use_is_noted_once_a_minute,
    a_reader_sees_client_and_head_of_one_moment,
    a_credential_is_found_by_its_agent_alone,
    an_agents_credentials_are_newest_first_and_turn_their_pages_without_gap_or_repetition,
    a_credential_is_found_for_changing_by_its_agent_alone,
    a_credential_that_is_held_is_changed_by_nobody_else,
    an_end_changes_status_and_end_and_nothing_else,
    revoking_all_revokes_what_is_active_of_that_agent_and_tells_of_it,
    live_is_what_is_active_and_not_expired,
    live_credentials_with_a_verifier_of_another_key_are_counted,
    what_is_written_in_the_transaction_counts_at_once,
    a_credential_is_replaced_when_another_came_from_it,
    of_rotations_at_once_one_alone_replaces_the_credential,
    a_credential_revoked_while_another_waits_for_it_is_found_revoked,
    what_is_over_is_claimed_once_and_nothing_else_is,
    of_nodes_that_claim_at_once_each_gets_others,
    a_claim_that_is_dropped_has_never_been,
    a_verifier_of_the_wrong_length_is_told_of_by_table_column_and_id,
];

async fn with_credential(store: &impl Store, credential: &Credential, images: &SecretImages) {
    let mut unit = store.begin().await.unwrap();
    unit.credential_insert(credential, images).await.unwrap();
    unit.commit().await.unwrap();
}

async fn a_client_comes_back_as_it_went_in_with_the_feeds_head<W: World>(db: &W) {
    let owner = Agent { capabilities: capabilities(&["resume:read", "agents:read"]), ..agent(1) };
    with_agents(db.store(), &[owner.clone(), agent(2)]).await;
    let least = credential(1, owner.id);
    with_credential(db.store(), &least, &images(1)).await;
    let full = Credential {
        label: Some("ci \u{1F916}".to_owned()),
        status: CredentialStatus::Revoked,
        expires_at: Some(time(10)),
        last_used_at: Some(time(5)),
        rotated_from: Some(least.id),
        agent_revision: 3,
        ..credential(2, agent_id(2))
    };
    with_credential(db.store(), &full, &images(2)).await;
    let unit = db.store().begin().await.unwrap();
    unit.commit_with_changes(&[ChangeKind::KeysChanged, ChangeKind::KeysChanged], time(0)).await.unwrap();

    let read = db.store().client_get(least.id).await.unwrap();
    assert_eq!(
        read,
        Some(ClientRecord {
            agent: owner,
            credential: least,
            images: images(1),
            beyond: BTreeSet::new(),
            rev: Rev(2)
        })
    );
    let read = db.store().client_get(full.id).await.unwrap();
    assert_eq!(
        read,
        Some(ClientRecord {
            agent: agent(2),
            credential: full,
            images: images(2),
            beyond: BTreeSet::new(),
            rev: Rev(2)
        })
    );
}

async fn a_client_that_is_not_there_is_not_found<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    assert_eq!(db.store().client_get(credential_id(1)).await.unwrap(), None);
}

async fn a_proof_is_of_its_credential_and_never_of_the_one_beside_it<W: World>(db: &W) {
    let owner = Owner("other-team".to_owned());
    let of = Agent {
        owner: owner.clone(),
        status: AgentStatus::Suspended,
        valid_until: Some(time(9)),
        ..agent(1)
    };
    with_agents(db.store(), &[of, agent(2)]).await;
    let ended = Credential {
        status: CredentialStatus::Revoked,
        expires_at: Some(time(7)),
        ..credential(20, agent_id(1))
    };
    with_credential(db.store(), &ended, &images(1)).await;
    with_credential(db.store(), &credential(40, agent_id(2)), &images(2)).await;
    let proof = |serial| {
        let id = credential_id(serial);
        async move { db.store().client_proof_get(id).await.unwrap() }
    };
    let expected = ClientProof {
        credential_id: ended.id,
        agent_id: agent_id(1),
        owner,
        credential_status: CredentialStatus::Revoked,
        expires_at: Some(time(7)),
        agent_status: AgentStatus::Suspended,
        valid_until: Some(time(9)),
        verifier: [1; 32],
        verifier_key_version: "a1b2c3d4".to_owned(),
    };
    assert_eq!(proof(20).await, Some(expected));
    assert_eq!(proof(40).await.map(|proof| (proof.agent_id, proof.verifier)), Some((agent_id(2), [2; 32])));
    for nobodys in [1, 19, 21, 39, 41, 1_000] {
        assert_eq!(proof(nobodys).await, None, "{nobodys}");
    }
}

/// Adds an agent with credentials that end at these times.
async fn with_ends(store: &impl Store, ends: &[Option<i64>]) {
    with_agents(store, &[agent(1)]).await;
    for (serial, end) in (1..).zip(ends) {
        let credential = Credential { expires_at: end.map(time), ..credential(serial, agent_id(1)) };
        with_credential(store, &credential, &images(1)).await;
    }
}

async fn expired(store: &impl Store, at: i64, limit: u32) -> Vec<CredentialId> {
    let mut unit = store.begin().await.unwrap();
    let expired = unit.credential_expire(time(at), limit).await.unwrap();
    unit.commit().await.unwrap();
    expired.into_iter().map(|credential| credential.id).collect()
}

async fn what_is_over_is_claimed_once_and_nothing_else_is<W: World>(db: &W) {
    let store = db.store();
    with_ends(store, &[Some(300), Some(100), None, Some(200), Some(50), Some(101)]).await;
    let mut unit = store.begin().await.unwrap();
    unit.credential_end(credential_id(5), CredentialStatus::Revoked, Some(time(50))).await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!(expired(store, 99, 10).await, [], "nothing is over, but what was revoked before");
    assert_eq!(expired(store, 100, 10).await, [credential_id(2)]);
    assert_eq!(expired(store, 250, 1).await, [credential_id(6)], "those over longest come first");
    assert_eq!(expired(store, 250, 10).await, [credential_id(4)]);
    assert_eq!(expired(store, 250, 10).await, []);

    let mut unit = store.begin().await.unwrap();
    let last = unit.credential_expire(time(300), 10).await.unwrap();
    let expected = ExpiredCredential {
        id: credential_id(1),
        agent_id: agent_id(1),
        owner: Owner("talent-team".to_owned()),
        label: None,
        expires_at: time(300),
    };
    assert_eq!(last, [expected]);
    unit.commit().await.unwrap();
    let read = store.credential_get(agent_id(1), credential_id(1)).await.unwrap().unwrap();
    assert_eq!(read, Credential { expires_at: Some(time(300)), ..credential(1, agent_id(1)) });
}

async fn of_nodes_that_claim_at_once_each_gets_others<W: World>(db: &W) {
    const CREDENTIALS: usize = 40;
    with_ends(db.store(), &[Some(100); CREDENTIALS]).await;
    let nodes: Vec<_> = (0..6)
        .map(|_| {
            let store = db.store().clone();
            tokio::spawn(async move {
                let mut claimed = Vec::new();
                loop {
                    let more = expired(&store, 100, 3).await;
                    if more.is_empty() {
                        return claimed;
                    }
                    claimed.extend(more);
                }
            })
        })
        .collect();
    let mut claimed = expired(db.store(), 100, 3).await;
    for node in nodes {
        claimed.extend(node.await.unwrap());
    }
    // What somebody held when the others looked is left for the next time.
    claimed.extend(expired(db.store(), 100, 100).await);
    let count = claimed.len();
    claimed.sort_unstable();
    claimed.dedup();
    assert_eq!((claimed.len(), count), (CREDENTIALS, CREDENTIALS));
}

async fn a_claim_that_is_dropped_has_never_been<W: World>(db: &W) {
    with_ends(db.store(), &[Some(100)]).await;
    let mut unit = db.store().begin().await.unwrap();
    assert_eq!(unit.credential_expire(time(100), 10).await.unwrap().len(), 1);
    drop(unit);
    // The word of its end may reach the database a moment later; until then somebody holds the row.
    let mut claimed = Vec::new();
    while claimed.is_empty() {
        tokio::task::yield_now().await;
        claimed = expired(db.store(), 100, 10).await;
    }
    assert_eq!(claimed, [credential_id(1)]);
}

async fn what_an_agent_was_given_after_a_credential_is_beyond_it<W: World>(db: &W) {
    let store = db.store();
    let first = Agent { capabilities: capabilities(&["a:b", "agents:read"]), ..agent(1) };
    with_agents(store, std::slice::from_ref(&first)).await;
    with_credential(store, &credential(1, first.id), &images(1)).await;
    let change = async |revision: i64, names: &[&str]| {
        let mut unit = store.begin().await.unwrap();
        unit.agent_lock(first.id, None).await.unwrap().unwrap();
        let changed = Agent { capabilities: capabilities(names), revision, ..first.clone() };
        unit.agent_update(&changed).await.unwrap();
        unit.commit().await.unwrap();
    };
    let beyond = async |serial| store.client_get(credential_id(serial)).await.unwrap().unwrap().beyond;
    assert_eq!(beyond(1).await, capabilities(&[]));
    change(2, &["a:b", "agents:read", "c:d", "idp:admin"]).await;
    assert_eq!(beyond(1).await, capabilities(&["c:d", "idp:admin"]));
    let second = Credential { agent_revision: 2, ..credential(2, first.id) };
    with_credential(store, &second, &images(2)).await;
    assert_eq!(beyond(2).await, capabilities(&[]));
    // What was taken away and given back is as young as what was never there.
    change(3, &["a:b", "idp:admin"]).await;
    change(4, &["a:b", "idp:admin", "agents:read"]).await;
    assert_eq!(beyond(1).await, capabilities(&["agents:read", "idp:admin"]));
    assert_eq!(beyond(2).await, capabilities(&["agents:read"]));
}

async fn what_is_revoked_expired_or_not_active_is_found_too<W: World>(db: &W) {
    for (serial, status) in (1..).zip(AgentStatus::ALL) {
        with_agents(db.store(), &[Agent { status, valid_until: Some(time(1)), ..agent(serial) }]).await;
        let credential = Credential {
            status: CredentialStatus::Revoked,
            expires_at: Some(time(1)),
            ..credential(serial, agent_id(serial))
        };
        with_credential(db.store(), &credential, &images(1)).await;
        let read = db.store().client_get(credential.id).await.unwrap().unwrap();
        assert_eq!((read.agent.status, read.credential), (status, credential));
    }
}

async fn a_credential_of_an_agent_that_does_not_exist_is_a_fault<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    let fault = unit.credential_insert(&credential(1, agent_id(1)), &images(1)).await.unwrap_err();
    assert!(matches!(fault, StoreFault::Refused(_)), "{fault:?}");
}

async fn a_credential_can_be_added_with_its_agent_in_one_transaction<W: World>(db: &W) {
    let mut unit = db.store().begin().await.unwrap();
    assert!(unit.agent_insert(&agent(1)).await.unwrap());
    unit.credential_insert(&credential(1, agent_id(1)), &images(1)).await.unwrap();
    assert_eq!(db.store().client_get(credential_id(1)).await.unwrap(), None);
    unit.commit().await.unwrap();
    assert!(db.store().client_get(credential_id(1)).await.unwrap().is_some());
}

async fn a_new_verifier_leaves_the_hash_and_the_other_credentials_alone<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    with_credential(db.store(), &credential(2, agent_id(1)), &images(2)).await;
    let mut unit = db.store().begin().await.unwrap();
    unit.credential_verifier_set(credential_id(1), &[9; 32], "ffff0000").await.unwrap();
    unit.commit().await.unwrap();
    let changed = db.store().client_get(credential_id(1)).await.unwrap().unwrap();
    assert_eq!(changed.credential, credential(1, agent_id(1)));
    let expected =
        SecretImages { verifier: [9; 32], verifier_key_version: "ffff0000".to_owned(), ..images(1) };
    assert!(changed.images == expected);
    assert!(db.store().client_get(credential_id(2)).await.unwrap().unwrap().images == images(2));
}

async fn a_use_is_noted_once_a_minute<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let touch = async |milliseconds| {
        let mut unit = db.store().begin().await.unwrap();
        unit.credential_touch(credential_id(1), time(milliseconds)).await.unwrap();
        unit.commit().await.unwrap();
        db.store().client_get(credential_id(1)).await.unwrap().unwrap().credential
    };
    assert_eq!(touch(7).await, Credential { last_used_at: Some(time(7)), ..credential(1, agent_id(1)) });
    assert_eq!(touch(60_006).await.last_used_at, Some(time(7)));
    assert_eq!(touch(60_007).await.last_used_at, Some(time(60_007)));
    assert_eq!(touch(8).await.last_used_at, Some(time(60_007)));
}

/// A writer sets the verifier's first byte to the position that it gets: whoever reads both sees them agree.
async fn a_reader_sees_client_and_head_of_one_moment<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(0)).await;
    let store = db.store().clone();
    let writer = tokio::spawn(async move {
        for round in 1..=50_u8 {
            let mut unit = store.begin().await.unwrap();
            unit.credential_verifier_set(credential_id(1), &[round; 32], "a1b2c3d4").await.unwrap();
            let change = ChangeKind::CredentialChanged(agent_id(1), credential_id(1));
            unit.commit_with_changes(&[change], time(0)).await.unwrap();
        }
    });
    loop {
        let read = db.store().client_get(credential_id(1)).await.unwrap().unwrap();
        assert_eq!(i64::from(read.images.verifier[0]), read.rev.0);
        if read.rev == Rev(50) {
            break;
        }
    }
    writer.await.unwrap();
}

/// A credential with everything that one can have, in the place of credential 1.
fn full_credential(serial: u32) -> Credential {
    Credential {
        label: Some("ci \u{1F916}".to_owned()),
        status: CredentialStatus::Revoked,
        expires_at: Some(time(10)),
        last_used_at: Some(time(5)),
        rotated_from: Some(credential_id(1)),
        ..credential(serial, agent_id(1))
    }
}

async fn a_credential_is_found_by_its_agent_alone<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2)]).await;
    let [least, full] = [credential(1, agent_id(1)), full_credential(2)];
    with_credential(db.store(), &least, &images(1)).await;
    with_credential(db.store(), &full, &images(2)).await;
    let get = async |agent, credential| {
        db.store().credential_get(agent_id(agent), credential_id(credential)).await.unwrap()
    };
    assert_eq!(get(1, 1).await, Some(least));
    assert_eq!(get(1, 2).await, Some(full));
    assert_eq!(get(2, 1).await, None);
    assert_eq!(get(1, 3).await, None);
}

async fn an_agents_credentials_are_newest_first_and_turn_their_pages_without_gap_or_repetition<W: World>(
    db: &W,
) {
    with_agents(db.store(), &[agent(1), agent(2), agent(3)]).await;
    let mut expected = Vec::new();
    for serial in 1..=7 {
        with_credential(db.store(), &credential(10 * serial, agent_id(2)), &images(1)).await;
        let own = if serial == 4 {
            Credential { rotated_from: Some(credential_id(1)), ..full_credential(4) }
        } else {
            credential(serial, agent_id(1))
        };
        with_credential(db.store(), &own, &images(1)).await;
        expected.insert(0, own);
    }
    let mut read = Vec::new();
    let mut after = None;
    for length in [3, 3, 1, 0] {
        let page = db.store().credential_list(agent_id(1), after, 3).await.unwrap();
        assert_eq!(page.len(), length);
        after = page.last().map(|credential| credential.id).or(after);
        read.extend(page);
    }
    assert_eq!(read, expected);
    assert_eq!(db.store().credential_list(agent_id(3), None, 3).await.unwrap(), []);
    assert_eq!(db.store().credential_list(agent_id(1), None, 0).await.unwrap(), []);
}

async fn a_credential_is_found_for_changing_by_its_agent_alone<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    with_credential(db.store(), &full_credential(2), &images(1)).await;
    let mut unit = db.store().begin().await.unwrap();
    let mut lock = async |agent, credential| {
        unit.credential_lock(agent_id(agent), credential_id(credential)).await.unwrap()
    };
    assert_eq!(lock(1, 1).await, Some(credential(1, agent_id(1))));
    assert_eq!(lock(1, 2).await, Some(full_credential(2)));
    assert_eq!(lock(2, 1).await, None);
    assert_eq!(lock(1, 3).await, None);
}

async fn a_credential_that_is_held_is_changed_by_nobody_else<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let node = db.node(&PoolSettings { max_connections: 2, ..impatient() }).await.unwrap();
    let touch = async |store: &W::Store| {
        let mut unit = store.begin().await?;
        unit.credential_touch(credential_id(1), time(0)).await?;
        unit.commit().await
    };
    let revoke = async |store: &W::Store| {
        let mut unit = store.begin().await?;
        unit.credential_revoke_all(agent_id(1)).await?;
        unit.commit().await
    };
    let mut unit = db.store().begin().await.unwrap();
    unit.credential_lock(agent_id(1), credential_id(1)).await.unwrap().unwrap();
    for fault in [touch(&node).await.unwrap_err(), revoke(&node).await.unwrap_err()] {
        assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    }
    drop(unit);
    touch(db.store()).await.unwrap();
    revoke(db.store()).await.unwrap();
    W::close(&node).await;
}

async fn an_end_changes_status_and_end_and_nothing_else<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let before = Credential { label: Some("ci".to_owned()), ..credential(1, agent_id(1)) };
    with_credential(db.store(), &before, &images(1)).await;
    with_credential(db.store(), &credential(2, agent_id(1)), &images(2)).await;
    for (status, expires_at) in [
        (CredentialStatus::Active, Some(time(1_000))),
        (CredentialStatus::Revoked, Some(time(500))),
        (CredentialStatus::Revoked, None),
    ] {
        let mut unit = db.store().begin().await.unwrap();
        unit.credential_lock(agent_id(1), credential_id(1)).await.unwrap().unwrap();
        unit.credential_end(credential_id(1), status, expires_at).await.unwrap();
        unit.commit().await.unwrap();
        let read = db.store().client_get(credential_id(1)).await.unwrap().unwrap();
        assert_eq!(read.credential, Credential { status, expires_at, ..before.clone() });
        assert_eq!(read.images, images(1));
    }
    let other = db.store().credential_get(agent_id(1), credential_id(2)).await.unwrap();
    assert_eq!(other, Some(credential(2, agent_id(1))));
}

async fn revoking_all_revokes_what_is_active_of_that_agent_and_tells_of_it<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2)]).await;
    let expired = Credential { expires_at: Some(time(1)), ..credential(3, agent_id(1)) };
    for credential in
        [credential(1, agent_id(1)), full_credential(2), expired.clone(), credential(4, agent_id(2))]
    {
        with_credential(db.store(), &credential, &images(1)).await;
    }
    let revoke = async || {
        let mut unit = db.store().begin().await.unwrap();
        let mut ids = unit.credential_revoke_all(agent_id(1)).await.unwrap();
        unit.commit().await.unwrap();
        ids.sort();
        ids
    };
    assert_eq!(revoke().await, [credential_id(1), credential_id(3)]);
    assert_eq!(revoke().await, []);
    let status = CredentialStatus::Revoked;
    assert_eq!(
        db.store().credential_list(agent_id(1), None, 10).await.unwrap(),
        [
            Credential { status, ..expired },
            full_credential(2),
            Credential { status, ..credential(1, agent_id(1)) }
        ]
    );
    let other = db.store().credential_list(agent_id(2), None, 10).await.unwrap();
    assert_eq!(other, [credential(4, agent_id(2))]);
}

async fn live_is_what_is_active_and_not_expired<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2), agent(3)]).await;
    let ending = |serial, milliseconds| Credential {
        expires_at: Some(time(milliseconds)),
        ..credential(serial, agent_id(1))
    };
    let revoked = Credential { status: CredentialStatus::Revoked, ..credential(5, agent_id(1)) };
    for credential in [
        credential(1, agent_id(1)),
        ending(2, 1_000),
        ending(3, 1_500),
        Credential { status: CredentialStatus::Revoked, ..ending(4, 9_000) },
        revoked,
        credential(6, agent_id(2)),
    ] {
        with_credential(db.store(), &credential, &images(1)).await;
    }
    let mut unit = db.store().begin().await.unwrap();
    let mut count = async |agent, now| unit.credential_count_live(agent_id(agent), time(now)).await.unwrap();
    assert_eq!(count(1, 0).await, 3);
    assert_eq!(count(1, 999).await, 3);
    assert_eq!(count(1, 1_000).await, 2, "an end is the first moment after");
    assert_eq!(count(1, 1_499).await, 2);
    assert_eq!(count(1, 1_500).await, 1);
    assert_eq!(count(2, 1_500).await, 1);
    assert_eq!(count(3, 0).await, 0);
}

async fn live_credentials_with_a_verifier_of_another_key_are_counted<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let revoked = Credential { status: CredentialStatus::Revoked, ..credential(3, agent_id(1)) };
    let ends = Credential { expires_at: Some(time(10)), ..credential(4, agent_id(1)) };
    for credential in [credential(1, agent_id(1)), credential(2, agent_id(1)), revoked, ends] {
        with_credential(db.store(), &credential, &images(1)).await;
    }
    let current = images(1).verifier_key_version;
    let count =
        async |version: &str, now| db.store().credential_count_outdated(version, time(now)).await.unwrap();
    assert_eq!((count(&current, 9).await, count("another", 9).await), (0, 3));
    assert_eq!(count("another", 10).await, 2, "an end is the first moment after");
    let mut unit = db.store().begin().await.unwrap();
    unit.credential_verifier_set(credential_id(1), &[9; 32], "another").await.unwrap();
    unit.commit().await.unwrap();
    assert_eq!((count(&current, 9).await, count("another", 10).await), (1, 1));
}

async fn what_is_written_in_the_transaction_counts_at_once<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let mut unit = db.store().begin().await.unwrap();
    let mut live = Vec::new();
    for serial in 1..=3 {
        unit.credential_insert(&credential(serial, agent_id(1)), &images(1)).await.unwrap();
        live.push(unit.credential_count_live(agent_id(1), time(0)).await.unwrap());
    }
    unit.credential_end(credential_id(2), CredentialStatus::Revoked, None).await.unwrap();
    live.push(unit.credential_count_live(agent_id(1), time(0)).await.unwrap());
    assert_eq!(live, [1, 2, 3, 2]);
}

async fn a_credential_is_replaced_when_another_came_from_it<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.credential_is_replaced(credential_id(1)).await.unwrap());
    unit.credential_insert(&full_credential(2), &images(1)).await.unwrap();
    assert!(unit.credential_is_replaced(credential_id(1)).await.unwrap());
    assert!(!unit.credential_is_replaced(credential_id(2)).await.unwrap());
    assert!(!unit.credential_is_replaced(credential_id(3)).await.unwrap());
}

async fn of_rotations_at_once_one_alone_replaces_the_credential<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let rotated = twins(db.store(), 8, |store, serial| async move {
        let mut unit = store.begin().await.unwrap();
        let old = unit.credential_lock(agent_id(1), credential_id(1)).await.unwrap().unwrap();
        if unit.credential_is_replaced(old.id).await.unwrap() {
            return false;
        }
        let new = Credential { rotated_from: Some(old.id), ..credential(10 + serial, agent_id(1)) };
        unit.credential_insert(&new, &images(2)).await.unwrap();
        unit.credential_end(old.id, old.status, Some(time(60_000))).await.unwrap();
        unit.commit().await.unwrap();
        true
    });
    assert_eq!(rotated.await, 1);
    assert_eq!(db.store().credential_list(agent_id(1), None, 10).await.unwrap().len(), 2);
}

async fn a_credential_revoked_while_another_waits_for_it_is_found_revoked<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let mut first = db.store().begin().await.unwrap();
    assert_eq!(first.credential_revoke_all(agent_id(1)).await.unwrap(), [credential_id(1)]);
    let store = db.store().clone();
    let second = tokio::spawn(async move {
        let mut unit = store.begin().await.unwrap();
        unit.credential_lock(agent_id(1), credential_id(1)).await.unwrap()
    });
    db.somebody_waits().await;
    first.commit().await.unwrap();
    let revoked = Credential { status: CredentialStatus::Revoked, ..credential(1, agent_id(1)) };
    assert_eq!(second.await.unwrap(), Some(revoked));
}

async fn a_verifier_of_the_wrong_length_is_told_of_by_table_column_and_id<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let update = format!("UPDATE credentials SET verifier = {}", W::bytes(&[1, 2, 3]));
    db.sql_unchecked("credentials", "verifier", &update).await.unwrap();
    let fault = db.store().client_get(credential_id(1)).await.unwrap_err();
    let StoreFault::Corrupt { table, column, id, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((*table, *column, id), ("credentials", "verifier", &credential_id(1).to_string()));
}
