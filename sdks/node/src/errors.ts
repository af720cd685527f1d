import type { ErrorBody, OAuthErrorBody, Violation } from './generated/models/index.js';
import { ErrorBodyFromJSON, ErrorCode, OAuthErrorBodyFromJSON, OAuthErrorCode } from './generated/models/index.js';
import type { IssuedCredential } from './credentials.js';

/** Everything that this package throws, but for the reason of an `AbortSignal` and what a function of yours threw. */
export class AgentIdPError extends Error {
  constructor(
    /** What went wrong, for programs. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
    this.name = new.target.name;
  }
}

// ---- before anything was sent ----

/** The client was not told what it needs, or was told something that it refuses. */
export class ConfigurationError extends AgentIdPError {
  constructor(message: string) {
    super('CONFIGURATION_ERROR', message);
  }
}

// ---- no answer ----

/** What was asked, in errors: never headers or bodies, which have secrets. */
export interface Asked {
  readonly method: string;
  /** The path, without query. */
  readonly path: string;
}

/** No answer came. Whether the request arrived is not known, unless `sent` is false. */
export class ConnectionError extends AgentIdPError {
  readonly sent: boolean;

  constructor(asked: Asked, why: string, options: { cause: unknown; sent?: boolean }) {
    super('CONNECTION_ERROR', `${asked.method} ${asked.path}: no answer (${why})`, options);
    this.sent = options.sent ?? true;
  }
}

/** No answer came in time. */
export class TimeoutError extends AgentIdPError {
  constructor(asked: Asked, seconds: number) {
    super('TIMEOUT', `${asked.method} ${asked.path}: no answer within ${seconds} s`);
  }
}

// ---- an answer, and no success ----

/** What every answer has, whatever it says. */
export interface Answer extends Asked {
  readonly status: number;
  /** Under this id the server's log and its audit log know the request. */
  readonly requestId?: string;
  /** After how many seconds it is worth trying again. */
  readonly retryAfterSeconds?: number;
  /** `WWW-Authenticate`: what the request lacked. */
  readonly challenge?: string;
}

/** An answer that is no success. */
export abstract class AnswerError extends AgentIdPError {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly requestId?: string;
  readonly retryAfterSeconds?: number;

  constructor(answer: Answer, code: string, message: string) {
    const request = answer.requestId === undefined ? '' : `, request ${answer.requestId}`;
    super(code, `${message} [${answer.status} ${code}, ${answer.method} ${answer.path}${request}]`);
    this.method = answer.method;
    this.path = answer.path;
    this.status = answer.status;
    if (answer.requestId !== undefined) {
      this.requestId = answer.requestId;
    }
    if (answer.retryAfterSeconds !== undefined) {
      this.retryAfterSeconds = answer.retryAfterSeconds;
    }
  }
}

/** An answer that AgentIdP does not give: of something on the way to it, most likely. */
export class UnexpectedAnswerError extends AnswerError {
  constructor(answer: Answer, message = 'The answer is none of AgentIdP.') {
    super(answer, 'UNEXPECTED_ANSWER', message);
  }
}

/** A refusal or a fault, as the registry and the audit log answer it. A class for each code follows. */
export class ApiError extends AnswerError {
  constructor(
    answer: Answer,
    readonly body: ErrorBody,
  ) {
    super(answer, body.code, body.message);
  }
}

/** `violations` names each fault of the request. */
export class ValidationError extends ApiError {
  get violations(): Violation[] {
    return this.body.details?.violations ?? [];
  }
}
/** The token is none, is expired or was ended, also a fresh one. */
export class AuthenticationError extends ApiError {}
/** The token's scope does not permit this. */
export class AuthorizationError extends ApiError {
  /** The scope that is missing, if the server named one. */
  readonly missingScope?: string;

  constructor(answer: Answer, body: ErrorBody) {
    super(answer, body);
    const scope = /\bscope="([^"]*)"/.exec(answer.challenge ?? '')?.[1];
    if (scope !== undefined) {
      this.missingScope = scope;
    }
  }
}
/** There is no such thing, or it belongs to another owner. */
export class NotFoundError extends ApiError {}
export class AgentNotFoundError extends NotFoundError {}
export class CredentialNotFoundError extends NotFoundError {}
export class AuditEventNotFoundError extends NotFoundError {}
/** The request collides with what exists already. */
export class ConflictError extends ApiError {}
export class AgentAlreadyExistsError extends ConflictError {}
export class AgentConflictError extends ConflictError {}
export class CredentialConflictError extends ConflictError {}
export class IdempotencyConflictError extends ConflictError {}
/** Somebody else changed it meanwhile: read it again, and decide again. */
export class PreconditionFailedError extends ApiError {}
/** `retryAfterSeconds` says when to try again. */
export class RateLimitError extends ApiError {}
export class PayloadTooLargeError extends ApiError {}
export class UnsupportedMediaTypeError extends ApiError {}
export class MethodNotAllowedError extends ApiError {}
export class RequestTimeoutError extends ApiError {}
export class RequestHeadersTooLargeError extends ApiError {}
/** The server cannot answer now; `retryAfterSeconds` says when to try again. */
export class ServiceUnavailableError extends ApiError {}
/** The server failed: report `requestId` to whoever runs it. */
export class InternalError extends ApiError {}

