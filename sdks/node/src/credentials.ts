import { randomUUID } from 'node:crypto';
import type { Connection, CreatingOptions, ScopedOptions } from './connection.js';
import { CredentialsApi } from './generated/apis/CredentialsApi.js';
import type {
  Credential,
  IssuedCredential as IssuedCredentialModel,
  NewCredential,
  Rotation,
} from './generated/models/index.js';
import { List, type PageOptions } from './pages.js';
import { Secret } from './secret.js';

/** A credential at the one moment when its secret is shown: `clientSecret.reveal()`. */
export type IssuedCredential = Omit<IssuedCredentialModel, 'clientSecret'> & { readonly clientSecret: Secret };

/** What agents prove themselves with. */
export class Credentials {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** One more secret for the agent; those that it has live on. */
  issue(agentId: string, credential: NewCredential = {}, options: CreatingOptions = {}): Promise<IssuedCredential> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#connection.guarded(CredentialsApi, options, async (api) =>
      issued(await api.issueCredential({ agentId, newCredential: credential, idempotencyKey })),
    );
  }

  /** The newest first, the ended ones included. An agent lists its own without any capability. */
  list(agentId: string, page: PageOptions = {}, options: ScopedOptions = {}): List<Credential> {
    const scoped = this.#connection.reading(agentId, options);
    return new List(
      (part) => this.#connection.guarded(CredentialsApi, scoped, (api) => api.listCredentials({ agentId, ...part })),
      page,
    );
  }

  get(agentId: string, credentialId: string, options: ScopedOptions = {}): Promise<Credential> {
    const scoped = this.#connection.reading(agentId, options);
    return this.#connection.guarded(CredentialsApi, scoped, (api) => api.getCredential({ agentId, credentialId }));
  }

  /**
   * Replaces a credential of any agent; the old secret lives on for `gracePeriodSeconds`, not at all unless given. To replace
   * the secret of this client itself, use `AgentIdP.rotateSecret()`.
   */
  rotate(
    agentId: string,
    credentialId: string,
    rotation: Rotation = {},
    options: CreatingOptions = {},
  ): Promise<IssuedCredential> {
    const idempotencyKey = options.idempotencyKey ?? randomUUID();
    return this.#connection.guarded(CredentialsApi, options, async (api) =>
      issued(await api.rotateCredential({ agentId, credentialId, rotation, idempotencyKey })),
    );
  }

  /** The secret proves nothing any more, at once. Tokens that it got live on until they expire. */
  revoke(agentId: string, credentialId: string, options: ScopedOptions = {}): Promise<void> {
    return this.#connection.guarded(CredentialsApi, options, (api) => api.revokeCredential({ agentId, credentialId }));
  }
}

/** From here on the secret is one that does not show itself. */
export function issued(credential: IssuedCredentialModel): IssuedCredential {
  return { ...credential, clientSecret: new Secret(credential.clientSecret) };
}
