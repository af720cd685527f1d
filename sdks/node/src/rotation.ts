import { randomUUID } from 'node:crypto';
import { ClientSecret } from './authentication.js';
import type { CallOptions, Connection } from './connection.js';
import { issued, type IssuedCredential } from './credentials.js';
import { ConfigurationError, SecretNotStoredError } from './errors.js';
import { CredentialsApi } from './generated/apis/CredentialsApi.js';

export interface RotationOptions extends CallOptions {
  /** Keeps the new secret where the old one was: when it is done, whoever starts next finds the new one. */
  readonly store: (credential: IssuedCredential) => void | Promise<void>;
  /**
   * How long the old secret lives on, in seconds: as long as other processes of this agent need to take up the new one. An
   * hour unless given.
   */
  readonly gracePeriodSeconds?: number;
  /** Names the request: with the same one, kept before, a process that ended in the middle gets the same secret for ten minutes. */
  readonly idempotencyKey?: string;
}

/**
 * Replaces the client's own secret while it is in use. Requests that are under way have the old secret, which lives on; when
 * this returns, the new one is stored, has been accepted by the server, and is what the client uses from then on.
 */
export async function rotateSecret(connection: Connection, options: RotationOptions): Promise<IssuedCredential> {
  const { authentication, clientId } = connection;
  if (!(authentication instanceof ClientSecret)) {
    throw new ConfigurationError('only a client secret can be rotated, and this client proves itself in another way');
  }
  const gracePeriodSeconds = options.gracePeriodSeconds ?? 3600;
  if (!(gracePeriodSeconds >= 1)) {
    throw new ConfigurationError('gracePeriodSeconds must be at least 1: without it requests under way would fail');
  }
  const { signal, idempotencyKey = randomUUID() } = options;
  const wish = { scope: ['self:rotate'], resource: [] };
  // A new token: it says which credential proved it, and that one alone can be rotated with it.
  const { accessToken } = await connection.issue(wish, { ...(signal && { signal }) });
  const { decodeJwt } = await import('jose');
  const credentialId = String(decodeJwt(accessToken).credential_id);
  const began = connection.server.clock.now();
  const credential = await connection.server.call(
    CredentialsApi,
    { signal, prove: () => fixed(accessToken) },
    async (api) =>
      issued(
        await api.rotateCredential({
          agentId: clientId,
          credentialId,
          rotation: { gracePeriodSeconds: Math.ceil(gracePeriodSeconds) },
          idempotencyKey,
        }),
      ),
  );
  // First of all this process is safe: whatever happens to the store, it goes on with the new secret.
  await authentication.replace(credential.clientSecret);
  try {
    await options.store(credential);
  } catch (cause) {
    throw new SecretNotStoredError(credential, new Date(began + gracePeriodSeconds * 1000), { cause });
  }
  await connection.issue(wish);
  return credential;
}

/** The proof of one request with one token. */
function fixed(token: string) {
  return {
    prove: (request: { headers: Headers }) => {
      request.headers.set('authorization', `Bearer ${token}`);
      return Promise.resolve();
    },
    renew: () => Promise.resolve(false),
  };
}
