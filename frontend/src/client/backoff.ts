/** Times in milliseconds. */
export interface BackoffOptions {
  /** The bound of the first delay. Default 500. */
  base?: number;
  /** The bound of every delay. Default 30,000. */
  max?: number;
  /** In [0, 1). Default Math.random. */
  random?: () => number;
}

/** A server that asks for more than this is not obeyed: somebody is waiting at the page. */
const LONGEST_RETRY_AFTER = 5 * 60_000;

/**
 * Exponential delays with full jitter: a node that goes down sends all its clients away at the same moment, and they
 * must not come back at the same moment.
 */
export class Backoff {
  readonly #base: number;
  readonly #max: number;
  readonly #random: () => number;
  #attempts = 0;

  constructor(options: BackoffOptions = {}) {
    this.#base = options.base ?? 500;
    this.#max = options.max ?? 30_000;
    this.#random = options.random ?? Math.random;
  }

  /** The delay before the next attempt; never less than what the server asked for with `retryAfter`. */
  next(retryAfter = 0): number {
    const bound = Math.min(this.#max, this.#base * 2 ** this.#attempts);
    this.#attempts = Math.min(this.#attempts + 1, 30);
    const asked = Math.min(Math.max(0, retryAfter), LONGEST_RETRY_AFTER);
    return Math.round(asked + this.#random() * bound);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
