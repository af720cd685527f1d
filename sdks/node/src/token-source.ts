import type { ProvedRequest, Proof } from './authentication.js';
import { Moment, unlessAborted, type Clock } from './clock.js';
import { wordsOf, type Scope } from './scope.js';

/** What a token is to be for. */
export interface TokenWish {
  /** Without it the token has all ordinary capabilities of the agent. */
  readonly scope?: Scope;
  /** The APIs that the token is for (RFC 8707); without them the server's default audience. */
  readonly resource?: string | readonly string[];
}

/** A wish that says the same in the same way. */
export interface NormalWish {
  readonly scope: readonly string[];
  readonly resource: readonly string[];
}

/** A token as it was issued. */
export interface Grant {
  readonly accessToken: string;
  readonly expiresIn: number;
}

interface Held {
  readonly token: string;
  readonly lifetime: number;
  /** Before the token was asked for, so that it is never thought to live longer than it does. */
  readonly asked: Moment;
}

interface Entry {
  readonly wish: NormalWish;
  held?: Held;
  pending?: Promise<Held>;
  /** When refreshing ahead failed last. */
  failed?: Moment;
}

// A token is renewed when a fifth of its life is left, or two minutes, and is not handed out in its last ten seconds (of a
// short life, its last tenth): it has to arrive, at somebody whose clock may be fast.
const AHEAD_PART = 0.2;
const AHEAD_MS = 120_000;
const LAST_PART = 0.1;
const LAST_MS = 10_000;
// How long an attempt to renew ahead of time that failed keeps others from being made.
const AHEAD_PAUSE_MS = 5_000;
// Tokens for so many different wishes are kept; the one that was not wanted for longest goes first.
const MOST_ENTRIES = 256;

/** Tokens of one client: kept, renewed ahead of their end, and never asked for twice at once. */
export class TokenSource {
  readonly #issue: (wish: NormalWish) => Promise<Grant>;
  readonly #clock: Clock;
  readonly #entries = new Map<string, Entry>();

  constructor(issue: (wish: NormalWish) => Promise<Grant>, clock: Clock) {
    this.#issue = issue;
    this.#clock = clock;
  }

  /** A token that lives. Only this wait ends with the signal: others may wait for the same token. */
  async token(wish: TokenWish, signal?: AbortSignal): Promise<string> {
    signal?.throwIfAborted();
    const entry = this.#entry(wish);
    const left = remaining(entry.held);
    if (entry.held !== undefined && left > lastOf(entry.held)) {
      if (left <= aheadOf(entry.held) && (entry.failed?.age() ?? Infinity) >= AHEAD_PAUSE_MS) {
        this.#renewed(entry).catch(() => {
          entry.failed = new Moment(this.#clock);
        });
      }
      return entry.held.token;
    }
    return (await unlessAborted(this.#renewed(entry), signal)).token;
  }

  /** Forgets a token that somebody refused, unless it was replaced meanwhile. */
  discard(wish: TokenWish, token: string): void {
    const entry = this.#entry(wish);
    if (entry.held?.token === token) {
      delete entry.held;
    }
  }

  /** The proof of requests that carry such a token. */
  bearer(wish: TokenWish, signal?: AbortSignal): Proof {
    return {
      prove: async (request) => {
        request.headers.set('authorization', `Bearer ${await this.token(wish, signal)}`);
      },
      renew: (request) => {
        const token = tokenIn(request);
        if (token !== undefined) {
          this.discard(wish, token);
        }
        return Promise.resolve(token !== undefined);
      },
    };
  }

  #entry(wish: TokenWish): Entry {
    const normal = normalized(wish);
    const key = JSON.stringify(normal);
    const entry = this.#entries.get(key) ?? { wish: normal };
    // The last one wanted is the last one in the map.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= MOST_ENTRIES) {
        break;
      }
      this.#entries.delete(oldest);
    }
    return entry;
  }

  #renewed(entry: Entry): Promise<Held> {
    entry.pending ??= this.#asked(entry).finally(() => {
      delete entry.pending;
    });
    return entry.pending;
  }

  async #asked(entry: Entry): Promise<Held> {
    const asked = new Moment(this.#clock);
    const grant = await this.#issue(entry.wish);
    const held = { token: grant.accessToken, lifetime: grant.expiresIn * 1000, asked };
    entry.held = held;
    delete entry.failed;
    return held;
  }
}

export function normalized({ scope, resource }: TokenWish): NormalWish {
  return { scope: sortedOnce(wordsOf(scope)), resource: sortedOnce([resource ?? []].flat()) };
}

function sortedOnce(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}

function remaining(held: Held | undefined): number {
  return held === undefined ? 0 : held.lifetime - held.asked.age();
}

function aheadOf({ lifetime }: Held): number {
  return Math.min(lifetime * AHEAD_PART, AHEAD_MS);
}

function lastOf({ lifetime }: Held): number {
  return Math.min(lifetime * LAST_PART, LAST_MS);
}

function tokenIn(request: ProvedRequest): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
}
