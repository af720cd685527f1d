import type { ClientAuthentication, Proof } from './authentication.js';
import { systemClock, type Clock } from './clock.js';
import { ConfigurationError, UnexpectedAnswerError } from './errors.js';
import { Configuration, RequiredError, ResponseError } from './generated/runtime.js';
import { TokensApi } from './generated/apis/TokensApi.js';
import type { Scope } from './scope.js';
import { TokenSource, type Grant, type NormalWish, type TokenWish } from './token-source.js';
import { Transport, type Call, type Fetch, type RetryOptions } from './transport.js';

/** Where a server is, and how to talk to it. */
export interface ServerOptions {
  /** The server's URL, which its tokens name as `iss`. */
  readonly issuer: string;
  /** Permits `http` for servers that are not on this machine: whoever listens then has the secrets. */
  readonly allowInsecureTransport?: boolean | undefined;
  /** How long one attempt may take, in seconds; 15 unless given. */
  readonly timeoutSeconds?: number | undefined;
  readonly retry?: RetryOptions | undefined;
  /** Instead of the `fetch` of Node.js: for proxies, and for whoever watches requests. */
  readonly fetch?: Fetch | undefined;
  readonly clock?: Clock | undefined;
}

/** What every operation takes. */
export interface CallOptions {
  /** Ends the call, with its reason as the error. */
  readonly signal?: AbortSignal;
}

/** What operations take that are guarded by a token's scope. */
export interface ScopedOptions extends CallOptions {
  /** The scope of the token to use, instead of what the operation needs at least, or of `managementScope`. */
  readonly scope?: Scope;
}

/** What operations take that create something. */
export interface CreatingOptions extends ScopedOptions {
  /** Names the request, so that it is not done twice; a random one for each call unless given. */
  readonly idempotencyKey?: string;
}

/** One of the generated clients. */
type Api<A> = new (configuration: Configuration) => A;

/** A server, and the generated client on the transport. */
export class Server {
  readonly issuer: string;
  readonly clock: Clock;
  readonly allowInsecureTransport: boolean;
  readonly fetch: Fetch;
  readonly #transport: Transport;

  constructor(options: ServerOptions) {
    this.allowInsecureTransport = options.allowInsecureTransport ?? false;
    this.issuer = originOf(options.issuer, this.allowInsecureTransport);
    this.clock = options.clock ?? systemClock;
    this.fetch = options.fetch ?? ((url, init) => globalThis.fetch(url, init));
    this.#transport = new Transport({
      fetch: this.fetch,
      timeoutSeconds: options.timeoutSeconds ?? 15,
      retry: { attempts: 4, longestWaitSeconds: 30, ...options.retry },
    });
  }

  /** Calls an operation of the generated client. `prove` chooses the proof by the scopes that the operation declares. */
  async call<A, T>(
    Client: Api<A>,
    call: Omit<Call, 'proof'> & { readonly prove?: (scopes: string[]) => Proof },
    operation: (api: A) => Promise<T>,
  ): Promise<T> {
    const { prove, ...rest } = call;
    let proof = prove?.([]);
    let answered: { method: string; path: string; status: number } | undefined;
    const configuration = new Configuration({
      basePath: this.issuer,
      // The generated client says here which scopes the operation takes; the token itself is put in for each attempt.
      accessToken: (_name, scopes) => {
        proof = prove?.(scopes ?? []);
        return '';
      },
      fetchApi: async (url, init) => {
        const response = await this.#transport.send(url, init, { ...rest, proof });
        answered = { method: init.method ?? 'GET', path: new URL(url).pathname, status: response.status };
        return response;
      },
      middleware: [
        {
          // Otherwise the generated client would wrap the error.
          onError: ({ error }) => {
            throw error;
          },
        },
      ],
    });
    try {
      return await operation(new Client(configuration));
    } catch (error) {
      if (error instanceof RequiredError) {
        throw new TypeError(error.message, { cause: error });
      }
      if (error instanceof SyntaxError && answered !== undefined) {
        throw new UnexpectedAnswerError(answered);
      }
      throw error;
    }
  }
}

