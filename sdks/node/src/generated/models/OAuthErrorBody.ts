/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { OAuthErrorCode } from './OAuthErrorCode.js';
import {
    OAuthErrorCodeFromJSON,
    OAuthErrorCodeFromJSONTyped,
    OAuthErrorCodeToJSON,
    OAuthErrorCodeToJSONTyped,
} from './OAuthErrorCode.js';

/**
 * Why an OAuth request was not fulfilled (RFC 6749 section 5.2).
 * @export
 * @interface OAuthErrorBody
 */
export interface OAuthErrorBody {
    /**
     * 
     */
    error: OAuthErrorCode;
    /**
     * The same for people; printable ASCII without double quotes and backslashes.
     */
    errorDescription: string;
    /**
     * A page about the error.
     */
    errorUri?: string;
}



/**
 * Check if a given object implements the OAuthErrorBody interface.
 */
export function instanceOfOAuthErrorBody(value: object): value is OAuthErrorBody {
    if (!('error' in value) || value['error'] === undefined) return false;
    if ((!('errorDescription' in (value as Record<string, any>)) && !('error_description' in (value as Record<string, any>))) || ((value as Record<string, any>)['errorDescription'] === undefined && (value as Record<string, any>)['error_description'] === undefined)) return false;
    return true;
}

export function OAuthErrorBodyFromJSON(json: any): OAuthErrorBody {
    return OAuthErrorBodyFromJSONTyped(json, false);
}

export function OAuthErrorBodyFromJSONTyped(json: any, ignoreDiscriminator: boolean): OAuthErrorBody {
    if (json == null) {
        return json;
    }
    return {
        
        'error': OAuthErrorCodeFromJSON(json['error']),
        'errorDescription': json['error_description'],
        'errorUri': json['error_uri'] == null ? undefined : json['error_uri'],
    };
}

export function OAuthErrorBodyToJSON(json: any): OAuthErrorBody {
    return OAuthErrorBodyToJSONTyped(json, false);
}

export function OAuthErrorBodyToJSONTyped(value?: OAuthErrorBody | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'error': OAuthErrorCodeToJSON(value['error']),
        'error_description': value['errorDescription'],
        'error_uri': value['errorUri'],
    };
}

