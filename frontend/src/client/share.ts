import { Connection, MOST_ROOMS } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import type { ConnectionState, Decision, Input } from "./decisions.ts";
import type { End } from "./end.ts";
import {
  type Command,
  parseObject,
  type RoomId,
  readMessages,
  type ServerEvent,
  type Session,
  type WelcomeEvent,
} from "./events.ts";
import { Link, type LinkOptions, type Port } from "./link.ts";
import { Lock, type LocksLike, watch } from "./share_election.ts";
import { Timers } from "./share_timers.ts";
import { roomUrl } from "./transport.ts";

/** The part of a BroadcastChannel that is used. */
export interface ChannelLike {
  onmessage: ((event: { data: unknown }) => void) | null;
  postMessage(data: unknown): void;
  close(): void;
}

/** What tabs have of each other; every part can be replaced in a test. */
export interface Neighbours {
  channel(name: string): ChannelLike;
  /** Missing on pages that came over plain HTTP. */
  locks?: LocksLike | undefined;
  visible(): boolean;
}

/** How often the holder is asked whether it lives, and how long it may take. Milliseconds. */
const ASK_EVERY = 700;
const PATIENCE = 1_000;
/** So that not all tabs lose it at once. */
const SPREAD = 200;
/** Without locks nobody says that nobody holds it: a new tab waits so long, and up to as long again. */
const FIRST_PATIENCE = 250;
const ASK_HIDDEN = 5_000;
/** Without locks a tab that was not heard for so long is gone: a hidden one's timers run once a minute. */
const TAB_SILENT = 150_000;
const CATCH_UP_AGAIN = 1_000;
const DECISIONS_TOLD = 30;
const MOST_HELD = 5_000;
/** Rooms whose name is their own on the server too; the others get a connection of their own. */
const PLAIN_ROOM = /^[\p{Ll}\p{Lo}\p{N}_.-]{1,64}$/u;

type Said =
  | { type: "ask" }
  | { type: "join"; room: RoomId; after?: Cursor; session?: Session }
  | { type: "part"; room: RoomId; leave: boolean }
  | { type: "send"; room: RoomId; command: Command }
  | { type: "input"; input: Input }
  | { type: "restart"; session?: Session }
  | { type: "here"; fresh: boolean }
  | {
      type: "joined";
      first: boolean;
      n: number;
      state: ConnectionState;
      welcome?: WelcomeEvent;
      decisions: Decision[];
    }
  | { type: "full" }
  | { type: "event"; room: RoomId; n: number; event: ServerEvent }
  | { type: "carry" }
  | { type: "state"; state: ConnectionState }
  | { type: "decision"; decision: Decision }
  | { type: "final"; room?: RoomId; end: End }
  | { type: "bye" };

type Letter = Said & { from: string; term: number; to?: string };

interface Member {
  room: RoomId;
  heardAt: number;
  unwatch?: () => void;
}

/** What the tab that holds the connection has besides. */
interface Holding {
  connection: Connection;
  timers: Timers;
  members: Map<string, Member>;
  counts: Map<RoomId, number>;
  /** Which tab an answer to a post is for. */
  posts: Map<string, string>;
  session?: Session;
  state: ConnectionState;
  decisions: Decision[];
}

/** Joins what the tabs of this origin share, under a name that says to which server and how. */
export function share(name: string, baseUrl: string, near = neighbours()) {
  return (options: LinkOptions): Port => {
    const { room } = options.target();
    if (near === undefined || !PLAIN_ROOM.test(room)) return new Link(options);
    return new SharedPort(`caller ${name} ${baseUrl}`, room, options, near);
  };
}

function neighbours(): Neighbours | undefined {
  if (typeof BroadcastChannel === "undefined") return undefined;
  return {
    channel: (name) => new BroadcastChannel(name) as unknown as ChannelLike,
    locks: (navigator as { locks?: LocksLike }).locks,
    visible: () => (globalThis as { document?: { hidden: boolean } }).document?.hidden !== true,
  };
}

/** One client's place on the shared connection; in one tab of all it is also what holds it. */
class SharedPort implements Port {
  readonly #name: string;
  readonly #room: RoomId;
  readonly #o: LinkOptions;
  readonly #near: Neighbours;
  readonly #id: string;
  #channel: ChannelLike | undefined;
  #lock: Lock | undefined;
  #releaseTab: (() => void) | undefined;
  #started = false;
  /** It takes no part until it is started again. */
  #ended = false;
  /** There is no room left on the shared one. */
  #own: Link | undefined;

