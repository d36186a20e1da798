import { type Backoff, createBackoff } from "./backoff.ts";
import { type Cursor, START } from "./cursor.ts";
import type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
import { Emitter } from "./emitter.ts";
import { type End, endOfProblem } from "./end.ts";
import { defaultEnvironment } from "./environment.ts";
import {
  type Call,
  type ClientId,
  type Member,
  type MessageEvent,
  type PresenceEvent,
  type Problem,
  type ResetEvent,
  type RoomId,
  type RosterSnapshot,
  readRoster,
  readSession,
  type ServerEvent,
  type Session,
} from "./events.ts";
import { type Answer, ask } from "./http.ts";
import { createLink, type Port } from "./link.ts";
import { Log } from "./log.ts";
import { Outbox, type Post } from "./outbox.ts";
import { createPoster, type Poster } from "./poster.ts";
import { Roster } from "./roster.ts";
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
  posts?: readonly Post[];
  /** Use this transport only. For support cases and tests. */
  transport?: Transport;
  /** What was learnt about the network before, and where to keep it. */
  memory?: { load(): Memory | undefined; save(memory: Memory): void };
  timing?: Partial<Timing>;
  env?: Partial<Environment>;
  open?: Partial<Record<Transport, OpenTransport>>;
}

export type SessionResult = { session: Session } | { problem: Problem };

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
export class Client extends Emitter<ClientEvents> {
  readonly #env: Environment;
  readonly #o: ClientOptions;
  readonly #link: Port;
  readonly #log: Log;
  readonly #roster = new Roster();
  readonly #outbox: Outbox;
  readonly #poster: Poster;
  readonly #renewals: Backoff;

  readonly #ownIds = new Set<ClientId>();
  readonly #decisions: Decision[] = [];
  #state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  #call: Call | undefined;
  #name: string | undefined;
  #known: Session | null | undefined;
  /** What a program sends to be who it is; a page has a cookie that it can't even read. */
  #token: string | undefined;
  #stream: string | undefined;
  #typedAt = 0;
  /** What is being asked for, so that it is not asked for twice. */
  readonly #asking = new Set<string>();
  /** The carrier has told the past. */
  #live = false;
  #timer = 0;
  #stopped = true;