type Classes<Code extends string, Body> = Record<Code, new (answer: Answer, body: Body) => AnswerError>;

// A code that is added to the specification is a type error here until it has a class.
const API_ERRORS: Classes<ErrorCode, ErrorBody> = {
  [ErrorCode.ValidationError]: ValidationError,
  [ErrorCode.AuthenticationError]: AuthenticationError,
  [ErrorCode.AuthorizationError]: AuthorizationError,
  [ErrorCode.AgentNotFound]: AgentNotFoundError,
  [ErrorCode.AgentAlreadyExists]: AgentAlreadyExistsError,
  [ErrorCode.AgentConflict]: AgentConflictError,
  [ErrorCode.CredentialNotFound]: CredentialNotFoundError,
  [ErrorCode.AuditEventNotFound]: AuditEventNotFoundError,
  [ErrorCode.CredentialConflict]: CredentialConflictError,
  [ErrorCode.IdempotencyConflict]: IdempotencyConflictError,
  [ErrorCode.PreconditionFailed]: PreconditionFailedError,
  [ErrorCode.RateLimitExceeded]: RateLimitError,
  [ErrorCode.PayloadTooLarge]: PayloadTooLargeError,
  [ErrorCode.UnsupportedMediaType]: UnsupportedMediaTypeError,
  [ErrorCode.NotFound]: NotFoundError,
  [ErrorCode.MethodNotAllowed]: MethodNotAllowedError,
  [ErrorCode.RequestTimeout]: RequestTimeoutError,
  [ErrorCode.RequestHeaderFieldsTooLarge]: RequestHeadersTooLargeError,
  [ErrorCode.ServiceUnavailable]: ServiceUnavailableError,
  [ErrorCode.InternalError]: InternalError,
};

/** A refusal or a fault, as the OAuth endpoints answer it (RFC 6749 section 5.2). A class for each code follows. */
export class OAuthError extends AnswerError {
  constructor(
    answer: Answer,
    readonly body: OAuthErrorBody,
  ) {
    super(answer, body.error, body.errorDescription);
  }
}

export class InvalidRequestError extends OAuthError {}
/** The client is unknown, its secret is wrong, revoked or expired, or its agent is not active. All look alike, on purpose. */
export class InvalidClientError extends OAuthError {}
export class InvalidGrantError extends OAuthError {}
export class UnauthorizedClientError extends OAuthError {}
export class UnsupportedGrantTypeError extends OAuthError {}
/** The scope goes beyond what the agent may do, or mixes its own capabilities with those that manage the registry. */
export class InvalidScopeError extends OAuthError {}
export class InvalidTargetError extends OAuthError {}
export class ServerError extends OAuthError {}
/** `retryAfterSeconds` says when to try again; `status` is 429 for too many requests. */
export class TemporarilyUnavailableError extends OAuthError {}

