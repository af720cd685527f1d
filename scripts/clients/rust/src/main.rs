//! The Rust client that openapi-generator makes from openapi.yaml, used as its users would: on the server at `ISSUER`, by the
//! operator whose `CLIENT_ID` and `CLIENT_SECRET` are given. It prints what it saw, and fails at the first thing that is not as
//! it should be.
//!
//! Run by scripts/clients/full/test_generated_clients.py, which knows what is to be seen.

use std::collections::HashMap;
use std::env;
use std::error::Error as StdError;
use std::fmt::Debug;

use agentidp_client::apis::configuration::Configuration;
use agentidp_client::apis::tokens_api::IssueTokenError;
use agentidp_client::apis::{Error, agents_api, audit_api, credentials_api, documentation_api, tokens_api};
use agentidp_client::models::{
    AgentPage, AgentPatch, AgentStatus, AuditOutcome, DeploymentEnv, NewAgent, Rotation, StatusChange,
    TokenResponse,
};
use chrono::{FixedOffset, TimeDelta, Utc};
use serde_json::{Value, json};

type Outcome<T> = Result<T, Box<dyn StdError>>;

const ADMIN: &str = "agents:read agents:write credentials:write audit:read";

/// The status and the model of the error that a call ended with.
fn refusal<T, Model: Debug>(called: Result<T, Error<Model>>) -> Outcome<(u16, Model)> {
    match called {
        Err(Error::ResponseError(answer)) => {
            Ok((answer.status.as_u16(), answer.entity.ok_or("not the error that it should be")?))
        }
        Err(other) => Err(format!("not an answer: {other}").into()),
        Ok(_) => Err("not refused".into()),
    }
}

/// A client that proves itself by its secret, as it does at the token endpoints.
fn proving(id: &str, secret: &str) -> Outcome<Configuration> {
    Ok(Configuration {
        base_path: env::var("ISSUER")?,
        basic_auth: Some((id.to_owned(), Some(secret.to_owned()))),
        ..Configuration::default()
    })
}

async fn token(client: &Configuration, scope: Option<&str>) -> Result<TokenResponse, Error<IssueTokenError>> {
    tokens_api::issue_token(client, "client_credentials", scope, None, None, None).await
}

fn metadata(value: Value) -> HashMap<String, Value> {
    serde_json::from_value(value).expect("an object")
}

