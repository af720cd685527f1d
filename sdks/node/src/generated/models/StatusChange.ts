/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { AgentStatus } from './AgentStatus.js';
import {
    AgentStatusFromJSON,
    AgentStatusFromJSONTyped,
    AgentStatusToJSON,
    AgentStatusToJSONTyped,
} from './AgentStatus.js';

/**
 * A new status of an agent.
 * @export
 * @interface StatusChange
 */
export interface StatusChange {
    /**
     * 
     */
    status: AgentStatus;
    /**
     * Why, for the audit log.
     */
    reason: string;
}



/**
 * Check if a given object implements the StatusChange interface.
 */
export function instanceOfStatusChange(value: object): value is StatusChange {
    if (!('status' in value) || value['status'] === undefined) return false;
    if (!('reason' in value) || value['reason'] === undefined) return false;
    return true;
}

export function StatusChangeFromJSON(json: any): StatusChange {
    return StatusChangeFromJSONTyped(json, false);
}

export function StatusChangeFromJSONTyped(json: any, ignoreDiscriminator: boolean): StatusChange {
    if (json == null) {
        return json;
    }
    return {
        
        'status': AgentStatusFromJSON(json['status']),
        'reason': json['reason'],
    };
}

export function StatusChangeToJSON(json: any): StatusChange {
    return StatusChangeToJSONTyped(json, false);
}

export function StatusChangeToJSONTyped(value?: StatusChange | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'status': AgentStatusToJSON(value['status']),
        'reason': value['reason'],
    };
}

