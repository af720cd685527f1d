//! The harness itself: each of its rules is seen to fail on a made-up answer.

use std::collections::{BTreeMap, BTreeSet};

use contract_tests::check::{Exchange, check};
use contract_tests::coverage::{compare, declared};
use contract_tests::run::{Authority, BUILT_IN, Selection};
use contract_tests::spec::Spec;
use contract_tests::{recording, scenarios, secret, spec::Target};

const DOCUMENT: &str = r"
openapi: 3.0.3
x-door-responses:
  '404': { $ref: '#/components/responses/Unknown' }
  '405': { $ref: '#/components/responses/Method' }
  '431': { $ref: '#/components/responses/Unknown' }
x-response-headers:
  X-Request-Id: { $ref: '#/components/headers/RequestId' }
  Strict-Transport-Security: { $ref: '#/components/headers/Sts' }
paths:
  /things:
    get:
      operationId: listThings
      responses:
        '200':
          content:
            application/json:
              schema: { $ref: '#/components/schemas/Thing' }
        '304': { description: nothing }
        '503':
          headers:
            Retry-After: { $ref: '#/components/headers/RetryAfter' }
          content:
            text/plain:
              schema: { type: string, maxLength: 5 }
    post:
      operationId: makeThing
      responses:
        '201':
          description: nothing
  /things/{id}:
    get:
      operationId: getThing
      responses:
        '200': { description: nothing }
  /things/best:
    put:
      operationId: putBestThing
      responses:
        '200': { description: nothing }
components:
  headers:
    RequestId:
      required: true
      schema: { type: string, pattern: '^[a-z]+$' }
    Sts:
      required: false
      schema: { type: string }
    RetryAfter:
      required: true
      schema: { type: integer, minimum: 1 }
  responses:
    Unknown:
      content:
        application/json:
          schema: { $ref: '#/components/schemas/Free' }
    Method:
      headers:
        Allow:
          required: true
          schema: { type: string }
      content:
        application/json:
          schema: { $ref: '#/components/schemas/Free' }
  schemas:
    Free:
      type: object
      additionalProperties: true
    Kind:
      type: string
      nullable: true
      enum: [good]
    Thing:
      type: object
      required: [id]
      properties:
        id: { type: string, format: uuid }
        kind: { $ref: '#/components/schemas/Kind' }
        count: { type: integer, format: int32 }
        at: { type: string, format: date-time }
        more: { $ref: '#/components/schemas/Free' }
";

fn spec() -> Spec {
    Spec::parse(DOCUMENT)
}

/// A good answer to `GET /things`.
fn things(body: &str) -> Exchange {
    answer("GET", "/things", 200).with("content-type", "application/json").saying(body)
}

fn answer(method: &str, target: &str, status: u16) -> Exchange {
    Exchange {
        method: method.to_owned(),
        target: target.to_owned(),
        status,
        headers: vec![("x-request-id".to_owned(), "abc".to_owned())],
        ..Exchange::default()
    }
}

trait Building {
    fn with(self, name: &str, value: &str) -> Self;
    fn without(self, name: &str) -> Self;
    fn saying(self, body: &str) -> Self;
}

impl Building for Exchange {
    fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }
    fn without(mut self, name: &str) -> Self {
        self.headers.retain(|(key, _)| key != name);
        self
    }
    fn saying(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }
}

#[track_caller]
fn accepted(exchange: &Exchange, reached: Option<(&str, u16)>) {
    let reached = reached.map(|(operation, status)| (operation.to_owned(), status));
    let verdict = check(&spec(), exchange);
    assert_eq!((verdict.reached, verdict.faults), (reached, Vec::new()));
}

#[track_caller]
fn refused(exchange: &Exchange, fault: &str) {
    let faults = check(&spec(), exchange).faults;
    assert!(
        faults.len() == 1 && faults.iter().any(|found| found.contains(fault)),
        "{faults:#?} should be one fault with «{fault}»"
    );
}

