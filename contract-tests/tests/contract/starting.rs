//! The program before it answers anything: what it refuses to start on, what it makes by itself and what not, and what it
//! tells whom.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Output;

use agentidp::config::{Config, SETTINGS};
use contract_tests::actor::{Request, basic};
use contract_tests::ground::{Ground, Running};
use contract_tests::on_both_databases;
use contract_tests::secret::telling_part;
use contract_tests::server::{Credentials, Database};
use contract_tests::spec::repository;
use contract_tests::world::Case;
use serde_json::Value;

on_both_databases![
    production_refuses_unsafe_settings_and_names_each,
    production_makes_neither_tables_nor_an_operator_by_itself,
    processes_that_migrate_at_once_all_succeed_and_do_it_once,
    processes_that_start_on_nothing_at_once_make_one_operator,
    what_the_readme_says_of_production_is_so,
    a_newcomer_needs_no_setting_and_is_told_the_operator_once,
    a_start_that_fails_loses_no_operator,
    a_database_is_opened_with_its_own_master_key_alone,
    an_operator_that_was_locked_out_is_recovered,
    looking_makes_nothing,
    the_help_names_every_setting,
];

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
const OTHER_KEY: &str = "Hx4dHBsaGRgXFhUUExIREA8ODQwLCgkIBwYFBAMCAQA";

/// What production needs beside a database.
const PRODUCTION: &[(&str, &str)] = &[
    ("AGENTIDP_ENV", "production"),
    ("JWT_ISSUER", "https://id.example.com"),
    ("AGENTIDP_MASTER_KEY", KEY),
    ("AGENTIDP_SHUTDOWN_NOTICE_SECONDS", "0"),
];

/// How a command ended, and what it said to the person at the terminal.
fn said(output: &Output) -> (i32, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code().unwrap_or(-1), text(&output.stdout) + &text(&output.stderr))
}

#[track_caller]
fn succeeds(output: &Output) -> String {
    let (code, said) = said(output);
    assert_eq!(code, 0, "{said}");
    said
}

/// The credentials that `bootstrap --json` prints.
fn credentials(output: &Output) -> Credentials {
    succeeds(output);
    let printed: Value = serde_json::from_slice(&output.stdout).expect("JSON and nothing else");
    let text = |name: &str| printed[name].as_str().expect(name).to_owned();
    Credentials { client_id: text("clientId"), client_secret: text("clientSecret") }
}

/// The answer to somebody who asks for a token that manages the registry: its status.
fn asks_for_a_token(server: &Running, shown: &Credentials) -> u16 {
    let form = [("grant_type", "client_credentials"), ("scope", "agents:read agents:write idp:admin")];
    let request = Request::new("POST", "/oauth2/token").header("authorization", &basic(shown)).form(&form);
    server.answers(request).status
}

/// Every line of a log for machines.
fn lines(log: &str) -> Vec<Value> {
    let line = |text: &str| {
        serde_json::from_str(text).unwrap_or_else(|error| panic!("{text} is not a line of JSON: {error}"))
    };
    log.lines().map(line).collect()
}

