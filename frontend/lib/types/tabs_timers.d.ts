import type { Environment } from "./transport.ts";
/** Timers that whoever comes by can run when they are due: a hidden tab's own may come a minute late. */
export declare class Timers {
    #private;
    readonly env: Environment;
    constructor(env: Environment);
    /** Runs what is due. */
    drive(): void;
}
