//! What holds for every operation on an agent: the wall of its owner, and the reserved capabilities that it has.

use contract_tests::on_both_databases;
use contract_tests::spec::{Operation, Spec};
use contract_tests::world::Case;
use serde_json::Value;

use crate::operations::{RESERVED, Subjects, changes, fulfilled, reserved_without, taking_a_token};

on_both_databases![
    nothing_of_another_owner_is_there,
    lists_end_at_the_wall,
    nobody_acts_on_an_agent_beyond_what_they_hold,
];

/// An error's body without what differs from request to request.
fn telling(answer: &Value) -> Value {
    let mut answer = answer.clone();
    answer.as_object_mut().map(|members| members.remove("requestId"));
    answer
}

fn nothing_of_another_owner_is_there(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let subjects = Subjects::of(&world, &world.agent("screener-001@example.com", &["resume:read"]));
    let stranger = world.stranger("stranger@example.com", &RESERVED);
    let held = reserved_without(&["idp:admin"]);
    let stranger = stranger.holding(&held);
    let before = subjects.state(&world);
    // Tiles and bundles are of everybody's events together; who may have them is the matrix of authorization's to say.
    let names_something = |operation: &Operation| operation.path.contains('{') && !operation.catches_all;
    let walled: Vec<_> =
        taking_a_token(&spec).into_iter().filter(|(operation, _)| names_something(operation)).collect();
    assert!(walled.len() >= 10, "{} operations name something", walled.len());
    for (operation, _) in &walled {
        let missing = stranger.sends(Subjects::nowhere().request(operation));
        assert_eq!(missing.status(), 404, "{}\n{missing}", operation.id);
        // Neither a version nor anything else that is wrong with the request shows that there is somebody.
        for request in [
            subjects.request(operation),
            subjects.request(operation).header("if-match", "\"other\""),
            subjects.request(operation).header("if-none-match", "*"),
        ] {
            let answer = stranger.sends(request);
            assert_eq!(
                (answer.status(), telling(&answer.json())),
                (404, telling(&missing.json())),
                "{}\n{answer}",
                operation.id
            );
        }
        assert_eq!(subjects.state(&world), before, "{}", operation.id);
    }
    // It is the wall and nothing else: with idp:admin each of them is fulfilled.
    let admin = world.operator().holding(&reserved_without(&[]));
    for (number, (operation, _)) in walled.iter().enumerate() {
        let agent = world.stranger(&format!("screener-{number}@example.com"), &["resume:read"]);
        let answer = admin.sends(Subjects::of(&world, &agent).request(operation));
        assert_eq!(answer.status(), fulfilled(operation), "{}\n{answer}", operation.id);
    }
}

fn lists_end_at_the_wall(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let stranger = world.stranger("stranger@example.com", &RESERVED);
    let stranger = stranger.holding(&reserved_without(&["idp:admin"]));
    let mut lists = 0;
    for (operation, _) in taking_a_token(&spec) {
        if changes(operation) || operation.path.contains('{') {
            continue;
        }
        let queries: &[&str] = match operation.id.as_str() {
            "listAgents" => &["", "?owner=operators", "?q=screener", "?status=active"],
            "listAuditEvents" | "exportAuditEvents" => &["", "?action=agent.registered", "?outcome=success"],
            // Of hashes there is nothing to tell; a proof about one event is no list.
            "getAuditCheckpoint" | "getAuditInclusionProof" | "getAuditConsistencyProof" => continue,
            unknown => panic!("{unknown} is not in the table of lists: add it"),
        };
        lists += 1;
        for query in queries {
            let page = stranger.gets(&format!("{}{query}", operation.path));
            assert_eq!(page.status(), 200, "{page}");
            assert!(
                !page.text().contains(agent.id()) && !page.text().contains("operators"),
                "{query}\n{page}"
            );
        }
    }
    assert_eq!(lists, 3);
}

fn nobody_acts_on_an_agent_beyond_what_they_hold(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    for capability in RESERVED {
        let name = capability.replace(':', "-");
        let agent = world.agent(&format!("{name}@example.com"), &[capability, "resume:read"]);
        let subjects = Subjects::of(&world, &agent);
        let caller = world.operator().holding(&reserved_without(&[capability]));
        let everything = world.operator().holding(&reserved_without(&[]));
        let before = subjects.state(&world);
        let mut acts = 0;
        for (operation, scopes) in taking_a_token(&spec) {
            if !operation.path.contains("{agentId}") || scopes.iter().any(|scope| scope == capability) {
                continue;
            }
            let answer = caller.sends(subjects.request(operation));
            if !changes(operation) {
                assert_eq!(answer.status(), fulfilled(operation), "{}\n{answer}", operation.id);
                continue;
            }
            acts += 1;
            assert_eq!(answer.status(), 403, "{} on {capability}\n{answer}", operation.id);
            let challenge = answer.header("www-authenticate").unwrap_or_default();
            assert!(challenge.contains(&format!("scope=\"{capability}\"")), "{answer}");
            assert_eq!(subjects.state(&world), before, "{} on {capability}", operation.id);
        }
        assert!(acts >= 3, "{acts} acts on {capability}");
        // Whoever holds it may; what archives the agent comes last.
        for id in
            ["updateAgent", "issueCredential", "rotateCredential", "changeAgentStatus", "decommissionAgent"]
        {
            let operation = spec.operations.iter().find(|operation| operation.id == id).expect(id);
            let answer = everything.sends(subjects.request(operation));
            assert_eq!(answer.status(), fulfilled(operation), "{id} on {capability}\n{answer}");
        }
    }
}
