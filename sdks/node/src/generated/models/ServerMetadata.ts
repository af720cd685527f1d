/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import { mapValues } from '../runtime.js';
import type { SubjectType } from './SubjectType.js';
import {
    SubjectTypeFromJSON,
    SubjectTypeFromJSONTyped,
    SubjectTypeToJSON,
    SubjectTypeToJSONTyped,
} from './SubjectType.js';
import type { SigningAlgorithm } from './SigningAlgorithm.js';
import {
    SigningAlgorithmFromJSON,
    SigningAlgorithmFromJSONTyped,
    SigningAlgorithmToJSON,
    SigningAlgorithmToJSONTyped,
} from './SigningAlgorithm.js';
import type { AuthenticationMethod } from './AuthenticationMethod.js';
import {
    AuthenticationMethodFromJSON,
    AuthenticationMethodFromJSONTyped,
    AuthenticationMethodToJSON,
    AuthenticationMethodToJSONTyped,
} from './AuthenticationMethod.js';
import type { ResponseType } from './ResponseType.js';
import {
    ResponseTypeFromJSON,
    ResponseTypeFromJSONTyped,
    ResponseTypeToJSON,
    ResponseTypeToJSONTyped,
} from './ResponseType.js';

/**
 * Authorization server metadata (RFC 8414 section 2). There is no authorization endpoint, so `response_types_supported`
 * is `none`; `subject_types_supported` and `id_token_signing_alg_values_supported` are there for OpenID libraries, which
 * demand them, although no ID tokens are issued: the algorithm is the one that signs access tokens.
 * 
 * @export
 * @interface ServerMetadata
 */
export interface ServerMetadata {
    /**
     * The issuer, which is also the base of the URL that this document was fetched under.
     */
    issuer: string;
    /**
     * Where tokens are issued.
     */
    tokenEndpoint: string;
    /**
     * Where tokens are ended.
     */
    revocationEndpoint: string;
    /**
     * How clients authenticate there.
     */
    revocationEndpointAuthMethodsSupported: Array<AuthenticationMethod>;
    /**
     * Where tokens are introspected.
     */
    introspectionEndpoint: string;
    /**
     * Where the public keys are. Absent when the server signs with a shared secret.
     */
    jwksUri?: string;
    /**
     * The reserved scopes. Ordinary ones are whatever agents have as capabilities.
     */
    scopesSupported: Array<string>;
    /**
     * Always `none`, as there is no authorization endpoint: the member is required (RFC 8414 section 2), an empty list
     * is not allowed (section 3.2), and this type gives nothing.
     * 
     */
    responseTypesSupported: Array<ResponseType>;
    /**
     * The grants that the token endpoint accepts.
     */
    grantTypesSupported: Array<string>;
    /**
     * How clients authenticate at the token endpoint.
     */
    tokenEndpointAuthMethodsSupported: Array<AuthenticationMethod>;
    /**
     * How callers authenticate at the introspection endpoint.
     */
    introspectionEndpointAuthMethodsSupported: Array<AuthenticationMethod>;
    /**
     * Where people read about this server.
     */
    serviceDocumentation: string;
    /**
     * Every API sees the same subject.
     */
    subjectTypesSupported: Array<SubjectType>;
    /**
     * The algorithm that signs access tokens.
     */
    idTokenSigningAlgValuesSupported: Array<SigningAlgorithm>;
}

/**
 * Check if a given object implements the ServerMetadata interface.
 */
