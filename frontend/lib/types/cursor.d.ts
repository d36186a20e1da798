/**
 * A cursor names one entry of a room's log, `SEQ-TAG`: the place right after it. TAG is random, so
 * a cursor of a log that was lost or began again matches nothing there, and the server says
 * `reset`.
 */
export type Cursor = string & {
    readonly __cursor: unique symbol;
};
/** The place before the first entry. */
export declare const START: Cursor;
/** Takes text from the wire or from storage; undefined when it is not a cursor. */
export declare function parseCursor(text: unknown): Cursor | undefined;
export declare function seqOf(cursor: Cursor): number;
/** Where one is after an entry that came by: it never goes back, and each entry is news once. */
export declare function later(before: Cursor | undefined, to: Cursor): Cursor;
