//! Tokens: issuing (RFC 6749 §4.4), introspecting (RFC 7662), and what a bearer may do here (RFC 6750).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::agents::{AgentId, Owner, capability_names};
use super::audit::{Action, AuditEvent, AuditWriter, Subject, texts_fitting};
use super::callers::{AuthMethod, Client, Principal, RequestContext};
use super::changes::{ChangeKind, Rev};
use super::clients::{ClientCaches, ClientParts, Clients, PresentedClient};
use super::credentials::CredentialId;
use super::feed::{Feed, TokenStanding};
use super::keys::{KeyRing, VerifiedBy};
use super::limits::Limits;
use super::policy::{
    Capability, GrantedScope, IDP_ADMIN, TOKENS_INTROSPECT, TOKENS_REVOKE, audience_decide, scope_decide,
};
use super::refusal::{Answered, Fault, Refusal, ScopeFlaw, TokenFlaw};
use super::tally::Tally;
use super::uses::Uses;
use crate::clock::Clock;
use crate::crypto::master::digest;
use crate::crypto::{Entropy, HashPool, MasterKey, SecretText};
use crate::measures;
use crate::store::audit::AuditWrites;
use crate::store::changes::ChangeWrites;
use crate::store::{Store, Unit};

/// The shortest and the longest that a token may live by configuration.
pub const LIFETIMES: std::ops::RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(24 * 60 * 60);

/// How many tokens of one agent, ended one by one, are remembered at the most.
pub const MOST_REVOKED: u32 = 1000;

/// What tokens say of their issuer and their audience, and how long they live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenSettings {
    issuer: String,
    default_audience: String,
    allowed_resources: BTreeSet<String>,
    lifetime: Duration,
}

impl TokenSettings {
    /// Settings, if they hang together: the lifetime is one of [`LIFETIMES`] in whole seconds, and ordinary tokens
    /// are never for the issuer itself.
    pub fn new(
        issuer: String,
        default_audience: String,
        allowed_resources: BTreeSet<String>,
        lifetime: Duration,
    ) -> Result<Self, &'static str> {
        if default_audience == issuer || allowed_resources.contains(&issuer) {
            return Err("the issuer cannot be an audience of tokens with ordinary scopes");
        }
        if !LIFETIMES.contains(&lifetime) || lifetime.subsec_nanos() != 0 {
            return Err("the lifetime of tokens must be 60 to 86400 whole seconds");
        }
        Ok(Self { issuer, default_audience, allowed_resources, lifetime })
    }

    /// The issuer, which is also the audience of tokens for this server.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }
}

/// The claims of an access token (RFC 9068 §2.2, RFC 7519 §4.1), the private ones last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenClaims {
    /// Who issued it.
    pub iss: String,
    /// The agent.
    pub sub: Uuid,
    /// The agent again, as a client (RFC 9068 §2.2).
    pub client_id: Uuid,
    /// Whom it is for; written as a string when there is one.
    #[serde(with = "one_or_many")]
    pub aud: Vec<String>,
    /// When its time is over, in seconds of the epoch.
    pub exp: i64,
    /// When it was issued, in seconds of the epoch.
    pub iat: i64,
    /// Its own id.
    pub jti: Uuid,
    /// What it allows, separated by spaces (RFC 8693 §4.2).
    pub scope: String,
    /// What kind of agent it is.
    pub agent_type: String,
    /// The agent's version.
    pub agent_version: String,
    /// Who answers for the agent.
    pub owner: String,
    /// Where the agent runs.
    pub deployment_env: String,
    /// The credential that the agent proved itself with.
    pub credential_id: Uuid,
    /// The position of the change feed at which it was decided: a later change that ends the agent's tokens ends it.
    pub rev: i64,
}

/// `aud` is one string or a list of them (RFC 7519 §4.1.3).
mod one_or_many {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }

    pub(super) fn serialize<S: Serializer>(values: &[String], serializer: S) -> Result<S::Ok, S::Error> {
        match values {
            [one] => one.serialize(serializer),
            many => many.serialize(serializer),
        }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
        Ok(match OneOrMany::deserialize(deserializer)? {
            OneOrMany::One(one) => vec![one],
            OneOrMany::Many(many) => many,
        })
    }
}

