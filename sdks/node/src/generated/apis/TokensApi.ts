/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type IntrospectionResponse,
    IntrospectionResponseFromJSON,
    IntrospectionResponseToJSON,
} from '../models/IntrospectionResponse.js';
import {
    type OAuthErrorBody,
    OAuthErrorBodyFromJSON,
    OAuthErrorBodyToJSON,
} from '../models/OAuthErrorBody.js';
import {
    type TokenResponse,
    TokenResponseFromJSON,
    TokenResponseToJSON,
} from '../models/TokenResponse.js';

export interface IntrospectTokenRequest {
    /**
     * A signed access token (RFC 9068).
     */
    token: string;
    /**
     * What kind of token it is thought to be (RFC 7662 section 2.1). A wrong hint does no harm.
     */
    tokenTypeHint?: string;
    /**
     * The agent\'s id, when the client authenticates in the form.
     */
    clientId?: string;
    /**
     * The client secret, when the client authenticates in the form.
     */
    clientSecret?: string;
}

export interface IssueTokenRequest {
    /**
     * How the token is asked for. `client_credentials` is the only grant there is; others are `unsupported_grant_type`.
     */
    grantType: string;
    /**
     * Capabilities separated by single spaces (RFC 6749 section 3.3).
     */
    scope?: string;
    /**
     * The APIs that the token is for. This parameter alone may be repeated.
     */
    resource?: Array<string>;
    /**
     * The agent\'s id, when the client authenticates in the form.
     */
    clientId?: string;
    /**
     * The client secret, when the client authenticates in the form.
     */
    clientSecret?: string;
}

export interface RevokeTokenRequest {
    /**
     * A signed access token (RFC 9068).
     */
    token: string;
    /**
     * What kind of token it is thought to be (RFC 7662 section 2.1). A wrong hint does no harm.
     */
    tokenTypeHint?: string;
    /**
     * The agent\'s id, when the client authenticates in the form.
     */
    clientId?: string;
    /**
     * The client secret, when the client authenticates in the form.
     */
    clientSecret?: string;
}

/**
 * 
 */
export class TokensApi extends runtime.BaseAPI {

