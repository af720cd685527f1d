//! `agentidp keys`: key material for operators.

use clap::Subcommand;

use super::{audit, say};
use crate::app::{self, Failure, OldMasterKey, Resealed};
use crate::config::Config;
use crate::crypto::{Entropy, MasterKey};
use crate::domain::keys::{KeyStanding, StoredKey, Succession};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Print a new master key, for AGENTIDP_MASTER_KEY
    Master,
    /// Print the signing keys and what becomes of them
    List,
    /// Make the next signing key: published at once, signing when every verifier's cached JWKS is older than it
    Rotate {
        /// A private key is known to others: the next key signs at once, and every token signed before is refused
        #[arg(long)]
        compromised: bool,
    },
    /// Give the database another master key: AGENTIDP_MASTER_KEY in the place of AGENTIDP_OLD_MASTER_KEY; no server may run
    Reseal {
        /// Nobody has the old key: what it sealed is given up, so tokens end and the audit log goes on by another name
        #[arg(long)]
        lost: bool,
        /// Others have the old key, and may have what it sealed: all of that is given up
        #[arg(long, conflicts_with = "lost")]
        leaked: bool,
    },
}

/// Prints a new master key.
pub(super) fn master() -> Result<(), Failure> {
    say(MasterKey::generate(&Entropy::system()).expose());
    Ok(())
}

/// Does what needs the settings.
pub(super) async fn run(config: Config, command: Command) -> Result<(), Failure> {
    match command {
        Command::Master => master(),
        Command::List => {
            for key in app::keys(&config).await? {
                say(described(&key));
            }
            Ok(())
        }
        Command::Reseal { lost, leaked } => {
            let old = match (lost, leaked) {
                (true, _) => OldMasterKey::Lost,
                (false, true) => OldMasterKey::Leaked,
                (false, false) => OldMasterKey::Known,
            };
            reseal(config, old).await
        }
        Command::Rotate { compromised } => {
            let succession = if compromised { Succession::Compromised } else { Succession::Planned };
            match app::keys_rotate(&config, succession).await? {
                Some(key) => say(described(&key)),
                None => say("Another node made the next key at the same time; see: agentidp keys list"),
            }
            Ok(())
        }
    }
}

/// Seals the database under another master key, and says what that comes to.
async fn reseal(config: Config, old: OldMasterKey) -> Result<(), Failure> {
    let Resealed { done, log } = app::keys_reseal(&config, old).await?;
    say("The database is sealed under AGENTIDP_MASTER_KEY; keep that safe, and start the servers with it.");
    match old {
        OldMasterKey::Known => {
            say(format_args!("{} private key(s) were sealed anew; tokens live on.", done.keys))
        }
        OldMasterKey::Lost | OldMasterKey::Leaked => say("Every token that was issued until now is refused."),
    }
    if let Some(key) = done.signing_key {
        say(format_args!("The signing key from now on: {}  {}", key.id, key.algorithm.as_str()));
    }
    if let Some(log) = log {
        audit::say_reopened(&log);
    }
    if done.answers > 0 {
        say(format_args!(
            "{} answer(s) that were kept for requests which are sent again are forgotten.",
            done.answers
        ));
    }
    say(format_args!(
        "{} client secret(s) go on to work; each is checked slowly at its next use, and quickly after that.",
        done.outdated
    ));
    Ok(())
}

/// A key in a line: its `kid`, its algorithm, and where it stands in its life.
fn described((key, standing): &(StoredKey, KeyStanding)) -> String {
    format!("{}  {}  {standing}", key.id, key.algorithm.as_str())
}
