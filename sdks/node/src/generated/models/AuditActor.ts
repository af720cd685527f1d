/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { AuditMethod } from './AuditMethod.js';
import {
    AuditMethodFromJSON,
    AuditMethodFromJSONTyped,
    AuditMethodToJSON,
    AuditMethodToJSONTyped,
} from './AuditMethod.js';

/**
 * Who did it, how it authenticated, and with which credential: for a bearer that is the one which its token was issued
 * to, and the token is named as well (where the event is not a count).
 * 
 * @export
 * @interface AuditActor
 */
export interface AuditActor {
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    agentId?: string;
    /**
     * 
     */
    method: AuditMethod;
    /**
     * A credential's id.
     */
    credentialId?: string;
    /**
     * An access token's id, its `jti` (RFC 7519 section 4.1.7).
     */
    tokenId?: string;
}



/**
 * Check if a given object implements the AuditActor interface.
 */
export function instanceOfAuditActor(value: object): value is AuditActor {
    if (!('method' in value) || value['method'] === undefined) return false;
    return true;
}

export function AuditActorFromJSON(json: any): AuditActor {
    return AuditActorFromJSONTyped(json, false);
}

export function AuditActorFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditActor {
    if (json == null) {
        return json;
    }
    return {
        
        'agentId': json['agentId'] == null ? undefined : json['agentId'],
        'method': AuditMethodFromJSON(json['method']),
        'credentialId': json['credentialId'] == null ? undefined : json['credentialId'],
        'tokenId': json['tokenId'] == null ? undefined : json['tokenId'],
    };
}

export function AuditActorToJSON(json: any): AuditActor {
    return AuditActorToJSONTyped(json, false);
}

export function AuditActorToJSONTyped(value?: AuditActor | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'agentId': value['agentId'],
        'method': AuditMethodToJSON(value['method']),
        'credentialId': value['credentialId'],
        'tokenId': value['tokenId'],
    };
}

