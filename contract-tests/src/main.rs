//! `contract-tests`: the contract tests against any deployment. And what a whole run of this repository's own tests amounts
//! to: `contract-tests coverage` says whether it saw every declared answer, `contract-tests events` whether requests left
//! the audit events that the documentation says.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::{Args, CommandFactory, Parser, Subcommand};
use contract_tests::deployment::{Deployment, causes};
use contract_tests::report::{Report, console::Console, html, junit};
use contract_tests::run::{self, Authority, Selection};
use contract_tests::server::Credentials;
use contract_tests::spec::{Spec, repository};
use contract_tests::world::in_seconds;
use contract_tests::{actor, coverage, events, scenarios};

/// Everything is as it should be.
const GOOD: u8 = 0;
/// Something is not.
const BAD: u8 = 1;
/// It cannot be said: the run could not begin, or was interrupted.
const UNKNOWN: u8 = 2;

/// Checks a deployment of AgentIdP against its specification, and reports every operation and status: passed, failed or
/// not reached, and why. What the run makes there (agents under contract-tests-….invalid) it decommissions again.
///
/// Exit status: 0 all is well, 1 something is not, 2 it could not be told.
#[derive(Parser)]
#[command(name = "contract-tests", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    run: Option<RunArguments>,
}

#[derive(Subcommand)]
enum Command {
    /// Compares what a run of this repository's own tests saw with what openapi.yaml declares
    Coverage {
        /// Forget what earlier runs saw instead
        #[arg(long)]
        forget: bool,
    },
    /// Compares the audit events of such a run with docs/audit-events.md
    Events {
        /// Forget which events earlier runs left instead
        #[arg(long)]
        forget: bool,
    },
}

#[derive(Args)]
struct RunArguments {
    /// The deployment's URL, such as https://id.example.com
    #[arg(long, env = "AGENTIDP_TEST_BASE_URL", value_name = "URL")]
    base_url: String,
    /// The client id of an agent that may register others: with every reserved capability all can be tested, with
    /// agents:write most
    #[arg(long, env = "AGENTIDP_TEST_CLIENT_ID", value_name = "ID")]
    client_id: String,
    /// Its client secret, or - to read it from standard input; better given in the environment than in a command line
    #[arg(long, env = "AGENTIDP_TEST_CLIENT_SECRET", hide_env_values = true, value_name = "SECRET")]
    client_secret: String,
    /// Only these: operation ids, tags or names of scenarios, with * for anything; may be repeated or separated by commas
    #[arg(long, value_name = "PATTERN", value_delimiter = ',')]
    only: Vec<String>,
    /// Where report.html and junit.xml are written
    #[arg(long, value_name = "DIR", default_value = "contract-report")]
    report: PathBuf,
    /// The specification that counts, instead of the one that the deployment publishes
    #[arg(long, value_name = "FILE")]
    spec: Option<PathBuf>,
    /// A PEM file with the certificates to trust, instead of the system's
    #[arg(long, value_name = "FILE")]
    ca_certificate: Option<PathBuf>,
    /// How long an answer may take, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=600))]
    timeout_seconds: u64,
    /// Come up against the rate limits too; other clients at this address may be refused for a while
    #[arg(long)]
    provoke_limits: bool,
    /// Plain lines, also on a terminal
    #[arg(long)]
    plain: bool,
    /// List the scenarios and what they reach instead of doing them
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let status = match (arguments.command, arguments.run) {
        (Some(Command::Coverage { forget: false }), _) => told(covered()),
        (Some(Command::Coverage { forget: true }), _) => told(forget(&coverage::folder())),
        (Some(Command::Events { forget: false }), _) => told(left()),
        (Some(Command::Events { forget: true }), _) => told(forget(&events::folder())),
        (None, Some(run)) => check(&run).unwrap_or_else(|fault| {
            complain(&fault);
            UNKNOWN
        }),
        (None, None) => {
            let _ = Arguments::command().print_help();
            UNKNOWN
        }
    };
    ExitCode::from(status)
}

