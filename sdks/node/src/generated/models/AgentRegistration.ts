/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { Agent } from './Agent.js';
import {
    AgentFromJSON,
    AgentFromJSONTyped,
    AgentToJSON,
    AgentToJSONTyped,
} from './Agent.js';
import type { IssuedCredential } from './IssuedCredential.js';
import {
    IssuedCredentialFromJSON,
    IssuedCredentialFromJSONTyped,
    IssuedCredentialToJSON,
    IssuedCredentialToJSONTyped,
} from './IssuedCredential.js';

/**
 * A registered agent and its first credential.
 * @export
 * @interface AgentRegistration
 */
export interface AgentRegistration {
    /**
     * 
     */
    agent: Agent;
    /**
     * 
     */
    credential: IssuedCredential;
}

/**
 * Check if a given object implements the AgentRegistration interface.
 */
export function instanceOfAgentRegistration(value: object): value is AgentRegistration {
    if (!('agent' in value) || value['agent'] === undefined) return false;
    if (!('credential' in value) || value['credential'] === undefined) return false;
    return true;
}

export function AgentRegistrationFromJSON(json: any): AgentRegistration {
    return AgentRegistrationFromJSONTyped(json, false);
}

export function AgentRegistrationFromJSONTyped(json: any, ignoreDiscriminator: boolean): AgentRegistration {
    if (json == null) {
        return json;
    }
    return {
        
        'agent': AgentFromJSON(json['agent']),
        'credential': IssuedCredentialFromJSON(json['credential']),
    };
}

export function AgentRegistrationToJSON(json: any): AgentRegistration {
    return AgentRegistrationToJSONTyped(json, false);
}

export function AgentRegistrationToJSONTyped(value?: AgentRegistration | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'agent': AgentToJSON(value['agent']),
        'credential': IssuedCredentialToJSON(value['credential']),
    };
}

