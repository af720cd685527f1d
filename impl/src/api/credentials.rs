//! What agents prove themselves with.

use std::time::Duration;

use generated::apis::credentials::{
    Credentials, GetCredentialParams, GetCredentialResponse, IssueCredentialParams, IssueCredentialResponse,
    ListCredentialsParams, ListCredentialsResponse, RevokeCredentialParams, RevokeCredentialResponse,
    RotateCredentialParams, RotateCredentialResponse,
};
use generated::models;
use generated::types::{Secret, Timestamp};
use http::HeaderValue;

use super::error::{Refused, answers, header};
use super::{Api, Context, created, idempotency_key, kept};
use crate::domain::agents::AgentId;
use crate::domain::callers::Principal;
use crate::domain::credentials::{
    Credential, CredentialId, CredentialStanding, IssuedCredential, NewCredential,
};
use crate::domain::idempotency::Once;
use crate::store::Store;

answers!(GetCredentialResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(IssueCredentialResponse: Created; refused as error:
    BadRequest Unauthorized Forbidden NotFound RequestTimeout Conflict PayloadTooLarge UnsupportedMediaType
    TooManyRequests InternalServerError ServiceUnavailable);
answers!(ListCredentialsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(RevokeCredentialResponse: NoContent; refused as error:
    BadRequest Unauthorized Forbidden NotFound Conflict TooManyRequests InternalServerError ServiceUnavailable);
answers!(RotateCredentialResponse: Created; refused as error:
    BadRequest Unauthorized Forbidden NotFound RequestTimeout Conflict PayloadTooLarge UnsupportedMediaType
    TooManyRequests InternalServerError ServiceUnavailable);

impl<S: Store> Credentials for Api<S> {
    async fn issue_credential(
        &self,
        context: Context,
        caller: Principal,
        params: IssueCredentialParams,
        body: models::NewCredential,
    ) -> IssueCredentialResponse {
        let about = [params.agent_id.as_bytes().as_slice()];
        let key = idempotency_key(params.idempotency_key, "issueCredential", &about, &body);
        let once = Once { key: key.as_ref(), answer: &|made: &IssuedCredential| kept(&issued(made.clone())) };
        let new = NewCredential { label: body.label, expires_at: body.expires_at.map(|time| time.0) };
        let made =
            self.credentials.issue(&context.request, &caller, AgentId(params.agent_id), new, once).await;
        context.answer(made, |made| {
            let body = created(made, issued)?;
            Ok(IssueCredentialResponse::Created { location: location(&body), body })
        })
    }

    async fn refuse_issue_credential(&self, context: &Context, refusal: Refused) -> IssueCredentialResponse {
        context.refuse(&refusal)
    }

    async fn list_credentials(
        &self,
        context: Context,
        caller: Principal,
        params: ListCredentialsParams,
    ) -> ListCredentialsResponse {
        let (id, cursor) = (AgentId(params.agent_id), params.cursor.as_deref());
        let page = self.credentials.list(&context.request, &caller, id, cursor, params.limit).await;
        context.answer(page, |page| {
            let items = page.items.into_iter().map(|one| self.credential(one)).collect();
            Ok(ListCredentialsResponse::Ok {
                body: models::CredentialPage { items, next_cursor: page.next_cursor },
            })
        })
    }

    async fn refuse_list_credentials(&self, context: &Context, refusal: Refused) -> ListCredentialsResponse {
        context.refuse(&refusal)
    }

    async fn get_credential(
        &self,
        context: Context,
        caller: Principal,
        params: GetCredentialParams,
    ) -> GetCredentialResponse {
        let (agent_id, id) = (AgentId(params.agent_id), CredentialId(params.credential_id));
        let found = self.credentials.get(&context.request, &caller, agent_id, id).await;
        context.answer(found, |found| Ok(GetCredentialResponse::Ok { body: self.credential(found) }))
    }

    async fn refuse_get_credential(&self, context: &Context, refusal: Refused) -> GetCredentialResponse {
        context.refuse(&refusal)
    }

    async fn rotate_credential(
        &self,
        context: Context,
        caller: Principal,
        params: RotateCredentialParams,
        body: models::Rotation,
    ) -> RotateCredentialResponse {
        let (agent_id, id) = (AgentId(params.agent_id), CredentialId(params.credential_id));
        let grace = Duration::from_secs(body.grace_period_seconds.unwrap_or(0).into());
        let about = [params.agent_id.as_bytes().as_slice(), params.credential_id.as_bytes()];
        let key = idempotency_key(params.idempotency_key, "rotateCredential", &about, &body);
        let once = Once { key: key.as_ref(), answer: &|made: &IssuedCredential| kept(&issued(made.clone())) };
        let made = self.credentials.rotate(&context.request, &caller, agent_id, id, grace, once).await;
        context.answer(made, |made| {
            let body = created(made, issued)?;
            Ok(RotateCredentialResponse::Created { location: location(&body), body })
        })
    }

    async fn refuse_rotate_credential(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> RotateCredentialResponse {
        context.refuse(&refusal)
    }

    async fn revoke_credential(
        &self,
        context: Context,
        caller: Principal,
        params: RevokeCredentialParams,
    ) -> RevokeCredentialResponse {
        let (agent_id, id) = (AgentId(params.agent_id), CredentialId(params.credential_id));
        let done = self.credentials.revoke(&context.request, &caller, agent_id, id).await;
        context.answer(done, |()| Ok(RevokeCredentialResponse::NoContent))
    }

    async fn refuse_revoke_credential(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> RevokeCredentialResponse {
        context.refuse(&refusal)
    }
}

impl<S: Store> Api<S> {
    fn credential(&self, credential: Credential) -> models::Credential {
        models::Credential {
            id: credential.id.0,
            agent_id: credential.agent_id.0,
            status: match self.credentials.standing(&credential) {
                CredentialStanding::Active => models::CredentialStatus::Active,
                CredentialStanding::Revoked => models::CredentialStatus::Revoked,
                CredentialStanding::Expired => models::CredentialStatus::Expired,
            },
            label: credential.label,
            created_at: Timestamp(credential.created_at),
            expires_at: credential.expires_at.map(Timestamp),
            last_used_at: credential.last_used_at.map(Timestamp),
            rotated_from: credential.rotated_from.map(|id| id.0),
        }
    }
}

/// A credential with its secret: the one moment at which that leaves the server.
pub(super) fn issued(issued: IssuedCredential) -> models::IssuedCredential {
    let IssuedCredential { credential, secret } = issued;
    models::IssuedCredential {
        id: credential.id.0,
        agent_id: credential.agent_id.0,
        client_id: credential.agent_id.0,
        client_secret: Secret::new(secret.into_exposed()),
        label: credential.label,
        status: models::CredentialStatus::Active,
        created_at: Timestamp(credential.created_at),
        expires_at: credential.expires_at.map(Timestamp),
        rotated_from: credential.rotated_from.map(|id| id.0),
    }
}

fn location(credential: &models::IssuedCredential) -> HeaderValue {
    header(format!("/agents/{}/credentials/{}", credential.agent_id, credential.id))
}
