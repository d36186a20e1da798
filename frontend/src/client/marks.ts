import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor, later, parseCursor, START, seqOf } from "./cursor.ts";
import { defaultEnvironment } from "./environment.ts";
import type { ClientId, MessageEvent } from "./events.ts";
import { ask } from "./http.ts";
import { count, type Fields, list, must, type Reader, shape, text } from "./shape.ts";
import { roomUrl } from "./target.ts";

/** How far one has read, as the server knows it. */
export interface ReadMark {
  cursor: Cursor;
  /** Messages of others after it. */
  unread: number;
  /** Those of them that mention one. */
  mentions: number;
}

/** The options that the client was made with, and how far one had read before. */
export interface MarksOptions
  extends Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env" | "after"> {
  mark?: Cursor | undefined;
}

export interface Marks {
  /** How far one has read, on whichever device; undefined before anything is known. */
  readonly cursor: Cursor | undefined;
  /** Messages of others that are not read yet, without those that were taken back. */
  readonly unread: number;
  /** Those of them that mention one. */
  readonly mentions: number;
  /** The first and the last of them, if they are known. */
  readonly firstUnread: Cursor | undefined;
  readonly lastMention: Cursor | undefined;
  /** How far the server says one has read. */
  readonly told: Cursor | undefined;
  /** The server has said how far one has read, or it has nothing to say. */
  readonly settled: boolean;
  /** All up to this message has been seen. The server is told after a moment. */
  read(cursor: Cursor): void;
  /** Takes in messages that did not come as events of the client, such as earlier ones. */
  add(messages: readonly MessageEvent[]): void;
  /** Stops telling the server. */
  stop(): void;
}

/** What was seen within it is told together. Milliseconds. */
const TELL_AFTER = 300;
/** Between two tellings. Milliseconds. */
const TELL_EVERY = 2_000;

interface Unread {
  id: Cursor;
  from: ClientId;
  mentions: readonly ClientId[];
}

const ids = list(text);

/** Reads a mark out of the event `read`, or out of the answer of the call. */
export const readMark: Reader<ReadMark> = shape<ReadMark>({
  cursor: must(parseCursor),
  unread: count,
  mentions: count,
});

/**
 * Follows how far one has read a client's room. A person's tabs and devices have one mark, which
 * only moves forward; a guest has one of this client's own. The count is of the messages that the
 * client has heard of, and of what the server says was before them. `onChange` is called when any of
 * it may have changed. Begin before `start()`.
 */
