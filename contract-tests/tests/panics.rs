//! A panic in any request: run by `scripts/test` on a binary with fault points (`AGENTIDP_BIN`; `impl/src/fault_points.rs`),
//! beside the contract tests, since nothing else reaches these answers.

use contract_tests::actor::Request;
use contract_tests::on_both_databases;
use contract_tests::operations::{Subjects, is_in_the_shape_of};
use contract_tests::server::FAULT_POINTS;
use contract_tests::spec::Spec;
use contract_tests::world::Case;

on_both_databases![a_panic_is_a_500_in_the_shape_of_the_operation,];

fn a_panic_is_a_500_in_the_shape_of_the_operation(case: Case) {
    let world = case.world_with(&[FAULT_POINTS]);
    let sends = |request: Request| {
        world.server.panics_at("request.begun", "whatever a panic says");
        world.anyone().sends(request).is(500)
    };
    for operation in &Spec::load().operations {
        is_in_the_shape_of(operation, &sends(Subjects::nowhere().any_request(operation)));
    }
    sends(Request::new("GET", "/nothing/here")).says("/code", "INTERNAL_ERROR");
    sends(Request::new("DELETE", "/agents")).says("/code", "INTERNAL_ERROR");
    world.anyone().gets("/health/ready").is(200);
}
