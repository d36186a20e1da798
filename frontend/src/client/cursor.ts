/**
 * A cursor names one entry of a room's log, `SEQ-TAG`: the place right after it. TAG is random, so
 * a cursor of a log that was lost or began again matches nothing there, and the server says
 * `reset`.
 */
export type Cursor = string & { readonly __cursor: unique symbol };

/** The place before the first entry. */
export const START = "0-0" as Cursor;

const SHAPE = /^(0|[1-9]\d{0,15})-[\da-z]{1,32}$/i;

/** Takes text from the wire or from storage; undefined when it is not a cursor. */
export function parseCursor(text: unknown): Cursor | undefined {
  return typeof text === "string" && SHAPE.test(text) ? (text as Cursor) : undefined;
}

export function seqOf(cursor: Cursor): number {
  return Number.parseInt(cursor, 10);
}

/** Where one is after an entry that came by: it never goes back, and each entry is news once. */
export function later(before: Cursor | undefined, to: Cursor): Cursor {
  return before && seqOf(to) <= seqOf(before) ? before : to;
}
