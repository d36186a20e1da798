import type { ConnectionOptions } from "./connection.ts";
import type { ConnectionState, Decision } from "./decisions.ts";
import type { End } from "./end.ts";
import type { RoomId, ServerEvent, Session } from "./events.ts";
import { MOST_ROOMS, MultiRoomConnection } from "./multi_room.ts";
import { type LocksLike, watch } from "./tabs_lock.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";
import { Timers } from "./tabs_timers.ts";

/** Without locks a tab that was not heard for so long is gone: a hidden one's timers run once a minute. Milliseconds. */
const TAB_SILENT = 150_000;
const DECISIONS_TOLD = 30;

export interface LeaderOptions {
  connection: ConnectionOptions;
  /** The tab that this is. */
  id: string;
  /** The lock of each tab is named by this and the tab. */
  tabs: string;
  locks: LocksLike | undefined;
  tell(body: TabMessageBody, to?: string): void;
}

interface Member {
  room: RoomId;
  heardAt: number;
  unwatch?: () => void;
}

/** The tab that holds the connection, for all: who is in which room, and what they are told. */
export class Leader {
  readonly #o: LeaderOptions;
  readonly #connection: MultiRoomConnection;
  readonly #timers: Timers;
  readonly #members = new Map<string, Member>();
  /** Events told of each room, so that a tab notices one that it missed. */
  readonly #counts = new Map<RoomId, number>();
  /** Which tab an answer to a post is for. */
  readonly #posts = new Map<string, string>();
  readonly #decisions: Decision[] = [];
  #session: Session | undefined;
  #state: ConnectionState;
  #closed = false;

  constructor(options: LeaderOptions) {
    this.#o = options;
    const { connection } = options;
    this.#state = {
      status: "connecting",
      proven: false,
      failures: 0,
      downSince: connection.env.now(),
    };
    this.#timers = new Timers(connection.env);
    this.#connection = new MultiRoomConnection({
      ...connection,
      env: this.#timers.env,
      target: () => {
        const { baseUrl, headers } = connection.target();
        return { baseUrl, headers, ...(this.#session && { session: this.#session }) };
      },
      onRoom: (room, event) => this.#relay(room, event),
      onRoomEnd: (room, end) => this.#end(end, room),
      onActivate: () => {
        this.#posts.clear(); // no answers come from the one before
        this.#tell({ type: "activate" });
      },
      onState: (state) => {
        this.#state = state;
        this.#tell({ type: "state", state });
      },
      onDecision: (decision) => {
        this.#decisions.push(decision);
        if (this.#decisions.length > DECISIONS_TOLD) this.#decisions.shift();
        this.#tell({ type: "decision", decision });
      },
      onFinal: (end) => this.#end(end),
    });
  }

  close(): void {
    this.#closed = true;
    for (const { unwatch } of this.#members.values()) unwatch?.();
    this.#members.clear();
    this.#connection.close();
  }

  #tell(body: TabMessageBody, to?: string): void {
    if (!this.#closed) this.#o.tell(body, to);
  }

  /** What a tab, or this one, asks of the connection. */
  serve(message: TabMessage): void {
    if (this.#closed) return;
    const { from } = message;
    const member = this.#members.get(from);
    if (member !== undefined) member.heardAt = this.#o.connection.env.now();
    switch (message.type) {
      case "ask":
        this.#timers.drive();
        return this.#tell({ type: "here", fresh: member === undefined }, from);
      case "join":
        return this.#admit(message);
      case "part":
        return this.#gone(from, message.leave);
      case "send":
        if (message.command.key) this.#posts.set(message.command.key, from);
        this.#connection.send({ ...message.command, roomId: message.room });
        return;
      case "input":
        return this.#connection.input(message.input);
      case "restart":
        if (message.session !== undefined) this.#session = message.session;
        return this.#connection.restart();
    }
  }

  #admit(message: Extract<TabMessage, { type: "join" }>): void {
    const { from, room, after, session } = message;
    const first = !this.#connection.has(room);
    if (first && this.#connection.size >= MOST_ROOMS) return this.#tell({ type: "full" }, from);
    if (session !== undefined) this.#session = session;
    const known = this.#members.get(from);
    const { locks } = this.#o;
    const unwatch =
      known?.unwatch ??
      (locks && watch(locks, `${this.#o.tabs}/${from}`, () => this.#gone(from, false)));
    this.#members.set(from, {
      room,
      heardAt: this.#o.connection.env.now(),
      ...(unwatch && { unwatch }),
    });
    const welcome = this.#connection.welcome(room);
    const n = this.#counts.get(room) ?? 0;
    const told = known === undefined && from !== this.#o.id ? this.#decisions : [];
    const joined = { type: "joined", first, n, state: this.#state, decisions: told } as const;
    this.#connection.add(room, after);
    this.#tell({ ...joined, ...(welcome && { welcome }) }, from);
  }

  /** The last of a room takes it along. */
  #gone(from: string, leave: boolean): void {
    const member = this.#members.get(from);
    if (member === undefined) return;
    member.unwatch?.();
    this.#members.delete(from);
    for (const [key, tab] of this.#posts) if (tab === from) this.#posts.delete(key);
    for (const other of this.#members.values()) if (other.room === member.room) return;
    this.#connection.remove(member.room, leave);
  }

  /** Call it now and then. */
  tick(): void {
    this.#timers.drive();
    if (this.#o.locks !== undefined) return;
    const now = this.#o.connection.env.now();
    for (const [id, { heardAt }] of [...this.#members]) {
      if (id !== this.#o.id && now - heardAt > TAB_SILENT) this.#gone(id, false);
    }
  }

  #relay(room: RoomId, event: ServerEvent): void {
    if (this.#closed) return;
    if ((event.type === "ack" || event.type === "error") && event.key !== undefined) {
      const to = this.#posts.get(event.key);
      this.#posts.delete(event.key);
      if (to !== undefined) this.#tell({ type: "event", room, n: 0, event }, to);
      return;
    }
    const n = (this.#counts.get(room) ?? 0) + 1;
    this.#counts.set(room, n);
    this.#tell({ type: "event", room, n, event });
  }

  #end(end: End, room?: RoomId): void {
    if (this.#closed) return;
    if (end.kind === "signed-out") {
      // One signs in again for all, or each would be somebody else.
      const [first] = this.#members.keys();
      return first === undefined ? undefined : this.#tell({ type: "final", end }, first);
    }
    this.#tell({ type: "final", end, ...(room === undefined ? {} : { room }) });
    for (const [id, member] of [...this.#members]) {
      if (room === undefined || member.room === room) this.#gone(id, false);
    }
  }
}
