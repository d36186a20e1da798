import type { ConnectionOptions } from "./connection.ts";
import type { Cursor } from "./cursor.ts";
import type { ConnectionState } from "./decisions.ts";
import {
  type MessagesReply,
  type RoomId,
  readMessages,
  type ServerEvent,
  type WelcomeEvent,
} from "./events.ts";
import { ask } from "./http.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";
import { roomUrl } from "./target.ts";

/** After a read of the log that failed. Milliseconds. */
const CATCH_UP_AGAIN = 1_000;
/** Events that wait while the log is read; with more it is read anew. */
const MOST_HELD = 5_000;

export interface TabRoomOptions {
  room: RoomId;
  connection: ConnectionOptions;
  /** Asks the leader. */
  ask(body: TabMessageBody): void;
}

/**
 * What one tab has of one of its rooms on the shared connection: its place in the log, and what is
 * told.
 */
export interface TabRoom {
  /** Takes part again. */
  start(): void;
  /** Reports whether a post may go over the shared connection now. */
  canSend(): boolean;
  /** Asks the leader for the room, from where this tab is. */
  join(): void;
  /** A join that was not answered may be asked for again. */
  forgetJoin(): void;
  /** Reports whether the leader has it in the room. */
  takesPart(): boolean;
  /** Leaves the room; `leave` tells the others in it. */
  part(leave: boolean): void;
  /** The leader is another one: what was under way has no answer to hope for. */
  interrupt(): void;
  stop(): void;
  /** Does what the leader says. */
  follow(message: TabMessage): void;
}

export function createTabRoom({ room, connection, ask: askLeader }: TabRoomOptions): TabRoom {
  const { env } = connection;
  /** It takes no part until it is started again. */
  let ended = false;
  let joined = false;
  let joining = false;
  /** The room has been welcomed since: the connection may have lived before. */
  let inRoom = false;
  /** The number of the last event that was told. */
  let last = 0;
  /** What came while the past is read. */
  let held: ServerEvent[] | undefined;
  let state: ConnectionState = { status: "idle", proven: false, failures: 0 };

  function setState(next: ConnectionState): void {
    state = next;
    const { status, failures } = state;
    if (inRoom || status !== "live") return connection.onState(state);
    connection.onState({ status: "connecting", proven: false, failures, downSince: env.now() });
  }

  function join(): void {
    if (ended) return;
    const { after, session } = connection.target();
    joining = true;
    held = undefined;
    askLeader({ type: "join", room, ...(after && { after }), ...(session && { session }) });
  }

  function welcomed({ first, n, state, welcome }: Extract<TabMessage, { type: "joined" }>): void {
    joined = true;
    joining = false;
    inRoom = false;
    last = n;
    setState(state);
    if (!first) void catchUp(welcome);
  }

  function heard({ n, event, to }: Extract<TabMessage, { type: "event" }>): void {
    if (to === undefined) {
      // One was lost, by a tab that was asleep: it reads the log again from where it is.
      if (n !== last + 1 || (held?.length ?? 0) > MOST_HELD) {
        joined = false;
        return join();
      }
      last = n;
    }
    if (held) held.push(event);
    else pass(event);
  }

  function pass(event: ServerEvent): void {
    connection.onEvent(event);
    if (event.type !== "welcome" || inRoom) return;
    inRoom = true;
    connection.onState(state);
  }

  /** The room is read for another tab already: the past from the log, then what came meanwhile. */
  async function catchUp(welcome: WelcomeEvent | undefined): Promise<void> {
    const mine: ServerEvent[] = [];
    held = mine;
    const past: ServerEvent[] = [];
    let { after } = connection.target();
    for (let first = true; ; first = false) {
      const reply = await read(after);
      if (held !== mine) return;
      if (!reply) {
        env.setTimeout(() => held === mine && void catchUp(welcome), CATCH_UP_AGAIN);
        return;
      }
      const { messages, cursor, reset, reason = "" } = reply;
      if (first) past.push(welcomeOf(reply, welcome, after));
      if (reset) past.push({ type: "reset", roomId: room, reason });
      past.push(...messages);
      if (after === undefined || messages.length === 0 || cursor === after) {
        past.push({ type: "live", roomId: room, cursor });
        break;
      }
      after = cursor;
    }
    held = undefined;
    for (const event of [...past, ...mine]) pass(event);
  }

  async function read(after: Cursor | undefined): Promise<MessagesReply | undefined> {
    const target = connection.target();
    const url = roomUrl(target, "/messages", { after });
    return (await ask(env, url, target.headers, readMessages)).result;
  }

  /** The welcome that a connection of this tab's own would have had. */
  function welcomeOf(
    { reset, members, call, memberCount, version }: MessagesReply,
    welcome: WelcomeEvent | undefined,
    after: Cursor | undefined,
  ): WelcomeEvent {
    const { clientId = "", name = "", heartbeat = 15, stream } = welcome ?? {};
    return {
      type: "welcome",
      roomId: room,
      clientId: clientId || (connection.target().session?.clientId ?? ""),
      name,
      resumed: after !== undefined && !reset,
      heartbeat,
      ...(stream !== undefined && { stream }),
      ...(members && { members }),
      ...(call && { call }),
      memberCount,
      version,
    };
  }

  return {
    start() {
      ended = false;
      state = { ...state, status: "connecting", downSince: env.now() };
      connection.onState(state);
    },
    canSend: () => joined && inRoom && state.status === "live" && state.transport === "ws",
    join() {
      ended = false;
      if (!joined) join();
    },
    forgetJoin() {
      joining = false;
    },
    takesPart: () => joined,
    part(leave) {
      if (ended) return;
      joined = false;
      ended = true;
      askLeader({ type: "part", room, leave });
    },
    interrupt() {
      joined = false;
      held = undefined;
      if (state.transport !== undefined) connection.onActivate(state.transport);
    },
    stop() {
      joined = false;
      held = undefined;
      state = { status: "idle", proven: false, failures: 0 };
    },
    follow(message) {
      switch (message.type) {
        case "here":
          if (message.fresh || !(joined || joining)) join();
          return;
        case "joined":
          return welcomed(message);
        case "event":
          return joined ? heard(message) : undefined;
        case "activate":
          if (joined && state.transport) connection.onActivate(state.transport);
          return;
        case "state":
          return joined ? setState(message.state) : undefined;
        case "final":
          if (!joined) return;
          if (message.end.kind !== "signed-out") {
            joined = false;
            ended = true;
          }
          return connection.onFinal(message.end);
      }
    },
  };
}
