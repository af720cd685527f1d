use agentidp::domain::agents::{Agent, AgentFilter, AgentId, AgentStatus, DeploymentEnv, Owner};
use agentidp::domain::policy::Capability;
use agentidp::store::agents::{AgentReads, AgentWrites};
use agentidp::store::credentials::CredentialWrites;
use agentidp::store::sql::PoolSettings;
use agentidp::store::{Store, StoreFault, Unit};
use serde_json::json;

use crate::world::{
    World, agent, agent_id, capabilities, credential, images, impatient, time, twins, with_agents,
};

on_both_databases![
    an_agent_comes_back_as_it_went_in,
    an_agent_that_is_not_there_is_not_found,
    behind_an_owners_wall_other_owners_agents_are_not_found,
    an_owner_is_of_its_agent_and_never_of_the_one_beside_it,
    a_taken_email_is_refused_whatever_its_case_and_the_transaction_goes_on,
    the_email_of_an_archived_agent_stays_taken,
    of_twins_with_one_email_exactly_one_is_added,
    an_email_is_free_again_when_the_twin_before_gives_up,
    a_list_is_newest_first_and_turns_its_pages_without_gap_or_repetition,
    a_list_is_narrowed_by_every_filter_and_by_all_together,
    every_combination_of_filters_is_a_statement_that_the_database_takes,
    a_prefix_of_the_email_is_taken_literally_and_without_regard_to_case,
    a_listed_agent_has_all_its_capabilities_whatever_the_filter,
    an_authentication_is_noted_once_a_minute_and_changes_nothing_else,
    an_agent_is_found_for_changing_as_for_reading,
    an_agent_changes_in_all_that_can_change_and_in_nothing_else,
    capabilities_that_stay_come_and_go_become_exactly_those_given,
    a_change_that_is_dropped_has_never_been,
    of_changes_at_once_none_is_lost,
    who_waited_for_an_agent_reads_it_as_the_other_left_it,
    an_agent_that_left_the_wall_meanwhile_is_not_found,
    an_agent_that_is_held_is_changed_by_nobody_else,
    another_active_agent_with_the_capability_counts_whoever_owns_it,
    of_agents_that_lose_a_capability_at_once_one_keeps_it,
    a_row_with_an_impossible_status_is_told_of_by_table_column_and_id,
];

/// An agent with everything that one can have.
fn full_agent(serial: u32) -> Agent {
    let metadata = json!({
        "region": "eu-west-1", "limits": [1, -2, 2.5, 1e30, 18_446_744_073_709_551_615_u64], "quote": "\"'\\ \u{1F916}",
        "nothing": null, "deep": {"er": {"still": [true, {}]}},
    });
    let serde_json::Value::Object(metadata) = metadata else { panic!("an object") };
    Agent {
        email: "Screener.One+x@Example.COM".to_owned(),
        version: "v2.0.0-rc.1+build.7".to_owned(),
        capabilities: capabilities(&["agents:read", "resume:read", "resume:write", "self:rotate"]),
        deployment_env: DeploymentEnv::Production,
        status: AgentStatus::Suspended,
        updated_at: time(1),
        last_auth_at: Some(time(2)),
        metadata: Some(metadata),
        valid_until: Some(time(1_000)),
        revision: 7,
        ..agent(serial)
    }
}

async fn an_agent_comes_back_as_it_went_in<W: World>(db: &W) {
    let [least, full] = [agent(1), full_agent(2)];
    with_agents(db.store(), &[least.clone(), full.clone()]).await;
    assert_eq!(db.store().agent_get(least.id, None).await.unwrap(), Some(least));
    assert_eq!(db.store().agent_get(full.id, None).await.unwrap(), Some(full));
}

async fn an_agent_that_is_not_there_is_not_found<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    assert_eq!(db.store().agent_get(agent_id(2), None).await.unwrap(), None);
}

async fn behind_an_owners_wall_other_owners_agents_are_not_found<W: World>(db: &W) {
    let ours = agent(1);
    with_agents(db.store(), std::slice::from_ref(&ours)).await;
    let get = |owner: &'static str| async move {
        db.store().agent_get(agent_id(1), Some(&Owner(owner.to_owned()))).await.unwrap()
    };
    assert_eq!(get("talent-team").await, Some(ours));
    assert_eq!(get("Talent-Team").await, None);
    assert_eq!(get("talent").await, None);
}

