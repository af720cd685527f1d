//! What belongs to no operation, and what reaches none: the specification's shape every time.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use contract_tests::actor::Request;
use contract_tests::spec::{Security, Spec};
use contract_tests::world::{Case, World};
use contract_tests::{on_both_databases, on_postgres};
use serde_json::json;

use crate::new_agent;
use crate::operations::{Subjects, fulfilled, is_in_the_shape_of, reserved_without};

on_both_databases![
    an_unknown_path_is_404,
    a_wrong_method_is_405,
    preflights_are_not_answered,
    every_answer_has_the_headers_of_every_answer,
    browsers_are_told_to_use_tls_when_the_issuer_does,
    the_requests_own_id_comes_back,
    a_bad_id_is_replaced,
    malformed_json_is_refused,
    json_that_is_not_utf_8_is_refused,
    deeply_nested_json_is_refused,
    a_key_that_is_there_twice_is_refused,
    a_query_parameter_that_is_there_twice_is_refused,
    a_query_that_is_not_utf_8_is_refused,
    a_body_of_unknown_length_is_bounded_too,
    headers_that_are_too_large_are_refused,
    every_operation_refuses_headers_that_are_too_large,
    a_target_that_is_too_long_is_refused,
    a_body_that_does_not_come_is_given_up,
    a_form_that_does_not_come_is_given_up,
    every_operation_gives_up_a_body_that_does_not_come,
    a_body_that_no_operation_takes_is_neither_read_nor_waited_for,
    who_is_stopped_while_its_body_arrives_changes_nothing,
    a_connection_that_says_nothing_is_closed,
    http_2_is_not_spoken,
    what_there_is_no_room_for_is_turned_away,
    every_operation_but_health_is_turned_away_when_there_is_no_room,
    two_authorizations_are_none,
    a_token_in_the_query_is_none,
    a_request_of_http_1_0_is_answered,
];

on_postgres![a_slow_database_is_not_taken_for_a_body_that_does_not_come];

fn an_unknown_path_is_404(case: Case) {
    let world = case.world();
    world.anyone().gets("/nothing/here").is_as_recorded();
    for path in [
        "/",
        "/agents/",
        "/Agents",
        "/agents/a/b",
        "/oauth2",
        "/api-docs/",
        "/api-docs/../openapi.yaml",
        "/%ff",
    ] {
        let answer = world.raw("GET", path, format!("GET {path} HTTP/1.1\r\nhost: a\r\n\r\n").as_bytes());
        assert_eq!(answer.status(), 404, "{path}\n{answer}");
    }
    let posted = world.anyone().posts("/nothing/here", &json!({}));
    assert_eq!(posted.status(), 404, "{posted}");
}

fn a_wrong_method_is_405(case: Case) {
    let world = case.world();
    world.anyone().sends(Request::new("DELETE", "/agents")).is_as_recorded();
    for (method, path) in [
        ("GET", "/oauth2/token"),
        ("HEAD", "/oauth2/token"),
        ("PUT", "/oauth2/introspect"),
        ("POST", "/health"),
        ("POST", "/.well-known/jwks.json"),
        ("POST", "/agents/01931e2c-0000-7000-8000-000000000000"),
        ("DELETE", "/agents/01931e2c-0000-7000-8000-000000000000/status"),
        ("PATCH", "/openapi.yaml"),
        ("TRACE", "/agents"),
        ("BREW", "/agents"),
    ] {
        let answer = world.anyone().sends(Request::new(method, path));
        assert_eq!(answer.status(), 405, "{method} {path}\n{answer}");
    }
}

fn preflights_are_not_answered(case: Case) {
    let world = case.world();
    let preflight = Request::new("OPTIONS", "/agents")
        .header("origin", "https://elsewhere.example.com")
        .header("access-control-request-method", "POST");
    world.anyone().sends(preflight).is_as_recorded();
}

/// The answer with all its headers but those of the protocol.
fn headers_of(world: &World, path: &str) -> String {
    let answer = world.anyone().gets(path);
    let names = [
        "content-security-policy",
        "referrer-policy",
        "strict-transport-security",
        "x-content-type-options",
        "x-frame-options",
    ];
    let lines = names.map(|name| format!("{name}: {}\n", answer.header(name).unwrap_or("-")));
    format!("GET {path}\n\n{}", lines.concat())
}

fn every_answer_has_the_headers_of_every_answer(case: Case) {
    let world = case.world();
    let all: Vec<String> =
        ["/nothing", "/agents", "/health", "/api-docs"].iter().map(|path| headers_of(&world, path)).collect();
    world.is_recorded("", &all.join("\n"));
}

