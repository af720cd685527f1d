//! A log that was exported: a checkpoint, and then a line for each leaf.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::judge;
use crate::app::Failure;
use crate::crypto::NoteVerifier;
use crate::domain::audit::verify::{Claims, Content, Entry, Source};
use crate::domain::log::{Checkpoint, Hash};

/// How many lines are read together.
const PAGE: usize = 4096;

/// The first line of an export.
#[derive(Deserialize)]
struct Beginning {
    checkpoint: String,
}

/// Another line of it: the event as it is stored, or the hash of one that is gone.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Line<'a> {
    leaf_index: u64,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    hash: Option<String>,
}

/// Verifies an export, which must be whole: not narrowed by a filter.
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
    let checkpoint = Checkpoint::verify(&beginning.checkpoint, verifier)
        .map_err(|flaw| Failure::Unverifiable(format!("the checkpoint of the export: {flaw}")))?;
    let (size, root) = (checkpoint.size, checkpoint.root);
    checkpoints.push(("the checkpoint of the export", checkpoint));
    let claims = Claims { size, root, checkpoints };
    judge(&mut Export(lines), &claims, Vec::new()).await
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
            let wrong = || Failure::Unverifiable(format!("line {number} is no line of an export"));
            let line: Line<'_> = serde_json::from_str(text).map_err(|_| wrong())?;
            if line.leaf_index >= size {
                return Err(Failure::Unverifiable(format!(
                    "line {number} lies beyond the export's checkpoint"
                )));
            }
            let hash = line.hash.as_deref().map(hash_of).transpose().map_err(|()| wrong())?;
            let content =
                line.event.map_or(Content::Gone, |event| Content::Bytes(event.get().as_bytes().to_vec()));
            if hash.is_none() && content == Content::Gone {
                return Err(wrong());
            }
            let is_last = line.leaf_index + 1 == size;
            entries.push(Entry { index: line.leaf_index, hash, event_id: None, content });
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
