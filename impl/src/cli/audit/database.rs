//! The log of the database.

use std::time::Duration;

use super::{Progress, Reopen, Verify, judge, read_text, say_reopened};
use crate::app::{self, Failure, OnStore};
use crate::cli::say;
use crate::config::Config;
use crate::crypto::NoteVerifier;
use crate::domain::audit::log::{Head, LogFault, StoredLogKey, checkpoint_get};
use crate::domain::audit::reopening::next_origin;
use crate::domain::audit::verify::{Claims, Finding, StoredLog, beside_the_tree};
use crate::domain::log::Checkpoint;
use crate::store::Store;
use crate::store::audit::AuditReads;

/// How often it is looked for the first checkpoint of a log that has events, and how long it is waited in between. A server
/// signs within a second.
const LOOKS: (u32, Duration) = (30, Duration::from_millis(100));

/// `agentidp audit verify`.
pub(super) struct Verification(pub(super) Verify);

impl OnStore for Verification {
    type Output = Result<(), Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        let (_, key) = log(&store).await?;
        let verifier = match self.0.verifier()? {
            Some(given) => given,
            None => {
                say(format_args!("note   by the key that the database has: {}", key.verifier));
                kept_verifier(&key)?
            }
        };
        let mut checkpoints = self.0.kept(&verifier)?;
        // Read before the head, so that the log's events say it.
        let minimum_index = Some(store.audit_minimum_index().await?);
        let (last, Head { size, root, .. }) = last_and_head(&store, &verifier).await?;
        let mut amiss = match &last {
            None if size > 0 => vec![Finding::Unsigned { size }],
            _ => Vec::new(),
        };
        checkpoints.extend(last.map(|checkpoint| ("the log's last checkpoint", checkpoint)));
        let mut progress = Progress::new("events looked at".to_owned());
        let beside = beside_the_tree(&store, |events| progress.show(events)).await;
        progress.end();
        amiss.extend(beside?);
        judge(&mut StoredLog::new(store), &Claims { size, root, checkpoints, minimum_index }, amiss).await
    }
}

/// The last checkpoint, if there is one, and the head.
async fn last_and_head<S: AuditReads>(
    store: &S,
    verifier: &NoteVerifier,
) -> Result<(Option<Checkpoint>, Head), Failure> {
    let (mut looks, between) = LOOKS;
    loop {
        // In this order, so that it is not ahead of an honest head.
        let last = checkpoint_get(store, verifier).await?;
        let head = store.audit_head().await?;
        if last.is_some() || head.size == 0 || looks == 0 {
            return Ok((last.map(|(checkpoint, _)| checkpoint), head));
        }
        looks -= 1;
        tokio::time::sleep(between).await;
    }
}

/// `agentidp audit key`.
pub(super) struct Key;

impl OnStore for Key {
    type Output = Result<(), Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        say(log(&store).await?.1.verifier);
        Ok(())
    }
}

/// `agentidp audit checkpoint`.
pub(super) struct LastCheckpoint;

impl OnStore for LastCheckpoint {
    type Output = Result<(), Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        let (_, key) = log(&store).await?;
        match checkpoint_get(&store, &kept_verifier(&key)?).await? {
            Some((_, note)) => {
                say(note.trim_end_matches('\n'));
                Ok(())
            }
            None => Err(Failure::Unverifiable("the log has no checkpoint yet".to_owned())),
        }
    }
}

/// `agentidp audit reopen`.
pub(super) struct Reopening<'c>(pub(super) &'c Config, pub(super) Reopen);

impl OnStore for Reopening<'_> {
    type Output = Result<(), Failure>;

    async fn run<S: Store>(self, store: S) -> Self::Output {
        let Self(config, arguments) = self;
        let (_, key) = log(&store).await?;
        let given =
            arguments.checkpoint.iter().map(|path| Ok((path.display().to_string(), read_text(path)?)));
        let given = given.collect::<Result<Vec<_>, Failure>>()?;
        let origin = arguments.origin.unwrap_or_else(|| next_origin(&key.origin));
        let Some(reopened) = app::reopen(config, &store, given, &origin).await? else {
            return Err(Failure::Unverifiable(format!(
                "the log {} continues every checkpoint that is known, so it goes on as it is",
                key.origin
            )));
        };
        say_reopened(&reopened);
        Ok(())
    }
}

/// The log that the database has.
async fn log<S: AuditReads>(store: &S) -> Result<(Head, StoredLogKey), Failure> {
    let head = store.audit_head().await?;
    let key = match &head.origin {
        Some(origin) => store.audit_key_get(origin).await?,
        None => None,
    };
    let none = "the database has no audit log yet; the first start of a server makes it";
    key.map(|key| (head, key)).ok_or_else(|| Failure::Unverifiable(none.to_owned()))
}

fn kept_verifier(key: &StoredLogKey) -> Result<NoteVerifier, Failure> {
    key.verifier.parse().map_err(|flaw| Failure::Log(LogFault::Note(flaw)))
}