const ID: &str = "01931e2c-7d5a-7c3e-9a51-0b1c2d3e4f50";

#[test]
fn a_declared_answer_is_accepted() {
    let body = format!(
        r#"{{"id":"{ID}","kind":null,"count":7,"at":"2026-11-12T09:30:00.000Z","more":{{"x":[1]}}}}"#
    );
    accepted(&things(&body), Some(("listThings", 200)));
    accepted(&answer("GET", "/things?limit=3", 304), Some(("listThings", 304)));
    let unavailable = answer("GET", "/things", 503).with("content-type", "text/plain; charset=UTF-8");
    accepted(&unavailable.with("retry-after", "1").saying("later"), Some(("listThings", 503)));
}

#[test]
fn what_the_protocol_brings_along_needs_no_declaration() {
    let exchange = things(&format!(r#"{{"id":"{ID}"}}"#));
    accepted(
        &exchange
            .with("date", "now")
            .with("content-length", "1")
            .with("connection", "close")
            .with("vary", "x"),
        Some(("listThings", 200)),
    );
}

#[test]
fn an_undeclared_status_is_refused() {
    let verdict = check(&spec(), &answer("GET", "/things", 201));
    assert_eq!(verdict.faults, ["listThings does not declare the status 201"]);
    assert_eq!(verdict.reached, None);
    refused(&answer("GET", "/elsewhere", 200), "door does not declare the status 200");
}

#[test]
fn a_known_operation_does_not_answer_as_if_it_were_unknown() {
    refused(&answer("GET", "/things", 404), "listThings does not declare the status 404");
    refused(&answer("GET", "/things", 405), "listThings does not declare the status 405");
}

#[test]
fn what_comes_before_an_operation_is_the_doors() {
    let exchange = answer("GET", "/things", 431).with("content-type", "application/json").saying("{}");
    accepted(&exchange, Some(("door", 431)));
}

#[test]
fn an_unknown_path_is_404_and_an_unknown_method_405_with_the_methods_there_are() {
    let json = |exchange: Exchange| exchange.with("content-type", "application/json").saying("{}");
    accepted(&json(answer("GET", "/elsewhere", 404)), Some(("door", 404)));
    accepted(&json(answer("DELETE", "/things", 405)).with("allow", "POST, GET,HEAD"), Some(("door", 405)));
    refused(&json(answer("DELETE", "/things", 405)).with("allow", "GET, POST"), "allow names");
    refused(&json(answer("DELETE", "/things", 404)), "does not declare the status 404");
    refused(&json(answer("GET", "/elsewhere", 405)).with("allow", "GET"), "does not declare the status 405");
}

#[test]
fn a_missing_wrong_or_repeated_header_is_refused() {
    let exchange = things(&format!(r#"{{"id":"{ID}"}}"#));
    refused(&exchange.clone().without("x-request-id"), "the header x-request-id is missing");
    refused(
        &exchange.clone().without("x-request-id").with("x-request-id", "A1"),
        "the header x-request-id: ",
    );
    refused(&exchange.with("x-request-id", "abc"), "the header x-request-id is there 2 times");
    let unavailable = answer("GET", "/things", 503).with("content-type", "text/plain").saying("later");
    refused(&unavailable.clone(), "the header retry-after is missing");
    refused(&unavailable.clone().with("retry-after", "soon"), "the header retry-after: ");
    refused(&unavailable.with("retry-after", "0"), "the header retry-after: ");
}

#[test]
fn an_undeclared_header_is_refused() {
    refused(&things(&format!(r#"{{"id":"{ID}"}}"#)).with("server", "x"), "the header server is not declared");
}

#[test]
fn a_header_that_may_be_there_may_be_missing() {
    let exchange = things(&format!(r#"{{"id":"{ID}"}}"#));
    accepted(&exchange.with("strict-transport-security", "max-age=1"), Some(("listThings", 200)));
}

#[test]
fn the_requests_id_must_come_back() {
    let mut exchange = things(&format!(r#"{{"id":"{ID}"}}"#));
    exchange.request_id = Some("other".to_owned());
    refused(&exchange, "the request's id other did not come back");
}

#[test]
fn a_wrong_media_type_is_refused() {
    let exchange = things(&format!(r#"{{"id":"{ID}"}}"#)).without("content-type");
    refused(&exchange.clone(), "the body has no media type");
    refused(&exchange.clone().with("content-type", "text/html"), "the media type text/html is not declared");
    refused(&exchange.with("content-type", "application/json; charset=latin1"), "is not utf-8");
}

#[test]
fn a_body_where_none_is_declared_is_refused() {
    refused(&answer("GET", "/things", 304).saying("x"), "there is a body where none is declared");
    refused(
        &answer("GET", "/things", 304).with("content-type", "text/plain"),
        "there is the media type text/plain where no body is declared",
    );
}

#[test]
fn a_body_that_breaks_its_schema_is_refused() {
    refused(&things("{"), "the body is not JSON");
    refused(&things("{}"), "\"id\" is a required property");
    refused(&things(r#"{"id":"7"}"#), "the body at /id");
    refused(&things(&format!(r#"{{"id":"{ID}","kind":"bad"}}"#)), "the body at /kind");
    refused(&things(&format!(r#"{{"id":"{ID}","count":2147483648}}"#)), "the body at /count");
    refused(&things(&format!(r#"{{"id":"{ID}","at":"2026-11-12T09:30:00Z"}}"#)), "the body at /at");
    refused(&things(&format!(r#"{{"id":"{ID}","at":"2026-11-12T09:30:00.000+01:00"}}"#)), "the body at /at");
    let mut exchange = things("");
    exchange.body = vec![b'"', 0xff, b'"'];
    refused(&exchange, "the body is not UTF-8");
    let unavailable =
        answer("GET", "/things", 503).with("content-type", "text/plain").with("retry-after", "1");
    refused(&unavailable.saying("much later"), "is longer than 5 characters");
}

#[test]
fn a_first_line_that_breaks_its_schema_is_refused() {
    let spec = Spec::parse(
        "
        paths:
          /lines:
            get:
              operationId: getLines
              responses:
                '200':
                  x-first-line: { $ref: '#/components/schemas/Beginning' }
                  content:
                    application/x-ndjson:
                      schema: { type: string }
        components:
          schemas:
            Beginning:
              type: object
              required: [size]
              properties:
                size: { type: integer }",
    );
    let faults = |body: &str| {
        let lines = answer("GET", "/lines", 200).without("x-request-id");
        check(&spec, &lines.with("content-type", "application/x-ndjson").saying(body)).faults
    };
    assert_eq!(faults("{\"size\":1}\nwhatever\n"), [""; 0]);
    for body in ["{\"size\":1,\"more\":2}\n", "{}\n{\"size\":1}\n", "size\n", ""] {
        let found = faults(body);
        assert!(found.len() == 1 && found[0].contains("the first line of the body"), "{body}: {found:?}");
    }
}

#[test]
fn an_object_is_closed_unless_it_says_otherwise() {
    refused(&things(&format!(r#"{{"id":"{ID}","other":1}}"#)), "'other' was unexpected");
    accepted(&things(&format!(r#"{{"id":"{ID}","more":{{"other":1}}}}"#)), Some(("listThings", 200)));
}

#[test]
fn head_is_get_without_body_and_reaches_nothing() {
    let exchange = answer("HEAD", "/things", 200).with("content-type", "application/json");
    accepted(&exchange, None);
    refused(&exchange.saying("{}"), "the answer to HEAD has a body");
}

#[test]
fn a_literal_path_wins_over_a_parameter() {
    let spec = spec();
    let id = |method: &str, target: &str| match spec.target(method, target) {
        Target::Operation(operation) => operation.id.clone(),
        Target::OtherMethod(methods) => methods.join(" "),
        Target::UnknownPath => "unknown".to_owned(),
    };
    assert_eq!(id("GET", "/things/7"), "getThing");
    assert_eq!(id("PUT", "/things/best"), "putBestThing");
    assert_eq!(id("GET", "/things/best"), "PUT");
    assert_eq!(id("GET", "/things/"), "unknown");
    assert_eq!(id("GET", "/things/7/8"), "unknown");
    assert_eq!(id("HEAD", "/things"), "listThings");
    assert_eq!(id("DELETE", "/things"), "GET HEAD POST");
}

/// Everything that the made-up document declares was seen on both databases, but for what is in `but`.
fn coverage(but: &[(&str, u16)], listed: &str) -> Vec<String> {
    let declared = declared(&spec());
    let but: BTreeSet<_> = but.iter().map(|(operation, status)| ((*operation).to_owned(), *status)).collect();
    let reached: BTreeSet<_> = declared.difference(&but).cloned().collect();
    let noted = BTreeMap::from([("postgres".to_owned(), reached.clone()), ("sqlite".to_owned(), reached)]);
    compare(&declared, &noted, listed)
}

#[test]
fn coverage_wants_every_declared_answer() {
    assert_eq!(coverage(&[], ""), [""; 0]);
    assert_eq!(
        coverage(&[("getThing", 200)], ""),
        [
            "getThing 200 was not reached on postgres: write a contract test, or list it with a reason",
            "getThing 200 was not reached on sqlite: write a contract test, or list it with a reason",
        ]
    );
    assert_eq!(coverage(&[("getThing", 200)], "# why\n\ngetThing 200 nobody can\n"), [""; 0]);
}

#[test]
fn coverage_wants_the_list_to_be_exact() {
    assert_eq!(
        coverage(&[], "getThing 200 nobody can"),
        [
            "getThing 200 was reached on postgres: take it off the list",
            "getThing 200 was reached on sqlite: take it off the list",
        ]
    );
    assert_eq!(
        coverage(&[], "getThing 418 nobody can"),
        ["getThing 418 is listed but not declared: take it off the list"]
    );
    let unseen = [("getThing", 200)];
    assert_eq!(coverage(&unseen, "getThing 200"), ["getThing 200 is listed without a reason"]);
    assert_eq!(coverage(&unseen, "getThing 200 a\ngetThing 200 b"), ["getThing 200 is listed twice"]);
    assert_eq!(coverage(&[], "getThing ok"), ["«getThing ok» is not: operationId status reason"]);
}

#[test]
fn coverage_wants_both_databases() {
    let declared = declared(&spec());
    let noted = BTreeMap::from([("sqlite".to_owned(), declared.clone())]);
    assert_eq!(compare(&declared, &noted, ""), ["nothing was tested on postgres"]);
}

#[test]
fn the_repositorys_own_specification_is_understood() {
    let spec = Spec::load();
    assert!(spec.operations.len() > 10);
    assert!(spec.everywhere.iter().any(|header| header.name == "X-Request-Id" && header.required));
    assert!(spec.door.contains_key(&404));
}

#[test]
fn a_recording_has_names_for_what_differs_from_run_to_run() {
    let secret = format!("sas_{}_{}_{}", "0".repeat(22), "a".repeat(43), "b".repeat(6));
    let body = format!(
        r#"{{"b":{{"id":"{ID}","clientSecret":"{secret}","exp":7}},"at":"2026-11-12T09:30:00.000Z","a":[],"of":"{ID}"}}"#
    );
    let exchange = things(&body).with("etag", "\"7\"").with("location", &format!("/things/{ID}"));
    let text = recording::redacted(
        format!("{}{secret} eyJh.eyJi.c", recording::answer(&exchange)),
        &[("/things/", "/others/")],
    );
    assert_eq!(
        text,
        r#"GET /things

200
content-type: application/json
etag: [etag]
location: /others/[id 1]

{
  "a": [],
  "at": "[time]",
  "b": {
    "clientSecret": [secret],
    "exp": [numeric date],
    "id": "[id 1]"
  },
  "of": "[id 1]"
}
[secret] [token]"#
    );
}

#[test]
fn whatever_begins_like_a_secret_or_a_token_is_taken_out_of_a_text() {
    let secret = format!("sas_01931e2c7d5b7b0f8e2d3c4b5a697887_{}_ABC123", "x".repeat(43));
    let token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    assert_eq!(secret::in_text(&format!("{secret} and {token}!")), [secret.clone(), token.to_owned()]);
    for (text, expected) in [
        (secret.clone(), "[secret]"),
        (format!("client_secret={}&a=b", secret.replace('_', "%5F")), "client_secret=[secret]&a=b"),
        (secret[..50].to_owned(), "[secret]"),
        (format!("Bearer {token}"), "Bearer [token]"),
        (format!("token={}", token.replace('.', "%2E")), "token=[token]"),
        (token.rsplit_once('.').map(|(cut, _)| format!("{cut}.")).unwrap_or_default(), "[token]"),
        ("the word sas, and eyJ".to_owned(), "the word sas, and eyJ"),
    ] {
        assert_eq!(secret::without(&text), expected, "{text}");
    }
    assert_eq!(secret::telling_part(&secret), "x".repeat(43));
}

#[test]
fn a_selection_fits_operations_tags_and_sentences() {
    let spec = Spec::parse(BUILT_IN);
    let scenarios = scenarios::all(&spec, false);
    let selected = |patterns: &[&str]| {
        let patterns: Vec<String> = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        let selection = Selection::new(&patterns);
        scenarios.iter().filter(|scenario| selection.has(scenario, &spec)).count()
    };
    assert_eq!(selected(&[]), scenarios.len());
    assert_eq!(selected(&["Health"]), 3);
    assert_eq!(selected(&["health", "getJwks"]), 5);
    assert_eq!(selected(&["the deployment says*"]), 2);
    assert_eq!(selected(&["deployment"]), 0);
    let idle = Selection::new(&["Health".to_owned(), "getN*".to_owned(), "get.*".to_owned()]);
    assert_eq!(idle.idle(&scenarios, &spec), ["getN*", "get.*"]);
}

#[test]
fn no_two_scenarios_have_one_name_and_each_reaches_what_is_declared() {
    let spec = Spec::parse(BUILT_IN);
    let declared = declared(&spec);
    let mut names = BTreeSet::new();
    for scenario in scenarios::all(&spec, true) {
        assert!(names.insert(scenario.name.clone()), "two scenarios are called «{}»", scenario.name);
        for reach in &scenario.reaches {
            assert!(declared.contains(reach), "{}: {reach:?} is not declared", scenario.name);
        }
    }
}

#[test]
fn a_specification_that_is_none_is_a_finding_and_no_crash() {
    for (text, finding) in [
        ("nothing: [", "cannot be used"),
        ("paths: {}", "it has no operations"),
        ("paths: { /a: { get: { operationId: 7 } } }", "7 should be a text"),
        (
            "paths: { /a: { get: { operationId: a, responses: { '200': { $ref: '#/b' } } } } }",
            "#/b leads nowhere",
        ),
        (
            "paths: { /a: { get: { operationId: a, responses: { often: {} } } } }",
            "often is not the number of a status",
        ),
    ] {
        let authority = Authority::of_deployment((200, text));
        assert!(authority.findings.iter().any(|found| found.contains(finding)), "{:?}", authority.findings);
        assert!(!authority.spec.operations.is_empty(), "the built-in one takes its place");
    }
    let gone = Authority::of_deployment((404, ""));
    assert!(
        gone.findings.iter().any(|found| found.contains("/openapi.yaml answers 404")),
        "{:?}",
        gone.findings
    );
    let elsewhere = BUILT_IN.replace("http://localhost:3000", "https://id.example.com");
    assert_eq!(Authority::of_deployment((200, &elsewhere)).findings, Vec::<String>::new());
}
