//! The log of the database.

use super::{Reopen, Verify, judge, read_text};
use crate::app::{self, Failure, OnStore};
use crate::cli::say;
use crate::config::Config;
use crate::crypto::NoteVerifier;
use crate::domain::audit::log::{Head, LogFault, StoredLogKey, checkpoint_get};
use crate::domain::audit::reopening::{Closed, next_origin};
use crate::domain::audit::verify::{Claims, Finding, StoredLog};
use crate::store::Store;
use crate::store::audit::AuditReads;

/// How many events outside of the tree are named, of either kind.
const MOST_STRAYS: u32 = 100;

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
        // Read before the head, so that it is not ahead of an honest one.
        if let Some((checkpoint, _)) = checkpoint_get(&store, &verifier).await? {
            checkpoints.push(("the log's last checkpoint", checkpoint));
        }
        let Head { size, root, .. } = store.audit_head().await?;
        let strays = store.audit_strays(MOST_STRAYS).await?.into_iter().map(|id| Finding::Stray { id });
        let lost = store.audit_lost(MOST_STRAYS).await?.into_iter().map(|id| Finding::Lost { id });
        let strays = strays.chain(lost).collect();
        judge(&mut StoredLog::new(store), &Claims { size, root, checkpoints }, strays).await
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
        let Closed { checkpoint, kept, .. } = reopened.closed;
        say(format_args!(
            "The log {} is closed: its last known checkpoint has {} events, of which the first {kept} at most are here.",
            checkpoint.origin, checkpoint.size
        ));
        if let Some(path) = reopened.old_file {
            say(format_args!("Its checkpoint was moved to {}: keep it.", path.display()));
        }
        let verifier = reopened.verifier;
        say(format_args!(
            "It goes on as {}, from index {kept} on. Whoever verifies it takes this key:",
            verifier.name()
        ));
        say(verifier);
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