async fn an_owner_is_of_its_agent_and_never_of_the_one_beside_it<W: World>(db: &W) {
    let theirs = Agent { owner: Owner("other-team".to_owned()), ..agent(20) };
    with_agents(db.store(), &[theirs, agent(40)]).await;
    for (serial, owner) in [
        (1, None),
        (19, None),
        (20, Some("other-team")),
        (21, None),
        (40, Some("talent-team")),
        (41, None),
        (1_000, None),
    ] {
        let found = db.store().agent_owner_get(agent_id(serial)).await.unwrap();
        assert_eq!(found.map(|owner| owner.0).as_deref(), owner, "{serial}");
    }
}

async fn a_taken_email_is_refused_whatever_its_case_and_the_transaction_goes_on<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let mut unit = db.store().begin().await.unwrap();
    let shouting = Agent {
        email: "AGENT-001@Example.com".to_owned(),
        capabilities: capabilities(&["resume:read"]),
        ..agent(2)
    };
    assert!(!unit.agent_insert(&shouting).await.unwrap());
    assert!(unit.agent_insert(&agent(3)).await.unwrap());
    unit.commit().await.unwrap();
    assert_eq!(db.store().agent_get(agent_id(2), None).await.unwrap(), None);
    assert_eq!(db.store().agent_get(agent_id(3), None).await.unwrap(), Some(agent(3)));
    assert_eq!(db.number("SELECT COUNT(*) FROM agent_capabilities").await, 0);
}

async fn the_email_of_an_archived_agent_stays_taken<W: World>(db: &W) {
    with_agents(db.store(), &[Agent { status: AgentStatus::Archived, ..agent(1) }]).await;
    let mut unit = db.store().begin().await.unwrap();
    assert!(!unit.agent_insert(&Agent { id: agent_id(2), ..agent(1) }).await.unwrap());
}

async fn of_twins_with_one_email_exactly_one_is_added<W: World>(db: &W) {
    let twins = (1..=8).map(|serial| {
        let store = db.store().clone();
        tokio::spawn(async move {
            let twin = Agent { id: agent_id(serial), ..agent(0) };
            let mut unit = store.begin().await.unwrap();
            let added = unit.agent_insert(&twin).await.unwrap();
            unit.commit().await.unwrap();
            added
        })
    });
    let mut added = 0;
    for twin in twins.collect::<Vec<_>>() {
        added += u32::from(twin.await.unwrap());
    }
    assert_eq!(added, 1);
    assert_eq!(db.store().agent_list(&AgentFilter::default(), None, 100).await.unwrap().len(), 1);
}

async fn an_email_is_free_again_when_the_twin_before_gives_up<W: World>(db: &W) {
    let mut first = db.store().begin().await.unwrap();
    assert!(first.agent_insert(&agent(1)).await.unwrap());
    let store = db.store().clone();
    let second = tokio::spawn(async move {
        let mut unit = store.begin().await.unwrap();
        let added = unit.agent_insert(&Agent { id: agent_id(2), ..agent(1) }).await.unwrap();
        unit.commit().await.unwrap();
        added
    });
    tokio::task::yield_now().await;
    drop(first);
    assert!(second.await.unwrap());
    assert_eq!(db.store().agent_get(agent_id(1), None).await.unwrap(), None);
}

async fn ids(db: &impl World, filter: &AgentFilter) -> Vec<AgentId> {
    db.store().agent_list(filter, None, 100).await.unwrap().into_iter().map(|agent| agent.id).collect()
}

async fn a_list_is_newest_first_and_turns_its_pages_without_gap_or_repetition<W: World>(db: &W) {
    let agents: Vec<Agent> = (1..=25).map(agent).collect();
    with_agents(db.store(), &agents).await;
    let mut read = Vec::new();
    let mut after = None;
    loop {
        let page = db.store().agent_list(&AgentFilter::default(), after, 10).await.unwrap();
        after = page.last().map(|agent| agent.id);
        match page.len() {
            0 => break,
            length => assert!(length == 10 || length == 5),
        }
        read.extend(page);
    }
    assert_eq!(read, agents.into_iter().rev().collect::<Vec<_>>());
    assert_eq!(db.store().agent_list(&AgentFilter::default(), None, 0).await.unwrap(), []);
}

