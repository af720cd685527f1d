/* tslint:disable */
/* eslint-disable */
// Made from openapi.yaml by openapi-generator; nobody types here.

import * as runtime from '../runtime.js';
import {
    type Agent,
    AgentFromJSON,
    AgentToJSON,
} from '../models/Agent.js';
import {
    type AgentPage,
    AgentPageFromJSON,
    AgentPageToJSON,
} from '../models/AgentPage.js';
import {
    type AgentPatch,
    AgentPatchFromJSON,
    AgentPatchToJSON,
} from '../models/AgentPatch.js';
import {
    type AgentRegistration,
    AgentRegistrationFromJSON,
    AgentRegistrationToJSON,
} from '../models/AgentRegistration.js';
import {
    type AgentStatus,
    AgentStatusFromJSON,
    AgentStatusToJSON,
} from '../models/AgentStatus.js';
import {
    type DeploymentEnv,
    DeploymentEnvFromJSON,
    DeploymentEnvToJSON,
} from '../models/DeploymentEnv.js';
import {
    type ErrorBody,
    ErrorBodyFromJSON,
    ErrorBodyToJSON,
} from '../models/ErrorBody.js';
import {
    type NewAgent,
    NewAgentFromJSON,
    NewAgentToJSON,
} from '../models/NewAgent.js';
import {
    type StatusChange,
    StatusChangeFromJSON,
    StatusChangeToJSON,
} from '../models/StatusChange.js';

export interface ChangeAgentStatusRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * 
     */
    statusChange: StatusChange;
    /**
     * Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
     */
    ifMatch?: string;
}

export interface DecommissionAgentRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
     */
    ifMatch?: string;
}

export interface GetAgentRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * Entity tags that the caller already has (RFC 9110 section 13.1.2). When one of them is current the answer is 304.
     */
    ifNoneMatch?: string;
}

export interface ListAgentsRequest {
    /**
     * Only agents of this owner.
     */
    owner?: string;
    /**
     * Only agents of this type.
     */
    agentType?: string;
    /**
     * Only agents that run in this environment.
     */
    deploymentEnv?: DeploymentEnv;
    /**
     * Only agents in this status.
     */
    status?: AgentStatus;
    /**
     * Only agents that have this capability.
     */
    capability?: string;
    /**
     * Only agents whose email address begins with this, whatever the case of its letters.
     */
    q?: string;
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

export interface RegisterAgentRequest {
    /**
     * 
     */
    newAgent: NewAgent;
    /**
     * A value of the caller's that names this request, so that sending it again after a broken connection does nothing
     * twice: for 24 hours the same request with the same key gets the first answer again. Another request with the same
     * key, and the same one while the first is in work, is a conflict. An answer with a secret is kept for 10 minutes
     * only, encrypted under a key that takes this value to make; after that, rotate.
     * 
     */
    idempotencyKey?: string;
}

export interface UpdateAgentRequest {
    /**
     * The agent's id.
     */
    agentId: string;
    /**
     * 
     */
    agentPatch: AgentPatch;
    /**
     * Entity tags of which one must be current (RFC 9110 section 13.1.1); otherwise the answer is 412.
     */
    ifMatch?: string;
}

/**
 * 
 */
export class AgentsApi extends runtime.BaseAPI {

    /**
     * Creates request options for changeAgentStatus without sending the request
     */
    async changeAgentStatusRequestOpts(requestParameters: ChangeAgentStatusRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling changeAgentStatus().'
            );
        }

