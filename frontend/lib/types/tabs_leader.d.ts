import type { ConnectionOptions } from "./connection.ts";
import { type LocksLike } from "./tabs_lock.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";
export interface LeaderOptions {
    connection: ConnectionOptions;
    /** The tab that this is. */
    id: string;
    /** The lock of each tab is named by this and the tab. */
    tabs: string;
    locks: LocksLike | undefined;
    tell(body: TabMessageBody, to?: string): void;
}
/** The tab that leads has the connection, for all: who is in which room, and what they are told. */
export interface Leader {
    /** Does what a tab, or this one, asks of the connection. */
    serve(message: TabMessage): void;
    /** Call it now and then. */
    tick(): void;
    close(): void;
}
export declare function createLeader(options: LeaderOptions): Leader;
