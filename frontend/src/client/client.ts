import type { Client, ClientEvents, ClientOptions } from "./client_types.ts";
import { createConnection } from "./connection.ts";
import { type Cursor, later, START } from "./cursor.ts";
import type { ConnectionState, Decision } from "./decisions.ts";
import { createEmitter } from "./emitter.ts";
import { defaultEnvironment } from "./environment.ts";
import {
  type ClientId,
  type MessageEvent,
  type PresenceEvent,
  type RosterSnapshot,
  readRoster,
  type ServerEvent,
  type UnknownEvent,
} from "./events.ts";
import { type Answer, ask } from "./http.ts";
import { createOutbox } from "./outbox.ts";
import { changed } from "./roster.ts";
import { createSessionKeeper } from "./session.ts";
import type { Reader } from "./shape.ts";
import { oneRoom, roomUrl, type Target } from "./target.ts";
import type { Environment } from "./transport.ts";

/** Not more often; the server passes on one each 3 s. */
const TYPING_EVERY = 3_000;
const DECISIONS_KEPT = 200;
/** How long the sign-in may keep the reading waiting. Milliseconds. */
const SIGN_IN_FIRST = 1_500;

/**
 * Makes a client of one room. `join` takes a place on a connection that is shared, as the tabs of
 * the page do, rather than make one.
 */
export function createClient<Extra extends object = object>(
  options: ClientOptions<Extra>,
  join = createConnection,
): Client<Extra> {
  const { memory, transport } = options;
  const env: Environment = { ...defaultEnvironment(), ...options.env };
  const { on, emit } = createEmitter<ClientEvents>();
  /** What was seen of the log, each entry once and in order; undefined until something was. */
  let cursor = options.after;
  let messages: MessageEvent[] = [];
  let roster: RosterSnapshot = { memberCount: 0, version: 0 };
  let readingRoster = false;

  let state: ConnectionState = { status: "idle", proven: false, failures: 0 };
  const decisions: Decision[] = [];
  let stopped = true;
  /** The past has been told over the active transport. */
  let live = false;
  let stream: string | undefined;
  let typedAt = 0;
  const ownIds = new Set([options.session?.clientId]);
  const readers = new Map(Object.entries<Reader<unknown>>(options.events ?? {}));

  const keeper = createSessionKeeper({
    ...options,
    env,
    running: () => !stopped,
    onSession(known, renewed) {
      if (renewed) interrupt(); // the connection is still the guest's: nothing more goes out on it
      ownIds.add(known?.clientId);
      emit("session", known);
      // Nothing is posted before it is known under which name.
      if (live) outbox.resume();
      if (renewed && !stopped) connection.input({ type: "reconnect" });
    },
    onReady: begin,
  });
  const connection = join({
    ...options,
    env,
    target,
    memory: memory?.load(),
    transports: transport && [transport],
    onEvent,
    onActivate: interrupt,
    onState: setState,
    onDecision(decision) {
      if (decisions.push(decision) > DECISIONS_KEPT) decisions.shift();
      emit("decision", decision);
    },
    onMemory: (learnt) => memory?.save(learnt),
    onSession: keeper.follow,
    onFinal(end) {
      interrupt();
      if (end.kind === "signed-out") return keeper.signedOut();
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
    onSignedOut: keeper.signedOut,
    onOwn: (id) => ownIds.add(id),
  });

  function target(): Target {
    const { baseUrl, room } = options;
    const { session } = keeper;
    return oneRoom({ baseUrl, room, after: cursor, session, headers: keeper.headers() });
  }

  function askRoom(path: string, body?: object): Promise<Answer<RosterSnapshot>> {
    return ask(env, roomUrl(options, path), keeper.headers(), readRoster, body);
  }

  function onEvent(event: ServerEvent): void {
    take(event);
    emit("event", event);
  }

  function take(event: ServerEvent): void {
    switch (event.type) {
      case "welcome":
        stream = event.stream;
        ownIds.add(event.clientId);
        return setRoster(event);
      case "members":
        if (event.version >= roster.version) setRoster(event);
        return;
      case "joined":
      case "left":
        return presence(event);
      case "typing":
        if (!isOwn(event.member.id)) emit("typing", event);
        return;
      case "reset":
        // What is kept follows, whatever its numbers.
        cursor = START;
        messages = [];
        return emit("reset", event);
      case "message":
        return message(event);
      case "unknown":
        return unknown(event);
      case "live":
        return caughtUp(event.cursor);
      case "ack":
        return outbox.stored(event);
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

  /**
   * What the core does not know is for who reads it; an entry moves the cursor, and is told once.
   */
  function unknown({ id, name, fields }: UnknownEvent): void {
    if (id) {
      if (!advance(id)) return;
      outbox.changed();
    }
    const known = readers.get(name)?.(fields);
    if (known) emit(name as keyof ClientEvents, known as never);
  }

  function caughtUp(to: Cursor): void {
    advance(to);
    outbox.changed();
    emit("live", { cursor: to });
    live = true;
    keeper.find();
    if (keeper.session !== undefined) outbox.resume();
  }

  /** Changes are numbered, so that a missed one is noticed. */
  function presence(event: PresenceEvent): void {
    const { version, memberCount } = roster;
    if (event.version <= version) return;
    const missed = event.version > version + 1;
    if (missed) void readAgain();
    else setRoster(changed(roster, event));
    // News of somebody who is there is no arrival.
    if (missed || roster.memberCount !== memberCount) emit(event.type, event);
  }

  async function readAgain(): Promise<void> {
    if (readingRoster) return;
    readingRoster = true;
    const { result } = await askRoom("/members");
    readingRoster = false;
    if (result) onEvent({ type: "members", roomId: options.room, ...result });
  }

  function setRoster(next: RosterSnapshot): void {
    roster = next;
    emit("members", { members: next.members, count: next.memberCount });
  }

  function begin(): void {
    if (!stopped) connection.input({ type: "start" });
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
    keeper.stop();
    interrupt();
    connection.input({ type: "stop" });
  }

  return {
    on: on as Client<Extra>["on"],
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
    get session() {
      return keeper.session;
    },
    decisions,
    isOwn,
    start() {
      stopped = false;
      // Who one is matters for writing only, so the reading begins meanwhile. But a new session is
      // made first, so that the room does not see a guest come and go; not for long, though.
      if (!keeper.find()) return begin();
      setState({ ...state, status: "connecting", downSince: env.now() });
      env.setTimeout(begin, SIGN_IN_FIRST);
    },
    signIn: keeper.signIn,
    post(text) {
      typedAt = 0;
      return outbox.add({ text }, env.key());
    },
    send: (command, http) => outbox.add({ text: "", command, http }, env.key()),
    restore(posts) {
      const isTold = ({ key }: { key: string }) =>
        messages.some((message) => message.key === key && isOwn(message.from.id));
      outbox.restore(posts.filter((post) => !isTold(post)));
    },
    retry: outbox.retry,
    discard: outbox.discard,
    typing() {
      const now = env.now();
      if (!keeper.session || state.status !== "live" || now - typedAt < TYPING_EVERY) return;
      typedAt = now;
      if (!connection.send({ type: "typing" })) void askRoom("/typing", {});
    },
    leave() {
      const sent = connection.send({ type: "leave" });
      if (!sent && keeper.session) void askRoom("/leave", { stream });
      close();
    },
    close,
    networkChanged: (online) => connection.input({ type: "network", online }),
    resumed: () => connection.input({ type: "resumed", frozen: true }),
    retryNow: () => connection.input({ type: "retry" }),
  };
}