/// One filter of each kind, all of which agent 2 of the next test passes.
fn filters() -> [AgentFilter; 6] {
    [
        AgentFilter { owner: Some(Owner("hiring".to_owned())), ..AgentFilter::default() },
        AgentFilter { agent_type: Some("router".to_owned()), ..AgentFilter::default() },
        AgentFilter { deployment_env: Some(DeploymentEnv::Staging), ..AgentFilter::default() },
        AgentFilter { status: Some(AgentStatus::Suspended), ..AgentFilter::default() },
        AgentFilter { capability: Some(Capability("resume:read".to_owned())), ..AgentFilter::default() },
        AgentFilter { email_prefix: Some("B@".to_owned()), ..AgentFilter::default() },
    ]
}

/// The filters of a set of indexes into [`filters`], as one.
fn together(set: usize) -> AgentFilter {
    let chosen = filters().into_iter().enumerate().filter(|(index, _)| set & 1 << index != 0);
    chosen.fold(AgentFilter::default(), |all, (_, one)| AgentFilter {
        owner: all.owner.or(one.owner),
        agent_type: all.agent_type.or(one.agent_type),
        deployment_env: all.deployment_env.or(one.deployment_env),
        status: all.status.or(one.status),
        capability: all.capability.or(one.capability),
        email_prefix: all.email_prefix.or(one.email_prefix),
    })
}

fn passing_agent(serial: u32) -> Agent {
    Agent {
        email: format!("b@{serial}.example.com"),
        owner: Owner("hiring".to_owned()),
        agent_type: "router".to_owned(),
        deployment_env: DeploymentEnv::Staging,
        status: AgentStatus::Suspended,
        capabilities: capabilities(&["resume:read", "resume:write"]),
        ..agent(serial)
    }
}

async fn a_list_is_narrowed_by_every_filter_and_by_all_together<W: World>(db: &W) {
    let passing = passing_agent(2);
    // Each of these fails one filter and passes the others.
    let almost = [
        Agent { owner: Owner("hirings".to_owned()), ..passing_agent(11) },
        Agent { agent_type: "route".to_owned(), ..passing_agent(12) },
        Agent { deployment_env: DeploymentEnv::Production, ..passing_agent(13) },
        Agent { status: AgentStatus::Revoked, ..passing_agent(14) },
        Agent { capabilities: capabilities(&["resume:write"]), ..passing_agent(15) },
        Agent { email: "c@example.com".to_owned(), ..passing_agent(16) },
    ];
    with_agents(db.store(), std::slice::from_ref(&passing)).await;
    with_agents(db.store(), &almost).await;
    for (index, filter) in filters().iter().enumerate() {
        let failing = almost[index].id;
        let listed = ids(db, filter).await;
        assert!(!listed.contains(&failing), "{filter:?}");
        assert_eq!(listed.len(), 6, "{filter:?}");
    }
    assert_eq!(ids(db, &together(0b11_1111)).await, [passing.id]);
}

async fn every_combination_of_filters_is_a_statement_that_the_database_takes<W: World>(db: &W) {
    with_agents(db.store(), &[passing_agent(1), passing_agent(2), agent(3)]).await;
    for set in 0..64 {
        let filter = together(set);
        let expected: &[u32] = if set == 0 { &[3, 2, 1] } else { &[2, 1] };
        assert_eq!(
            ids(db, &filter).await,
            expected.iter().copied().map(agent_id).collect::<Vec<_>>(),
            "{filter:?}"
        );
        let page = db.store().agent_list(&filter, Some(agent_id(2)), 1).await.unwrap();
        assert_eq!(page, [passing_agent(1)], "{filter:?}");
    }
}

