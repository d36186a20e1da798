import type { ConnectionOptions } from "./connection.ts";
import type { ConnectionState } from "./decisions.ts";
import type { RoomId, ServerEvent } from "./events.ts";
import type { TabMessage, TabMessageBody } from "./tabs_messages.ts";

/** Events that wait for the past; with more the leader is asked anew. */
const MOST_HELD = 5_000;
/** How long the past may take before it is asked for again. Milliseconds. */
const PAST_WITHIN = 15_000;

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
  /** What came while the past is awaited. */
  let held: ServerEvent[] | undefined;
  let heldAt = 0;
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

  function welcomed({ first, n, state }: Extract<TabMessage, { type: "joined" }>): void {
    joined = true;
    joining = false;
    inRoom = false;
    last = n;
    // The room is read for another tab already: the past comes from the leader.
    held = first ? undefined : [];
    heldAt = env.now();
    setState(state);
  }

  function heard({ n, event, to }: Extract<TabMessage, { type: "event" }>): void {
    if (to === undefined) {
      // One was lost, by a tab that was asleep: it asks again from where it is.
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

  function caughtUp(past: readonly ServerEvent[]): void {
    if (held === undefined) return;
    const events = [...past, ...held];
    held = undefined;
    events.forEach(pass);
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
          else if (held && env.now() - heldAt > PAST_WITHIN) join();
          return;
        case "joined":
          return welcomed(message);
        case "past":
          return joined ? caughtUp(message.events) : undefined;
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
