//! Pages of other origins: none may read anything, unless the operator has named their origin.

use contract_tests::actor::{Actor, Answer, Request};
use contract_tests::on_both_databases;
use contract_tests::spec::Spec;
use contract_tests::world::Case;

on_both_databases![
    without_configuration_no_page_may_read_anything,
    a_preflight_of_a_known_origin_is_answered,
    every_path_tells_its_own_methods,
    a_page_of_a_known_origin_may_read_every_answer,
    a_foreign_origin_gets_nothing,
    a_star_is_every_origin,
    an_options_that_is_no_preflight_is_405,
];

const KNOWN: &str = "https://console.example.com";
const CONFIGURED: [(&str, &str); 1] =
    [("AGENTIDP_CORS_ORIGINS", "https://console.example.com, http://localhost:5173")];

fn preflight<'w>(by: &Actor<'w>, path: &str, origin: &str) -> Answer<'w> {
    let request = Request::new("OPTIONS", path)
        .header("origin", origin)
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization,content-type");
    by.sends(request)
}

/// What an answer says of who may read it.
fn said<'a>(answer: &'a Answer<'_>) -> [Option<&'a str>; 3] {
    let names =
        ["access-control-allow-origin", "access-control-expose-headers", "access-control-allow-credentials"];
    names.map(|name| answer.header(name))
}

fn without_configuration_no_page_may_read_anything(case: Case) {
    let world = case.world();
    let refused = preflight(&world.anyone(), "/agents", KNOWN);
    assert_eq!(refused.status(), 405, "{refused}");
    assert_eq!(said(&refused), [None; 3], "{refused}");
    let answer = world.anyone().sends(Request::new("GET", "/.well-known/jwks.json").header("origin", KNOWN));
    assert_eq!((said(&answer), answer.header("vary")), ([None; 3], None), "{answer}");
}

fn a_preflight_of_a_known_origin_is_answered(case: Case) {
    let world = case.world_with(&CONFIGURED);
    preflight(&world.anyone(), "/agents", KNOWN).is_as_recorded();
    let other = preflight(&world.anyone(), "/agents", "http://localhost:5173");
    assert_eq!(other.header("access-control-allow-origin"), Some("http://localhost:5173"), "{other}");
    let unknown = preflight(&world.anyone(), "/nothing", KNOWN);
    assert_eq!(unknown.status(), 404, "{unknown}");
}

fn every_path_tells_its_own_methods(case: Case) {
    let world = case.world_with(&CONFIGURED);
    let spec = Spec::load();
    let id = "01931e2c-0000-7000-8000-000000000000";
    for operation in &spec.operations {
        let path =
            operation.path.replace("{agentId}", id).replace("{credentialId}", id).replace("{eventId}", id);
        let answer = preflight(&world.anyone(), &path, KNOWN);
        assert_eq!(answer.status(), 204, "{path}\n{answer}");
        let told: Vec<&str> =
            answer.header("access-control-allow-methods").unwrap_or_default().split(", ").collect();
        let mut there: Vec<&str> = spec
            .operations
            .iter()
            .filter(|other| other.path == operation.path)
            .flat_map(
                |other| if other.method == "GET" { vec!["GET", "HEAD"] } else { vec![other.method.as_str()] },
            )
            .collect();
        let mut told_sorted = told.clone();
        told_sorted.sort_unstable();
        there.sort_unstable();
        assert_eq!(told_sorted, there, "{path}\n{answer}");
    }
}

fn a_page_of_a_known_origin_may_read_every_answer(case: Case) {
    let world = case.world_with(&CONFIGURED);
    let operator = world.operator().holding("agents:read");
    let exposed = "Audit-Minimum-Index, ETag, Location, RateLimit, RateLimit-Policy, Retry-After, WWW-Authenticate, X-Request-Id";
    for (by, method, path) in [
        (&operator, "GET", "/agents"),
        (&operator, "HEAD", "/agents"),
        (&world.anyone(), "GET", "/agents"),
        (&world.anyone(), "GET", "/nothing"),
        (&world.anyone(), "DELETE", "/agents"),
        (&world.anyone(), "GET", "/health"),
    ] {
        let answer = by.sends(Request::new(method, path).header("origin", KNOWN));
        assert_eq!(said(&answer), [Some(KNOWN), Some(exposed), None], "{method} {path}\n{answer}");
        assert_eq!(answer.header("vary"), Some("Origin"), "{method} {path}\n{answer}");
    }
}

fn a_foreign_origin_gets_nothing(case: Case) {
    let world = case.world_with(&CONFIGURED);
    for origin in [
        "https://elsewhere.example.com",
        "http://console.example.com",
        "https://console.example.com:8443",
        "https://console.example.com.evil.example",
        "HTTPS://CONSOLE.EXAMPLE.COM",
        "null",
        "*",
    ] {
        let refused = preflight(&world.anyone(), "/agents", origin);
        assert_eq!((refused.status(), said(&refused)), (405, [None; 3]), "{origin}\n{refused}");
        let answer = world.anyone().sends(Request::new("GET", "/agents").header("origin", origin));
        assert_eq!((answer.status(), said(&answer)), (401, [None; 3]), "{origin}\n{answer}");
        assert_eq!(answer.header("vary"), Some("Origin"), "caches must tell it from a known one: {answer}");
    }
    let none = world.anyone().gets("/agents");
    assert_eq!((said(&none), none.header("vary")), ([None; 3], Some("Origin")), "{none}");
}

fn a_star_is_every_origin(case: Case) {
    let world = case.world_with(&[("AGENTIDP_CORS_ORIGINS", "*")]);
    let answered = preflight(&world.anyone(), "/oauth2/token", "https://elsewhere.example.com");
    assert_eq!((answered.status(), said(&answered)[0]), (204, Some("*")), "{answered}");
    let none = world.anyone().gets("/agents");
    assert_eq!(said(&none), [None; 3], "nobody asked: {none}");
}

fn an_options_that_is_no_preflight_is_405(case: Case) {
    let world = case.world_with(&CONFIGURED);
    for request in [
        Request::new("OPTIONS", "/agents"),
        Request::new("OPTIONS", "/agents").header("origin", KNOWN),
        Request::new("OPTIONS", "/agents").header("access-control-request-method", "POST"),
    ] {
        let answer = world.anyone().sends(request);
        assert_eq!(answer.status(), 405, "{answer}");
    }
}
