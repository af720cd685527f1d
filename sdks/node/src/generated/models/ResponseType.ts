/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * A response type that is listed because one must be.
 * @export
 */
export const ResponseType = {
    None: 'none',
} as const;
export type ResponseType = typeof ResponseType[keyof typeof ResponseType];


export function instanceOfResponseType(value: any): boolean {
    for (const key in ResponseType) {
        if (Object.prototype.hasOwnProperty.call(ResponseType, key)) {
            if (ResponseType[key as keyof typeof ResponseType] === value) {
                return true;
            }
        }
    }
    return false;
}

export function ResponseTypeFromJSON(json: any): ResponseType {
    return ResponseTypeFromJSONTyped(json, false);
}

export function ResponseTypeFromJSONTyped(json: any, ignoreDiscriminator: boolean): ResponseType {
    return json as ResponseType;
}

export function ResponseTypeToJSON(value?: ResponseType | null): any {
    return value as any;
}

export function ResponseTypeToJSONTyped(value: any, ignoreDiscriminator: boolean): ResponseType {
    return value as ResponseType;
}

