//! Tokens: what they say, who believes them, and when they end.

use agentidp::crypto::SecretText;
use agentidp::crypto::jwt::{SigningKey, private_key_generate};
use agentidp::domain::agents::{AgentId, NewAgent, Owner};
use agentidp::domain::changes::ChangeKind;
use agentidp::domain::keys::{Signing, SigningAlgorithm};
use agentidp::domain::refusal::{Refusal, TargetFlaw, TokenFlaw};
use agentidp::domain::tokens::TokenRequest;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::world::{
    DEFAULT_AUDIENCE, ISSUER, RESOURCE, World, caller, claims, register, request, start, why,
};

#[tokio::test]
async fn a_token_has_the_claims_of_rfc_9068_and_its_event_comes_first() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["resume:read", "resume:score", "agents:read"]).await;
    let client = world.client(&agent).await;
    let issued = world.ask(&client, None).await.unwrap();
    assert_eq!(issued.expires_in, 900);
    assert_eq!(issued.scope.as_deref(), Some("resume:read resume:score"), "nothing was asked");
    let said = claims(&issued.access_token);
    let iat = start().timestamp();
    assert_eq!(
        said,
        json!({
            "iss": ISSUER, "sub": agent.agent.id.to_string(), "client_id": agent.agent.id.to_string(),
            "aud": DEFAULT_AUDIENCE, "exp": iat + 900, "iat": iat, "jti": said["jti"],
            "scope": "resume:read resume:score", "agent_type": "screener", "agent_version": "v1.4.2",
            "owner": "talent-team", "deployment_env": "production", "rev": said["rev"],
            "credential_id": agent.credential.id.to_string(),
        })
    );
    let event = &world.events_of("token.issued").await[0];
    assert_eq!(event["subject"]["tokenId"], said["jti"]);
    assert_eq!(event["actor"]["credentialId"], agent.credential.id.to_string());
    assert_eq!(event["actor"]["method"], "client_secret_basic");
    assert_eq!(event["data"]["scope"], json!(["resume:read", "resume:score"]));
    let signature = issued.access_token.expose().rsplit('.').next().unwrap();
    assert!(!serde_json::to_string(&world.all_events().await).unwrap().contains(signature));
}

#[tokio::test]
async fn the_scope_is_answered_unless_it_is_what_was_asked() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["resume:read", "resume:score"]).await;
    let client = world.client(&agent).await;
    for (asked, answered) in [
        (Some("resume:read"), None),
        (Some("resume:read resume:score"), None),
        (Some("resume:score resume:read"), Some("resume:read resume:score")),
        (Some("resume:read resume:read"), Some("resume:read")),
        (None, Some("resume:read resume:score")),
    ] {
        assert_eq!(world.ask(&client, asked).await.unwrap().scope.as_deref(), answered);
    }
}

#[tokio::test]
async fn what_cannot_be_granted_is_refused_and_each_refusal_recorded() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["resume:read", "agents:read"]).await;
    let bare = world.agent("talent-team", &["agents:read"]).await;
    let (client, bare) = (world.client(&agent).await, world.client(&bare).await);
    let mut reasons = vec![
        why(world.ask(&client, Some("resume:delete")).await),
        why(world.ask(&client, Some("idp:admin")).await),
        why(world.ask(&client, Some("resume:read agents:read")).await),
        why(world.ask(&client, Some("resume:read  agents:read")).await),
        why(world.ask(&bare, None).await),
    ];
    for grant_type in [Some("password".to_owned()), None] {
        let asked = TokenRequest { grant_type, ..TokenRequest::default() };
        reasons.push(why(world.tokens.issue(&request(), &client, asked).await.unwrap()));
    }
    let expected = [
        "scope_beyond_capabilities",
        "scope_beyond_capabilities",
        "scope_mixed_kinds",
        "scope_malformed",
        "scope_nothing_to_grant",
        "unsupported_grant_type",
        "invalid_request",
    ];
    assert_eq!(reasons, expected);
    let refused = world.events_of("token.refused").await;
    let mut recorded: Vec<_> = refused.iter().map(|event| event["reason"].as_str().unwrap()).collect();
    recorded.sort_unstable();
    reasons.sort_unstable();
    assert_eq!(recorded, reasons);
    assert!(world.events_of("token.issued").await.is_empty());
}

