/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues, parseDate, parseDateTime, serializeDate, serializeDateTime } from '../runtime.js';
import type { AuditAction } from './AuditAction.js';
import {
    AuditActionFromJSON,
    AuditActionFromJSONTyped,
    AuditActionToJSON,
    AuditActionToJSONTyped,
} from './AuditAction.js';
import type { AuditOutcome } from './AuditOutcome.js';
import {
    AuditOutcomeFromJSON,
    AuditOutcomeFromJSONTyped,
    AuditOutcomeToJSON,
    AuditOutcomeToJSONTyped,
} from './AuditOutcome.js';

/**
 * What the events of an export have in common: the filter that was asked for, and the owner whose events alone were
 * exported. Without `owner` they are everybody's, which takes `idp:admin`.
 * 
 * @export
 * @interface ExportFilter
 */
export interface ExportFilter {
    /**
     * The developer or team that an agent belongs to.
     */
    owner?: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    agentId?: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    actorId?: string;
    /**
     * 
     */
    action?: AuditAction;
    /**
     * 
     */
    outcome?: AuditOutcome;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    from?: Date;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    to?: Date;
}



/**
 * Check if a given object implements the ExportFilter interface.
 */
export function instanceOfExportFilter(value: object): value is ExportFilter {
    return true;
}

export function ExportFilterFromJSON(json: any): ExportFilter {
    return ExportFilterFromJSONTyped(json, false);
}

export function ExportFilterFromJSONTyped(json: any, ignoreDiscriminator: boolean): ExportFilter {
    if (json == null) {
        return json;
    }
    return {
        
        'owner': json['owner'] == null ? undefined : json['owner'],
        'agentId': json['agentId'] == null ? undefined : json['agentId'],
        'actorId': json['actorId'] == null ? undefined : json['actorId'],
        'action': json['action'] == null ? undefined : AuditActionFromJSON(json['action']),
        'outcome': json['outcome'] == null ? undefined : AuditOutcomeFromJSON(json['outcome']),
        'from': json['from'] == null ? undefined : (parseDateTime(json['from'])),
        'to': json['to'] == null ? undefined : (parseDateTime(json['to'])),
    };
}

export function ExportFilterToJSON(json: any): ExportFilter {
    return ExportFilterToJSONTyped(json, false);
}

export function ExportFilterToJSONTyped(value?: ExportFilter | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'owner': value['owner'],
        'agentId': value['agentId'],
        'actorId': value['actorId'],
        'action': AuditActionToJSON(value['action']),
        'outcome': AuditOutcomeToJSON(value['outcome']),
        'from': value['from'] == null ? value['from'] : serializeDateTime(value['from']),
        'to': value['to'] == null ? value['to'] : serializeDateTime(value['to']),
    };
}

