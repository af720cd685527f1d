/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { AuditEvent } from './AuditEvent.js';
import {
    AuditEventFromJSON,
    AuditEventFromJSONTyped,
    AuditEventToJSON,
    AuditEventToJSONTyped,
} from './AuditEvent.js';

/**
 * A page of audit events.
 * @export
 * @interface AuditEventPage
 */
export interface AuditEventPage {
    /**
     * The events, newest first.
     */
    items: Array<AuditEvent>;
    /**
     * A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
     */
    nextCursor?: string;
}

/**
 * Check if a given object implements the AuditEventPage interface.
 */
export function instanceOfAuditEventPage(value: object): value is AuditEventPage {
    if (!('items' in value) || value['items'] === undefined) return false;
    return true;
}

export function AuditEventPageFromJSON(json: any): AuditEventPage {
    return AuditEventPageFromJSONTyped(json, false);
}

export function AuditEventPageFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditEventPage {
    if (json == null) {
        return json;
    }
    return {
        
        'items': ((json['items'] as Array<any>).map(AuditEventFromJSON)),
        'nextCursor': json['nextCursor'] == null ? undefined : json['nextCursor'],
    };
}

export function AuditEventPageToJSON(json: any): AuditEventPage {
    return AuditEventPageToJSONTyped(json, false);
}

export function AuditEventPageToJSONTyped(value?: AuditEventPage | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'items': ((value['items'] as Array<any>).map(AuditEventToJSON)),
        'nextCursor': value['nextCursor'],
    };
}

