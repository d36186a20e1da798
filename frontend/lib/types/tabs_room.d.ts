import type { ConnectionOptions } from "./connection.ts";
import type { RoomId } from "./events.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";
export interface TabRoomOptions {
    room: RoomId;
    connection: ConnectionOptions;
    /** Asks the leader. */
    ask(body: TabMessageBody): void;
}
/**
 * What one tab has of one of its rooms on the shared connection: its place in the log, and what is
 * told.
 */
export interface TabRoom {
    /** Takes part again. */
    start(): void;
    /** Reports whether a post may go over the shared connection now. */
    canSend(): boolean;
    /** Asks the leader for the room, from where this tab is. */
    join(): void;
    /** A join that was not answered may be asked for again. */
    forgetJoin(): void;
    /** Reports whether the leader has it in the room. */
    takesPart(): boolean;
    /** Leaves the room; `leave` tells the others in it. */
    part(leave: boolean): void;
    /** The leader is another one: what was under way has no answer to hope for. */
    interrupt(): void;
    stop(): void;
    /** Does what the leader says. */
    follow(message: TabMessage): void;
}
export declare function createTabRoom({ room, connection, ask: askLeader }: TabRoomOptions): TabRoom;
