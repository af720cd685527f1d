/** Time, as an argument: tests bring their own. */
export interface Clock {
  /** Milliseconds since 1970, which somebody may set. */
  now(): number;
  /** Milliseconds since some moment, which nobody sets, but which may stand still while the machine sleeps. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};

/** A moment on both clocks. */
export class Moment {
  readonly #now: number;
  readonly #monotonic: number;

  constructor(private readonly clock: Clock) {
    this.#now = clock.now();
    this.#monotonic = clock.monotonic();
  }

  /** How many milliseconds ago it was: by the clock that says more, since each of them can only miss time. */
  age(): number {
    return Math.max(this.clock.monotonic() - this.#monotonic, this.clock.now() - this.#now);
  }
}

/** Ends the wait early when the signal says so, with its reason. */
export function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return abortable(signal, (resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    return () => {
      clearTimeout(timer);
    };
  });
}

/** Waits for what others may be waiting for too: the signal ends this wait and not what is waited for. */
export function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (signal === undefined) {
    return promise;
  }
  return abortable<T>(signal, (resolve, reject) => {
    promise.then(resolve, reject);
    return () => undefined;
  });
}

function abortable<T = void>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: T) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const aborted = () => {
      cancel();
      reject(signal?.reason as Error);
    };
    const ended =
      <V>(settle: (value: V) => void) =>
      (value: V) => {
        signal?.removeEventListener('abort', aborted);
        settle(value);
      };
    const cancel = begin(ended(resolve), ended(reject));
    signal?.addEventListener('abort', aborted, { once: true });
  });
}
