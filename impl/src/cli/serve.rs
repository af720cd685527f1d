//! `agentidp serve`: the server.

use super::say;
use crate::app::{self, Failure, Operator};
use crate::config::Config;

/// Serves until the process is told to stop.
pub(super) async fn run(config: Config) -> Result<(), Failure> {
    app::serve(config, |issuer, address, operator| {
        say(format_args!(
            "AgentIdP {} answers at {address}; its documentation is at {address}/api-docs",
            env!("CARGO_PKG_VERSION")
        ));
        if let Some(operator) = operator {
            greet(issuer, &operator);
        }
    })
    .await
}

/// Tells a newcomer what to do first.
fn greet(issuer: &str, operator: &Operator) {
    let (id, secret) = (operator.client_id, operator.secret.expose());
    say(format_args!(
        r#"
This database is new, so its first operator was created. The secret is shown only now:

  client id      {id}
  client secret  {secret}

Get a token, register an agent, list the agents:

  TOKEN=$(curl -s -u '{id}:{secret}' -d grant_type=client_credentials -d 'scope=agents:read agents:write' {issuer}/oauth2/token | sed 's/.*"access_token":"\([^"]*\)".*/\1/')
  curl -s {issuer}/agents -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' -d '{{"email":"screener-001@example.com","agentType":"screener","version":"v1.0.0","capabilities":["resume:read"],"deploymentEnv":"development"}}'
  curl -s {issuer}/agents -H "Authorization: Bearer $TOKEN"
"#
    ));
}
