//! The log of a server, read as everybody reads it (C2SP tlog-tiles).

use std::ops::Range;
use std::time::Duration;

use reqwest::header::{AUTHORIZATION, HeaderMap};
use reqwest::{Client, Response, StatusCode, Url};

use super::export::entry_read;
use super::judge;
use crate::app::Failure;
use crate::crypto::NoteVerifier;
use crate::domain::audit::verify::{Claims, Content, Entry, Source, event_id};
use crate::domain::log::tiles::{self, ENTRY_LIMIT, TILE_WIDTH, TilePlace};
use crate::domain::log::{Checkpoint, Hash, Tile};

/// The most bytes that an answer may have: those of the largest entry bundle.
const MOST_BYTES: usize = TILE_WIDTH as usize * (2 + ENTRY_LIMIT);

/// How often an export is asked for while another one of the same owner is under way, and how long it is waited in between.
const EXPORT_TRIES: u32 = 20;
const EXPORT_AGAIN: Duration = Duration::from_millis(250);

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
    let (note, minimum_index) = log.shown().await?;
    let checkpoint = Checkpoint::verify(&note, verifier)
        .map_err(|flaw| Failure::Unverifiable(format!("the checkpoint of the log: {flaw}")))?;
    let (size, root) = (checkpoint.size, checkpoint.root);
    log.size = size;
    checkpoints.push(("the log's last checkpoint", checkpoint));
    judge(&mut log, &Claims { size, root, checkpoints, minimum_index }, Vec::new()).await
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
    async fn get(&self, path: &str) -> Result<Result<(HeaderMap, Vec<u8>), StatusCode>, Failure> {
        let failed = |error: String| Failure::Unverifiable(format!("{path} of the log: {error}"));
        let mut response = self.ask(path, &[]).await?;
        if response.status() != StatusCode::OK {
            return Ok(Err(response.status()));
        }
        let headers = std::mem::take(response.headers_mut());
        let mut body = Vec::new();
        while let Some(chunk) =
            response.chunk().await.map_err(|error| failed(error.without_url().to_string()))?
        {
            if body.len() + chunk.len() > MOST_BYTES {
                return Err(failed("the answer is larger than any can be".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Ok((headers, body)))
    }

    /// What it shows as its last checkpoint, by whomever signed.
    pub(super) async fn note(&self) -> Result<String, Failure> {
        Ok(self.shown().await?.0)
    }

    /// The same, and its minimum index, if it says one that is a number.
    async fn shown(&self) -> Result<(String, Option<u64>), Failure> {
        let (headers, note) = self.get("checkpoint").await?.map_err(|status| {
            Failure::Unverifiable(format!("checkpoint of the log was answered {status}"))
        })?;
        let minimum = headers.get("audit-minimum-index").and_then(|value| value.to_str().ok()?.parse().ok());
        Ok((String::from_utf8_lossy(&note).into_owned(), minimum))
    }

    pub(super) async fn tile(&self, tile: Tile) -> Result<Vec<Hash>, Failure> {
        let status =
            |status| Failure::Unverifiable(format!("{} of the log was answered {status}", tile.path()));
        self.hashes(tile).await?.map_err(status)
    }

    /// The hashes of a tile, or the status of a refusal.
    async fn hashes(&self, tile: Tile) -> Result<Result<Vec<Hash>, StatusCode>, Failure> {
        let bytes = match self.get(&tile.path()).await? {
            Ok((_, bytes)) => bytes,
            Err(status) => return Ok(Err(status)),
        };
        let hashes = tiles::hashes_read(&bytes).filter(|hashes| hashes.len() == usize::from(tile.width));
        let no_tile = || Failure::Unverifiable(format!("{} of the log is no such tile", tile.path()));
        hashes.map(Ok).ok_or_else(no_tile)
    }

    /// The hashes of a tile, or as many of its first ones as the server has: one that lacks a hash answers 500 to every tile
    /// with it.
    async fn first_hashes(&self, tile: Tile) -> Result<Vec<Hash>, Failure> {
        let (mut first, mut least, mut most) = (Vec::new(), 0, tile.width);
        let mut width = most;
        while least < most {
            match self.hashes(Tile { width, ..tile }).await? {
                Ok(hashes) => (first, least) = (hashes, width),
                Err(StatusCode::INTERNAL_SERVER_ERROR) => most = width - 1,
                Err(status) => {
                    let path = tile.path();
                    return Err(Failure::Unverifiable(format!("{path} of the log was answered {status}")));
                }
            }
            width = least + (most - least).div_ceil(2);
        }
        Ok(first)
    }

    /// What there is of the events of so many leaves from `start` on, event by event, out of an export: the server has no
    /// bundle of them, because one is gone.
    async fn each(&self, start: u64, leaves: usize) -> Result<Vec<Content>, Failure> {
        let failed =
            |problem: String| Failure::Unverifiable(format!("the export from {start} on: {problem}"));
        let mut tries = EXPORT_TRIES;
        let mut response = loop {
            let response = self.ask("export", &[("start", start.to_string())]).await?;
            tries -= 1;
            match response.status() {
                StatusCode::OK => break response,
                // The end of the last one has not been noticed yet.
                StatusCode::SERVICE_UNAVAILABLE if tries > 0 => tokio::time::sleep(EXPORT_AGAIN).await,
                status => return Err(failed(format!("it was answered {status}"))),
            }
        };
        let (mut contents, mut rest) = (Vec::with_capacity(leaves), Vec::new());
        while contents.len() < leaves {
            let Ok(Some(chunk)) = response.chunk().await else { break };
            rest.extend_from_slice(&chunk);
            while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = rest.drain(..=end).collect();
                let Some(entry) = std::str::from_utf8(&line).ok().and_then(entry_read) else { continue };
                if entry.index != start + contents.len() as u64 {
                    return Err(failed(format!("it goes on with {}", entry.index)));
                }
                contents.push(entry.content);
                if contents.len() == leaves {
                    break;
                }
            }
            if rest.len() > MOST_BYTES {
                return Err(failed("a line is larger than any can be".to_owned()));
            }
        }
        contents.resize(leaves, Content::Withheld);
        Ok(contents)
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
        let mut at = from;
        let (place, hashes) = loop {
            if at >= size {
                return Ok(Vec::new());
            }
            let place = place_at(at, size);
            let tile = Tile { level: 0, index: place.index, width: place.width };
            let hashes = self.first_hashes(tile).await?;
            if place.start() + hashes.len() as u64 > at {
                break (TilePlace { width: hashes.len() as u16, ..place }, hashes);
            }
            // Nothing more can be had of this one.
            at = place.start() + u64::from(place.width);
        };
        let path = tiles::entries_path(place);
        let bundle = match self.gives_events {
            None | Some(true) => Some(self.get(&path).await?),
            Some(false) => None,
        };
        let contents = match bundle {
            Some(Ok((_, bundle))) => {
                let no_bundle = || Failure::Unverifiable(format!("{path} of the log is no such bundle"));
                let entries = tiles::entries_read(&bundle).ok_or_else(no_bundle)?;
                if entries.len() != hashes.len() {
                    return Err(no_bundle());
                }
                self.gives_events = Some(true);
                entries.into_iter().map(|entry| Content::Bytes(entry.to_vec())).collect()
            }
            Some(Err(StatusCode::NOT_FOUND | StatusCode::GONE)) => vec![Content::Gone; hashes.len()],
            Some(Err(StatusCode::INTERNAL_SERVER_ERROR)) => {
                self.gives_events = Some(true);
                self.each(place.start(), hashes.len()).await?
            }
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
        let entries = hashes.into_iter().zip(contents).enumerate().map(entry_of);
        Ok(entries.filter(|entry| entry.index >= at).collect())
    }

    async fn nodes(&mut self, level: u8, range: Range<u64>) -> Result<Option<Vec<Option<Hash>>>, Failure> {
        let all = Tile::hashes_at(level, self.size);
        let (mut found, mut at) = (Vec::new(), range.start);
        while at < range.end {
            let place = place_at(at, all);
            let hashes = self.first_hashes(Tile { level, index: place.index, width: place.width }).await?;
            let end = range.end.min(place.start() + u64::from(place.width));
            for offset in at - place.start()..end - place.start() {
                let hash = hashes.get(offset as usize).copied();
                if hash.is_some() || offset == hashes.len() as u64 {
                    found.push(hash);
                }
                if hash.is_none() {
                    return Ok(Some(found));
                }
            }
            at = end;
        }
        Ok(Some(found))
    }
}
