//! `agentidp migrate`: the tables, brought up to date.

use super::say;
use crate::app::{self, Failure};
use crate::config::Config;

/// Applies what is pending, or with `check` only says what that is.
pub(super) async fn run(config: Config, check: bool) -> Result<(), Failure> {
    let database = app::connect(&config).await?;
    let pending = database.pending_migrations().await?;
    for name in &pending {
        say(format_args!("{}: {name}", if check { "pending" } else { "applying" }));
    }
    if check && !pending.is_empty() {
        return Err(Failure::MigrationsPending(pending));
    }
    if !check {
        database.migrate().await?;
    }
    say("the tables are up to date");
    database.close().await;
    Ok(())
}
