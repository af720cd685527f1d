/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { HealthCheckName } from './HealthCheckName.js';
import {
    HealthCheckNameFromJSON,
    HealthCheckNameFromJSONTyped,
    HealthCheckNameToJSON,
    HealthCheckNameToJSONTyped,
} from './HealthCheckName.js';
import type { HealthStatus } from './HealthStatus.js';
import {
    HealthStatusFromJSON,
    HealthStatusFromJSONTyped,
    HealthStatusToJSON,
    HealthStatusToJSONTyped,
} from './HealthStatus.js';

/**
 * The state of one thing that the server depends on.
 * @export
 * @interface HealthCheck
 */
export interface HealthCheck {
    /**
     * 
     */
    name: HealthCheckName;
    /**
     * 
     */
    status: HealthStatus;
    /**
     * What is wrong, for people.
     */
    message?: string;
}



/**
 * Check if a given object implements the HealthCheck interface.
 */
export function instanceOfHealthCheck(value: object): value is HealthCheck {
    if (!('name' in value) || value['name'] === undefined) return false;
    if (!('status' in value) || value['status'] === undefined) return false;
    return true;
}

export function HealthCheckFromJSON(json: any): HealthCheck {
    return HealthCheckFromJSONTyped(json, false);
}

export function HealthCheckFromJSONTyped(json: any, ignoreDiscriminator: boolean): HealthCheck {
    if (json == null) {
        return json;
    }
    return {
        
        'name': HealthCheckNameFromJSON(json['name']),
        'status': HealthStatusFromJSON(json['status']),
        'message': json['message'] == null ? undefined : json['message'],
    };
}

export function HealthCheckToJSON(json: any): HealthCheck {
    return HealthCheckToJSONTyped(json, false);
}

export function HealthCheckToJSONTyped(value?: HealthCheck | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'name': HealthCheckNameToJSON(value['name']),
        'status': HealthStatusToJSON(value['status']),
        'message': value['message'],
    };
}

