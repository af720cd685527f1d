//! `agentidp audit`: the log, judged without the server.

mod database;
mod download;
mod export;
mod monitor;
mod remote;

use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::{Args, Subcommand};

use super::say;
use crate::app::{self, Failure, Reopened};
use crate::config::Config;
use crate::crypto::NoteVerifier;
use crate::domain::audit::reopening::Closed;
use crate::domain::audit::verify::{Claims, Finding, Report, Source, verify};
use crate::domain::log::Checkpoint;
use crate::store::StoreFault;

/// How often the progress is shown.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// What can be done with the log.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Verify the log: of the database, of an export, or of a server
    Verify(Verify),
    /// Print the key that verifies the log's checkpoints (C2SP signed-note)
    Key,
    /// Print the log's last signed checkpoint, to be kept elsewhere
    Checkpoint,
    /// Follow a server's log and raise the alarm when it is forked or rolled back
    Monitor(monitor::Monitor),
    /// Download events from a server into a file; goes on where an earlier download stopped
    Export(Box<Download>),
    /// Go on by another name after the database has gone back behind a checkpoint that was kept; no server may run
    Reopen(Reopen),
}

/// By what to tell that the log cannot go on, and how it does.
#[derive(Debug, Args)]
pub(super) struct Reopen {
    /// A checkpoint that was kept, beside that of AGENTIDP_AUDIT_CHECKPOINT_FILE; may be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    /// The name by which the log goes on; by default the one that it has, with the next number
    #[arg(long, value_name = "NAME")]
    origin: Option<String>,
}

/// What to verify, and by what.
#[derive(Debug, Args)]
pub(super) struct Verify {
    /// An export (NDJSON) instead of the database; - is standard input
    #[arg(long, value_name = "FILE", conflicts_with = "log")]
    export: Option<PathBuf>,
    /// A server's log instead of the database: the URL under which its checkpoint is, such as https://id.example.com/audit
    #[arg(long, value_name = "URL")]
    log: Option<String>,
    /// A file with an access token for the server: with idp:admin the events are verified, else their hashes alone
    #[arg(long, value_name = "FILE", requires = "log")]
    token_file: Option<PathBuf>,
    /// The log's key as `agentidp audit key` prints it; of the database by default the one that is kept there
    #[arg(long, value_name = "KEY")]
    key: Option<String>,
    /// A checkpoint that was kept, which the log must continue; may be given several times
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
}

/// What to download, and where to.
#[derive(Debug, Args)]
pub(super) struct Download {
    /// The file; what is whole of an earlier download of the same events stays in it
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The URL under which the log's checkpoint is, such as https://id.example.com/audit
    #[arg(long, value_name = "URL")]
    log: String,
    /// A file with an access token: with idp:admin and without a filter it is the whole log, else the events of one's owner
    #[arg(long, value_name = "FILE")]
    token_file: PathBuf,
    /// Events about this agent alone
    #[arg(long, value_name = "ID")]
    agent_id: Option<String>,
    /// Events that this agent caused alone
    #[arg(long, value_name = "ID")]
    actor_id: Option<String>,
    /// Events of this action alone, such as token.issued
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Events that ended so alone: success, denied or failure
    #[arg(long, value_name = "OUTCOME")]
    outcome: Option<String>,
    /// Events from this time on alone (RFC 3339)
    #[arg(long, value_name = "TIME")]
    from: Option<String>,
    /// Events before this time alone (RFC 3339)
    #[arg(long, value_name = "TIME")]
    to: Option<String>,
}

impl Verify {
    /// Whether the database is not needed, nor any setting.
    fn is_elsewhere(&self) -> bool {
        self.export.is_some() || self.log.is_some()
    }

    /// The key that was given.
    fn verifier(&self) -> Result<Option<NoteVerifier>, Failure> {
        self.key.as_deref().map(key_parse).transpose()
    }

    fn verifier_needed(&self) -> Result<NoteVerifier, Failure> {
        self.verifier()?.ok_or_else(|| {
            Failure::Unverifiable(
                "--key is needed: a log that brings its own key proves nothing. `agentidp audit key` prints it, where the \
                 database is"
                    .to_owned(),
            )
        })
    }

    /// The checkpoints that were kept, if the key has signed them.
    fn kept(&self, verifier: &NoteVerifier) -> Result<Vec<(&'static str, Checkpoint)>, Failure> {
        let read = |path: &PathBuf| Ok(("the kept checkpoint", kept_checkpoint(path, verifier)?));
        self.checkpoint.iter().map(read).collect()
    }
}

impl Command {
    /// Whether the command needs no settings.
    pub(super) fn is_elsewhere(&self) -> bool {
        match self {
            Self::Verify(verify) => verify.is_elsewhere(),
            Self::Monitor(_) | Self::Export(_) => true,
            Self::Key | Self::Checkpoint | Self::Reopen(_) => false,
        }
    }
}

/// Runs a command that needs the database.
pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    let database = match &command {
        Command::Verify(_) => app::connect(&config).await.map_err(unreadable)?,
        _ => app::connect(&config).await?,
    };
    let done = match command {
        Command::Reopen(reopen) => app::on_store(&database, database::Reopening(&config, reopen)).await,
        Command::Verify(verify) => {
            app::on_store(&database, database::Verification(verify)).await.map_err(unreadable)
        }
        Command::Monitor(monitor) => monitor::run(&monitor).await,
        Command::Key => app::on_store(&database, database::Key).await,
        Command::Checkpoint => app::on_store(&database, database::LastCheckpoint).await,
        Command::Export(export) => download::run(&export).await,
    };
    database.close().await;
    done
}

