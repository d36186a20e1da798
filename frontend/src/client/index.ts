/**
 * The Caller client: one room over WebSocket, an event stream or long polling, whichever gets
 * through, without losing, doubling or reordering anything. It needs no DOM.
 *
 * Follow a message: `Client.post` → Outbox → Connection → … → transport → Connection →
 * `on("message")`. The TransportSelector decides which transport is active.
 */

export { createClient } from "./client.ts";
export type { Client, ClientEvents, ClientOptions, SessionResult } from "./client_types.ts";
export type { Cursor } from "./cursor.ts";
export { parseCursor, START, seqOf } from "./cursor.ts";
export type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
export { TIMING } from "./decisions.ts";
export type { End, EndKind } from "./end.ts";
export type * from "./events.ts";
export { decodeEvent } from "./events.ts";
export type { HttpCall } from "./http.ts";
export type { Post, PostState } from "./outbox.ts";
export type { Fields, Reader } from "./shape.ts";
export type { Environment, SocketLike, Transport } from "./transport.ts";
export { TRANSPORTS } from "./transport.ts";
