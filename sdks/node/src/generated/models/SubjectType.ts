/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * How subjects are named to different APIs (OpenID Connect Core 1.0 section 8).
 * @export
 */
export const SubjectType = {
    Public: 'public',
} as const;
export type SubjectType = typeof SubjectType[keyof typeof SubjectType];


export function instanceOfSubjectType(value: any): boolean {
    for (const key in SubjectType) {
        if (Object.prototype.hasOwnProperty.call(SubjectType, key)) {
            if (SubjectType[key as keyof typeof SubjectType] === value) {
                return true;
            }
        }
    }
    return false;
}

export function SubjectTypeFromJSON(json: any): SubjectType {
    return SubjectTypeFromJSONTyped(json, false);
}

export function SubjectTypeFromJSONTyped(json: any, ignoreDiscriminator: boolean): SubjectType {
    return json as SubjectType;
}

export function SubjectTypeToJSON(value?: SubjectType | null): any {
    return value as any;
}

export function SubjectTypeToJSONTyped(value: any, ignoreDiscriminator: boolean): SubjectType {
    return value as SubjectType;
}

