//! `agentidp bootstrap`: the first operator, once.

use super::say;
use crate::app::{self, Failure};
use crate::config::Config;

/// Creates the first operator, or with `recover` issues a new credential to it or to one in its place, and prints the
/// credentials.
pub(super) async fn run(config: Config, json: bool, recover: bool) -> Result<(), Failure> {
    let operator = app::bootstrap(&config, recover).await?;
    if let Some(before) = operator.instead_of {
        tracing::warn!(%before, operator = %operator.client_id, "the operator could not be used any more; there is another one");
    }
    let (id, secret) = (operator.client_id.to_string(), operator.secret.expose());
    if json {
        say(serde_json::json!({ "clientId": id, "clientSecret": secret }));
    } else {
        say("The secret is shown only now.");
        say(format_args!("  client id      {id}"));
        say(format_args!("  client secret  {secret}"));
    }
    Ok(())
}
