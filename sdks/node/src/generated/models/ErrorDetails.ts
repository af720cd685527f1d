/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { Violation } from './Violation.js';
import {
    ViolationFromJSON,
    ViolationFromJSONTyped,
    ViolationToJSON,
    ViolationToJSONTyped,
} from './Violation.js';

/**
 * More about an error.
 * @export
 * @interface ErrorDetails
 */
export interface ErrorDetails {
    /**
     * Each fault that was found.
     */
    violations: Array<Violation>;
}

/**
 * Check if a given object implements the ErrorDetails interface.
 */
export function instanceOfErrorDetails(value: object): value is ErrorDetails {
    if (!('violations' in value) || value['violations'] === undefined) return false;
    return true;
}

export function ErrorDetailsFromJSON(json: any): ErrorDetails {
    return ErrorDetailsFromJSONTyped(json, false);
}

export function ErrorDetailsFromJSONTyped(json: any, ignoreDiscriminator: boolean): ErrorDetails {
    if (json == null) {
        return json;
    }
    return {
        
        'violations': ((json['violations'] as Array<any>).map(ViolationFromJSON)),
    };
}

export function ErrorDetailsToJSON(json: any): ErrorDetails {
    return ErrorDetailsToJSONTyped(json, false);
}

export function ErrorDetailsToJSONTyped(value?: ErrorDetails | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'violations': ((value['violations'] as Array<any>).map(ViolationToJSON)),
    };
}

