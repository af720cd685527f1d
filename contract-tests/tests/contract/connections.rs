//! Connections that take their time: the server does not.

use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::{Duration, Instant};

use contract_tests::on_both_databases;
use contract_tests::world::{Case, World};

on_both_databases![
    headers_that_trickle_in_are_given_up,
    a_body_that_trickles_in_is_given_up,
    an_idle_connection_keeps_nobody_from_being_served,
    whoever_sends_too_much_is_told_so_and_that_the_connection_ends,
    whoever_is_answered_before_the_body_came_is_told_that_the_connection_ends,
    a_body_that_nobody_read_but_that_is_here_costs_no_connection,
];

/// How long headers may take, and how long a body.
const HEADERS: Duration = Duration::from_secs(10);
const BODY: Duration = Duration::from_secs(3);

/// How much later than that the end may come, on a machine that has more to do.
const LATE: Duration = Duration::from_secs(4);

fn connected(world: &World) -> TcpStream {
    world.is_asked_from_outside();
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, world.server.port)).expect("the server is there");
    stream.set_read_timeout(Some(Duration::from_millis(200))).expect("a time-out can be set");
    stream
}

/// Sends a byte of these each moment until the server ends the connection; answers what it said, and after how long the
/// end came.
fn trickle(mut stream: TcpStream, bytes: &[u8]) -> (String, Duration) {
    let began = Instant::now();
    let mut bytes = bytes.iter();
    let (mut said, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        assert!(began.elapsed() < HEADERS + LATE + LATE, "the connection is still open");
        if let Some(byte) = bytes.next() {
            // Once the other side has closed this fails, which reading will say as well.
            let _ = stream.write_all(&[*byte]);
        }
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => said.extend_from_slice(&buffer[..count]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}"),
        }
    }
    (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
}

#[track_caller]
fn is_within(took: Duration, limit: Duration) {
    assert!(took + Duration::from_millis(500) >= limit, "given up after {took:?} already");
    assert!(took <= limit + LATE, "given up only after {took:?}");
}

fn headers_that_trickle_in_are_given_up(case: Case) {
    let world = case.world();
    let endless = format!("GET /health/live HTTP/1.1\r\nhost: localhost\r\nx-slow: {}", "a".repeat(500));
    let (said, took) = trickle(connected(&world), endless.as_bytes());
    assert!(!said.contains(" 200 "), "{said}");
    is_within(took, HEADERS);
}

fn a_body_that_trickles_in_is_given_up(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:write");
    let mut stream = connected(&world);
    let head = format!(
        "POST /agents HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ncontent-length: 1000\r\n\r\n{{",
        token.token()
    );
    stream.write_all(head.as_bytes()).expect("the head is taken");
    let (said, took) = trickle(stream, &[b' '; 900]);
    assert!(said.starts_with("HTTP/1.1 408 "), "{said}");
    is_within(took, BODY);
}

fn an_idle_connection_keeps_nobody_from_being_served(case: Case) {
    let world = case.world_with(&[("AGENTIDP_CONCURRENT_REQUESTS", "4")]);
    let idle: Vec<TcpStream> = (0..64).map(|_| connected(&world)).collect();
    assert_eq!(world.anyone().gets("/health/ready").status(), 200);
    drop(idle);
}

/// A registration whose body is declared so and comes as these bytes.
fn registration(token: &str, fields: &str) -> String {
    format!(
        "POST /agents HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {token}\r\n\
         content-type: application/json\r\n{fields}\r\n\r\n"
    )
}

/// The answer to the last request of a connection says so, and all of it is read before the connection ends, in order.
#[track_caller]
fn ends_with(world: &World, mut stream: TcpStream, status: u16) {
    stream.set_read_timeout(Some(HEADERS)).expect("a time-out can be set");
    let answer = world.answer_on(&mut stream, "POST", "/agents").is(status);
    assert_eq!(answer.header("connection"), Some("close"), "{answer}");
    let mut rest = Vec::new();
    let count = stream.read_to_end(&mut rest).unwrap_or_else(|error| panic!("{error} after\n{answer}"));
    assert_eq!(count, 0, "{}", String::from_utf8_lossy(&rest));
}

fn whoever_sends_too_much_is_told_so_and_that_the_connection_ends(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:write");
    for size in [64 * 1024 + 1, 8 << 20] {
        let body = vec![b' '; size];
        let mut stream = connected(&world);
        let head = registration(token.token(), &format!("content-length: {size}"));
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.write_all(&body).expect("all of it can be sent, though nobody wants it");
        ends_with(&world, stream, 413);

        let mut stream = connected(&world);
        let head = registration(token.token(), "transfer-encoding: chunked");
        stream.write_all(head.as_bytes()).expect("the head is taken");
        stream.write_all(format!("{size:x}\r\n").as_bytes()).expect("a chunk can begin");
        stream.write_all(&body).expect("all of it can be sent, though nobody wants it");
        ends_with(&world, stream, 413);
    }
}

fn whoever_is_answered_before_the_body_came_is_told_that_the_connection_ends(case: Case) {
    let world = case.world();
    let token = world.operator().holding("agents:write");
    let plain = "content-length: 10\r\ncontent-type: text/plain";
    for (token, fields, status) in [
        ("wrong", "content-length: 10", 401),
        ("wrong", "content-length: 65536", 401),
        ("wrong", "transfer-encoding: chunked", 401),
        ("wrong", "content-length: 10\r\nexpect: 100-continue", 401),
        (token.token(), "content-length: 100000\r\nexpect: 100-continue", 413),
        (token.token(), plain, 415),
    ] {
        let mut stream = connected(&world);
        stream.write_all(registration(token, fields).as_bytes()).expect("the head is taken");
        ends_with(&world, stream, status);
    }
}

fn a_body_that_nobody_read_but_that_is_here_costs_no_connection(case: Case) {
    let world = case.world();
    let mut stream = connected(&world);
    stream.set_read_timeout(Some(HEADERS)).expect("a time-out can be set");
    for size in [2, 1000, 64 * 1024] {
        let mut request = registration("wrong", &format!("content-length: {size}")).into_bytes();
        request.extend(std::iter::repeat_n(b'x', size));
        stream.write_all(&request).expect("the connection is there");
        let answer = world.answer_on(&mut stream, "POST", "/agents").is(401);
        assert_eq!(answer.header("connection"), None, "{answer}");
    }
}