  /** `join` takes a place on a connection that is shared, as the tabs of the page do, rather than make one. */
  constructor(options: ClientOptions, join = createLink) {
    super();
    const { session, transport, memory } = options;
    const env = { ...defaultEnvironment(), ...options.env };
    const target = () => this.#target();
    this.#o = options;
    this.#env = env;
    this.#name = options.name ?? session?.name;
    this.#log = new Log(options.after);
    this.#outbox = new Outbox(options.posts);
    this.#renewals = createBackoff(env.random);
    this.#token = session?.token;
    this.#link = join({
      ...options,
      env,
      target,
      memory: memory?.load(),
      transports: transport && [transport],
      onEvent: (event) => {
        this.#event(event);
        this.emit("event", event);
      },
      onCarry: () => this.#interrupt(),
      onState: (state) => this.#setState(state),
      onDecision: (decision) => this.#decision(decision),
      onMemory: (learnt) => memory?.save(learnt),
      onSession: () => void this.#reread(),
      onFinal: (end) => this.#final(end),
    });
    this.#poster = createPoster({
      env,
      target,
      outbox: this.#outbox,
      send: ({ key, text }) => this.#link.send({ type: "post", key, text }),
      onStuck: () => this.#link.input({ type: "stuck" }),
      onSignedOut: () => this.#signedOut(),
      onStored: ({ id, time, from }, key) => {
        this.#ownIds.add(from.id);
        this.#acknowledged(key, id, time);
      },
      onChange: () => this.#emitPosts(),
    });
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
    return this.#roster.call;
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
    const first = this.#known === undefined;
    if (first && this.#o.session === null && this.#name !== undefined) {
      // First a session, so that the room does not see a guest come and go; but not for long.
      this.#setState({ ...this.#state, status: "connecting", downSince: this.#env.now() });
      this.#env.setTimeout(() => this.#begin(), SIGN_IN_FIRST);
      return void this.#identify(true);
    }
    if (first && this.#o.session === null) this.#learn(null);
    this.#begin();
    // Who one is matters for writing only: the reading begins meanwhile.
    if (this.#known === undefined) void this.#identify();
  }

  /** Takes a name: a new session, or the same under a new name, and then connects with it. */
  async signIn(name: string): Promise<SessionResult> {
    const result = await this.#askSession(name);
    if ("session" in result) {
      this.#name = result.session.name;
      this.#interrupt(); // the connection is still the guest's: nothing more goes out on it
      this.#learn(result.session);
      if (!this.#stopped) this.#link.restart();
    }
    return result;
  }

  /** Writes to the room. The post is kept, and sent again, until it is in the log or refused. */
  post(text: string): Post {
    this.#typedAt = 0;
    const post = this.#outbox.add(this.#env.key(), text, this.#env.now());
    this.#changed();
    return post;
  }

  /** Takes over posts of an earlier run that may or may not be stored; their keys keep them from being doubled. */
  restore(posts: readonly Post[]): void {
    const told = new Set(this.messages.map(({ key, from }) => this.isOwn(from.id) && key));
    this.#outbox.restore(posts.filter(({ key }) => !told.has(key)));
    this.#changed();
  }

  /** Sends a refused post after all. */
  retry(key: string): void {
    if (this.#outbox.retry(key, this.#env.now())) this.#changed();
  }

  /** Forgets a post. One that is under way may be in the log all the same. */
  discard(key: string): void {
    if (this.#outbox.discard(key)) this.#changed();
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
    const sent = this.#link.send({ type: "leave" });
    if (!sent && this.#known) void this.#ask("/leave", { stream: this.#stream });
    this.close();
  }

  /** Disconnects, without saying so: the server waits a moment before it tells the others. */
  close(): void {
    this.#stopped = true;
    this.#env.clearTimeout(this.#timer);
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

  #begin(): void {
    if (!this.#stopped) this.#link.input({ type: "start" });
  }

  #target(): Target {
    const { baseUrl, room } = this.#o;
    return {
      baseUrl,
      room,
      after: this.cursor,
      session: this.#known,
      headers: this.#headers,
    };
  }

  #event(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        this.#stream = event.stream;
        if (event.clientId) this.#ownIds.add(event.clientId);
        this.#roster.replace(event, true);
        return this.#emitMembers();
      case "members":
        this.#roster.replace(event);
        return this.#emitMembers();
      case "call":
        this.#roster.called(event);
        return this.#emitMembers();
      case "joined":
      case "left":
        return this.#presence(event);
      case "typing":
        return this.isOwn(event.member.id) ? undefined : this.emit("typing", event);
      case "reset":
        this.#log.reset();
        return this.emit("reset", event);
      case "message":
        return this.#message(event);
      case "unknown":
        if (event.id) this.#log.advance(event.id);
        return;
      case "live":
        return this.#caughtUp(event.cursor);
      case "ack":
        this.#acknowledged(event.key, event.id, event.time);
        return this.#poster.answered();
      case "error":
        return event.key ? this.#poster.failed(event.key, event) : this.emit("problem", event);
    }
  }

  #message(message: MessageEvent): void {
    if (!this.#log.add(message)) return;
    const { key, from } = message;
    const own = key !== undefined && this.isOwn(from.id);
    const arrived = own && this.#outbox.arrived(key);
    this.emit("message", message);
    if (own) this.#emitPosts();
    if (arrived) this.#poster.answered();
  }

  #caughtUp(cursor: Cursor): void {
    this.#log.advance(cursor);
    this.#outbox.passed(cursor);
    this.#renewals.reset();
    this.#emitPosts();
    this.emit("live", { cursor });
    this.#live = true;
    if (this.#known === undefined) void this.#identify();
    else this.#poster.resume();
  }

  #acknowledged(key: string, id: Cursor, time: string): void {
    if (this.#outbox.acknowledged(key, id, time, this.cursor ?? START)) this.#emitPosts();
  }

  #presence(event: PresenceEvent): void {
    const outcome = this.#roster.change(event);
    if (outcome === "missed") void this.#readRoster();
    if (outcome === "old") return;
    this.#emitMembers();
    if (outcome !== "news") this.emit(event.type, event);
  }

  async #readRoster(): Promise<void> {
    if (this.#asking.has("roster")) return;
    this.#asking.add("roster");
    const { value } = await this.#ask("/members");
    this.#asking.delete("roster");
    if (!value) return;
    this.#roster.replace(value);
    this.#emitMembers();
  }

  /** Finds out who one is: `anew` as somebody of one's name, else as whom the server knows one. */
  async #identify(anew = false): Promise<void> {
    const asked = `session ${anew}`;
    const name = anew ? this.#name : undefined;
    if (this.#asking.has(asked)) return;
    this.#asking.add(asked);
    const result = name === undefined ? await this.#askSession() : await this.signIn(name);
    this.#asking.delete(asked);
    if (this.#stopped || (this.#known !== undefined && !anew)) return;
    if ("session" in result) {
      const renamed = this.#name !== undefined && this.#name !== result.session.name;
      if (renamed) return this.#identify(true);
      return anew ? undefined : this.#learn(result.session);
    }
    const { kind, retryAfter } = endOfProblem(result.problem);
    if (kind === "signed-out" && !anew) return this.#signedOut();
    if (kind === "refused" && anew) {
      this.#name = undefined;
      this.#learn(null);
      return this.#begin();
    }
    const again = () => void this.#identify(anew);
    this.#timer = this.#env.setTimeout(again, this.#renewals.next(retryAfter));
  }

  /** Another tab has signed in or taken another name; the cookie is the same. */
  async #reread(): Promise<void> {
    const result = await this.#askSession();
    if (!("session" in result) || this.#stopped) return;
    this.#name = result.session.name;
    this.#learn(result.session);
  }

  #learn(session: Session | null): void {
    this.#known = session;
    if (session) this.#ownIds.add(session.clientId);
    this.emit("session", session);
    // Nothing is posted before it is known under which name.
    if (this.#live) this.#poster.resume();
  }

  #interrupt(): void {
    this.#live = false;
    this.#poster.pause();
  }

  #final(end: End): void {
    this.#interrupt();
    if (end.kind === "signed-out") return this.#signedOut();
    this.#stopped = true;
    this.emit("final", end);
  }

  /** The session has ended: a new one under the same name, or a guest who is asked for one. */
  #signedOut(): void {
    if (this.#name !== undefined) void this.#identify(true);
    else this.#learn(null);
  }

  #setState(state: ConnectionState): void {
    this.#state = state;
    if (state.status !== "live") this.#interrupt();
    this.emit("state", state);
  }

  #decision(decision: Decision): void {
    if (this.#decisions.push(decision) > DECISIONS_KEPT) this.#decisions.shift();
    this.emit("decision", decision);
  }

  /** What one wrote has changed by one's own doing. */
  #changed(): void {
    this.#emitPosts();
    this.#poster.pump();
  }

  #emitPosts(): void {
    this.emit("posts", this.posts);
  }

  #emitMembers(): void {
    const { members, memberCount: count, call } = this;
    this.emit("members", { members, count });
    if (JSON.stringify(call) === JSON.stringify(this.#call)) return;
    this.#call = call;
    this.emit("call", call);
  }

  get #headers(): Record<string, string> {
    return this.#o.tokens && this.#token ? { Authorization: `Bearer ${this.#token}` } : {};
  }

  /** The session that the server knows, if there is one; with a name, a new one or that one under a new name. */
  async #askSession(name?: string): Promise<SessionResult> {
    const url = new URL("session", this.#o.baseUrl).href;
    const body = name === undefined ? undefined : { name };
    const answer = await ask(this.#env, url, this.#headers, readSession, body);
    if (!answer.value) return answer;
    const session = { token: this.#token, ...answer.value };
    this.#token = session.token;
    return { session };
  }

  #ask(path: string, body?: object): Promise<Answer<RosterSnapshot>> {
    return ask(this.#env, roomUrl(this.#o, path), this.#headers, readRoster, body);
  }
}

export function createClient(options: ClientOptions): Client {
  return new Client(options);
}
