/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { Jwk } from './Jwk.js';
import {
    JwkFromJSON,
    JwkFromJSONTyped,
    JwkToJSON,
    JwkToJSONTyped,
} from './Jwk.js';

/**
 * Public keys (RFC 7517 section 5).
 * @export
 * @interface JwkSet
 */
export interface JwkSet {
    /**
     * The keys, never none.
     */
    keys: Array<Jwk>;
}

/**
 * Check if a given object implements the JwkSet interface.
 */
export function instanceOfJwkSet(value: object): value is JwkSet {
    if (!('keys' in value) || value['keys'] === undefined) return false;
    return true;
}

export function JwkSetFromJSON(json: any): JwkSet {
    return JwkSetFromJSONTyped(json, false);
}

export function JwkSetFromJSONTyped(json: any, ignoreDiscriminator: boolean): JwkSet {
    if (json == null) {
        return json;
    }
    return {
        
        'keys': ((json['keys'] as Array<any>).map(JwkFromJSON)),
    };
}

export function JwkSetToJSON(json: any): JwkSet {
    return JwkSetToJSONTyped(json, false);
}

export function JwkSetToJSONTyped(value?: JwkSet | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'keys': ((value['keys'] as Array<any>).map(JwkToJSON)),
    };
}

