//! The program for QA, run as it is run: against our own server, against one that is broken on purpose, and against none.

mod proxy;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use contract_tests::coverage::declared;
use contract_tests::on_both_databases;
use contract_tests::run::BUILT_IN;
use contract_tests::secret;
use contract_tests::server::Credentials;
use contract_tests::spec::{Spec, repository};
use contract_tests::world::{Case, World};
use quick_junit::{NonSuccessKind, TestCaseStatus};
use serde_json::json;

use proxy::{Passing, Proxy};

on_both_databases![
    our_own_server_passes,
    every_broken_rule_is_found,
    what_breaks_does_not_give_away_secrets,
    a_server_that_lets_anybody_in_is_found,
    another_specification_is_found_and_named,
    who_may_do_little_tests_little_and_says_so,
    a_limit_is_waited_for_and_met_when_asked_for,
    our_own_limits_are_waited_for_and_each_is_met,
    an_interrupted_run_leaves_nothing_behind,
    a_deployment_with_tls_is_reached,
    a_run_that_cannot_begin_says_what_to_do,
];

/// The program, told what to do.
struct Program {
    command: Command,
    folder: PathBuf,
}

/// What came of a run.
struct Ended {
    status: Option<i32>,
    said: String,
    folder: PathBuf,
}

impl Program {
    /// The program at a URL, as a client, in a folder of its own.
    fn at(world: &World, base: &str, client: &Credentials) -> Self {
        let port = base.rsplit(':').next().unwrap_or_default();
        let folder = repository().join("target/contract-tests/program").join(format!(
            "{}-{}-{port}",
            world.server.database().name(),
            world.server.port
        ));
        let _ = std::fs::remove_dir_all(&folder);
        let mut command = Command::new(env!("CARGO_BIN_EXE_contract-tests"));
        command
            .env_remove("AGENTIDP_TEST_BASE_URL")
            .env_remove("AGENTIDP_TEST_CLIENT_ID")
            .env("AGENTIDP_TEST_CLIENT_SECRET", &client.client_secret)
            .args(["--base-url", base, "--client-id", &client.client_id, "--report"])
            .arg(&folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, folder }
    }

    fn with(mut self, arguments: &[&str]) -> Self {
        self.command.args(arguments);
        self
    }

    fn starts(&mut self) -> Child {
        self.command.spawn().expect("the program can be started")
    }

    fn ends(mut self) -> Ended {
        let output = self.starts().wait_with_output().expect("the program ends");
        let said = [output.stdout, output.stderr].concat();
        Ended {
            status: output.status.code(),
            said: String::from_utf8_lossy(&said).into_owned(),
            folder: self.folder,
        }
    }
}

/// What became of a case in JUnit's report.
#[derive(Debug, PartialEq, Eq)]
enum Became {
    Passed,
    Failed(String),
    Skipped(String),
}

impl Ended {
    #[track_caller]
    fn is(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{}", self.said);
        self
    }

    #[track_caller]
    fn says(self, text: &str) -> Self {
        assert!(self.said.contains(text), "«{text}» should be in\n{}", self.said);
        self
    }

    fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.folder.join(name))
            .unwrap_or_else(|error| panic!("{name}: {error}\n{}", self.said))
    }

    /// The cases of JUnit's report by their names.
    fn cases(&self) -> BTreeMap<String, Became> {
        let report = quick_junit::Report::deserialize_from_str(&self.file("junit.xml"))
            .expect("junit.xml is JUnit's XML");
        let cases = report.test_suites.into_iter().flat_map(|suite| suite.test_cases);
        let text = |text: Option<quick_junit::XmlString>| {
            text.map(|text| text.as_str().to_owned()).unwrap_or_default()
        };
        cases
            .map(|case| {
                let became = match case.status {
                    TestCaseStatus::Success { .. } => Became::Passed,
                    TestCaseStatus::NonSuccess { kind: NonSuccessKind::Failure, message, .. } => {
                        Became::Failed(text(message))
                    }
                    TestCaseStatus::Skipped { message, .. } => Became::Skipped(text(message)),
                    other => panic!("{other:?}"),
                };
                (case.name.as_str().to_owned(), became)
            })
            .collect()
    }

    /// A case failed, and all reports name the rule.
    #[track_caller]
    fn found(&self, case: &str, rule: &str) {
        match self.cases().get(case) {
            Some(Became::Failed(message)) => {
                assert!(message.contains(rule), "{case} should name «{rule}», and says {message}");
            }
            other => panic!("{case} should have failed, and became {other:?}\n{}", self.said),
        }
        assert!(self.said.contains(rule), "the console should name «{rule}»\n{}", self.said);
        let escaped = rule.replace('"', "&quot;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(self.file("report.html").contains(&escaped), "report.html should name «{rule}»");
    }

    /// Nothing that was written has a secret in it.
    #[track_caller]
    fn has_no_secret(&self, known: &[String]) {
        for (name, text) in [
            ("report.html", self.file("report.html")),
            ("junit.xml", self.file("junit.xml")),
            ("the console", self.said.clone()),
        ] {
            assert_eq!(secret::in_text(&text), Vec::<String>::new(), "{name} has secrets");
            assert!(
                !text.contains("sas_") && !text.contains("sas%5F"),
                "{name} has the beginning of a secret"
            );
            assert!(!text.contains("eyJhbGciOi"), "{name} has the beginning of a token");
            assert!(
                !text.contains("Basic QWdl") && !text.contains("Bearer ey"),
                "{name} has an authorization"
            );
            for secret in known {
                let telling = secret::telling_part(secret);
                assert!(!text.contains(telling), "{name} has a secret or a token");
            }
        }
    }
}

/// The credentials of the first operator.
fn operator(world: &World) -> Credentials {
    world.server.operator.clone()
}

/// No agent of a run is anything but archived.
#[track_caller]
fn nothing_is_left(world: &World) {
    let reader = world.operator().holding("agents:read idp:admin");
    let mut query = "/agents?limit=100&q=contract-tests-".to_owned();
    let mut all = 0;
    loop {
        let page = reader.gets(&query).json();
        for agent in page["items"].as_array().into_iter().flatten() {
            assert_eq!(agent["status"], "archived", "{agent}");
            all += 1;
        }
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        query = format!("/agents?limit=100&q=contract-tests-&cursor={cursor}");
    }
    assert!(all > 0, "the run made agents");
}

fn our_own_server_passes(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let proxy = Proxy::breaking(&world.server.base, |_| {});
    let ended = Program::at(&world, &proxy.base, &operator(&world)).ends().is(0);
    let cases = ended.cases();
    for (operation, status) in declared(&Spec::load()) {
        match cases.get(&format!("{operation} {status}")) {
            Some(Became::Passed) => {}
            Some(Became::Skipped(reason)) => {
                assert_ne!(
                    reason, "no scenario",
                    "{operation} {status} needs a scenario, or a reason why not"
                );
            }
            other => panic!("{operation} {status}: {other:?}"),
        }
    }
    assert!(!cases.values().any(|became| matches!(became, Became::Failed(_))), "{cases:?}");
    let passed = cases.values().filter(|became| **became == Became::Passed).count();
    assert!(passed > 200, "{passed} cases passed");
    ended.says(", 0 failed, ").has_no_secret(&seen(&proxy));
    nothing_is_left(&world);
}

/// Every secret and token that went through a proxy.
fn seen(proxy: &Proxy) -> Vec<String> {
    let bodies = proxy.bodies.lock().expect("nobody else has them");
    let seen: Vec<String> = bodies.iter().flat_map(|body| secret::in_text(body)).collect();
    assert!(!seen.is_empty(), "no secret went through the proxy");
    seen
}

