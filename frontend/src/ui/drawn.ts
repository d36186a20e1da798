import type { Row } from "./timeline.ts";

/**
 * Which rows of a long room are drawn: from one row to another, named by their keys, so that what
 * comes before and after moves nothing.
 */
export interface Range {
  /** Undefined: the last `FIRST` rows. */
  first?: string | undefined;
  /** Undefined: to the end. */
  last?: string | undefined;
}

/** Drawn before anything shows: a screenful, so that it shows at once on a slow phone. */
export const FIRST = 30;
/** Drawn soon after, and kept while one is at the end. */
export const WINDOW = 300;
/** Drawn at most, far from the end. */
const MOST = 700;
const KEPT = 500;

/** The drawn rows: from `from` to before `to`. */
export function drawnOf(rows: readonly Row[], range: Range, atEnd: boolean) {
  const last = range.last === undefined ? -1 : indexOf(rows, range.last);
  const to = last < 0 ? rows.length : last + 1;
  let from = range.first === undefined ? -1 : indexOf(rows, range.first);
  if (from < 0) from = Math.max(0, to - (range.first === undefined ? FIRST : WINDOW));
  if (atEnd && to === rows.length && to - from > WINDOW + 2 * FIRST) from = to - WINDOW;
  // What stands before a message goes with it: it has no key that lasts.
  while (from > 0 && rows[from - 1]?.kind !== "message") from--;
  return { from, to };
}

/** The range from one index to before another. */
export function rangeOf(rows: readonly Row[], from: number, to: number): Range {
  return {
    first: rows.slice(Math.max(0, from)).find(isMessage)?.rowKey ?? rows[Math.max(0, from)]?.rowKey,
    last: to >= rows.length ? undefined : rows.slice(0, to).findLast(isMessage)?.rowKey,
  };
}

/** The range with rows let go at the end that one does not read, when there are too many. */
export function trimmed(rows: readonly Row[], from: number, to: number, readsTop: boolean): Range {
  if (to - from <= MOST) return rangeOf(rows, from, to);
  return readsTop ? rangeOf(rows, from, from + KEPT) : rangeOf(rows, to - KEPT, to);
}

/** Some rows around one. */
export function around(rows: readonly Row[], index: number): Range {
  return rangeOf(rows, index - 2 * FIRST, index + 4 * FIRST);
}

const isMessage = (row: Row) => row.kind === "message";

/** From the end, where what is looked for most often is. */
function indexOf(rows: readonly Row[], key: string): number {
  return rows.findLastIndex((row) => row.rowKey === key);
}
