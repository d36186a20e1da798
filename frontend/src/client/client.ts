import { Backoff } from "./backoff.ts";
import { type Cursor, START } from "./cursor.ts";
import type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
import { Emitter } from "./emitter.ts";
import { type End, endOfProblem } from "./end.ts";
import { defaultEnvironment } from "./environment.ts";
import {
  type Call,
  type ClientId,
  type ErrorEvent,
  type Member,
  type MessageEvent,
  type PresenceEvent,
  type Problem,
  type ResetEvent,
  type RoomId,
  type RosterSnapshot,
  readRoster,
  type ServerEvent,
  type Session,
} from "./events.ts";
import { type Answer, ask } from "./http.ts";
import { Link, type LinkOptions, type Port } from "./link.ts";
import { Log } from "./log.ts";
import { Outbox, type Post } from "./outbox.ts";
import { Poster } from "./poster.ts";
import { Roster } from "./roster.ts";
import { type SessionResult, Sessions } from "./session.ts";
import {
  type Environment,
  type OpenTransport,
  roomUrl,
  type Target,
  type Transport,
} from "./transport.ts";

export interface ClientOptions {
  /** Where the server is, with a slash at the end: `https://example.org/chat/`. */
  baseUrl: string;
  room: RoomId;
  /** Resume after this entry. Default: from the first that is kept. */
  after?: Cursor;
  /** Take this name, also when the server knows one by another. Without one, listen as a guest until `signIn`. */
  name?: string;
  /** A session of an earlier run; null when there is none for sure, which saves asking the server. */
  session?: Session | null;
  /** Send the session's token in a header rather than leave it to the cookie. Default false; programs need it. */
  tokens?: boolean;
  /** Posts that an earlier run could not bring out. */
  posts?: Post[];
  /** Use this transport only. For support cases and tests. */
  transport?: Transport;
  /** What was learnt about the network before, and where to keep it. */
  memory?: { load(): Memory | undefined; save(memory: Memory): void };
  timing?: Partial<Timing>;
  env?: Partial<Environment>;
  open?: Partial<Record<Transport, OpenTransport>>;
}

export interface ClientEvents {
  /** The connection changed. */
  state: ConnectionState;
  /** An entry of the log: each once, in order. */
  message: MessageEvent;
  /** Forget the messages: what is kept follows. */
  reset: ResetEvent;
  /** The past is done. */
  live: { cursor: Cursor };
  /** The roster changed, for any reason. */
  members: { members: readonly Member[] | undefined; count: number };
  /** Somebody came or went. */
  joined: PresenceEvent;
  left: PresenceEvent;
  typing: { member: Member };
  /** The call of the room began, ended, or has another size: undefined while there is none. */
  call: Call | undefined;
  /** The posts that are not in the log yet changed. */
  posts: readonly Post[];
  /** Who one is became known: null for a guest. */
  session: Session | null;
  /** An error that no post of ours caused. */
  problem: Problem;
  /** Something was decided about the connection, and why. */
  decision: Decision;
  /** The server has closed the door; nothing more is tried until `start()`. */
  final: End;
  /** Every event of the session as it came. */
  event: ServerEvent;
}

/** Not more often; the server passes on one each 3 s. */
const TYPING_EVERY = 3_000;
const DECISIONS_KEPT = 200;
/** How long the sign-in may keep the reading waiting. Milliseconds. */
const SIGN_IN_FIRST = 1_500;

/** One room, over whichever transport gets through. Nothing happens until `start()`. */
export class Client {
  readonly #env: Environment;
  readonly #o: ClientOptions;
  readonly #emitter = new Emitter<ClientEvents>();
  readonly #sessions: Sessions;
  readonly #link: Port;
  readonly #log: Log;
  readonly #roster = new Roster();
  #call: Call | undefined;
  readonly #outbox: Outbox;
  readonly #poster: Poster;
  readonly #renewals: Backoff;

  readonly #ownIds = new Set<ClientId>();
  readonly #decisions: Decision[] = [];
  #state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  #name: string | undefined;
  #known: Session | null | undefined;
  #stream: string | undefined;
  #typedAt = 0;
  #readingRoster = false;
  #asking = false;
  #renewing = false;
  /** The carrier has told the past. */
  #live = false;
  #renewTimer: number | undefined;
  #guestTimer: number | undefined;
  #stopped = true;