        if (requestParameters['statusChange'] == null) {
            throw new runtime.RequiredError(
                'statusChange',
                'Required parameter "statusChange" was null or undefined when calling changeAgentStatus().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        headerParameters['Content-Type'] = 'application/json';

        if (requestParameters['ifMatch'] != null) {
            headerParameters['If-Match'] = String(requestParameters['ifMatch']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:write"]);
        }


        let urlPath = `/agents/{agentId}/status`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'PUT',
            headers: headerParameters,
            query: queryParameters,
            body: StatusChangeToJSON(requestParameters['statusChange']),
        };
    }

    /**
     * Moves the agent along `active` and `suspended` (both ways), from either to `revoked`, and from anything else to `archived`; any other move is a conflict. Leaving `active` ends every token that the agent holds, also those that it could have used again later. Asking for the status that it has changes nothing. 
     * Suspend, reactivate, revoke or archive an agent
     */
    async changeAgentStatusRaw(requestParameters: ChangeAgentStatusRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Agent>> {
        const requestOptions = await this.changeAgentStatusRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AgentFromJSON(jsonValue));
    }

    /**
     * Moves the agent along `active` and `suspended` (both ways), from either to `revoked`, and from anything else to `archived`; any other move is a conflict. Leaving `active` ends every token that the agent holds, also those that it could have used again later. Asking for the status that it has changes nothing. 
     * Suspend, reactivate, revoke or archive an agent
     */
    async changeAgentStatus(requestParameters: ChangeAgentStatusRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Agent> {
        const response = await this.changeAgentStatusRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for decommissionAgent without sending the request
     */
    async decommissionAgentRequestOpts(requestParameters: DecommissionAgentRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling decommissionAgent().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (requestParameters['ifMatch'] != null) {
            headerParameters['If-Match'] = String(requestParameters['ifMatch']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:write"]);
        }


        let urlPath = `/agents/{agentId}`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'DELETE',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The agent becomes `archived` for good; all its credentials and tokens end. Its address stays taken. Doing so again changes nothing and answers the same. 
     * Decommission an agent
     */
    async decommissionAgentRaw(requestParameters: DecommissionAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<void>> {
        const requestOptions = await this.decommissionAgentRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.VoidApiResponse(response);
    }

    /**
     * The agent becomes `archived` for good; all its credentials and tokens end. Its address stays taken. Doing so again changes nothing and answers the same. 
     * Decommission an agent
     */
    async decommissionAgent(requestParameters: DecommissionAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<void> {
        await this.decommissionAgentRaw(requestParameters, initOverrides);
    }

    /**
     * Creates request options for getAgent without sending the request
     */
    async getAgentRequestOpts(requestParameters: GetAgentRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling getAgent().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        if (requestParameters['ifNoneMatch'] != null) {
            headerParameters['If-None-Match'] = String(requestParameters['ifNoneMatch']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:read"]);
        }


        let urlPath = `/agents/{agentId}`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * The agent as it stands now. An agent reads itself with a token of scope `self:read`; reading others takes `agents:read`. An agent of another owner answers 404 to a caller without `idp:admin`. 
     * Read one agent
     */
    async getAgentRaw(requestParameters: GetAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Agent>> {
        const requestOptions = await this.getAgentRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AgentFromJSON(jsonValue));
    }

    /**
     * The agent as it stands now. An agent reads itself with a token of scope `self:read`; reading others takes `agents:read`. An agent of another owner answers 404 to a caller without `idp:admin`. 
     * Read one agent
     */
    async getAgent(requestParameters: GetAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Agent> {
        const response = await this.getAgentRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for listAgents without sending the request
     */
    async listAgentsRequestOpts(requestParameters: ListAgentsRequest): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        if (requestParameters['owner'] != null) {
            queryParameters['owner'] = requestParameters['owner'];
        }

        if (requestParameters['agentType'] != null) {
            queryParameters['agentType'] = requestParameters['agentType'];
        }

        if (requestParameters['deploymentEnv'] != null) {
            queryParameters['deploymentEnv'] = requestParameters['deploymentEnv'];
        }

        if (requestParameters['status'] != null) {
            queryParameters['status'] = requestParameters['status'];
        }

        if (requestParameters['capability'] != null) {
            queryParameters['capability'] = requestParameters['capability'];
        }

        if (requestParameters['q'] != null) {
            queryParameters['q'] = requestParameters['q'];
        }

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


        let urlPath = `/agents`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * Agents by the time of their registration, the newest first, a page at a time. All filters must match. Without `idp:admin` only agents of the caller\'s own owner are listed, whatever `owner` says. 
     * List agents
     */
    async listAgentsRaw(requestParameters: ListAgentsRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<AgentPage>> {
        const requestOptions = await this.listAgentsRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AgentPageFromJSON(jsonValue));
    }

    /**
     * Agents by the time of their registration, the newest first, a page at a time. All filters must match. Without `idp:admin` only agents of the caller\'s own owner are listed, whatever `owner` says. 
     * List agents
     */
    async listAgents(requestParameters: ListAgentsRequest = {}, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<AgentPage> {
        const response = await this.listAgentsRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for registerAgent without sending the request
     */
    async registerAgentRequestOpts(requestParameters: RegisterAgentRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['newAgent'] == null) {
            throw new runtime.RequiredError(
                'newAgent',
                'Required parameter "newAgent" was null or undefined when calling registerAgent().'
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
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:write"]);
        }


        let urlPath = `/agents`;

        return {
            path: urlPath,
            method: 'POST',
            headers: headerParameters,
            query: queryParameters,
            body: NewAgentToJSON(requestParameters['newAgent']),
        };
    }

    /**
     * Gives an agent its identity and its first credential. The client secret is in this answer and in no other: it is kept only as a hash. The email address belongs to this agent for ever, also after it is archived.  A caller grants only those reserved capabilities that its own token carries, and sets another `owner` than its own only with `idp:admin`; either is refused with 403.  An address that is taken is a 409 also when its agent belongs to another owner; the allowance for making secrets, which each attempt draws on, keeps anybody from trying many. 
     * Register an agent
     */
    async registerAgentRaw(requestParameters: RegisterAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<AgentRegistration>> {
        const requestOptions = await this.registerAgentRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AgentRegistrationFromJSON(jsonValue));
    }

    /**
     * Gives an agent its identity and its first credential. The client secret is in this answer and in no other: it is kept only as a hash. The email address belongs to this agent for ever, also after it is archived.  A caller grants only those reserved capabilities that its own token carries, and sets another `owner` than its own only with `idp:admin`; either is refused with 403.  An address that is taken is a 409 also when its agent belongs to another owner; the allowance for making secrets, which each attempt draws on, keeps anybody from trying many. 
     * Register an agent
     */
    async registerAgent(requestParameters: RegisterAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<AgentRegistration> {
        const response = await this.registerAgentRaw(requestParameters, initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for updateAgent without sending the request
     */
    async updateAgentRequestOpts(requestParameters: UpdateAgentRequest): Promise<runtime.RequestOpts> {
        if (requestParameters['agentId'] == null) {
            throw new runtime.RequiredError(
                'agentId',
                'Required parameter "agentId" was null or undefined when calling updateAgent().'
            );
        }

        if (requestParameters['agentPatch'] == null) {
            throw new runtime.RequiredError(
                'agentPatch',
                'Required parameter "agentPatch" was null or undefined when calling updateAgent().'
            );
        }

        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};

        headerParameters['Content-Type'] = 'application/merge-patch+json';

        if (requestParameters['ifMatch'] != null) {
            headerParameters['If-Match'] = String(requestParameters['ifMatch']);
        }

        if (this.configuration && this.configuration.accessToken) {
            // oauth required
            headerParameters["Authorization"] = await this.configuration.accessToken("oauth2", ["agents:write"]);
        }


        let urlPath = `/agents/{agentId}`;
        urlPath = urlPath.replace('{agentId}', encodeURIComponent(String(requestParameters['agentId'])));

        return {
            path: urlPath,
            method: 'PATCH',
            headers: headerParameters,
            query: queryParameters,
            body: AgentPatchToJSON(requestParameters['agentPatch']),
        };
    }

    /**
     * A JSON merge patch (RFC 7396): a member that is there replaces what the agent has, `null` removes it, and what is not there stays; `metadata` is merged member by member. The address never changes, and neither does an archived agent.  A caller grants, and changes an agent that has, only those reserved capabilities that its own token carries; it sets another `owner` only with `idp:admin`. The last active agent with `idp:admin` keeps it.  With `If-Match`, the change is made only to the version that the caller has seen. 
     * Change an agent
     */
    async updateAgentRaw(requestParameters: UpdateAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Agent>> {
        const requestOptions = await this.updateAgentRequestOpts(requestParameters);
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => AgentFromJSON(jsonValue));
    }

    /**
     * A JSON merge patch (RFC 7396): a member that is there replaces what the agent has, `null` removes it, and what is not there stays; `metadata` is merged member by member. The address never changes, and neither does an archived agent.  A caller grants, and changes an agent that has, only those reserved capabilities that its own token carries; it sets another `owner` only with `idp:admin`. The last active agent with `idp:admin` keeps it.  With `If-Match`, the change is made only to the version that the caller has seen. 
     * Change an agent
     */
    async updateAgent(requestParameters: UpdateAgentRequest, initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Agent> {
        const response = await this.updateAgentRaw(requestParameters, initOverrides);
        return await response.value();
    }

}