#[tokio::test]
async fn a_token_is_for_the_resource_asked_for_and_never_for_two_worlds() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["resume:read", "agents:read"]).await;
    let client = world.client(&agent).await;
    let ask = async |scope: &str, resources: &[&str]| {
        let asked = TokenRequest {
            grant_type: Some("client_credentials".into()),
            scope: Some(scope.into()),
            resources: resources.iter().map(|one| (*one).to_owned()).collect(),
        };
        let issued = world.tokens.issue(&request(), &client, asked).await.unwrap();
        issued.map(|issued| claims(&issued.access_token)["aud"].clone())
    };
    assert_eq!(ask("resume:read", &[RESOURCE]).await, Ok(json!(RESOURCE)));
    assert_eq!(
        ask("resume:read", &[RESOURCE, DEFAULT_AUDIENCE]).await,
        Ok(json!([DEFAULT_AUDIENCE, RESOURCE]))
    );
    assert_eq!(ask("agents:read", &[]).await, Ok(json!(ISSUER)));
    assert_eq!(ask("agents:read", &[ISSUER]).await, Ok(json!(ISSUER)));
    let refused = |flaw| Err(Refusal::InvalidTarget(flaw));
    assert_eq!(ask("agents:read", &[RESOURCE]).await, refused(TargetFlaw::ReservedScope));
    assert_eq!(ask("resume:read", &[ISSUER]).await, refused(TargetFlaw::NotAllowed));
    assert_eq!(ask("resume:read", &["https://other.example/"]).await, refused(TargetFlaw::NotAllowed));
    assert_eq!(ask("resume:read", &["nowhere"]).await, refused(TargetFlaw::Malformed));
}

#[tokio::test]
async fn a_token_ends_with_its_agent_at_the_latest() {
    let world = World::new().await;
    let admin = caller("talent-team", &["agents:write"]);
    let until = start() + TimeDelta::seconds(100);
    let new = NewAgent { valid_until: Some(until), ..world.new_agent(&["resume:read"]) };
    let agent = register(&world.agents, &admin, new).await.unwrap().unwrap();
    let client = world.client(&agent).await;
    assert_eq!(world.ask(&client, None).await.unwrap().expires_in, 100);
}

#[tokio::test]
async fn this_server_takes_its_own_tokens_for_itself_until_they_expire() {
    for signing in SigningAlgorithm::ALL.map(Signing::Asymmetric).into_iter().chain([Signing::SharedSecret(
        SecretText::new("a shared secret of some length, for one verifier".into()),
    )]) {
        let world = World::with_signing(signing).await;
        let agent = world.agent("talent-team", &["resume:read", "agents:read"]).await;
        let token = world.token(&agent, Some("agents:read self:read")).await;
        let principal = world.bearer(token.expose()).await.unwrap();
        assert_eq!(principal.agent_id, agent.agent.id);
        assert_eq!(principal.owner, Owner("talent-team".into()));
        assert!(
            principal.holds("agents:read") && principal.holds("self:read") && !principal.holds("resume:read")
        );

        let ordinary = world.token(&agent, None).await;
        let refused = world.bearer(ordinary.expose()).await;
        assert_eq!(refused, Err(Refusal::InvalidToken(TokenFlaw::WrongAudience)));

        world.clock.advance(std::time::Duration::from_millis(899_499));
        world.read_feed().await;
        assert!(world.bearer(token.expose()).await.is_ok());
        world.clock.advance(std::time::Duration::from_millis(1));
        assert_eq!(world.bearer(token.expose()).await, Err(Refusal::InvalidToken(TokenFlaw::Expired)));
    }
}

#[tokio::test]
async fn a_token_that_was_verified_before_is_believed_as_long_as_its_key_is_published() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["agents:read"]).await;
    let token = world.token(&agent, Some("agents:read")).await;
    assert!(world.bearer(token.expose()).await.is_ok());
    let time = |seconds| (start() + TimeDelta::seconds(seconds)).to_rfc3339();
    let ends = format!("signs_until = '{}', published_until = '{}'", time(50), time(100));
    world.place.sql(&format!("UPDATE signing_keys SET {ends}")).await;
    world.keys.reload(world.store()).await.unwrap();
    for _ in 0..2 {
        assert!(
            world.bearer(token.expose()).await.is_ok(),
            "the keys were read anew, and this one is among them"
        );
    }
    world.clock.advance(std::time::Duration::from_secs(99));
    world.read_feed().await;
    assert!(world.bearer(token.expose()).await.is_ok());
    world.clock.advance(std::time::Duration::from_secs(1));
    world.read_feed().await;
    assert_eq!(why(world.bearer(token.expose()).await), "token_unknown_key");
}

#[tokio::test]
async fn a_token_of_another_key_or_another_shape_is_refused_and_counted() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["agents:read"]).await;
    let good = claims(&world.token(&agent, Some("agents:read")).await);
    let kid = world.keys.jwks().unwrap()["keys"][0]["kid"].as_str().unwrap().to_owned();
    let private = private_key_generate(SigningAlgorithm::Es256).unwrap();
    let sign = |kid: &str, claims: &Value| {
        SigningKey::from_pkcs8(kid, SigningAlgorithm::Es256, &private).unwrap().sign(claims).unwrap()
    };
    for (token, flaw) in [
        (sign(&kid, &good), TokenFlaw::BadSignature),
        (sign("another", &good), TokenFlaw::UnknownKey),
        (SecretText::new("nonsense".into()), TokenFlaw::Malformed),
    ] {
        assert_eq!(world.bearer(token.expose()).await, Err(Refusal::InvalidToken(flaw)));
    }
    let counted = world.events_of("authentication.failed.counted").await;
    assert_eq!(counted.len(), 3);
    assert!(counted.iter().all(|event| event["actor"] == json!({"method": "bearer"})));
}