    /**
     * Creates request options for introspectToken without sending the request
     */
    async introspectTokenRequestOpts(requestParameters: IntrospectTokenRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['token'] == null) {
            throw new runtime.RequiredError(
                'token',
                'Required parameter "token" was null or undefined when calling introspectToken().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && (this.configuration.username !== undefined || this.configuration.password !== undefined)) {
            headerParameters["Authorization"] = "Basic " + btoa(this.configuration.username + ":" + this.configuration.password);
        }
        const consumes: runtime.Consume[] = [
            { contentType: 'application/x-www-form-urlencoded' },
        ];
        // @ts-ignore: canConsumeForm may be unused
        const canConsumeForm = runtime.canConsumeForm(consumes);

        let formParams: { append(param: string, value: any): any };
        let useForm = false;
        if (useForm) {
            formParams = new FormData();
        } else {
            formParams = new URLSearchParams();
        }

        if (requestParameters['token'] != null) {
            formParams.append('token', requestParameters['token'] as any);
        }

        if (requestParameters['tokenTypeHint'] != null) {
            formParams.append('token_type_hint', requestParameters['tokenTypeHint'] as any);
        }

        if (requestParameters['clientId'] != null) {
            formParams.append('client_id', requestParameters['clientId'] as any);
        }

        if (requestParameters['clientSecret'] != null) {
            formParams.append('client_secret', requestParameters['clientSecret'] as any);
        }


        let urlPath = `/oauth2/introspect`;

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: formParams,
        };
    }

    /**
     * Token introspection (RFC 7662). A caller sees a token if it is the token\'s subject, if it has the capability `tokens:introspect` and the token belongs to an agent of its owner, or if it has `idp:admin`. Every other token, whether expired, revoked, unknown, malformed or somebody else\'s, answers exactly `{\"active\": false}`.  The caller authenticates as at the token endpoint. 
     * Ask whether a token is active
     */
    async introspectTokenRaw(requestParameters: IntrospectTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<IntrospectionResponse>> {
        const requestOptions = await this.introspectTokenRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => IntrospectionResponseFromJSON(jsonValue));
    }

    /**
     * Token introspection (RFC 7662). A caller sees a token if it is the token\'s subject, if it has the capability `tokens:introspect` and the token belongs to an agent of its owner, or if it has `idp:admin`. Every other token, whether expired, revoked, unknown, malformed or somebody else\'s, answers exactly `{\"active\": false}`.  The caller authenticates as at the token endpoint. 
     * Ask whether a token is active
     */
    async introspectToken(requestParameters: IntrospectTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<IntrospectionResponse> {
        const response = await this.introspectTokenRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for issueToken without sending the request
     */
    async issueTokenRequestOpts(requestParameters: IssueTokenRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['grantType'] == null) {
            throw new runtime.RequiredError(
                'grantType',
                'Required parameter "grantType" was null or undefined when calling issueToken().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && (this.configuration.username !== undefined || this.configuration.password !== undefined)) {
            headerParameters["Authorization"] = "Basic " + btoa(this.configuration.username + ":" + this.configuration.password);
        }
        const consumes: runtime.Consume[] = [
            { contentType: 'application/x-www-form-urlencoded' },
        ];
        // @ts-ignore: canConsumeForm may be unused
        const canConsumeForm = runtime.canConsumeForm(consumes);

        let formParams: { append(param: string, value: any): any };
        let useForm = false;
        if (useForm) {
            formParams = new FormData();
        } else {
            formParams = new URLSearchParams();
        }

        if (requestParameters['grantType'] != null) {
            formParams.append('grant_type', requestParameters['grantType'] as any);
        }

        if (requestParameters['scope'] != null) {
            formParams.append('scope', requestParameters['scope'] as any);
        }

        if (requestParameters['resource'] != null) {
            requestParameters['resource'].forEach((element) => {
                formParams.append('resource', element as any);
            })
        }

        if (requestParameters['clientId'] != null) {
            formParams.append('client_id', requestParameters['clientId'] as any);
        }

        if (requestParameters['clientSecret'] != null) {
            formParams.append('client_secret', requestParameters['clientSecret'] as any);
        }


        let urlPath = `/oauth2/token`;

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: formParams,
        };
    }

    /**
     * The client credentials grant (RFC 6749 section 4.4) with resource indicators (RFC 8707). The client authenticates either with HTTP Basic (`client_secret_basic`) or with `client_id` and `client_secret` in the form (`client_secret_post`), never with both.  Unknown parameters are ignored, a parameter with an empty value counts as absent, and no parameter but `resource` may be repeated. Asking for no scope gives all ordinary capabilities of the agent; reserved capabilities are granted only when named; the two kinds are never mixed in one token. No refresh token is issued.  The token is a JWT (RFC 9068). Beside the registered claims it says `agent_type`, `agent_version`, `owner`, `deployment_env`, `credential_id` (the credential that the agent proved itself with), and `rev`, the position in this server\'s sequence of changes at which it was decided: a later change that ends the agent\'s tokens ends it. 
     * Issue an access token
     */
    async issueTokenRaw(requestParameters: IssueTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<TokenResponse>> {
        const requestOptions = await this.issueTokenRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => TokenResponseFromJSON(jsonValue));
    }

    /**
     * The client credentials grant (RFC 6749 section 4.4) with resource indicators (RFC 8707). The client authenticates either with HTTP Basic (`client_secret_basic`) or with `client_id` and `client_secret` in the form (`client_secret_post`), never with both.  Unknown parameters are ignored, a parameter with an empty value counts as absent, and no parameter but `resource` may be repeated. Asking for no scope gives all ordinary capabilities of the agent; reserved capabilities are granted only when named; the two kinds are never mixed in one token. No refresh token is issued.  The token is a JWT (RFC 9068). Beside the registered claims it says `agent_type`, `agent_version`, `owner`, `deployment_env`, `credential_id` (the credential that the agent proved itself with), and `rev`, the position in this server\'s sequence of changes at which it was decided: a later change that ends the agent\'s tokens ends it. 
     * Issue an access token
     */
    async issueToken(requestParameters: IssueTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<TokenResponse> {
        const response = await this.issueTokenRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for revokeToken without sending the request
     */
    async revokeTokenRequestOpts(requestParameters: RevokeTokenRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['token'] == null) {
            throw new runtime.RequiredError(
                'token',
                'Required parameter "token" was null or undefined when calling revokeToken().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && (this.configuration.username !== undefined || this.configuration.password !== undefined)) {
            headerParameters["Authorization"] = "Basic " + btoa(this.configuration.username + ":" + this.configuration.password);
        }
        const consumes: runtime.Consume[] = [
            { contentType: 'application/x-www-form-urlencoded' },
        ];
        // @ts-ignore: canConsumeForm may be unused
        const canConsumeForm = runtime.canConsumeForm(consumes);

        let formParams: { append(param: string, value: any): any };
        let useForm = false;
        if (useForm) {
            formParams = new FormData();
        } else {
            formParams = new URLSearchParams();
        }

        if (requestParameters['token'] != null) {
            formParams.append('token', requestParameters['token'] as any);
        }

        if (requestParameters['tokenTypeHint'] != null) {
            formParams.append('token_type_hint', requestParameters['tokenTypeHint'] as any);
        }

        if (requestParameters['clientId'] != null) {
            formParams.append('client_id', requestParameters['clientId'] as any);
        }

        if (requestParameters['clientSecret'] != null) {
            formParams.append('client_secret', requestParameters['clientSecret'] as any);
        }


        let urlPath = `/oauth2/revoke`;

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: formParams,
        };
    }

    /**
     * Token revocation (RFC 7009). A caller ends its own tokens, and with the capability `tokens:revoke` those of any agent of its owner (with `idp:admin` of any owner). A token that is unknown, malformed or has ended already answers 200, since it is as dead as asked for; a live one that is not the caller\'s to end is refused with `invalid_grant`.  The caller authenticates as at the token endpoint. 
     * End a token before its time
     */
    async revokeTokenRaw(requestParameters: RevokeTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<void>> {
        const requestOptions = await this.revokeTokenRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.VoidApiResponse(response);
    }

    /**
     * Token revocation (RFC 7009). A caller ends its own tokens, and with the capability `tokens:revoke` those of any agent of its owner (with `idp:admin` of any owner). A token that is unknown, malformed or has ended already answers 200, since it is as dead as asked for; a live one that is not the caller\'s to end is refused with `invalid_grant`.  The caller authenticates as at the token endpoint. 
     * End a token before its time
     */
    async revokeToken(requestParameters: RevokeTokenRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<void> {
        await this.revokeTokenRaw(requestParameters, initOverrides);
    }

}