/// The form of the token endpoint; what came empty is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenRequest {
    /// How the token is asked for.
    pub grant_type: Option<String>,
    /// What for, separated by spaces.
    pub scope: Option<String>,
    /// For whom (RFC 8707 §2), in the order asked.
    pub resources: Vec<String>,
}

/// An issued token (RFC 6749 §5.1). Its type is `Bearer`.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// The token.
    pub access_token: SecretText,
    /// How long it lives, in seconds, from 1 to 86,400.
    pub expires_in: u32,
    /// What was granted, when that is not what was asked to the letter.
    pub scope: Option<String>,
}

/// A token whose signature was verified here before.
#[derive(Clone)]
pub struct VerifiedToken {
    claims: TokenClaims,
    by: VerifiedBy,
    size: u32,
}

impl VerifiedToken {
    /// About how many bytes it takes.
    pub fn size(&self) -> u32 {
        self.size
    }
}

/// Verified tokens by their SHA-256, as a signature takes longer to verify than everything else about a token. May cost
/// time, never correctness: what a token says and who signed it does not change, and whether the key stands, the time is
/// over or the token was ended is asked each time.
pub trait VerifiedTokens: Send + Sync {
    /// The token last kept with this digest, if it is still there.
    fn verified_get(&self, digest: &[u8; 32]) -> Option<Arc<VerifiedToken>>;

    /// Keeps a token.
    fn verified_put(&self, digest: [u8; 32], token: Arc<VerifiedToken>);
}

/// What the token service is made of.
#[derive(Clone)]
pub struct TokenParts<S> {
    /// Where credentials and changes are kept.
    pub store: S,
    /// The time.
    pub clock: Clock,
    /// Chance.
    pub entropy: Entropy,
    /// Compares secrets.
    pub master: MasterKey,
    /// Compares secrets slowly.
    pub pool: HashPool,
    /// Says how many, slowly.
    pub limits: Limits,
    /// Signs and verifies.
    pub keys: Arc<KeyRing>,
    /// Who changed.
    pub feed: Arc<Feed>,
    /// Clients read before.
    pub caches: ClientCaches,
    /// Tokens verified before.
    pub verified: Arc<dyn VerifiedTokens>,
    /// Takes the events that come before an answer.
    pub audit: AuditWriter,
    /// Counts what is only counted.
    pub tally: Arc<Tally>,
    /// Notes who was there.
    pub uses: Arc<Uses>,
    /// What tokens say.
    pub settings: TokenSettings,
}

/// Issues, introspects and accepts tokens.
#[derive(Clone)]
pub struct TokenService<S> {
    store: S,
    clock: Clock,
    entropy: Entropy,
    keys: Arc<KeyRing>,
    feed: Arc<Feed>,
    audit: AuditWriter,
    tally: Arc<Tally>,
    verified: Arc<dyn VerifiedTokens>,
    settings: TokenSettings,
    clients: Clients<S>,
}

impl<S: Store> TokenService<S> {
    /// A service of these parts.
    pub fn new(parts: TokenParts<S>) -> Self {
        let clients = Clients::new(ClientParts {
            store: parts.store.clone(),
            clock: parts.clock.clone(),
            master: parts.master,
            pool: parts.pool,
            limits: parts.limits,
            feed: Arc::clone(&parts.feed),
            caches: parts.caches,
            tally: Arc::clone(&parts.tally),
            uses: parts.uses,
        });
        Self {
            store: parts.store,
            clock: parts.clock,
            entropy: parts.entropy,
            keys: parts.keys,
            feed: parts.feed,
            audit: parts.audit,
            tally: parts.tally,
            verified: parts.verified,
            settings: parts.settings,
            clients,
        }
    }

    /// What tokens say of their issuer and audience.
    pub fn settings(&self) -> &TokenSettings {
        &self.settings
    }

    /// Authenticates a client by its secret (RFC 6749 §2.3.1). Refused with [`Refusal::InvalidClient`] whatever the
    /// reason, which the audit log alone is told; failures are counted.
    pub async fn authenticate_client(
        &self,
        request: &RequestContext,
        presented: PresentedClient<'_>,
    ) -> Result<Answered<Client>, Fault> {
        self.clients.authenticate(request, presented).await
    }

