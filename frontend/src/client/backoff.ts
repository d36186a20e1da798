/** The bound of the first delay. Milliseconds. */
const BASE = 500;

/** A server that asks for more than this is not obeyed: somebody is waiting at the page. */
const LONGEST_RETRY_AFTER = 5 * 60_000;

/**
 * Exponential delays with full jitter: a node that goes down sends all its clients away at the same moment, and they
 * must not come back at the same moment.
 */
export class Backoff {
  readonly #random: () => number;
  readonly #max: number;
  #bound = BASE;

  /** Delays grow up to `max` milliseconds. */
  constructor({ random }: { random(): number }, max = 30_000) {
    this.#random = random;
    this.#max = max;
  }

  /** The delay before the next attempt; never less than what the server asked for with `retryAfter`. */
  next(retryAfter = 0): number {
    const delay = Math.min(retryAfter, LONGEST_RETRY_AFTER) + this.#random() * this.#bound;
    this.#bound = Math.min(this.#max, this.#bound * 2);
    return Math.round(delay);
  }

  reset(): void {
    this.#bound = BASE;
  }
}
