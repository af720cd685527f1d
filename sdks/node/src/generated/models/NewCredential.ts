/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues, parseDate, parseDateTime, serializeDate, serializeDateTime } from '../runtime.js';
/**
 * What a new credential is to be like.
 * @export
 * @interface NewCredential
 */
export interface NewCredential {
    /**
     * What its owner calls a credential.
     */
    label?: string;
    /**
     * A time that lies in the future (RFC 3339), with any offset.
     */
    expiresAt?: Date;
}

/**
 * Check if a given object implements the NewCredential interface.
 */
export function instanceOfNewCredential(value: object): value is NewCredential {
    return true;
}

export function NewCredentialFromJSON(json: any): NewCredential {
    return NewCredentialFromJSONTyped(json, false);
}

export function NewCredentialFromJSONTyped(json: any, ignoreDiscriminator: boolean): NewCredential {
    if (json == null) {
        return json;
    }
    return {
        
        'label': json['label'] == null ? undefined : json['label'],
        'expiresAt': json['expiresAt'] == null ? undefined : (parseDateTime(json['expiresAt'])),
    };
}

export function NewCredentialToJSON(json: any): NewCredential {
    return NewCredentialToJSONTyped(json, false);
}

export function NewCredentialToJSONTyped(value?: NewCredential | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'label': value['label'],
        'expiresAt': value['expiresAt'] == null ? value['expiresAt'] : serializeDateTime(value['expiresAt']),
    };
}

