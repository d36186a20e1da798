import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import type { ConnectionState } from "./decisions.ts";
import {
  type Command,
  type RoomId,
  readMessages,
  type ServerEvent,
  type WelcomeEvent,
} from "./events.ts";
import { ask } from "./http.ts";
import type { Input } from "./selector_input.ts";
import { Leader } from "./tabs_leader.ts";
import { Lock, type LocksLike } from "./tabs_lock.ts";
import {
  browserTabs,
  type ChannelLike,
  type TabEnvironment,
  type TabMessage,
  type TabMessageBody,
} from "./tabs_messages.ts";
import { roomUrl } from "./target.ts";

/** How often the leader is asked whether it lives, and how long it may take. Milliseconds. */
const ASK_EVERY = 700;
const PATIENCE = 1_000;
/** So that not all tabs lose it at once. */
const SPREAD = 200;
/** Without locks nobody says that nobody holds it: a new tab waits so long, and up to as long again. */
const FIRST_PATIENCE = 100;
const ASK_HIDDEN = 5_000;
const CATCH_UP_AGAIN = 1_000;
const MOST_HELD = 5_000;
/** Rooms whose name is their own on the server too; the others get a connection of their own. */
const PLAIN_ROOM = /^[\p{Ll}\p{Lo}\p{N}_.-]{1,64}$/u;

/** Joins what the tabs of this origin share, under a name that says to which server and how. */
export function joinTabs(name: string, baseUrl: string, tabs = browserTabs()) {
  return (options: ConnectionOptions): Connection => {
    const { room } = options.target();
    if (tabs === undefined || !PLAIN_ROOM.test(room)) return createConnection(options);
    return new TabConnection(`caller ${name} ${baseUrl}`, room, options, tabs);
  };
}

/** One client's place on the shared connection; in one tab of all it is also what holds it. */
class TabConnection implements Connection {
  readonly #name: string;
  readonly #room: RoomId;
  readonly #o: ConnectionOptions;
  #tabs: TabEnvironment;
  readonly #id: string;
  #channel: ChannelLike | undefined;
  #lock: Lock | undefined;
  #releaseTab: (() => void) | undefined;
  #unlisten: (() => void) | undefined;
  #frozen = false;
  #started = false;
  /** It takes no part until it is started again. */
  #ended = false;
  /** There is no room left on the shared one. */
  #own: Connection | undefined;

  #term = 0;
  #leader: string | undefined;
  #leading: Leader | undefined;
  #joined = false;
  #joining = false;
  /** The room has been welcomed since: the connection may have lived before. */
  #inRoom = false;
  #n = 0;
  /** What came while the past is read. */
  #held: ServerEvent[] | undefined;
  #state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  #askedAt: number | undefined;
  #patience = PATIENCE;
  #timer: number | undefined;

  constructor(name: string, room: RoomId, options: ConnectionOptions, tabs: TabEnvironment) {
    this.#name = name;
    this.#room = room;
    this.#o = options;
    this.#tabs = tabs;
    this.#id = options.env.key();
  }

