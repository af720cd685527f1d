/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type Credential,
    CredentialFromJSON,
    CredentialToJSON,
} from '../models/Credential.js';
import {
    type CredentialPage,
    CredentialPageFromJSON,
    CredentialPageToJSON,
} from '../models/CredentialPage.js';
import {
    type ErrorBody,
    ErrorBodyFromJSON,
    ErrorBodyToJSON,
} from '../models/ErrorBody.js';
import {
    type IssuedCredential,
    IssuedCredentialFromJSON,
    IssuedCredentialToJSON,
} from '../models/IssuedCredential.js';
import {
    type NewCredential,
    NewCredentialFromJSON,
    NewCredentialToJSON,
} from '../models/NewCredential.js';
import {
    type Rotation,
    RotationFromJSON,
    RotationToJSON,
} from '../models/Rotation.js';

export interface GetCredentialRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * The credential's id.
     */
    credentialId: string;
}

export interface IssueCredentialRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * 
     */
    newCredential: NewCredential;
    /**
     * A value of the caller's that names this request, so that sending it again after a broken connection does nothing
     * twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same
     * key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes
     * only, encrypted under a key that takes this value to make; after that, rotate.
     * 
     */
    idempotencyKey?: string;
}

export interface ListCredentialsRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * The `nextCursor` of the page before. It is good for the list that gave it alone, and for the filters that this had;
     * `limit` may be another one.
     * 
     */
    cursor?: string;
    /**
     * How many items the page has at most.
     */
    limit?: number;
}

export interface RevokeCredentialRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * The credential's id.
     */
    credentialId: string;
}

export interface RotateCredentialRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * The credential's id.
     */
    credentialId: string;
    /**
     * 
     */
    rotation: Rotation;
    /**
     * A value of the caller's that names this request, so that sending it again after a broken connection does nothing
     * twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same
     * key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes
     * only, encrypted under a key that takes this value to make; after that, rotate.
     * 
     */
    idempotencyKey?: string;
}

/**
 * 
 */
export class CredentialsApi extends runtime.BaseAPI {

