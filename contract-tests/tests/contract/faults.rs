//! What a caller sees when the server fails: tables are taken away behind its back.

use contract_tests::on_both_databases;
use contract_tests::world::Case;

use crate::new_agent;

on_both_databases![
    a_fault_is_a_500_without_its_cause,
    a_server_that_cannot_know_does_not_say_yes,
    no_token_without_its_event,
];

fn a_fault_is_a_500_without_its_cause(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write audit:read");
    world.server.break_database("ALTER TABLE agent_capabilities RENAME TO gone_capabilities");
    world.server.break_database("ALTER TABLE credentials RENAME TO gone_credentials");
    operator.gets("/agents").is_recorded_as("list");
    operator.gets(&format!("/agents/{}", agent.id())).is_recorded_as("get");
    operator.posts("/agents", &new_agent("screener-002@example.com")).is_recorded_as("register");
    agent.asks_for_a_token(&[]).is_recorded_as("token");
    agent.asks_about("nothing").is_recorded_as("introspect");
    world.server.break_database("ALTER TABLE audit_events RENAME TO gone_events");
    operator.gets("/audit/events").is_recorded_as("audit");
}

fn a_server_that_cannot_know_does_not_say_yes(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let operator = world.operator().holding("agents:read agents:write audit:read");
    world.server.break_database("ALTER TABLE changes RENAME TO gone_changes");
    world.eventually(503, || world.anyone().gets("/health/ready")).is_recorded_as("ready");
    world.anyone().gets("/health").is_recorded_as("health");
    operator.gets("/agents").is_recorded_as("list");
    operator.gets(&format!("/agents/{}", agent.id())).is_recorded_as("get");
    operator.posts("/agents", &new_agent("screener-002@example.com")).is_recorded_as("register");
    operator.gets("/audit/events").is_recorded_as("audit");
    agent.asks_for_a_token(&[]).is_recorded_as("token");
    agent.asks_about("nothing").is_recorded_as("introspect");
    let live = world.anyone().gets("/health/live");
    assert_eq!(live.status(), 200, "{live}");
    world.server.break_database("ALTER TABLE gone_changes RENAME TO changes");
    world.eventually(200, || world.anyone().gets("/health/ready"));
    assert_eq!(agent.asks_for_a_token(&[]).status(), 200);
}

fn no_token_without_its_event(case: Case) {
    let world = case.world();
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    world.server.break_database("ALTER TABLE audit_events RENAME TO gone_events");
    agent.asks_for_a_token(&[]).is_as_recorded();
    let refused = agent.asks_for_a_token(&[("scope", "resume:delete")]);
    assert_eq!(refused.status(), 503, "{refused}");
}
