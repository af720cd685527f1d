import type * as Jose from 'jose' with { 'resolution-mode': 'import' };
import { Server, type ServerOptions } from './connection.js';
import { Environment } from './environment.js';
import { ConfigurationError, InsufficientScopeError, InvalidTokenError, type TokenFault } from './errors.js';
import { DiscoveryApi } from './generated/apis/DiscoveryApi.js';
import { KeySet, type FetchedKeys } from './key-set.js';
import { wordsOf, type Scope } from './scope.js';

export interface TokenVerifierOptions extends ServerOptions {
  /** What tokens for this API name as `aud`: its URL, as agents name it in `resource`. One of several is enough. */
  readonly audience: string | readonly string[];
  /** How far this machine's clock and the server's may be apart, in seconds; 5 unless given. */
  readonly clockToleranceSeconds?: number | undefined;
  /** How often unknown keys have the published ones fetched anew: at most once in so many seconds; 30 unless given. */
  readonly cooldownSeconds?: number | undefined;
}

/** What a token must have, beside being good. */
export interface TokenDemand {
  /** Everything that its scope must have, as a list or separated by spaces. */
  readonly scope?: Scope | undefined;
}

/** A token that was verified, and what it says of the agent that it was issued to. */
export class VerifiedToken {
  /** The agent's id (`sub`). */
  readonly agentId: string;
  readonly scope: readonly string[];
  readonly audience: readonly string[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** The token's own id (`jti`). */
  readonly tokenId: string;
  readonly owner: string | undefined;
  readonly agentType: string | undefined;
  readonly agentVersion: string | undefined;
  readonly deploymentEnv: string | undefined;

  constructor(
    /** All that the token says. */
    readonly claims: Readonly<Record<string, unknown>>,
  ) {
    const { sub, scope, aud, iat, exp, jti } = claims;
    this.agentId = String(sub);
    this.scope = typeof scope === 'string' ? wordsOf(scope) : [];
    this.audience = [aud].flat().map(String);
    this.issuedAt = new Date(Number(iat) * 1000);
    this.expiresAt = new Date(Number(exp) * 1000);
    this.tokenId = String(jti);
    this.owner = textOf(claims.owner);
    this.agentType = textOf(claims.agent_type);
    this.agentVersion = textOf(claims.agent_version);
    this.deploymentEnv = textOf(claims.deployment_env);
  }

  /** Whether the scope has all of this. */
  may(scope: Scope): boolean {
    return wordsOf(scope).every((word) => this.scope.includes(word));
  }
}

// What the server can sign with, but for HS256: its key is nobody's but the server's, and no published one.
const ALGORITHMS = ['ES256', 'EdDSA', 'RS256'];
// RFC 9068 section 2.2 demands these of every token.
const CLAIMS = ['iss', 'exp', 'aud', 'sub', 'client_id', 'iat', 'jti'];
// No token of the server is longer.
const LONGEST = 65_536;

/** Verifies tokens offline, for an API that agents call: by the server's published keys (RFC 9068 section 4). */
export class TokenVerifier {
  readonly issuer: string;
  readonly #audience: string[];
  readonly #tolerance: number;
  readonly #server: Server;
  readonly #keys: KeySet;

  constructor(options: TokenVerifierOptions) {
    // Somebody waits for the answer that waits for the keys, so their fetching is no long matter.
    const { timeoutSeconds = 5, retry = { attempts: 2, longestWaitSeconds: 1 } } = options;
    this.#server = new Server({ ...options, timeoutSeconds, retry });
    this.issuer = this.#server.issuer;
    this.#audience = [options.audience].flat();
    if (this.#audience.length === 0 || this.#audience.includes('')) {
      throw new ConfigurationError('the audience must be named: otherwise tokens for other APIs would be accepted');
    }
    this.#tolerance = options.clockToleranceSeconds ?? 5;
    this.#keys = new KeySet(() => this.#published(), this.#server.clock, options.cooldownSeconds ?? 30);
  }

