/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * A key type (RFC 7518 section 6.1, RFC 8037 section 2).
 * @export
 */
export const KeyType = {
    Ec: 'EC',
    Okp: 'OKP',
    Rsa: 'RSA',
} as const;
export type KeyType = typeof KeyType[keyof typeof KeyType];


export function instanceOfKeyType(value: any): boolean {
    for (const key in KeyType) {
        if (Object.prototype.hasOwnProperty.call(KeyType, key)) {
            if (KeyType[key as keyof typeof KeyType] === value) {
                return true;
            }
        }
    }
    return false;
}

export function KeyTypeFromJSON(json: any): KeyType {
    return KeyTypeFromJSONTyped(json, false);
}

export function KeyTypeFromJSONTyped(json: any, ignoreDiscriminator: boolean): KeyType {
    return json as KeyType;
}

export function KeyTypeToJSON(value?: KeyType | null): any {
    return value as any;
}

export function KeyTypeToJSONTyped(value: any, ignoreDiscriminator: boolean): KeyType {
    return value as KeyType;
}