  /** `join` takes a place on a connection that is shared, as the tabs of the page do, rather than make one. */
  constructor(options: ClientOptions, join?: (options: LinkOptions) => Port) {
    this.#o = options;
    this.#env = { ...defaultEnvironment(), ...options.env };
    this.#name = options.name ?? options.session?.name;
    this.#log = new Log(options.after);
    this.#outbox = new Outbox(options.posts);
    this.#renewals = new Backoff({ random: this.#env.random });
    this.#sessions = new Sessions(this.#env, options.baseUrl, options.tokens, options.session);
    const memory = options.memory?.load();
    const link: LinkOptions = {
      env: this.#env,
      target: () => this.#target(),
      ...(options.timing === undefined ? {} : { timing: options.timing }),
      ...(memory === undefined ? {} : { memory }),
      ...(options.transport === undefined ? {} : { transports: [options.transport] }),
      ...(options.open === undefined ? {} : { open: options.open }),
      onEvent: (event) => this.#event(event),
      onCarry: () => this.#interrupt(),
      onState: (state) => this.#setState(state),
      onDecision: (decision) => this.#decision(decision),
      onMemory: (learnt) => options.memory?.save(learnt),
      onSession: () => void this.#reread(),
      onFinal: (end) => this.#final(end),
    };
    this.#link = join?.(link) ?? new Link(link);
    this.#poster = new Poster({
      env: this.#env,
      outbox: this.#outbox,
      target: () => this.#target(),
      send: ({ key, text }) => this.#link.send({ type: "post", key, text }),
      onStuck: () => this.#link.input({ type: "stuck" }),
      onSignedOut: () => this.#signedOut(),
      onStored: (key, id, time, from) => {
        this.#ownIds.add(from);
        this.#acknowledged(key, id, time);
      },
      onChange: () => this.#emitPosts(),
    });
  }

  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (value: ClientEvents[Name]) => void,
  ): () => void {
    return this.#emitter.on(name, listener);
  }

  get state(): ConnectionState {
    return this.#state;
  }

  get messages(): readonly MessageEvent[] {
    return this.#log.entries;
  }

  get cursor(): Cursor | undefined {
    return this.#log.cursor;
  }

  get posts(): readonly Post[] {
    return this.#outbox.posts;
  }

  get members(): readonly Member[] | undefined {
    return this.#roster.members;
  }

  get memberCount(): number {
    return this.#roster.count;
  }

  /** The call of the room, if there is one; each member tells whether it is `inCall`. */
  get call(): Call | undefined {
    return this.#call;
  }

  /** Undefined until the server was asked, null for a guest. */
  get session(): Session | null | undefined {
    return this.#known;
  }

  /** The last decisions about the connection, for diagnostics. */
  get decisions(): readonly Decision[] {
    return this.#decisions;
  }

  /** True for what this client has posted, also under an earlier session. */
  isOwn(id: ClientId): boolean {
    return this.#ownIds.has(id);
  }

  /** Connects, and keeps connected until `close()`. */
  start(): void {
    this.#stopped = false;
    if (this.#known !== undefined) return this.#link.input({ type: "start" });
    if (this.#o.session !== null) {
      // Who one is matters for writing only: the reading begins meanwhile.
      this.#link.input({ type: "start" });
      void this.#whoAmI();
    } else if (this.#name === undefined) {
      this.#learn(null);
      this.#link.input({ type: "start" });
    } else {
      // First a session, so that the room does not see a guest come and go; but not for long.
      this.#setState({ ...this.#state, status: "connecting", downSince: this.#env.now() });
      this.#guestTimer = this.#env.setTimeout(
        () => this.#link.input({ type: "start" }),
        SIGN_IN_FIRST,
      );
      void this.#renew();
    }
  }

  /** Takes a name: a new session, or the same under a new name, and then connects with it. */
  async signIn(name: string): Promise<SessionResult> {
    const result = await this.#sessions.ask(name);
    if ("session" in result) {
      this.#name = result.session.name;
      this.#interrupt(); // the connection is still the guest's: nothing more goes out on it
      this.#learn(result.session);
      this.#restart();
    }
    return result;
  }

  /** Writes to the room. The post is kept, and sent again, until it is in the log or refused. */
  post(text: string): Post {
    this.#typedAt = 0;
    const post = this.#outbox.add(this.#env.key(), text, this.#env.now());
    this.#emitPosts();
    this.#poster.pump();
    return post;
  }

  /** Takes over posts of an earlier run that may or may not be stored; their keys keep them from being doubled. */
  restore(posts: readonly Post[]): void {
    const told = new Set(this.#log.entries.map(({ key, from }) => this.isOwn(from.id) && key));
    this.#outbox.restore(posts.filter(({ key }) => !told.has(key)));
    this.#emitPosts();
    this.#poster.pump();
  }

  /** Sends a refused post after all. */
  retry(key: string): void {
    if (!this.#outbox.retry(key, this.#env.now())) return;
    this.#emitPosts();
    this.#poster.pump();
  }

  /** Forgets a post. One that is under way may be in the log all the same. */
  discard(key: string): void {
    if (!this.#outbox.discard(key)) return;
    this.#emitPosts();
    this.#poster.pump();
  }

  /** Says that one is writing; call it as often as you like. */
  typing(): void {
    const now = this.#env.now();
    if (!this.#known || this.#state.status !== "live" || now - this.#typedAt < TYPING_EVERY) return;
    this.#typedAt = now;
    if (!this.#link.send({ type: "typing" })) void this.#ask("/typing", {});
  }

  /** Leaves the room: this connection alone, not one's other tabs. */
  leave(): void {
    if (!this.#link.send({ type: "leave" }) && this.#known) {
      void this.#ask("/leave", { stream: this.#stream });
    }
    this.close();
  }

  /** Disconnects, without saying so: the server waits a moment before it tells the others. */
  close(): void {
    this.#stopped = true;
    if (this.#renewTimer !== undefined) this.#env.clearTimeout(this.#renewTimer);
    if (this.#guestTimer !== undefined) this.#env.clearTimeout(this.#guestTimer);
    this.#interrupt();
    this.#link.input({ type: "stop" });
  }

  /** Call it when the device goes on or off line. */
  networkChanged(online: boolean): void {
    this.#link.input({ type: "network", online });
  }

  /** Call it when the page was frozen, asleep, or hidden for some seconds, and is back. */
  woke(): void {
    this.#link.input({ type: "wake", frozen: true });
  }

  /** Does not wait for the next try. */
  retryNow(): void {
    this.#link.input({ type: "retry" });
  }

  #target(): Target {
    const { baseUrl, room } = this.#o;
    const { headers } = this.#sessions;
    return { baseUrl, room, after: this.#log.cursor, session: this.#known, headers };
  }

  #event(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        this.#stream = event.stream;
        if (event.clientId !== "") this.#ownIds.add(event.clientId);
        this.#roster.replace(event, true);
        this.#emitMembers();
        break;
      case "reset":
        this.#log.reset();
        this.#emitter.emit("reset", event);
        break;
      case "message":
        this.#message(event);
        break;
      case "live":
        this.#caughtUp(event.cursor);
        break;
      case "unknown":
        if (event.id !== undefined) this.#log.advance(event.id);
        break;
      case "members":
        this.#roster.replace(event);
        this.#emitMembers();
        break;
      case "joined":
      case "left":
        this.#presence(event);
        break;
      case "typing":
        if (!this.isOwn(event.member.id)) this.#emitter.emit("typing", event);
        break;
      case "call":
        this.#roster.called(event);
        this.#emitMembers();
        break;
      case "ack":
        this.#acknowledged(event.key, event.id, event.time);
        this.#poster.answered();
        break;
      case "error":
        this.#error(event);
        break;
      case "ping":
      case "pong":
        break;
    }
    this.#emitter.emit("event", event);
  }

  #message(message: MessageEvent): void {
    if (!this.#log.add(message)) return;
    const { key, from } = message;
    const own = key !== undefined && this.isOwn(from.id);
    const arrived = own && this.#outbox.arrived(key);
    this.#emitter.emit("message", message);
    if (own) this.#emitPosts();
    if (arrived) this.#poster.answered();
  }

  #caughtUp(cursor: Cursor): void {
    this.#log.advance(cursor);
    this.#outbox.passed(cursor);
    this.#renewals.reset();
    this.#emitPosts();
    this.#emitter.emit("live", { cursor });
    this.#live = true;
    if (this.#known === undefined) void this.#whoAmI();
    else this.#poster.resume();
  }

  #acknowledged(key: string, id: Cursor, time: string): void {
    if (this.#outbox.acknowledged(key, id, time, this.#log.cursor ?? START)) this.#emitPosts();
  }

  #error(event: ErrorEvent): void {
    if (event.key === undefined) this.#emitter.emit("problem", event);
    else this.#poster.failed(event.key, event);
  }

  #presence(event: PresenceEvent): void {
    const outcome = this.#roster.change(event);
    if (outcome === "missed") void this.#readRoster();
    if (outcome === "old") return;
    this.#emitMembers();
    if (outcome !== "news") this.#emitter.emit(event.type, event);
  }

  async #readRoster(): Promise<void> {
    if (this.#readingRoster) return;
    this.#readingRoster = true;
    const { value } = await this.#ask("/members");
    this.#readingRoster = false;
    if (value === undefined) return;
    this.#roster.replace(value);
    this.#emitMembers();
  }

  async #whoAmI(): Promise<void> {
    if (this.#asking) return;
    this.#asking = true;
    const result = await this.#sessions.ask();
    this.#asking = false;
    if (this.#known !== undefined || this.#stopped) return;
    if ("session" in result) {
      const renamed = this.#name !== undefined && this.#name !== result.session.name;
      return renamed ? this.#renew() : this.#learn(result.session);
    }
    if (endOfProblem(result.problem).kind !== "signed-out") {
      this.#renewTimer = this.#env.setTimeout(() => void this.#whoAmI(), this.#renewals.next());
      return;
    }
    if (this.#name !== undefined) await this.#renew();
    else this.#learn(null);
  }

  /** Another tab has signed in or taken another name; the cookie is the same. */
  async #reread(): Promise<void> {
    const result = await this.#sessions.ask();
    if (!("session" in result) || this.#stopped) return;
    this.#name = result.session.name;
    this.#learn(result.session);
  }

  #learn(session: Session | null): void {
    this.#known = session;
    if (session !== null) this.#ownIds.add(session.clientId);
    this.#emitter.emit("session", session);
    // Nothing is posted before it is known under which name.
    if (this.#live) this.#poster.resume();
  }

  #restart(): void {
    if (this.#guestTimer !== undefined) this.#env.clearTimeout(this.#guestTimer);
    this.#interrupt();
    if (this.#link.restart !== undefined && !this.#stopped) return this.#link.restart();
    this.#link.input({ type: "stop" });
    if (!this.#stopped) this.#link.input({ type: "start" });
  }

  #interrupt(): void {
    this.#live = false;
    this.#poster.pause();
  }

  #final(end: End): void {
    this.#interrupt();
    if (end.kind === "signed-out") return this.#signedOut();
    this.#stopped = true;
    this.#emitter.emit("final", end);
  }

  /** The session has ended: a new one under the same name, or a guest who is asked for one. */
  #signedOut(): void {
    if (this.#name !== undefined) void this.#renew();
    else this.#learn(null);
  }

  async #renew(): Promise<void> {
    if (this.#renewing || this.#name === undefined) return;
    this.#renewing = true;
    const result = await this.signIn(this.#name);
    this.#renewing = false;
    if ("session" in result || this.#stopped) return;
    const { kind, retryAfter } = endOfProblem(result.problem);
    if (kind === "refused") {
      this.#name = undefined;
      this.#learn(null);
      return this.#link.input({ type: "start" });
    }
    this.#renewTimer = this.#env.setTimeout(
      () => void this.#renew(),
      this.#renewals.next(retryAfter),
    );
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    if (state.status !== "live") this.#interrupt();
    this.#emitter.emit("state", state);
  }

  #decision(decision: Decision): void {
    this.#decisions.push(decision);
    if (this.#decisions.length > DECISIONS_KEPT) this.#decisions.shift();
    this.#emitter.emit("decision", decision);
  }

  #emitPosts(): void {
    this.#emitter.emit("posts", this.#outbox.posts);
  }

  #emitMembers(): void {
    const { members, count, call } = this.#roster;
    this.#emitter.emit("members", { members, count });
    if (JSON.stringify(call) === JSON.stringify(this.#call)) return;
    this.#call = call;
    this.#emitter.emit("call", call);
  }

  #ask(path: string, body?: object): Promise<Answer<RosterSnapshot>> {
    return ask(this.#env, roomUrl(this.#o, path), this.#sessions.headers, readRoster, body);
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
