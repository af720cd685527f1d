/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * Whether a credential can be used.
 * @export
 */
export const CredentialStatus = {
    Active: 'active',
    Revoked: 'revoked',
    Expired: 'expired',
} as const;
export type CredentialStatus = typeof CredentialStatus[keyof typeof CredentialStatus];


export function instanceOfCredentialStatus(value: any): boolean {
    for (const key in CredentialStatus) {
        if (Object.prototype.hasOwnProperty.call(CredentialStatus, key)) {
            if (CredentialStatus[key as keyof typeof CredentialStatus] === value) {
                return true;
            }
        }
    }
    return false;
}

export function CredentialStatusFromJSON(json: any): CredentialStatus {
    return CredentialStatusFromJSONTyped(json, false);
}

export function CredentialStatusFromJSONTyped(json: any, ignoreDiscriminator: boolean): CredentialStatus {
    return json as CredentialStatus;
}

export function CredentialStatusToJSON(value?: CredentialStatus | null): any {
    return value as any;
}

export function CredentialStatusToJSONTyped(value: any, ignoreDiscriminator: boolean): CredentialStatus {
    return value as CredentialStatus;
}

