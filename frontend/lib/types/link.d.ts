import { type ChooserOptions } from "./chooser.ts";
import type { Command, ServerEvent } from "./events.ts";
import type { Input } from "./input.ts";
import type { Target } from "./target.ts";
import type { Environment, OpenTransport, Transport } from "./transport.ts";
export interface LinkOptions extends Omit<ChooserOptions, "env" | "open" | "close" | "carry"> {
    env: Environment;
    /** Asked for each try, so that each resumes from where the client is. */
    target: () => Target;
    open?: Partial<Record<Transport, OpenTransport>>;
    /** The events of the session, whichever transport brings them. Each session begins with `welcome`. */
    onEvent(event: ServerEvent): void;
    /** Another transport carries the session: what was under way on the one before has no answer to hope for. */
    onCarry(transport: Transport): void;
    /** Who one is has changed elsewhere, for all who share this connection. */
    onSession?(): void;
}
/** What a client has of its connection, which may be one that others share. */
export interface Port {
    input(input: Input): void;
    /** Sends on the carrier; false when it carries no commands. */
    send(command: Command): boolean;
    /** One is somebody else now: begins again. */
    restart(): void;
}
/** Does what the chooser decides: opens and closes transports, keeps its time, and passes on what the carrier brings. */
export declare function createLink(options: LinkOptions): Port;