  input(input: Input): void {
    if (this.#own !== undefined) return this.#own.input(input);
    if (input.type === "start") return this.#start();
    if (input.type === "stop") return this.#stop();
    if (input.type === "reconnect") return this.#restart();
    if (!this.#started) return;
    if (input.type !== "resumed") return this.#ask({ type: "input", input });
    // Whether the connection lives is for the tab that holds it to doubt, had that one been asleep.
    this.#ask({ type: "input", input: this.#leading === undefined ? { type: "resumed" } : input });
    if (this.#frozen) {
      this.#frozen = false;
      this.#lock?.again();
    }
    this.#askedAt = undefined;
    this.#tick();
  }

  send(command: Command): boolean {
    if (this.#own !== undefined) return this.#own.send(command);
    if (command.type === "leave") {
      this.#part(true);
      return true;
    }
    if (
      !this.#joined ||
      !this.#inRoom ||
      this.#state.status !== "live" ||
      this.#state.transport !== "ws"
    )
      return false;
    this.#ask({ type: "send", room: this.#room, command });
    return true;
  }

  #restart(): void {
    const { session } = this.#o.target();
    const restart = { type: "restart", ...(session && { session }) } as const;
    // All hear it: who they are has changed too.
    this.#leading?.serve(this.#message(restart));
    this.#channel?.postMessage(this.#message(restart));
    this.#start();
  }

  #start(): void {
    this.#ended = false;
    if (this.#started) return this.#joined ? undefined : this.#join();
    this.#started = true;
    this.#state = { ...this.#state, status: "connecting", downSince: this.#o.env.now() };
    this.#o.onState(this.#state);
    this.#unlisten = this.#tabs.onFreeze(() => this.#freeze());
    this.#channel = this.#tabs.channel(this.#name);
    this.#channel.onmessage = ({ data }) => this.#hear(data as TabMessage);
    if (this.#tabs.locks === undefined) this.#withoutLocks();
    else this.#withLocks(this.#tabs.locks);
  }

  #withoutLocks(): void {
    if (!this.#started) return;
    this.#tabs = { ...this.#tabs, locks: undefined };
    this.#patience = FIRST_PATIENCE + this.#jitter(FIRST_PATIENCE);
    this.#tick();
  }

  #withLocks(locks: LocksLike): void {
    // Held before the leader hears of this tab, which watches it.
    const mine = (): Promise<void> =>
      new Promise((resolve) => {
        if (!this.#started) return resolve();
        this.#releaseTab = resolve;
        this.#lock = new Lock(
          locks,
          this.#name,
          () => this.#lead(),
          () => this.#stepDown(),
        );
        this.#lock.wait();
        this.#tick();
      });
    locks.request(`${this.#name}/${this.#id}`, {}, mine).catch(() => this.#withoutLocks());
  }

  /** Browsers differ in what goes on in a frozen tab: some let it answer, and its connection stands still. */
  #freeze(): void {
    this.#frozen = true;
    this.#lock?.close();
    if (this.#leading === undefined) return;
    this.#note("release", "frozen");
    this.#release();
    this.#joined = false;
    this.#interrupted();
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
    this.#unlisten?.();
    this.#lock?.close();
    this.#releaseTab?.();
    if (this.#channel !== undefined) this.#channel.onmessage = null;
    this.#channel?.close();
    this.#channel = undefined;
    this.#leader = undefined;
  }

  /** Holds the connection no more. */
  #release(): void {
    const leading = this.#leading;
    if (leading === undefined) return;
    this.#channel?.postMessage(this.#message({ type: "bye" }));
    this.#leading = undefined;
    this.#leader = undefined;
    leading.close();
  }

  #part(leave: boolean): void {
    this.#joined = false;
    this.#ended = true;
    this.#ask({ type: "part", room: this.#room, leave });
  }

  #message(body: TabMessageBody, to?: string): TabMessage {
    return { ...body, from: this.#id, term: this.#term, ...(to === undefined ? {} : { to }) };
  }

  /** To the leader, whoever it is. */
  #ask(body: TabMessageBody): void {
    if (this.#leading !== undefined) this.#leading.serve(this.#message(body));
    else this.#channel?.postMessage(this.#message(body, this.#leader));
  }

  /** From the leader, to one tab or all. */
  #tell(body: TabMessageBody, to?: string): void {
    if (to !== this.#id) this.#channel?.postMessage(this.#message(body, to));
    if (to === undefined || to === this.#id) this.#follow(this.#message(body, to));
  }

  #hear(message: TabMessage): void {
    if (message.to !== undefined && message.to !== this.#id) return;
    switch (message.type) {
      case "ask":
      case "join":
      case "part":
      case "send":
      case "input":
        return this.#leading?.serve(message);
      case "restart":
        this.#leading?.serve(message);
        return this.#o.onSession?.();
      default:
        return this.#hearLeader(message);
    }
  }

  #hearLeader(message: TabMessage): void {
    const { term, from } = message;
    if (term < this.#term) {
      // It was frozen, and somebody took over.
      return message.type === "bye" ? undefined : this.#correct(from);
    }
    if (this.#leading !== undefined && from !== this.#id) {
      // Two of the same term: the higher id has the last word.
      if (term === this.#term && from < this.#id) {
        return message.type === "bye" ? undefined : this.#correct(from);
      }
      this.#stepDown();
    }
    if (term === this.#term && this.#leader !== undefined && from < this.#leader) return;
    if (message.type === "bye") {
      this.#term = term;
      if (from === this.#leader || this.#leader === undefined) this.#lost();
      return;
    }
    if (term > this.#term || from !== this.#leader) this.#newLeader(message);
    this.#askedAt = undefined;
    this.#patience = PATIENCE + this.#jitter(SPREAD);
    this.#follow(message);
  }

  /** Tells one that thinks it holds the connection who does. */
  #correct(to: string): void {
    if (this.#leading !== undefined) this.#tell({ type: "here", fresh: false }, to);
  }

  /** The leader said goodbye: the lock goes to the next; without locks one that waits at random does. */
  #lost(): void {
    this.#leader = undefined;
    this.#joined = false;
    this.#interrupted();
    if (this.#lock !== undefined) return;
    this.#patience = this.#jitter(FIRST_PATIENCE);
    this.#askedAt = undefined;
    this.#tick();
  }

  #newLeader({ term, from }: TabMessage): void {
    this.#term = term;
    this.#leader = from;
    this.#joined = false;
    this.#interrupted();
    this.#note("follow", "elsewhere");
  }

  /** What was under way has no answer to hope for. */
  #interrupted(): void {
    this.#held = undefined;
    if (this.#state.transport !== undefined) this.#o.onActivate(this.#state.transport);
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
    let next = this.#tabs.visible() ? ASK_EVERY : ASK_HIDDEN;
    if (this.#leading !== undefined) this.#leading.tick();
    else {
      // A timer that comes late was asleep along with the rest: it asks before it judges.
      if (due !== undefined && now - due > ASK_EVERY) this.#askedAt = undefined;
      if (this.#askedAt !== undefined && now - this.#askedAt >= this.#patience) {
        this.#askedAt = undefined;
        this.#patience = PATIENCE + this.#jitter(SPREAD);
        this.#note("steal", "unanswered");
        if (this.#lock === undefined) this.#lead();
        else if (!this.#frozen) this.#lock.steal();
      } else {
        this.#joining = false; // what was not answered by now may be asked for again
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
    this.#joining = true;
    this.#held = undefined;
    this.#ask({
      type: "join",
      room: this.#room,
      ...(after === undefined ? {} : { after }),
      ...(session && { session }),
    });
  }

  #follow(message: TabMessage): void {
    switch (message.type) {
      case "here":
        if (message.fresh || !(this.#joined || this.#joining)) this.#join();
        return;
      case "joined":
        for (const decision of message.decisions) this.#o.onDecision(decision);
        this.#joined = true;
        this.#joining = false;
        this.#inRoom = false;
        this.#n = message.n;
        this.#setState(message.state);
        if (!message.first) void this.#catchUp(message.welcome);
        return;
      case "full":
        this.#quit();
        this.#note("own", "full");
        this.#own = createConnection(this.#o);
        return this.#own.input({ type: "start" });
      case "event":
        return this.#event(message);
      case "activate":
        if (this.#joined && this.#state.transport) this.#o.onActivate(this.#state.transport);
        return;
      case "state":
        return this.#joined ? this.#setState(message.state) : undefined;
      case "decision":
        return this.#o.onDecision(message.decision);
      case "final":
        if (!this.#joined || (message.room ?? this.#room) !== this.#room) return;
        if (message.end.kind !== "signed-out") {
          this.#joined = false;
          this.#ended = true;
        }
        return this.#o.onFinal(message.end);
    }
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    const { status, failures } = state;
    if (this.#inRoom || status !== "live") return this.#o.onState(state);
    const downSince = this.#o.env.now();
    this.#o.onState({ status: "connecting", proven: false, failures, downSince });
  }

  #pass(event: ServerEvent): void {
    this.#o.onEvent(event);
    if (event.type !== "welcome" || this.#inRoom) return;
    this.#inRoom = true;
    this.#o.onState(this.#state);
  }

  #event({ room, n, event, to }: Extract<TabMessage, { type: "event" }>): void {
    if (!this.#joined || room !== this.#room) return;
    if (to === undefined) {
      // One was lost, by a tab that was asleep: it reads the log again from where it is.
      if (n !== this.#n + 1 || (this.#held?.length ?? 0) > MOST_HELD) {
        this.#joined = false;
        return this.#join();
      }
      this.#n = n;
    }
    if (this.#held === undefined) this.#pass(event);
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
      const { messages, cursor, reset, reason = "", members, call, memberCount, version } = reply;
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
          ...(members && { members }),
          ...(call && { call }),
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
    for (const event of [...past, ...held]) this.#pass(event);
  }

  async #read(after: Cursor | undefined) {
    const { env, target } = this.#o;
    const at = target();
    return (await ask(env, roomUrl(at, "/messages", { after }), at.headers, readMessages)).result;
  }

  #lead(): void {
    if (this.#leading !== undefined || !this.#started || this.#frozen) return;
    this.#term += 1;
    this.#leader = this.#id;
    this.#joined = false;
    this.#askedAt = undefined;
    this.#interrupted();
    this.#leading = new Leader({
      connection: this.#o,
      id: this.#id,
      tabs: this.#name,
      locks: this.#tabs.locks,
      tell: (body, to) => this.#tell(body, to),
    });
    this.#note("lead", "here");
    this.#tell({ type: "here", fresh: true });
  }

  /** Somebody else holds it now: joins that one as the others do. */
  #stepDown(): void {
    if (this.#leading === undefined) return;
    this.#note("step down", "elsewhere");
    this.#release();
    this.#joined = false;
    this.#interrupted();
    this.#askedAt = undefined;
    this.#lock?.again();
    this.#tick();
  }
}
