import type { End } from "./end.ts";
import type { Command, ServerEvent } from "./events.ts";
import type { Target } from "./target.ts";

/** The transports this client can use, best first. */
export const TRANSPORTS = ["ws", "sse", "poll"] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** The part of a WebSocket that is used; the browser's and Node packages' fit. */
export interface SocketLike {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
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

export type OpenTransport = (env: Environment, where: Target, sink: Sink) => Channel;
