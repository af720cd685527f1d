//! Reading the audit log.

use std::pin::Pin;
use std::task::{Context as Polling, Poll};

use axum::body::Body;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use generated::apis::audit::{
    Audit, ExportAuditEventsParams, ExportAuditEventsResponse, GetAuditCheckpointResponse,
    GetAuditConsistencyProofParams, GetAuditConsistencyProofResponse, GetAuditEntriesParams,
    GetAuditEntriesResponse, GetAuditEventParams, GetAuditEventResponse, GetAuditInclusionProofParams,
    GetAuditInclusionProofResponse, GetAuditTileParams, GetAuditTileResponse, ListAuditEventsParams,
    ListAuditEventsResponse,
};
use generated::models;
use http::HeaderValue;
use http_body::Frame;
use tokio::sync::mpsc;

use super::error::{Refused, answers};
use super::{Api, Context};
use crate::domain::agents::AgentId;
use crate::domain::audit::proofs::{BrokenOff, ExportRequest, Piece};
use crate::domain::audit::{AuditFilter, AuditRow};
use crate::domain::callers::Principal;
use crate::domain::log::Hash;
use crate::domain::log::tiles::{Tile, TilePlace};
use crate::domain::refusal::Fault;
use crate::store::Store;

answers!(GetAuditEventResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(ListAuditEventsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAuditCheckpointResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAuditEntriesResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAuditTileResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAuditInclusionProofResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden NotFound TooManyRequests InternalServerError ServiceUnavailable);
answers!(GetAuditConsistencyProofResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);
answers!(ExportAuditEventsResponse: Ok; refused as error:
    BadRequest Unauthorized Forbidden TooManyRequests InternalServerError ServiceUnavailable);

/// How long a tile may be kept by whoever asked for it.
fn caching(place: Option<TilePlace>) -> HeaderValue {
    // One that is full is asked for by the same path for ever; one that is not will soon be asked for no more.
    HeaderValue::from_static(match place.is_some_and(TilePlace::is_full) {
        true => "private, max-age=31536000, immutable",
        false => "private, max-age=60",
    })
}

fn texts(hashes: &[Hash]) -> Vec<String> {
    hashes.iter().map(|hash| STANDARD.encode(hash)).collect()
}

/// The body of an export: its pieces as they come.
struct Pieces(mpsc::Receiver<Piece>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = BrokenOff;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        polling: &mut Polling<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BrokenOff>>> {
        self.0.poll_recv(polling).map(|piece| piece.map(|piece| piece.map(|piece| Frame::data(piece.into()))))
    }
}

impl<S: Store> Audit for Api<S> {
    async fn get_audit_event(
        &self,
        context: Context,
        caller: Principal,
        params: GetAuditEventParams,
    ) -> GetAuditEventResponse {
        let found = self.audit.get(&context.request, &caller, params.event_id).await;
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

    async fn get_audit_checkpoint(
        &self,
        context: Context,
        _: Option<Principal>,
    ) -> GetAuditCheckpointResponse {
        let last = self.log.checkpoint_and_minimum().await.map(Ok);
        context.answer(last, |(signed, minimum)| {
            let audit_minimum_index = minimum.into();
            Ok(GetAuditCheckpointResponse::Ok { body: signed.note.into(), audit_minimum_index })
        })
    }

    async fn refuse_get_audit_checkpoint(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> GetAuditCheckpointResponse {
        context.refuse(&refusal)
    }

    async fn get_audit_entries(
        &self,
        context: Context,
        _: Principal,
        params: GetAuditEntriesParams,
    ) -> GetAuditEntriesResponse {
        let place = TilePlace::parse(&params.path);
        let bundle = self.log.entries(place).await;
        // Kept by nobody: what it says has its time, and is one caller's to read.
        context.answer(bundle, |bundle| Ok(GetAuditEntriesResponse::Ok { body: bundle.into() }))
    }

    async fn refuse_get_audit_entries(&self, context: &Context, refusal: Refused) -> GetAuditEntriesResponse {
        context.refuse(&refusal)
    }

    async fn get_audit_tile(
        &self,
        context: Context,
        _: Option<Principal>,
        params: GetAuditTileParams,
    ) -> GetAuditTileResponse {
        let tile = Tile::parse(params.level.into(), &params.path);
        let hashes = self.log.tile(tile).await;
        context.answer(hashes, |hashes| {
            let cache_control = caching(tile.map(Tile::place));
            Ok(GetAuditTileResponse::Ok { body: hashes.into(), cache_control })
        })
    }

    async fn refuse_get_audit_tile(&self, context: &Context, refusal: Refused) -> GetAuditTileResponse {
        context.refuse(&refusal)
    }

    async fn get_audit_inclusion_proof(
        &self,
        context: Context,
        caller: Principal,
        params: GetAuditInclusionProofParams,
    ) -> GetAuditInclusionProofResponse {
        let proof = self.log.inclusion(&context.request, &caller, params.event_id).await;
        context.answer(proof, |proof| {
            Ok(GetAuditInclusionProofResponse::Ok {
                body: models::InclusionProof {
                    event_id: params.event_id,
                    leaf_index: proof.index,
                    leaf_hash: STANDARD.encode(proof.leaf),
                    tree_size: proof.signed.checkpoint.size,
                    root_hash: STANDARD.encode(proof.signed.checkpoint.root),
                    hashes: texts(&proof.hashes),
                    checkpoint: proof.signed.note,
                },
            })
        })
    }

    async fn refuse_get_audit_inclusion_proof(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> GetAuditInclusionProofResponse {
        context.refuse(&refusal)
    }

    async fn get_audit_consistency_proof(
        &self,
        context: Context,
        _: Option<Principal>,
        params: GetAuditConsistencyProofParams,
    ) -> GetAuditConsistencyProofResponse {
        let proof = self.log.consistency(params.from, params.to).await;
        context.answer(proof, |proof| {
            Ok(GetAuditConsistencyProofResponse::Ok {
                body: models::ConsistencyProof {
                    from: proof.from,
                    to: proof.to,
                    hashes: texts(&proof.hashes),
                    checkpoint: proof.signed.note,
                },
            })
        })
    }

    async fn refuse_get_audit_consistency_proof(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> GetAuditConsistencyProofResponse {
        context.refuse(&refusal)
    }

    async fn export_audit_events(
        &self,
        context: Context,
        caller: Principal,
        params: ExportAuditEventsParams,
    ) -> ExportAuditEventsResponse {
        let asked = ExportRequest {
            start: params.start,
            before: params.before,
            filter: AuditFilter {
                owner: None,
                agent_id: params.agent_id.map(AgentId),
                actor_id: params.actor_id.map(AgentId),
                action: params.action.map(|action| action.as_str().to_owned()),
                outcome: params.outcome.map(|outcome| outcome.as_str().to_owned()),
                from: params.from.map(|time| time.0),
                to: params.to.map(|time| time.0),
            },
        };
        let pieces = self.log.export(&context.request, &caller, asked).await;
        context.answer(pieces, |pieces| Ok(ExportAuditEventsResponse::Ok { body: Body::new(Pieces(pieces)) }))
    }

    async fn refuse_export_audit_events(
        &self,
        context: &Context,
        refusal: Refused,
    ) -> ExportAuditEventsResponse {
        context.refuse(&refusal)
    }
}

/// The event as it was hashed; the row's other columns are only for finding it.
fn event(row: &AuditRow) -> Result<models::AuditEvent, Fault> {
    serde_json::from_slice(&row.content).map_err(|error| {
        Fault::Impossible(format!("audit_events.content of {} is not an event: {error}", row.id))
    })
}
