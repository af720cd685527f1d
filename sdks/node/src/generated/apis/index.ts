/* tslint:disable */
/* eslint-disable */
export * from './AgentsApi.js';
export * from './AuditApi.js';
export * from './CredentialsApi.js';
export * from './DiscoveryApi.js';
export * from './DocumentationApi.js';
export * from './HealthApi.js';
export * from './TokensApi.js';