    /// Counts a request that presented no client where one is needed; hands back what to answer.
    pub fn client_missing(&self, request: &RequestContext) -> Refusal {
        self.clients.missing(request)
    }

    /// Issues an access token to a client (RFC 6749 §4.4.2, RFC 9068 §3). Its event, or that of the refusal, is durable
    /// before this comes back.
    pub async fn issue(
        &self,
        request: &RequestContext,
        client: &Client,
        asked: TokenRequest,
    ) -> Result<Answered<IssuedToken>, Fault> {
        if !self.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        let (granted, audience) = match self.decide(client, &asked) {
            Ok(decided) => decided,
            Err(refusal) => return Ok(Err(self.token_refused(request, client, refusal).await?)),
        };
        let now = self.clock.now();
        let claims = self.claims(client, &granted, audience, now);
        let access_token = self.keys.sign(&claims)?;
        let event = AuditEvent::success(Action::TokenIssued, client.into())
            .during(request)
            .on(Subject { token_id: Some(claims.jti), ..self_subject(client.agent_id()) })
            .behind(&client.record.agent.owner)
            .with("scope", capability_names(&granted.scopes))
            .with("audience", texts_fitting(claims.aud.iter().map(String::as_str), 2048))
            .with("expiresAt", claims.exp);
        if let Err(refusal) = self.audit.write(event).await? {
            return Ok(Err(refusal));
        }
        // Writing may have taken long, as on a node that was stopped meanwhile: who cannot know does not say yes.
        if !self.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        measures::token_issued();
        let expires_in = u32::try_from(claims.exp - claims.iat).unwrap_or(u32::MAX);
        let scope = Some(claims.scope).filter(|granted| asked.scope.as_ref() != Some(granted));
        Ok(Ok(IssuedToken { access_token, expires_in, scope }))
    }

    fn decide(&self, client: &Client, asked: &TokenRequest) -> Answered<(GrantedScope, Vec<String>)> {
        match asked.grant_type.as_deref() {
            Some("client_credentials") => {}
            Some(_) => return Err(Refusal::UnsupportedGrantType),
            None => return Err(Refusal::InvalidRequest("The parameter grant_type is missing.")),
        }
        let granted = scope_decide(&client.record.agent.capabilities, asked.scope.as_deref())?;
        if let Some(withheld) = client.withheld().find(|capability| granted.scopes.contains(capability)) {
            return Err(Refusal::InvalidScope(ScopeFlaw::BeyondCredential(withheld.clone())));
        }
        let audience = audience_decide(
            granted.kind,
            &asked.resources,
            &self.settings.issuer,
            &self.settings.default_audience,
            &self.settings.allowed_resources,
        )?;
        Ok((granted, audience))
    }

    /// The claims of a token that is decided now. It ends with its agent's `validUntil` if that comes sooner, and lives
    /// a second at least.
    fn claims(
        &self,
        client: &Client,
        granted: &GrantedScope,
        audience: Vec<String>,
        now: DateTime<Utc>,
    ) -> TokenClaims {
        let agent = &client.record.agent;
        let iat = now.timestamp();
        let lifetime = i64::try_from(self.settings.lifetime.as_secs()).unwrap_or(i64::MAX);
        let until = agent.valid_until.map_or(i64::MAX, |until| until.timestamp());
        TokenClaims {
            iss: self.settings.issuer.clone(),
            sub: agent.id.0,
            client_id: agent.id.0,
            aud: audience,
            exp: iat.saturating_add(lifetime).min(until).max(iat + 1),
            iat,
            jti: self.entropy.uuid_v7(now),
            scope: granted.to_text(),
            agent_type: agent.agent_type.clone(),
            agent_version: agent.version.clone(),
            owner: agent.owner.0.clone(),
            deployment_env: agent.deployment_env.as_str().to_owned(),
            credential_id: client.credential_id().0,
            rev: client.record.rev.0,
        }
    }

