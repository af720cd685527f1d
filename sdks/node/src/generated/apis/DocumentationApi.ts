/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type ErrorBody,
    ErrorBodyFromJSON,
    ErrorBodyToJSON,
} from '../models/ErrorBody.js';

/**
 * 
 */
export class DocumentationApi extends runtime.BaseAPI {

    /**
     * Creates request options for getApiDocs without sending the request
     */
    async getApiDocsRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/api-docs`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * Swagger UI on this document. Its assets are part of the server, so it works without the internet.
     * The documentation, to read and to try
     */
    async getApiDocsRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getApiDocsRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * Swagger UI on this document. Its assets are part of the server, so it works without the internet.
     * The documentation, to read and to try
     */
    async getApiDocs(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getApiDocsRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getApiDocsInitializer without sending the request
     */
    async getApiDocsInitializerRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/api-docs/swagger-initializer.js`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * An asset of the page at `/api-docs`, the one that points Swagger UI at `/openapi.json`.
     * The documentation\'s start
     */
    async getApiDocsInitializerRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getApiDocsInitializerRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * An asset of the page at `/api-docs`, the one that points Swagger UI at `/openapi.json`.
     * The documentation\'s start
     */
    async getApiDocsInitializer(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getApiDocsInitializerRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getApiDocsScript without sending the request
     */
    async getApiDocsScriptRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/api-docs/swagger-ui-bundle.js`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * An asset of the page at `/api-docs`.
     * The documentation\'s script
     */
    async getApiDocsScriptRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getApiDocsScriptRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * An asset of the page at `/api-docs`.
     * The documentation\'s script
     */
    async getApiDocsScript(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getApiDocsScriptRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getApiDocsStylesheet without sending the request
     */
    async getApiDocsStylesheetRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/api-docs/swagger-ui.css`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * An asset of the page at `/api-docs`.
     * The documentation\'s style sheet
     */
    async getApiDocsStylesheetRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getApiDocsStylesheetRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * An asset of the page at `/api-docs`.
     * The documentation\'s style sheet
     */
    async getApiDocsStylesheet(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getApiDocsStylesheetRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getOpenapiJson without sending the request
     */
    async getOpenapiJsonRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/openapi.json`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The specification that this very server was generated from.
     * This document as JSON
     */
    async getOpenapiJsonRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<{ [key: string]: any; }>> {
        const requestOptions = await this.getOpenapiJsonRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse<any>(response);
    }

    /**
     * The specification that this very server was generated from.
     * This document as JSON
     */
    async getOpenapiJson(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<{ [key: string]: any; }> {
        const response = await this.getOpenapiJsonRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getOpenapiYaml without sending the request
     */
    async getOpenapiYamlRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/openapi.yaml`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The specification that this very server was generated from.
     * This document as YAML
     */
    async getOpenapiYamlRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<string>> {
        const requestOptions = await this.getOpenapiYamlRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        if (this.isJsonMime(response.headers.get('content-type'))) {
            return new runtime.JSONApiResponse<string>(response);
        } else {
            return new runtime.TextApiResponse(response) as any;
        }
    }

    /**
     * The specification that this very server was generated from.
     * This document as YAML
     */
    async getOpenapiYaml(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<string> {
        const response = await this.getOpenapiYamlRaw(initOverrides);
        return await response.value();
    }

}
