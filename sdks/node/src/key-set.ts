import type { JSONWebKeySet } from 'jose' with { 'resolution-mode': 'import' };
import { Moment, type Clock } from './clock.js';
import { KeysUnavailableError } from './errors.js';

/** Keys, and for how many seconds they may be kept. */
export interface FetchedKeys {
  readonly keys: JSONWebKeySet;
  readonly maxAgeSeconds: number;
}

interface Kept extends FetchedKeys {
  readonly fetched: Moment;
}

// Whether the server asks for more or less, keys are kept for at least so long and at most so long.
const LEAST_AGE_SECONDS = 1;
const MOST_AGE_SECONDS = 3600;
// With keys that are older than they should be, tokens are still judged while the server cannot be reached: for so long.
const STALE_MS = 3_600_000;

/** The published keys of a server: kept as long as it permits, and fetched by nobody twice at once. */
export class KeySet {
  readonly #fetch: () => Promise<FetchedKeys>;
  readonly #clock: Clock;
  readonly #cooldown: number;
  #kept?: Kept;
  #pending?: Promise<Kept>;
  /** When fetching failed last. */
  #failed?: Moment;
  /** When they were fetched last because a token named a key that was not among them. */
  #missed?: Moment;

  constructor(fetch: () => Promise<FetchedKeys>, clock: Clock, cooldownSeconds: number) {
    this.#fetch = fetch;
    this.#clock = clock;
    this.#cooldown = cooldownSeconds * 1000;
  }

  /** The keys, fetched if there are none or they are old. */
  async current(): Promise<JSONWebKeySet> {
    const kept = this.#kept;
    if (kept === undefined) {
      return (await this.#fetched()).keys;
    }
    const late = kept.fetched.age() - kept.maxAgeSeconds * 1000;
    if (late <= 0 || (late < STALE_MS && this.#isRecent(this.#failed))) {
      return kept.keys;
    }
    try {
      return (await this.#fetched()).keys;
    } catch (error) {
      if (late < STALE_MS) {
        return kept.keys;
      }
      throw error;
    }
  }

  /**
   * Newer keys than those that a token's key was looked for in; nothing if they were fetched for such a reason just now, since
   * anybody can make up names of keys.
   */
  async newer(): Promise<JSONWebKeySet | undefined> {
    if (this.#pending === undefined) {
      if (this.#isRecent(this.#missed)) {
        return undefined;
      }
      this.#missed = new Moment(this.#clock);
    }
    return (await this.#fetched()).keys;
  }

  #isRecent(moment: Moment | undefined): boolean {
    return moment !== undefined && moment.age() < this.#cooldown;
  }

  #fetched(): Promise<Kept> {
    this.#pending ??= this.#asked().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #asked(): Promise<Kept> {
    const fetched = new Moment(this.#clock);
    try {
      const { keys, maxAgeSeconds } = await this.#fetch();
      const age = Math.min(Math.max(maxAgeSeconds, LEAST_AGE_SECONDS), MOST_AGE_SECONDS);
      this.#kept = { keys, maxAgeSeconds: age, fetched };
      this.#failed = undefined;
      return this.#kept;
    } catch (cause) {
      this.#failed = new Moment(this.#clock);
      throw new KeysUnavailableError({ cause });
    }
  }
}
