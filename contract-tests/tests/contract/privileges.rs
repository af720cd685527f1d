//! The way to PostgreSQL: the roles of `deploy/postgresql/roles.sql`, what each may do and what not, and TLS.

use contract_tests::log::checkpoint_of_all;
use contract_tests::on_postgres;
use contract_tests::server::Server;
use contract_tests::spec::repository;
use contract_tests::world::Case;

use crate::new_agent;

on_postgres![
    a_server_in_the_application_role_does_its_work,
    the_application_role_cannot_touch_what_the_audit_log_holds,
    the_application_role_cannot_alter_anything,
    the_auditor_verifies_the_log_and_reads_nothing_else,
    the_doctor_says_who_could_change_the_audit_log,
    every_table_has_been_thought_of,
    the_database_is_reached_over_tls_and_only_by_the_name_in_its_certificate,
];

/// The roles of one test, which can log in.
pub(super) struct Roles {
    pub(super) application: String,
    auditor: String,
}

impl Roles {
    pub(super) fn of(server: &Server) -> Self {
        let script = repository().join("deploy/postgresql/roles.sql");
        let [application, auditor] = ["application", "auditor"].map(|kind| format!("{kind}_{}", server.port));
        // Twice, as after a later migration.
        for _ in 0..2 {
            server.psql(&[("application", &application), ("auditor", &auditor)], &script);
        }
        server.break_database(&format!("ALTER ROLE {application} LOGIN; ALTER ROLE {auditor} LOGIN"));
        Self { application, auditor }
    }
}

/// Whether the refusal is one for want of a privilege (SQLSTATE 42501).
fn is_forbidden(server: &Server, role: &str, sql: &str) {
    let refused = server.tries_as(role, sql).expect_err(sql);
    assert!(refused.starts_with("42501 "), "{sql}: {refused}");
}

fn a_server_in_the_application_role_does_its_work(case: Case) {
    let world = case.world();
    let roles = Roles::of(&world.server);
    let node = case.node_beside(
        &world,
        &[
            ("DATABASE_URL", &world.server.database_as(&roles.application)),
            ("AGENTIDP_JWKS_MAX_AGE_SECONDS", "1"),
        ],
    );
    world.server.kill();
    let agent = node.operator().registers(&new_agent("screener@example.com"));
    let held = agent.holding("resume:read");
    assert_eq!(agent.asks_about(held.token()).json()["active"], true);
    agent.revokes(held.token()).is(200);
    let writer = node.operator().holding("agents:write credentials:write");
    let path = format!("/agents/{}", agent.id());
    writer.posts(&format!("{path}/credentials"), &serde_json::json!({})).is(201);
    writer
        .puts(
            &format!("{path}/status"),
            &serde_json::json!({"status": "suspended", "reason": "a look at it"}),
        )
        .is(200);
    writer.deletes(&path).is(204);
    let rotated = node.server.run(&["keys", "rotate"]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    // Everything that it did is in the tree, which it integrates itself.
    checkpoint_of_all(&node);
    let log = node.server.log();
    assert!(!log.contains("permission denied"), "{log}");
}

fn the_application_role_cannot_touch_what_the_audit_log_holds(case: Case) {
    let world = case.world();
    let role = Roles::of(&world.server).application;
    for table in ["audit_events", "audit_leaves", "audit_nodes", "audit_keys", "audit_prunes"] {
        for sql in [
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table}"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("DROP TABLE {table}"),
        ] {
            is_forbidden(&world.server, &role, &sql);
        }
    }
    for sql in [
        "UPDATE audit_events SET content = '{}'",
        "UPDATE audit_leaves SET hash = sha256('')",
        "UPDATE audit_nodes SET hash = sha256('')",
        "UPDATE audit_keys SET private_key_sealed = private_key_sealed",
        "DELETE FROM audit_head",
        "DELETE FROM audit_checkpoints",
        "DELETE FROM audit_retention",
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION audit_rows_keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN OLD; END'",
    ] {
        is_forbidden(&world.server, &role, sql);
    }
    // What it may write, the triggers guard.
    for sql in [
        "UPDATE change_head SET rev = rev - 1",
        "UPDATE audit_head SET tree_size = 0",
        "UPDATE audit_head SET tree_size = 0, origin = 'log.example.com/other'",
        "UPDATE audit_head SET root_hash = sha256('')",
        "UPDATE audit_checkpoints SET tree_size = 0",
        "UPDATE audit_retention SET minimum_index = 1, event_id = (SELECT event_id FROM audit_leaves LIMIT 1)",
    ] {
        checkpoint_of_all(&world);
        let refused = world.server.tries_as(&role, sql).expect_err(sql);
        assert!(refused.starts_with("23001 "), "{sql}: {refused}");
    }
}

fn the_application_role_cannot_alter_anything(case: Case) {
    let world = case.world();
    let role = Roles::of(&world.server).application;
    for sql in [
        "CREATE TABLE mine (id integer)",
        "CREATE TEMPORARY TABLE audit_leaves (id integer)",
        "ALTER TABLE agents ADD COLUMN mine integer",
        "CREATE ROLE mine",
        "CREATE FUNCTION mine() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DELETE FROM agents",
        "DELETE FROM credentials",
        "DELETE FROM bootstrap",
        "UPDATE key_canary SET sealed = sealed",
        "UPDATE _sqlx_migrations SET success = false",
        "UPDATE schema_compatibility SET known_from = 1",
    ] {
        is_forbidden(&world.server, &role, sql);
    }
}

