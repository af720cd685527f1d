/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * What went wrong, for programs.
 * @export
 */
export const ErrorCode = {
    ValidationError: 'VALIDATION_ERROR',
    AuthenticationError: 'AUTHENTICATION_ERROR',
    AuthorizationError: 'AUTHORIZATION_ERROR',
    AgentNotFound: 'AGENT_NOT_FOUND',
    AgentAlreadyExists: 'AGENT_ALREADY_EXISTS',
    AgentConflict: 'AGENT_CONFLICT',
    CredentialNotFound: 'CREDENTIAL_NOT_FOUND',
    AuditEventNotFound: 'AUDIT_EVENT_NOT_FOUND',
    CredentialConflict: 'CREDENTIAL_CONFLICT',
    IdempotencyConflict: 'IDEMPOTENCY_CONFLICT',
    PreconditionFailed: 'PRECONDITION_FAILED',
    RateLimitExceeded: 'RATE_LIMIT_EXCEEDED',
    PayloadTooLarge: 'PAYLOAD_TOO_LARGE',
    UnsupportedMediaType: 'UNSUPPORTED_MEDIA_TYPE',
    NotFound: 'NOT_FOUND',
    MethodNotAllowed: 'METHOD_NOT_ALLOWED',
    RequestTimeout: 'REQUEST_TIMEOUT',
    RequestHeaderFieldsTooLarge: 'REQUEST_HEADER_FIELDS_TOO_LARGE',
    ServiceUnavailable: 'SERVICE_UNAVAILABLE',
    InternalError: 'INTERNAL_ERROR',
} as const;
export type ErrorCode = typeof ErrorCode[keyof typeof ErrorCode];


export function instanceOfErrorCode(value: any): boolean {
    for (const key in ErrorCode) {
        if (Object.prototype.hasOwnProperty.call(ErrorCode, key)) {
            if (ErrorCode[key as keyof typeof ErrorCode] === value) {
                return true;
            }
        }
    }
    return false;
}

export function ErrorCodeFromJSON(json: any): ErrorCode {
    return ErrorCodeFromJSONTyped(json, false);
}

export function ErrorCodeFromJSONTyped(json: any, ignoreDiscriminator: boolean): ErrorCode {
    return json as ErrorCode;
}

export function ErrorCodeToJSON(value?: ErrorCode | null): any {
    return value as any;
}

export function ErrorCodeToJSONTyped(value: any, ignoreDiscriminator: boolean): ErrorCode {
    return value as ErrorCode;
}

