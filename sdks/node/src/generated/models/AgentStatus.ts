/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.


/**
 * `active` agents authenticate, no others do. `active` and `suspended` lead to each other; both lead to `revoked`, which
 * leads only to `archived`; `archived` is final.
 * 
 * @export
 */
export const AgentStatus = {
    Active: 'active',
    Suspended: 'suspended',
    Revoked: 'revoked',
    Archived: 'archived',
} as const;
export type AgentStatus = typeof AgentStatus[keyof typeof AgentStatus];


export function instanceOfAgentStatus(value: any): boolean {
    for (const key in AgentStatus) {
        if (Object.prototype.hasOwnProperty.call(AgentStatus, key)) {
            if (AgentStatus[key as keyof typeof AgentStatus] === value) {
                return true;
            }
        }
    }
    return false;
}

export function AgentStatusFromJSON(json: any): AgentStatus {
    return AgentStatusFromJSONTyped(json, false);
}

export function AgentStatusFromJSONTyped(json: any, ignoreDiscriminator: boolean): AgentStatus {
    return json as AgentStatus;
}

export function AgentStatusToJSON(value?: AgentStatus | null): any {
    return value as any;
}

export function AgentStatusToJSONTyped(value: any, ignoreDiscriminator: boolean): AgentStatus {
    return value as AgentStatus;
}

