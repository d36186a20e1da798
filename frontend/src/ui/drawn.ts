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
/** Kept while one is elsewhere, if there are no more near to the screen. */
const MOST = 50;

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
  const start = Math.max(0, from);
  let first = start;
  while (first < rows.length && !isMessage(rows[first])) first++;
  let last = to - 1;
  while (last >= 0 && !isMessage(rows[last])) last--;
  return {
    first: (rows[first] ?? rows[start])?.rowKey,
    last: to >= rows.length ? undefined : rows[last]?.rowKey,
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

/**
 * Draws `n` rows more where they are needed, and lets some go that are far away if there are many:
 * twice as many at most, since that takes time too.
 */
export function moved(drawn: Drawn, n: number, count: number): { from: number; to: number } {
  const { from, to, up, down, near } = drawn;
  const grown = {
    from: up ? Math.max(0, from - n) : from,
    to: down ? Math.min(count, to + n) : to,
  };
  const excess = Math.min(2 * n, grown.to - grown.from - MOST);
  if (excess <= 0) return grown;
  if (!down && to > near.to) return { ...grown, to: Math.max(near.to, to - excess) };
  if (!up && from < near.from) return { ...grown, from: Math.min(near.from, from + excess) };
  return grown;
}

/** Some rows around one. */
export function around(rows: readonly Row[], index: number): Range {
  return rangeOf(rows, index - 2 * FIRST, index + 4 * FIRST);
}

const isMessage = (row: Row | undefined) => row?.kind === "message";

/** From the end, where what is looked for most often is. */
function indexOf(rows: readonly Row[], key: string): number {
  return rows.findLastIndex((row) => row.rowKey === key);
}