fn emails(page: &AgentPage) -> String {
    page.items.iter().map(|agent| agent.email.as_str()).collect::<Vec<_>>().join(" ")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let mut operator = proving(&env::var("CLIENT_ID")?, &env::var("CLIENT_SECRET")?)?;
    let issued = token(&operator, Some(ADMIN)).await?;
    println!(
        "token: {} for {} s, {}",
        issued.token_type,
        issued.expires_in,
        issued.scope.as_deref().unwrap_or_default()
    );
    operator.oauth_access_token = Some(issued.access_token);

    let hour = Utc::now().fixed_offset() + TimeDelta::hours(1);
    let mut made = None;
    for number in 1..=5 {
        let agent = NewAgent {
            metadata: Some(metadata(json!({"region": "eu-west-1", "team": "Zürich"}))),
            valid_until: Some(hour),
            ..NewAgent::new(
                format!("screener-{number}@example.com"),
                "screener".to_owned(),
                "v1.0.0".to_owned(),
                vec!["resume:read".to_owned(), "resume:score".to_owned()],
                DeploymentEnv::Staging,
            )
        };
        made = Some(agents_api::register_agent(&operator, agent, None).await?);
    }
    let (agent, credential) =
        made.map(|made| (made.agent, made.credential)).ok_or("nobody was registered")?;
    let until = agent.valid_until.ok_or("it is valid for ever")?;
    if (until - hour).abs() > TimeDelta::milliseconds(1) {
        return Err(format!("valid until {until}, not {hour}").into());
    }
    let team = |metadata: &Option<HashMap<String, Value>>| {
        metadata.as_ref().and_then(|metadata| metadata["team"].as_str()).unwrap_or_default().to_owned()
    };
    println!(
        "registered: {}, {} in {}, {}, {}",
        agent.email,
        agent.status,
        agent.deployment_env,
        agent.capabilities.join(" "),
        team(&agent.metadata)
    );
    let id = agent.id.to_string();

    let (mut pages, mut cursor) = (Vec::new(), None);
    loop {
        let (active, from) = (Some(AgentStatus::Active), cursor.as_deref());
        let page = agents_api::list_agents(
            &operator,
            None,
            None,
            None,
            active,
            None,
            Some("screener-"),
            from,
            Some(2),
        )
        .await?;
        pages.push(emails(&page));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    println!("listed: {}", pages.join(" | "));

    let patch = AgentPatch {
        version: Some("v1.1.0".to_owned()),
        metadata: Some(Some(metadata(json!({"region": null})))),
        valid_until: Some(None),
        ..AgentPatch::new()
    };
    let changed = agents_api::update_agent(&operator, &id, patch, None).await?;
    if let Some(until) = changed.valid_until {
        return Err(format!("it is still valid until {until}").into());
    }
    let members = changed.metadata.as_ref().map_or(0, HashMap::len);
    println!("changed: {}, {members} of metadata, {}", changed.version, team(&changed.metadata));

    let mut myself = proving(&credential.client_id.to_string(), &credential.client_secret)?;
    let resume = token(&myself, None).await?;
    println!("the agent's token: {}", resume.scope.as_deref().unwrap_or_default());

    let seen = tokens_api::introspect_token(&myself, &resume.access_token, None, None, None).await?;
    if seen.sub != Some(agent.id) {
        return Err(format!("it is the token of {:?}", seen.sub).into());
    }
    println!(
        "introspected: {}, {}, {} in {}",
        seen.active,
        seen.scope.unwrap_or_default(),
        seen.agent_type.unwrap_or_default(),
        seen.deployment_env.ok_or("it is nowhere")?
    );

    let rotation = Rotation { grace_period_seconds: Some(3600) };
    let next = credentials_api::rotate_credential(&operator, &id, &credential.id.to_string(), rotation, None)
        .await?;
    if next.rotated_from != Some(credential.id) {
        return Err(format!("it is the successor of {:?}", next.rotated_from).into());
    }
    token(&myself, None).await?;
    myself = proving(&next.client_id.to_string(), &next.client_secret)?;
    let resume = token(&myself, None).await?;
    println!("rotated: both secrets get a token");

    let change = StatusChange::new(AgentStatus::Suspended, "its owner is on leave".to_owned());
    let suspended = agents_api::change_agent_status(&operator, &id, change, None).await?;
    let (status, refused) = refusal(token(&myself, None).await)?;
    println!("{}: {status} {}", suspended.status, refused.error);
    let dead = tokens_api::introspect_token(&operator, &resume.access_token, None, None, None).await?;
    println!("its token: {}", dead.active);

    let east = FixedOffset::east_opt(2 * 60 * 60).ok_or("no such offset")?;
    let (from, to) = ((Utc::now() - TimeDelta::hours(1)).with_timezone(&east), hour.with_timezone(&east));
    let success = Some(AuditOutcome::Success);
    let events = audit_api::list_audit_events(
        &operator,
        Some(&id),
        None,
        None,
        success,
        Some(from),
        Some(to),
        None,
        Some(100),
    )
    .await?;
    let mut actions: Vec<String> = events.items.iter().map(|event| event.action.to_string()).collect();
    actions.sort();
    println!("audit: {}", actions.join(" "));

    let checkpoint = audit_api::get_audit_checkpoint(&operator).await?;
    let size: usize = checkpoint.lines().nth(1).unwrap_or_default().parse()?;
    if !checkpoint.contains("\n— ") {
        return Err(format!("no checkpoint: {checkpoint}").into());
    }
    let tile = audit_api::get_audit_tile(&operator, 0, &format!("000.p/{size}")).await?.bytes().await?;
    if tile.len() != 32 * size {
        return Err(format!("a tile of {size} hashes has {} bytes", tile.len()).into());
    }
    let export =
        audit_api::export_audit_events(&operator, None, None, None, None, None, None, None, None).await?;
    if !export.contains("\n{\"leafIndex\":") {
        return Err(format!("no export: {export}").into());
    }
    let document = documentation_api::get_openapi_yaml(&operator).await?;
    println!("texts and bytes: {}", document.lines().next().unwrap_or_default());

    let nobody = "00000000-0000-7000-8000-000000000000";
    let (status, missing) = refusal(agents_api::get_agent(&operator, nobody, None).await)?;
    println!("nobody: {status} {}", missing.code);
    Ok(())
}