async fn a_prefix_of_the_email_is_taken_literally_and_without_regard_to_case<W: World>(db: &W) {
    let emails =
        ["Ab_c@x.org", "abxc@x.org", "ab%c@x.org", "ab@x.org", "aB_c2@x.org", "b@x.org", "zab_c@x.org"];
    let agents: Vec<Agent> =
        (1..).zip(emails).map(|(serial, email)| Agent { email: email.to_owned(), ..agent(serial) }).collect();
    with_agents(db.store(), &agents).await;
    let found = async |prefix: &str| {
        let filter = AgentFilter { email_prefix: Some(prefix.to_owned()), ..AgentFilter::default() };
        let agents = db.store().agent_list(&filter, None, 100).await.unwrap();
        agents.into_iter().rev().map(|agent| agent.email).collect::<Vec<_>>()
    };
    assert_eq!(found("aB_").await, ["Ab_c@x.org", "aB_c2@x.org"]);
    assert_eq!(found("ab%").await, ["ab%c@x.org"]);
    assert_eq!(found("AB").await, ["Ab_c@x.org", "abxc@x.org", "ab%c@x.org", "ab@x.org", "aB_c2@x.org"]);
    assert_eq!(found("ab@x.org").await, ["ab@x.org"]);
    assert_eq!(found("ab@x.orgs").await, [""; 0]);
    assert_eq!(found("ab\0").await, [""; 0]);
}

async fn a_listed_agent_has_all_its_capabilities_whatever_the_filter<W: World>(db: &W) {
    let names: Vec<String> = (0..64).map(|number| format!("resume:part-{number:02}")).collect();
    let capable =
        Agent { capabilities: names.iter().map(|name| Capability(name.clone())).collect(), ..agent(1) };
    with_agents(db.store(), &[capable.clone(), agent(2)]).await;
    let filter = AgentFilter { capability: Some(Capability(names[7].clone())), ..AgentFilter::default() };
    let found = db.store().agent_list(&filter, None, 10).await.unwrap();
    assert_eq!(found, std::slice::from_ref(&capable));
    assert_eq!(db.store().agent_list(&AgentFilter::default(), None, 10).await.unwrap(), [agent(2), capable]);
}

async fn an_authentication_is_noted_once_a_minute_and_changes_nothing_else<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2)]).await;
    let touch = async |milliseconds| {
        let mut unit = db.store().begin().await.unwrap();
        unit.agent_touch(agent_id(1), time(milliseconds)).await.unwrap();
        unit.commit().await.unwrap();
        db.store().agent_get(agent_id(1), None).await.unwrap().unwrap()
    };
    assert_eq!(touch(500).await, Agent { last_auth_at: Some(time(500)), ..agent(1) });
    assert_eq!(touch(60_499).await.last_auth_at, Some(time(500)));
    assert_eq!(touch(60_500).await.last_auth_at, Some(time(60_500)));
    assert_eq!(touch(1_000).await.last_auth_at, Some(time(60_500)));
    assert_eq!(db.store().agent_get(agent_id(2), None).await.unwrap(), Some(agent(2)));
    // Whole seconds and milliseconds are written differently on SQLite, and must compare all the same.
    assert_eq!(touch(120_000).await.last_auth_at, Some(time(60_500)));
    assert_eq!(touch(121_000).await.last_auth_at, Some(time(121_000)));
    assert_eq!(touch(180_999).await.last_auth_at, Some(time(121_000)));
    assert_eq!(touch(181_000).await.last_auth_at, Some(time(181_000)));
}

async fn an_agent_is_found_for_changing_as_for_reading<W: World>(db: &W) {
    let full = full_agent(1);
    with_agents(db.store(), std::slice::from_ref(&full)).await;
    let mut unit = db.store().begin().await.unwrap();
    let mut lock = async |serial, owner: Option<&str>| {
        let owner = owner.map(|owner| Owner(owner.to_owned()));
        unit.agent_lock(agent_id(serial), owner.as_ref()).await.unwrap()
    };
    assert_eq!(lock(1, None).await, Some(full.clone()));
    assert_eq!(lock(1, Some("talent-team")).await, Some(full));
    assert_eq!(lock(1, Some("hiring")).await, None);
    assert_eq!(lock(2, None).await, None);
}

/// Changes an agent in a transaction of its own.
async fn change(store: &impl Store, id: AgentId, change: impl FnOnce(&mut Agent)) {
    let mut unit = store.begin().await.unwrap();
    let mut agent = unit.agent_lock(id, None).await.unwrap().unwrap();
    change(&mut agent);
    unit.agent_update(&agent).await.unwrap();
    unit.commit().await.unwrap();
}

