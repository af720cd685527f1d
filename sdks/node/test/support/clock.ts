import type { Clock } from '../../src/index.js';

/** A clock that goes on only when a test says so. */
export class ManualClock implements Clock {
  /** How far the clock on the wall was set forward, in seconds. */
  wall = 0;
  /** How much time has passed, in seconds. */
  passed = 0;
  readonly #began = Date.now();

  now(): number {
    return this.#began + (this.wall + this.passed) * 1000;
  }

  monotonic(): number {
    return this.passed * 1000;
  }
}
