//! What Prometheus is told, where it is told so.

use contract_tests::actor::Request;
use contract_tests::on_both_databases;
use contract_tests::secret::forged;
use contract_tests::server::free_port;
use contract_tests::world::{Case, World};

on_both_databases![
    what_was_answered_is_counted_by_what_there_is_and_not_by_what_was_asked,
    there_are_no_figures_where_the_api_is,
];

fn figures(address: &str) -> String {
    let answer = reqwest::blocking::get(format!("http://{address}/metrics")).expect("the figures are there");
    let media = answer.headers()["content-type"].to_str().expect("a media type").to_owned();
    assert_eq!(media, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    answer.text().expect("text")
}

/// The value of a figure, 0 where it is not there yet.
fn value(text: &str, figure: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(figure)?.strip_prefix(' '));
    line.map_or(0.0, |value| value.parse().expect("a number"))
}

fn asks_this_and_that(world: &World) -> Vec<String> {
    let agent = world.agent("screener-001@example.com", &["resume:read"]);
    let token = agent.asks_for_a_token(&[]).is(200).text_at("/access_token");
    agent.asks_for_a_token(&[("scope", "resume:delete")]).is(400);
    let guessed = forged(&world.credential_of(&agent), 1);
    world.somebody(agent.id(), &guessed).asks_for_a_token(&[]).is(401);
    for number in 0..20 {
        let request = Request::new("GET", &format!("/agents-of-{number}"));
        world.anyone().sends(request).is(404);
    }
    vec![token, agent.credentials().client_secret.clone(), agent.id().to_owned()]
}

fn what_was_answered_is_counted_by_what_there_is_and_not_by_what_was_asked(case: Case) {
    let address = format!("127.0.0.1:{}", free_port());
    let world = case.world_with(&[("AGENTIDP_METRICS_ADDRESS", &address)]);
    let said = asks_this_and_that(&world);
    let text = figures(&address);
    for (figure, least) in [
        ("agentidp_http_requests_total{operation=\"registerAgent\",status=\"201\"}", 1.0),
        ("agentidp_http_requests_total{operation=\"none\",status=\"404\"}", 20.0),
        ("agentidp_http_request_duration_seconds_count{operation=\"issueToken\"}", 3.0),
        ("agentidp_tokens_issued_total", 1.0),
        ("agentidp_tokens_refused_total{reason=\"scope_beyond_capabilities\"}", 1.0),
        ("agentidp_authentications_failed_total{reason=\"wrong_secret\"}", 1.0),
        ("agentidp_audit_commit_seconds_count", 2.0),
        ("agentidp_client_cache_lookups_total{level=\"memory\",outcome=\"miss\"}", 1.0),
    ] {
        assert!(value(&text, figure) >= least, "{figure} is not {least}\n{text}");
    }
    assert!(value(&text, "agentidp_change_feed_age_seconds") < 4.0, "{text}");
    assert!(text.lines().any(|line| line.starts_with("agentidp_database_connections_limit{")), "{text}");
    for secret in said {
        assert!(!text.contains(&secret), "{secret}");
    }
    assert!(!text.contains("agents-of"), "no label is a caller's to make up\n{text}");
}

fn there_are_no_figures_where_the_api_is(case: Case) {
    let address = format!("127.0.0.1:{}", free_port());
    let world = case.world_with(&[("AGENTIDP_METRICS_ADDRESS", &address)]);
    world.anyone().sends(Request::new("GET", "/metrics")).is(404);
    let elsewhere = reqwest::blocking::get(format!("http://{address}/health")).expect("somebody is there");
    assert_eq!(elsewhere.status(), 404);
}
