//! `agentidp audit monitor`: follows a server's log, and raises the alarm when it does what no log may.

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use clap::Args;

use super::remote::RemoteLog;
use super::{key_parse, read_text};
use crate::app::Failure;
use crate::cli::say;
use crate::crypto::NoteVerifier;
use crate::domain::audit::following::{Alarm, Next, look, prove};
use crate::domain::log::Checkpoint;

/// What to follow, and where to keep what was seen.
#[derive(Debug, Args)]
pub(in crate::cli) struct Monitor {
    /// The URL under which the log's checkpoint is, such as https://id.example.com/audit
    #[arg(long, value_name = "URL")]
    log: String,
    /// The log's key as `agentidp audit key` prints it
    #[arg(long, value_name = "KEY")]
    key: String,
    /// A folder of the monitor's own, which keeps the log's checkpoints; one for each log
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
    /// A file with an access token for the server, read anew each time; not needed where the hashes are open to everybody
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// How often to look, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..))]
    every: u64,
    /// Raise the alarm when nothing new was seen and verified for so many seconds; 0 never does
    #[arg(long, value_name = "SECONDS", default_value_t = 0)]
    stale_after: u64,
    /// Look once and end
    #[arg(long)]
    once: bool,
    /// After an alarm look on, instead of ending with exit code 1
    #[arg(long, conflicts_with = "once")]
    keep_running: bool,
}

/// Follows the log until an alarm, or for ever.
pub(super) async fn run(arguments: &Monitor) -> Result<(), Failure> {
    let verifier = key_parse(&arguments.key)?;
    let mut folder = Folder::open(&arguments.folder, &verifier)?;
    let mut grown = Instant::now();
    loop {
        let began = Instant::now();
        let stale = arguments.stale_after > 0 && grown.elapsed().as_secs() >= arguments.stale_after;
        let seen = match poll(arguments, &verifier, &mut folder).await {
            Ok(Ok(Some(checkpoint))) => {
                grown = Instant::now();
                say(format_args!("ok     {} events, {}", checkpoint.size, verifier.name()));
                Ok(())
            }
            Ok(Ok(None)) if stale => Err((Alarm::Stale(grown.elapsed()), None)),
            Ok(Ok(None)) => {
                say("ok     nothing new");
                Ok(())
            }
            Ok(Err((alarm, note))) => Err((alarm, Some(note))),
            Err(failure) if arguments.once => return Err(failure),
            Err(failure) => {
                say(format_args!("note   {failure}"));
                if stale { Err((Alarm::Stale(grown.elapsed()), None)) } else { Ok(()) }
            }
        };
        if let Err((alarm, note)) = seen {
            say(format_args!("ALARM  {alarm}"));
            if let Some(note) = note {
                let kept = folder.keep_evidence(&alarm, &note)?;
                say(format_args!("       what shows it is in {}", kept.display()));
            }
            if !arguments.keep_running {
                return Err(Failure::Alarm(alarm.to_string()));
            }
        }
        if arguments.once {
            return Ok(());
        }
        tokio::time::sleep(Duration::from_secs(arguments.every).saturating_sub(began.elapsed())).await;
    }
}

/// What looking once came to: a new checkpoint, or none; or an alarm with the note that it is about.
type Seen = Result<Option<Checkpoint>, (Alarm, String)>;

async fn poll(arguments: &Monitor, verifier: &NoteVerifier, folder: &mut Folder) -> Result<Seen, Failure> {
    let token = arguments.token_file.as_deref().map(read_text).transpose()?;
    let log = RemoteLog::new(&arguments.log, token)?;
    let note = log.note().await?;
    let (seen, next) = match look(folder.kept.as_ref(), &note, verifier) {
        Ok(looked) => looked,
        Err(alarm) => return Ok(Err((alarm, note))),
    };
    match (&folder.kept, next) {
        (_, Next::Nothing) => return Ok(Ok(None)),
        (Some(kept), Next::Prove(plan)) => {
            let mut tiles = HashMap::new();
            for tile in plan.tiles() {
                tiles.insert(tile, log.tile(tile).await?);
            }
            let hashes = plan.compute(|tile| tiles.get(&tile).map(Vec::as_slice)).map_err(|tile| {
                Failure::Unverifiable(format!("{} of the log is no such tile", tile.path()))
            })?;
            if let Err(alarm) = prove(kept, &seen, &hashes) {
                return Ok(Err((alarm, note)));
            }
        }
        _ => {}
    }
    folder.keep(seen.clone(), &note)?;
    Ok(Ok(Some(seen)))
}

/// Where the monitor keeps what it saw: `checkpoint` is the last one, `checkpoints` all of them, one after the other.
struct Folder {
    path: PathBuf,
    kept: Option<Checkpoint>,
}

impl Folder {
    fn open(path: &Path, verifier: &NoteVerifier) -> Result<Self, Failure> {
        fs::create_dir_all(path).map_err(|error| unwritable(path, &error))?;
        let last = path.join("checkpoint");
        let kept = match last.exists() {
            true => Some(super::kept_checkpoint(&last, verifier)?),
            false => None,
        };
        Ok(Self { path: path.to_owned(), kept })
    }

    fn keep(&mut self, checkpoint: Checkpoint, note: &str) -> Result<(), Failure> {
        let (last, beside, all) =
            (self.path.join("checkpoint"), self.path.join("checkpoint.new"), self.path.join("checkpoints"));
        let written = || -> io::Result<()> {
            let mut file = fs::File::create(&beside)?;
            file.write_all(note.as_bytes())?;
            file.sync_all()?;
            fs::rename(&beside, &last)?;
            writeln!(fs::File::options().create(true).append(true).open(&all)?, "{note}")
        };
        written().map_err(|error| unwritable(&self.path, &error))?;
        self.kept = Some(checkpoint);
        Ok(())
    }

    /// What the log showed beside what it had shown before, for whoever has to be convinced.
    fn keep_evidence(&self, alarm: &Alarm, note: &str) -> Result<PathBuf, Failure> {
        let name = match alarm {
            Alarm::Unsigned(_) => "alarm-unsigned".to_owned(),
            Alarm::RolledBack { kept, size } => format!("alarm-rolled-back-from-{kept}-to-{size}"),
            Alarm::Forked { kept, size } => format!("alarm-forked-{kept}-{size}"),
            Alarm::Stale(_) => "alarm-stale".to_owned(),
        };
        let path = self.path.join(name);
        let before = fs::read_to_string(self.path.join("checkpoint")).unwrap_or_default();
        let text = format!("{alarm}\n\nkept before:\n\n{before}\nshown now:\n\n{note}");
        fs::write(&path, text).map_err(|error| unwritable(&path, &error))?;
        Ok(path)
    }
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Unverifiable(format!("{} cannot be written: {error}", path.display()))
}
