//! The specification that this crate was made from, and its operations as a table.

use http::Method;

/// The specification, as it was written.
pub const SPEC: &str = include_str!("../openapi.yaml");

/// The specification as JSON.
pub const SPEC_JSON: &str = include_str!("../openapi.json");

/// How a caller proves who it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Authentication {
    /// Nobody needs to.
    Public,
    /// By a bearer token that has the operation's scopes.
    Bearer,
    /// By client credentials; refusals are in the shape of RFC 6749 §5.2.
    Client,
}

/// What the specification says of an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Its `operationId`.
    pub id: &'static str,
    /// Its method.
    pub method: Method,
    /// Its path, with parameters in braces.
    pub path: &'static str,
    /// Its tag.
    pub tag: &'static str,
    /// How its caller is authenticated.
    pub authentication: Authentication,
    /// The scopes that a bearer token must have.
    pub scopes: &'static [&'static str],
    /// The scope that is enough for those who ask about themselves (`x-self`).
    pub own_scope: Option<&'static str>,
    /// The statuses that it may answer, in the order of the specification.
    pub statuses: &'static [u16],
}

/// `changeAgentStatus`: PUT /agents/{agentId}/status
pub static CHANGE_AGENT_STATUS: Operation = Operation {
    id: "changeAgentStatus",
    method: Method::PUT,
    path: "/agents/{agentId}/status",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:write"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 500, 503],
};

/// `decommissionAgent`: DELETE /agents/{agentId}
pub static DECOMMISSION_AGENT: Operation = Operation {
    id: "decommissionAgent",
    method: Method::DELETE,
    path: "/agents/{agentId}",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:write"],
    own_scope: None,
    statuses: &[204, 400, 401, 403, 404, 409, 412, 429, 500, 503],
};

/// `getAgent`: GET /agents/{agentId}
pub static GET_AGENT: Operation = Operation {
    id: "getAgent",
    method: Method::GET,
    path: "/agents/{agentId}",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:read"],
    own_scope: Some("self:read"),
    statuses: &[200, 304, 400, 401, 403, 404, 429, 500, 503],
};

/// `listAgents`: GET /agents
pub static LIST_AGENTS: Operation = Operation {
    id: "listAgents",
    method: Method::GET,
    path: "/agents",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 429, 500, 503],
};

/// `registerAgent`: POST /agents
pub static REGISTER_AGENT: Operation = Operation {
    id: "registerAgent",
    method: Method::POST,
    path: "/agents",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:write"],
    own_scope: None,
    statuses: &[201, 400, 401, 403, 408, 409, 413, 415, 429, 500, 503],
};

/// `updateAgent`: PATCH /agents/{agentId}
pub static UPDATE_AGENT: Operation = Operation {
    id: "updateAgent",
    method: Method::PATCH,
    path: "/agents/{agentId}",
    tag: "Agents",
    authentication: Authentication::Bearer,
    scopes: &["agents:write"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 408, 409, 412, 413, 415, 429, 500, 503],
};

/// `exportAuditEvents`: GET /audit/export
pub static EXPORT_AUDIT_EVENTS: Operation = Operation {
    id: "exportAuditEvents",
    method: Method::GET,
    path: "/audit/export",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 429, 500, 503],
};

/// `getAuditCheckpoint`: GET /audit/checkpoint
pub static GET_AUDIT_CHECKPOINT: Operation = Operation {
    id: "getAuditCheckpoint",
    method: Method::GET,
    path: "/audit/checkpoint",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 429, 500, 503],
};

/// `getAuditConsistencyProof`: GET /audit/proofs/consistency
pub static GET_AUDIT_CONSISTENCY_PROOF: Operation = Operation {
    id: "getAuditConsistencyProof",
    method: Method::GET,
    path: "/audit/proofs/consistency",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 429, 500, 503],
};