fn browsers_are_told_to_use_tls_when_the_issuer_does(case: Case) {
    let world = case.world_with(&[("JWT_ISSUER", "https://idp.example.com")]);
    let answer = world.anyone().gets("/nothing");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000; includeSubDomains"));
    let metadata = world.anyone().gets("/.well-known/oauth-authorization-server").json();
    assert_eq!(metadata["token_endpoint"], "https://idp.example.com/oauth2/token");
}

fn the_requests_own_id_comes_back(case: Case) {
    let world = case.world();
    for id in ["a", "A-Za-z0-9._-", &"x".repeat(64)] {
        let answer = world.anyone().sends(Request::new("GET", "/agents").header("x-request-id", id));
        assert_eq!(answer.header("x-request-id"), Some(id));
        assert_eq!(answer.json()["requestId"], id, "{answer}");
    }
}

fn a_bad_id_is_replaced(case: Case) {
    let world = case.world();
    for id in ["", "a b", "a/b", "<script>", &"x".repeat(65)] {
        let answer = world.anyone().sends(Request::new("GET", "/agents").header("x-request-id", id));
        let given = answer.header("x-request-id").unwrap_or_default().to_owned();
        assert_ne!(given, id);
        assert_eq!(answer.json()["requestId"], given, "{answer}");
    }
}

fn malformed_json_is_refused(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    operator.sends(Request::new("POST", "/agents").body("application/json", "{\"email\": ")).is_as_recorded();
    let agent = new_agent("screener-001@example.com").to_string();
    for body in [
        "",
        " ",
        "null",
        "[]",
        "7",
        "\"{}\"",
        "{'a': 1}",
        "{\"a\": NaN}",
        &format!("{agent} {agent}"),
        &format!("\u{feff}{agent}"),
    ] {
        let answer = operator.sends(Request::new("POST", "/agents").body("application/json", body));
        assert_eq!(answer.status(), 400, "{body}\n{answer}");
        assert_eq!(answer.json()["code"], "VALIDATION_ERROR", "{answer}");
    }
}

fn json_that_is_not_utf_8_is_refused(case: Case) {
    let world = case.world();
    let body = [b"{\"email\": \"".as_slice(), &[0xff, 0xfe], b"\"}"].concat();
    let operator = world.operator().holding("agents:write");
    operator.sends(Request::new("POST", "/agents").body("application/json", body)).is_as_recorded();
}

fn deeply_nested_json_is_refused(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let deep = format!("{{\"metadata\": {{\"a\": {}{}}}}}", "[".repeat(30_000), "]".repeat(30_000));
    operator.sends(Request::new("POST", "/agents").body("application/json", deep)).is_as_recorded();
}

fn a_key_that_is_there_twice_is_refused(case: Case) {
    let world = case.world();
    let operator = world.operator().holding("agents:write");
    let agent = new_agent("screener-001@example.com").to_string();
    let twice = agent.replacen('{', "{\"email\": \"other@example.com\", ", 1);
    operator.sends(Request::new("POST", "/agents").body("application/json", twice)).is_as_recorded();
    let nested = agent.replacen('{', "{\"metadata\": {\"a\": {\"b\": 1, \"b\": 2}}, ", 1);
    let answer = operator.sends(Request::new("POST", "/agents").body("application/json", nested));
    assert_eq!(answer.status(), 400, "{answer}");
}

fn a_query_parameter_that_is_there_twice_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("agents:read").gets("/agents?limit=1&limit=2").is_as_recorded();
}

fn a_query_that_is_not_utf_8_is_refused(case: Case) {
    let world = case.world();
    world.operator().holding("agents:read").gets("/agents?q=%ff%fe").is_as_recorded();
}

fn a_body_of_unknown_length_is_bounded_too(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:write").token().to_owned();
    let head = format!(
        "POST /agents HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n"
    );
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    let bytes = format!("{head}{}0\r\n\r\n", chunk.repeat(5));
    let answer = world.raw("POST", "/agents", bytes.as_bytes());
    assert_eq!(answer.status(), 413, "{answer}");
}

fn headers_that_are_too_large_are_refused(case: Case) {
    let world = case.world();
    let large = Request::new("GET", "/health").header("x-large", &"x".repeat(32 * 1024));
    world.anyone().sends(large).is_as_recorded();
    let large = Request::new("POST", "/oauth2/token").header("x-large", &"x".repeat(32 * 1024));
    world.anyone().sends(large.form(&[("grant_type", "client_credentials")])).is_recorded_as("oauth");
}

fn every_operation_refuses_headers_that_are_too_large(case: Case) {
    let world = case.world();
    for operation in &Spec::load().operations {
        let request = Subjects::nowhere().any_request(operation).header("x-large", &"x".repeat(32 * 1024));
        is_in_the_shape_of(operation, &world.anyone().sends(request).is(431));
    }
    for request in [Request::new("GET", "/nothing/here"), Request::new("DELETE", "/agents")] {
        let request = request.header("x-large", &"x".repeat(32 * 1024));
        world.anyone().sends(request).is(431).says("/code", "REQUEST_HEADER_FIELDS_TOO_LARGE");
    }
}

