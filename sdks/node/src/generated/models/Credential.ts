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
 * A credential, without anything that could prove it. `lastUsedAt` is exact to a minute.
 * @export
 * @interface Credential
 */
export interface Credential {
    /**
     * A credential's id.
     */
    id: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    agentId: string;
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
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    lastUsedAt?: Date;
    /**
     * A credential's id.
     */
    rotatedFrom?: string;
}



/**
 * Check if a given object implements the Credential interface.
 */
export function instanceOfCredential(value: object): value is Credential {
    if (!('id' in value) || value['id'] === undefined) return false;
    if (!('agentId' in value) || value['agentId'] === undefined) return false;
    if (!('status' in value) || value['status'] === undefined) return false;
    if (!('createdAt' in value) || value['createdAt'] === undefined) return false;
    return true;
}

export function CredentialFromJSON(json: any): Credential {
    return CredentialFromJSONTyped(json, false);
}

export function CredentialFromJSONTyped(json: any, ignoreDiscriminator: boolean): Credential {
    if (json == null) {
        return json;
    }
    return {
        
        'id': json['id'],
        'agentId': json['agentId'],
        'label': json['label'] == null ? undefined : json['label'],
        'status': CredentialStatusFromJSON(json['status']),
        'createdAt': (json['createdAt'] == null ? json['createdAt'] : parseDateTime(json['createdAt'])),
        'expiresAt': json['expiresAt'] == null ? undefined : (parseDateTime(json['expiresAt'])),
        'lastUsedAt': json['lastUsedAt'] == null ? undefined : (parseDateTime(json['lastUsedAt'])),
        'rotatedFrom': json['rotatedFrom'] == null ? undefined : json['rotatedFrom'],
    };
}

export function CredentialToJSON(json: any): Credential {
    return CredentialToJSONTyped(json, false);
}

export function CredentialToJSONTyped(value?: Credential | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'id': value['id'],
        'agentId': value['agentId'],
        'label': value['label'],
        'status': CredentialStatusToJSON(value['status']),
        'createdAt': value['createdAt'] == null ? value['createdAt'] : serializeDateTime(value['createdAt']),
        'expiresAt': value['expiresAt'] == null ? value['expiresAt'] : serializeDateTime(value['expiresAt']),
        'lastUsedAt': value['lastUsedAt'] == null ? value['lastUsedAt'] : serializeDateTime(value['lastUsedAt']),
        'rotatedFrom': value['rotatedFrom'],
    };
}