  /** A verifier from `AGENTIDP_ISSUER` and `AGENTIDP_AUDIENCE`. What is given here goes before the environment. */
  static fromEnv(
    options: Partial<TokenVerifierOptions> = {},
    variables: NodeJS.ProcessEnv = process.env,
  ): TokenVerifier {
    const environment = new Environment(variables);
    const issuer = options.issuer ?? environment.text('AGENTIDP_ISSUER');
    const audience = options.audience ?? environment.text('AGENTIDP_AUDIENCE');
    environment.complain();
    return new TokenVerifier({ ...options, issuer, audience });
  }

  /**
   * The token, if it is good: signed by the issuer, an access token (`typ`), for this audience, alive, and with the scope that
   * is demanded. Otherwise `InvalidTokenError`, `InsufficientScopeError`, or `KeysUnavailableError` when nobody can know.
   */
  async verifyToken(token: string, demand: TokenDemand = {}): Promise<VerifiedToken> {
    if (typeof token !== 'string' || token.length > LONGEST) {
      throw new InvalidTokenError('malformed', 'the token is none');
    }
    // The one dependency is an ES module, which CommonJS can load in this way alone on every Node.js 20.
    const jose = await import('jose');
    let claims: Jose.JWTPayload;
    try {
      const verified = await jose.jwtVerify(token, (header) => this.#key(jose, header), {
        algorithms: ALGORITHMS,
        typ: 'at+jwt',
        issuer: this.issuer,
        audience: this.#audience,
        requiredClaims: CLAIMS,
        clockTolerance: this.#tolerance,
        currentDate: new Date(this.#server.clock.now()),
      });
      claims = verified.payload;
    } catch (error) {
      throw faultOf(jose, error);
    }
    const verified = new VerifiedToken(claims);
    const required = wordsOf(demand.scope ?? []);
    const missing = required.filter((word) => !verified.scope.includes(word));
    if (missing.length > 0) {
      throw new InsufficientScopeError(required, missing);
    }
    return verified;
  }

  async #key(jose: typeof Jose, header: Jose.JWTHeaderParameters): Promise<Jose.CryptoKey> {
    if (typeof header.kid !== 'string') {
      throw new InvalidTokenError('unknown_key', 'the token does not say which key signed it');
    }
    const among = (keys: Jose.JSONWebKeySet) => jose.createLocalJWKSet(keys)(header);
    try {
      return await among(await this.#keys.current());
    } catch (error) {
      const newer = error instanceof jose.errors.JWKSNoMatchingKey ? await this.#keys.newer() : undefined;
      if (newer === undefined) {
        throw error;
      }
      return among(newer);
    }
  }

  #published(): Promise<FetchedKeys> {
    return this.#server.call(DiscoveryApi, {}, async (api) => {
      const answer = await api.getJwksRaw();
      const { keys } = await answer.value();
      const age = /\bmax-age=([0-9]+)/.exec(answer.raw.headers.get('cache-control') ?? '')?.[1];
      return { keys: { keys: keys }, maxAgeSeconds: Number(age ?? 300) };
    });
  }
}

/** What is wrong with a token, in words of ours. */
function faultOf(jose: typeof Jose, error: unknown): unknown {
  const { errors } = jose;
  const fault = (name: TokenFault, message: string) => new InvalidTokenError(name, message);
  if (error instanceof errors.JWTExpired) {
    return fault('expired', 'the token has expired');
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    switch (error.claim) {
      case 'typ':
        return fault('type', 'the token is no access token');
      case 'iss':
        return fault('issuer', 'the token is of another issuer');
      case 'aud':
        return fault('audience', 'the token is for another audience');
      case 'nbf':
        return fault('not_yet_valid', 'the token is not valid yet');
      default:
        return fault('claims', `the token's ${error.claim} is missing or not valid`);
    }
  }
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return fault('algorithm', 'the token is not signed with an algorithm that is accepted');
  }
  if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) {
    return fault('unknown_key', 'the token is signed with a key that is not published');
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return fault('signature', "the token's signature is wrong");
  }
  if (error instanceof errors.JOSEError) {
    return fault('malformed', 'the token is none');
  }
  return error;
}

function textOf(claim: unknown): string | undefined {
  return typeof claim === 'string' ? claim : undefined;
}