    /// Records that a client which had proved itself was refused a token, and hands on what to answer: the refusal, or
    /// that there was no room to record it. For the refusals that the door decides; [`TokenService::issue`] records its
    /// own.
    pub async fn token_refused(
        &self,
        request: &RequestContext,
        client: &Client,
        refusal: Refusal,
    ) -> Result<Refusal, Fault> {
        measures::token_refused(refusal.reason());
        let event = AuditEvent::denied(Action::TokenRefused, client.into(), refusal.reason())
            .during(request)
            .on(self_subject(client.agent_id()))
            .behind(&client.record.agent.owner);
        self.audit.refuse(event, refusal).await
    }

    /// What a token says, if it lives and the client may know (RFC 7662 §2.2): its own subject may, whoever has
    /// `tokens:introspect` may for tokens of its owner, whoever has `idp:admin` may for all. `None` for everything
    /// else, without a difference.
    pub async fn introspect(
        &self,
        request: &RequestContext,
        client: &Client,
        token: &str,
    ) -> Result<Answered<Option<TokenClaims>>, Fault> {
        if !self.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        self.tally.introspection(request, client);
        let Ok(claims) = self.claims_verified(token) else { return Ok(Ok(None)) };
        let visible = claims.sub == client.agent_id().0
            || (client.has(TOKENS_INTROSPECT) && claims.owner == client.record.agent.owner.0)
            || client.has(IDP_ADMIN);
        if !visible || self.flaw_of(&claims).await?.is_some() {
            return Ok(Ok(None));
        }
        Ok(Ok(Some(claims)))
    }

