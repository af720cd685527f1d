//! What holds for every list: how long a page is, and what a cursor is good for.

use contract_tests::actor::{Actor, encoded};
use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};
use serde_json::json;

use crate::path_of;

on_both_databases![
    a_page_has_twenty_items_unless_more_or_fewer_are_asked_for,
    a_cursor_is_good_for_its_own_list_alone,
];

fn reader(world: &World) -> Actor<'_> {
    world.operator().holding("agents:read agents:write audit:read credentials:write")
}

/// So many more credentials of an agent, of which one may live.
fn issues(world: &World, agent: &Actor<'_>, count: usize) {
    let (issuer, path) = (reader(world), format!("{}/credentials", path_of(agent)));
    for _ in 0..count {
        let issued = issuer.posts(&path, &json!({})).is(201).text_at("/id");
        issuer.deletes(&format!("{path}/{issued}")).is(204);
    }
}

fn a_page_has_twenty_items_unless_more_or_fewer_are_asked_for(case: Case) {
    let world = case.world();
    let agents: Vec<_> =
        (0..21).map(|number| world.agent(&format!("screener-{number:02}@example.com"), &[])).collect();
    issues(&world, &agents[0], 20);
    let credentials = format!("{}/credentials", path_of(&agents[0]));
    for list in ["/agents", &credentials, "/audit/events"] {
        let items = |query: &str| {
            let page = reader(&world).gets(&format!("{list}{query}")).is(200);
            assert!(page.json()["nextCursor"].is_string() || query == "?limit=100", "{page}");
            page.json()["items"].as_array().map_or(0, Vec::len)
        };
        assert_eq!((items(""), items("?limit=20"), items("?limit=19")), (20, 20, 19), "{list}");
        assert!(items("?limit=100") > 20, "{list}");
    }
}

fn a_cursor_is_good_for_its_own_list_alone(case: Case) {
    let world = case.world();
    let agents =
        ["screener-001@example.com", "screener-002@example.com"].map(|email| world.agent(email, &[]));
    let credentials = agents.each_ref().map(|agent| {
        issues(&world, agent, 1);
        format!("{}/credentials?", path_of(agent))
    });
    let lists = [
        "/agents?",
        "/agents?status=active&",
        "/agents?q=screener&",
        &credentials[0],
        &credentials[1],
        "/audit/events?",
        "/audit/events?outcome=success&",
        "/audit/events?action=agent.registered&",
    ];
    let cursors =
        lists.map(|list| reader(&world).gets(&format!("{list}limit=1")).is(200).text_at("/nextCursor"));
    for (of, cursor) in lists.iter().zip(&cursors) {
        for list in lists {
            let answer = reader(&world).gets(&format!("{list}limit=2&cursor={}", encoded(cursor)));
            if list == *of {
                let answer = answer.is(200);
                assert!(answer.json()["items"].as_array().is_some_and(|items| !items.is_empty()), "{answer}");
            } else {
                answer
                    .is(400)
                    .says("/details/violations/0/rule", "cursor")
                    .says("/details/violations/0/path", "cursor");
            }
        }
    }
}
