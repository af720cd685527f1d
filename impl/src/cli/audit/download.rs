//! Downloading events from a server, and going on where that stopped.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, BufWriter, Seek as _, SeekFrom, Write as _};

use reqwest::StatusCode;
use serde::Deserialize;
use uuid::Uuid;

use super::export::Beginning;
use super::remote::RemoteLog;
use super::{Download, Progress, read_text};
use crate::app::Failure;
use crate::cli::say;

/// How a line begins that has an event; its leaf follows.
const LEAF: &[u8] = b"{\"leafIndex\":";

/// What tells where in an export of single events it goes on.
#[derive(Deserialize)]
struct Line {
    event: Named,
}

#[derive(Deserialize)]
struct Named {
    id: Uuid,
}

/// What a file has of an export.
#[derive(Default)]
struct Kept {
    beginning: Option<Beginning>,
    /// The last line that has an event.
    last: Vec<u8>,
    /// How many have one.
    events: u64,
    /// How many bytes are whole lines.
    bytes: u64,
}

impl Download {
    /// What the export is narrowed by.
    fn filter(&self) -> Vec<(&'static str, String)> {
        [
            ("agentId", &self.agent_id),
            ("actorId", &self.actor_id),
            ("action", &self.action),
            ("outcome", &self.outcome),
            ("from", &self.from),
            ("to", &self.to),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.clone()?)))
        .collect()
    }
}

/// Downloads what is not in the file yet.
pub(super) async fn run(arguments: &Download) -> Result<(), Failure> {
    let unwritable = |error| Failure::System("the export cannot be written", error);
    let log = RemoteLog::new(&arguments.log, Some(read_text(&arguments.token_file)?))?;
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&arguments.file)
        .map_err(unwritable)?;
    let kept = read(&file).map_err(unwritable)?;
    let mut query = arguments.filter();
    let mut events = kept.events;
    let size = kept.beginning.as_ref().and_then(|beginning| beginning.start.and(Some(beginning.size)));
    if let Some(size) = size {
        let next = leaf_of(&kept.last).map_or(0, |last| last + 1);
        if next >= size {
            say(format_args!("{} has the whole log of {size} events already", arguments.file.display()));
            return Ok(());
        }
        query.push(("start", next.to_string()));
    } else if let Ok(Line { event: Named { id } }) = serde_json::from_slice(&kept.last) {
        query.push(("before", id.to_string()));
    }

    let mut response = log.ask("export", &query).await?;
    if response.status() != StatusCode::OK {
        let status = response.status();
        let said = response.text().await.unwrap_or_default();
        return Err(Failure::Unverifiable(format!("the export was answered {status}: {}", said.trim_end())));
    }
    // A line that was cut off is asked for again.
    file.set_len(kept.bytes).and_then(|()| file.seek(SeekFrom::End(0))).map_err(unwritable)?;
    let mut progress = Progress::new(counted(kept.beginning.as_ref()));
    let mut incoming =
        Incoming { writer: BufWriter::with_capacity(1 << 20, &file), kept: kept.beginning, beginning: None };
    let mut rest = Vec::new();
    let ended = loop {
        let Ok(chunk) = response.chunk().await else { break false };
        let Some(chunk) = chunk else { break rest.is_empty() };
        rest.extend_from_slice(&chunk);
        let Some(last) = rest.iter().rposition(|byte| *byte == b'\n') else { continue };
        for line in rest[..=last].split_inclusive(|byte| *byte == b'\n') {
            events += u64::from(incoming.take(line).map_err(unwritable)??);
        }
        rest.drain(..=last);
        progress.of = counted(incoming.kept.as_ref());
        progress.show(events);
    };
    incoming.writer.flush().map_err(unwritable)?;
    drop(incoming);
    file.sync_all().map_err(unwritable)?;
    progress.end();
    if !ended {
        return Err(Failure::Unverifiable(format!(
            "the export broke off after {events} events; run the command again, and it goes on from there"
        )));
    }
    say(format_args!("{events} events are in {}", arguments.file.display()));
    Ok(())
}

/// What is counted while it arrives: of the whole log it is known how much there is, once its first line is there.
fn counted(beginning: Option<&Beginning>) -> String {
    match beginning.filter(|beginning| beginning.start.is_some()) {
        Some(whole) => format!("of {} events", whole.size),
        None => "events".to_owned(),
    }
}

/// Reads what a file has, up to its last whole line.
fn read(file: &File) -> io::Result<Kept> {
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let (mut kept, mut line) = (Kept::default(), Vec::new());
    while reader.read_until(b'\n', &mut line)? > 0 && line.ends_with(b"\n") {
        kept.bytes += line.len() as u64;
        if line.starts_with(LEAF) {
            kept.events += 1;
            std::mem::swap(&mut kept.last, &mut line);
        } else if kept.beginning.is_none() {
            let no_export = |error| io::Error::new(io::ErrorKind::InvalidData, error);
            kept.beginning = Some(serde_json::from_slice(&line).map_err(no_export)?);
        }
        line.clear();
    }
    Ok(kept)
}

/// The leaf of a line that has an event.
fn leaf_of(line: &[u8]) -> Option<u64> {
    let digits = line.strip_prefix(LEAF)?.split(|byte| !byte.is_ascii_digit()).next()?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// The lines of an answer, on their way into the file.
struct Incoming<'f> {
    writer: BufWriter<&'f File>,
    /// The first line of what is in the file.
    kept: Option<Beginning>,
    /// The first line of the answer, until an event follows it.
    beginning: Option<Vec<u8>>,
}

impl Incoming<'_> {
    /// Takes a line; whether it is one more event.
    fn take(&mut self, line: &[u8]) -> io::Result<Result<bool, Failure>> {
        if let Some(leaf) = leaf_of(line) {
            // What has come into the log meanwhile lies beyond the checkpoint that the file has.
            if self.kept.as_ref().is_some_and(|kept| kept.start.is_some() && leaf >= kept.size) {
                return Ok(Ok(false));
            }
            if let Some(beginning) = self.beginning.take() {
                self.writer.write_all(&beginning)?;
            }
            self.writer.write_all(line)?;
            return Ok(Ok(true));
        }
        let Ok(beginning) = serde_json::from_slice::<Beginning>(line) else {
            return Ok(Err(Failure::Unverifiable("the server's answer is no export".to_owned())));
        };
        match &self.kept {
            Some(kept) if !kept.goes_on_in(&beginning) => {
                let other =
                    "what the file has is the export of another log, or of other events; name another file";
                return Ok(Err(Failure::Unverifiable(other.to_owned())));
            }
            // The whole log is judged by the checkpoint that it began with; single events by the one they came with.
            Some(kept) if kept.start.is_some() => {}
            Some(_) => self.beginning = Some(line.to_vec()),
            None => {
                self.writer.write_all(line)?;
                self.kept = Some(beginning);
            }
        }
        Ok(Ok(false))
    }
}
