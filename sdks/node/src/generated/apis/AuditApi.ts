/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type AuditAction,
    AuditActionFromJSON,
    AuditActionToJSON,
} from '../models/AuditAction.js';
import {
    type AuditEvent,
    AuditEventFromJSON,
    AuditEventToJSON,
} from '../models/AuditEvent.js';
import {
    type AuditEventPage,
    AuditEventPageFromJSON,
    AuditEventPageToJSON,
} from '../models/AuditEventPage.js';
import {
    type AuditOutcome,
    AuditOutcomeFromJSON,
    AuditOutcomeToJSON,
} from '../models/AuditOutcome.js';
import {
    type ConsistencyProof,
    ConsistencyProofFromJSON,
    ConsistencyProofToJSON,
} from '../models/ConsistencyProof.js';
import {
    type ErrorBody,
    ErrorBodyFromJSON,
    ErrorBodyToJSON,
} from '../models/ErrorBody.js';
import {
    type InclusionProof,
    InclusionProofFromJSON,
    InclusionProofToJSON,
} from '../models/InclusionProof.js';

export interface ExportAuditEventsRequest {
    /**
     * From which leaf on the whole log is exported; by default from the first. Takes `idp:admin` (403 without), and no filter.
     */
    start?: number;
    /**
     * Only events before this one, which is the last that arrived of an export that was cut off.
     */
    before?: string;
    /**
     * Only events that concern this agent.
     */
    agentId?: string;
    /**
     * Only events that this agent caused.
     */
    actorId?: string;
    /**
     * Only events of this kind.
     */
    action?: AuditAction;
    /**
     * Only events that ended this way.
     */
    outcome?: AuditOutcome;
    /**
     * Only events at this time or later.
     */
    from?: Date;
    /**
     * Only events before this time.
     */
    to?: Date;
}

export interface GetAuditConsistencyProofRequest {
    /**
     * How many events the earlier log had.
     */
    from: number;
    /**
     * How many events the later log had; by default, as many as its last checkpoint has.
     */
    to?: number;
}

export interface GetAuditEntriesRequest {
    /**
     * Which tile or bundle of its level, from 000: groups of three digits, all but the last after an `x` (`x001/234` is the
     * 1235th), and for one that is not full `.p/` and how many it has. The rest of the path, slashes and all.
     * 
     */
    path: string;
}

export interface GetAuditEventRequest {
    /**
     * The event's id.
     */
    eventId: string;
}

export interface GetAuditInclusionProofRequest {
    /**
     * The event.
     */
    eventId: string;
}

export interface GetAuditTileRequest {
    /**
     * The level of tiles, from 0 at the hashes of events.
     */
    level: number;
    /**
     * Which tile or bundle of its level, from 000: groups of three digits, all but the last after an `x` (`x001/234` is the
     * 1235th), and for one that is not full `.p/` and how many it has. The rest of the path, slashes and all.
     * 
     */
    path: string;
}

export interface ListAuditEventsRequest {
    /**
     * Only events that concern this agent.
     */
    agentId?: string;
    /**
     * Only events that this agent caused.
     */
    actorId?: string;
    /**
     * Only events of this kind.
     */
    action?: AuditAction;
    /**
     * Only events that ended this way.
     */
    outcome?: AuditOutcome;
    /**
     * Only events at this time or later.
     */
    from?: Date;
    /**
     * Only events before this time.
     */
    to?: Date;
    /**
     * The `nextCursor` of the page before. It is good for the list that gave it alone, and for the filters that this had;
     * `limit` may be another one.
     * 
     */
    cursor?: string;
    /**
     * How many items the page has at most.
     */
    limit?: number;
}

/**
 * 
 */
export class AuditApi extends runtime.BaseAPI {

    /**
     * Creates request options for exportAuditEvents without sending the request
     */
    async exportAuditEventsRequestOpts(requestParameters: ExportAuditEventsRequest): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        if (requestParameters['start'] != null) {
            queryParameters['start'] = requestParameters['start'];
        }

        if (requestParameters['before'] != null) {
            queryParameters['before'] = requestParameters['before'];
        }

        if (requestParameters['agentId'] != null) {
            queryParameters['agentId'] = requestParameters['agentId'];
        }

        if (requestParameters['actorId'] != null) {
            queryParameters['actorId'] = requestParameters['actorId'];
        }