/// `getAuditEntries`: GET /audit/tile/entries/{path}
pub static GET_AUDIT_ENTRIES: Operation = Operation {
    id: "getAuditEntries",
    method: Method::GET,
    path: "/audit/tile/entries/{path}",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["idp:admin"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `getAuditEvent`: GET /audit/events/{eventId}
pub static GET_AUDIT_EVENT: Operation = Operation {
    id: "getAuditEvent",
    method: Method::GET,
    path: "/audit/events/{eventId}",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `getAuditInclusionProof`: GET /audit/proofs/inclusion
pub static GET_AUDIT_INCLUSION_PROOF: Operation = Operation {
    id: "getAuditInclusionProof",
    method: Method::GET,
    path: "/audit/proofs/inclusion",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `getAuditTile`: GET /audit/tile/{level}/{path}
pub static GET_AUDIT_TILE: Operation = Operation {
    id: "getAuditTile",
    method: Method::GET,
    path: "/audit/tile/{level}/{path}",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `listAuditEvents`: GET /audit/events
pub static LIST_AUDIT_EVENTS: Operation = Operation {
    id: "listAuditEvents",
    method: Method::GET,
    path: "/audit/events",
    tag: "Audit",
    authentication: Authentication::Bearer,
    scopes: &["audit:read"],
    own_scope: None,
    statuses: &[200, 400, 401, 403, 429, 500, 503],
};

/// `getCredential`: GET /agents/{agentId}/credentials/{credentialId}
pub static GET_CREDENTIAL: Operation = Operation {
    id: "getCredential",
    method: Method::GET,
    path: "/agents/{agentId}/credentials/{credentialId}",
    tag: "Credentials",
    authentication: Authentication::Bearer,
    scopes: &["agents:read"],
    own_scope: Some("self:read"),
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `issueCredential`: POST /agents/{agentId}/credentials
pub static ISSUE_CREDENTIAL: Operation = Operation {
    id: "issueCredential",
    method: Method::POST,
    path: "/agents/{agentId}/credentials",
    tag: "Credentials",
    authentication: Authentication::Bearer,
    scopes: &["credentials:write"],
    own_scope: None,
    statuses: &[201, 400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503],
};

/// `listCredentials`: GET /agents/{agentId}/credentials
pub static LIST_CREDENTIALS: Operation = Operation {
    id: "listCredentials",
    method: Method::GET,
    path: "/agents/{agentId}/credentials",
    tag: "Credentials",
    authentication: Authentication::Bearer,
    scopes: &["agents:read"],
    own_scope: Some("self:read"),
    statuses: &[200, 400, 401, 403, 404, 429, 500, 503],
};

/// `revokeCredential`: DELETE /agents/{agentId}/credentials/{credentialId}
pub static REVOKE_CREDENTIAL: Operation = Operation {
    id: "revokeCredential",
    method: Method::DELETE,
    path: "/agents/{agentId}/credentials/{credentialId}",
    tag: "Credentials",
    authentication: Authentication::Bearer,
    scopes: &["credentials:write"],
    own_scope: None,
    statuses: &[204, 400, 401, 403, 404, 409, 429, 500, 503],
};

/// `rotateCredential`: POST /agents/{agentId}/credentials/{credentialId}/rotate
pub static ROTATE_CREDENTIAL: Operation = Operation {
    id: "rotateCredential",
    method: Method::POST,
    path: "/agents/{agentId}/credentials/{credentialId}/rotate",
    tag: "Credentials",
    authentication: Authentication::Bearer,
    scopes: &["credentials:write"],
    own_scope: Some("self:rotate"),
    statuses: &[201, 400, 401, 403, 404, 408, 409, 413, 415, 429, 500, 503],
};

/// `getJwks`: GET /.well-known/jwks.json
pub static GET_JWKS: Operation = Operation {
    id: "getJwks",
    method: Method::GET,
    path: "/.well-known/jwks.json",
    tag: "Discovery",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 404, 429, 500, 503],
};

/// `getOpenidConfiguration`: GET /.well-known/openid-configuration
pub static GET_OPENID_CONFIGURATION: Operation = Operation {
    id: "getOpenidConfiguration",
    method: Method::GET,
    path: "/.well-known/openid-configuration",
    tag: "Discovery",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 429, 500, 503],
};

/// `getServerMetadata`: GET /.well-known/oauth-authorization-server
pub static GET_SERVER_METADATA: Operation = Operation {
    id: "getServerMetadata",
    method: Method::GET,
    path: "/.well-known/oauth-authorization-server",
    tag: "Discovery",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 429, 500, 503],
};

/// `getApiDocs`: GET /api-docs
pub static GET_API_DOCS: Operation = Operation {
    id: "getApiDocs",
    method: Method::GET,
    path: "/api-docs",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getApiDocsInitializer`: GET /api-docs/swagger-initializer.js
pub static GET_API_DOCS_INITIALIZER: Operation = Operation {
    id: "getApiDocsInitializer",
    method: Method::GET,
    path: "/api-docs/swagger-initializer.js",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getApiDocsScript`: GET /api-docs/swagger-ui-bundle.js
pub static GET_API_DOCS_SCRIPT: Operation = Operation {
    id: "getApiDocsScript",
    method: Method::GET,
    path: "/api-docs/swagger-ui-bundle.js",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getApiDocsStylesheet`: GET /api-docs/swagger-ui.css
pub static GET_API_DOCS_STYLESHEET: Operation = Operation {
    id: "getApiDocsStylesheet",
    method: Method::GET,
    path: "/api-docs/swagger-ui.css",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getOpenapiJson`: GET /openapi.json
pub static GET_OPENAPI_JSON: Operation = Operation {
    id: "getOpenapiJson",
    method: Method::GET,
    path: "/openapi.json",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getOpenapiYaml`: GET /openapi.yaml
pub static GET_OPENAPI_YAML: Operation = Operation {
    id: "getOpenapiYaml",
    method: Method::GET,
    path: "/openapi.yaml",
    tag: "Documentation",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getHealth`: GET /health
pub static GET_HEALTH: Operation = Operation {
    id: "getHealth",
    method: Method::GET,
    path: "/health",
    tag: "Health",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `getLiveness`: GET /health/live
pub static GET_LIVENESS: Operation = Operation {
    id: "getLiveness",
    method: Method::GET,
    path: "/health/live",
    tag: "Health",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500],
};

/// `getReadiness`: GET /health/ready
pub static GET_READINESS: Operation = Operation {
    id: "getReadiness",
    method: Method::GET,
    path: "/health/ready",
    tag: "Health",
    authentication: Authentication::Public,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 500, 503],
};

/// `introspectToken`: POST /oauth2/introspect
pub static INTROSPECT_TOKEN: Operation = Operation {
    id: "introspectToken",
    method: Method::POST,
    path: "/oauth2/introspect",
    tag: "Tokens",
    authentication: Authentication::Client,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 400, 401, 408, 413, 415, 429, 431, 500, 503],
};

/// `issueToken`: POST /oauth2/token
pub static ISSUE_TOKEN: Operation = Operation {
    id: "issueToken",
    method: Method::POST,
    path: "/oauth2/token",
    tag: "Tokens",
    authentication: Authentication::Client,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 400, 401, 408, 413, 415, 429, 431, 500, 503],
};

/// `revokeToken`: POST /oauth2/revoke
pub static REVOKE_TOKEN: Operation = Operation {
    id: "revokeToken",
    method: Method::POST,
    path: "/oauth2/revoke",
    tag: "Tokens",
    authentication: Authentication::Client,
    scopes: &[],
    own_scope: None,
    statuses: &[200, 400, 401, 408, 413, 415, 429, 431, 500, 503],
};

/// Every operation.
pub static OPERATIONS: &[&Operation] = &[
    &CHANGE_AGENT_STATUS,
    &DECOMMISSION_AGENT,
    &GET_AGENT,
    &LIST_AGENTS,
    &REGISTER_AGENT,
    &UPDATE_AGENT,
    &EXPORT_AUDIT_EVENTS,
    &GET_AUDIT_CHECKPOINT,
    &GET_AUDIT_CONSISTENCY_PROOF,
    &GET_AUDIT_ENTRIES,
    &GET_AUDIT_EVENT,
    &GET_AUDIT_INCLUSION_PROOF,
    &GET_AUDIT_TILE,
    &LIST_AUDIT_EVENTS,
    &GET_CREDENTIAL,
    &ISSUE_CREDENTIAL,
    &LIST_CREDENTIALS,
    &REVOKE_CREDENTIAL,
    &ROTATE_CREDENTIAL,
    &GET_JWKS,
    &GET_OPENID_CONFIGURATION,
    &GET_SERVER_METADATA,
    &GET_API_DOCS,
    &GET_API_DOCS_INITIALIZER,
    &GET_API_DOCS_SCRIPT,
    &GET_API_DOCS_STYLESHEET,
    &GET_OPENAPI_JSON,
    &GET_OPENAPI_YAML,
    &GET_HEALTH,
    &GET_LIVENESS,
    &GET_READINESS,
    &INTROSPECT_TOKEN,
    &ISSUE_TOKEN,
    &REVOKE_TOKEN,
];
