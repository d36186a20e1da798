/** The bound of the first delay. Milliseconds. */
const BASE = 500;

/** A server that asks for more than this is not obeyed: somebody is waiting at the page. */
const LONGEST_RETRY_AFTER = 5 * 60_000;

export interface Backoff {
  /**
   * The delay before the next attempt; never less than what the server asked for with `retryAfter`,
   * and up to `most`.
   */
  next(retryAfter?: number, most?: number): number;
  reset(): void;
}

/**
 * Exponential delays with full jitter: a node that goes down sends all its clients away at the same
 * moment, and they must not come back at the same moment. Delays grow up to `max` milliseconds.
 */
export function createBackoff(random: () => number, max = 30_000): Backoff {
  let bound = BASE;
  return {
    next(retryAfter = 0, most = max) {
      const delay = Math.min(retryAfter, LONGEST_RETRY_AFTER) + random() * Math.min(bound, most);
      bound = Math.min(max, bound * 2);
      return Math.round(delay);
    },
    reset() {
      bound = BASE;
    },
  };
}