fn a_target_that_is_too_long_is_refused(case: Case) {
    let world = case.world();
    let answer = world.anyone().gets(&format!("/health?{}", "x".repeat(32 * 1024)));
    assert_eq!(answer.status(), 431, "{answer}");
}

/// Sends the head of a request whose body never comes.
fn half_a_request(world: &World, head: &str) -> TcpStream {
    let mut stream =
        TcpStream::connect((Ipv4Addr::LOCALHOST, world.server.port)).expect("the server can be reached");
    stream.write_all(head.as_bytes()).expect("the head can be sent");
    stream
}

/// The head of a token request whose body is said to have a hundred bytes.
const HALF: &str = "POST /oauth2/token HTTP/1.1\r\nhost: a\r\ncontent-type: application/x-www-form-urlencoded\r\n\
                    content-length: 100\r\n\r\ngrant_type=";

fn a_body_that_does_not_come_is_given_up(case: Case) {
    let world = case.world_with(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "1")]);
    let token = world.operator().holding("agents:write").token().to_owned();
    let head = format!(
        "POST /agents HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: application/json\r\n\
         content-length: 100\r\n\r\n{{"
    );
    world.raw("POST", "/agents", head.as_bytes()).is_as_recorded();
}

fn a_slow_database_is_not_taken_for_a_body_that_does_not_come(case: Case) {
    let world = case.world_that_is_cut_off(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "5")]);
    let reader = world.operator().holding("agents:read");
    reader.gets("/agents").is(200);
    world.is_asked_from_outside();
    let head = format!(
        "GET /agents HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n",
        reader.token()
    );
    world.server.between().falls_silent();
    world.raw("GET", "/agents", head.as_bytes()).is(503);
    world.server.between().speaks_again();
}

fn who_is_stopped_while_its_body_arrives_changes_nothing(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let operator = world.operator().holding("agents:read agents:write credentials:write");
    let stop = json!({ "status": "suspended", "reason": "its secret leaked" });
    let mut stopped = 0;
    for operation in &spec.operations {
        if operation.bodies.is_empty() || operation.security == Security::Client {
            continue;
        }
        let named = |name: &str| format!("{name}-{stopped}@example.com");
        let manager = world.agent(&named("manager"), &["agents:write", "credentials:write"]);
        let subjects = Subjects::of(&world, &world.agent(&named("screener"), &["resume:read"]));
        let before = subjects.state(&world);
        let request = subjects.request(operation);
        let (first, rest) = request.content().split_at(1);
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-type: {}\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n",
            operation.method,
            request.target(),
            manager.holding("agents:write credentials:write").token(),
            operation.bodies[0],
            request.content().len()
        );
        let mut stream = half_a_request(&world, &head);
        stream.write_all(first).expect("the body can begin");
        let path = format!("/agents/{}/status", manager.id());
        operator.puts(&path, &stop).is(200);
        stream.write_all(rest).expect("the rest can be sent");
        let answer = world.answer_on(&mut stream, &operation.method, request.target());
        assert_eq!(answer.status(), 401, "{}\n{answer}", operation.id);
        assert_eq!(subjects.state(&world), before, "{}", operation.id);
        stopped += 1;
    }
    assert_eq!(stopped, 5);
    assert_eq!(operator.gets("/agents?q=registered").json()["items"], json!([]));
}

fn a_form_that_does_not_come_is_given_up(case: Case) {
    let world = case.world_with(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "1")]);
    world.raw("POST", "/oauth2/token", HALF.as_bytes()).is_as_recorded();
}

