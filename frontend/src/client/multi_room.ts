import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import { type Cursor, later, START } from "./cursor.ts";
import { type End, type EndKind, endOfProblem } from "./end.ts";
import type { RoomId, ServerEvent, WelcomeEvent } from "./events.ts";
import { ask } from "./http.ts";
import {
  oneRoom,
  type Params,
  type PolledRoom,
  type RoomPosition,
  roomUrl,
  type Server,
  type Target,
  withParams,
} from "./target.ts";

/** What the server takes on one connection. */
export const MOST_ROOMS = 64;
/** Of a long history a page reads the newest first, and the rest when somebody scrolls up to it. */
const NEWEST = 200;
/** Ends after which a room is not asked for again. */
const LASTING: ReadonlySet<EndKind> = new Set(["left", "forbidden", "refused"]);
/** Tabs that come back together are asked for together. Milliseconds. */
const GATHER = 20;

export interface MultiRoomOptions extends Omit<ConnectionOptions, "target" | "onEvent"> {
  /** Where to, and as whom; the rooms are added. */
  target: () => Server;
  onRoom(room: RoomId, event: ServerEvent): void;
  /** One room has ended; the others go on. */
  onRoomEnd(room: RoomId, end: End): void;
}

interface Room {
  cursor: Cursor | undefined;
  welcome?: WelcomeEvent;
}

/**
 * One connection that carries any number of rooms, each read from its own cursor. Rooms are named
 * as the server names them.
 */
export interface MultiRoom extends Connection {
  size(): number;
  has(room: RoomId): boolean;
  add(room: RoomId, after?: Cursor): void;
  /** `leave` tells the others in the room at once that one is gone. */
  remove(room: RoomId, leave: boolean): void;
  /** Begins again, as who one is now. */
  restart(): void;
  /** For good: whoever leads the rooms now is another. */
  close(): void;
}

