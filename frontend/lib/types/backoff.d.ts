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
export declare function createBackoff(random: () => number, max?: number): Backoff;
