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
    type Health,
    HealthFromJSON,
    HealthToJSON,
} from '../models/Health.js';

/**
 * 
 */
export class HealthApi extends runtime.BaseAPI {

    /**
     * Creates request options for getHealth without sending the request
     */
    async getHealthRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/health`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * For people and dashboards. Names each dependency and its state; 503 when the server cannot do its work. What it can do without (`auditTree`, `redis`) makes it `degraded` when it is lost, and the answer stays 200.
     * The state of the server and of what it depends on
     */
    async getHealthRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Health>> {
        const requestOptions = await this.getHealthRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => HealthFromJSON(jsonValue));
    }

    /**
     * For people and dashboards. Names each dependency and its state; 503 when the server cannot do its work. What it can do without (`auditTree`, `redis`) makes it `degraded` when it is lost, and the answer stays 200.
     * The state of the server and of what it depends on
     */
    async getHealth(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Health> {
        const response = await this.getHealthRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getLiveness without sending the request
     */
    async getLivenessRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/health/live`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * For supervisors that restart a process that hangs. Does no input or output.
     * Whether the process answers
     */
    async getLivenessRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Health>> {
        const requestOptions = await this.getLivenessRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => HealthFromJSON(jsonValue));
    }

    /**
     * For supervisors that restart a process that hangs. Does no input or output.
     * Whether the process answers
     */
    async getLiveness(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Health> {
        const response = await this.getLivenessRaw(initOverrides);
        return await response.value();
    }

    /**
     * Creates request options for getReadiness without sending the request
     */
    async getReadinessRequestOpts(): Promise<runtime.RequestOpts> {
        const queryParameters: any = {};

        const headerParameters: runtime.HTTPHeaders = {};


        let urlPath = `/health/ready`;

        return {
            path: urlPath,
            method: 'GET',
            headers: headerParameters,
            query: queryParameters,
        };
    }

    /**
     * For load balancers. Names each dependency; 503 while any of them is unavailable. A server that is `degraded` is ready: requests should be sent here.
     * Whether requests should be sent here
     */
    async getReadinessRaw(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<runtime.ApiResponse<Health>> {
        const requestOptions = await this.getReadinessRequestOpts();
        const response = await this.request(requestOptions, initOverrides);

        return new runtime.JSONApiResponse(response, (jsonValue) => HealthFromJSON(jsonValue));
    }

    /**
     * For load balancers. Names each dependency; 503 while any of them is unavailable. A server that is `degraded` is ready: requests should be sent here.
     * Whether requests should be sent here
     */
    async getReadiness(initOverrides?: RequestInit | runtime.InitOverrideFunction): Promise<Health> {
        const response = await this.getReadinessRaw(initOverrides);
        return await response.value();
    }

}
