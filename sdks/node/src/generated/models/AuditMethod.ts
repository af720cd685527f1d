/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * How the actor authenticated: with a secret in the header or in the form, with an access token, as somebody at the
 * server's own command line (`local`), as the server itself (`system`), or not at all (`none`).
 * 
 * @export
 */
export const AuditMethod = {
    ClientSecretBasic: 'client_secret_basic',
    ClientSecretPost: 'client_secret_post',
    Bearer: 'bearer',
    Local: 'local',
    System: 'system',
    None: 'none',
} as const;
export type AuditMethod = typeof AuditMethod[keyof typeof AuditMethod];


export function instanceOfAuditMethod(value: any): boolean {
    for (const key in AuditMethod) {
        if (Object.prototype.hasOwnProperty.call(AuditMethod, key)) {
            if (AuditMethod[key as keyof typeof AuditMethod] === value) {
                return true;
            }
        }
    }
    return false;
}

export function AuditMethodFromJSON(json: any): AuditMethod {
    return AuditMethodFromJSONTyped(json, false);
}

export function AuditMethodFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditMethod {
    return json as AuditMethod;
}

export function AuditMethodToJSON(value?: AuditMethod | null): any {
    return value as any;
}

export function AuditMethodToJSONTyped(value: any, ignoreDiscriminator: boolean): AuditMethod {
    return value as AuditMethod;
}

