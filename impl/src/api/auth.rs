//! Who is calling: bearer tokens and client credentials, taken off the request and judged by the domain.

use std::sync::{Arc, OnceLock};

use axum::response::Response;
use generated::client::ClientAuthentication;
use generated::door::{self, Door, Required};
use generated::operations::Operation;
use http::header::AUTHORIZATION;
use http::request::Parts;

use super::error::Refused;
use super::layers::render;
use super::limits::Arrival;
use super::{Api, Context};
use crate::domain::agents::AgentId;
use crate::domain::callers::{AuthMethod, Client, Principal};
use crate::domain::clients::PresentedClient;
use crate::domain::limits::Taken;
use crate::domain::refusal::Refusal;
use crate::store::Store;

impl<S: Store> Door for Api<S> {
    type Context = Context;
    type Caller = Principal;
    type Client = Client;
    type Refusal = Refused;

    fn context(&self, operation: Option<&'static Operation>, parts: &Parts) -> Context {
        let arrival = parts.extensions.get::<Arc<Arrival>>().cloned().unwrap_or_default();
        Context { request: arrival.request.clone(), operation, client: OnceLock::new(), arrival }
    }

    fn refuse(&self, context: &Context, refusal: door::Refusal) -> Response {
        render(&refusal.into(), context.operation, &context.request.request_id)
    }

    fn is_open(&self, _: &'static Operation) -> bool {
        self.audit_public
    }

    async fn authenticate_bearer(
        &self,
        context: &Context,
        parts: &Parts,
        required: Required<'_>,
    ) -> Result<Principal, Refused> {
        let request = &context.request;
        let Some(token) = bearer_token(parts) else { return Err(self.tokens.bearer_missing(request).into()) };
        let principal = self.tokens.authenticate_bearer(request, token).await??;
        context.charge(self.limits.client(request, (&principal).into(), &principal.owner).await)?;
        let own = required.own.and_then(|own| Some((AgentId(own.subject.parse().ok()?), own.scope)));
        self.tokens.authorize(request, &principal, required.scopes, own).await??;
        Ok(principal)
    }

    async fn authenticate_client(
        &self,
        context: &Context,
        presented: ClientAuthentication,
    ) -> Result<Client, Refused> {
        let (client_id, client_secret, method) = match &presented {
            ClientAuthentication::Basic { client_id, client_secret } => {
                (client_id, client_secret, AuthMethod::ClientSecretBasic)
            }
            ClientAuthentication::Post { client_id, client_secret } => {
                (client_id, client_secret, AuthMethod::ClientSecretPost)
            }
            ClientAuthentication::Malformed | ClientAuthentication::Missing => {
                return Err(self.tokens.client_missing(&context.request).into());
            }
        };
        // Compared in the domain, and nowhere kept.
        let presented = PresentedClient { client_id, client_secret: client_secret.expose(), method };
        let client = self.tokens.authenticate_client(&context.request, presented).await??;
        let owner = &client.record.agent.owner;
        context.charge(self.limits.client(&context.request, (&client).into(), owner).await)?;
        let _ = context.client.set(client.clone());
        Ok(client)
    }
}

impl Context {
    /// Notes what a caller that has proved itself was charged; refuses if it has used up what it has.
    fn charge(&self, taken: Option<Taken>) -> Result<(), Refused> {
        self.arrival.proved(taken);
        match taken {
            Some(taken) if !taken.allowed => Err(Refusal::RateLimited(taken).into()),
            _ => Ok(()),
        }
    }
}

/// The token of the one `Authorization` header, if it is a bearer's (RFC 6750 §2.1). Tokens in forms and queries (§2.2,
/// §2.3) are not looked for.
fn bearer_token(parts: &Parts) -> Option<&str> {
    let mut fields = parts.headers.get_all(AUTHORIZATION).iter();
    let (field, None) = (fields.next()?.to_str().ok()?, fields.next()) else { return None };
    let (scheme, token) = field.split_once(' ')?;
    let token = token.trim_start_matches(' ');
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}
