import type { CallOptions, Connection } from './connection.js';
import type { IntrospectionResponse } from './generated/models/index.js';

/** Questions about tokens that somebody has, and their end. */
export class Tokens {
  readonly #connection: Connection;

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Whether a token is active, which the server knows at once; `{ active: false }` for whatever this client may not see. */
  introspect(token: string, options: CallOptions = {}): Promise<IntrospectionResponse> {
    return this.#connection.authenticated(options, (api) => api.introspectToken({ token }));
  }

  /** Ends a token before its time. Who verifies offline learns of it when the token expires. */
  revoke(token: string, options: CallOptions = {}): Promise<void> {
    return this.#connection.authenticated(options, (api) => api.revokeToken({ token }));
  }
}
