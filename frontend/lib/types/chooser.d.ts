import { type Action, type Input, type Memory, type Timing } from "./decisions.ts";
import { type Transport } from "./transport.ts";
export interface ChooserOptions {
    timing?: Partial<Timing>;
    memory?: Memory;
    /** Only these, in this order. Default all. */
    transports?: readonly Transport[];
    random?: () => number;
}
export declare class Chooser {
    #private;
    constructor(options?: ChooserOptions);
    step(input: Input, now: number): Action[];
    /** When `tick` must be given next; undefined when nothing is due. */
    deadline(): number | undefined;
    /** All transports, the most promising first. */
    order(now: number): Transport[];
}
