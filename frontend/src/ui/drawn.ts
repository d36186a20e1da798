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
/** Drawn at most while one scrolls, and how many are let go at once, which takes time too. */
const MOST = 100;
const LET_GO = 12;
/** Drawn at most while one reads. */
const FLOOD = 700;

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

export interface Drawn {
  from: number;
  to: number;
  /** More are needed here. */
  up: boolean;
  down: boolean;
  /** What is near to the screen, which is not let go. */
  near: { from: number; to: number };
}

/** Draws `n` rows more where they are needed, and lets some go on the other side if there are many. */
export function moved(drawn: Drawn, n: number, count: number): { from: number; to: number } {
  const { from, to, up, down, near } = drawn;
  const grown = {
    from: up ? Math.max(0, from - n) : from,
    to: down ? Math.min(count, to + n) : to,
  };
  // While one reads, what comes is drawn: only who scrolls makes rows go, or a flood.
  const most = up || down ? MOST : FLOOD;
  const excess = Math.min(LET_GO, grown.to - grown.from - most);
  if (excess <= 0) return grown;
  if (!down && to > near.to) return { ...grown, to: Math.max(near.to, to - excess) };
  if (!up && from < near.from) return { ...grown, from: Math.min(near.from, from + excess) };
  return grown;
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
