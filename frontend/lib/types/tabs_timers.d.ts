import type { Environment } from "./transport.ts";
export interface Timers {
    /** The environment with these timers. */
    readonly env: Environment;
    /** Runs what is due. */
    drive(): void;
}
/** Timers that others can run when they are due: a hidden tab's own may come a minute late. */
export declare function createTimers(environment: Environment): Timers;