const OAUTH_ERRORS: Classes<OAuthErrorCode, OAuthErrorBody> = {
  [OAuthErrorCode.InvalidRequest]: InvalidRequestError,
  [OAuthErrorCode.InvalidClient]: InvalidClientError,
  [OAuthErrorCode.InvalidGrant]: InvalidGrantError,
  [OAuthErrorCode.UnauthorizedClient]: UnauthorizedClientError,
  [OAuthErrorCode.UnsupportedGrantType]: UnsupportedGrantTypeError,
  [OAuthErrorCode.InvalidScope]: InvalidScopeError,
  [OAuthErrorCode.InvalidTarget]: InvalidTargetError,
  [OAuthErrorCode.ServerError]: ServerError,
  [OAuthErrorCode.TemporarilyUnavailable]: TemporarilyUnavailableError,
};

/** The error that an answer means. A code that is newer than this package has the class of its kind. */
export function errorOf(answer: Answer, body: unknown): AnswerError {
  const said = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  if (typeof said.code === 'string' && typeof said.message === 'string') {
    const Class = (API_ERRORS as Record<string, (typeof API_ERRORS)[ErrorCode] | undefined>)[said.code] ?? ApiError;
    return new Class(answer, ErrorBodyFromJSON(said));
  }
  if (typeof said.error === 'string') {
    const Class =
      (OAUTH_ERRORS as Record<string, (typeof OAUTH_ERRORS)[OAuthErrorCode] | undefined>)[said.error] ?? OAuthError;
    return new Class(answer, OAuthErrorBodyFromJSON({ error_description: said.error, ...said }));
  }
  return new UnexpectedAnswerError(answer);
}

// ---- judging somebody else's token ----

/** Why a token is none. */
export type TokenFault =
  | 'malformed'
  | 'algorithm'
  | 'type'
  | 'unknown_key'
  | 'signature'
  | 'issuer'
  | 'audience'
  | 'expired'
  | 'not_yet_valid'
  | 'claims';

/** A token that this resource server does not accept: 401. */
export class InvalidTokenError extends AgentIdPError {
  constructor(
    readonly fault: TokenFault,
    message: string,
  ) {
    super('INVALID_TOKEN', message);
  }
}

/** A good token whose scope does not permit this: 403. */
export class InsufficientScopeError extends AgentIdPError {
  constructor(
    /** Everything that was asked for. */
    readonly required: readonly string[],
    /** What of it the token lacks. */
    readonly missing: readonly string[],
  ) {
    super('INSUFFICIENT_SCOPE', `the token lacks the scope ${missing.join(' ')}`);
  }
}

/** The keys that would decide cannot be had, so nobody knows whether the token is good: 503. */
export class KeysUnavailableError extends AgentIdPError {
  constructor(options: { cause: unknown }) {
    super('KEYS_UNAVAILABLE', 'the keys that verify tokens cannot be fetched', options);
  }
}

// ---- rotating one's own secret ----

/**
 * The secret was rotated, and `store` did not keep the new one. This client goes on with it; `credential` has it, so that it
 * can be stored after all before the old one ends.
 */
export class SecretNotStoredError extends AgentIdPError {
  constructor(
    readonly credential: IssuedCredential,
    /** When the old secret ends. */
    readonly oldSecretEndsAt: Date,
    options: { cause: unknown },
  ) {
    super(
      'SECRET_NOT_STORED',
      `the new secret was not stored, and the old one ends at ${oldSecretEndsAt.toISOString()}: store error.credential`,
      options,
    );
  }
}