#[tokio::test]
async fn tokens_end_when_the_feed_says_so_and_later_ones_live() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["agents:read"]).await;
    let bystander = world.agent("talent-team", &["agents:read"]).await;
    let (one, other) =
        (world.token(&agent, Some("agents:read")).await, world.token(&bystander, Some("agents:read")).await);
    world.change(&[ChangeKind::AgentTokensEnded(agent.agent.id)]).await;
    assert!(world.bearer(one.expose()).await.is_ok(), "this node has not heard of it yet");
    let late = world.token(&agent, Some("agents:read")).await;
    world.read_feed().await;
    let ended = Err(Refusal::InvalidToken(TokenFlaw::Ended));
    assert_eq!(world.bearer(one.expose()).await, ended);
    assert_eq!(world.bearer(late.expose()).await, ended, "it was decided by a record from before");
    assert!(world.bearer(other.expose()).await.is_ok());
    let next = world.token(&agent, Some("agents:read")).await;
    assert!(world.bearer(next.expose()).await.is_ok());

    let principal = world.bearer(next.expose()).await.unwrap();
    let revoked = ChangeKind::TokenRevoked {
        agent_id: principal.agent_id,
        token_id: principal.token_id,
        expires_at: principal.expires_at,
    };
    world.change(&[revoked]).await;
    world.read_feed().await;
    assert_eq!(world.bearer(next.expose()).await, ended);
    let client = world.client(&agent).await;
    let asked = world.tokens.introspect(&request(), &client, next.expose()).await.unwrap();
    assert_eq!(asked, Ok(None));
}

#[tokio::test]
async fn introspection_shows_a_token_to_whom_it_concerns() {
    let world = World::new().await;
    let subject = world.agent("talent-team", &["resume:read"]).await;
    let token = world.token(&subject, None).await;
    let sees = async |owner: &str, capabilities: &[&str]| {
        let client = world.client(&world.agent(owner, capabilities).await).await;
        let asked = world.tokens.introspect(&request(), &client, token.expose()).await.unwrap().unwrap();
        asked.is_some()
    };
    assert!(sees("talent-team", &["tokens:introspect"]).await);
    assert!(sees("other-team", &["idp:admin"]).await);
    assert!(!sees("talent-team", &["agents:read"]).await);
    assert!(!sees("other-team", &["tokens:introspect"]).await);

    let itself = world.client(&subject).await;
    let introspect =
        async |token: &str| world.tokens.introspect(&request(), &itself, token).await.unwrap().unwrap();
    let said = introspect(token.expose()).await.expect("its own token");
    assert_eq!(serde_json::to_value(&said).unwrap(), claims(&token));
    for nonsense in ["", "nonsense", "a.b.c", &token.expose()[..token.expose().len() - 4]] {
        assert_eq!(introspect(nonsense).await, None);
    }
    world.clock.advance(std::time::Duration::from_secs(900));
    world.read_feed().await;
    assert_eq!(introspect(token.expose()).await, None, "its time is over");
    let counted = world.events_of("token.introspected.counted").await;
    let by_itself = counted.iter().find(|event| event["actor"]["agentId"] == subject.agent.id.to_string());
    assert_eq!(by_itself.unwrap()["data"]["count"], 6);
}

#[tokio::test]
async fn a_scope_that_does_not_reach_is_refused_and_recorded_unless_it_is_about_oneself() {
    let world = World::new().await;
    let me = caller("talent-team", &["self:read"]);
    let authorize = async |own| world.tokens.authorize(&request(), &me, &["agents:read"], own).await.unwrap();
    assert_eq!(authorize(Some((me.agent_id, "self:read"))).await, Ok(()));
    for own in
        [None, Some((AgentId(uuid::Uuid::from_u128(1)), "self:read")), Some((me.agent_id, "self:rotate"))]
    {
        assert_eq!(why(authorize(own).await), "insufficient_scope");
    }
    let reader = caller("talent-team", &["agents:read"]);
    let allowed = world.tokens.authorize(&request(), &reader, &["agents:read"], None).await.unwrap();
    assert_eq!(allowed, Ok(()));
    let denied = world.events_of("access.denied").await;
    assert_eq!(denied.len(), 3);
    assert!(denied.iter().all(|event| event["data"]["required"] == json!(["agents:read"])));
}

#[tokio::test]
async fn no_token_exists_whose_event_could_not_be_written() {
    let world = World::new().await;
    let agent = world.agent("talent-team", &["resume:read"]).await;
    let client = world.client(&agent).await;
    world.store().inner.close().await;
    let asked = TokenRequest { grant_type: Some("client_credentials".into()), ..TokenRequest::default() };
    let fault = world.tokens.issue(&request(), &client, asked).await.expect_err("a fault");
    assert!(fault.is_unavailable(), "{fault}");
}
