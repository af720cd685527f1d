//! A log that was exported: a checkpoint, and then a line for each leaf; or single events of it, each with its proof.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Progress, judge};
use crate::app::Failure;
use crate::cli::say;
use crate::crypto::NoteVerifier;
use crate::crypto::merkle::leaf_hash;
use crate::domain::audit::verify::{Claims, Content, Entry, Finding, Source, event_id};
use crate::domain::log::proof::inclusion_verify;
use crate::domain::log::{Checkpoint, Hash};

/// How many lines are read together.
const PAGE: usize = 4096;

/// The first line of an export.
#[derive(Deserialize)]
pub(super) struct Beginning {
    checkpoint: String,
    /// From which leaf on, if it is the whole log; else it is single events.
    pub(super) start: Option<u64>,
    /// How many leaves the checkpoint has.
    #[serde(rename = "treeSize")]
    pub(super) size: u64,
    /// Which events they are, if it is single ones.
    filter: Option<Value>,
}

impl Beginning {
    /// Whether an answer that begins so goes on with what began like this.
    pub(super) fn goes_on_in(&self, other: &Self) -> bool {
        let origin = |beginning: &Self| beginning.checkpoint.lines().next().map(str::to_owned);
        self.start.is_some() == other.start.is_some()
            && self.filter == other.filter
            && origin(self) == origin(other)
    }
}

/// Another line of it: the hash of a leaf, which exports of earlier servers lack, and the event as it is stored, unless it is
/// gone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    leaf_index: u64,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    hash: Option<String>,
}

/// The leaf that a line of an export of the whole log has; nothing if it is no such line.
pub(super) fn entry_read(line: &str) -> Option<Entry> {
    let Line { leaf_index, event, hash } = serde_json::from_str(line).ok()?;
    let hash = hash.as_deref().map(hash_of).transpose().ok()?;
    let content = event.map(|event| Content::Bytes(event.get().as_bytes().to_vec()));
    (hash.is_some() || content.is_some()).then(|| Entry {
        index: leaf_index,
        hash,
        event_id: None,
        content: content.unwrap_or(Content::Gone),
    })
}

/// A line of an export of single events.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProvedLine<'a> {
    leaf_index: u64,
    proof: Vec<String>,
    #[serde(borrow)]
    event: &'a RawValue,
}

/// Verifies an export: of the whole log, or of single events.
pub(super) async fn verify(
    path: &Path,
    verifier: &NoteVerifier,
    mut checkpoints: Vec<(&'static str, Checkpoint)>,
) -> Result<(), Failure> {
    let unreadable = |error| Failure::Unverifiable(format!("{} cannot be read: {error}", path.display()));
    let reader: Box<dyn BufRead + Send> = if path == Path::new("-") {
        Box::new(BufReader::new(io::stdin()))
    } else {
        Box::new(BufReader::with_capacity(1 << 20, File::open(path).map_err(unreadable)?))
    };
    let mut lines = Lines { reader, number: 0, line: String::new() };
    let first = lines.next()?.map(serde_json::from_str::<Beginning>);
    let Some(Ok(beginning)) = first else {
        return Err(Failure::Unverifiable("the first line of the export has no checkpoint".to_owned()));
    };
    let checkpoint = checkpoint_of(&beginning, verifier)?;
    match beginning.start {
        None => return proved(&mut lines, checkpoint, verifier, &checkpoints),
        Some(0) => {}
        Some(start) => {
            return Err(Failure::Unverifiable(format!(
                "the export begins at the leaf {start}: put it behind the lines of the part before it, and leave its first out"
            )));
        }
    }
    let (size, root) = (checkpoint.size, checkpoint.root);
    checkpoints.push(("the checkpoint of the export", checkpoint));
    let claims = Claims { size, root, checkpoints, minimum_index: None };
    judge(&mut Export(lines), &claims, Vec::new()).await
}

fn checkpoint_of(beginning: &Beginning, verifier: &NoteVerifier) -> Result<Checkpoint, Failure> {
    Checkpoint::verify(&beginning.checkpoint, verifier)
        .map_err(|flaw| Failure::Unverifiable(format!("the checkpoint of the export: {flaw}")))
}

/// How many findings are told in words; the rest is counted.
const MOST_FINDINGS: u64 = 100;

/// How much is wrong with single events.
#[derive(Default)]
struct Wrong(u64);

impl Wrong {
    fn find(&mut self, finding: impl Display) {
        self.0 += 1;
        if self.0 <= MOST_FINDINGS {
            say(format_args!("WRONG  {finding}"));
        }
    }
}

/// A checkpoint that was kept, beside single events.
struct Kept<'k> {
    name: &'static str,
    checkpoint: &'k Checkpoint,
    /// Whether a checkpoint of the export is of the same size: only that can be compared.
    is_judged: bool,
}

