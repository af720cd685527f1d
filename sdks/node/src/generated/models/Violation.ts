/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { ViolationLocation } from './ViolationLocation.js';
import {
    ViolationLocationFromJSON,
    ViolationLocationFromJSONTyped,
    ViolationLocationToJSON,
    ViolationLocationToJSONTyped,
} from './ViolationLocation.js';

/**
 * One fault of a request.
 * @export
 * @interface Violation
 */
export interface Violation {
    /**
     * 
     */
    in: ViolationLocation;
    /**
     * Where in that part. A JSON pointer (RFC 6901) in a body, else the name of the parameter.
     */
    path: string;
    /**
     * The rule that was broken, by the name it has in this document where it has one.
     */
    rule: string;
    /**
     * What to do about it, for people.
     */
    message: string;
}



/**
 * Check if a given object implements the Violation interface.
 */
export function instanceOfViolation(value: object): value is Violation {
    if (!('in' in value) || value['in'] === undefined) return false;
    if (!('path' in value) || value['path'] === undefined) return false;
    if (!('rule' in value) || value['rule'] === undefined) return false;
    if (!('message' in value) || value['message'] === undefined) return false;
    return true;
}

export function ViolationFromJSON(json: any): Violation {
    return ViolationFromJSONTyped(json, false);
}

export function ViolationFromJSONTyped(json: any, ignoreDiscriminator: boolean): Violation {
    if (json == null) {
        return json;
    }
    return {
        
        'in': ViolationLocationFromJSON(json['in']),
        'path': json['path'],
        'rule': json['rule'],
        'message': json['message'],
    };
}

export function ViolationToJSON(json: any): Violation {
    return ViolationToJSONTyped(json, false);
}

export function ViolationToJSONTyped(value?: Violation | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'in': ViolationLocationToJSON(value['in']),
        'path': value['path'],
        'rule': value['rule'],
        'message': value['message'],
    };
}

