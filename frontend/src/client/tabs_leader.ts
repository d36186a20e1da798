import type { ConnectionOptions } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import type { ConnectionState, Decision } from "./decisions.ts";
import type { End } from "./end.ts";
import type { RoomId, ServerEvent, Session } from "./events.ts";
import { createMultiRoom, MOST_ROOMS } from "./multi_room.ts";
import { type LocksLike, watch } from "./tabs_lock.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";
import type { LogPart, Past } from "./tabs_past.ts";
import type { Reader, Want } from "./tabs_reader.ts";
import { createTimers } from "./tabs_timers.ts";

/**
 * Without locks a tab that was not heard for so long is gone: a hidden one's timers run once a
 * minute. Milliseconds.
 */
const TAB_SILENT = 150_000;
const DECISIONS_TOLD = 30;
const MOST_EARLY = 200;

export interface LeaderOptions {
  connection: ConnectionOptions;
  /** The tab that this is. */
  id: string;
  /** The lock of each tab is named by this and the tab. */
  tabs: string;
  locks: LocksLike | undefined;
  tell(body: TabMessageBody, to?: string): void;
}

/** What keeps it is loaded when it is needed first: until then there is what came. */
interface Kept {
  begun: Cursor | undefined;
  early: ServerEvent[];
  past?: Past;
}

interface Member {
  rooms: Set<RoomId>;
  heardAt: number;
  unwatch?: () => void;
}

/** The tab that leads has the connection, for all: who is in which room, and what they are told. */
export interface Leader {
  /** Does what a tab, or this one, asks of the connection. */
  serve(message: TabMessage): void;
  /** Call it now and then. */
  tick(): void;
  close(): void;
}

