/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues, parseDate, parseDateTime, serializeDate, serializeDateTime } from '../runtime.js';
import type { CredentialStatus } from './CredentialStatus.js';
import {
    CredentialStatusFromJSON,
    CredentialStatusFromJSONTyped,
    CredentialStatusToJSON,
    CredentialStatusToJSONTyped,
} from './CredentialStatus.js';

/**
 * A credential at the one moment when its secret is shown.
 * @export
 * @interface IssuedCredential
 */
export interface IssuedCredential {
    /**
     * A credential's id.
     */
    id: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    agentId: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    clientId: string;
    /**
     * A client secret: `sas_`, the credential's id, 256 random bits and a checksum. Shown once, at issue; the server keeps
     * only hashes of it.
     * 
     */
    clientSecret: string;
    /**
     * What its owner calls a credential.
     */
    label?: string;
    /**
     * 
     */
    status: CredentialStatus;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    createdAt: Date;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    expiresAt?: Date;
    /**
     * A credential's id.
     */
    rotatedFrom?: string;
}



/**
 * Check if a given object implements the IssuedCredential interface.
 */
export function instanceOfIssuedCredential(value: object): value is IssuedCredential {
    if (!('id' in value) || value['id'] === undefined) return false;
    if (!('agentId' in value) || value['agentId'] === undefined) return false;
    if (!('clientId' in value) || value['clientId'] === undefined) return false;
    if (!('clientSecret' in value) || value['clientSecret'] === undefined) return false;
    if (!('status' in value) || value['status'] === undefined) return false;
    if (!('createdAt' in value) || value['createdAt'] === undefined) return false;
    return true;
}

export function IssuedCredentialFromJSON(json: any): IssuedCredential {
    return IssuedCredentialFromJSONTyped(json, false);
}

export function IssuedCredentialFromJSONTyped(json: any, ignoreDiscriminator: boolean): IssuedCredential {
    if (json == null) {
        return json;
    }
    return {
        
        'id': json['id'],
        'agentId': json['agentId'],
        'clientId': json['clientId'],
        'clientSecret': json['clientSecret'],
        'label': json['label'] == null ? undefined : json['label'],
        'status': CredentialStatusFromJSON(json['status']),
        'createdAt': (json['createdAt'] == null ? json['createdAt'] : parseDateTime(json['createdAt'])),
        'expiresAt': json['expiresAt'] == null ? undefined : (parseDateTime(json['expiresAt'])),
        'rotatedFrom': json['rotatedFrom'] == null ? undefined : json['rotatedFrom'],
    };
}

export function IssuedCredentialToJSON(json: any): IssuedCredential {
    return IssuedCredentialToJSONTyped(json, false);
}

export function IssuedCredentialToJSONTyped(value?: IssuedCredential | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'id': value['id'],
        'agentId': value['agentId'],
        'clientId': value['clientId'],
        'clientSecret': value['clientSecret'],
        'label': value['label'],
        'status': CredentialStatusToJSON(value['status']),
        'createdAt': value['createdAt'] == null ? value['createdAt'] : serializeDateTime(value['createdAt']),
        'expiresAt': value['expiresAt'] == null ? value['expiresAt'] : serializeDateTime(value['expiresAt']),
        'rotatedFrom': value['rotatedFrom'],
    };
}