    /**
     * Creates request options for getCredential without sending the request
     */
    async getCredentialRequestOpts(requestParameters: GetCredentialRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling getCredential().'
            );
        }

        if (requestParameters['credentialId'] == null) {
            throw new runtime.RequiredError(
                'credentialId',
                'Required parameter "credentialId" was null or undefined when calling getCredential().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:read"]);
        }


        let urlPath = `/agents/{agentId}/credentials/{credentialId}`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));
        urlPath = urlPath.replace('{credentialId}', encodeURIComponent(String(requestParameters['credentialId'])));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * Never a secret or a hash. An agent reads its own with a token of scope `self:read`.
     * Read one credential
     */
    async getCredentialRaw(requestParameters: GetCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Credential>> {
        const requestOptions = await this.getCredentialRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => CredentialFromJSON(jsonValue));
    }

    /**
     * Never a secret or a hash. An agent reads its own with a token of scope `self:read`.
     * Read one credential
     */
    async getCredential(requestParameters: GetCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Credential> {
        const response = await this.getCredentialRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for issueCredential without sending the request
     */
    async issueCredentialRequestOpts(requestParameters: IssueCredentialRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling issueCredential().'
            );
        }

        if (requestParameters['newCredential'] == null) {
            throw new runtime.RequiredError(
                'newCredential',
                'Required parameter "newCredential" was null or undefined when calling issueCredential().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        headerParameters['Content-Type'] = 'application/json';

        if (requestParameters['idempotencyKey'] != null) {
            headerParameters['Idempotency-Key'] = String(requestParameters['idempotencyKey']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["credentials:write"]);
        }


        let urlPath = `/agents/{agentId}/credentials`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: NewCredentialToJSON(requestParameters['newCredential']),
        };
    }

    /**
     * One more client secret for the agent; those that it has live on. The secret is in this answer and in no other. For an agent that has a reserved capability the caller\'s token must carry that capability too. 
     * Issue a credential
     */
    async issueCredentialRaw(requestParameters: IssueCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<IssuedCredential>> {
        const requestOptions = await this.issueCredentialRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => IssuedCredentialFromJSON(jsonValue));
    }

    /**
     * One more client secret for the agent; those that it has live on. The secret is in this answer and in no other. For an agent that has a reserved capability the caller\'s token must carry that capability too. 
     * Issue a credential
     */
    async issueCredential(requestParameters: IssueCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<IssuedCredential> {
        const response = await this.issueCredentialRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for listCredentials without sending the request
     */
    async listCredentialsRequestOpts(requestParameters: ListCredentialsRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling listCredentials().'
            );
        }

        const queryParameters: any = {};

        if (requestParameters['cursor'] != null) {
            queryParameters['cursor'] = requestParameters['cursor'];
        }

        if (requestParameters['limit'] != null) {
            queryParameters['limit'] = requestParameters['limit'];
        }

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:read"]);
        }


        let urlPath = `/agents/{agentId}/credentials`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The newest first, the ended ones included; never a secret or a hash. An agent lists its own with a token of scope `self:read`. 
     * List an agent\'s credentials
     */
    async listCredentialsRaw(requestParameters: ListCredentialsRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<CredentialPage>> {
        const requestOptions = await this.listCredentialsRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => CredentialPageFromJSON(jsonValue));
    }

    /**
     * The newest first, the ended ones included; never a secret or a hash. An agent lists its own with a token of scope `self:read`. 
     * List an agent\'s credentials
     */
    async listCredentials(requestParameters: ListCredentialsRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<CredentialPage> {
        const response = await this.listCredentialsRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for revokeCredential without sending the request
     */
    async revokeCredentialRequestOpts(requestParameters: RevokeCredentialRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling revokeCredential().'
            );
        }

        if (requestParameters['credentialId'] == null) {
            throw new runtime.RequiredError(
                'credentialId',
                'Required parameter "credentialId" was null or undefined when calling revokeCredential().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["credentials:write"]);
        }


        let urlPath = `/agents/{agentId}/credentials/{credentialId}`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));
        urlPath = urlPath.replace('{credentialId}', encodeURIComponent(String(requestParameters['credentialId'])));

        return {
            path: urlPath,
            method: 'DELETE',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The credential proves nothing any more, at once. Tokens that were issued with it live on; suspend the agent to end those too. Doing so again changes nothing and answers the same. For an agent that has a reserved capability the caller\'s token must carry that capability too. The last live credential of the last active agent with `idp:admin` cannot be revoked: rotate it, or issue another one first. 
     * Revoke a credential
     */
    async revokeCredentialRaw(requestParameters: RevokeCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<void>> {
        const requestOptions = await this.revokeCredentialRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.VoidApiResponse(response);
    }

    /**
     * The credential proves nothing any more, at once. Tokens that were issued with it live on; suspend the agent to end those too. Doing so again changes nothing and answers the same. For an agent that has a reserved capability the caller\'s token must carry that capability too. The last live credential of the last active agent with `idp:admin` cannot be revoked: rotate it, or issue another one first. 
     * Revoke a credential
     */
    async revokeCredential(requestParameters: RevokeCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<void> {
        await this.revokeCredentialRaw(requestParameters, initOverrides);
    }

    /**
     * Creates request options for rotateCredential without sending the request
     */
    async rotateCredentialRequestOpts(requestParameters: RotateCredentialRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling rotateCredential().'
            );
        }

        if (requestParameters['credentialId'] == null) {
            throw new runtime.RequiredError(
                'credentialId',
                'Required parameter "credentialId" was null or undefined when calling rotateCredential().'
            );
        }

        if (requestParameters['rotation'] == null) {
            throw new runtime.RequiredError(
                'rotation',
                'Required parameter "rotation" was null or undefined when calling rotateCredential().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        headerParameters['Content-Type'] = 'application/json';

        if (requestParameters['idempotencyKey'] != null) {
            headerParameters['Idempotency-Key'] = String(requestParameters['idempotencyKey']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["credentials:write"]);
        }


        let urlPath = `/agents/{agentId}/credentials/{credentialId}/rotate`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));
        urlPath = urlPath.replace('{credentialId}', encodeURIComponent(String(requestParameters['credentialId'])));

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: RotationToJSON(requestParameters['rotation']),
        };
    }

    /**
     * A new secret at once; the old one lives on for `gracePeriodSeconds`, so that no request need fail while it is replaced everywhere. The new credential has the label of the old, and as much time to live as that had from its issue. A credential that has ended, or that was rotated already, cannot be rotated.  With a token of scope `self:rotate` an agent replaces the credential that this token was issued for, and no other; the new one then ends when the old one would have. 
     * Replace a credential
     */
    async rotateCredentialRaw(requestParameters: RotateCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<IssuedCredential>> {
        const requestOptions = await this.rotateCredentialRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => IssuedCredentialFromJSON(jsonValue));
    }

    /**
     * A new secret at once; the old one lives on for `gracePeriodSeconds`, so that no request need fail while it is replaced everywhere. The new credential has the label of the old, and as much time to live as that had from its issue. A credential that has ended, or that was rotated already, cannot be rotated.  With a token of scope `self:rotate` an agent replaces the credential that this token was issued for, and no other; the new one then ends when the old one would have. 
     * Replace a credential
     */
    async rotateCredential(requestParameters: RotateCredentialRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<IssuedCredential> {
        const response = await this.rotateCredentialRaw(requestParameters, initOverrides);
        return await response.value();
    }

}
