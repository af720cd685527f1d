//! The commands.

mod audit;
mod bootstrap;
mod doctor;
mod keys;
mod migrate;
mod serve;

use std::fmt::{self, Write as _};
use std::io::IsTerminal as _;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::Failure;
use crate::config::{Config, LogFormat, SETTINGS};

/// An identity provider for AI agents.
#[derive(Debug, Parser)]
#[command(name = "agentidp", version, about, after_long_help = settings_help())]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests (what happens without a command, too)
    Serve,
    /// Bring the database's tables up to date
    Migrate {
        /// Only say what is pending; exit with 1 if anything is
        #[arg(long)]
        check: bool,
    },
    /// Create the first operator and print its credentials, once
    Bootstrap {
        /// Print {"clientId","clientSecret"} and nothing else
        #[arg(long)]
        json: bool,
        /// Issue a new credential to the operator that exists already, or to another one if that cannot be used any more
        #[arg(long)]
        recover: bool,
    },
    /// Keys
    #[command(subcommand)]
    Keys(keys::Command),
    /// The audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Look at settings, database and keys, and say what is wrong
    Doctor,
}

fn settings_help() -> String {
    let mut help = String::from("Settings (environment variables):\n");
    for setting in SETTINGS {
        let _ = write!(
            help,
            "\n  {}\n      {}\n      default: {}\n",
            setting.name, setting.about, setting.default
        );
    }
    help
}

/// A command that did not do what it was asked.
#[derive(Debug)]
pub struct CommandFailure(Failure);

impl CommandFailure {
    /// The exit code: 2 for settings that cannot be used and for a log that could not be judged, else 1.
    pub fn code(&self) -> u8 {
        if matches!(self.0, Failure::Settings(_) | Failure::Unverifiable(_)) { 2 } else { 1 }
    }
}

impl fmt::Display for CommandFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Runs what the arguments say.
///
/// # Errors
/// When it cannot be done; the text is for the person at the terminal.
pub fn run() -> Result<(), CommandFailure> {
    let arguments = Arguments::parse();
    if let Some(Command::Keys(keys::Command::Master)) = arguments.command {
        return keys::master().map_err(CommandFailure);
    }
    if let Some(Command::Audit(command)) = &arguments.command
        && command.is_elsewhere()
    {
        crate::crypto::install();
        let outcome = runtime().and_then(|runtime| runtime.block_on(audit::run_elsewhere(command)));
        return outcome.map_err(CommandFailure);
    }
    let outcome = Config::from_environment().map_err(Failure::Settings).and_then(|config| {
        log_to_standard_error(&config)?;
        crate::crypto::install();
        runtime()?.block_on(async {
            match arguments.command.unwrap_or(Command::Serve) {
                Command::Serve => serve::run(config).await,
                Command::Migrate { check } => migrate::run(config, check).await,
                Command::Bootstrap { json, recover } => bootstrap::run(config, json, recover).await,
                Command::Keys(command) => keys::run(config, command).await,
                Command::Audit(command) => audit::run(config, command).await,
                Command::Doctor => doctor::run(config).await,
            }
        })
    });
    outcome.map_err(CommandFailure)
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::System("the runtime could not be started", error))
}

/// Starts the log. Standard output stays free for what a command was asked for.
fn log_to_standard_error(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|_| {
        Failure::Settings(crate::config::Unusable(vec!["AGENTIDP_LOG is not a tracing filter".to_owned()]))
    })?;
    // What cannot be written is not complained of where it could not be written: that would end the server.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match config.log_format {
        LogFormat::Text => builder.with_target(false).with_ansi(std::io::stderr().is_terminal()).init(),
        LogFormat::Json => builder.json().flatten_event(true).init(),
    }
    std::panic::set_hook(Box::new(|panic| {
        // A formatted message may hold anything, a fixed one cannot.
        let message =
            panic.payload().downcast_ref::<&'static str>().copied().unwrap_or("a formatted message");
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, message, "panicked");
    }));
    for name in Config::unknown_names() {
        tracing::warn!(name, "this variable is not a setting; see agentidp --help");
    }
    Ok(())
}

/// Prints a line that a command was asked for.
#[expect(clippy::print_stdout, reason = "the one place that writes to standard output")]
fn say(line: impl fmt::Display) {
    println!("{line}");
}
