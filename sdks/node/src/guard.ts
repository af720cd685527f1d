import { InsufficientScopeError, InvalidTokenError, KeysUnavailableError } from './errors.js';
import { wordsOf } from './scope.js';
import type { TokenDemand, TokenVerifier, VerifiedToken } from './verifier.js';

export interface GuardOptions extends TokenDemand {
  /** Named in `WWW-Authenticate`; `agents` unless given. */
  readonly realm?: string;
}

/** How a request is refused (RFC 6750 section 3). */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 503;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: { readonly error: string; readonly error_description: string };
}

/** What a guard says of a request: it goes on with this agent, or it is refused. */
export type Judgement = { readonly agent: VerifiedToken } | { readonly refusal: Refusal };

// So long it takes at least until another attempt to fetch the keys may help.
const RETRY_AFTER_SECONDS = '5';

/** Judges requests by their `Authorization`; the part that the middlewares have in common. */
export function guard(
  verifier: TokenVerifier,
  options: GuardOptions,
): (authorization: string | undefined) => Promise<Judgement> {
  const realm = options.realm ?? 'agents';
  if (!/^[ !#-[\]-~]*$/.test(realm)) {
    throw new TypeError('the realm must be printable ASCII without quotes and backslashes');
  }
  const challenge = (parameters: Record<string, string>) =>
    `Bearer ${Object.entries({ realm, ...parameters })
      .map(([name, value]) => `${name}="${value}"`)
      .join(', ')}`;
  const refusal = (status: Refusal['status'], error: string, description: string, scope?: string): Refusal => ({
    status,
    headers: {
      'www-authenticate': challenge({ error, error_description: description, ...(scope && { scope }) }),
    },
    body: { error, error_description: description },
  });
  const scope = wordsOf(options.scope).join(' ');

  return async (authorization) => {
    if (authorization === undefined) {
      return {
        refusal: {
          status: 401,
          // Without a token nothing is wrong with it (RFC 6750 section 3.1).
          headers: { 'www-authenticate': challenge(scope === '' ? {} : { scope }) },
          body: { error: 'invalid_request', error_description: 'an access token is needed' },
        },
      };
    }
    const token = /^Bearer +([A-Za-z0-9._~+/-]+=*) *$/i.exec(authorization)?.[1];
    if (token === undefined) {
      return { refusal: refusal(401, 'invalid_token', 'Authorization has no bearer token') };
    }
    try {
      return { agent: await verifier.verifyToken(token, options) };
    } catch (error) {
      if (error instanceof InsufficientScopeError) {
        return { refusal: refusal(403, 'insufficient_scope', error.message, error.required.join(' ')) };
      }
      if (error instanceof InvalidTokenError) {
        return { refusal: refusal(401, 'invalid_token', error.message) };
      }
      if (error instanceof KeysUnavailableError) {
        return {
          refusal: {
            status: 503,
            headers: { 'retry-after': RETRY_AFTER_SECONDS },
            body: { error: 'temporarily_unavailable', error_description: 'tokens cannot be verified now' },
          },
        };
      }
      throw error;
    }
  };
}