fn the_doctor_says_who_could_change_the_audit_log(case: Case) {
    let world = case.world();
    let roles = Roles::of(&world.server);
    let (owner, changes) = (format!("owner_{}", world.server.port), format!("changes_{}", world.server.port));
    world.server.break_database(&format!(
        "CREATE ROLE {owner} LOGIN; CREATE ROLE {changes} LOGIN; \
         GRANT {application} TO {changes}; GRANT {application} TO {owner}; \
         ALTER TABLE audit_events OWNER TO {owner}; GRANT SELECT, INSERT ON audit_events TO {application}; \
         GRANT DELETE ON audit_leaves TO {changes}",
        application = roles.application
    ));
    let doctor = |role: &str, environment: &str| {
        let database = world.server.database_as(role);
        let settings = [
            ("DATABASE_URL", database.as_str()),
            ("AGENTIDP_ENV", environment),
            ("JWT_ISSUER", "https://id.example.com"),
        ];
        let output = world.server.run_with(&settings, &["doctor"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("the tables are up to date"), "{said}");
        said
    };
    let superuser = "agentidp:agentidp";
    for (role, who) in [
        (superuser, "a superuser"),
        (&owner, "the owner of the tables"),
        (&changes, "a role that may change the audit log's tables"),
    ] {
        for (environment, says) in [("test", "note "), ("production", "WRONG")] {
            let said = doctor(role, environment);
            assert!(said.contains(&format!("{says}  the server is {who} in the database")), "{said}");
        }
    }
    let said = doctor(&roles.application, "production");
    assert!(!said.contains("the server is"), "{said}");
}

fn the_auditor_verifies_the_log_and_reads_nothing_else(case: Case) {
    let world = case.world();
    let role = Roles::of(&world.server).auditor;
    checkpoint_of_all(&world);
    let database = world.server.database_as(&role);
    let verified = world.server.run_with(&[("DATABASE_URL", &database)], &["audit", "verify"]);
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    for table in ["agents", "credentials", "signing_keys", "key_canary", "idempotency_keys"] {
        is_forbidden(&world.server, &role, &format!("SELECT * FROM {table}"));
    }
    is_forbidden(&world.server, &role, "INSERT INTO audit_pending SELECT event_id FROM audit_leaves");
    is_forbidden(&world.server, &role, "SELECT audit_erase(1)");
}

fn every_table_has_been_thought_of(case: Case) {
    let world = case.world();
    let role = Roles::of(&world.server).application;
    let forgotten = format!(
        "SELECT count(*) FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') \
         AND NOT relispartition AND NOT has_table_privilege('{role}', c.oid, 'SELECT')"
    );
    assert_eq!(world.server.count(&forgotten), 0, "deploy/postgresql/roles.sql names every table");
    let routines = format!(
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef \
         AND NOT has_function_privilege('{role}', oid, 'EXECUTE')"
    );
    assert_eq!(world.server.count(&routines), 0, "deploy/postgresql/roles.sql names what runs as the owner");
}

fn the_database_is_reached_over_tls_and_only_by_the_name_in_its_certificate(case: Case) {
    let world = case.world_that_crashes(&[]);
    let issued = |name: &str| rcgen::generate_simple_self_signed([name.to_owned()]).expect("a certificate");
    let (own, other) = (issued("localhost"), issued("localhost"));
    for (file, text) in [("server.crt", own.cert.pem()), ("server.key", own.signing_key.serialize_pem())] {
        // PostgreSQL wants the key to be its own and nobody else's to read.
        let copy =
            format!("COPY (SELECT $pem${text}$pem$) TO PROGRAM 'umask 077; sed ''s/\\\\n/\\n/g'' >{file}'");
        world.server.break_database(&copy);
    }
    world.server.break_database("ALTER SYSTEM SET ssl = on");
    world.server.break_database("SELECT pg_reload_conf()");
    let trusted = world.server.keep("trusted.pem", own.cert.pem().as_bytes());
    let untrusted = world.server.keep("untrusted.pem", other.cert.pem().as_bytes());
    let url = |host: &str, root: &std::path::Path| {
        let url = world.server.database_url().replace("127.0.0.1", host).replace(":agentidp@", ":Pr1vate@");
        format!("{url}?sslmode=verify-full&sslrootcert={}", root.display())
    };
    let checks = |url: &str| {
        let output = world.server.run_with(&[("DATABASE_URL", url)], &["migrate", "--check"]);
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (reached, said) = checks(&url("localhost", &trusted));
    assert!(reached, "{said}");
    for url in [url("127.0.0.1", &trusted), url("localhost", &untrusted)] {
        let (reached, said) = checks(&url);
        assert!(!reached && said.contains("certificate") && !said.contains("Pr1vate"), "{said}");
    }
    let node = case.node_beside(&world, &[("DATABASE_URL", &url("localhost", &trusted))]);
    node.operator().registers(&new_agent("screener@example.com"));
    let encrypted = "SELECT count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                     WHERE ssl AND datname = current_database()";
    assert!(world.server.count(encrypted) > 0, "the node's connections are encrypted");
}
