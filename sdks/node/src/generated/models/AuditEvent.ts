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
import type { AuditSubject } from './AuditSubject.js';
import {
    AuditSubjectFromJSON,
    AuditSubjectFromJSONTyped,
    AuditSubjectToJSON,
    AuditSubjectToJSONTyped,
} from './AuditSubject.js';
import type { AuditActor } from './AuditActor.js';
import {
    AuditActorFromJSON,
    AuditActorFromJSONTyped,
    AuditActorToJSON,
    AuditActorToJSONTyped,
} from './AuditActor.js';

/**
 * An event as it was recorded. Events are never changed or removed one by one.
 * @export
 * @interface AuditEvent
 */
export interface AuditEvent {
    /**
     * An audit event's id (UUIDv7, so that ids sort by time).
     */
    id: string;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    time: Date;
    /**
     * 
     */
    action: AuditAction;
    /**
     * 
     */
    outcome: AuditOutcome;
    /**
     * Why it ended so, as a code.
     */
    reason?: string;
    /**
     * 
     */
    actor: AuditActor;
    /**
     * 
     */
    subject: AuditSubject;
    /**
     * The developer or team that an agent belongs to.
     */
    owner?: string;
    /**
     * The id of a request.
     */
    requestId?: string;
    /**
     * The address, or the prefix of addresses, that it came from.
     */
    address?: string;
    /**
     * What else is worth knowing, by action. Never a secret or a token.
     */
    data: { [key: string]: any; };
    /**
     * 128 random bits, so that the event cannot be guessed from its hash.
     */
    salt: string;
}



/**
 * Check if a given object implements the AuditEvent interface.
 */
export function instanceOfAuditEvent(value: object): value is AuditEvent {
    if (!('id' in value) || value['id'] === undefined) return false;
    if (!('time' in value) || value['time'] === undefined) return false;
    if (!('action' in value) || value['action'] === undefined) return false;
    if (!('outcome' in value) || value['outcome'] === undefined) return false;
    if (!('actor' in value) || value['actor'] === undefined) return false;
    if (!('subject' in value) || value['subject'] === undefined) return false;
    if (!('data' in value) || value['data'] === undefined) return false;
    if (!('salt' in value) || value['salt'] === undefined) return false;
    return true;
}

export function AuditEventFromJSON(json: any): AuditEvent {
    return AuditEventFromJSONTyped(json, false);
}

export function AuditEventFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditEvent {
    if (json == null) {
        return json;
    }
    return {
        
        'id': json['id'],
        'time': (json['time'] == null ? json['time'] : parseDateTime(json['time'])),
        'action': AuditActionFromJSON(json['action']),
        'outcome': AuditOutcomeFromJSON(json['outcome']),
        'reason': json['reason'] == null ? undefined : json['reason'],
        'actor': AuditActorFromJSON(json['actor']),
        'subject': AuditSubjectFromJSON(json['subject']),
        'owner': json['owner'] == null ? undefined : json['owner'],
        'requestId': json['requestId'] == null ? undefined : json['requestId'],
        'address': json['address'] == null ? undefined : json['address'],
        'data': json['data'],
        'salt': json['salt'],
    };
}

export function AuditEventToJSON(json: any): AuditEvent {
    return AuditEventToJSONTyped(json, false);
}

export function AuditEventToJSONTyped(value?: AuditEvent | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'id': value['id'],
        'time': value['time'] == null ? value['time'] : serializeDateTime(value['time']),
        'action': AuditActionToJSON(value['action']),
        'outcome': AuditOutcomeToJSON(value['outcome']),
        'reason': value['reason'],
        'actor': AuditActorToJSON(value['actor']),
        'subject': AuditSubjectToJSON(value['subject']),
        'owner': value['owner'],
        'requestId': value['requestId'],
        'address': value['address'],
        'data': value['data'],
        'salt': value['salt'],
    };
}

