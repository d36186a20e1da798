import type { LogEntry } from "./shapes.ts";

/** How many entries are kept in the page: a busy room says more than one can read. */
const KEPT = 500;

/** What is shown of a room's log, in its order; each entry once. */
export interface Log {
  rows: readonly LogEntry[];
  /** How many have come by themselves. */
  news: number;
}

export const EMPTY: Log = { rows: [], news: 0 };

/** The number in an entry's id, as in "42-7f3a9c12". */
function seqOf(id: string): number {
  return Number.parseInt(id, 10) || 0;
}

/** Entries that were said before those that are shown. */
export function withEarlier(log: Log, earlier: readonly LogEntry[]): Log {
  const first = log.rows[0];
  const known = new Set(log.rows.map(({ id }) => id));
  const older = earlier.filter(
    (entry) =>
      isShown(entry) &&
      !known.has(entry.id) &&
      (first === undefined || seqOf(entry.id) < seqOf(first.id)),
  );
  return { ...log, rows: [...older, ...log.rows] };
}

/** What follows when an entry comes: it is shown, or changes one that is. */
export function withEntry(log: Log, entry: LogEntry): Log {
  if (typeof entry.id !== "string") return log;
  switch (entry.type) {
    case "message":
    case "notice": {
      const at = log.rows.findIndex(({ id }) => id === entry.id);
      if (at >= 0) return { ...log, rows: log.rows.with(at, entry) };
      const last = log.rows.at(-1);
      if (last !== undefined && seqOf(entry.id) <= seqOf(last.id)) return log;
      if (entry.type === "notice" && entry.what === "cleared") {
        return { rows: [entry], news: log.news + 1 };
      }
      return { rows: [...log.rows, entry].slice(-KEPT), news: log.news + 1 };
    }
    case "edit":
      return amended(log, entry.target, (row) => ({
        ...row,
        text: entry.text ?? "",
        editedAt: entry.time ?? "",
      }));
    case "delete":
      return amended(log, entry.target, ({ id, type, from, time }) => ({
        id,
        type,
        deleted: true,
        ...(from === undefined ? {} : { from }),
        ...(time === undefined ? {} : { time }),
      }));
    case "reaction":
      return amended(log, entry.target, (row) => ({ ...row, reactions: reacted(row, entry) }));
    default:
      return log;
  }
}

function isShown({ type }: LogEntry): boolean {
  return type === "message" || type === "notice";
}

function amended(log: Log, target: string | undefined, change: (row: LogEntry) => LogEntry): Log {
  const at = log.rows.findIndex(({ id }) => id === target);
  const row = log.rows[at];
  return row === undefined ? log : { ...log, rows: log.rows.with(at, change(row)) };
}

function reacted(row: LogEntry, { emoji = "", on }: LogEntry): { emoji: string; count: number }[] {
  const all = (row.reactions ?? []).map((one) => ({ ...one }));
  const known = all.find((one) => one.emoji === emoji);
  if (known !== undefined) known.count += on === false ? -1 : 1;
  else if (on !== false) all.push({ emoji, count: 1 });
  return all.filter(({ count }) => count > 0);
}
