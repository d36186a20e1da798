import { type Connection, type ConnectionOptions } from "./connection.ts";
import { type Cursor } from "./cursor.ts";
import { type End } from "./end.ts";
import type { RoomId, ServerEvent } from "./events.ts";
import { type Server } from "./target.ts";
/** What the server takes on one connection. */
export declare const MOST_ROOMS = 64;
export interface MultiRoomOptions extends Omit<ConnectionOptions, "target" | "onEvent"> {
    /** Where to, and as whom; the rooms are added. */
    target: () => Server;
    onRoom(room: RoomId, event: ServerEvent): void;
    /** One room has ended; the others go on. */
    onRoomEnd(room: RoomId, end: End): void;
}
/**
 * One connection that carries any number of rooms, each read from its own cursor. Rooms are named
 * as the server names them.
 */
export interface MultiRoom extends Connection {
    size(): number;
    has(room: RoomId): boolean;
    add(room: RoomId, after?: Cursor): void;
    /** `leave` tells the others in the room at once that one is gone. */
    remove(room: RoomId, leave: boolean): void;
    /** Begins again, as who one is now. */
    restart(): void;
    /** For good: whoever leads the rooms now is another. */
    close(): void;
}
export declare function createMultiRoom(options: MultiRoomOptions): MultiRoom;