/** A client that proves itself: with its secret at the token endpoints, with its tokens elsewhere. */
export class Connection {
  readonly server: Server;
  readonly authentication: ClientAuthentication;
  readonly tokens: TokenSource;
  readonly #managementScope: Scope | undefined;

  constructor(server: Server, authentication: ClientAuthentication, managementScope: Scope | undefined) {
    this.server = server;
    this.authentication = authentication;
    this.#managementScope = managementScope;
    this.tokens = new TokenSource((wish) => this.issue(wish), server.clock);
  }

  get clientId(): string {
    return this.authentication.clientId;
  }

  /** Calls an operation that a token's scope guards. */
  guarded<A, T>(
    Client: Api<A>,
    options: ScopedOptions & { readonly self?: string; readonly stream?: boolean },
    operation: (api: A) => Promise<T>,
  ): Promise<T> {
    const { signal, scope, self, stream = false } = options;
    const chosen = scope ?? self ?? this.#managementScope;
    const prove = (scopes: string[]) => this.tokens.bearer({ scope: chosen ?? scopes }, signal);
    return this.server.call(Client, { signal, stream, prove }, operation);
  }

  /** The scope to read an agent with: to read itself it needs no capability. */
  reading(agentId: string, options: ScopedOptions): ScopedOptions & { readonly self?: string } {
    return agentId === this.clientId ? { ...options, self: 'self:read' } : options;
  }

  /** Calls an operation at which the client itself proves who it is. */
  authenticated<T>(options: CallOptions, operation: (api: TokensApi) => Promise<T>): Promise<T> {
    return this.server.call(TokensApi, { ...options, prove: () => this.authentication }, operation);
  }

  /** A new token, past all that are kept. */
  issue(wish: NormalWish, options: CallOptions = {}): Promise<Grant> {
    return this.authenticated(options, (api) =>
      api.issueToken({
        grantType: 'client_credentials',
        ...(wish.scope.length > 0 && { scope: wish.scope.join(' ') }),
        ...(wish.resource.length > 0 && { resource: [...wish.resource] }),
      }),
    );
  }

  /** Calls somebody else's API with a token; one that is refused with 401 is replaced, once. */
  async fetch(url: string, init: RequestInit, wish: TokenWish): Promise<Response> {
    assertSecure(url, this.server.allowInsecureTransport);
    const signal = init.signal ?? undefined;
    const proof = this.tokens.bearer(wish, signal);
    const request = { method: init.method ?? 'GET', url, headers: new Headers(init.headers) };
    const send = async () => {
      await proof.prove(request);
      return this.server.fetch(url, { ...init, headers: request.headers });
    };
    const response = await send();
    if (response.status !== 401 || init.body instanceof ReadableStream || !(await proof.renew(request))) {
      return response;
    }
    // Its connection is free for others only once its body is read or given up.
    await response.body?.cancel();
    return send();
  }
}

/** Whether an answer says that what the caller has is still current. */
export function isNotModified(error: unknown): boolean {
  return error instanceof ResponseError && error.response.status === 304;
}

/** The issuer as tokens name it: scheme, host and port, without a slash at the end. */
export function originOf(issuer: string, allowInsecureTransport: boolean): string {
  const url = assertSecure(issuer, allowInsecureTransport);
  if (url.pathname !== '/' || url.search !== '' || url.hash !== '' || url.username !== '' || url.password !== '') {
    throw new ConfigurationError('the issuer must be a scheme, a host and perhaps a port, and nothing after them');
  }
  return issuer.replace(/\/$/, '');
}

function assertSecure(text: string, allowInsecureTransport: boolean): URL {
  if (!URL.canParse(text)) {
    throw new ConfigurationError('the URL is none: it must begin with https://');
  }
  const url = new URL(text);
  const loopback = ['localhost', '127.0.0.1', '[::1]'].includes(url.hostname);
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && (loopback || allowInsecureTransport))) {
    throw new ConfigurationError(
      `${url.origin} is not https, so secrets and tokens could be read on the way; allowInsecureTransport permits http`,
    );
  }
  return url;
}
