/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * A curve (RFC 7518 section 6.2.1.1, RFC 8037 section 2).
 * @export
 */
export const KeyCurve = {
    P256: 'P-256',
    Ed25519: 'Ed25519',
} as const;
export type KeyCurve = typeof KeyCurve[keyof typeof KeyCurve];


export function instanceOfKeyCurve(value: any): boolean {
    for (const key in KeyCurve) {
        if (Object.prototype.hasOwnProperty.call(KeyCurve, key)) {
            if (KeyCurve[key as keyof typeof KeyCurve] === value) {
                return true;
            }
        }
    }
    return false;
}

export function KeyCurveFromJSON(json: any): KeyCurve {
    return KeyCurveFromJSONTyped(json, false);
}

export function KeyCurveFromJSONTyped(json: any, ignoreDiscriminator: boolean): KeyCurve {
    return json as KeyCurve;
}

export function KeyCurveToJSON(value?: KeyCurve | null): any {
    return value as any;
}

export function KeyCurveToJSONTyped(value: any, ignoreDiscriminator: boolean): KeyCurve {
    return value as KeyCurve;
}

