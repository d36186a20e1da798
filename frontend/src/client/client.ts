import { createBackoff } from "./backoff.ts";
import { createConnection } from "./connection.ts";
import { type Cursor, later, START } from "./cursor.ts";
import type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
import { createEmitter } from "./emitter.ts";
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
import { createOutbox, type Post } from "./outbox.ts";
import { called, changed } from "./roster.ts";
import { oneRoom, roomUrl, type Target } from "./target.ts";
import type { Environment, OpenTransport, Transport } from "./transport.ts";

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
export interface Client {
  /** Returns what takes the listener off again. */
  on<Name extends keyof ClientEvents>(
    name: Name,
    listener: (value: ClientEvents[Name]) => void,
  ): () => void;
  readonly state: ConnectionState;
  readonly messages: readonly MessageEvent[];
  readonly cursor: Cursor | undefined;
  readonly posts: readonly Post[];
  readonly members: readonly Member[] | undefined;
  readonly memberCount: number;
  /** The call of the room, if there is one; each member tells whether it is `inCall`. */
  readonly call: Call | undefined;
  /** Undefined until the server was asked, null for a guest. */
  readonly session: Session | null | undefined;
  /** The last decisions about the connection, for diagnostics. */
  readonly decisions: readonly Decision[];
  /** True for what this client has posted, also under an earlier session. */
  isOwn(id: ClientId): boolean;
  /** Connects, and keeps connected until `close()`. */
  start(): void;
  /** Takes a name: a new session, or the same under a new name, and then connects with it. */
  signIn(name: string): Promise<SessionResult>;
  /** Writes to the room. The post is kept, and sent again, until it is in the log or refused. */
  post(text: string): Post;
  /** Takes over posts of an earlier run that may or may not be stored; their keys keep them from being doubled. */
  restore(posts: readonly Post[]): void;
  /** Sends a refused post after all. */
  retry(key: string): void;
  /** Forgets a post. One that is under way may be in the log all the same. */
  discard(key: string): void;
  /** Says that one is writing; call it as often as you like. */
  typing(): void;
  /** Leaves the room: this connection alone, not one's other tabs. */
  leave(): void;
  /** Disconnects, without saying so: the server waits a moment before it tells the others. */
  close(): void;
  /** Call it when the device goes on or off line. */
  networkChanged(online: boolean): void;
  /** Call it when the page was frozen, asleep, or hidden for some seconds, and is back. */
  resumed(): void;
  /** Does not wait for the next try. */
  retryNow(): void;
}