fn every_operation_gives_up_a_body_that_does_not_come(case: Case) {
    let world = case.world_with(&[("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "1")]);
    let spec = Spec::load();
    let subjects = Subjects::of(&world, &world.agent("screener-001@example.com", &["resume:read"]));
    let token = world.operator().holding(&reserved_without(&[])).token().to_owned();
    let before = subjects.state(&world);
    let reading: Vec<_> = spec.operations.iter().filter(|operation| !operation.bodies.is_empty()).collect();
    assert_eq!(reading.len(), 8);
    std::thread::scope(|scope| {
        for operation in reading {
            let (world, subjects, token) = (&world, &subjects, &token);
            scope.spawn(move || {
                let (method, request) = (&operation.method, subjects.any_request(operation));
                let head = format!(
                    "{method} {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\ncontent-type: {}\r\n\
                     content-length: 100\r\n\r\n{{",
                    request.target(),
                    operation.bodies[0]
                );
                let answer = world.raw(method, request.target(), head.as_bytes()).is(408);
                assert_eq!(answer.header("connection"), Some("close"), "{answer}");
                is_in_the_shape_of(operation, &answer);
            });
        }
    });
    assert_eq!(subjects.state(&world), before);
}

fn a_body_that_no_operation_takes_is_neither_read_nor_waited_for(case: Case) {
    let world = case.world();
    let spec = Spec::load();
    let everything = world.operator().holding(&reserved_without(&[]));
    for (number, operation) in spec.operations.iter().enumerate() {
        if !operation.bodies.is_empty() {
            continue;
        }
        let agent = world.agent(&format!("screener-{number}@example.com"), &["resume:read"]);
        let subjects = Subjects::of(&world, &agent);
        let large = || subjects.any_request(operation).bare_body("x".repeat(100 * 1024));
        // An event is in the log a moment after it happened.
        world.eventually(fulfilled(operation), || everything.sends(large()));

        let request = subjects.any_request(operation);
        let head = format!(
            "{} {} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {}\r\ncontent-length: 100\r\n\r\n",
            operation.method,
            request.target(),
            everything.token()
        );
        let began = Instant::now();
        let answer = world.raw(&operation.method, request.target(), head.as_bytes());
        assert_eq!(answer.status(), fulfilled(operation), "{}\n{answer}", operation.id);
        assert_eq!(answer.header("connection"), Some("close"), "{answer}");
        assert!(began.elapsed() < Duration::from_secs(3), "{} waited for a body", operation.id);
    }
}

/// What the server says until it closes the connection.
fn all_that_is_said(mut stream: TcpStream) -> Vec<u8> {
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out can be set");
    let mut said = Vec::new();
    stream.read_to_end(&mut said).expect("the server closes the connection");
    said
}

fn a_connection_that_says_nothing_is_closed(case: Case) {
    let world = case.world();
    assert_eq!(all_that_is_said(half_a_request(&world, "")), b"");
}

fn http_2_is_not_spoken(case: Case) {
    let world = case.world();
    let said = all_that_is_said(half_a_request(&world, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    assert!(said.is_empty() || said.starts_with(b"HTTP/1.1 400 "), "{}", String::from_utf8_lossy(&said));
}

fn what_there_is_no_room_for_is_turned_away(case: Case) {
    let world =
        case.world_with(&[("AGENTIDP_CONCURRENT_REQUESTS", "1"), ("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "30")]);
    let metadata = "/.well-known/oauth-authorization-server";
    // A waiting request may itself come when there is no room, so each time there is another one.
    let mut waiting = Vec::new();
    let answer = world.eventually(503, || {
        waiting.push(half_a_request(&world, HALF));
        world.anyone().gets(metadata)
    });
    answer.is_as_recorded();
    world.operator().asks_for_a_token(&[("scope", "agents:read")]).is_recorded_as("oauth");
    world.anyone().gets("/agents").is_recorded_as("agents");
    let health = world.anyone().gets("/health/live");
    assert_eq!(health.status(), 200, "{health}");
}

fn every_operation_but_health_is_turned_away_when_there_is_no_room(case: Case) {
    let world =
        case.world_with(&[("AGENTIDP_CONCURRENT_REQUESTS", "1"), ("AGENTIDP_REQUEST_TIMEOUT_SECONDS", "30")]);
    let mut waiting = Vec::new();
    let mut turned_away = |request: Request| {
        world.eventually(503, || {
            waiting.push(half_a_request(&world, HALF));
            world.anyone().sends(request.clone())
        })
    };
    for operation in &Spec::load().operations {
        let request = Subjects::nowhere().any_request(operation);
        if operation.tag == "Health" {
            world.anyone().sends(request).is(200);
        } else {
            is_in_the_shape_of(operation, &turned_away(request));
        }
    }
    turned_away(Request::new("GET", "/nothing/here")).says("/code", "SERVICE_UNAVAILABLE");
    turned_away(Request::new("DELETE", "/agents")).says("/code", "SERVICE_UNAVAILABLE");
}

fn two_authorizations_are_none(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:read").token().to_owned();
    let request = Request::new("GET", "/agents").header("authorization", &format!("Bearer {token}"));
    let answer = world.anyone().sends(request.header("authorization", "Bearer other"));
    assert!([400, 401].contains(&answer.status()), "{answer}");
}

fn a_token_in_the_query_is_none(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:read").token().to_owned();
    let answer = world.anyone().gets(&format!("/agents?access_token={token}"));
    assert_eq!(answer.status(), 401, "{answer}");
}

fn a_request_of_http_1_0_is_answered(case: Case) {
    let world = case.world();
    let answer = world.raw("GET", "/health/live", b"GET /health/live HTTP/1.0\r\n\r\n");
    assert_eq!(answer.status(), 200, "{answer}");
}
