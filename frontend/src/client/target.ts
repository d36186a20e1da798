import type { Cursor } from "./cursor.ts";
import type { RoomId, Session } from "./events.ts";

/** A room, and the entry after which to read it. */
export interface RoomPosition {
  room: RoomId;
  after?: Cursor | undefined;
}

/** A place to poll, and what is known of it: the roster, and how far one has read. */
export interface PolledRoom extends RoomPosition {
  version?: number | undefined;
  read?: unknown;
}

export type Params = Record<string, unknown>;

/** Where the server is, and as whom one comes. */
export interface Server {
  baseUrl: string;
  /** Empty for pages, which send their cookie. */
  headers: Record<string, string>;
  /** Polls don't say who one is. */
  session?: Session | null | undefined;
}

/** What one try of a transport is to connect to. */
export interface Target extends Server, RoomPosition {
  /** The room, or several on one connection. */
  positions: readonly RoomPosition[];
  /** The address of their streams, or of their messages. */
  address(path: string, positions: readonly PolledRoom[], params?: Params): string;
}

/** A connection to one room. */
export function oneRoom(target: Server & RoomPosition): Target {
  return {
    ...target,
    positions: [target],
    address: (path, [place], params) =>
      roomUrl(target, path, {
        after: place?.after,
        ...params,
        roster: place?.version,
        read: place?.read,
      }),
  };
}

/** An address of a room, with the parameters that are given. */
export function roomUrl(
  { baseUrl, room }: Pick<Target, "baseUrl" | "room">,
  path: string,
  params?: Params,
): string {
  return withParams(new URL(`rooms/${encodeURIComponent(room)}${path}`, baseUrl), params);
}

export function withParams(url: URL, params: Params = {}): string {
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined) url.searchParams.set(name, `${value}`);
  }
  return url.href;
}
