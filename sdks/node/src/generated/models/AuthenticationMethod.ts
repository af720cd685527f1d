/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * How a client authenticates (RFC 7591 section 2).
 * @export
 */
export const AuthenticationMethod = {
    ClientSecretBasic: 'client_secret_basic',
    ClientSecretPost: 'client_secret_post',
} as const;
export type AuthenticationMethod = typeof AuthenticationMethod[keyof typeof AuthenticationMethod];


export function instanceOfAuthenticationMethod(value: any): boolean {
    for (const key in AuthenticationMethod) {
        if (Object.prototype.hasOwnProperty.call(AuthenticationMethod, key)) {
            if (AuthenticationMethod[key as keyof typeof AuthenticationMethod] === value) {
                return true;
            }
        }
    }
    return false;
}

export function AuthenticationMethodFromJSON(json: any): AuthenticationMethod {
    return AuthenticationMethodFromJSONTyped(json, false);
}

export function AuthenticationMethodFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuthenticationMethod {
    return json as AuthenticationMethod;
}

export function AuthenticationMethodToJSON(value?: AuthenticationMethod | null): any {
    return value as any;
}

export function AuthenticationMethodToJSONTyped(value: any, ignoreDiscriminator: boolean): AuthenticationMethod {
    return value as AuthenticationMethod;
}