    /// Ends a token before its time (RFC 7009 §2.1): the client's own, or with `tokens:revoke` that of an agent of its
    /// owner, or with `idp:admin` anybody's. What is no live token of ours is as dead as asked for (§2.2).
    ///
    /// Tokens that are ended one by one must be remembered one by one until they expire. An agent of which
    /// [`MOST_REVOKED`] are remembered has all tokens ended that it was issued so far, this one among them, and the count
    /// begins anew.
    pub async fn revoke(
        &self,
        request: &RequestContext,
        client: &Client,
        token: &str,
    ) -> Result<Answered<()>, Fault> {
        if !self.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        let Ok(claims) = self.claims_verified(token) else { return Ok(Ok(())) };
        if self.flaw_of(&claims).await?.is_some() {
            return Ok(Ok(()));
        }
        let agent_id = AgentId(claims.sub);
        let (client_owner, subject) =
            (&client.record.agent.owner, Subject { token_id: Some(claims.jti), ..self_subject(agent_id) });
        let permitted = agent_id == client.agent_id()
            || (client.has(TOKENS_REVOKE) && claims.owner == client_owner.0)
            || client.has(IDP_ADMIN);
        if !permitted {
            let refusal = Refusal::TokenNotYours;
            let event = AuditEvent::denied(Action::TokenRevoked, client.into(), refusal.reason());
            let event = event.during(request).on(subject).behind(client_owner);
            return Ok(Err(self.audit.refuse(event, refusal).await?));
        }
        let now = self.clock.now();
        let expires_at = DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC);
        let mut unit = self.store.begin().await?;
        let remembered = unit.token_revocations_count(agent_id, now, MOST_REVOKED).await?;
        let ends_all = remembered >= MOST_REVOKED;
        let event = AuditEvent::success(Action::TokenRevoked, client.into())
            .during(request)
            .on(subject)
            .behind(&Owner(claims.owner));
        let event = if ends_all { event.with("endsTokens", true) } else { event };
        let event = event.seal(&self.clock, &self.entropy)?;
        unit.audit_append(&[event]).await?;
        let changes = [match ends_all {
            true => ChangeKind::AgentTokensEnded(agent_id),
            false => ChangeKind::TokenRevoked { agent_id, token_id: claims.jti, expires_at },
        }];
        let rev = unit.commit_with_changes(&changes, now).await?;
        self.feed.note(&changes, rev, now);
        Ok(Ok(()))
    }

    /// Accepts an access token at this server's own API (RFC 6750 §2.1, RFC 9068 §4): ours, for us, in time, not
    /// ended. Failures are counted.
    pub async fn authenticate_bearer(
        &self,
        request: &RequestContext,
        token: &str,
    ) -> Result<Answered<Principal>, Fault> {
        if !self.feed.fresh() {
            return Ok(Err(Refusal::Stale));
        }
        let claims = match self.claims_verified(token) {
            Ok(claims) => claims,
            Err(flaw) => return Ok(Err(self.bearer_refused(request, flaw))),
        };
        if claims.aud.as_slice() != [self.settings.issuer.as_str()] {
            return Ok(Err(self.bearer_refused(request, TokenFlaw::WrongAudience)));
        }
        if let Some(flaw) = self.flaw_of(&claims).await? {
            return Ok(Err(self.bearer_refused(request, flaw)));
        }
        Ok(Ok(Principal {
            agent_id: AgentId(claims.sub),
            owner: Owner(claims.owner),
            scope: claims.scope.split(' ').map(|scope| Capability(scope.to_owned())).collect(),
            credential_id: Some(CredentialId(claims.credential_id)),
            token_id: claims.jti,
            rev: Rev(claims.rev),
            expires_at: DateTime::from_timestamp(claims.exp, 0).unwrap_or(DateTime::<Utc>::MAX_UTC),
        }))
    }

    /// Counts a request that carried no token where one is needed; hands back what to answer.
    pub fn bearer_missing(&self, request: &RequestContext) -> Refusal {
        self.bearer_refused(request, TokenFlaw::Missing)
    }

    fn bearer_refused(&self, request: &RequestContext, flaw: TokenFlaw) -> Refusal {
        measures::authentication_failed(flaw.as_str());
        self.tally.failure(request, AuthMethod::Bearer, flaw.as_str(), None);
        Refusal::InvalidToken(flaw)
    }

    /// Whether the principal's scope reaches (RFC 6750 §3.1): it holds all of `scopes`, or `own` names an agent that it
    /// is and a scope that it holds. A refusal is recorded before it is answered.
    pub async fn authorize(
        &self,
        request: &RequestContext,
        principal: &Principal,
        scopes: &[&str],
        own: Option<(AgentId, &str)>,
    ) -> Result<Answered<()>, Fault> {
        let itself =
            own.is_some_and(|(agent_id, scope)| principal.agent_id == agent_id && principal.holds(scope));
        if itself || scopes.iter().all(|scope| principal.holds(scope)) {
            return Ok(Ok(()));
        }
        let agent_id = own.map(|(agent_id, _)| agent_id);
        Ok(Err(self.audit.refuse_scope(request, principal, agent_id, scopes).await?))
    }

    /// The claims of a token of ours, live or not.
    fn claims_verified(&self, token: &str) -> Result<TokenClaims, TokenFlaw> {
        let digest = digest(&[token.as_bytes()]);
        let known = self.verified.verified_get(&digest);
        if let Some(known) = known.filter(|known| known.by.stands(self.clock.now())) {
            return Ok(known.claims.clone());
        }
        let (claims, by) = self.keys.verify::<TokenClaims>(token)?;
        let size = u32::try_from(token.len()).unwrap_or(u32::MAX).saturating_add(512);
        let verified = VerifiedToken { claims: claims.clone(), by, size };
        self.verified.verified_put(digest, Arc::new(verified));
        Ok(claims)
    }

    /// What is wrong with a token of ours now, if anything. `exp` has no leeway: the clock is the one that set it.
    async fn flaw_of(&self, claims: &TokenClaims) -> Result<Option<TokenFlaw>, Fault> {
        if claims.exp <= self.clock.now().timestamp() {
            return Ok(Some(TokenFlaw::Expired));
        }
        let (agent_id, rev) = (AgentId(claims.sub), Rev(claims.rev));
        let dead = match self.feed.token_standing(agent_id, claims.jti, rev) {
            TokenStanding::Alive => false,
            TokenStanding::Dead => true,
            // Older than what this node has room to remember.
            TokenStanding::Unknown => self.store.token_ended(agent_id, claims.jti, rev).await?,
        };
        Ok(dead.then_some(TokenFlaw::Ended))
    }
}

fn self_subject(agent_id: AgentId) -> Subject {
    Subject { agent_id: Some(agent_id), ..Subject::default() }
}
