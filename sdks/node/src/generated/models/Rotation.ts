/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
/**
 * How a credential is replaced.
 * @export
 * @interface Rotation
 */
export interface Rotation {
    /**
     * How long the old secret lives on, in seconds; 0 unless given.
     */
    gracePeriodSeconds?: number;
}

/**
 * Check if a given object implements the Rotation interface.
 */
export function instanceOfRotation(value: object): value is Rotation {
    return true;
}

export function RotationFromJSON(json: any): Rotation {
    return RotationFromJSONTyped(json, false);
}

export function RotationFromJSONTyped(json: any, ignoreDiscriminator: boolean): Rotation {
    if (json == null) {
        return json;
    }
    return {
        
        'gracePeriodSeconds': json['gracePeriodSeconds'] == null ? undefined : json['gracePeriodSeconds'],
    };
}

export function RotationToJSON(json: any): Rotation {
    return RotationToJSONTyped(json, false);
}

export function RotationToJSONTyped(value?: Rotation | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'gracePeriodSeconds': value['gracePeriodSeconds'],
    };
}

