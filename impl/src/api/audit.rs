//! Reading the audit log.

use generated::apis::audit::{
    Audit, GetAuditEventParams, GetAuditEventResponse, ListAuditEventsParams, ListAuditEventsResponse,
};
use generated::models;

use super::error::{Refused, answers};
use super::{Api, Context};
use crate::domain::agents::AgentId;
use crate::domain::audit::{AuditFilter, AuditRow};
use crate::domain::callers::Principal;
use crate::domain::refusal::Fault;
use crate::store::Store;

answers!(GetAuditEventResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(ListAuditEventsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);

impl<S: Store> Audit for Api<S> {
    async fn get_audit_event(
        &self,
        context: Context,
        caller: Principal,
        params: GetAuditEventParams,
    ) -> GetAuditEventResponse {
        let found = self.audit.get(&caller, params.event_id).await;
        context.answer(found, |found| Ok(GetAuditEventResponse::Ok { body: event(&found)? }))
    }

    async fn refuse_get_audit_event(&self, context: &Context, refusal: Refused) -> GetAuditEventResponse {
        context.refuse(&refusal)
    }

    async fn list_audit_events(
        &self,
        context: Context,
        caller: Principal,
        params: ListAuditEventsParams,
    ) -> ListAuditEventsResponse {
        let filter = AuditFilter {
            owner: None,
            agent_id: params.agent_id.map(AgentId),
            actor_id: params.actor_id.map(AgentId),
            action: params.action.map(|action| action.as_str().to_owned()),
            outcome: params.outcome.map(|outcome| outcome.as_str().to_owned()),
            from: params.from.map(|time| time.0),
            to: params.to.map(|time| time.0),
        };
        let page = self.audit.list(&caller, filter, params.cursor.as_deref(), params.limit).await;
        context.answer(page, |page| {
            let items = page.items.iter().map(event).collect::<Result<_, _>>()?;
            Ok(ListAuditEventsResponse::Ok {
                body: models::AuditEventPage { items, next_cursor: page.next_cursor },
            })
        })
    }

    async fn refuse_list_audit_events(&self, context: &Context, refusal: Refused) -> ListAuditEventsResponse {
        context.refuse(&refusal)
    }
}

/// The event as it was hashed; the row's other columns are only for finding it.
fn event(row: &AuditRow) -> Result<models::AuditEvent, Fault> {
    serde_json::from_slice(&row.content).map_err(|error| {
        Fault::Impossible(format!("audit_events.content of {} is not an event: {error}", row.id))
    })
}
