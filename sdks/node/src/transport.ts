import { sleep } from './clock.js';
import type { Proof, ProvedRequest } from './authentication.js';
import {
  AnswerError,
  AgentIdPError,
  ConnectionError,
  errorOf,
  IdempotencyConflictError,
  TimeoutError,
  UnexpectedAnswerError,
  type Answer,
  type Asked,
} from './errors.js';
import { VERSION } from './version.js';

/** `fetch`, as far as it is needed here. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How often and how patiently a request that may be repeated is repeated. */
export interface RetryOptions {
  /** How many times it is sent at most; 4 unless given, 1 to send it once. */
  readonly attempts?: number;
  /** The longest wait between two attempts, in seconds; 30 unless given. If the server asks for more, its answer is the error. */
  readonly longestWaitSeconds?: number;
}

export interface TransportOptions {
  readonly fetch: Fetch;
  readonly timeoutSeconds: number;
  readonly retry: Required<RetryOptions>;
}

/** One call, however many attempts it takes. */
export interface Call {
  /** What it proves itself with, unless it is public. */
  readonly proof?: Proof | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Whether the answer's body is read piece by piece: it may take longer than an answer may. */
  readonly stream?: boolean;
}

interface Request extends ProvedRequest {
  readonly body: RequestInit['body'];
}

// The wait before the second attempt where the server named none; it doubles from there, and chance takes up to half of it away.
const FIRST_WAIT_MS = 200;
// Errors of `fetch` from before a request was sent.
const NOT_SENT = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** Sends requests until one is answered: repeats what may be repeated, as long as it is worth it. */
export class Transport {
  readonly #options: TransportOptions;

  constructor(options: TransportOptions) {
    this.#options = options;
  }

  /** The answer, if it is a success (or 304). Everything else is an error of this package. */
  async send(url: string, init: RequestInit, call: Call): Promise<Response> {
    // Whether some attempt may have done what was asked for although it was not answered so.
    let doubtful = false;
    let renewed = false;
    let faults = 0;
    for (let attempt = 1; ; attempt++) {
      const request = requestOf(url, init);
      await call.proof?.prove(request);
      let error: AgentIdPError;
      try {
        return await this.#attempt(request, call);
      } catch (thrown) {
        if (!(thrown instanceof AgentIdPError)) {
          throw thrown;
        }
        error = thrown;
      }
      if (statusOf(error) === 401 && !renewed && ((await call.proof?.renew(request)) ?? false)) {
        renewed = true;
        attempt--;
        continue;
      }
      faults += statusOf(error) === 500 ? 1 : 0;
      const worthIt = isTransient(error) ? faults < 2 : doubtful && error instanceof IdempotencyConflictError;
      const safe = isRepeatable(request) || !leavesDoubt(error);
      const wait = this.#wait(error, attempt);
      if (!worthIt || !safe || attempt >= this.#options.retry.attempts || wait === undefined) {
        throw error;
      }
      doubtful ||= leavesDoubt(error);
      await sleep(wait, call.signal);
    }
  }

  async #attempt(request: Request, call: Call): Promise<Response> {
    const asked = { method: request.method, path: new URL(request.url).pathname };
    const seconds = this.#options.timeoutSeconds;
    const controller = new AbortController();
    const timer = setTimeout(() => {
      controller.abort(new TimeoutError(asked, seconds));
    }, seconds * 1000);
    const aborted = () => {
      controller.abort(call.signal?.reason);
    };
    call.signal?.throwIfAborted();
    call.signal?.addEventListener('abort', aborted, { once: true });
    let streaming = false;
    try {
      const response = await this.#options.fetch(request.url, {
        method: request.method,
        headers: request.headers,
        body: request.form ?? request.body ?? null,
        // A redirect would take secrets somewhere else.
        redirect: 'manual',
        signal: controller.signal,
      });
      if (!response.ok && response.status !== 304) {
        throw await errorIn(response, asked);
      }
      streaming = call.stream === true;
      return streaming ? response : await whole(response);
    } catch (thrown) {
      if (controller.signal.aborted) {
        throw controller.signal.reason;
      }
      throw thrown instanceof AgentIdPError ? thrown : connectionError(asked, thrown);
    } finally {
      clearTimeout(timer);
      // Who reads piece by piece can still be told to stop.
      if (!streaming) {
        call.signal?.removeEventListener('abort', aborted);
      }
    }
  }

  /** How long to wait before the next attempt, in milliseconds; nothing if it is too long. */
  #wait(error: AgentIdPError, attempt: number): number | undefined {
    const longest = this.#options.retry.longestWaitSeconds * 1000;
    const named = error instanceof AnswerError ? error.retryAfterSeconds : undefined;
    if (named === undefined) {
      return Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1) * (1 - Math.random() / 2), longest);
    }
    // As long as the server says, and then twice as long; a little more, so that not everybody comes at the same moment.
    const wait = named * 1000 * 2 ** (attempt - 1);
    return named * 1000 > longest ? undefined : Math.min(wait, longest) + Math.random() * FIRST_WAIT_MS;
  }
}

