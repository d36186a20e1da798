import { type Cursor } from "./cursor.ts";
import type { RoomId, ServerEvent } from "./events.ts";
/** What was read of a log after a place, or of its end. */
export interface LogPart {
    entries: readonly ServerEvent[];
    cursor: Cursor;
    /** The place is none of this log: the entries are all that is kept. */
    reset: boolean;
    reason: string;
}
/**
 * What the tab that leads keeps of one room, so that another tab that comes into it is told without
 * a request.
 */
export interface Past {
    take(event: ServerEvent): void;
    /**
     * What a tab is told that is at this place, or that has nothing yet; undefined where that is not
     * known here. Unless it is `live`, the connection is still to say so. With what was read for the
     * tab it is that: what came since it has heard itself.
     */
    tell(after: Cursor | undefined, live: boolean, part?: LogPart): ServerEvent[] | undefined;
}
/** Begins where the connection does. */
export declare function createPast(room: RoomId, begun: Cursor | undefined): Past;
