import type { Cursor } from "./cursor.ts";
import type { End } from "./end.ts";
import type { Command, RoomId, ServerEvent, Session } from "./events.ts";
/** The transports this client can use, best first. */
export declare const TRANSPORTS: readonly ["ws", "sse", "poll"];
export type Transport = (typeof TRANSPORTS)[number];
/** The part of a WebSocket that is used; the browser's and Node packages' fit. */
export interface SocketLike {
    onopen: ((event: never) => void) | null;
    onmessage: ((event: {
        data: unknown;
    }) => void) | null;
    onclose: ((event: {
        code: number;
        reason: string;
    }) => void) | null;
    onerror: ((event: never) => void) | null;
    readyState: number;
    send(data: string): void;
    close(code?: number): void;
}
/** What a client needs of the world around it; every part can be replaced in a test. */
export interface Environment {
    fetch: typeof fetch;
    /** `headers` say who one is, where it is not a cookie that does. */
    socket(url: string, headers: Record<string, string>): SocketLike;
    /** Milliseconds. */
    now(): number;
    setTimeout(run: () => void, ms: number): number;
    clearTimeout(timer: number): void;
    /** In [0, 1). */
    random(): number;
    /** A new key: unguessable, printable, under 64 characters. */
    key(): string;
}
/** A room, and the entry after which to read it. */
export interface Place {
    room: RoomId;
    after?: Cursor | undefined;
}
/** A place to poll, and which roster of it is known. */
export interface Asked extends Place {
    version?: number | undefined;
}
export type Params = Record<string, string | number | undefined>;
/** What one try of a transport is to connect to. */
export interface Target extends Place {
    baseUrl: string;
    /** The room, or several on one connection. */
    places: readonly Place[];
    /** The address of their streams, or of their messages. */
    address(path: string, places: readonly Asked[], params?: Params): string;
    /** Empty for pages, which send their cookie. */
    headers: Record<string, string>;
    /** Polls don't say who one is. */
    session?: Session | null | undefined;
}
export interface Sink {
    event(event: ServerEvent): void;
    /** Something arrived that is no event, such as a comment. */
    heard(): void;
    /** At most once, and never after `close()`. */
    end(end: End): void;
}
/** One try of one transport. */
export interface Channel {
    /** False when this transport carries no commands (they go by HTTP then), or not yet. */
    send(command: Command): boolean;
    /** Says nothing to the sink any more. */
    close(): void;
}
export type OpenTransport = (env: Environment, target: Target, sink: Sink) => Channel;
/** A connection to one room. */
export declare function oneRoom(target: Omit<Target, "places" | "address">): Target;
/** An address of a room, with the parameters that are given. */
export declare function roomUrl({ baseUrl, room }: Pick<Target, "baseUrl" | "room">, path: string, params?: Params): string;
export declare function withParams(url: URL, params?: Params): string;