async fn an_agent_changes_in_all_that_can_change_and_in_nothing_else<W: World>(db: &W) {
    let [least, full] = [agent(1), full_agent(1)];
    with_agents(db.store(), &[least.clone(), Agent { capabilities: capabilities(&["a:b"]), ..agent(2) }])
        .await;
    let other = Agent {
        agent_type: "router".to_owned(),
        owner: Owner("hiring".to_owned()),
        created_at: time(-1),
        ..full
    };
    let changed = Agent {
        email: least.email.clone(),
        created_at: least.created_at,
        last_auth_at: least.last_auth_at,
        ..other.clone()
    };
    change(db.store(), least.id, |agent| *agent = other).await;
    assert_eq!(db.store().agent_get(least.id, None).await.unwrap(), Some(changed));
    // And back, where most of it is absent.
    change(db.store(), least.id, |agent| *agent = least.clone()).await;
    assert_eq!(db.store().agent_get(least.id, None).await.unwrap(), Some(least));
    let second = db.store().agent_get(agent_id(2), None).await.unwrap();
    assert_eq!(second, Some(Agent { capabilities: capabilities(&["a:b"]), ..agent(2) }));
}

async fn capabilities_that_stay_come_and_go_become_exactly_those_given<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    for names in [&["a:b", "a:c"][..], &["a:c", "a:d", "a:e"], &["a:d"], &["a:d"], &[], &["a:b"]] {
        change(db.store(), agent_id(1), |agent| agent.capabilities = capabilities(names)).await;
        let read = db.store().agent_get(agent_id(1), None).await.unwrap().unwrap();
        assert_eq!(read.capabilities, capabilities(names));
    }
}

async fn a_change_that_is_dropped_has_never_been<W: World>(db: &W) {
    let before = Agent { capabilities: capabilities(&["a:b"]), ..agent(1) };
    with_agents(db.store(), std::slice::from_ref(&before)).await;
    let mut unit = db.store().begin().await.unwrap();
    unit.agent_lock(agent_id(1), None).await.unwrap().unwrap();
    unit.agent_update(&Agent { revision: 2, ..agent(1) }).await.unwrap();
    drop(unit);
    assert_eq!(db.store().agent_get(agent_id(1), None).await.unwrap(), Some(before));
}

/// Each adds a capability to those that it reads: if one read before another wrote, one would be missing.
async fn of_changes_at_once_none_is_lost<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    let name = |serial| Capability(format!("resume:part-{serial}"));
    twins(db.store(), 12, |store, serial| async move {
        change(&store, agent_id(1), |agent| {
            agent.revision += 1;
            agent.capabilities.insert(name(serial));
        })
        .await;
        true
    })
    .await;
    let read = db.store().agent_get(agent_id(1), None).await.unwrap();
    assert_eq!(read, Some(Agent { revision: 13, capabilities: (1..=12).map(name).collect(), ..agent(1) }));
}

/// Holds an agent, has somebody else ask for it behind the wall of its owner, changes it, and lets go.
async fn change_before_another<W: World>(db: &W, change: impl FnOnce(&mut Agent)) -> Option<Agent> {
    with_agents(db.store(), &[Agent { capabilities: capabilities(&["a:b"]), ..agent(1) }]).await;
    let mut first = db.store().begin().await.unwrap();
    let mut held = first.agent_lock(agent_id(1), None).await.unwrap().unwrap();
    let store = db.store().clone();
    let second = tokio::spawn(async move {
        let mut unit = store.begin().await.unwrap();
        unit.agent_lock(agent_id(1), Some(&agent(1).owner)).await.unwrap()
    });
    db.somebody_waits().await;
    change(&mut held);
    first.agent_update(&held).await.unwrap();
    first.commit().await.unwrap();
    second.await.unwrap()
}

async fn who_waited_for_an_agent_reads_it_as_the_other_left_it<W: World>(db: &W) {
    let left = Agent { revision: 2, capabilities: capabilities(&["a:c"]), ..agent(1) };
    assert_eq!(change_before_another(db, |agent| *agent = left.clone()).await, Some(left));
}

async fn an_agent_that_left_the_wall_meanwhile_is_not_found<W: World>(db: &W) {
    assert_eq!(change_before_another(db, |agent| agent.owner = Owner("hiring".to_owned())).await, None);
}

