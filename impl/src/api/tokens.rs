//! Issuing tokens and answering questions about them.

use generated::apis::tokens::{IntrospectTokenResponse, IssueTokenResponse, RevokeTokenResponse, Tokens};
use generated::models::{
    DeploymentEnv, IntrospectionRequest, IntrospectionResponse, RevocationRequest, TokenRequest,
    TokenResponse, TokenType,
};
use generated::types::Secret;

use super::error::{Refused, answers};
use super::{Api, Context};
use crate::domain::callers::Client;
use crate::domain::refusal::Refusal;
use crate::domain::tokens::{self, TokenClaims};
use crate::store::Store;

answers!(IssueTokenResponse: Ok; refused as oauth_error:
    BadRequest Unauthorized RequestTimeout PayloadTooLarge UnsupportedMediaType TooManyRequests
    RequestHeaderFieldsTooLarge InternalServerError ServiceUnavailable);
answers!(IntrospectTokenResponse: Ok; refused as oauth_error:
    BadRequest Unauthorized RequestTimeout PayloadTooLarge UnsupportedMediaType TooManyRequests
    RequestHeaderFieldsTooLarge InternalServerError ServiceUnavailable);

answers!(RevokeTokenResponse: Ok; refused as oauth_error:
    BadRequest Unauthorized RequestTimeout PayloadTooLarge UnsupportedMediaType TooManyRequests
    RequestHeaderFieldsTooLarge InternalServerError ServiceUnavailable);

impl<S: Store> Tokens for Api<S> {
    async fn issue_token(&self, context: Context, client: Client, body: TokenRequest) -> IssueTokenResponse {
        let asked = tokens::TokenRequest {
            grant_type: Some(body.grant_type),
            scope: body.scope,
            resources: body.resource.unwrap_or_default(),
        };
        let issued = self.tokens.issue(&context.request, &client, asked).await;
        context.answer(issued, |issued| {
            Ok(IssueTokenResponse::Ok {
                body: TokenResponse {
                    // The one moment at which the token leaves the server.
                    access_token: Secret::new(issued.access_token.into_exposed()),
                    token_type: TokenType::Bearer,
                    expires_in: issued.expires_in,
                    scope: issued.scope,
                },
            })
        })
    }

    async fn refuse_issue_token(&self, context: &Context, refusal: Refused) -> IssueTokenResponse {
        // A client that has proved itself leaves an event of its refusal, whoever refuses it.
        let (Refused::Door(_), Some(client)) = (&refusal, context.client.get()) else {
            return context.refuse(&refusal);
        };
        let malformed = Refusal::InvalidRequest("The form is not valid.");
        match self.tokens.token_refused(&context.request, client, malformed.clone()).await {
            Ok(recorded) if recorded == malformed => context.refuse(&refusal),
            Ok(instead) => context.refuse(&instead.into()),
            Err(fault) => context.refuse(&fault.into()),
        }
    }

    async fn revoke_token(
        &self,
        context: Context,
        client: Client,
        body: RevocationRequest,
    ) -> RevokeTokenResponse {
        let revoked = self.tokens.revoke(&context.request, &client, body.token.expose()).await;
        context.answer(revoked, |()| Ok(RevokeTokenResponse::Ok {}))
    }

    async fn refuse_revoke_token(&self, context: &Context, refusal: Refused) -> RevokeTokenResponse {
        context.refuse(&refusal)
    }

    async fn introspect_token(
        &self,
        context: Context,
        client: Client,
        body: IntrospectionRequest,
    ) -> IntrospectTokenResponse {
        let token = body.token.expose();
        let introspected = self.tokens.introspect(&context.request, &client, token).await;
        context.answer(introspected, |claims| {
            Ok(IntrospectTokenResponse::Ok { body: claims.map_or_else(inactive, active) })
        })
    }

    async fn refuse_introspect_token(&self, context: &Context, refusal: Refused) -> IntrospectTokenResponse {
        context.refuse(&refusal)
    }
}

/// All that is said of a token which is not alive, or not the caller's to know of (RFC 7662 §2.2).
fn inactive() -> IntrospectionResponse {
    IntrospectionResponse {
        active: false,
        scope: None,
        client_id: None,
        token_type: None,
        exp: None,
        iat: None,
        sub: None,
        aud: None,
        iss: None,
        jti: None,
        agent_type: None,
        agent_version: None,
        owner: None,
        deployment_env: None,
        credential_id: None,
        rev: None,
    }
}

fn active(claims: TokenClaims) -> IntrospectionResponse {
    IntrospectionResponse {
        active: true,
        scope: Some(claims.scope),
        client_id: Some(claims.client_id),
        token_type: Some(TokenType::Bearer),
        exp: u64::try_from(claims.exp).ok(),
        iat: u64::try_from(claims.iat).ok(),
        sub: Some(claims.sub),
        aud: Some(claims.aud),
        iss: Some(claims.iss),
        jti: Some(claims.jti.to_string()),
        agent_type: Some(claims.agent_type),
        agent_version: Some(claims.agent_version),
        owner: Some(claims.owner),
        deployment_env: DeploymentEnv::ALL.iter().copied().find(|env| env.as_str() == claims.deployment_env),
        credential_id: Some(claims.credential_id),
        rev: u64::try_from(claims.rev).ok(),
    }
}