export function createLeader(options: LeaderOptions): Leader {
  const { connection } = options;
  const { env } = connection;
  const timers = createTimers(env);
  const members = new Map<string, Member>();
  /** Events told of each room, so that a tab notices one that it missed. */
  const counts = new Map<RoomId, number>();
  /** What came by of each room. */
  const pasts = new Map<RoomId, Kept>();
  /** Which tab an answer to a command is for. */
  const posts = new Map<string, string>();
  const decisions: Decision[] = [];
  let session: Session | undefined;
  let state: ConnectionState = {
    status: "connecting",
    proven: false,
    failures: 0,
    downSince: env.now(),
  };
  let closed = false;
  let reader: Reader | undefined;
  const shared = createMultiRoom({
    ...connection,
    env: timers.env,
    target() {
      const { baseUrl, headers } = connection.target();
      return { baseUrl, headers, ...(session && { session }) };
    },
    onRoom: relay,
    onRoomEnd: (room, ended) => end(ended, room),
    onActivate() {
      posts.clear(); // no answers come from the one before
      tell({ type: "activate" });
    },
    onState(next) {
      state = next;
      tell({ type: "state", state });
    },
    onDecision(decision) {
      decisions.push(decision);
      if (decisions.length > DECISIONS_TOLD) decisions.shift();
      tell({ type: "decision", decision });
    },
    onFinal: (ended) => end(ended),
  });

  /** Tells a tab the past without a request; false where that can't be done. */
  function tellPast({ from, room, after }: Want, part?: LogPart): boolean {
    const events = pasts.get(room)?.past?.tell(after, state.status === "live", part);
    if (events) tell({ type: "past", room, events }, from);
    return closed || !!events;
  }

  /** Another tab is in a room that is read already. */
  async function bring(want?: Want): Promise<void> {
    try {
      const { createPast, createReader } = await import("./tabs_reader.ts");
      for (const [room, kept] of pasts) {
        kept.past ??= createPast(room, kept.begun);
        kept.early.splice(0).forEach(kept.past.take);
      }
      reader ??= createReader({ env: timers.env, target: connection.target, tell: tellPast });
      if (want) reader.add(want);
    } catch {
      // It has a connection of its own then.
      if (want) tell({ type: "full", room: want.room }, want.from);
    }
  }

  function keep(room: RoomId, event: ServerEvent): void {
    const kept = pasts.get(room);
    if (kept?.past) kept.past.take(event);
    else if (kept?.early.push(event) === MOST_EARLY) void bring();
  }

  function close(): void {
    closed = true;
    for (const { unwatch } of members.values()) unwatch?.();
    members.clear();
    shared.close();
  }

  function tell(body: TabMessageBody, to?: string): void {
    if (!closed) options.tell(body, to);
  }

  /** What a tab, or this one, asks of the connection. */
  function serve(message: TabMessage): void {
    if (closed) return;
    const { from } = message;
    const member = members.get(from);
    if (member !== undefined) member.heardAt = env.now();
    switch (message.type) {
      case "ask":
        timers.drive();
        return tell({ type: "here", fresh: member === undefined }, from);
      case "join":
        return admit(message);
      case "part":
        return part(from, message.room, message.leave);
      case "send":
        if (message.command.key) posts.set(message.command.key, from);
        shared.send({ ...message.command, roomId: message.room });
        return;
      case "input":
        return shared.input(message.input);
      case "restart":
        if (message.session !== undefined) session = message.session;
        return shared.restart();
    }
  }

  function admit(message: Extract<TabMessage, { type: "join" }>): void {
    const { from, room, after } = message;
    const first = !shared.has(room);
    if (first && shared.size() >= MOST_ROOMS) return tell({ type: "full", room }, from);
    if (message.session !== undefined) session = message.session;
    const known = members.get(from);
    const member = known ?? enter(from);
    member.heardAt = env.now();
    member.rooms.add(room);
    const n = counts.get(room) ?? 0;
    const told = known === undefined && from !== options.id ? decisions : [];
    if (first) pasts.set(room, { begun: after, early: [] });
    shared.add(room, after);
    tell({ type: "joined", room, first, n, state, decisions: told }, from);
    reader?.forget(message);
    if (!first) void bring(message);
  }

  function enter(from: string): Member {
    const member: Member = { rooms: new Set(), heardAt: env.now() };
    members.set(from, member);
    const { locks } = options;
    if (locks) member.unwatch = watch(locks, `${options.tabs}/${from}`, () => gone(from));
    return member;
  }

  /** The tab is no more. */
  function gone(from: string): void {
    for (const room of [...(members.get(from)?.rooms ?? [])]) part(from, room, false);
  }

  /** One tab is out of one room. The last of a room takes it along. */
  function part(from: string, room: RoomId, leave: boolean): void {
    const member = members.get(from);
    if (!member?.rooms.delete(room)) return;
    reader?.forget({ from, room });
    if (member.rooms.size === 0) {
      member.unwatch?.();
      members.delete(from);
      for (const [key, tab] of posts) if (tab === from) posts.delete(key);
    }
    for (const { rooms } of members.values()) if (rooms.has(room)) return;
    pasts.delete(room);
    shared.remove(room, leave);
  }

  /** Call it now and then. */
  function tick(): void {
    timers.drive();
    if (options.locks !== undefined) return;
    const now = env.now();
    for (const [id, { heardAt }] of [...members]) {
      if (id !== options.id && now - heardAt > TAB_SILENT) gone(id);
    }
  }

  function relay(room: RoomId, event: ServerEvent): void {
    if (closed) return;
    if ((event.type === "ack" || event.type === "error") && event.key !== undefined) {
      const to = posts.get(event.key);
      posts.delete(event.key);
      if (to !== undefined) tell({ type: "event", room, n: 0, event }, to);
      return;
    }
    keep(room, event);
    const n = (counts.get(room) ?? 0) + 1;
    counts.set(room, n);
    tell({ type: "event", room, n, event });
  }

  function end(end: End, room?: RoomId): void {
    if (closed) return;
    if (end.kind === "signed-out") {
      // One signs in again for all, or each would be somebody else.
      const [first] = members.keys();
      return first === undefined ? undefined : tell({ type: "final", end }, first);
    }
    tell({ type: "final", end, ...(room === undefined ? {} : { room }) });
    for (const id of [...members.keys()]) {
      if (room === undefined) gone(id);
      else part(id, room, false);
    }
  }

  return { serve, tick, close };
}
