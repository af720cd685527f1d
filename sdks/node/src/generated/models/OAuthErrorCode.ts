/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * What went wrong (RFC 6749 section 5.2, RFC 8707 section 2; the last two as in RFC 6749 section 4.1.2.1).
 * @export
 */
export const OAuthErrorCode = {
    InvalidRequest: 'invalid_request',
    InvalidClient: 'invalid_client',
    InvalidGrant: 'invalid_grant',
    UnauthorizedClient: 'unauthorized_client',
    UnsupportedGrantType: 'unsupported_grant_type',
    InvalidScope: 'invalid_scope',
    InvalidTarget: 'invalid_target',
    ServerError: 'server_error',
    TemporarilyUnavailable: 'temporarily_unavailable',
} as const;
export type OAuthErrorCode = typeof OAuthErrorCode[keyof typeof OAuthErrorCode];


export function instanceOfOAuthErrorCode(value: any): boolean {
    for (const key in OAuthErrorCode) {
        if (Object.prototype.hasOwnProperty.call(OAuthErrorCode, key)) {
            if (OAuthErrorCode[key as keyof typeof OAuthErrorCode] === value) {
                return true;
            }
        }
    }
    return false;
}

export function OAuthErrorCodeFromJSON(json: any): OAuthErrorCode {
    return OAuthErrorCodeFromJSONTyped(json, false);
}

export function OAuthErrorCodeFromJSONTyped(json: any, ignoreDiscriminator: boolean): OAuthErrorCode {
    return json as OAuthErrorCode;
}

export function OAuthErrorCodeToJSON(value?: OAuthErrorCode | null): any {
    return value as any;
}

export function OAuthErrorCodeToJSONTyped(value: any, ignoreDiscriminator: boolean): OAuthErrorCode {
    return value as OAuthErrorCode;
}