  #term = 0;
  #holder: string | undefined;
  #holding: Holding | undefined;
  #joined = false;
  #n = 0;
  /** What came while the past is read. */
  #held: ServerEvent[] | undefined;
  #state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  #askedAt: number | undefined;
  #patience = PATIENCE;
  #timer: number | undefined;

  constructor(name: string, room: RoomId, options: LinkOptions, near: Neighbours) {
    this.#name = name;
    this.#room = room;
    this.#o = options;
    this.#near = near;
    this.#id = options.env.key();
  }

  input(input: Input): void {
    if (this.#own !== undefined) return this.#own.input(input);
    if (input.type === "start") return this.#start();
    if (input.type === "stop") return this.#stop();
    if (!this.#started) return;
    this.#ask({ type: "input", input });
    // One that was asleep finds out first whether the holder still lives.
    if (input.type === "wake") this.#tick();
  }

  send(command: Command): boolean {
    if (this.#own !== undefined) return this.#own.send(command);
    if (command.type === "leave") {
      this.#part(true);
      return true;
    }
    if (!this.#joined || this.#state.status !== "live" || this.#state.transport !== "ws")
      return false;
    this.#ask({ type: "send", room: this.#room, command });
    return true;
  }

  restart(): void {
    if (this.#own !== undefined) {
      this.#own.input({ type: "stop" });
      return this.#own.input({ type: "start" });
    }
    const { session } = this.#o.target();
    const restart = { type: "restart", ...(session && { session }) } as const;
    // All hear it: who they are has changed too.
    if (this.#holding !== undefined) this.#serve({ ...this.#letter(restart) });
    this.#channel?.postMessage(this.#letter(restart));
    this.#start();
  }

  #start(): void {
    this.#ended = false;
    if (this.#started) return this.#joined ? undefined : this.#join();
    this.#started = true;
    this.#state = { ...this.#state, status: "connecting", downSince: this.#o.env.now() };
    this.#o.onState(this.#state);
    this.#channel = this.#near.channel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Letter);
    const { locks } = this.#near;
    if (locks === undefined) {
      this.#patience = FIRST_PATIENCE + this.#jitter(FIRST_PATIENCE);
      return this.#tick();
    }
    // Held before the holder hears of this tab, which watches it.
    const mine = (): Promise<void> =>
      new Promise((resolve) => {
        if (!this.#started) return resolve();
        this.#releaseTab = resolve;
        this.#lock = new Lock(
          locks,
          this.#name,
          () => this.#hold(),
          () => this.#stepDown(),
        );
        this.#lock.wait();
        this.#tick();
      });
    locks.request(`${this.#name}/${this.#id}`, {}, mine).catch(() => undefined);
  }

  #stop(): void {
    if (!this.#started) return;
    if (!this.#ended) this.#part(false);
    this.#quit();
    this.#state = { status: "idle", proven: false, failures: 0 };
    this.#o.onState(this.#state);
  }

  #quit(): void {
    this.#started = false;
    this.#joined = false;
    this.#held = undefined;
    if (this.#timer !== undefined) this.#o.env.clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#release();
    this.#lock?.close();
    this.#releaseTab?.();
    if (this.#channel !== undefined) this.#channel.onmessage = null;
    this.#channel?.close();
    this.#channel = undefined;
    this.#holder = undefined;
  }

  /** Holds the connection no more. */
  #release(): void {
    const holding = this.#holding;
    if (holding === undefined) return;
    this.#channel?.postMessage(this.#letter({ type: "bye" }));
    this.#holding = undefined;
    this.#holder = undefined;
    for (const member of holding.members.values()) member.unwatch?.();
    holding.connection.close();
  }

  #part(leave: boolean): void {
    this.#joined = false;
    this.#ended = true;
    this.#ask({ type: "part", room: this.#room, leave });
  }

  #letter(said: Said, to?: string): Letter {
    return { ...said, from: this.#id, term: this.#term, ...(to === undefined ? {} : { to }) };
  }

  /** To the holder, whoever it is. */
  #ask(said: Said): void {
    if (this.#holding !== undefined) this.#serve(this.#letter(said));
    else this.#channel?.postMessage(this.#letter(said, this.#holder));
  }

  /** From the holder, to one tab or all. */
  #tell(said: Said, to?: string): void {
    if (to !== this.#id) this.#channel?.postMessage(this.#letter(said, to));
    if (to === undefined || to === this.#id) this.#follow(this.#letter(said, to));
  }

  #hear(letter: Letter): void {
    if (letter.to !== undefined && letter.to !== this.#id) return;
    switch (letter.type) {
      case "ask":
      case "join":
      case "part":
      case "send":
      case "input":
        return this.#holding === undefined ? undefined : this.#serve(letter);
      case "restart":
        if (this.#holding !== undefined) this.#serve(letter);
        return this.#o.onSession?.();
      default:
        return this.#hearHolder(letter);
    }
  }

  #hearHolder(letter: Letter): void {
    const { term, from } = letter;
    if (term < this.#term) {
      // It was frozen, and somebody took over.
      return letter.type === "bye" ? undefined : this.#correct(from);
    }
    if (this.#holding !== undefined && from !== this.#id) {
      // Two of the same term: the higher id has the last word.
      if (term === this.#term && from < this.#id) {
        return letter.type === "bye" ? undefined : this.#correct(from);
      }
      this.#stepDown();
    }
    if (term === this.#term && this.#holder !== undefined && from < this.#holder) return;
    if (letter.type === "bye") {
      this.#term = term;
      if (from === this.#holder || this.#holder === undefined) this.#lost();
      return;
    }
    if (term > this.#term || from !== this.#holder) this.#newHolder(letter);
    this.#askedAt = undefined;
    this.#patience = PATIENCE + this.#jitter(SPREAD);
    this.#follow(letter);
  }

  /** Tells one that thinks it holds the connection who does. */
  #correct(to: string): void {
    if (this.#holding !== undefined) this.#tell({ type: "here", fresh: false }, to);
  }

  /** The holder said goodbye: the lock goes to the next; without locks one that waits at random does. */
  #lost(): void {
    this.#holder = undefined;
    this.#joined = false;
    this.#interrupted();
    if (this.#lock !== undefined) return;
    this.#patience = this.#jitter(FIRST_PATIENCE);
    this.#askedAt = undefined;
    this.#tick();
  }

  #newHolder({ term, from }: Letter): void {
    this.#term = term;
    this.#holder = from;
    this.#joined = false;
    this.#interrupted();
    this.#note("share", "another tab holds the connection");
  }

  /** What was under way has no answer to hope for. */
  #interrupted(): void {
    this.#held = undefined;
    if (this.#state.transport !== undefined) this.#o.onCarry(this.#state.transport);
  }

  #jitter(ms: number): number {
    return Math.floor(this.#o.env.random() * ms);
  }

  #note(what: string, why: string): void {
    this.#o.onDecision({ at: this.#o.env.now(), what, why });
  }

  #tick(due?: number): void {
    const { env } = this.#o;
    if (!this.#started) return;
    const now = env.now();
    if (this.#timer !== undefined) env.clearTimeout(this.#timer);
    let next = this.#near.visible() ? ASK_EVERY : ASK_HIDDEN;
    if (this.#holding !== undefined) this.#dropSilent(this.#holding, now);
    else {
      // A timer that comes late was asleep along with the rest: it asks before it judges.
      if (due !== undefined && now - due > ASK_EVERY) this.#askedAt = undefined;
      if (this.#askedAt !== undefined && now - this.#askedAt >= this.#patience) {
        this.#askedAt = undefined;
        this.#patience = PATIENCE + this.#jitter(SPREAD);
        this.#note("steal", "the tab that holds the connection does not answer");
        if (this.#lock === undefined) this.#hold();
        else this.#lock.steal();
      } else {
        this.#ask({ type: "ask" });
        this.#askedAt ??= now;
      }
      if (this.#askedAt !== undefined) next = Math.min(next, this.#askedAt + this.#patience - now);
    }
    this.#timer = env.setTimeout(() => this.#tick(now + next), Math.max(0, next));
  }

  #join(): void {
    if (!this.#started || this.#ended) return;
    const { after, session } = this.#o.target();
    this.#held = undefined;
    this.#ask({
      type: "join",
      room: this.#room,
      ...(after === undefined ? {} : { after }),
      ...(session && { session }),
    });
  }

  #follow(letter: Letter): void {
    switch (letter.type) {
      case "here":
        if (letter.fresh || !this.#joined) this.#join();
        return;
      case "joined":
        for (const decision of letter.decisions) this.#o.onDecision(decision);
        this.#joined = true;
        this.#n = letter.n;
        this.#setState(letter.state);
        if (!letter.first) void this.#catchUp(letter.welcome);
        return;
      case "full":
        this.#quit();
        this.#note("own", "the shared connection carries as many rooms as it may");
        this.#own = new Link(this.#o);
        return this.#own.input({ type: "start" });
      case "event":
        return this.#event(letter);
      case "carry":
        if (this.#joined && this.#state.transport) this.#o.onCarry(this.#state.transport);
        return;
      case "state":
        return this.#joined ? this.#setState(letter.state) : undefined;
      case "decision":
        return this.#o.onDecision(letter.decision);
      case "final":
        if (!this.#joined || (letter.room ?? this.#room) !== this.#room) return;
        if (letter.end.kind !== "signed-out") {
          this.#joined = false;
          this.#ended = true;
        }
        return this.#o.onFinal(letter.end);
    }
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    this.#o.onState(state);
  }

  #event({ room, n, event, to }: Extract<Letter, { type: "event" }>): void {
    if (!this.#joined || room !== this.#room) return;
    if (to === undefined) {
      // One was lost, by a tab that was asleep: it reads the log again from where it is.
      if (n !== this.#n + 1 || (this.#held?.length ?? 0) > MOST_HELD) {
        this.#joined = false;
        return this.#join();
      }
      this.#n = n;
    }
    if (this.#held === undefined) this.#o.onEvent(event);
    else this.#held.push(event);
  }

  /** The room is read for another tab already: the past from the log, and then what came meanwhile. */
  async #catchUp(welcome: WelcomeEvent | undefined): Promise<void> {
    const { env } = this.#o;
    const held: ServerEvent[] = [];
    this.#held = held;
    const target = this.#o.target();
    let { after } = target;
    const past: ServerEvent[] = [];
    for (let first = true; ; first = false) {
      const reply = await this.#read(after);
      if (this.#held !== held) return;
      if (reply === undefined) {
        env.setTimeout(() => this.#held === held && void this.#catchUp(welcome), CATCH_UP_AGAIN);
        return;
      }
      const { messages, cursor, reset, reason = "", members, memberCount, version } = reply;
      const { clientId = "", name = "", heartbeat = 15, stream } = welcome ?? {};
      if (first) {
        past.push({
          type: "welcome",
          roomId: this.#room,
          clientId: clientId || (target.session?.clientId ?? ""),
          name,
          resumed: after !== undefined && !reset,
          heartbeat,
          ...(stream === undefined ? {} : { stream }),
          ...(members === undefined ? {} : { members }),
          memberCount,
          version,
        });
      }
      if (reset) past.push({ type: "reset", roomId: this.#room, reason });
      past.push(...messages);
      if (after !== undefined && messages.length > 0 && cursor !== after) {
        after = cursor;
        continue;
      }
      past.push({ type: "live", roomId: this.#room, cursor });
      break;
    }
    this.#held = undefined;
    for (const event of past) this.#o.onEvent(event);
    for (const event of held) this.#o.onEvent(event);
  }

  async #read(after: Cursor | undefined) {
    const { env, target } = this.#o;
    const abort = new AbortController();
    const timer = env.setTimeout(() => abort.abort(), 10_000);
    try {
      const at = target();
      const response = await env.fetch(roomUrl(at, "/messages", { after }), {
        headers: { ...at.headers, Accept: "application/json" },
        cache: "no-store",
        credentials: "same-origin",
        signal: abort.signal,
      });
      return response.ok ? readMessages(parseObject(await response.text())) : undefined;
    } catch {
      return undefined;
    } finally {
      env.clearTimeout(timer);
    }
  }

  #hold(): void {
    if (this.#holding !== undefined || !this.#started) return;
    const timers = new Timers(this.#o.env);
    this.#term += 1;
    this.#holder = this.#id;
    this.#joined = false;
    this.#askedAt = undefined;
    this.#interrupted();
    const holding: Holding = {
      timers,
      connection: new Connection({
        ...this.#o,
        env: timers.env,
        target: () => {
          const { baseUrl, headers } = this.#o.target();
          return { baseUrl, headers, ...(holding.session && { session: holding.session }) };
        },
        onRoom: (room, event) => this.#relay(holding, room, event),
        onRoomEnd: (room, end) => this.#end(holding, end, room),
        onCarry: () => this.#isHeld(holding) && this.#tell({ type: "carry" }),
        onState: (state) => {
          holding.state = state;
          if (this.#isHeld(holding)) this.#tell({ type: "state", state });
        },
        onDecision: (decision) => {
          holding.decisions.push(decision);
          if (holding.decisions.length > DECISIONS_TOLD) holding.decisions.shift();
          if (this.#isHeld(holding)) this.#tell({ type: "decision", decision });
        },
        onFinal: (end) => this.#end(holding, end),
      }),
      members: new Map(),
      counts: new Map(),
      posts: new Map(),
      state: { ...this.#state, status: "connecting" },
      decisions: [],
    };
    this.#holding = holding;
    this.#note("hold", "this tab holds the connection");
    this.#tell({ type: "here", fresh: true });
  }

  #isHeld(holding: Holding): boolean {
    return this.#holding === holding;
  }

  /** Somebody else holds it now: joins that one as the others do. */
  #stepDown(): void {
    if (this.#holding === undefined) return;
    this.#note("step down", "another tab took over");
    this.#release();
    this.#joined = false;
    this.#interrupted();
    this.#askedAt = undefined;
    this.#lock?.again();
    this.#tick();
  }

  #serve(letter: Letter): void {
    const holding = this.#holding;
    if (holding === undefined) return;
    const { connection, timers, members } = holding;
    const { from } = letter;
    const member = members.get(from);
    if (member !== undefined) member.heardAt = this.#o.env.now();
    switch (letter.type) {
      case "ask":
        timers.drive();
        return this.#tell({ type: "here", fresh: member === undefined }, from);
      case "join":
        return this.#admit(holding, letter);
      case "part":
        return this.#gone(holding, from, letter.leave);
      case "send":
        if (letter.command.type === "post") holding.posts.set(letter.command.key, from);
        connection.send({ ...letter.command, roomId: letter.room });
        return;
      case "input":
        return connection.link.input(letter.input);
      case "restart":
        if (letter.session !== undefined) holding.session = letter.session;
        return connection.restart();
    }
  }

  #admit(holding: Holding, letter: Extract<Letter, { type: "join" }>): void {
    const { connection, members, counts, state, decisions } = holding;
    const { from, room, after, session } = letter;
    const first = !connection.has(room);
    if (first && connection.size >= MOST_ROOMS) return this.#tell({ type: "full" }, from);
    if (session !== undefined) holding.session = session;
    const known = members.get(from);
    const { locks } = this.#near;
    const unwatch =
      known?.unwatch ??
      (locks && watch(locks, `${this.#name}/${from}`, () => this.#gone(holding, from, false)));
    members.set(from, { room, heardAt: this.#o.env.now(), ...(unwatch && { unwatch }) });
    const welcome = connection.welcome(room);
    const n = counts.get(room) ?? 0;
    const told = known === undefined && from !== this.#id ? decisions : [];
    const joined = { type: "joined", first, n, state, decisions: told } as const;
    this.#tell({ ...joined, ...(welcome && { welcome }) }, from);
    connection.add(room, after);
  }

  /** The last of a room takes it along. */
  #gone(holding: Holding, from: string, leave: boolean): void {
    const member = holding.members.get(from);
    if (member === undefined) return;
    member.unwatch?.();
    holding.members.delete(from);
    for (const other of holding.members.values()) if (other.room === member.room) return;
    holding.connection.remove(member.room, leave);
  }

  #dropSilent(holding: Holding, now: number): void {
    holding.timers.drive();
    if (this.#near.locks !== undefined) return;
    for (const [id, { heardAt }] of [...holding.members]) {
      if (id !== this.#id && now - heardAt > TAB_SILENT) this.#gone(holding, id, false);
    }
  }

  #relay(holding: Holding, room: RoomId, event: ServerEvent): void {
    if (!this.#isHeld(holding)) return;
    if ((event.type === "ack" || event.type === "error") && event.key !== undefined) {
      const to = holding.posts.get(event.key);
      holding.posts.delete(event.key);
      if (to !== undefined) this.#tell({ type: "event", room, n: 0, event }, to);
      return;
    }
    const n = (holding.counts.get(room) ?? 0) + 1;
    holding.counts.set(room, n);
    this.#tell({ type: "event", room, n, event });
  }

  #end(holding: Holding, end: End, room?: RoomId): void {
    if (!this.#isHeld(holding)) return;
    if (end.kind === "signed-out") {
      // One signs in again for all, or each would be somebody else.
      const [first] = holding.members.keys();
      return first === undefined ? undefined : this.#tell({ type: "final", end }, first);
    }
    this.#tell({ type: "final", end, ...(room === undefined ? {} : { room }) });
    for (const [id, member] of [...holding.members]) {
      if (room === undefined || member.room === room) this.#gone(holding, id, false);
    }
  }
}
