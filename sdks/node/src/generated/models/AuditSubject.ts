/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
/**
 * What it was done to.
 * @export
 * @interface AuditSubject
 */
export interface AuditSubject {
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    agentId?: string;
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
 * Check if a given object implements the AuditSubject interface.
 */
export function instanceOfAuditSubject(value: object): value is AuditSubject {
    return true;
}

export function AuditSubjectFromJSON(json: any): AuditSubject {
    return AuditSubjectFromJSONTyped(json, false);
}

export function AuditSubjectFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditSubject {
    if (json == null) {
        return json;
    }
    return {
        
        'agentId': json['agentId'] == null ? undefined : json['agentId'],
        'credentialId': json['credentialId'] == null ? undefined : json['credentialId'],
        'tokenId': json['tokenId'] == null ? undefined : json['tokenId'],
    };
}

export function AuditSubjectToJSON(json: any): AuditSubject {
    return AuditSubjectToJSONTyped(json, false);
}

export function AuditSubjectToJSONTyped(value?: AuditSubject | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'agentId': value['agentId'],
        'credentialId': value['credentialId'],
        'tokenId': value['tokenId'],
    };
}