export function instanceOfServerMetadata(value: object): value is ServerMetadata {
    if (!('issuer' in value) || value['issuer'] === undefined) return false;
    if ((!('tokenEndpoint' in (value as Record<string, any>)) && !('token_endpoint' in (value as Record<string, any>))) || ((value as Record<string, any>)['tokenEndpoint'] === undefined && (value as Record<string, any>)['token_endpoint'] === undefined)) return false;
    if ((!('revocationEndpoint' in (value as Record<string, any>)) && !('revocation_endpoint' in (value as Record<string, any>))) || ((value as Record<string, any>)['revocationEndpoint'] === undefined && (value as Record<string, any>)['revocation_endpoint'] === undefined)) return false;
    if ((!('revocationEndpointAuthMethodsSupported' in (value as Record<string, any>)) && !('revocation_endpoint_auth_methods_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['revocationEndpointAuthMethodsSupported'] === undefined && (value as Record<string, any>)['revocation_endpoint_auth_methods_supported'] === undefined)) return false;
    if ((!('introspectionEndpoint' in (value as Record<string, any>)) && !('introspection_endpoint' in (value as Record<string, any>))) || ((value as Record<string, any>)['introspectionEndpoint'] === undefined && (value as Record<string, any>)['introspection_endpoint'] === undefined)) return false;
    if ((!('scopesSupported' in (value as Record<string, any>)) && !('scopes_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['scopesSupported'] === undefined && (value as Record<string, any>)['scopes_supported'] === undefined)) return false;
    if ((!('responseTypesSupported' in (value as Record<string, any>)) && !('response_types_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['responseTypesSupported'] === undefined && (value as Record<string, any>)['response_types_supported'] === undefined)) return false;
    if ((!('grantTypesSupported' in (value as Record<string, any>)) && !('grant_types_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['grantTypesSupported'] === undefined && (value as Record<string, any>)['grant_types_supported'] === undefined)) return false;
    if ((!('tokenEndpointAuthMethodsSupported' in (value as Record<string, any>)) && !('token_endpoint_auth_methods_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['tokenEndpointAuthMethodsSupported'] === undefined && (value as Record<string, any>)['token_endpoint_auth_methods_supported'] === undefined)) return false;
    if ((!('introspectionEndpointAuthMethodsSupported' in (value as Record<string, any>)) && !('introspection_endpoint_auth_methods_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['introspectionEndpointAuthMethodsSupported'] === undefined && (value as Record<string, any>)['introspection_endpoint_auth_methods_supported'] === undefined)) return false;
    if ((!('serviceDocumentation' in (value as Record<string, any>)) && !('service_documentation' in (value as Record<string, any>))) || ((value as Record<string, any>)['serviceDocumentation'] === undefined && (value as Record<string, any>)['service_documentation'] === undefined)) return false;
    if ((!('subjectTypesSupported' in (value as Record<string, any>)) && !('subject_types_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['subjectTypesSupported'] === undefined && (value as Record<string, any>)['subject_types_supported'] === undefined)) return false;
    if ((!('idTokenSigningAlgValuesSupported' in (value as Record<string, any>)) && !('id_token_signing_alg_values_supported' in (value as Record<string, any>))) || ((value as Record<string, any>)['idTokenSigningAlgValuesSupported'] === undefined && (value as Record<string, any>)['id_token_signing_alg_values_supported'] === undefined)) return false;
    return true;
}

export function ServerMetadataFromJSON(json: any): ServerMetadata {
    return ServerMetadataFromJSONTyped(json, false);
}

export function ServerMetadataFromJSONTyped(json: any, ignoreDiscriminator: boolean): ServerMetadata {
    if (json == null) {
        return json;
    }
    return {
        
        'issuer': json['issuer'],
        'tokenEndpoint': json['token_endpoint'],
        'revocationEndpoint': json['revocation_endpoint'],
        'revocationEndpointAuthMethodsSupported': (((json['revocation_endpoint_auth_methods_supported'] as Array<any>).map(AuthenticationMethodFromJSON))),
        'introspectionEndpoint': json['introspection_endpoint'],
        'jwksUri': json['jwks_uri'] == null ? undefined : json['jwks_uri'],
        'scopesSupported': (json['scopes_supported']),
        'responseTypesSupported': ((json['response_types_supported'] as Array<any>).map(ResponseTypeFromJSON)),
        'grantTypesSupported': (json['grant_types_supported']),
        'tokenEndpointAuthMethodsSupported': (((json['token_endpoint_auth_methods_supported'] as Array<any>).map(AuthenticationMethodFromJSON))),
        'introspectionEndpointAuthMethodsSupported': (((json['introspection_endpoint_auth_methods_supported'] as Array<any>).map(AuthenticationMethodFromJSON))),
        'serviceDocumentation': json['service_documentation'],
        'subjectTypesSupported': (((json['subject_types_supported'] as Array<any>).map(SubjectTypeFromJSON))),
        'idTokenSigningAlgValuesSupported': (((json['id_token_signing_alg_values_supported'] as Array<any>).map(SigningAlgorithmFromJSON))),
    };
}

export function ServerMetadataToJSON(json: any): ServerMetadata {
    return ServerMetadataToJSONTyped(json, false);
}

export function ServerMetadataToJSONTyped(value?: ServerMetadata | null, ignoreDiscriminator: boolean = false): any {
    if (value == null) {
        return value;
    }

    return {
        
        'issuer': value['issuer'],
        'token_endpoint': value['tokenEndpoint'],
        'revocation_endpoint': value['revocationEndpoint'],
        'revocation_endpoint_auth_methods_supported': (Array.from(value['revocationEndpointAuthMethodsSupported'] as Array<any>).map(AuthenticationMethodToJSON)),
        'introspection_endpoint': value['introspectionEndpoint'],
        'jwks_uri': value['jwksUri'],
        'scopes_supported': Array.from(value['scopesSupported'] as Array<any>),
        'response_types_supported': ((value['responseTypesSupported'] as Array<any>).map(ResponseTypeToJSON)),
        'grant_types_supported': Array.from(value['grantTypesSupported'] as Array<any>),
        'token_endpoint_auth_methods_supported': (Array.from(value['tokenEndpointAuthMethodsSupported'] as Array<any>).map(AuthenticationMethodToJSON)),
        'introspection_endpoint_auth_methods_supported': (Array.from(value['introspectionEndpointAuthMethodsSupported'] as Array<any>).map(AuthenticationMethodToJSON)),
        'service_documentation': value['serviceDocumentation'],
        'subject_types_supported': (Array.from(value['subjectTypesSupported'] as Array<any>).map(SubjectTypeToJSON)),
        'id_token_signing_alg_values_supported': (Array.from(value['idTokenSigningAlgValuesSupported'] as Array<any>).map(SigningAlgorithmToJSON)),
    };
}