#[allow(clippy::print_stderr, reason = "a command speaks to the terminal")]
fn complain(text: &str) {
    eprintln!("contract-tests: {text}");
}

/// Checks a deployment.
fn check(arguments: &RunArguments) -> Result<u8, String> {
    let began = in_seconds(0);
    let started = Instant::now();
    let base = base_of(&arguments.base_url)?;
    let client = client_of(arguments, &base)?;
    let published = published(&client, &base)?;
    let authority = match &arguments.spec {
        Some(file) => Authority::of_file(&file.display().to_string(), &read(file)?)?,
        None => Authority::of_deployment((published.0, &published.1)),
    };
    let (name, mut findings) = <(String, Vec<String>)>::from(&authority);

    let operator = Credentials {
        client_id: arguments.client_id.clone(),
        client_secret: secret_of(&arguments.client_secret)?,
    };
    let interrupted = Arc::new(AtomicBool::new(false));
    let mut site = Deployment::new(&base, authority.spec, client, operator, interrupted.clone());
    let scenarios = scenarios::all(&site.spec, arguments.provoke_limits);
    let selection = Selection::new(&arguments.only);
    let idle = selection.idle(&scenarios, &site.spec);
    if !idle.is_empty() {
        return Err(format!(
            "--only {}: there is no such operation, tag or scenario; --list shows them",
            idle.join(",")
        ));
    }
    let mut console = Console::new(arguments.plain);
    if arguments.list {
        for scenario in scenarios.iter().filter(|scenario| selection.has(scenario, &site.spec)) {
            let reaches: Vec<String> =
                scenario.reaches.iter().map(|(operation, status)| format!("{operation} {status}")).collect();
            console.says(&format!("{}\n    {}", scenario.name, reaches.join(", ")));
        }
        return Ok(GOOD);
    }
    fs::create_dir_all(&arguments.report)
        .map_err(|error| format!("{}: {error}", arguments.report.display()))?;
    watch_for_the_end(interrupted, site.run.clone());
    site.enters()?;
    console.says(&format!("AgentIdP contract tests, run {}, at {base}", site.run));
    console.says(&format!("judged by {name}"));
    console.says(&format!("the client {}", holdings(&site)));
    for finding in &findings {
        console.says(&format!("FOUND    {finding}"));
    }
    console.says("");

    let mut outcomes = run::run(&site, &scenarios, &selection, &mut console);
    let (cleanup, outcome) = run::clean_up(&site, &mut console);
    outcomes.push(outcome);
    findings.extend(cleanup.left.iter().map(|left| format!("left behind: {left}")));

    let report = Report::new(
        &site,
        (name, findings),
        began,
        started.elapsed(),
        &scenarios,
        &selection,
        outcomes,
        cleanup.ended,
    );
    let xml = junit::document(&report).map_err(|error| format!("junit.xml: {error}"))?;
    write(&arguments.report.join("junit.xml"), &xml)?;
    write(&arguments.report.join("report.html"), &html::page(&report))?;
    console.tells(&report);
    console.says(&format!("the report is in {}", arguments.report.join("report.html").display()));
    Ok(if report.interrupted {
        UNKNOWN
    } else if report.is_good() {
        GOOD
    } else {
        BAD
    })
}

/// What the client may do, for people.
fn holdings(site: &Deployment) -> String {
    let held: Vec<&str> = site.held().iter().map(String::as_str).collect();
    match held.as_slice() {
        [] => "has none of the reserved capabilities: little can be tested".to_owned(),
        held => format!("has {}", held.join(", ")),
    }
}

fn base_of(url: &str) -> Result<String, String> {
    let base = url.trim_end_matches('/');
    if base.starts_with("https://") || base.starts_with("http://") {
        Ok(base.to_owned())
    } else {
        Err(format!("--base-url {url}: it begins with https:// or http://"))
    }
}

fn client_of(arguments: &RunArguments, base: &str) -> Result<actor::Client, String> {
    let certificate = match &arguments.ca_certificate {
        Some(file) => Some((file.display().to_string(), read(file)?)),
        None => None,
    };
    actor::client_of(base, Duration::from_secs(arguments.timeout_seconds), certificate)
}

