//! `agentidp keys`: key material for operators.

use clap::Subcommand;

use super::say;
use crate::app::{self, Failure};
use crate::config::Config;
use crate::crypto::{Entropy, MasterKey};
use crate::domain::keys::{KeyStanding, StoredKey, Succession, publication_lead};

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
        Command::Rotate { compromised } => {
            let succession = if compromised {
                Succession::Compromised
            } else {
                Succession::Planned { lead: publication_lead(config.jwks_max_age) }
            };
            match app::keys_rotate(&config, succession).await? {
                Some(key) => say(described(&key)),
                None => say("Another node made the next key at the same time; see: agentidp keys list"),
            }
            Ok(())
        }
    }
}

/// A key in a line: its `kid`, its algorithm, and where it stands in its life.
fn described((key, standing): &(StoredKey, KeyStanding)) -> String {
    format!("{}  {}  {standing}", key.id, key.algorithm.as_str())
}
