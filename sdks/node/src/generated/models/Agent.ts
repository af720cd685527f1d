/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues, parseDate, parseDateTime, serializeDate, serializeDateTime } from '../runtime.js';
import type { AgentStatus } from './AgentStatus.js';
import {
    AgentStatusFromJSON,
    AgentStatusFromJSONTyped,
    AgentStatusToJSON,
    AgentStatusToJSONTyped,
} from './AgentStatus.js';
import type { DeploymentEnv } from './DeploymentEnv.js';
import {
    DeploymentEnvFromJSON,
    DeploymentEnvFromJSONTyped,
    DeploymentEnvToJSON,
    DeploymentEnvToJSONTyped,
} from './DeploymentEnv.js';

/**
 * An agent. `lastAuthAt` is exact to a minute and not part of what `ETag` and `updatedAt` stand for.
 * @export
 * @interface Agent
 */
export interface Agent {
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    id: string;
    /**
     * An email address, unique for ever whatever the case of its letters.
     */
    email: string;
    /**
     * What kind of agent it is, as a slug.
     */
    agentType: string;
    /**
     * The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
     */
    version: string;
    /**
     * What the agent may do, sorted.
     */
    capabilities: Array<string>;
    /**
     * The developer or team that an agent belongs to.
     */
    owner: string;
    /**
     * 
     */
    deploymentEnv: DeploymentEnv;
    /**
     * 
     */
    status: AgentStatus;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    createdAt: Date;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    updatedAt: Date;
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    lastAuthAt?: Date;
    /**
     * What the owner wants to keep with the agent. At most 16 KiB of JSON, nested at most 8 deep, without U+0000.
     */
    metadata?: { [key: string]: any; };
    /**
     * A time (RFC 3339). Answers have it in UTC with milliseconds; requests may use any offset.
     */
    validUntil?: Date;
}



/**
 * Check if a given object implements the Agent interface.
 */
export function instanceOfAgent(value: object): value is Agent {
    if (!('id' in value) || value['id'] === undefined) return false;
    if (!('email' in value) || value['email'] === undefined) return false;
    if (!('agentType' in value) || value['agentType'] === undefined) return false;
    if (!('version' in value) || value['version'] === undefined) return false;
    if (!('capabilities' in value) || value['capabilities'] === undefined) return false;
    if (!('owner' in value) || value['owner'] === undefined) return false;
    if (!('deploymentEnv' in value) || value['deploymentEnv'] === undefined) return false;
    if (!('status' in value) || value['status'] === undefined) return false;
    if (!('createdAt' in value) || value['createdAt'] === undefined) return false;
    if (!('updatedAt' in value) || value['updatedAt'] === undefined) return false;
    return true;
}

export function AgentFromJSON(json: any): Agent {
    return AgentFromJSONTyped(json, false);
}

export function AgentFromJSONTyped(json: any, ignoreDiscriminator: boolean): Agent {
    if (json == null) {
        return json;
    }
    return {
        
        'id': json['id'],
        'email': json['email'],
        'agentType': json['agentType'],
        'version': json['version'],
        'capabilities': (json['capabilities']),
        'owner': json['owner'],
        'deploymentEnv': DeploymentEnvFromJSON(json['deploymentEnv']),
        'status': AgentStatusFromJSON(json['status']),
        'createdAt': (json['createdAt'] == null ? json['createdAt'] : parseDateTime(json['createdAt'])),
        'updatedAt': (json['updatedAt'] == null ? json['updatedAt'] : parseDateTime(json['updatedAt'])),
        'lastAuthAt': json['lastAuthAt'] == null ? undefined : (parseDateTime(json['lastAuthAt'])),
        'metadata': json['metadata'] == null ? undefined : json['metadata'],
        'validUntil': json['validUntil'] == null ? undefined : (parseDateTime(json['validUntil'])),
    };
}

export function AgentToJSON(json: any): Agent {
    return AgentToJSONTyped(json, false);
}

export function AgentToJSONTyped(value?: Agent | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'id': value['id'],
        'email': value['email'],
        'agentType': value['agentType'],
        'version': value['version'],
        'capabilities': Array.from(value['capabilities'] as Array<any>),
        'owner': value['owner'],
        'deploymentEnv': DeploymentEnvToJSON(value['deploymentEnv']),
        'status': AgentStatusToJSON(value['status']),
        'createdAt': value['createdAt'] == null ? value['createdAt'] : serializeDateTime(value['createdAt']),
        'updatedAt': value['updatedAt'] == null ? value['updatedAt'] : serializeDateTime(value['updatedAt']),
        'lastAuthAt': value['lastAuthAt'] == null ? value['lastAuthAt'] : serializeDateTime(value['lastAuthAt']),
        'metadata': value['metadata'],
        'validUntil': value['validUntil'] == null ? value['validUntil'] : serializeDateTime(value['validUntil']),
    };
}