fn every_broken_rule_is_found(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let proxy = Proxy::breaking(&world.server.base, |answer: &mut Passing| {
        let html = "text/html".parse().expect("a media type");
        match answer.path.as_str() {
            "/health" => drop(answer.headers.remove("x-content-type-options")),
            "/health/live" => answer.rewrites(|body| body["version"] = json!(7)),
            "/.well-known/jwks.json" => answer.rewrites(|body| body["colour"] = json!("blue")),
            "/.well-known/openid-configuration" => {
                answer.status = axum::http::StatusCode::IM_A_TEAPOT;
            }
            "/openapi.json" => drop(answer.headers.insert("content-type", html)),
            "/api-docs" => answer.cut = true,
            "/health/ready" => answer.silent = true,
            "/agents" if answer.method == "GET" && answer.status == 401 => {
                answer.headers.remove("www-authenticate");
            }
            _ => {}
        }
    });
    let only = [
        "--only",
        "Health,Discovery,documentation",
        "--only",
        "listAgents refuses*",
        "--timeout-seconds",
        "1",
    ];
    let ended = Program::at(&world, &proxy.base, &operator(&world)).with(&only).ends().is(1);
    ended.found("getHealth 200", "the header x-content-type-options is missing");
    ended.found("getLiveness 200", "the body at /version: 7 is not of type \"string\"");
    ended.found("getJwks 200", "('colour' was unexpected)");
    ended.found("getOpenidConfiguration 418", "getOpenidConfiguration does not declare the status 418");
    ended.found("getOpenapiJson 200", "the media type text/html is not declared");
    ended.found("getApiDocs 200", "no answer came: ");
    ended.found("getReadiness 200", "operation timed out");
    ended.found("listAgents 401", "the header www-authenticate is missing");
    let cases = ended.cases();
    assert_eq!(cases.get("getOpenapiYaml 200"), Some(&Became::Passed));
    let left_out = Became::Skipped("--only left it out".to_owned());
    assert_eq!(cases.get("rotateCredential 409"), Some(&left_out));
    let page = ended.file("report.html");
    assert!(page.contains("id=\"f-getHealth-200\"") && page.contains("href=\"#f-getHealth-200\""));
    nothing_is_left(&world);
}

fn what_breaks_does_not_give_away_secrets(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let proxy = Proxy::breaking(&world.server.base, |answer: &mut Passing| {
        let text = String::from_utf8_lossy(&answer.body).into_owned();
        let of_the_specification = answer.path.starts_with("/openapi");
        if let Some(secret) = secret::in_text(&text).first().filter(|_| !of_the_specification) {
            // A secret where nobody expects one: in a member and in a header that are not declared.
            answer.headers.insert("x-debug", secret.parse().expect("a header"));
            answer.rewrites(|body| body["debug"] = json!(format!("it is {secret}")));
        }
    });
    let ended =
        Program::at(&world, &proxy.base, &operator(&world)).with(&["--only", "Agents,Tokens"]).ends().is(1);
    ended.found("registerAgent 201", "the header x-debug is not declared");
    ended.found("issueToken 200", "('debug' was unexpected)");
    let mut known = seen(&proxy);
    known.push(operator(&world).client_secret);
    ended.has_no_secret(&known);
    nothing_is_left(&world);
}

fn a_server_that_lets_anybody_in_is_found(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let proxy = Proxy::breaking(&world.server.base, |answer: &mut Passing| {
        if answer.is("GET", "/agents") && answer.status == 401 {
            answer.status = axum::http::StatusCode::OK;
            answer.headers.remove("www-authenticate");
            answer.body = json!({ "items": [] }).to_string().into();
        }
    });
    let only = ["--only", "listAgents refuses whoever*"];
    let ended = Program::at(&world, &proxy.base, &operator(&world)).with(&only).ends().is(1);
    ended.found("listAgents 401", "no token should be refused with 401");
}

fn another_specification_is_found_and_named(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let proxy = Proxy::breaking(&world.server.base, |answer: &mut Passing| {
        if answer.path == "/openapi.yaml" {
            let text = String::from_utf8_lossy(&answer.body);
            answer.body = text.replace("operationId: getLiveness", "operationId: isAlive").into();
        }
    });
    let only = ["--only", "Health"];
    let ended = Program::at(&world, &proxy.base, &operator(&world)).with(&only).ends().is(1);
    let ended = ended.says("they differ at /paths/~1health~1live/get/operationId");
    assert_eq!(ended.cases().get("getHealth 200"), Some(&Became::Passed));
    let file = ended.folder.join("openapi.yaml");
    std::fs::write(&file, BUILT_IN).expect("the file can be written");
    let file = file.display().to_string();
    let judged =
        Program::at(&world, &world.server.base, &operator(&world)).with(&["--spec", &file]).with(&only);
    judged.ends().is(0).says(&format!("judged by {file}"));

    let none = Proxy::breaking(&world.server.base, |answer: &mut Passing| {
        if answer.path == "/openapi.yaml" {
            answer.body = "nothing: [".into();
        }
    });
    let ended = Program::at(&world, &none.base, &operator(&world)).with(&only).ends().is(1);
    ended.says("judged by the one that the program was built with").says("specification cannot be used");
}

