/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { TokenType } from './TokenType.js';
import {
    TokenTypeFromJSON,
    TokenTypeFromJSONTyped,
    TokenTypeToJSON,
    TokenTypeToJSONTyped,
} from './TokenType.js';
import type { DeploymentEnv } from './DeploymentEnv.js';
import {
    DeploymentEnvFromJSON,
    DeploymentEnvFromJSONTyped,
    DeploymentEnvToJSON,
    DeploymentEnvToJSONTyped,
} from './DeploymentEnv.js';

/**
 * What a token says (RFC 7662 section 2.2). When `active` is false there is nothing else.
 * @export
 * @interface IntrospectionResponse
 */
export interface IntrospectionResponse {
    /**
     * Whether the token can be used now.
     */
    active: boolean;
    /**
     * Capabilities separated by single spaces (RFC 6749 section 3.3).
     */
    scope?: string;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    clientId?: string;
    /**
     * 
     */
    tokenType?: TokenType;
    /**
     * Seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2).
     */
    exp?: number;
    /**
     * Seconds since 1970-01-01T00:00:00Z (RFC 7519 section 2).
     */
    iat?: number;
    /**
     * An agent's id, which is also its client id. Assigned at registration, never changed, never reused.
     */
    sub?: string;
    /**
     * The APIs that the token is for.
     */
    aud?: Array<string>;
    /**
     * The server that issued it.
     */
    iss?: string;
    /**
     * An access token's id, its `jti` (RFC 7519 section 4.1.7).
     */
    jti?: string;
    /**
     * What kind of agent it is, as a slug.
     */
    agentType?: string;
    /**
     * The agent's version (Semantic Versioning 2.0.0; a leading `v` is allowed).
     */
    agentVersion?: string;
    /**
     * The developer or team that an agent belongs to.
     */
    owner?: string;
    /**
     * 
     */
    deploymentEnv?: DeploymentEnv;
    /**
     * A credential's id.
     */
    credentialId?: string;
    /**
     * The position in the change feed at which the token was decided. A later change that concerns its subject ends it.
     */
    rev?: number;
}



/**
 * Check if a given object implements the IntrospectionResponse interface.
 */
export function instanceOfIntrospectionResponse(value: object): value is IntrospectionResponse {
    if (!('active' in value) || value['active'] === undefined) return false;
    return true;
}

export function IntrospectionResponseFromJSON(json: any): IntrospectionResponse {
    return IntrospectionResponseFromJSONTyped(json, false);
}

export function IntrospectionResponseFromJSONTyped(json: any, ignoreDiscriminator: boolean): IntrospectionResponse {
    if (json == null) {
        return json;
    }
    return {
        
        'active': json['active'],
        'scope': json['scope'] == null ? undefined : json['scope'],
        'clientId': json['client_id'] == null ? undefined : json['client_id'],
        'tokenType': json['token_type'] == null ? undefined : TokenTypeFromJSON(json['token_type']),
        'exp': json['exp'] == null ? undefined : json['exp'],
        'iat': json['iat'] == null ? undefined : json['iat'],
        'sub': json['sub'] == null ? undefined : json['sub'],
        'aud': json['aud'] == null ? undefined : (json['aud']),
        'iss': json['iss'] == null ? undefined : json['iss'],
        'jti': json['jti'] == null ? undefined : json['jti'],
        'agentType': json['agent_type'] == null ? undefined : json['agent_type'],
        'agentVersion': json['agent_version'] == null ? undefined : json['agent_version'],
        'owner': json['owner'] == null ? undefined : json['owner'],
        'deploymentEnv': json['deployment_env'] == null ? undefined : DeploymentEnvFromJSON(json['deployment_env']),
        'credentialId': json['credential_id'] == null ? undefined : json['credential_id'],
        'rev': json['rev'] == null ? undefined : json['rev'],
    };
}

export function IntrospectionResponseToJSON(json: any): IntrospectionResponse {
    return IntrospectionResponseToJSONTyped(json, false);
}

export function IntrospectionResponseToJSONTyped(value?: IntrospectionResponse | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'active': value['active'],
        'scope': value['scope'],
        'client_id': value['clientId'],
        'token_type': TokenTypeToJSON(value['tokenType']),
        'exp': value['exp'],
        'iat': value['iat'],
        'sub': value['sub'],
        'aud': value['aud'] == null ? undefined : Array.from(value['aud'] as Array<any>),
        'iss': value['iss'],
        'jti': value['jti'],
        'agent_type': value['agentType'],
        'agent_version': value['agentVersion'],
        'owner': value['owner'],
        'deployment_env': DeploymentEnvToJSON(value['deploymentEnv']),
        'credential_id': value['credentialId'],
        'rev': value['rev'],
    };
}