/** `join` takes a place on a connection that is shared, as the tabs of the page do, rather than make one. */
export function createClient(options: ClientOptions, join = createConnection): Client {
  const { memory, transport } = options;
  const env: Environment = { ...defaultEnvironment(), ...options.env };
  const { on, emit } = createEmitter<ClientEvents>();
  /** What was seen of the log, each entry once and in order; undefined until something was. */
  let cursor = options.after;
  let messages: MessageEvent[] = [];
  let roster: RosterSnapshot = { memberCount: 0, version: 0 };
  let told: Call | undefined;

  let state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  const decisions: Decision[] = [];
  let stopped = true;
  /** The active transport has told the past. */
  let live = false;
  let stream: string | undefined;
  let typedAt = 0;

  const ownIds = new Set<ClientId>();
  let name = options.name ?? options.session?.name;
  let session: Session | null | undefined;
  /** What a program sends to be who it is; a page has a cookie that it can't even read. */
  let token = options.session?.token;
  /** What is being asked for, so that it is not asked for twice. */
  const asking = new Set<string>();
  const renewals = createBackoff(env.random);
  let timer = 0;

  const connection = join({
    ...options,
    env,
    target,
    memory: memory?.load(),
    transports: transport && [transport],
    onEvent(event) {
      take(event);
      emit("event", event);
    },
    onActivate: interrupt,
    onState: setState,
    onDecision(decision) {
      if (decisions.push(decision) > DECISIONS_KEPT) decisions.shift();
      emit("decision", decision);
    },
    onMemory: (learnt) => memory?.save(learnt),
    // Another tab has signed in or taken another name; the cookie is the same.
    async onSession() {
      const result = await askSession();
      if (!("session" in result) || stopped) return;
      name = result.session.name;
      learn(result.session);
    },
    onFinal(end) {
      interrupt();
      if (end.kind === "signed-out") return signedOut();
      stopped = true;
      emit("final", end);
    },
  });
  const outbox = createOutbox({
    env,
    target,
    connection,
    posts: options.posts,
    onChange: () => emit("posts", outbox.posts),
    onSignedOut: signedOut,
    onOwn: (id) => ownIds.add(id),
  });

  function headers(): Record<string, string> {
    return options.tokens && token ? { Authorization: `Bearer ${token}` } : {};
  }

  function target(): Target {
    const { baseUrl, room } = options;
    return oneRoom({ baseUrl, room, after: cursor, session, headers: headers() });
  }

  function askRoom(path: string, body?: object): Promise<Answer<RosterSnapshot>> {
    return ask(env, roomUrl(options, path), headers(), readRoster, body);
  }

  function take(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        stream = event.stream;
        if (event.clientId) ownIds.add(event.clientId);
        return setRoster(event);
      case "members":
        return event.version < roster.version ? undefined : setRoster(event);
      case "call":
        return setRoster(called(roster, event));
      case "joined":
      case "left":
        return presence(event);
      case "typing":
        return isOwn(event.member.id) ? undefined : emit("typing", event);
      case "reset":
        // What is kept follows, whatever its numbers.
        cursor = START;
        messages = [];
        return emit("reset", event);
      case "message":
        return message(event);
      case "unknown":
        if (event.id) advance(event.id);
        return;
      case "live":
        return caughtUp(event.cursor);
      case "ack":
        return outbox.stored(event.key, event.id, event.time);
      case "error":
        return event.key ? outbox.failed(event.key, event) : emit("problem", event);
    }
  }

  /** False for what is known already. */
  function advance(to: Cursor): boolean {
    const before = cursor;
    cursor = later(before, to);
    return cursor !== before;
  }

  function message(event: MessageEvent): void {
    // After a switch of transports both may bring it.
    if (!advance(event.id)) return;
    messages.push(event);
    const { key, from } = event;
    const own = key && isOwn(from.id);
    if (own) outbox.arrived(key);
    emit("message", event);
    if (own) outbox.changed();
  }

  function caughtUp(to: Cursor): void {
    advance(to);
    renewals.reset();
    outbox.changed();
    emit("live", { cursor: to });
    live = true;
    if (session === undefined) void identify();
    else outbox.resume();
  }

  /** Changes are numbered, so that a missed one is noticed. */
  function presence(event: PresenceEvent): void {
    const { version, memberCount } = roster;
    if (event.version <= version) return;
    const missed = event.version > version + 1;
    if (missed) void readAgain();
    setRoster(missed ? roster : changed(roster, event));
    // News of somebody who is there is no arrival.
    if (missed || roster.memberCount !== memberCount) emit(event.type, event);
  }

  async function readAgain(): Promise<void> {
    if (asking.has("roster")) return;
    asking.add("roster");
    const { value } = await askRoom("/members");
    asking.delete("roster");
    if (value && value.version >= roster.version) setRoster(value);
  }

  function setRoster(next: RosterSnapshot): void {
    roster = next;
    const { members, memberCount: count, call } = next;
    emit("members", { members, count });
    if (JSON.stringify(call) === JSON.stringify(told)) return;
    told = call;
    emit("call", call);
  }

  function begin(): void {
    if (!stopped) connection.input({ type: "start" });
  }

  /** Asks the server who one is; with a name, to be somebody of that name. */
  async function askSession(name?: string): Promise<SessionResult> {
    const url = new URL("session", options.baseUrl).href;
    const body = name === undefined ? undefined : { name };
    const answer = await ask(env, url, headers(), readSession, body);
    if (!answer.value) return answer;
    const session = { token, ...answer.value };
    token = session.token;
    return { session };
  }

  async function signIn(as: string): Promise<SessionResult> {
    const result = await askSession(as);
    if ("session" in result) {
      name = result.session.name;
      interrupt(); // the connection is still the guest's: nothing more goes out on it
      learn(result.session);
      if (!stopped) connection.restart();
    }
    return result;
  }

  /** Finds out who one is: `anew` as somebody of one's name, else as whom the server knows one. */
  async function identify(anew = false): Promise<void> {
    const asked = `session ${anew}`;
    if (asking.has(asked)) return;
    asking.add(asked);
    const result = anew && name !== undefined ? await signIn(name) : await askSession();
    asking.delete(asked);
    if (stopped || (session !== undefined && !anew)) return;
    if ("session" in result) {
      if (name !== undefined && name !== result.session.name) return identify(true);
      return anew ? undefined : learn(result.session);
    }
    const { kind, retryAfter } = endOfProblem(result.problem);
    if (kind === "signed-out" && !anew) return signedOut();
    if (kind === "refused" && anew) {
      name = undefined;
      learn(null);
      return begin();
    }
    timer = env.setTimeout(() => void identify(anew), renewals.next(retryAfter));
  }

  function learn(known: Session | null): void {
    session = known;
    if (known) ownIds.add(known.clientId);
    emit("session", known);
    // Nothing is posted before it is known under which name.
    if (live) outbox.resume();
  }

  /** The session has ended: a new one under the same name, or a guest who is asked for one. */
  function signedOut(): void {
    if (name !== undefined) void identify(true);
    else learn(null);
  }

  function interrupt(): void {
    live = false;
    outbox.pause();
  }

  function setState(next: ConnectionState): void {
    state = next;
    if (next.status !== "live") interrupt();
    emit("state", next);
  }

  function isOwn(id: ClientId): boolean {
    return ownIds.has(id);
  }

  function close(): void {
    stopped = true;
    env.clearTimeout(timer);
    interrupt();
    connection.input({ type: "stop" });
  }

  return {
    on,
    get state() {
      return state;
    },
    get messages() {
      return messages;
    },
    get cursor() {
      return cursor;
    },
    get posts() {
      return outbox.posts;
    },
    get members() {
      return roster.members;
    },
    get memberCount() {
      return roster.memberCount;
    },
    get call() {
      return roster.call;
    },
    get session() {
      return session;
    },
    decisions,
    isOwn,
    start() {
      stopped = false;
      if (session === undefined && options.session === null) {
        if (name !== undefined) {
          // First a session, so that the room does not see a guest come and go; but not for long.
          setState({ ...state, status: "connecting", downSince: env.now() });
          env.setTimeout(begin, SIGN_IN_FIRST);
          return void identify(true);
        }
        learn(null);
      }
      begin();
      // Who one is matters for writing only: the reading begins meanwhile.
      if (session === undefined) void identify();
    },
    signIn,
    post(text) {
      typedAt = 0;
      return outbox.add(text, env.key());
    },
    restore(posts) {
      const told = new Set(messages.map(({ key, from }) => isOwn(from.id) && key));
      outbox.restore(posts.filter(({ key }) => !told.has(key)));
    },
    retry: outbox.retry,
    discard: outbox.discard,
    typing() {
      const now = env.now();
      if (!session || state.status !== "live" || now - typedAt < TYPING_EVERY) return;
      typedAt = now;
      if (!connection.send({ type: "typing" })) void askRoom("/typing", {});
    },
    leave() {
      const sent = connection.send({ type: "leave" });
      if (!sent && session) void askRoom("/leave", { stream });
      close();
    },
    close,
    networkChanged: (online) => connection.input({ type: "network", online }),
    resumed: () => connection.input({ type: "resumed", frozen: true }),
    retryNow: () => connection.input({ type: "retry" }),
  };
}
