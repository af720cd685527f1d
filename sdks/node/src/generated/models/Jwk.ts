/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { KeyType } from './KeyType.js';
import {
    KeyTypeFromJSON,
    KeyTypeFromJSONTyped,
    KeyTypeToJSON,
    KeyTypeToJSONTyped,
} from './KeyType.js';
import type { SigningAlgorithm } from './SigningAlgorithm.js';
import {
    SigningAlgorithmFromJSON,
    SigningAlgorithmFromJSONTyped,
    SigningAlgorithmToJSON,
    SigningAlgorithmToJSONTyped,
} from './SigningAlgorithm.js';
import type { KeyUse } from './KeyUse.js';
import {
    KeyUseFromJSON,
    KeyUseFromJSONTyped,
    KeyUseToJSON,
    KeyUseToJSONTyped,
} from './KeyUse.js';
import type { KeyCurve } from './KeyCurve.js';
import {
    KeyCurveFromJSON,
    KeyCurveFromJSONTyped,
    KeyCurveToJSON,
    KeyCurveToJSONTyped,
} from './KeyCurve.js';

/**
 * A public key (RFC 7517 section 4).
 * @export
 * @interface Jwk
 */
export interface Jwk {
    /**
     * 
     */
    kty: KeyType;
    /**
     * The key's id, which a token's header names.
     */
    kid: string;
    /**
     * 
     */
    use: KeyUse;
    /**
     * 
     */
    alg: SigningAlgorithm;
    /**
     * 
     */
    crv?: KeyCurve;
    /**
     * A number that is part of a public key, as base64url without padding.
     */
    x?: string;
    /**
     * A number that is part of a public key, as base64url without padding.
     */
    y?: string;
    /**
     * A number that is part of a public key, as base64url without padding.
     */
    n?: string;
    /**
     * A number that is part of a public key, as base64url without padding.
     */
    e?: string;
}



/**
 * Check if a given object implements the Jwk interface.
 */
export function instanceOfJwk(value: object): value is Jwk {
    if (!('kty' in value) || value['kty'] === undefined) return false;
    if (!('kid' in value) || value['kid'] === undefined) return false;
    if (!('use' in value) || value['use'] === undefined) return false;
    if (!('alg' in value) || value['alg'] === undefined) return false;
    return true;
}

export function JwkFromJSON(json: any): Jwk {
    return JwkFromJSONTyped(json, false);
}

export function JwkFromJSONTyped(json: any, ignoreDiscriminator: boolean): Jwk {
    if (json == null) {
        return json;
    }
    return {
        
        'kty': KeyTypeFromJSON(json['kty']),
        'kid': json['kid'],
        'use': KeyUseFromJSON(json['use']),
        'alg': SigningAlgorithmFromJSON(json['alg']),
        'crv': json['crv'] == null ? undefined : KeyCurveFromJSON(json['crv']),
        'x': json['x'] == null ? undefined : json['x'],
        'y': json['y'] == null ? undefined : json['y'],
        'n': json['n'] == null ? undefined : json['n'],
        'e': json['e'] == null ? undefined : json['e'],
    };
}

export function JwkToJSON(json: any): Jwk {
    return JwkToJSONTyped(json, false);
}

export function JwkToJSONTyped(value?: Jwk | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'kty': KeyTypeToJSON(value['kty']),
        'kid': value['kid'],
        'use': KeyUseToJSON(value['use']),
        'alg': SigningAlgorithmToJSON(value['alg']),
        'crv': KeyCurveToJSON(value['crv']),
        'x': value['x'],
        'y': value['y'],
        'n': value['n'],
        'e': value['e'],
    };
}