        if (requestParameters['action'] != null) {
            queryParameters['action'] = requestParameters['action'];
        }

        if (requestParameters['outcome'] != null) {
            queryParameters['outcome'] = requestParameters['outcome'];
        }

        if (requestParameters['from'] != null) {
            queryParameters['from'] = runtime.serializeDateTime(requestParameters['from'] as any);
        }

        if (requestParameters['to'] != null) {
            queryParameters['to'] = runtime.serializeDateTime(requestParameters['to'] as any);
        }

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/export`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * Events as lines of JSON, as long as there are any. The first line is an `ExportBeginning`: the log\'s last `checkpoint`, its `treeSize`, and of the whole log the leaf that it starts from (`start`), else the `filter` that the events passed. Each other line has the `leafIndex` of an event and, as its last member, the `event` in the very bytes that are hashed.  With `idp:admin` and without a filter it is the whole log, from `start` on and by rising `leafIndex`, which is all that it takes to compute the root anew. Each line has the `hash` of its leaf as well, so that a changed event can be named; of an event whose content is gone it has nothing else. Otherwise the events that the filter lets through, without `idp:admin` those of the caller\'s own owner, the newest first and from `before` on, each with the `proof` that it is in the log (RFC 6962 section 2.1.1). Whoever was cut off goes on from the last line that arrived, if the `filter` of the new answer is the one of the old: it names the owner as well. 
     * Export events
     */
    async exportAuditEventsRaw(requestParameters: ExportAuditEventsRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.exportAuditEventsRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * Events as lines of JSON, as long as there are any. The first line is an `ExportBeginning`: the log\'s last `checkpoint`, its `treeSize`, and of the whole log the leaf that it starts from (`start`), else the `filter` that the events passed. Each other line has the `leafIndex` of an event and, as its last member, the `event` in the very bytes that are hashed.  With `idp:admin` and without a filter it is the whole log, from `start` on and by rising `leafIndex`, which is all that it takes to compute the root anew. Each line has the `hash` of its leaf as well, so that a changed event can be named; of an event whose content is gone it has nothing else. Otherwise the events that the filter lets through, without `idp:admin` those of the caller\'s own owner, the newest first and from `before` on, each with the `proof` that it is in the log (RFC 6962 section 2.1.1). Whoever was cut off goes on from the last line that arrived, if the `filter` of the new answer is the one of the old: it names the owner as well. 
     * Export events
     */
    async exportAuditEvents(requestParameters: ExportAuditEventsRequest = {}, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.exportAuditEventsRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditCheckpoint without sending the request
     */
    async getAuditCheckpointRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/checkpoint`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The size and the root of the Merkle tree (RFC 6962 section 2.1) over all audit events, signed by the log\'s key: a C2SP `tlog-checkpoint` in a `signed-note`. It is made anew at least every second while there is something new, and every node answers the same one. Keep it: whoever has one can have it proved that a later log continues it. Open to everybody if the server\'s operator says so. 
     * The log\'s signed checkpoint
     */
    async getAuditCheckpointRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getAuditCheckpointRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * The size and the root of the Merkle tree (RFC 6962 section 2.1) over all audit events, signed by the log\'s key: a C2SP `tlog-checkpoint` in a `signed-note`. It is made anew at least every second while there is something new, and every node answers the same one. Keep it: whoever has one can have it proved that a later log continues it. Open to everybody if the server\'s operator says so. 
     * The log\'s signed checkpoint
     */
    async getAuditCheckpoint(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getAuditCheckpointRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditConsistencyProof without sending the request
     */
    async getAuditConsistencyProofRequestOpts(requestParameters: GetAuditConsistencyProofRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['from'] == null) {
            throw new runtime.RequiredError(
                'from',
                'Required parameter "from" was null or undefined when calling getAuditConsistencyProof().'
            );
        }

        const queryParameters: any = {};

        if (requestParameters['from'] != null) {
            queryParameters['from'] = requestParameters['from'];
        }

        if (requestParameters['to'] != null) {
            queryParameters['to'] = requestParameters['to'];
        }

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/proofs/consistency`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * That the first so many events of the log are the same as when it had no more (RFC 6962 section 2.1.2): nothing of them was changed, removed or put between. Open to everybody if the server\'s operator says so. 
     * Prove that the log continues an earlier one
     */
    async getAuditConsistencyProofRaw(requestParameters: GetAuditConsistencyProofRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<ConsistencyProof>> {
        const requestOptions = await this.getAuditConsistencyProofRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => ConsistencyProofFromJSON(jsonValue));
    }

    /**
     * That the first so many events of the log are the same as when it had no more (RFC 6962 section 2.1.2): nothing of them was changed, removed or put between. Open to everybody if the server\'s operator says so. 
     * Prove that the log continues an earlier one
     */
    async getAuditConsistencyProof(requestParameters: GetAuditConsistencyProofRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<ConsistencyProof> {
        const response = await this.getAuditConsistencyProofRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditEntries without sending the request
     */
    async getAuditEntriesRequestOpts(requestParameters: GetAuditEntriesRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['path'] == null) {
            throw new runtime.RequiredError(
                'path',
                'Required parameter "path" was null or undefined when calling getAuditEntries().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["idp:admin"]);
        }


        let urlPath = `/audit/tile/entries/{path}`;
        urlPath = urlPath.replace('{path}', encodeURIComponent(String(requestParameters['path'])).replaceAll('%2F', '/'));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * 256 events by their place in the log, or so many of them as the path says: an entry bundle after C2SP `tlog-tiles`, each event being the exact bytes that are hashed, with their length before them in two bytes. 404 beyond the log\'s last checkpoint, and below its minimum index (`Audit-Minimum-Index` of the checkpoint). 500 if an event is gone whose time is not over: then the log is broken, and `agentidp audit verify` says where. 
     * A bundle of events
     */
    async getAuditEntriesRaw(requestParameters: GetAuditEntriesRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<runtime.HttpFile>> {
        const requestOptions = await this.getAuditEntriesRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.BlobApiResponse(response);
    }

    /**
     * 256 events by their place in the log, or so many of them as the path says: an entry bundle after C2SP `tlog-tiles`, each event being the exact bytes that are hashed, with their length before them in two bytes. 404 beyond the log\'s last checkpoint, and below its minimum index (`Audit-Minimum-Index` of the checkpoint). 500 if an event is gone whose time is not over: then the log is broken, and `agentidp audit verify` says where. 
     * A bundle of events
     */
    async getAuditEntries(requestParameters: GetAuditEntriesRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.HttpFile> {
        const response = await this.getAuditEntriesRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditEvent without sending the request
     */
    async getAuditEventRequestOpts(requestParameters: GetAuditEventRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['eventId'] == null) {
            throw new runtime.RequiredError(
                'eventId',
                'Required parameter "eventId" was null or undefined when calling getAuditEvent().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/events/{eventId}`;
        urlPath = urlPath.replace('{eventId}', encodeURIComponent(String(requestParameters['eventId'])));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The event. One of another owner answers 404 to a caller without `idp:admin`, and so does one whose time is over. 
     * Read one event
     */
    async getAuditEventRaw(requestParameters: GetAuditEventRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<AuditEvent>> {
        const requestOptions = await this.getAuditEventRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AuditEventFromJSON(jsonValue));
    }

    /**
     * The event. One of another owner answers 404 to a caller without `idp:admin`, and so does one whose time is over. 
     * Read one event
     */
    async getAuditEvent(requestParameters: GetAuditEventRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<AuditEvent> {
        const response = await this.getAuditEventRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditInclusionProof without sending the request
     */
    async getAuditInclusionProofRequestOpts(requestParameters: GetAuditInclusionProofRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['eventId'] == null) {
            throw new runtime.RequiredError(
                'eventId',
                'Required parameter "eventId" was null or undefined when calling getAuditInclusionProof().'
            );
        }

        const queryParameters: any = {};

        if (requestParameters['eventId'] != null) {
            queryParameters['eventId'] = requestParameters['eventId'];
        }

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/proofs/inclusion`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The way from an event to the root of the log\'s last checkpoint (RFC 6962 section 2.1.1). An event is in the log about a second after it happened; until then, and for one of another owner to a caller without `idp:admin`, the answer is 404. 
     * Prove that an event is in the log
     */
    async getAuditInclusionProofRaw(requestParameters: GetAuditInclusionProofRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<InclusionProof>> {
        const requestOptions = await this.getAuditInclusionProofRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => InclusionProofFromJSON(jsonValue));
    }

    /**
     * The way from an event to the root of the log\'s last checkpoint (RFC 6962 section 2.1.1). An event is in the log about a second after it happened; until then, and for one of another owner to a caller without `idp:admin`, the answer is 404. 
     * Prove that an event is in the log
     */
    async getAuditInclusionProof(requestParameters: GetAuditInclusionProofRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<InclusionProof> {
        const response = await this.getAuditInclusionProofRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getAuditTile without sending the request
     */
    async getAuditTileRequestOpts(requestParameters: GetAuditTileRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['level'] == null) {
            throw new runtime.RequiredError(
                'level',
                'Required parameter "level" was null or undefined when calling getAuditTile().'
            );
        }

        if (requestParameters['path'] == null) {
            throw new runtime.RequiredError(
                'path',
                'Required parameter "path" was null or undefined when calling getAuditTile().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/tile/{level}/{path}`;
        urlPath = urlPath.replace('{level}', encodeURIComponent(String(requestParameters['level'])));
        urlPath = urlPath.replace('{path}', encodeURIComponent(String(requestParameters['path'])).replaceAll('%2F', '/'));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * 256 hashes of the tree, or so many of them as the path says: a tile after C2SP `tlog-tiles`. Level 0 are the hashes of events; a hash of any other is the root over a full tile of the level below. 404 beyond the log\'s last checkpoint. Open to everybody if the server\'s operator says so: hashes say nothing of the events, which are salted. 
     * A tile of hashes
     */
    async getAuditTileRaw(requestParameters: GetAuditTileRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<runtime.HttpFile>> {
        const requestOptions = await this.getAuditTileRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.BlobApiResponse(response);
    }

    /**
     * 256 hashes of the tree, or so many of them as the path says: a tile after C2SP `tlog-tiles`. Level 0 are the hashes of events; a hash of any other is the root over a full tile of the level below. 404 beyond the log\'s last checkpoint. Open to everybody if the server\'s operator says so: hashes say nothing of the events, which are salted. 
     * A tile of hashes
     */
    async getAuditTile(requestParameters: GetAuditTileRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.HttpFile> {
        const response = await this.getAuditTileRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for listAuditEvents without sending the request
     */
    async listAuditEventsRequestOpts(requestParameters: ListAuditEventsRequest): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        if (requestParameters['agentId'] != null) {
            queryParameters['agentId'] = requestParameters['agentId'];
        }

        if (requestParameters['actorId'] != null) {
            queryParameters['actorId'] = requestParameters['actorId'];
        }

        if (requestParameters['action'] != null) {
            queryParameters['action'] = requestParameters['action'];
        }

        if (requestParameters['outcome'] != null) {
            queryParameters['outcome'] = requestParameters['outcome'];
        }

        if (requestParameters['from'] != null) {
            queryParameters['from'] = runtime.serializeDateTime(requestParameters['from'] as any);
        }

        if (requestParameters['to'] != null) {
            queryParameters['to'] = runtime.serializeDateTime(requestParameters['to'] as any);
        }

        if (requestParameters['cursor'] != null) {
            queryParameters['cursor'] = requestParameters['cursor'];
        }

        if (requestParameters['limit'] != null) {
            queryParameters['limit'] = requestParameters['limit'];
        }

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["audit:read"]);
        }


        let urlPath = `/audit/events`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * Events by their time, the newest first, a page at a time. All filters must match. Without `idp:admin` only events of the caller\'s own owner are listed. Events whose time is over (90 days, unless the operator says otherwise) are not listed; up to where, `Audit-Minimum-Index` of the checkpoint says. 
     * List audit events
     */
    async listAuditEventsRaw(requestParameters: ListAuditEventsRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<AuditEventPage>> {
        const requestOptions = await this.listAuditEventsRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AuditEventPageFromJSON(jsonValue));
    }

    /**
     * Events by their time, the newest first, a page at a time. All filters must match. Without `idp:admin` only events of the caller\'s own owner are listed. Events whose time is over (90 days, unless the operator says otherwise) are not listed; up to where, `Audit-Minimum-Index` of the checkpoint says. 
     * List audit events
     */
    async listAuditEvents(requestParameters: ListAuditEventsRequest = {}, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<AuditEventPage> {
        const response = await this.listAuditEventsRaw(requestParameters, initOverrides);
        return await response.value();
    }

}