export function followMarks(
  client: Pick<Client, "on" | "isOwn" | "messages" | "cursor" | "session" | "state">,
  options: MarksOptions,
  onChange: () => void = () => undefined,
): Marks {
  const env = { ...defaultEnvironment(), ...options.env };
  let mark = options.mark;
  /** Up to where the server knows it. */
  let told: Cursor | undefined;
  /** Where one began to read without ever having been here. */
  let floor: Cursor | undefined;
  let live = false;
  /** What was counted when a reset began: what is kept has to come first. */
  let last = { unread: 0, mentions: 0 };
  let resets = false;
  let rewritten = false;
  /** The end of a log that was begun anew, when it was first read. */
  let begun: Cursor | undefined;
  /** The client has heard of all messages after it. */
  let whole = options.after ?? START;
  /** Unread ones before that. */
  let before = { unread: 0, mentions: 0 };
  /** Messages after the mark, by anybody. */
  let held: Unread[] = [];
  let timer: number | undefined;
  let toldAt = Number.NEGATIVE_INFINITY;
  /** The server has no marks for whoever one is. */
  let off = false;

  function take({ id, from, fields = {} }: MessageEvent): void {
    if (fields.deleted === true) return;
    const one = { id, from: from.id, mentions: ids(fields.mentions) ?? [] };
    const newest = held.at(-1);
    if (!newest || seqOf(newest.id) < seqOf(id)) held.push(one);
    else if (!held.some((other) => other.id === id)) {
      held.push(one);
      held.sort((a, b) => seqOf(a.id) - seqOf(b.id));
    }
  }

  function amended(name: string, fields: Fields): void {
    const at = held.findIndex(({ id }) => id === fields.target);
    const one = held[at];
    if (!one) return;
    if (name === "delete") held.splice(at, 1);
    else if (name === "edit") one.mentions = ids(fields.mentions) ?? [];
    else return;
    onChange();
  }

  function unread(): Unread[] {
    const read = mark ?? floor;
    if (!read) return []; // nothing is known yet
    const after = seqOf(read);
    return held.filter(({ id, from }) => seqOf(id) > after && !client.isOwn(from));
  }

  function mentioned(): Unread[] {
    const me = client.session?.clientId;
    return me === undefined ? [] : unread().filter(({ mentions }) => mentions.includes(me));
  }

  function counted() {
    if (resets) return last;
    return {
      unread: unread().length + before.unread,
      mentions: mentioned().length + before.mentions,
    };
  }

  /** Reports whether it has moved. */
  function move(to: Cursor): boolean {
    const next = later(mark, to);
    if (next === mark) return false;
    mark = next;
    if (seqOf(next) >= seqOf(whole)) before = { unread: 0, mentions: 0 };
    prune();
    return true;
  }

  function prune(): void {
    const after = seqOf(mark ?? START);
    if (live) held = held.filter(({ id }) => seqOf(id) > after);
  }

  /** Reports whether a cursor is certainly one of another log: that one was lost or has expired. */
  function isVoid(cursor: Cursor): boolean {
    const seq = seqOf(cursor);
    if (seq > seqOf(client.cursor ?? START)) return true;
    return client.messages.some(({ id }) => seqOf(id) === seq && id !== cursor);
  }

  /** What the server knows. */
  function hear({ cursor, unread: left, mentions }: ReadMark): void {
    if (cursor === begun) {
      // The server has lost its mark too, and begins a new one at the end of what is kept.
      told = cursor;
    } else if (isVoid(cursor)) {
      // All that is kept came after it.
      told = undefined;
      floor = START;
    } else {
      told = later(told, cursor);
      move(cursor);
      if (mark === cursor && seqOf(mark) < seqOf(whole)) {
        before = {
          unread: Math.max(0, left - unread().length),
          mentions: Math.max(0, mentions - mentioned().length),
        };
      }
    }
    plan();
    onChange();
  }

  /** Sees to it that the server knows the mark. */
  function plan(): void {
    if (off || !live || !client.session || timer !== undefined) return;
    if (client.state.status !== "live") return; // it is told when that is back
    if (!mark || seqOf(mark) <= seqOf(told ?? START)) return;
    const wait = Math.max(TELL_AFTER, toldAt + TELL_EVERY - env.now());
    timer = env.setTimeout(() => void tell(), wait);
  }

  function stop(): void {
    if (timer !== undefined) env.clearTimeout(timer);
    timer = undefined;
  }

  async function tell(): Promise<void> {
    const mine = timer;
    toldAt = env.now();
    const token = options.tokens ? client.session?.token : undefined;
    const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
    const body = { cursor: mark };
    const { result, problem } = await ask(env, roomUrl(options, "/read"), headers, readMark, body);
    if (timer !== mine) return;
    timer = undefined;
    if (result) return hear(result);
    // What the server refuses it refuses again; all else passes.
    const { status = 0 } = problem;
    off = status >= 400 && status < 500 && status !== 429 && status !== 408;
    plan();
    onChange();
  }

  /** What is kept has come. */
  function current(cursor: Cursor): void {
    // The numbers of a log that is another one now mean other messages.
    const lost = rewritten || (mark && isVoid(mark));
    if (lost) {
      mark = told = undefined;
      floor = START;
    }
    begun = lost ? cursor : undefined;
    rewritten = resets = false;
    // Who comes for the first time has missed nothing.
    if (!mark) floor ??= cursor;
    live = true;
    prune();
    plan();
    onChange();
  }

  for (const message of client.messages) take(message);
  client.on("message", (message) => {
    take(message);
    plan();
    onChange();
  });
  client.on("event", (event) => {
    if (event.type !== "unknown") return;
    // A poll that brought a reset ends so.
    if (event.name === "cursor" && event.id && resets) current(event.id);
    if (!event.fields) return;
    const known = event.name === "read" && readMark(event.fields);
    if (known) hear(known);
    else amended(event.name, event.fields);
  });
  client.on("reset", ({ reason }) => {
    last = counted();
    live = false;
    resets = true;
    rewritten = reason !== "expired";
    held = [];
    whole = START;
    before = { unread: 0, mentions: 0 };
    onChange();
  });
  client.on("live", ({ cursor }) => current(cursor));
  client.on("session", () => {
    off = false;
    plan();
    onChange();
  });

  return {
    get cursor() {
      return mark ?? floor;
    },
    get unread() {
      return counted().unread;
    },
    get mentions() {
      return counted().mentions;
    },
    get firstUnread() {
      return unread()[0]?.id;
    },
    get lastMention() {
      return mentioned().at(-1)?.id;
    },
    get told() {
      return told;
    },
    get settled() {
      return live && (told !== undefined || off || client.session === null);
    },
    read(cursor) {
      if (!move(cursor)) return;
      plan();
      onChange();
    },
    add(messages) {
      for (const message of messages) {
        take(message);
        if (seqOf(message.id) <= seqOf(whole)) whole = message.id;
      }
      onChange();
    },
    stop,
  };
}