/// What the deployment answers at `/openapi.yaml`.
fn published(client: &actor::Client, base: &str) -> Result<(u16, String), String> {
    let answer = client.get(format!("{base}/openapi.yaml")).send().and_then(|answer| {
        let status = answer.status().as_u16();
        answer.bytes().map(|body| (status, String::from_utf8_lossy(&body).into_owned()))
    });
    answer.map_err(|error| {
        let advice = if error.is_timeout() {
            "it took too long; --timeout-seconds allows more"
        } else if causes(&error).to_lowercase().contains("certificate") {
            "its certificate is not trusted; --ca-certificate names the file of an authority of your own"
        } else {
            "check --base-url, and that the deployment runs and can be reached from here"
        };
        format!("{base} gives no answer: {}\n{advice}", causes(&error))
    })
}

/// The secret, from the standard input if it is to be read there.
fn secret_of(argument: &str) -> Result<String, String> {
    if argument != "-" {
        return Ok(argument.to_owned());
    }
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).map_err(|error| format!("the standard input: {error}"))?;
    match text.trim() {
        "" => Err("--client-secret -: there is nothing on the standard input".to_owned()),
        secret => Ok(secret.to_owned()),
    }
}

fn read(file: &Path) -> Result<String, String> {
    fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

fn write(file: &Path, text: &str) -> Result<(), String> {
    fs::write(file, text).map_err(|error| format!("{}: {error}", file.display()))
}

/// On Ctrl-C and on SIGTERM the run ends and cleans up; the second time it ends at once.
fn watch_for_the_end(interrupted: Arc<AtomicBool>, run: String) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else {
            return;
        };
        runtime.block_on(async {
            loop {
                wanted().await;
                if interrupted.swap(true, Ordering::Relaxed) {
                    complain(&format!(
                        "ended at once: agents whose address begins with contract-tests-{run}- may be left behind"
                    ));
                    std::process::exit(i32::from(UNKNOWN));
                }
                complain("ending the run and what it made; once more ends at once and leaves things behind");
            }
        });
    });
}

/// Waits until somebody wants the run to end.
async fn wanted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

/// A sentence, or what is wrong.
type Judged = Result<String, Vec<String>>;

fn told(judged: Judged) -> u8 {
    match judged {
        Ok(done) => {
            Console::new(true).says(&done);
            GOOD
        }
        Err(faults) => {
            faults.iter().for_each(|fault| complain(fault));
            BAD
        }
    }
}

fn forget(folder: &Path) -> Judged {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(vec![format!("{}: {error}", folder.display())])
        }
        _ => Ok("forgotten".to_owned()),
    }
}

fn unread(folder: &Path, error: &std::io::Error) -> Vec<String> {
    vec![format!("{}: {error}; run the contract tests first", folder.display())]
}

fn covered() -> Judged {
    let folder = coverage::folder();
    let noted = coverage::noted(&folder).map_err(|error| unread(&folder, &error))?;
    let listed = fs::read_to_string(coverage::list()).unwrap_or_default();
    let declared = coverage::declared(&Spec::load());
    let faults = coverage::compare(&declared, &noted, &listed);
    let done = format!("{} declared answers, all accounted for on both databases", declared.len());
    faults.is_empty().then_some(done).ok_or(faults)
}

fn left() -> Judged {
    let folder = events::folder();
    let noted = events::noted(&folder).map_err(|error| unread(&folder, &error))?;
    let document = events::document();
    let text =
        fs::read_to_string(&document).map_err(|error| vec![format!("{}: {error}", document.display())])?;
    let (tables, mut faults) = events::Tables::parse(&text);
    faults.extend(events::compare(&tables, &noted));
    faults.extend(events::missing_tests(&tables, &repository()));
    let done =
        format!("{} rows of docs/audit-events.md, all as they happened on both databases", tables.rows());
    faults.is_empty().then_some(done).ok_or(faults)
}
