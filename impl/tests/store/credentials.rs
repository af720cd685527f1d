use agentidp::domain::agents::{Agent, AgentStatus};
use agentidp::domain::changes::{ChangeKind, Rev};
use agentidp::domain::credentials::{ClientRecord, Credential, CredentialStatus, SecretImages};
use agentidp::store::agents::AgentWrites;
use agentidp::store::credentials::{CredentialReads, CredentialWrites};
use agentidp::store::{Store, StoreFault, Unit};

use crate::world::{
    World, agent, agent_id, capabilities, credential, credential_id, images, time, with_agents,
};

on_both_databases![
    a_client_comes_back_as_it_went_in_with_the_feeds_head,
    a_client_that_is_not_there_is_not_found,
    what_is_revoked_expired_or_not_active_is_found_too,
    a_credential_of_an_agent_that_does_not_exist_is_a_fault,
    a_credential_can_be_added_with_its_agent_in_one_transaction,
    a_new_verifier_leaves_the_hash_and_the_other_credentials_alone,
    a_use_is_noted_once_a_minute,
    a_reader_sees_client_and_head_of_one_moment,
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
        ..credential(2, agent_id(2))
    };
    with_credential(db.store(), &full, &images(2)).await;
    let unit = db.store().begin().await.unwrap();
    unit.commit_with_changes(&[ChangeKind::KeysChanged, ChangeKind::KeysChanged], time(0)).await.unwrap();

    let read = db.store().client_get(least.id).await.unwrap();
    assert_eq!(read, Some(ClientRecord { agent: owner, credential: least, images: images(1), rev: Rev(2) }));
    let read = db.store().client_get(full.id).await.unwrap();
    assert_eq!(
        read,
        Some(ClientRecord { agent: agent(2), credential: full, images: images(2), rev: Rev(2) })
    );
}

async fn a_client_that_is_not_there_is_not_found<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    assert_eq!(db.store().client_get(credential_id(1)).await.unwrap(), None);
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

async fn a_verifier_of_the_wrong_length_is_told_of_by_table_column_and_id<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    with_credential(db.store(), &credential(1, agent_id(1)), &images(1)).await;
    let update = format!("UPDATE credentials SET verifier = {}", W::bytes(&[1, 2, 3]));
    db.sql_unchecked("credentials", "verifier", &update).await.unwrap();
    let fault = db.store().client_get(credential_id(1)).await.unwrap_err();
    let StoreFault::Corrupt { table, column, id, .. } = &fault else { panic!("{fault:?}") };
    assert_eq!((*table, *column, id), ("credentials", "verifier", &credential_id(1).to_string()));
}
