import type { ConnectionState, Decision, Input, Memory, Timing } from "./decisions.ts";
import { type End } from "./end.ts";
import type { Command, ServerEvent } from "./events.ts";
import type { Environment, OpenTransport, Target, Transport } from "./transport.ts";
export interface LinkOptions {
    env: Environment;
    /** Asked for each try, so that each resumes from where the client is. */
    target: () => Target;
    timing?: Partial<Timing>;
    memory?: Memory;
    transports?: readonly Transport[];
    open?: Partial<Record<Transport, OpenTransport>>;
    /** The events of the session, whichever transport brings them. Each session begins with `welcome`. */
    onEvent(event: ServerEvent): void;
    /** Another transport carries the session: what was under way on the one before has no answer to hope for. */
    onCarry(transport: Transport): void;
    onState(state: ConnectionState): void;
    onDecision(decision: Decision): void;
    onMemory(memory: Memory): void;
    /** Who one is has changed elsewhere, for all who share this connection. */
    onSession?(): void;
    /** The server has closed the door; `start()` tries again. */
    onFinal(end: End): void;
}
/** What a client has of its connection, which may be one that others share. */
export interface Port {
    input(input: Input): void;
    send(command: Command): boolean;
    /** One is somebody else now: begins again. Without it, `stop` and `start` do. */
    restart?(): void;
}
/** Does what the chooser decides: opens and closes transports, keeps its time, and passes on what the carrier brings. */
export declare class Link implements Port {
    #private;
    constructor(options: LinkOptions);
    /** Inputs that come up while one is worked on wait their turn. */
    input(input: Input): void;
    /** Sends on the carrier; false when it carries no commands. */
    send(command: Command): boolean;
    get transport(): Transport | undefined;
}