export function createMultiRoom(options: MultiRoomOptions): MultiRoom {
  const rooms = new Map<RoomId, Room>();
  /** One of these made a request fail: they are asked for one by one. */
  const doubted = new Set<RoomId>();
  let timer: number | undefined;
  const connection = createConnection({
    ...options,
    target: several,
    onEvent: take,
    onFinal: over,
  });

  function add(room: RoomId, after?: Cursor): void {
    if (rooms.has(room)) return;
    rooms.set(room, { cursor: after });
    gather();
  }

  /** `leave` tells the others in the room at once that one is gone. */
  function remove(room: RoomId, leave: boolean): void {
    const { welcome } = rooms.get(room) ?? {};
    if (!rooms.has(room)) return;
    if (leave) {
      if (!connection.send({ type: "leave", roomId: room })) leaveOverHttp(room, welcome?.stream);
    }
    drop(room);
    if (rooms.size === 0) stop();
    else gather();
  }

  function drop(room: RoomId): void {
    rooms.delete(room);
    doubted.delete(room);
  }

  /** Begins again, as who one is now. */
  function restart(): void {
    if (rooms.size === 0) return stop();
    gathered();
    connection.input({ type: "reconnect" });
  }

  function stop(): void {
    gathered();
    connection.input({ type: "stop" });
  }

  function gathered(): void {
    if (timer !== undefined) options.env.clearTimeout(timer);
    timer = undefined;
  }

  /** For good: whoever leads the rooms now is another. */
  function close(): void {
    rooms.clear();
    doubted.clear();
    stop();
  }

  function gather(): void {
    if (timer !== undefined) return;
    timer = options.env.setTimeout(() => {
      timer = undefined;
      if (rooms.size === 0) return;
      // The one does nothing while it runs, and the other nothing while it does not.
      connection.input({ type: "rooms" });
      connection.input({ type: "start" });
    }, GATHER);
  }

  function several(): Target {
    const [suspect] = doubted;
    const positions: RoomPosition[] = [...rooms]
      .filter(([room]) => !doubted.has(room) || room === suspect)
      .map(([room, { cursor }]) => ({ room, after: cursor }));
    const target = options.target();
    const [first] = positions;
    // The address of one room gets through wherever that of a client without tabs does.
    if (positions.length === 1 && first !== undefined) return newest({ ...target, ...first });
    const address = (path: string, asked: readonly PolledRoom[], params?: Params) =>
      severalUrl(target.baseUrl, path, asked, params);
    return { ...target, room: "", positions, address };
  }

  function take(event: ServerEvent): void {
    if (event.type === "ping" || event.type === "pong") return;
    if (event.roomId === undefined || event.roomId === "") {
      for (const room of rooms.keys()) options.onRoom(room, event);
      return;
    }
    const room = rooms.get(event.roomId);
    if (room === undefined) return;
    if (event.type === "welcome") {
      room.welcome = event;
      if (doubted.delete(event.roomId) && doubted.size > 0) gather();
    } else if (event.type === "reset") room.cursor = START;
    else if (event.type === "live") room.cursor = later(room.cursor, event.cursor);
    else if ((event.type === "message" || event.type === "unknown") && event.id !== undefined) {
      room.cursor = later(room.cursor, event.id);
    } else if (event.type === "error" && event.key === undefined) {
      const end = endOfProblem(event);
      if (LASTING.has(end.kind)) {
        drop(event.roomId);
        if (rooms.size > 0) gather();
        return options.onRoomEnd(event.roomId, end);
      }
    }
    options.onRoom(event.roomId, event);
  }

  /**
   * A room that the server will not have fails the whole request: it can only be one of those that
   * never got in. Which one is found out by asking for one at a time.
   */
  function over(end: End): void {
    let never = [...rooms].filter(([, { welcome }]) => welcome === undefined);
    // All of them got in once: one of them has sent us out meanwhile.
    if (end.kind === "forbidden" && never.length === 0) {
      never = [...rooms];
      for (const [, room] of never) delete room.welcome;
    }
    // A room that had its address to itself was left, and others are on their way in.
    if (end.kind === "left" && never.length > 0) {
      for (const [room, { welcome }] of [...rooms]) {
        if (welcome === undefined) continue;
        drop(room);
        options.onRoomEnd(room, end);
      }
      return gather();
    }
    if (rooms.size < 2 || never.length === 0 || !LASTING.has(end.kind)) {
      return options.onFinal(end);
    }
    const [suspect] = doubted;
    const asked = never.map(([room]) => room).filter((r) => r === suspect || !doubted.has(r));
    const [only] = asked;
    if (asked.length > 1) for (const room of asked) doubted.add(room);
    else if (only !== undefined) {
      drop(only);
      options.onRoomEnd(only, end);
    }
    gather();
  }

  function leaveOverHttp(room: RoomId, stream: string | undefined): void {
    const { baseUrl, headers } = options.target();
    void ask(options.env, roomUrl({ baseUrl, room }, "/leave"), headers, () => ({}), { stream });
  }

  return {
    input: connection.input,
    send: connection.send,
    size: () => rooms.size,
    has: (room) => rooms.has(room),
    add,
    remove,
    restart,
    close,
  };
}

/** `/stream/ws?room=lobby@42-7f3a9c12&room=kitchen`: the streams of several rooms in one. */
function severalUrl(
  baseUrl: string,
  path: string,
  positions: readonly PolledRoom[],
  params?: Params,
): string {
  const url = new URL(`stream${path}`, baseUrl);
  for (const { room, after } of positions) {
    url.searchParams.append("room", after === undefined ? room : `${room}@${after}`);
  }
  for (const { room, version, read } of positions) {
    if (version !== undefined) url.searchParams.append("roster", `${room}@${version}`);
    if (read !== undefined) url.searchParams.append("read", `${room}@${read}`);
  }
  return withParams(url, params);
}

/** A connection to one room, which begins with the newest of what is kept. */
function newest(one: Server & RoomPosition): Target {
  const target = oneRoom(one);
  return {
    ...target,
    address(path, asked, params) {
      const bound = path === "/messages" ? "limit" : "history";
      const resumes = asked[0]?.after !== undefined;
      return target.address(path, asked, resumes ? params : { ...params, [bound]: NEWEST });
    },
  };
}
