/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * A signature algorithm (RFC 7518 section 3.1, RFC 8037 section 3.1).
 * @export
 */
export const SigningAlgorithm = {
    Es256: 'ES256',
    EdDsa: 'EdDSA',
    Rs256: 'RS256',
    Hs256: 'HS256',
} as const;
export type SigningAlgorithm = typeof SigningAlgorithm[keyof typeof SigningAlgorithm];


export function instanceOfSigningAlgorithm(value: any): boolean {
    for (const key in SigningAlgorithm) {
        if (Object.prototype.hasOwnProperty.call(SigningAlgorithm, key)) {
            if (SigningAlgorithm[key as keyof typeof SigningAlgorithm] === value) {
                return true;
            }
        }
    }
    return false;
}

export function SigningAlgorithmFromJSON(json: any): SigningAlgorithm {
    return SigningAlgorithmFromJSONTyped(json, false);
}

export function SigningAlgorithmFromJSONTyped(json: any, ignoreDiscriminator: boolean): SigningAlgorithm {
    return json as SigningAlgorithm;
}

export function SigningAlgorithmToJSON(value?: SigningAlgorithm | null): any {
    return value as any;
}

export function SigningAlgorithmToJSONTyped(value: any, ignoreDiscriminator: boolean): SigningAlgorithm {
    return value as SigningAlgorithm;
}

