import {
  type Cursor,
  type MessageEvent,
  type Person,
  type Post,
  type Problem,
  seqOf,
} from "../client/index.ts";
import { startOfDay } from "./i18n/index.ts";

/** What happened in a room while the page was open, in the order it came. */
export type Item =
  | { kind: "message"; message: MessageEvent; at: number }
  | { kind: "presence"; type: "joined" | "left"; person: Person; at: number; n: number };

export interface MessageRow {
  kind: "message";
  rowKey: string;
  id?: Cursor;
  /** The key it was posted under. */
  postKey?: string;
  from: Person;
  own: boolean;
  text: string;
  at: number;
  state: "sent" | "waiting" | "refused";
  problem?: Problem;
  /** The first and the last of a group. */
  first: boolean;
  last: boolean;
}

export interface PresenceRow {
  kind: "presence";
  rowKey: string;
  joined: Person[];
  left: Person[];
}

export type Row =
  | MessageRow
  | PresenceRow
  | { kind: "day"; rowKey: string; at: number }
  | { kind: "unread"; rowKey: string };

/** Messages of one person that are closer than this stand together. */
const GROUP_WITHIN = 5 * 60_000;

export interface TimelineInput {
  items: readonly Item[];
  posts: readonly Post[];
  self: Person;
  isOwn(id: string): boolean;
  /** What was read before; the line stands after it. */
  readUpTo?: Cursor | undefined;
}

export function rowsOf({ items, posts, self, isOwn, readUpTo }: TimelineInput): Row[] {
  const rows: Row[] = [];
  let day: number | undefined;
  let previous: MessageRow | undefined;
  let presence: PresenceRow | undefined;
  let unread = readUpTo !== undefined && isThere(items, readUpTo) ? seqOf(readUpTo) : undefined;

  const pushMessage = (row: MessageRow) => {
    const itsDay = startOfDay(row.at);
    if (itsDay !== day) {
      day = itsDay;
      rows.push({ kind: "day", rowKey: `day:${itsDay}`, at: row.at });
      previous = undefined;
    }
    presence = undefined;
    const together =
      previous !== undefined &&
      previous.from.id === row.from.id &&
      previous.own === row.own &&
      row.at - previous.at < GROUP_WITHIN;
    if (together && previous !== undefined) {
      row.first = false;
      previous.last = false;
    }
    rows.push(row);
    previous = row;
  };

  for (const item of items) {
    if (item.kind === "presence") {
      if (isOwn(item.person.id)) continue;
      if (presence === undefined) {
        presence = { kind: "presence", rowKey: `presence:${item.n}`, joined: [], left: [] };
        rows.push(presence);
        previous = undefined;
      }
      note(presence, item.type, item.person);
      continue;
    }
    const { message, at } = item;
    const own = isOwn(message.from.id);
    if (unread !== undefined && seqOf(message.id) > unread) {
      unread = undefined;
      if (!own) {
        rows.push({ kind: "unread", rowKey: "unread" });
        previous = undefined;
        presence = undefined;
      }
    }
    pushMessage({
      kind: "message",
      // A post keeps its row when it becomes an entry.
      rowKey: own && message.key !== undefined ? `post:${message.key}` : message.id,
      id: message.id,
      ...(message.key === undefined ? {} : { postKey: message.key }),
      from: message.from,
      own,
      text: message.text,
      at,
      state: "sent",
      first: true,
      last: true,
    });
  }
  for (const post of posts) {
    pushMessage({
      kind: "message",
      rowKey: `post:${post.key}`,
      ...(post.id === undefined ? {} : { id: post.id }),
      postKey: post.key,
      from: self,
      own: true,
      text: post.text,
      at: post.at,
      state: post.state,
      ...(post.problem === undefined ? {} : { problem: post.problem }),
      first: true,
      last: true,
    });
  }
  return rows.filter((row) => row.kind !== "presence" || row.joined.length + row.left.length > 0);
}

/** Who came and went within one quiet line: what cancels out is not worth a word. */
function note(row: PresenceRow, type: "joined" | "left", person: Person): void {
  const [to, from] =
    type === "joined" ? (["joined", "left"] as const) : (["left", "joined"] as const);
  if (row[from].some((p) => p.id === person.id)) {
    row[from] = row[from].filter((p) => p.id !== person.id);
  } else if (!row[to].some((p) => p.id === person.id)) {
    row[to] = [...row[to], person];
  }
}

/** False when the log is another one now, so that the cursor says nothing about it. */
function isThere(items: readonly Item[], cursor: Cursor): boolean {
  let first: number | undefined;
  for (const item of items) {
    if (item.kind !== "message") continue;
    first ??= seqOf(item.message.id);
    if (item.message.id === cursor) return true;
  }
  return first !== undefined && seqOf(cursor) < first;
}