fn who_may_do_little_tests_little_and_says_so(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let reader = world.agent("reader@example.com", &["agents:read"]);
    let ended = Program::at(&world, &world.server.base, reader.credentials()).ends().is(0);
    let cases = ended.cases();
    assert_eq!(
        cases.get("registerAgent 201"),
        Some(&Became::Skipped("the client does not have agents:write".to_owned()))
    );
    assert_eq!(cases.get("listAgents 400"), Some(&Became::Passed));
    assert_eq!(cases.get("getAgent 404"), Some(&Became::Passed));
    assert_eq!(cases.get("getHealth 200"), Some(&Became::Passed));
    let agents = world.operator().holding("agents:read idp:admin").gets("/agents?q=contract-tests-").json();
    assert_eq!(agents["items"], json!([]));
}

/// The specification with a 429 of these operations.
fn with_limits(operations: &[&str]) -> String {
    let mut document: serde_json::Value = serde_norway::from_str(BUILT_IN).expect("it is YAML");
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    for (_, path) in paths {
        for (_, operation) in path.as_object_mut().into_iter().flatten() {
            if operations.iter().any(|id| operation["operationId"] == *id) {
                operation["responses"]["429"] = json!({
                    "description": "too many requests",
                    "headers": { "Retry-After": { "required": true, "schema": { "type": "integer", "minimum": 1 } } },
                    "content": { "application/json": { "schema": { "$ref": "#/components/schemas/Error" } } },
                });
            }
        }
    }
    document.to_string()
}

fn a_limit_is_waited_for_and_met_when_asked_for(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let (registrations, strangers) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let proxy = Proxy::breaking(&world.server.base, move |answer: &mut Passing| {
        let refused = match answer.method.as_str() {
            // The request is repeated with its key, or the first one would have made an agent of the same address.
            "POST" => answer.is("POST", "/agents") && registrations.fetch_add(1, Ordering::Relaxed) == 0,
            _ => {
                answer.is("GET", "/agents")
                    && !answer.proved
                    && strangers.fetch_add(1, Ordering::Relaxed) > 100
            }
        };
        if refused {
            let request_id =
                answer.headers.get("x-request-id").and_then(|id| id.to_str().ok()).unwrap_or_default();
            let told =
                json!({ "code": "RATE_LIMIT_EXCEEDED", "message": "Slowly.", "requestId": request_id });
            answer.body = told.to_string().into();
            answer.status = axum::http::StatusCode::TOO_MANY_REQUESTS;
            for name in ["www-authenticate", "location", "etag", "cache-control"] {
                answer.headers.remove(name);
            }
            answer.headers.insert("retry-after", "1".parse().expect("a header"));
        }
    });
    let only = [
        "--only",
        "a registration that is sent again*,listAgents is refused to whoever*",
        "--provoke-limits",
        "--spec",
    ];
    let mut program = Program::at(&world, &proxy.base, &operator(&world)).with(&only);
    std::fs::create_dir_all(&program.folder).expect("the folder can be made");
    let file = program.folder.join("limits.yaml");
    std::fs::write(&file, with_limits(&["registerAgent", "listAgents"])).expect("the file can be written");
    program.command.arg(&file);
    let ended = program.ends().is(0);
    let cases = ended.cases();
    for name in ["registerAgent 201", "registerAgent 429", "listAgents 429"] {
        assert_eq!(cases.get(name), Some(&Became::Passed), "{name}\n{}", ended.said);
    }
    nothing_is_left(&world);
}

fn our_own_limits_are_waited_for_and_each_is_met(case: Case) {
    let world = case.world_with(&[
        ("AGENTIDP_CLIENT_LIMIT_PER_MINUTE", "3000"),
        ("AGENTIDP_CLIENT_LIMIT_BURST", "20"),
        ("AGENTIDP_ADDRESS_LIMIT_PER_MINUTE", "3000"),
        ("AGENTIDP_ADDRESS_LIMIT_BURST", "50"),
        ("AGENTIDP_HASH_LIMIT_PER_MINUTE", "1200"),
    ]);
    world.is_asked_from_outside();
    let run = |arguments: &[&str]| {
        Program::at(&world, &world.server.base, &operator(&world)).with(arguments).ends().is(0)
    };
    let cases = run(&[]).cases();
    assert!(world.server.log().contains(" status=429 "), "the run came up against no limit");
    let passed = cases.values().filter(|became| **became == Became::Passed).count();
    assert!(passed > 200, "{passed} cases passed");

    let ended = run(&["--provoke-limits", "--only", "*is refused to whoever asks too often"]);
    let cases = ended.cases();
    let limited: Vec<_> = declared(&Spec::load()).into_iter().filter(|(_, status)| *status == 429).collect();
    assert!(limited.len() > 15, "{limited:?}");
    for (operation, status) in limited {
        let became = cases.get(&format!("{operation} {status}"));
        assert_eq!(became, Some(&Became::Passed), "{operation}\n{}", ended.said);
    }
    nothing_is_left(&world);
}

