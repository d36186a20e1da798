import type { Cursor } from "./cursor.ts";
import { type RoomId } from "./events.ts";
import type { LogPart } from "./tabs_past.ts";
import { type Server } from "./target.ts";
import type { Environment } from "./transport.ts";
export { createPast } from "./tabs_past.ts";
/** A tab that is to be told what is after its place in a room's log. */
export interface Want {
    from: string;
    room: RoomId;
    after?: Cursor | undefined;
}
export interface ReaderOptions {
    env: Environment;
    target(): Server;
    /** Tells the tab, without a request or what was read; false where that can't be done. */
    tell(want: Want, part?: LogPart): boolean;
}
export interface Reader {
    add(want: Want): void;
    /** The tab does not want it any more. */
    forget(want: Pick<Want, "room" | "from">): void;
}
/**
 * Reads the logs of rooms for tabs whose place the leader does not know: one at a time, since a
 * browser has few connections to a server, and one read serves all tabs of the room.
 */
export declare function createReader({ env, target, tell }: ReaderOptions): Reader;
