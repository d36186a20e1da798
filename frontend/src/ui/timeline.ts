import { type Message, postedText, type RoomFile, readFiles } from "../client/conversation.ts";
import {
  type Cursor,
  type Fields,
  type MessageEvent,
  type Person,
  type Post,
  type Problem,
  parseCursor,
  seqOf,
} from "../client/index.ts";
import type { Answered, Said } from "./conversation/talk.ts";
import { startOfDay } from "./i18n/index.ts";
import { looksSame } from "./identity.ts";
import { mentionsOf } from "./mentions/people.tsx";

/** What happened in a room while the page was open, in the order it came. */
export type Item =
  | { kind: "message"; message: MessageEvent; at: number }
  | { kind: "presence"; type: "joined" | "left"; person: Person; at: number; n: number }
  /** A large room has only its size told: by so many more, or fewer, than before. */
  | { kind: "crowd"; change: number; at: number; n: number }
  | NoticeItem;

/** What somebody did to the room, or to somebody in it: see rules/notice_line.tsx. */
export interface NoticeItem {
  kind: "notice";
  id: Cursor;
  /** As it came. */
  fields: Fields;
  at: number;
  /** It was done while one was there. */
  fresh: boolean;
}

export interface MessageRow {
  kind: "message";
  rowKey: string;
  id?: Cursor;
  /** The key it was posted under. */
  postKey?: string;
  from: Person;
  own: boolean;
  text: string;
  /** Whom it mentions. */
  mentions: readonly string[];
  /** What is attached to it, where anything is. */
  files?: readonly RoomFile[];
  at: number;
  state: "sent" | "waiting" | "refused";
  problem?: Problem;
  /** What became of it; undefined until it is in the log. */
  said?: Said;
  /** What it answers. */
  answered?: Answered;
  /** It mentions oneself. */
  mentioned?: true;
  /** One has hidden who says it. */
  folded?: true;
  /** The first and the last of a group. */
  first: boolean;
  last: boolean;
}

export interface PresenceRow {
  kind: "presence";
  rowKey: string;
  joined: Person[];
  left: Person[];
  /** Of whom only the number is known; and it may have been more, who came and went in between. */
  moreJoined: number;
  moreLeft: number;
}

export type Row =
  | MessageRow
  | PresenceRow
  | { kind: "day"; rowKey: string; at: number }
  | { kind: "notice"; rowKey: string; notice: NoticeItem }
  | { kind: "unread"; rowKey: string };

/** What others have said. */
export const isForeign = (row: Row) => row.kind === "message" && !row.own;

/** Its number in the log; -1 for what is not in it. */
export function seqOfRow(row: Row | undefined): number {
  return row?.kind === "message" && row.id !== undefined ? seqOf(row.id) : -1;
}

/** How many messages of others come after an entry of the log, by its number. */
export function foreignAfter(rows: readonly Row[], upTo: number): number {
  // From the end: one has seen most of them as a rule.
  const last = rows.findLastIndex((row) => isSeen(seqOfRow(row), upTo));
  return rows.slice(last + 1).filter((row) => isForeign(row) && seqOfRow(row) > upTo).length;
}

const isSeen = (seq: number, upTo: number) => seq >= 0 && seq <= upTo;

/** Messages of one person that are closer than this stand together. */
const GROUP_WITHIN = 5 * 60_000;

export interface TimelineInput {
  items: readonly Item[];
  posts: readonly Post[];
  self: Person;
  isOwn(id: string): boolean;
  /** A message as it is now; by default as it came. */
  said?(event: MessageEvent): Said;
  /** What a message answers, as it is now. */
  answered?(message: Pick<Message, "replyTo">): Answered | undefined;
  /** One has hidden them. */
  hidden?(person: Person): boolean;
  /** What was read before; the line stands after it. */
  readUpTo?: Cursor | undefined;
}

