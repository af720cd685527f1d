import type { Clock } from '../../src/index.js';

/** The real time, moved by as much as a test says. */
export class MovedClock implements Clock {
  /** How far the clock on the wall was set forward, in seconds. */
  wall = 0;
  /** How much time has passed beside the real one, in seconds. */
  passed = 0;

  now(): number {
    return Date.now() + (this.wall + this.passed) * 1000;
  }

  monotonic(): number {
    return performance.now() + this.passed * 1000;
  }
}