/// Runs a command that needs neither the database nor a setting.
pub(super) async fn run_elsewhere(command: &Command) -> Result<(), Failure> {
    let arguments = match command {
        Command::Verify(arguments) => arguments,
        Command::Monitor(arguments) => return monitor::run(arguments).await,
        Command::Export(export) => return download::run(export).await,
        Command::Key | Command::Checkpoint | Command::Reopen(_) => return Ok(()),
    };
    let verifier = arguments.verifier_needed()?;
    match (&arguments.export, &arguments.log) {
        (Some(path), _) => export::verify(path, &verifier, arguments.kept(&verifier)?).await,
        (None, Some(url)) => {
            let token = arguments.token_file.as_deref().map(read_text).transpose()?;
            remote::verify(url, token, &verifier, arguments.kept(&verifier)?).await
        }
        (None, None) => Ok(()),
    }
}

/// Says how a log goes on by another name.
pub(super) fn say_reopened(reopened: &Reopened) {
    let Reopened { closed: Closed { checkpoint, kept, .. }, origin, verifier, old_file } = reopened;
    say(format_args!(
        "The log {} is closed: its last known checkpoint has {} events, of which the first {kept} at most are here.",
        checkpoint.origin, checkpoint.size
    ));
    if let Some(path) = old_file {
        say(format_args!("Its checkpoint was moved to {}: keep it.", path.display()));
    }
    say(format_args!("It goes on as {origin}, from index {kept} on. Whoever verifies it takes this key:"));
    say(verifier);
}

fn key_parse(text: &str) -> Result<NoteVerifier, Failure> {
    text.parse().map_err(|flaw| Failure::Unverifiable(format!("--key: {flaw}")))
}

/// The checkpoint in a file, if the key has signed it.
fn kept_checkpoint(path: &Path, verifier: &NoteVerifier) -> Result<Checkpoint, Failure> {
    Checkpoint::verify(&read_text(path)?, verifier)
        .map_err(|flaw| Failure::Unverifiable(format!("{}: {flaw}", path.display())))
}

fn read_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure::Unverifiable(format!("{} cannot be read: {error}", path.display())))
}

/// Verifies a source, with its progress on a terminal, and says what came of it, and what else is amiss.
async fn judge<S: Source>(source: &mut S, claims: &Claims, amiss: Vec<Finding>) -> Result<(), Failure>
where
    Failure: From<S::Fault>,
{
    let mut progress = Progress::new(format!("of {} leaves", claims.size));
    let verified = verify(source, claims, |leaves| progress.show(leaves)).await;
    progress.end();
    let mut report = verified?;
    for finding in amiss {
        if !report.tells(&finding) {
            report.find(finding);
        }
    }
    tell(claims, &report)
}

/// What stops a verification. A row that no version of this program wrote was put there, and is told as what is wrong; a
/// database that does not answer says nothing of the log.
fn unreadable(failure: Failure) -> Failure {
    match failure {
        Failure::Store(fault @ StoreFault::Corrupt { .. }) => {
            say(format_args!("WRONG  {fault}; what comes after it was not looked at"));
            Failure::LogBroken(1)
        }
        Failure::Store(fault) => Failure::Unverifiable(fault.to_string()),
        other => other,
    }
}

fn tell(claims: &Claims, report: &Report) -> Result<(), Failure> {
    for finding in &report.findings {
        say(format_args!("WRONG  {finding}"));
    }
    if report.more > 0 {
        say(format_args!("WRONG  and {} more", report.more));
    }
    for (index, closed) in &report.closed {
        let Closed { checkpoint, kept, .. } = closed;
        say(format_args!(
            "note   from index {index} on it goes on from {} by another name; the last known checkpoint of that had {} events, \
             of which the first {kept} at most are here",
            checkpoint.origin, checkpoint.size
        ));
    }
    let Report { leaves, contents, pruned, .. } = report;
    let withheld = leaves.saturating_sub(*contents).saturating_sub(*pruned);
    say(format_args!(
        "{leaves} leaves read: of {contents} the event itself, of {pruned} the hash, as the event's time is over{}",
        match withheld {
            0 => String::new(),
            rest => format!(", of {rest} the hash alone"),
        }
    ));
    if !report.is_whole() {
        return Err(Failure::LogBroken(report.findings.len() as u64 + report.more));
    }
    for (name, checkpoint) in &claims.checkpoints {
        say(format_args!("ok     it continues {name} of {} events", checkpoint.size));
    }
    match withheld {
        0 => say(format_args!("ok     the log of {} events is whole", claims.size)),
        // Whoever reads this must not take the events for verified.
        _ => say(format_args!("ok     the hashes of the log of {} events are whole", claims.size)),
    }
    Ok(())
}

/// How far it is, on a terminal.
struct Progress {
    /// What is read, after its number.
    of: String,
    shown: Option<Instant>,
    live: bool,
}

impl Progress {
    fn new(of: String) -> Self {
        Self { of, shown: None, live: io::stderr().is_terminal() }
    }

    fn show(&mut self, number: u64) {
        if !self.live || self.shown.is_some_and(|shown| shown.elapsed() < SHOWN_EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let _ = write!(io::stderr(), "\r{number} {}", self.of);
    }

    fn end(&self) {
        if self.live {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}
