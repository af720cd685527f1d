/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues, parseDate, parseDateTime, serializeDate, serializeDateTime } from '../runtime.js';
import type { DeploymentEnv } from './DeploymentEnv.js';
import {
    DeploymentEnvFromJSON,
    DeploymentEnvFromJSONTyped,
    DeploymentEnvToJSON,
    DeploymentEnvToJSONTyped,
} from './DeploymentEnv.js';

/**
 * What to change of an agent (RFC 7396).
 * @export
 * @interface AgentPatch
 */
export interface AgentPatch {
    /**
     * What kind of agent it is, as a slug.
     */
    agentType?: string;
    /**
     * The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
     */
    version?: string;
    /**
     * What the agent may do; replaces what it has.
     */
    capabilities?: Array<string>;
    /**
     * The developer or team that an agent belongs to.
     */
    owner?: string;
    /**
     * 
     */
    deploymentEnv?: DeploymentEnv;
    /**
     * Members to set, or with `null` to remove; `null` as a whole removes all. What results is bounded like `Metadata`.
     */
    metadata?: { [key: string]: any; } | null;
    /**
     * A time in the future, after which the agent authenticates no more; `null` takes the end away.
     */
    validUntil?: Date | null;
}



/**
 * Check if a given object implements the AgentPatch interface.
 */
export function instanceOfAgentPatch(value: object): value is AgentPatch {
    return true;
}

export function AgentPatchFromJSON(json: any): AgentPatch {
    return AgentPatchFromJSONTyped(json, false);
}

export function AgentPatchFromJSONTyped(json: any, ignoreDiscriminator: boolean): AgentPatch {
    if (json == null) {
        return json;
    }
    return {
        
        'agentType': json['agentType'] == null ? undefined : json['agentType'],
        'version': json['version'] == null ? undefined : json['version'],
        'capabilities': json['capabilities'] == null ? undefined : (json['capabilities']),
        'owner': json['owner'] == null ? undefined : json['owner'],
        'deploymentEnv': json['deploymentEnv'] == null ? undefined : DeploymentEnvFromJSON(json['deploymentEnv']),
        'metadata': json['metadata'] === undefined ? undefined : json['metadata'] === null ? null : json['metadata'],
        'validUntil': json['validUntil'] === undefined ? undefined : json['validUntil'] === null ? null : (parseDateTime(json['validUntil'])),
    };
}

export function AgentPatchToJSON(json: any): AgentPatch {
    return AgentPatchToJSONTyped(json, false);
}

export function AgentPatchToJSONTyped(value?: AgentPatch | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'agentType': value['agentType'],
        'version': value['version'],
        'capabilities': value['capabilities'] == null ? undefined : Array.from(value['capabilities'] as Array<any>),
        'owner': value['owner'],
        'deploymentEnv': DeploymentEnvToJSON(value['deploymentEnv']),
        'metadata': value['metadata'],
        'validUntil': value['validUntil'] == null ? value['validUntil'] : serializeDateTime(value['validUntil']),
    };
}

