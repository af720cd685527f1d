//! `agentidp migrate`: the tables, brought up to date.

use super::say;
use crate::app::{self, Failure};
use crate::config::Config;

/// Applies what is pending, or with `check` only says what that is.
pub(super) async fn run(config: Config, check: bool) -> Result<(), Failure> {
    if check {
        return tell(app::pending_migrations(&config).await?);
    }
    let database = app::connect(&config).await?;
    for name in database.pending_migrations().await? {
        say(format_args!("applying: {name}"));
    }
    database.migrate().await?;
    say("the tables are up to date");
    database.close().await;
    Ok(())
}

fn tell(pending: Vec<String>) -> Result<(), Failure> {
    for name in &pending {
        say(format_args!("pending: {name}"));
    }
    if !pending.is_empty() {
        return Err(Failure::MigrationsPending(pending));
    }
    say("the tables are up to date");
    Ok(())
}
