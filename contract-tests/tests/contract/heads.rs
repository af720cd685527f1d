//! HEAD is answered wherever GET is, with the same status and headers, and no body.

use std::collections::BTreeMap;

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::log::checkpoint_of_all;
use contract_tests::on_both_databases;
use contract_tests::spec::{Operation, Security, Spec};
use contract_tests::world::{Case, World};

use crate::operations::{Subjects, fulfilled, reserved_without};
use crate::path_of;

on_both_databases![a_head_is_answered_as_its_get_is, a_head_is_refused_as_its_get_is,];

/// Headers that differ from one answer to the next, or say how a body is sent.
const OF_EACH_ANSWER: [&str; 5] =
    ["date", "ratelimit", "ratelimit-policy", "transfer-encoding", "x-request-id"];

fn headers(answer: &Answer<'_>) -> BTreeMap<String, String> {
    let lasts = |(name, _): &&(String, String)| !OF_EACH_ANSWER.contains(&name.as_str());
    answer.headers().iter().filter(lasts).cloned().collect()
}

/// Asks for the same by GET and by HEAD, with these headers.
fn are_alike(world: &World, by: &Actor<'_>, target: &str, status: u16, more: &[(&str, &str)]) {
    let ask = |method| {
        let request = Request::new(method, target);
        let request = more.iter().fold(request, |request, (name, value)| request.header(name, value));
        // An event is in the log a moment after it happened, and the place of an export that nobody reads is free as soon.
        world.eventually(status, || by.sends(request.clone()))
    };
    let (mut got, mut headed) = (ask("GET"), ask("HEAD"));
    // The log may have been signed anew between the two; with nothing more to take in it is not.
    if headers(&headed) != headers(&got) {
        checkpoint_of_all(world);
        (got, headed) = (ask("GET"), ask("HEAD"));
    }
    assert_eq!(headers(&headed), headers(&got), "\n{headed}\n{got}");
    assert!(headed.bytes().is_empty(), "{headed}");
}

/// Where a request for an operation goes.
fn target_of(subjects: &Subjects, operation: &Operation) -> String {
    match operation.security {
        Security::Public => operation.path.clone(),
        _ => subjects.request(operation).target().to_owned(),
    }
}

fn read_by_get(spec: &Spec) -> Vec<&Operation> {
    spec.operations.iter().filter(|operation| operation.method == "GET").collect()
}

fn a_head_is_answered_as_its_get_is(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let everything = world.operator().holding(&reserved_without(&[]));
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let subjects = Subjects::of(&world, &agent);
    for operation in read_by_get(&spec) {
        are_alike(&world, &everything, &target_of(&subjects, operation), fulfilled(operation), &[]);
    }
    let tag = everything.gets(&path_of(&agent)).is(200).header("etag").unwrap_or_default().to_owned();
    are_alike(&world, &everything, &path_of(&agent), 304, &[("if-none-match", &tag)]);
}

fn a_head_is_refused_as_its_get_is(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let everything = world.operator().holding(&reserved_without(&[]));
    let nothing = world.operator().holding("self:rotate");
    let nowhere = Subjects::nowhere();
    for operation in read_by_get(&spec) {
        let target = target_of(&nowhere, operation);
        if operation.responses.contains_key(&401) {
            are_alike(&world, &world.anyone(), &target, 401, &[]);
            are_alike(&world, &nothing, &target, 403, &[]);
            are_alike(&world, &everything, &format!("{}?verbose=1", operation.path), 400, &[]);
        }
        if operation.responses.contains_key(&404) && operation.security != Security::Public {
            are_alike(&world, &everything, &target, 404, &[]);
        }
        are_alike(&world, &world.anyone(), &target, 431, &[("x-large", &"x".repeat(32 * 1024))]);
    }
    are_alike(&world, &world.anyone(), "/nothing/here", 404, &[]);
    are_alike(&world, &world.anyone(), "/oauth2/token", 405, &[]);
}
