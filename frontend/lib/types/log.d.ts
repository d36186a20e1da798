import { type Cursor } from "./cursor.ts";
import type { MessageEvent } from "./events.ts";
/** What was seen of a room's log: each entry once, in SEQ order, and the cursor to resume from. */
export declare class Log {
    /** Undefined until something was seen. */
    cursor: Cursor | undefined;
    entries: MessageEvent[];
    constructor(after?: Cursor);
    /** False for an entry that is known already: after a switch of transports both may bring it. */
    add(entry: MessageEvent): boolean;
    /** Moves the cursor past an entry that is not shown. It never goes back. */
    advance(to: Cursor): boolean;
    /** The server can't serve the cursor: what is kept follows, whatever its numbers. */
    reset(): void;
}
