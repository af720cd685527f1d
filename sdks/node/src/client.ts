import { inspect } from 'node:util';
import { Agents } from './agents.js';
import { Audit } from './audit.js';
import { ClientSecret, secretIn, type ClientAuthentication, type SecretSource } from './authentication.js';
import { Connection, Server, type CallOptions, type ServerOptions } from './connection.js';
import { Credentials, type IssuedCredential } from './credentials.js';
import { Environment } from './environment.js';
import { ConfigurationError } from './errors.js';
import { DiscoveryApi } from './generated/apis/DiscoveryApi.js';
import { HealthApi } from './generated/apis/HealthApi.js';
import type { Health, ServerMetadata } from './generated/models/index.js';
import { rotateSecret, type RotationOptions } from './rotation.js';
import type { Scope } from './scope.js';
import type { TokenWish } from './token-source.js';
import { Tokens } from './tokens.js';

export interface AgentIdPOptions extends ServerOptions {
  /** The agent's id. */
  readonly clientId?: string;
  /** Its secret, or a function that reads it anew for each token, so that one which was rotated elsewhere is taken up. */
  readonly clientSecret?: SecretSource;
  /** Another way to prove who the client is, instead of `clientId` and `clientSecret`. */
  readonly authentication?: ClientAuthentication;
  /** The scope of tokens for which `accessToken()` and `fetch()` name none; all ordinary capabilities unless given. */
  readonly scope?: Scope;
  /** The APIs that such tokens are for; the server's default audience unless given. */
  readonly resource?: string | readonly string[];
  /**
   * The scope of tokens for the registry and the audit log. Unless given, each operation gets a token with what it needs and
   * no more, which is not enough to act across owners (`idp:admin`) or to grant a reserved capability.
   */
  readonly managementScope?: Scope;
}

/** What `fetch()` takes beside what the function of Node.js takes. */
export type FetchOptions = RequestInit & TokenWish;

/** An agent's client: it proves itself, keeps tokens, and calls the registry and other APIs with them. */
export class AgentIdP {
  /** The registry of agents. */
  readonly agents: Agents;
  /** What agents prove themselves with. */
  readonly credentials: Credentials;
  /** Questions about tokens, and their end. */
  readonly tokens: Tokens;
  /** What was done to agents and by them. */
  readonly audit: Audit;
  readonly #connection: Connection;
  readonly #wish: TokenWish;

  constructor(options: AgentIdPOptions) {
    const { scope, resource } = options;
    this.#connection = new Connection(new Server(options), authenticationOf(options), options.managementScope);
    this.#wish = { ...(scope !== undefined && { scope }), ...(resource !== undefined && { resource }) };
    this.agents = new Agents(this.#connection);
    this.credentials = new Credentials(this.#connection);
    this.tokens = new Tokens(this.#connection);
    this.audit = new Audit(this.#connection);
  }

  /**
   * A client from `AGENTIDP_ISSUER`, `AGENTIDP_CLIENT_ID`, and `AGENTIDP_CLIENT_SECRET` or `AGENTIDP_CLIENT_SECRET_FILE`. What
   * is given here goes before the environment.
   */
  static fromEnv(options: Partial<AgentIdPOptions> = {}, variables: NodeJS.ProcessEnv = process.env): AgentIdP {
    const environment = new Environment(variables);
    const issuer = options.issuer ?? environment.text('AGENTIDP_ISSUER');
    if (options.authentication !== undefined) {
      environment.complain();
      return new AgentIdP({ ...options, issuer });
    }
    const clientId = options.clientId ?? environment.text('AGENTIDP_CLIENT_ID');
    const clientSecret =
      options.clientSecret ?? environment.textOrFile('AGENTIDP_CLIENT_SECRET', 'AGENTIDP_CLIENT_SECRET_FILE', secretIn);
    environment.complain();
    return new AgentIdP({ ...options, issuer, clientId, clientSecret });
  }

  /** The agent's own id. */
  get clientId(): string {
    return this.#connection.clientId;
  }

  get issuer(): string {
    return this.#connection.server.issuer;
  }

  /**
   * An access token that lives: kept, renewed before it ends, and asked for once however many calls wait for it.
   */
  accessToken(wish: TokenWish & CallOptions = {}): Promise<string> {
    const { signal, ...rest } = wish;
    return this.#connection.tokens.token({ ...this.#wish, ...rest }, signal);
  }

  /**
   * The function `fetch` with an access token. When the API refuses the token with 401 (its agent was suspended for a while,
   * say), a new one is fetched and the request is sent once more, unless its body was a stream.
   */
  fetch(url: string | URL, options: FetchOptions = {}): Promise<Response> {
    const { scope, resource, ...init } = options;
    const wish = { ...this.#wish, ...(scope !== undefined && { scope }), ...(resource !== undefined && { resource }) };
    return this.#connection.fetch(String(url), init, wish);
  }

  /** Replaces the client's own secret while it is in use, without a request that fails. */
  rotateSecret(options: RotationOptions): Promise<IssuedCredential> {
    return rotateSecret(this.#connection, options);
  }

  /** What the server offers and where (RFC 8414). */
  metadata(options: CallOptions = {}): Promise<ServerMetadata> {
    return this.#connection.server.call(DiscoveryApi, options, (api) => api.getServerMetadata());
  }

  /** The state of the server and of what it depends on, if it can do its work; otherwise it is an error. */
  health(options: CallOptions = {}): Promise<Health> {
    return this.#connection.server.call(HealthApi, options, (api) => api.getHealth());
  }

  toJSON(): object {
    return { issuer: this.issuer, clientId: this.clientId };
  }

  [inspect.custom](): string {
    return `AgentIdP { issuer: '${this.issuer}', clientId: '${this.clientId}' }`;
  }
}

function authenticationOf(options: AgentIdPOptions): ClientAuthentication {
  if (options.authentication !== undefined) {
    return options.authentication;
  }
  if (options.clientId === undefined || options.clientSecret === undefined) {
    throw new ConfigurationError('give clientId and clientSecret, or authentication');
  }
  return new ClientSecret(options.clientId, options.clientSecret);
}
