/** Times in milliseconds. */
export interface BackoffOptions {
    /** The bound of the first delay. Default 500. */
    base?: number;
    /** The bound of every delay. Default 30,000. */
    max?: number;
    /** In [0, 1). Default Math.random. */
    random?: () => number;
}
/**
 * Exponential delays with full jitter: a node that goes down sends all its clients away at the same moment, and they
 * must not come back at the same moment.
 */
export declare class Backoff {
    #private;
    constructor(options?: BackoffOptions);
    /** The delay before the next attempt; never less than what the server asked for with `retryAfter`. */
    next(retryAfter?: number): number;
    reset(): void;
}