async fn an_agent_that_is_held_is_changed_by_nobody_else<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1), agent(2)]).await;
    let node = db.node(&PoolSettings { max_connections: 2, ..impatient() }).await.unwrap();
    let touch = async |store: &W::Store| {
        let mut unit = store.begin().await?;
        unit.agent_touch(agent_id(1), time(0)).await?;
        unit.commit().await
    };
    let issue = async |store: &W::Store| {
        let mut unit = store.begin().await?;
        unit.credential_insert(&credential(1, agent_id(1)), &images(1)).await?;
        unit.commit().await
    };
    let mut unit = db.store().begin().await.unwrap();
    unit.agent_lock(agent_id(1), None).await.unwrap().unwrap();
    for fault in [touch(&node).await.unwrap_err(), issue(&node).await.unwrap_err()] {
        assert!(matches!(fault, StoreFault::Unavailable(_)), "{fault:?}");
    }
    assert_eq!(db.store().agent_get(agent_id(1), None).await.unwrap(), Some(agent(1)), "readers do not wait");
    drop(unit);
    touch(db.store()).await.unwrap();
    issue(db.store()).await.unwrap();
    W::close(&node).await;
}

fn admin(serial: u32) -> Agent {
    Agent { capabilities: capabilities(&["agents:read", "idp:admin"]), ..agent(serial) }
}

async fn another_active_agent_with_the_capability_counts_whoever_owns_it<W: World>(db: &W) {
    let idle = AgentStatus::ALL.into_iter().filter(|status| *status != AgentStatus::Active);
    let idle: Vec<_> = (11..).zip(idle).map(|(serial, status)| Agent { status, ..admin(serial) }).collect();
    with_agents(db.store(), &idle).await;
    let other = Agent { capabilities: capabilities(&["idp:admins", "agents:read"]), ..agent(2) };
    with_agents(db.store(), &[admin(1), other]).await;
    let has = async |than| {
        let mut unit = db.store().begin().await.unwrap();
        unit.agent_another_has(agent_id(than), &Capability("idp:admin".to_owned())).await.unwrap()
    };
    assert!(!has(1).await, "it is the only one");
    assert!(has(2).await);
    assert!(has(99).await);
    with_agents(db.store(), &[Agent { owner: Owner("hiring".to_owned()), ..admin(3) }]).await;
    assert!(has(1).await);
}

/// Half of them are stripped of it and half are suspended.
async fn of_agents_that_lose_a_capability_at_once_one_keeps_it<W: World>(db: &W) {
    with_agents(db.store(), &[admin(1), admin(2), admin(3), admin(4), admin(5), admin(6)]).await;
    let lost = twins(db.store(), 6, |store, serial| async move {
        let capability = Capability("idp:admin".to_owned());
        let mut unit = store.begin().await.unwrap();
        if !unit.agent_another_has(agent_id(serial), &capability).await.unwrap() {
            return false;
        }
        let mut agent = unit.agent_lock(agent_id(serial), None).await.unwrap().unwrap();
        if serial % 2 == 0 {
            agent.capabilities.remove(&capability);
        } else {
            agent.status = AgentStatus::Suspended;
        }
        unit.agent_update(&agent).await.unwrap();
        unit.commit().await.unwrap();
        true
    });
    assert_eq!(lost.await, 5);
    let left = AgentFilter {
        status: Some(AgentStatus::Active),
        capability: Some(Capability("idp:admin".to_owned())),
        ..AgentFilter::default()
    };
    assert_eq!(ids(db, &left).await.len(), 1);
}

async fn a_row_with_an_impossible_status_is_told_of_by_table_column_and_id<W: World>(db: &W) {
    with_agents(db.store(), &[agent(1)]).await;
    db.sql_unchecked("agents", "status", "UPDATE agents SET status = 'asleep'").await.unwrap();
    let fault = db.store().agent_get(agent_id(1), None).await.unwrap_err();
    let StoreFault::Corrupt { table, column, id, problem } = &fault else { panic!("{fault:?}") };
    assert_eq!((*table, *column, id), ("agents", "status", &agent_id(1).to_string()));
    assert!(problem.contains("asleep"), "{problem}");
}
