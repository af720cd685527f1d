/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type ErrorBody,
    ErrorBodyFromJSON,
    ErrorBodyToJSON,
} from '../models/ErrorBody.js';
import {
    type JwkSet,
    JwkSetFromJSON,
    JwkSetToJSON,
} from '../models/JwkSet.js';
import {
    type ServerMetadata,
    ServerMetadataFromJSON,
    ServerMetadataToJSON,
} from '../models/ServerMetadata.js';

/**
 * 
 */
export class DiscoveryApi extends runtime.BaseAPI {

    /**
     * Creates request options for getJwks without sending the request
     */
    async getJwksRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/.well-known/jwks.json`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The keys that sign now, that will sign next, and that signed tokens which are still alive (RFC 7517). Never empty. Cache it for as long as `Cache-Control` says, and fetch it again when a token names an unknown `kid`. 
     * The public keys that verify access tokens
     */
    async getJwksRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<JwkSet>> {
        const requestOptions = await this.getJwksRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => JwkSetFromJSON(jsonValue));
    }

    /**
     * The keys that sign now, that will sign next, and that signed tokens which are still alive (RFC 7517). Never empty. Cache it for as long as `Cache-Control` says, and fetch it again when a token names an unknown `kid`. 
     * The public keys that verify access tokens
     */
    async getJwks(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<JwkSet> {
        const response = await this.getJwksRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getOpenidConfiguration without sending the request
     */
    async getOpenidConfigurationRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/.well-known/openid-configuration`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The document of `/.well-known/oauth-authorization-server` under the path at which OpenID Connect libraries look first. This server issues no ID tokens. 
     * The same metadata where OpenID clients look for it
     */
    async getOpenidConfigurationRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<ServerMetadata>> {
        const requestOptions = await this.getOpenidConfigurationRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => ServerMetadataFromJSON(jsonValue));
    }

    /**
     * The document of `/.well-known/oauth-authorization-server` under the path at which OpenID Connect libraries look first. This server issues no ID tokens. 
     * The same metadata where OpenID clients look for it
     */
    async getOpenidConfiguration(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<ServerMetadata> {
        const response = await this.getOpenidConfigurationRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getServerMetadata without sending the request
     */
    async getServerMetadataRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/.well-known/oauth-authorization-server`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * What this server offers and where, for clients that configure themselves (RFC 8414).
     * Authorization server metadata
     */
    async getServerMetadataRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<ServerMetadata>> {
        const requestOptions = await this.getServerMetadataRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => ServerMetadataFromJSON(jsonValue));
    }

    /**
     * What this server offers and where, for clients that configure themselves (RFC 8414).
     * Authorization server metadata
     */
    async getServerMetadata(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<ServerMetadata> {
        const response = await this.getServerMetadataRaw(initOverrides);
        return await response.value();
    }

}
