import { type Connection, type ConnectionOptions, createConnection } from "./connection.ts";
import { type Cursor, later, START } from "./cursor.ts";
import { type End, endOfProblem } from "./end.ts";
import type { Command, RoomId, ServerEvent, WelcomeEvent } from "./events.ts";
import { ask } from "./http.ts";
import type { Input } from "./selector_input.ts";
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

/** One connection that carries any number of rooms, each read from its own cursor. Rooms are named as the server names them. */
export class MultiRoomConnection {
  readonly #o: MultiRoomOptions;
  readonly #connection: Connection;
  readonly #rooms = new Map<RoomId, Room>();
  #timer: number | undefined;

  constructor(options: MultiRoomOptions) {
    this.#o = options;
    this.#connection = createConnection({
      ...options,
      target: () => this.#target(),
      onEvent: (event) => this.#event(event),
      onFinal: (end) => this.#final(end),
    });
  }

  input(input: Input): void {
    this.#connection.input(input);
  }

  get size(): number {
    return this.#rooms.size;
  }

  has(room: RoomId): boolean {
    return this.#rooms.has(room);
  }

  /** As whom the room was last read. */
  welcome(room: RoomId): WelcomeEvent | undefined {
    return this.#rooms.get(room)?.welcome;
  }

  add(room: RoomId, after?: Cursor): void {
    if (this.#rooms.has(room)) return;
    this.#rooms.set(room, { cursor: after });
    this.#gather();
  }

  /** `leave` tells the others in the room at once that one is gone. */
  remove(room: RoomId, leave: boolean): void {
    const { welcome } = this.#rooms.get(room) ?? {};
    if (!this.#rooms.has(room)) return;
    if (leave) {
      if (!this.#connection.send({ type: "leave", roomId: room }))
        this.#leave(room, welcome?.stream);
    }
    this.#rooms.delete(room);
    if (this.#rooms.size === 0) this.stop();
    else this.#gather();
  }

  /** Begins again, as who one is now. */
  restart(): void {
    if (this.#rooms.size === 0) return this.stop();
    this.#gathered();
    this.#connection.input({ type: "reconnect" });
  }

  stop(): void {
    this.#gathered();
    this.#connection.input({ type: "stop" });
  }

  #gathered(): void {
    if (this.#timer !== undefined) this.#o.env.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** For good: whoever holds the rooms now is another. */
  close(): void {
    this.#rooms.clear();
    this.stop();
  }

  send(command: Command): boolean {
    return this.#connection.send(command);
  }

  #gather(): void {
    if (this.#timer !== undefined) return;
    this.#timer = this.#o.env.setTimeout(() => {
      this.#timer = undefined;
      if (this.#rooms.size === 0) return;
      // The one does nothing while it runs, and the other nothing while it does not.
      this.#connection.input({ type: "rooms" });
      this.#connection.input({ type: "start" });
    }, GATHER);
  }

  #target(): Target {
    const positions: RoomPosition[] = [...this.#rooms].map(([room, { cursor }]) => ({
      room,
      after: cursor,
    }));
    const target = this.#o.target();
    const [first] = positions;
    // The address of one room gets through wherever that of a client without tabs does.
    if (positions.length === 1 && first !== undefined) return oneRoom({ ...target, ...first });
    const address = (path: string, asked: readonly PolledRoom[], params?: Params) =>
      severalUrl(target.baseUrl, path, asked, params);
    return { ...target, room: "", positions, address };
  }

  #event(event: ServerEvent): void {
    if (event.type === "ping" || event.type === "pong") return;
    if (event.roomId === undefined || event.roomId === "") {
      for (const room of this.#rooms.keys()) this.#o.onRoom(room, event);
      return;
    }
    const room = this.#rooms.get(event.roomId);
    if (room === undefined) return;
    if (event.type === "welcome") room.welcome = event;
    else if (event.type === "reset") room.cursor = START;
    else if (event.type === "live") room.cursor = later(room.cursor, event.cursor);
    else if ((event.type === "message" || event.type === "unknown") && event.id !== undefined) {
      room.cursor = later(room.cursor, event.id);
    } else if (event.type === "error" && event.key === undefined) {
      const end = endOfProblem(event);
      if (end.kind === "left") {
        this.#rooms.delete(event.roomId);
        if (this.#rooms.size > 0) this.#gather();
        return this.#o.onRoomEnd(event.roomId, end);
      }
    }
    this.#o.onRoom(event.roomId, event);
  }

  /** A room that the server will not have fails the whole request: it can only be one of those that never got in. */
  #final(end: End): void {
    const never = [...this.#rooms].filter(([, { welcome }]) => welcome === undefined);
    // A room that had its address to itself was left, and others are on their way in.
    if (end.kind === "left" && never.length > 0) {
      for (const [room, { welcome }] of [...this.#rooms]) {
        if (welcome === undefined) continue;
        this.#rooms.delete(room);
        this.#o.onRoomEnd(room, end);
      }
      return this.#gather();
    }
    if (end.kind !== "refused" || never.length === 0 || never.length === this.#rooms.size) {
      return this.#o.onFinal(end);
    }
    for (const [room] of never) {
      this.#rooms.delete(room);
      this.#o.onRoomEnd(room, end);
    }
    this.#gather();
  }

  #leave(room: RoomId, stream: string | undefined): void {
    const { baseUrl, headers } = this.#o.target();
    void ask(this.#o.env, roomUrl({ baseUrl, room }, "/leave"), headers, () => ({}), { stream });
  }
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
  for (const { room, version } of positions) {
    if (version !== undefined) url.searchParams.append("roster", `${room}@${version}`);
  }
  return withParams(url, params);
}
