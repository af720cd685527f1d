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

/**
 * A page of agents.
 * @export
 * @interface AgentPage
 */
export interface AgentPage {
    /**
     * The agents, newest first.
     */
    items: Array<Agent>;
    /**
     * A position in a list. Opaque, and good only for the list that gave it, with the filters that it had.
     */
    nextCursor?: string;
}

/**
 * Check if a given object implements the AgentPage interface.
 */
export function instanceOfAgentPage(value: object): value is AgentPage {
    if (!('items' in value) || value['items'] === undefined) return false;
    return true;
}

export function AgentPageFromJSON(json: any): AgentPage {
    return AgentPageFromJSONTyped(json, false);
}

export function AgentPageFromJSONTyped(json: any, ignoreDiscriminator: boolean): AgentPage {
    if (json == null) {
        return json;
    }
    return {
        
        'items': ((json['items'] as Array<any>).map(AgentFromJSON)),
        'nextCursor': json['nextCursor'] == null ? undefined : json['nextCursor'],
    };
}

export function AgentPageToJSON(json: any): AgentPage {
    return AgentPageToJSONTyped(json, false);
}

export function AgentPageToJSONTyped(value?: AgentPage | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'items': ((value['items'] as Array<any>).map(AgentToJSON)),
        'nextCursor': value['nextCursor'],
    };
}

