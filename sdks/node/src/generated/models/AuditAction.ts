/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * What happened. Those that end in `.counted` stand for as many happenings as `data.count` says: what anonymous
 * callers can cause without limit, what is refused by a rate limit, and what changes nothing, is counted per caller,
 * address prefix and minute. After `audit.pruned` what events say whose leaves lie below `data.minimumIndex` is shown to
 * nobody, and a week later it is removed; their hashes stay. `server.configured` has the `data.settings` that a server
 * started with, by their names, and `data.previous` for those that are other ones than in the last such event.
 * 
 * @export
 */
export const AuditAction = {
    AgentRegistered: 'agent.registered',
    AgentUpdated: 'agent.updated',
    AgentSuspended: 'agent.suspended',
    AgentReactivated: 'agent.reactivated',
    AgentRevoked: 'agent.revoked',
    AgentArchived: 'agent.archived',
    CredentialIssued: 'credential.issued',
    CredentialRotated: 'credential.rotated',
    CredentialRevoked: 'credential.revoked',
    CredentialExpired: 'credential.expired',
    TokenIssued: 'token.issued',
    TokenRefused: 'token.refused',
    TokenRevoked: 'token.revoked',
    AuditPruned: 'audit.pruned',
    AuditReopened: 'audit.reopened',
    KeyCreated: 'key.created',
    KeyRotated: 'key.rotated',
    KeyResealed: 'key.resealed',
    ServerBootstrapped: 'server.bootstrapped',
    ServerRecovered: 'server.recovered',
    ServerConfigured: 'server.configured',
    AccessDenied: 'access.denied',
    AuthenticationFailedCounted: 'authentication.failed.counted',
    TokenIntrospectedCounted: 'token.introspected.counted',
    RequestLimitedCounted: 'request.limited.counted',
} as const;
export type AuditAction = typeof AuditAction[keyof typeof AuditAction];


export function instanceOfAuditAction(value: any): boolean {
    for (const key in AuditAction) {
        if (Object.prototype.hasOwnProperty.call(AuditAction, key)) {
            if (AuditAction[key as keyof typeof AuditAction] === value) {
                return true;
            }
        }
    }
    return false;
}

export function AuditActionFromJSON(json: any): AuditAction {
    return AuditActionFromJSONTyped(json, false);
}

export function AuditActionFromJSONTyped(json: any, ignoreDiscriminator: boolean): AuditAction {
    return json as AuditAction;
}

export function AuditActionToJSON(value?: AuditAction | null): any {
    return value as any;
}

export function AuditActionToJSONTyped(value: any, ignoreDiscriminator: boolean): AuditAction {
    return value as AuditAction;
}

