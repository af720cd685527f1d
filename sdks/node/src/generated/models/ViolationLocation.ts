/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * Which part of the request.
 * @export
 */
export const ViolationLocation = {
    Body: 'body',
    Query: 'query',
    Path: 'path',
    Header: 'header',
    Form: 'form',
} as const;
export type ViolationLocation = typeof ViolationLocation[keyof typeof ViolationLocation];


export function instanceOfViolationLocation(value: any): boolean {
    for (const key in ViolationLocation) {
        if (Object.prototype.hasOwnProperty.call(ViolationLocation, key)) {
            if (ViolationLocation[key as keyof typeof ViolationLocation] === value) {
                return true;
            }
        }
    }
    return false;
}

export function ViolationLocationFromJSON(json: any): ViolationLocation {
    return ViolationLocationFromJSONTyped(json, false);
}

export function ViolationLocationFromJSONTyped(json: any, ignoreDiscriminator: boolean): ViolationLocation {
    return json as ViolationLocation;
}

export function ViolationLocationToJSON(value?: ViolationLocation | null): any {
    return value as any;
}

export function ViolationLocationToJSONTyped(value: any, ignoreDiscriminator: boolean): ViolationLocation {
    return value as ViolationLocation;
}

