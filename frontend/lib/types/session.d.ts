import type { ClientOptions, SessionResult } from "./client_types.ts";
import { type Session } from "./events.ts";
import type { Environment } from "./transport.ts";
export interface SessionKeeperOptions extends Pick<ClientOptions, "baseUrl" | "name" | "session" | "tokens"> {
    env: Environment;
    /** Reports whether the client is started. */
    running(): boolean;
    /**
     * Who one is became known: null for a guest. `renewed` when the connection is still another's.
     */
    onSession(session: Session | null, renewed?: boolean): void;
    /** There is nothing to wait for before the room is read. */
    onReady(): void;
}
/** Who one is: finds it out, takes a name, and renews a session that has ended. */
export interface SessionKeeper {
    /** Undefined until the server was asked, null for a guest. */
    readonly session: Session | null | undefined;
    headers(): Record<string, string>;
    /** Finds out who one is, unless that is known. Reports whether a session is made for it. */
    find(): boolean;
    signIn(name: string): Promise<SessionResult>;
    /**
     * The session has ended: a new one under the same name. Without a name, or when the server gives no
     * new one to somebody whose sign-in is over, one reads on as a guest, who is asked for one.
     */
    signedOut(): void;
    /** Another tab has signed in or taken another name; the cookie is the same. */
    follow(): Promise<void>;
    stop(): void;
}
export declare function createSessionKeeper(options: SessionKeeperOptions): SessionKeeper;