fn production_refuses_unsafe_settings_and_names_each(case: Case) {
    let ground = case.ground(&[("AGENTIDP_ENV", "production")]);
    let unsafe_settings = [
        ("DATABASE_URL", "postgresql://idp:hunter2@db.example.com/idp"),
        ("JWT_ISSUER", "http://id.example.com"),
        ("JWT_AUDIENCE", "http://id.example.com"),
        ("JWT_ALGORITHM", "HS256"),
        ("JWT_SECRET", "your-256-bit-secret-and-hunter2-behind-it"),
        ("AGENTIDP_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        ("AGENTIDP_ALLOWED_RESOURCES", "http://id.example.com"),
        ("AGENTIDP_CORS_ORIGINS", "*"),
    ];
    for arguments in [&[][..], &["serve"], &["migrate"], &["bootstrap"], &["keys", "list"], &["doctor"]] {
        let (code, told) = said(&ground.run(&unsafe_settings, arguments));
        assert_eq!(code, 2, "{told}");
        for (name, _) in unsafe_settings {
            assert!(told.contains(&format!("\n  {name} ")), "{arguments:?} does not name {name}: {told}");
        }
        assert!(!told.contains("hunter2"), "{told}");
    }
    // What it cannot be without.
    let (code, told) = said(&ground.run(&[("DATABASE_URL", "")], &["serve"]));
    assert_eq!(code, 2, "{told}");
    for name in ["DATABASE_URL", "JWT_ISSUER", "AGENTIDP_MASTER_KEY"] {
        assert!(told.contains(&format!("\n  {name} ")), "{name}: {told}");
    }
    // And what everybody on the machine can read.
    let file = ground.file("master-key");
    fs::write(&file, KEY).expect("a file can be written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("its mode can be set");
    let of_file = [
        ("JWT_ISSUER", "https://id.example.com"),
        ("AGENTIDP_MASTER_KEY_FILE", file.to_str().expect("a path of text")),
    ];
    let (code, told) = said(&ground.run(&of_file, &["serve"]));
    assert!(code == 2 && told.contains("AGENTIDP_MASTER_KEY_FILE names") && !told.contains(KEY), "{told}");
    assert_eq!(ground.files(), ["master-key"], "nothing was made");
    // A group may read it, as of a secret that is handed to a container.
    fs::set_permissions(&file, fs::Permissions::from_mode(0o440)).expect("its mode can be set");
    succeeds(&ground.run(&of_file, &["migrate"]));
    credentials(&ground.run(&of_file, &["bootstrap", "--json"]));
}

fn production_makes_neither_tables_nor_an_operator_by_itself(case: Case) {
    let ground = case.ground(PRODUCTION);
    for arguments in [&["serve"][..], &["bootstrap"], &["keys", "list"]] {
        let (code, told) = said(&ground.run(&[], arguments));
        assert!(code == 1 && told.contains("agentidp migrate"), "{arguments:?}: {told}");
    }
    let check = || said(&ground.run(&[], &["migrate", "--check"]));
    let (code, told) = check();
    assert!(code == 1 && told.contains("pending: 0001_registry"), "{told}");
    assert_eq!(ground.files(), [""; 0], "nothing was made");

    let told = succeeds(&ground.run(&[], &["migrate"]));
    assert!(told.contains("applying: 0001_registry"), "{told}");
    assert_eq!(check(), (0, "the tables are up to date\n".to_owned()));
    let again = ground.run(&[], &["migrate"]);
    assert_eq!((again.status.code(), &again.stdout[..]), (Some(0), &b"the tables are up to date\n"[..]));

    let server = ground.starts(&[]);
    let nobody = Credentials {
        client_id: "01930000-0000-7000-8000-000000000000".to_owned(),
        client_secret: "nothing".to_owned(),
    };
    assert_eq!(asks_for_a_token(&server, &nobody), 401);
    assert!(!server.printed().contains("client secret"), "{}", server.printed());
    let operator = credentials(&ground.run(&[], &["bootstrap", "--json"]));
    assert_eq!(asks_for_a_token(&server, &operator), 200);
    let secure = server.answers(Request::new("GET", "/health/live"));
    assert!(secure.header("strict-transport-security").is_some(), "{:?}", secure.headers);

    // Once, and on demand once more.
    let (code, told) = said(&ground.run(&[], &["bootstrap", "--json"]));
    assert!(code == 1 && told.contains("agentidp bootstrap --recover"), "{told}");
    let recovered = credentials(&ground.run(&[], &["bootstrap", "--recover", "--json"]));
    assert_eq!(recovered.client_id, operator.client_id);
    assert_eq!(asks_for_a_token(&server, &recovered), 200);
    assert_eq!(asks_for_a_token(&server, &operator), 200);

    // Its log is for machines, and has nothing in it that is nobody's business.
    let log = server.log();
    let answered: Vec<Value> = lines(&log).into_iter().filter(|line| line["message"] == "answered").collect();
    assert!(answered.iter().any(|line| line["span"]["operation"] == "issueToken"), "{log}");
    for line in &answered {
        assert!(
            line["timestamp"].is_string() && line["level"] == "INFO" && line["status"].is_u64(),
            "{line}"
        );
    }
    for secret in [&operator, &recovered] {
        assert!(!log.contains(telling_part(&secret.client_secret)) && !log.contains(KEY));
    }
    assert_eq!(server.stops(), Some(0));
}

/// The block of commands below a heading, up to the next one.
fn block(document: &str, heading: &str) -> String {
    let (_, rest) = document.split_once(&format!("\n{heading}\n")).expect("the heading");
    let (_, rest) = rest.split_once("```sh\n").expect("a block of commands");
    rest.split_once("\n```").expect("its end").0.to_owned()
}

/// What becomes of a command that so many processes run at once.
fn at_once(ground: &Ground, processes: usize, arguments: &[&str]) -> Vec<Output> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..processes).map(|_| scope.spawn(|| ground.run(&[], arguments))).collect();
        running.into_iter().map(|one| one.join().expect("it was run")).collect()
    })
}

fn processes_that_migrate_at_once_all_succeed_and_do_it_once(case: Case) {
    let ground = case.ground(PRODUCTION);
    // One that did it a second time would find tables in its way.
    for output in at_once(&ground, 6, &["migrate"]) {
        succeeds(&output);
    }
    assert_eq!(
        said(&ground.run(&[], &["migrate", "--check"])),
        (0, "the tables are up to date\n".to_owned())
    );
}

