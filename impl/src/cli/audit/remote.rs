//! The log of a server, read as everybody reads it (C2SP tlog-tiles).

use std::ops::Range;
use std::time::Duration;

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Response, StatusCode, Url};

use super::judge;
use crate::app::Failure;
use crate::crypto::NoteVerifier;
use crate::domain::audit::verify::{Claims, Content, Entry, Source, event_id};
use crate::domain::log::tiles::{self, ENTRY_LIMIT, TILE_WIDTH, TilePlace};
use crate::domain::log::{Checkpoint, Hash, Tile};

/// The most bytes that an answer may have: those of the largest entry bundle.
const MOST_BYTES: usize = TILE_WIDTH as usize * (2 + ENTRY_LIMIT);

/// How long a server may say nothing.
const ANSWER_WITHIN: Duration = Duration::from_secs(60);

/// Verifies the log under a URL.
pub(super) async fn verify(
    url: &str,
    token: Option<String>,
    verifier: &NoteVerifier,
    mut checkpoints: Vec<(&'static str, Checkpoint)>,
) -> Result<(), Failure> {
    let mut log = RemoteLog::new(url, token)?;
    let checkpoint = log.checkpoint(verifier).await?;
    let (size, root) = (checkpoint.size, checkpoint.root);
    log.size = size;
    checkpoints.push(("the log's last checkpoint", checkpoint));
    judge(&mut log, &Claims { size, root, checkpoints }, Vec::new()).await
}

/// A log behind a URL.
pub(super) struct RemoteLog {
    client: Client,
    base: Url,
    token: Option<String>,
    /// How many leaves it had when it was asked.
    size: u64,
    /// Whether events are given to whom we are, once that is known.
    gives_events: Option<bool>,
}

impl RemoteLog {
    pub(super) fn new(url: &str, token: Option<String>) -> Result<Self, Failure> {
        let base = Url::parse(&format!("{}/", url.trim_end_matches('/')))
            .map_err(|error| Failure::Unverifiable(format!("--log: {error}")))?;
        let client = Client::builder()
            .connect_timeout(ANSWER_WITHIN)
            .read_timeout(ANSWER_WITHIN)
            .user_agent(concat!("agentidp/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| Failure::Unverifiable(format!("no client can be made: {error}")))?;
        let token = token.map(|token| token.trim().to_owned());
        Ok(Self { client, base, token, size: 0, gives_events: None })
    }

    /// The server's answer, of which the body has not been read.
    pub(super) async fn ask(&self, path: &str, query: &[(&str, String)]) -> Result<Response, Failure> {
        let failed = |error: String| Failure::Unverifiable(format!("{path} of the log: {error}"));
        let mut url = self.base.join(path).map_err(|error| failed(error.to_string()))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.get(url);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        // Without the URL, which an operator may have put a password in.
        request.send().await.map_err(|error| failed(error.without_url().to_string()))
    }

    /// What the server answers, or the status of a refusal.
    async fn get(&self, path: &str) -> Result<Result<Vec<u8>, StatusCode>, Failure> {
        let failed = |error: String| Failure::Unverifiable(format!("{path} of the log: {error}"));
        let mut response = self.ask(path, &[]).await?;
        if response.status() != StatusCode::OK {
            return Ok(Err(response.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| failed(error.without_url().to_string()))?
        {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(failed("the answer is larger than any can be".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Ok(body))
    }

    async fn get_whole(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let answered = self.get(path).await?;
        answered.map_err(|status| Failure::Unverifiable(format!("{path} of the log was answered {status}")))
    }

    /// The last checkpoint, if the key has signed it.
    pub(super) async fn checkpoint(&self, verifier: &NoteVerifier) -> Result<Checkpoint, Failure> {
        Checkpoint::verify(&self.note().await?, verifier)
            .map_err(|flaw| Failure::Unverifiable(format!("the checkpoint of the log: {flaw}")))
    }

    /// What it shows as its last checkpoint, by whomever signed.
    pub(super) async fn note(&self) -> Result<String, Failure> {
        Ok(String::from_utf8_lossy(&self.get_whole("checkpoint").await?).into_owned())
    }

    pub(super) async fn tile(&self, tile: Tile) -> Result<Vec<Hash>, Failure> {
        let bytes = self.get_whole(&tile.path()).await?;
        let hashes = tiles::hashes_read(&bytes).filter(|hashes| hashes.len() == usize::from(tile.width));
        hashes.ok_or_else(|| Failure::Unverifiable(format!("{} of the log is no such tile", tile.path())))
    }
}

/// The place of the hashes from `start` on in a level of so many, up to the end of their tile.
fn place_at(start: u64, all: u64) -> TilePlace {
    let index = start / u64::from(TILE_WIDTH);
    let width = (all - index * u64::from(TILE_WIDTH)).min(u64::from(TILE_WIDTH));
    TilePlace { index, width: width as u16 }
}

impl Source for RemoteLog {
    type Fault = Failure;

    async fn entries(&mut self, from: u64, size: u64) -> Result<Vec<Entry>, Failure> {
        let place = place_at(from, size);
        let hashes = self.tile(Tile { level: 0, index: place.index, width: place.width }).await?;
        let path = tiles::entries_path(place);
        let bundle = match self.gives_events {
            None | Some(true) => Some(self.get(&path).await?),
            Some(false) => None,
        };
        let contents = match bundle {
            Some(Ok(bundle)) => {
                let no_bundle = || Failure::Unverifiable(format!("{path} of the log is no such bundle"));
                let entries = tiles::entries_read(&bundle).ok_or_else(no_bundle)?;
                if entries.len() != hashes.len() {
                    return Err(no_bundle());
                }
                self.gives_events = Some(true);
                entries.into_iter().map(|entry| Content::Bytes(entry.to_vec())).collect()
            }
            Some(Err(StatusCode::NOT_FOUND | StatusCode::GONE)) => vec![Content::Gone; hashes.len()],
            // Some events and not the others: a server does not choose what is verified. And a token that is not taken is
            // not the same as none.
            Some(Err(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)))
                if self.gives_events.is_some()
                    || (self.token.is_some() && status == StatusCode::UNAUTHORIZED) =>
            {
                return Err(Failure::Unverifiable(format!("{path} of the log was answered {status}")));
            }
            Some(Err(StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) | None => {
                self.gives_events = Some(false);
                vec![Content::Withheld; hashes.len()]
            }
            Some(Err(status)) => {
                return Err(Failure::Unverifiable(format!("{path} of the log was answered {status}")));
            }
        };
        let start = place.start();
        let entry_of = |(offset, (hash, content)): (usize, (Hash, Content))| {
            let event_id = match &content {
                Content::Bytes(bytes) => event_id(bytes),
                _ => None,
            };
            Entry { index: start + offset as u64, hash: Some(hash), event_id, content }
        };
        Ok(hashes.into_iter().zip(contents).enumerate().map(entry_of).collect())
    }

    async fn nodes(&mut self, level: u8, range: Range<u64>) -> Result<Option<Vec<Option<Hash>>>, Failure> {
        let all = Tile::hashes_at(level, self.size);
        let (mut found, mut at) = (Vec::new(), range.start);
        while at < range.end {
            let place = place_at(at, all);
            let hashes = self.tile(Tile { level, index: place.index, width: place.width }).await?;
            let end = range.end.min(place.start() + hashes.len() as u64);
            for index in at..end {
                found.push(hashes.get((index - place.start()) as usize).copied());
            }
            at = end.max(at + 1);
        }
        Ok(Some(found))
    }
}
