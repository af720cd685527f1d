//! `agentidp doctor`: what is wrong, before anybody else finds out. It changes nothing.

use chrono::TimeDelta;

use super::say;
use crate::app::{self, Failure, OnStore};
use crate::config::{Config, Environment, MasterKeySource, SigningChoice, is_open_to_all};
use crate::crypto::Entropy;
use crate::domain::audit::verify::Finding;
use crate::domain::clocks::{is_too_far, tolerance};
use crate::domain::keys::canary_check;
use crate::store::Store;

/// Collects findings as it prints them.
#[derive(Default)]
struct Findings(usize);

impl Findings {
    fn well(&self, what: &str) {
        say(format_args!("ok     {what}"));
    }

    fn note(&self, what: &str) {
        say(format_args!("note   {what}"));
    }

    fn wrong(&mut self, what: &str) {
        self.0 += 1;
        say(format_args!("WRONG  {what}"));
    }
}

/// Looks at everything that a start depends on.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    let mut findings = Findings::default();
    findings.well(&format!("the settings can be used; the issuer is {}", config.issuer));
    settings(&config, &mut findings);
    match app::connect_to_look(&config).await {
        Err(failure) => findings.wrong(&failure.to_string()),
        Ok(None) => findings.note(
            "there is no database yet; agentidp migrate makes it, and outside production so does the first start",
        ),
        Ok(Some(database)) => {
            findings.well("the database answers");
            match app::replication(&database).await {
                Ok(told) => {
                    told.well.iter().for_each(|what| findings.well(what));
                    told.wrong.iter().for_each(|what| findings.wrong(what));
                }
                Err(failure) => findings.wrong(&failure.to_string()),
            }
            match database.pending_migrations().await {
                Ok(pending) if pending.is_empty() => {
                    findings.well("the tables are up to date");
                    match app::powerful_role(&database).await {
                        Ok(None) => {}
                        Ok(Some(who)) => power(&config, who, &mut findings),
                        Err(failure) => findings.wrong(&failure.to_string()),
                    }
                    app::on_store(&database, Keys { config: &config, findings: &mut findings }).await;
                }
                Ok(pending) => findings.wrong(&Failure::MigrationsPending(pending).to_string()),
                Err(fault) => findings.wrong(&fault.to_string()),
            }
            database.close().await;
        }
    }
    if findings.0 == 0 { Ok(()) } else { Err(Failure::Unwell(findings.0)) }
}

/// Says that whoever serves could also change what the audit log holds.
fn power(config: &Config, who: &str, findings: &mut Findings) {
    let told = format!(
        "the server is {who} in the database, and so can go round what keeps the audit log as it is; let it connect in the \
         role that deploy/postgresql/roles.sql makes for it, see docs/operations/database.md"
    );
    match config.environment {
        Environment::Production => findings.wrong(&told),
        _ => findings.note(&told),
    }
}

/// Says how far this machine's clock is ahead of the database's.
fn clocks(config: &Config, apart: TimeDelta, findings: &mut Findings) {
    let most = tolerance(config.jwks_max_age) / 2;
    if is_too_far(apart, tolerance(config.jwks_max_age)) {
        let side = if apart > TimeDelta::zero() { "ahead of" } else { "behind" };
        findings.wrong(&format!(
            "this machine's clock is {} ms {side} the database's, and {} ms are tolerated (a tenth of \
             AGENTIDP_JWKS_MAX_AGE_SECONDS): synchronise both with NTP",
            apart.abs().num_milliseconds(),
            most.as_millis()
        ));
    } else {
        findings.well(&format!("this machine's clock is within {} ms of the database's", most.as_millis()));
    }
}

fn settings(config: &Config, findings: &mut Findings) {
    for name in Config::unknown_names() {
        findings.wrong(&format!("{name} is not a setting; see agentidp --help"));
    }
    if config.environment != Environment::Production {
        findings.note("AGENTIDP_ENV is not production: settings that are unsafe there are not refused");
    }
    if matches!(config.signing, SigningChoice::Shared(_)) {
        findings
            .note("JWT_ALGORITHM is HS256: whoever verifies a token can also make one, and there is no JWKS");
    }
    if let MasterKeySource::File(path) | MasterKeySource::Made(path) = &config.master_key
        && is_open_to_all(path)
    {
        findings
            .wrong(&format!("{} can be read or changed by everybody; run: chmod o-rwx {0}", path.display()));
    }
    if config.old_master_key.is_some() {
        findings.note("AGENTIDP_OLD_MASTER_KEY is set, which agentidp keys reseal alone needs; take it away");
    }
}

/// How many events that are gone are named.
const MOST_LOST: u32 = 10;

/// Looks at the keys, at who may use them, and at whether the audit log can go on.
struct Keys<'d> {
    config: &'d Config,
    findings: &'d mut Findings,
}

impl OnStore for Keys<'_> {
    type Output = ();

    async fn run<S: Store>(self, store: S) {
        keys(self.config, &store, self.findings).await;
    }
}

async fn keys<S: Store>(config: &Config, store: &S, findings: &mut Findings) {
    let entropy = Entropy::system();
    match store.key_canary_get().await {
        Err(fault) => return findings.wrong(&fault.to_string()),
        Ok(None) => {
            return findings
                .note("the database has never been opened by a server; the first start makes its keys");
        }
        Ok(Some(_)) => {}
    }
    let master = match app::master_key(config, store, &entropy).await {
        Ok(master) => master,
        Err(failure) => return findings.wrong(&failure.to_string()),
    };
    match canary_check(store, &master, &entropy).await {
        Ok(()) => findings.well("the master key is this database's"),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
    match app::outdated_secrets(store, &master).await {
        Ok(0) => {}
        Ok(count) => findings.note(&format!(
            "{count} client secret(s) were last used before the master key was replaced; each is checked slowly once"
        )),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
    match app::clock_offset(store).await {
        // The same machine.
        Ok(None) => {}
        Ok(Some(apart)) => clocks(config, apart, findings),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
    match store.key_list().await {
        Ok(keys) => findings.well(&format!("{} signing key(s)", keys.len())),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
    match store.audit_lost(MOST_LOST).await {
        Ok(lost) if lost.is_empty() => {
            findings.well("every event that waits to be taken into the audit log's tree is there");
        }
        Ok(lost) => lost.into_iter().for_each(|id| findings.wrong(&Finding::Lost { id }.to_string())),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
    match store.bootstrap_get().await {
        Ok(Some(_)) => findings.well("the first operator exists"),
        Ok(None) => findings.note("there is no operator yet; run: agentidp bootstrap"),
        Err(fault) => findings.wrong(&fault.to_string()),
    }
}