export function rowsOf(input: TimelineInput): Row[] {
  const { items, posts, self, isOwn, readUpTo } = input;
  const rows: Row[] = [];
  let day: number | undefined;
  let previous: MessageRow | undefined;
  let presence: PresenceRow | undefined;
  let unread = readUpTo !== undefined && isThere(items, readUpTo) ? seqOf(readUpTo) : undefined;

  const beginDay = (at: number) => {
    const itsDay = startOfDay(at);
    if (itsDay === day) return;
    day = itsDay;
    rows.push({ kind: "day", rowKey: `day:${itsDay}`, at });
    previous = undefined;
  };
  const pushMessage = (row: MessageRow) => {
    beginDay(row.at);
    presence = undefined;
    const together =
      previous !== undefined &&
      looksSame(previous.from, row.from) &&
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
    if (item.kind === "notice") {
      beginDay(item.at);
      presence = undefined;
      previous = undefined;
      rows.push({ kind: "notice", rowKey: item.id, notice: item });
      continue;
    }
    if (item.kind !== "message") {
      if (item.kind === "presence" && isOwn(item.person.id)) continue;
      if (presence === undefined) {
        presence = emptyPresence(item.n);
        rows.push(presence);
        previous = undefined;
      }
      if (item.kind === "presence") note(presence, item.type, item.person);
      else if (item.change > 0) presence.moreJoined += item.change;
      else presence.moreLeft -= item.change;
      continue;
    }
    const { at } = item;
    const said = input.said?.(item.message);
    const message: Message = said?.message ?? item.message;
    const answered = message.replyTo && input.answered?.(message);
    const own = isOwn(message.from.id);
    // What one wrote oneself, in another tab, is not new; what follows it is.
    if (unread !== undefined && !own && seqOf(message.id) > unread) {
      unread = undefined;
      rows.push({ kind: "unread", rowKey: `unread:${message.id}` });
      previous = undefined;
      presence = undefined;
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
      mentions: said ? (message.mentions ?? []) : mentionsOf(message.fields),
      at,
      state: "sent",
      ...(said && { said }),
      ...(message.files?.length && { files: message.files }),
      ...(answered && { answered }),
      ...(!own && message.mentions?.some(isOwn) && { mentioned: true as const }),
      ...(!own && input.hidden?.(message.from) && { folded: true as const }),
      first: true,
      last: true,
    });
  }
  for (const post of posts) {
    const replyTo = parseCursor(post.command?.replyTo);
    const answered = replyTo && input.answered?.({ replyTo: { id: replyTo } });
    // As they are known here; what goes out are their ids.
    const files = readFiles(post.command?.files);
    pushMessage({
      kind: "message",
      rowKey: `post:${post.key}`,
      ...(post.id === undefined ? {} : { id: post.id }),
      postKey: post.key,
      from: self,
      own: true,
      text: postedText(post),
      ...(files?.length && { files }),
      ...(answered && { answered }),
      mentions: mentionsOf(post.command),
      at: post.at,
      state: post.state,
      ...(post.problem === undefined ? {} : { problem: post.problem }),
      first: true,
      last: true,
    });
  }
  return rows.filter((row) => row.kind !== "presence" || isWorthALine(row));
}

function emptyPresence(n: number): PresenceRow {
  const none = { joined: [], left: [], moreJoined: 0, moreLeft: 0 };
  return { kind: "presence", rowKey: `presence:${n}`, ...none };
}

/** More of them are not named. */
export const MOST_NAMED = 6;

/** A few who came to a large room, or went, are not. */
function isWorthALine({ joined, left, moreJoined, moreLeft }: PresenceRow): boolean {
  const named = joined.length + left.length > 0;
  return named || Math.max(moreJoined, moreLeft) > MOST_NAMED;
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

/**
 * False when the log is another one now, so that the cursor says nothing about it. It may name an
 * entry that is no message.
 */
function isThere(items: readonly Item[], cursor: Cursor): boolean {
  const seq = seqOf(cursor);
  let last: number | undefined;
  for (const item of items) {
    if (item.kind !== "message") continue;
    last = seqOf(item.message.id);
    if (last === seq) return item.message.id === cursor;
  }
  return last !== undefined && seq < last;
}