fn processes_that_start_on_nothing_at_once_make_one_operator(case: Case) {
    let ground = case.ground(&[("AGENTIDP_MASTER_KEY", KEY)]);
    let outputs = at_once(&ground, 6, &["bootstrap", "--json"]);
    let (made, late): (Vec<_>, Vec<_>) = outputs.iter().partition(|output| output.status.success());
    for output in &late {
        let (code, told) = said(output);
        assert!(
            code == 1 && output.stdout.is_empty() && told.contains("bootstrap --recover"),
            "{code}: {told}"
        );
    }
    let [made] = made[..] else { panic!("{} operators were made", made.len()) };
    assert_eq!(asks_for_a_token(&ground.starts(&[]), &credentials(made)), 200);
}

fn what_the_readme_says_of_production_is_so(case: Case) {
    let readme = fs::read_to_string(repository().join("README.md")).expect("README.md");
    let block = block(&readme, "## In production");
    let ground = case.ground(&[]);
    // What is each deployment's own: where its database is, for the owner of the tables and for the server's role.
    let of_readme = block.lines().filter(|line| line.starts_with("export DATABASE_URL="));
    let [owner, application] = of_readme.collect::<Vec<_>>()[..] else { panic!("two URLs in {block}") };
    let of_server = match ground.database() {
        Database::Sqlite => ground.database_url.clone(),
        Database::Postgres => {
            let (_, place) = ground.database_url.rsplit_once('@').expect("the URL of a PostgreSQL");
            format!("postgresql://agentidp_application:PASSWORD@{place}")
        }
    };
    let roles = repository().join("deploy/postgresql/roles.sql").display().to_string();
    let script = block
        .replace(owner, &format!("export DATABASE_URL='{}'", ground.database_url))
        .replace(application, &format!("export DATABASE_URL='{of_server}'"))
        .replace("deploy/postgresql/roles.sql", &roles);
    // A file has no roles.
    let is_for_it = |line: &&str| ground.database() == Database::Postgres || !line.starts_with("psql ");
    let script = script.lines().filter(is_for_it).collect::<Vec<_>>().join("\n");
    let Some(commands) = script.strip_suffix("\nagentidp serve") else { panic!("{block}") };
    let server = ground.starts_by(&format!("{commands}\nexec agentidp serve"));
    // Production takes those that the README has, too.
    for line in [owner, application] {
        let url = line.strip_prefix("export DATABASE_URL=").expect("a value").trim_matches('\'');
        let settings = [PRODUCTION, &[("DATABASE_URL", url)]].concat();
        let find = |name: &str| {
            settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(Config::from_lookup(find).err(), None);
    }
    let printed = server.printed();
    let field = |name: &str| {
        let line = printed.lines().find_map(|line| line.trim().strip_prefix(name));
        line.unwrap_or_else(|| panic!("{name} in {printed}")).trim().to_owned()
    };
    let operator = Credentials { client_id: field("client id"), client_secret: field("client secret") };
    assert_eq!(asks_for_a_token(&server, &operator), 200);
    let metadata = server.answers(Request::new("GET", "/.well-known/oauth-authorization-server"));
    let metadata: Value = serde_json::from_slice(&metadata.body).expect("JSON");
    assert_eq!(metadata["issuer"], "https://id.example.com");
    assert!(!server.log().contains(telling_part(&operator.client_secret)));
    lines(&server.log());
}

/// What a server in development prints of its first operator.
fn greeted(server: &Running) -> Option<Credentials> {
    let printed = server.printed();
    let field = |name: &str| {
        let line = printed.lines().find_map(|line| line.trim().strip_prefix(name));
        line.map(|value| value.trim().to_owned())
    };
    Some(Credentials { client_id: field("client id")?, client_secret: field("client secret")? })
}

fn a_newcomer_needs_no_setting_and_is_told_the_operator_once(case: Case) {
    let ground = case.ground(&[]);
    let server = ground.starts(&[]);
    let operator = greeted(&server).expect("the operator is printed");
    assert_eq!(asks_for_a_token(&server, &operator), 200);
    let log = server.log();
    assert!(!log.contains(telling_part(&operator.client_secret)), "the secret is in the log");
    assert!(log.lines().all(|line| !line.starts_with('{')), "people read it: {log}");
    let mode = |name: &str| fs::metadata(ground.file(name)).expect(name).permissions().mode() & 0o777;
    assert_eq!(mode("agentidp.master-key"), 0o600);
    if ground.database() == Database::Sqlite {
        assert_eq!(mode("agentidp.db"), 0o600);
    }
    assert_eq!(server.stops(), Some(0));
    let again = ground.starts(&[]);
    assert!(greeted(&again).is_none(), "{}", again.printed());
    assert_eq!(asks_for_a_token(&again, &operator), 200);
}

fn a_start_that_fails_loses_no_operator(case: Case) {
    let ground = case.ground(&[]);
    // A folder is no checkpoint, and a URL without a host no Redis: both are found late.
    fs::create_dir(ground.file("folder")).expect("a folder can be made");
    for late in [("AGENTIDP_AUDIT_CHECKPOINT_FILE", "folder"), ("REDIS_URL", "redis://[nowhere")] {
        let (code, told) = said(&ground.run(&[late], &["serve"]));
        assert!(code != 0 && told.contains(late.0), "{told}");
        assert!(!told.contains("client secret"), "{told}");
    }
    let server = ground.starts(&[]);
    let operator = greeted(&server).expect("the operator is made, and printed, now");
    assert_eq!(asks_for_a_token(&server, &operator), 200);
}

fn a_database_is_opened_with_its_own_master_key_alone(case: Case) {
    let ground = case.ground(&[]);
    assert_eq!(ground.starts(&[]).stops(), Some(0));
    let (file, kept) = (ground.file("agentidp.master-key"), ground.file("kept"));
    fs::rename(&file, &kept).expect("the key can be moved");
    let commands = [&["serve"][..], &["bootstrap", "--recover"], &["keys", "rotate"], &["doctor"]];
    for arguments in commands {
        let (code, told) = said(&ground.run(&[], arguments));
        assert!(code == 1 && told.contains("put it back"), "{arguments:?}: {told}");
    }
    assert!(!file.exists(), "no key is made in its place");
    for arguments in commands {
        let (code, told) = said(&ground.run(&[("AGENTIDP_MASTER_KEY", OTHER_KEY)], arguments));
        assert!(code == 1 && told.contains("is not the one that this database was opened with"), "{told}");
        assert!(!told.contains(OTHER_KEY), "{told}");
    }
    let (code, told) = said(&ground.run(&[("AGENTIDP_MASTER_KEY", "c2hvcnQ")], &["serve"]));
    assert!(code == 1 && told.contains("32 bytes"), "{told}");
    fs::rename(&kept, &file).expect("the key can be put back");
    assert_eq!(ground.starts(&[]).stops(), Some(0));
}

/// The runbook: the last administrator locked itself out, and somebody has the database and the master key.
fn an_operator_that_was_locked_out_is_recovered(case: Case) {
    let ground = case.ground(PRODUCTION);
    succeeds(&ground.run(&[], &["migrate"]));
    let (code, told) = said(&ground.run(&[], &["bootstrap", "--recover"]));
    assert!(code == 1 && told.contains("run bootstrap without --recover"), "{told}");
    let first = credentials(&ground.run(&[], &["bootstrap", "--json"]));
    let server = ground.starts(&[]);
    ground.sql("UPDATE agents SET status = 'archived'");
    assert_eq!(asks_for_a_token(&server, &first), 401);
    let output = ground.run(&[], &["bootstrap", "--recover", "--json"]);
    let second = credentials(&output);
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_ne!(first.client_id, second.client_id);
    assert!(lines(&log).iter().any(|line| line["before"] == first.client_id.as_str()), "{log}");
    assert_eq!(asks_for_a_token(&server, &second), 200);
    assert_eq!(asks_for_a_token(&server, &first), 401);
}

fn looking_makes_nothing(case: Case) {
    let ground = case.ground(&[]);
    let (code, told) = said(&ground.run(&[], &["migrate", "--check"]));
    assert!(code == 1 && told.contains("pending: 0001_registry"), "{told}");
    let (code, told) = said(&ground.run(&[], &["doctor"]));
    match ground.database() {
        Database::Sqlite => assert!(code == 0 && told.contains("there is no database yet"), "{told}"),
        Database::Postgres => assert!(code == 1 && told.contains("agentidp migrate"), "{told}"),
    }
    assert_eq!(ground.files(), [""; 0], "nothing was made");
    assert_eq!(ground.starts(&[]).stops(), Some(0));
    let (_, told) = said(&ground.run(&[], &["doctor"]));
    assert!(told.contains("ok     the master key is this database's"), "{told}");
}

fn the_help_names_every_setting(case: Case) {
    let ground = case.ground(&[]);
    let help = succeeds(&ground.run(&[], &["--help"]));
    for setting in SETTINGS {
        assert!(help.contains(setting.name) && help.contains(setting.about), "{}", setting.name);
    }
    let (code, told) = said(&ground.run(&[], &["sevre"]));
    assert!(code == 2 && told.contains("serve"), "{told}");
    let version = succeeds(&ground.run(&[], &["--version"]));
    assert_eq!(version, format!("agentidp {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(ground.files(), [""; 0]);
}
