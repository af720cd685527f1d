/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { Credential } from './Credential.js';
import {
    CredentialFromJSON,
    CredentialFromJSONTyped,
    CredentialToJSON,
    CredentialToJSONTyped,
} from './Credential.js';

/**
 * A page of credentials.
 * @export
 * @interface CredentialPage
 */
export interface CredentialPage {
    /**
     * The credentials, newest first.
     */
    items: Array<Credential>;
    /**
     * A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
     */
    nextCursor?: string;
}

/**
 * Check if a given object implements the CredentialPage interface.
 */
export function instanceOfCredentialPage(value: object): value is CredentialPage {
    if (!('items' in value) || value['items'] === undefined) return false;
    return true;
}

export function CredentialPageFromJSON(json: any): CredentialPage {
    return CredentialPageFromJSONTyped(json, false);
}

export function CredentialPageFromJSONTyped(json: any, ignoreDiscriminator: boolean): CredentialPage {
    if (json == null) {
        return json;
    }
    return {
        
        'items': ((json['items'] as Array<any>).map(CredentialFromJSON)),
        'nextCursor': json['nextCursor'] == null ? undefined : json['nextCursor'],
    };
}

export function CredentialPageToJSON(json: any): CredentialPage {
    return CredentialPageToJSONTyped(json, false);
}

export function CredentialPageToJSONTyped(value?: CredentialPage | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'items': ((value['items'] as Array<any>).map(CredentialToJSON)),
        'nextCursor': value['nextCursor'],
    };
}

