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
 * An agent to register.
 * @export
 * @interface NewAgent
 */
export interface NewAgent {
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
     * What the agent may do.
     */
    capabilities: Array<string>;
    /**
     * The developer or team that an agent belongs to.
     */
    owner?: string;
    /**
     * 
     */
    deploymentEnv: DeploymentEnv;
    /**
     * What the owner wants to keep with the agent. At most 16 KiB of JSON, nested at most 8 deep, without U+0000.
     */
    metadata?: { [key: string]: any; };
    /**
     * A time that lies in the future (RFC 3339), with any offset.
     */
    validUntil?: Date;
}



/**
 * Check if a given object implements the NewAgent interface.
 */
export function instanceOfNewAgent(value: object): value is NewAgent {
    if (!('email' in value) || value['email'] === undefined) return false;
    if (!('agentType' in value) || value['agentType'] === undefined) return false;
    if (!('version' in value) || value['version'] === undefined) return false;
    if (!('capabilities' in value) || value['capabilities'] === undefined) return false;
    if (!('deploymentEnv' in value) || value['deploymentEnv'] === undefined) return false;
    return true;
}

export function NewAgentFromJSON(json: any): NewAgent {
    return NewAgentFromJSONTyped(json, false);
}

export function NewAgentFromJSONTyped(json: any, ignoreDiscriminator: boolean): NewAgent {
    if (json == null) {
        return json;
    }
    return {
        
        'email': json['email'],
        'agentType': json['agentType'],
        'version': json['version'],
        'capabilities': (json['capabilities']),
        'owner': json['owner'] == null ? undefined : json['owner'],
        'deploymentEnv': DeploymentEnvFromJSON(json['deploymentEnv']),
        'metadata': json['metadata'] == null ? undefined : json['metadata'],
        'validUntil': json['validUntil'] == null ? undefined : (parseDateTime(json['validUntil'])),
    };
}

export function NewAgentToJSON(json: any): NewAgent {
    return NewAgentToJSONTyped(json, false);
}

export function NewAgentToJSONTyped(value?: NewAgent | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'email': value['email'],
        'agentType': value['agentType'],
        'version': value['version'],
        'capabilities': Array.from(value['capabilities'] as Array<any>),
        'owner': value['owner'],
        'deploymentEnv': DeploymentEnvToJSON(value['deploymentEnv']),
        'metadata': value['metadata'],
        'validUntil': value['validUntil'] == null ? value['validUntil'] : serializeDateTime(value['validUntil']),
    };
}

