/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { ErrorCode } from './ErrorCode.js';
import {
    ErrorCodeFromJSON,
    ErrorCodeFromJSONTyped,
    ErrorCodeToJSON,
    ErrorCodeToJSONTyped,
} from './ErrorCode.js';
import type { ErrorDetails } from './ErrorDetails.js';
import {
    ErrorDetailsFromJSON,
    ErrorDetailsFromJSONTyped,
    ErrorDetailsToJSON,
    ErrorDetailsToJSONTyped,
} from './ErrorDetails.js';

/**
 * Why a request was not fulfilled.
 * @export
 * @interface ErrorBody
 */
export interface ErrorBody {
    /**
     * 
     */
    code: ErrorCode;
    /**
     * What went wrong and what to do, for people.
     */
    message: string;
    /**
     * 
     */
    details?: ErrorDetails;
    /**
     * The id of a request.
     */
    requestId: string;
}



/**
 * Check if a given object implements the ErrorBody interface.
 */
export function instanceOfErrorBody(value: object): value is ErrorBody {
    if (!('code' in value) || value['code'] === undefined) return false;
    if (!('message' in value) || value['message'] === undefined) return false;
    if (!('requestId' in value) || value['requestId'] === undefined) return false;
    return true;
}

export function ErrorBodyFromJSON(json: any): ErrorBody {
    return ErrorBodyFromJSONTyped(json, false);
}

export function ErrorBodyFromJSONTyped(json: any, ignoreDiscriminator: boolean): ErrorBody {
    if (json == null) {
        return json;
    }
    return {
        
        'code': ErrorCodeFromJSON(json['code']),
        'message': json['message'],
        'details': json['details'] == null ? undefined : ErrorDetailsFromJSON(json['details']),
        'requestId': json['requestId'],
    };
}

export function ErrorBodyToJSON(json: any): ErrorBody {
    return ErrorBodyToJSONTyped(json, false);
}

export function ErrorBodyToJSONTyped(value?: ErrorBody | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'code': ErrorCodeToJSON(value['code']),
        'message': value['message'],
        'details': ErrorDetailsToJSON(value['details']),
        'requestId': value['requestId'],
    };
}