fn an_interrupted_run_leaves_nothing_behind(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let mut program = Program::at(&world, &world.server.base, &operator(&world));
    let mut child = program.starts();
    let mut lines = BufReader::new(child.stdout.take().expect("its output is here")).lines();
    let mut said = String::new();
    for line in lines.by_ref().map_while(Result::ok) {
        said.push_str(&format!("{line}\n"));
        if line.contains("an agent is registered") {
            break;
        }
    }
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.is_ok_and(|status| status.success()), "the program can be interrupted\n{said}");
    for line in lines.map_while(Result::ok) {
        said.push_str(&format!("{line}\n"));
    }
    let mut complained = String::new();
    let errors = child.stderr.take().map(|mut errors| errors.read_to_string(&mut complained));
    assert!(matches!(errors, Some(Ok(_))));
    let status = child.wait().expect("the program ends").code();
    let ended = Ended { status, said: said + &complained, folder: program.folder }.is(2);
    let ended =
        ended.says("ending the run and what it made").says("skipped ").says("the run was interrupted");
    assert!(ended.file("report.html").contains("The run was interrupted"));
    nothing_is_left(&world);
}

fn a_deployment_with_tls_is_reached(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let (proxy, certificate) = Proxy::with_tls(world.server.port);
    let untrusted = Program::at(&world, &proxy.base, &operator(&world)).with(&["--only", "Health"]);
    let untrusted = untrusted.ends().is(2).says("--ca-certificate");
    std::fs::create_dir_all(&untrusted.folder).expect("the folder can be made");
    let file = untrusted.folder.join("authority.pem");
    std::fs::write(&file, certificate).expect("the file can be written");
    let certificate =
        repository().join("target/contract-tests/program").join(format!("{}.pem", world.server.port));
    std::fs::copy(&file, &certificate).expect("the file can be copied");
    let trusted = Program::at(&world, &proxy.base, &operator(&world)).with(&[
        "--only",
        "Health,Tokens",
        "--ca-certificate",
        &certificate.display().to_string(),
    ]);
    trusted.ends().is(0).says(" 0 failed");
}

fn a_run_that_cannot_begin_says_what_to_do(case: Case) {
    let world = case.world();
    world.is_asked_from_outside();
    let run = |base: &str, client: &Credentials, arguments: &[&str]| {
        Program::at(&world, base, client).with(arguments).ends().is(2)
    };
    let operator = operator(&world);
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let nobody = format!("http://{}", nobody.expect("a port is free"));
    run(&nobody, &operator, &[]).says("check --base-url, and that the deployment runs");
    run("ftp://127.0.0.1", &operator, &[]).says("it begins with https:// or http://");
    let wrong = Credentials { client_secret: "wrong".to_owned(), ..operator.clone() };
    run(&world.server.base, &wrong, &[])
        .says("refuses the credentials")
        .says("check --client-id and --client-secret");
    run(&world.server.base, &operator, &["--only", "getNothing,Health"])
        .says("--only getNothing: there is no such");
    run(&world.server.base, &operator, &["--spec", "/nowhere"]).says("/nowhere: ");
    run(&world.server.base, &operator, &["--ca-certificate", "/dev/null"]).says("no PEM certificate");

    // And the secret may come from the standard input.
    let mut program = Program::at(&world, &world.server.base, &operator).with(&[
        "--client-secret",
        "-",
        "--only",
        "Health",
    ]);
    program.command.env_remove("AGENTIDP_TEST_CLIENT_SECRET").stdin(Stdio::piped());
    let mut child = program.starts();
    let mut input = child.stdin.take().expect("its input is here");
    writeln!(input, "{}", operator.client_secret).expect("the secret can be written");
    drop(input);
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
}