impl Kept<'_> {
    fn meet(&mut self, shown: &Checkpoint, wrong: &mut Wrong) {
        if self.checkpoint.size == shown.size {
            self.is_judged = true;
            if self.checkpoint.root != shown.root {
                wrong.find(Finding::Forked { checkpoint: self.name, kept: shown.size, sure: 0 });
            }
        }
    }

    fn end(&self, size: u64, wrong: &mut Wrong) {
        let kept = self.checkpoint.size;
        if kept > size {
            wrong.find(Finding::WentBack { checkpoint: self.name, kept, size });
        } else if !self.is_judged {
            say(format_args!(
                "note   {} of {kept} events was not judged: single events do not show that the log continues it",
                self.name
            ));
        }
    }
}

/// Verifies that single events are in the log. A download that went on has more than one checkpoint.
fn proved(
    lines: &mut Lines,
    mut checkpoint: Checkpoint,
    verifier: &NoteVerifier,
    kept: &[(&'static str, Checkpoint)],
) -> Result<(), Failure> {
    let mut progress = Progress::new("events".to_owned());
    let (mut events, mut wrong, mut size) = (0_u64, Wrong::default(), checkpoint.size);
    let mut kept: Vec<Kept<'_>> =
        kept.iter().map(|(name, checkpoint)| Kept { name, checkpoint, is_judged: false }).collect();
    kept.iter_mut().for_each(|kept| kept.meet(&checkpoint, &mut wrong));
    loop {
        let number = lines.number + 1;
        let Some(text) = lines.next()? else { break };
        if let Ok(beginning) = serde_json::from_str::<Beginning>(text) {
            checkpoint = checkpoint_of(&beginning, verifier)?;
            kept.iter_mut().for_each(|kept| kept.meet(&checkpoint, &mut wrong));
            size = size.max(checkpoint.size);
            continue;
        }
        let no_line = || Failure::Unverifiable(format!("line {number} is no line of an export"));
        let line: ProvedLine<'_> = serde_json::from_str(text).map_err(|_| no_line())?;
        let proof = line.proof.iter().map(|hash| hash_of(hash)).collect::<Result<Vec<_>, _>>();
        let (index, content) = (line.leaf_index, line.event.get().as_bytes());
        let leaf = leaf_hash(content);
        let fits = |proof: &[Hash]| inclusion_verify(index, checkpoint.size, &leaf, proof, &checkpoint.root);
        if !proof.is_ok_and(|proof| fits(&proof)) {
            let id = event_id(content).map(|id| format!(" ({id})")).unwrap_or_default();
            wrong.find(format_args!(
                "the event at index {index}{id} is not the one in the log: its proof does not lead to the checkpoint's root"
            ));
        }
        events += 1;
        progress.show(events);
    }
    progress.end();
    kept.iter().for_each(|kept| kept.end(size, &mut wrong));
    if wrong.0 > 0 {
        return Err(Failure::LogBroken(wrong.0));
    }
    say(format_args!("ok     each of the {events} events is in the log of {size} events"));
    say("note   whether the export has all that its filter lets through, nothing in it tells");
    Ok(())
}

/// The lines of a file, one after the other.
struct Lines {
    reader: Box<dyn BufRead + Send>,
    number: u64,
    line: String,
}

impl Lines {
    fn next(&mut self) -> Result<Option<&str>, Failure> {
        self.line.clear();
        self.number += 1;
        let read = self.reader.read_line(&mut self.line);
        match read {
            Ok(0) => Ok(None),
            Ok(_) => Ok(Some(self.line.trim_end())),
            Err(error) => Err(Failure::Unverifiable(format!("line {} cannot be read: {error}", self.number))),
        }
    }
}

struct Export(Lines);

impl Source for Export {
    type Fault = Failure;

    async fn entries(&mut self, _: u64, size: u64) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        while entries.len() < PAGE {
            let number = self.0.number + 1;
            let Some(text) = self.0.next()? else { break };
            let no_line = || Failure::Unverifiable(format!("line {number} is no line of an export"));
            let entry = entry_read(text).ok_or_else(no_line)?;
            if entry.index >= size {
                return Err(Failure::Unverifiable(format!(
                    "line {number} lies beyond the export's checkpoint"
                )));
            }
            let is_last = entry.index + 1 == size;
            entries.push(entry);
            // What follows would be judged by nobody, and taken for judged.
            if is_last && self.0.next()?.is_some() {
                return Err(Failure::Unverifiable(format!(
                    "line {} follows the last leaf of the export's checkpoint",
                    self.0.number
                )));
            }
        }
        Ok(entries)
    }

    async fn nodes(&mut self, _: u8, _: Range<u64>) -> Result<Option<Vec<Option<Hash>>>, Failure> {
        Ok(None)
    }
}

fn hash_of(text: &str) -> Result<Hash, ()> {
    STANDARD.decode(text).ok().and_then(|bytes| bytes.try_into().ok()).ok_or(())
}
