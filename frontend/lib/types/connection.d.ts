import type { Command, ServerEvent } from "./events.ts";
import type { Input } from "./selector_input.ts";
import type { TransportSelectorOptions } from "./selector_parts.ts";
import type { Target } from "./target.ts";
import type { Environment, OpenTransport, Transport } from "./transport.ts";
export interface ConnectionOptions extends Omit<TransportSelectorOptions, "env" | "open" | "close" | "activate"> {
    env: Environment;
    /** Asked for each attempt, so that each resumes from where the client is. */
    target: () => Target;
    open?: Partial<Record<Transport, OpenTransport>>;
    /**
     * The events of the session, whichever transport brings them. Each session begins with `welcome`.
     */
    onEvent(event: ServerEvent): void;
    /**
     * Another transport carries the session: what was under way on the one before has no answer to
     * hope for.
     */
    onActivate(transport: Transport): void;
    /** Who one is has changed elsewhere, for all who share this connection. */
    onSession?(): void;
}
/** What a client has of its connection, which may be one that others share. */
export interface Connection {
    input(input: Input): void;
    /** Sends on the active transport; false when it carries no commands. */
    send(command: Command): boolean;
}
/**
 * Does what the selector decides: opens and closes transports, keeps its time, and passes on what
 * the active transport brings.
 */
export declare function createConnection(options: ConnectionOptions): Connection;
