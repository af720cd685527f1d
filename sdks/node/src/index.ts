export { AgentIdP, type AgentIdPOptions, type FetchOptions } from './client.js';
export type { Agents, AgentFilter, ChangingOptions, Registration, VersionedAgent } from './agents.js';
export type { Audit, AuditFilter } from './audit.js';
export {
  ClientSecret,
  type ClientAuthentication,
  type Proof,
  type ProvedRequest,
  type SecretSource,
} from './authentication.js';
export type { Clock } from './clock.js';
export type { CallOptions, CreatingOptions, ScopedOptions, ServerOptions } from './connection.js';
export type { Credentials, IssuedCredential } from './credentials.js';
export * from './errors.js';
export type { List, Page, PageOptions } from './pages.js';
export type { RotationOptions } from './rotation.js';
export type { Scope } from './scope.js';
export { Secret } from './secret.js';
export type { Tokens } from './tokens.js';
export type { TokenWish } from './token-source.js';
export type { Fetch, RetryOptions } from './transport.js';
export { TokenVerifier, type TokenDemand, type TokenVerifierOptions, type VerifiedToken } from './verifier.js';
export {
  AgentStatus,
  AuditAction,
  AuditMethod,
  AuditOutcome,
  CredentialStatus,
  DeploymentEnv,
  ErrorCode,
  HealthStatus,
  OAuthErrorCode,
} from './generated/models/index.js';
export type {
  Agent,
  AgentPatch,
  AuditActor,
  AuditEvent,
  AuditSubject,
  ConsistencyProof,
  Credential,
  Health,
  HealthCheck,
  InclusionProof,
  IntrospectionResponse,
  NewAgent,
  NewCredential,
  Rotation,
  ServerMetadata,
  StatusChange,
  Violation,
} from './generated/models/index.js';
