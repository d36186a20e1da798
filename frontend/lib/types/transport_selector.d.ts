import { type ConnectionState, type Decision, type Memory, type Timing } from "./decisions.ts";
import type { End } from "./end.ts";
import type { AttemptId, Input } from "./selector_input.ts";
import { type Environment, type Transport } from "./transport.ts";
export interface TransportSelectorOptions {
    timing?: Partial<Timing>;
    memory?: Memory | undefined;
    /** Only these, in this order. Default all. */
    transports?: readonly Transport[] | undefined;
    env: Pick<Environment, "now" | "random">;
    /** Opens and closes what is tried. */
    open(id: AttemptId, transport: Transport): void;
    close(id: AttemptId): void;
    /** From now on this try's events are the session's. */
    activate(id: AttemptId, transport: Transport): void;
    onState(state: ConnectionState): void;
    onDecision(decision: Decision): void;
    onMemory(memory: Memory): void;
    /** The server has closed the door: nothing is open, nothing is tried. */
    onFinal(end: End): void;
}
export interface TransportSelector {
    step(input: Input): void;
    /** When `tick` must be given next; undefined when nothing is due. */
    deadline(): number | undefined;
}
export declare function createTransportSelector(options: TransportSelectorOptions): TransportSelector;
