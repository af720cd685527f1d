/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { HealthCheck } from './HealthCheck.js';
import {
    HealthCheckFromJSON,
    HealthCheckFromJSONTyped,
    HealthCheckToJSON,
    HealthCheckToJSONTyped,
} from './HealthCheck.js';
import type { HealthStatus } from './HealthStatus.js';
import {
    HealthStatusFromJSON,
    HealthStatusFromJSONTyped,
    HealthStatusToJSON,
    HealthStatusToJSONTyped,
} from './HealthStatus.js';

/**
 * The state of the server.
 * @export
 * @interface Health
 */
export interface Health {
    /**
     * 
     */
    status: HealthStatus;
    /**
     * The server's version.
     */
    version: string;
    /**
     * Each thing that the server depends on.
     */
    checks?: Array<HealthCheck>;
}



/**
 * Check if a given object implements the Health interface.
 */
export function instanceOfHealth(value: object): value is Health {
    if (!('status' in value) || value['status'] === undefined) return false;
    if (!('version' in value) || value['version'] === undefined) return false;
    return true;
}

export function HealthFromJSON(json: any): Health {
    return HealthFromJSONTyped(json, false);
}

export function HealthFromJSONTyped(json: any, ignoreDiscriminator: boolean): Health {
    if (json == null) {
        return json;
    }
    return {
        
        'status': HealthStatusFromJSON(json['status']),
        'version': json['version'],
        'checks': json['checks'] == null ? undefined : ((json['checks'] as Array<any>).map(HealthCheckFromJSON)),
    };
}

export function HealthToJSON(json: any): Health {
    return HealthToJSONTyped(json, false);
}

export function HealthToJSONTyped(value?: Health | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'status': HealthStatusToJSON(value['status']),
        'version': value['version'],
        'checks': value['checks'] == null ? undefined : ((value['checks'] as Array<any>).map(HealthCheckToJSON)),
    };
}