function requestOf(url: string, init: RequestInit): Request {
  const headers = new Headers(init.headers);
  headers.set('user-agent', `agentidp-node/${VERSION}`);
  headers.set('accept', 'application/json, */*;q=0.1');
  const request = { method: init.method ?? 'GET', url, headers, body: init.body };
  return init.body instanceof URLSearchParams ? { ...request, form: new URLSearchParams(init.body) } : request;
}

/** The answer with all of its body, so that one which breaks off is no answer. */
async function whole(response: Response): Promise<Response> {
  const body = await response.arrayBuffer();
  const { status, headers } = response;
  return new Response(body.byteLength === 0 ? null : body, { status, headers });
}

async function errorIn(response: Response, asked: Asked): Promise<AnswerError> {
  const { headers, status } = response;
  const requestId = headers.get('x-request-id');
  const retryAfterSeconds = secondsOf(headers.get('retry-after'));
  const challenge = headers.get('www-authenticate');
  const answer: Answer = {
    ...asked,
    status,
    ...(requestId !== null && { requestId }),
    ...(retryAfterSeconds !== undefined && { retryAfterSeconds }),
    ...(challenge !== null && { challenge }),
  };
  const text = await response.text();
  if (status >= 300 && status < 400) {
    return new UnexpectedAnswerError(answer, 'The answer is a redirect, which is not followed.');
  }
  try {
    return errorOf(answer, JSON.parse(text));
  } catch {
    return new UnexpectedAnswerError(answer);
  }
}

/** `Retry-After` (RFC 9110 section 10.2.3) in seconds from now. */
function secondsOf(value: string | null): number | undefined {
  if (value === null) {
    return undefined;
  }
  if (/^[0-9]+$/.test(value)) {
    return Number(value);
  }
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, (date - Date.now()) / 1000);
}

function connectionError(asked: Asked, thrown: unknown): ConnectionError {
  // `fetch` throws a TypeError, whose cause is what happened.
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
  const { code, message } = cause as { code?: unknown; message?: unknown };
  const why = typeof code === 'string' ? code : String(message);
  return new ConnectionError(asked, why, { cause: thrown, sent: !NOT_SENT.has(why) });
}

function statusOf(error: AgentIdPError): number | undefined {
  return error instanceof AnswerError ? error.status : undefined;
}

/** Whether the same request may be answered otherwise a moment later. */
function isTransient(error: AgentIdPError): boolean {
  const status = statusOf(error);
  return status === undefined
    ? error instanceof ConnectionError || error instanceof TimeoutError
    : [408, 429, 500, 502, 503, 504].includes(status);
}

/** Whether the request may have been carried out although it was answered so, or not at all. */
function leavesDoubt(error: AgentIdPError): boolean {
  const status = statusOf(error);
  return status === undefined
    ? error instanceof TimeoutError || (error instanceof ConnectionError && error.sent)
    : status >= 500;
}

/**
 * Whether it does no harm to carry the request out twice. A conditional change is not one of these: the second time its own
 * first time would look like somebody else's change.
 */
function isRepeatable({ method, headers, form }: Request): boolean {
  if (method === 'POST') {
    return headers.has('idempotency-key') || form !== undefined;
  }
  return !headers.has('if-match');
}
