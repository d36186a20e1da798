import { type Cursor, parseCursor } from "./cursor.ts";

/** What a room's streams carry (docs/protocol.md). The decoder makes these out of anything, and never throws. */

export type RoomId = string;
export type ClientId = string;

export type TransportName = "ws" | "sse" | "ndjson" | "text" | "poll" | (string & {});

export interface Person {
  id: ClientId;
  name: string;
  guest?: true;
}

export interface Member extends Person {
  transport: TransportName;
  joinedAt: string;
}

/** The roster, or only its size in a large room. */
export interface RosterSnapshot {
  members?: Member[];
  memberCount: number;
  version: number;
}

export interface WelcomeEvent extends RosterSnapshot {
  type: "welcome";
  roomId: RoomId;
  clientId: ClientId;
  name: string;
  resumed: boolean;
  /** Seconds. */
  heartbeat: number;
  stream?: string;
}

export interface ResetEvent {
  type: "reset";
  roomId: RoomId;
  reason: string;
}

export interface MessageEvent {
  type: "message";
  roomId: RoomId;
  id: Cursor;
  from: Person;
  text: string;
  time: string;
  key?: string;
}

export interface LiveEvent {
  type: "live";
  roomId: RoomId;
  cursor: Cursor;
}

export interface PresenceEvent {
  type: "joined" | "left";
  roomId: RoomId;
  member: Member;
  version: number;
}

export interface MembersEvent extends RosterSnapshot {
  type: "members";
  roomId: RoomId;
}

export interface TypingEvent {
  type: "typing";
  roomId: RoomId;
  member: Member;
}

export interface PingEvent {
  type: "ping";
}

/** The answer to a `ping` of ours: what we sent before it has arrived. */
export interface PongEvent {
  type: "pong";
}

export interface AckEvent {
  type: "ack";
  roomId: RoomId;
  key: string;
  id: Cursor;
  time: string;
}

export interface ErrorEvent extends Problem {
  type: "error";
  roomId?: RoomId;
  key?: string;
}

/** A type this version does not know. One with an id is an entry: it moves the cursor. */
export interface UnknownEvent {
  type: "unknown";
  name: string;
  id?: Cursor;
}

export type ServerEvent =
  | WelcomeEvent
  | ResetEvent
  | MessageEvent
  | LiveEvent
  | PresenceEvent
  | MembersEvent
  | TypingEvent
  | PingEvent
  | PongEvent
  | AckEvent
  | ErrorEvent
  | UnknownEvent;

/** Why something was refused: an `error` event or a problem+json body. `code` is stable, the rest is for people. */
export interface Problem {
  code: string;
  title: string;
  detail?: string;
  status?: number;
  field?: string;
  limit?: number;
  /** Seconds. */
  retryAfter?: number;
}

export interface Session {
  clientId: ClientId;
  name: string;
  token?: string;
  expiresAt?: string;
}

export interface MessagesReply extends RosterSnapshot {
  messages: MessageEvent[];
  cursor: Cursor;
  reset: boolean;
  reason?: string;
}

export type Command =
  | { type: "post"; key: string; text: string }
  | { type: "typing" }
  | { type: "ping" }
  | { type: "leave" };

type Fields = Record<string, unknown>;

/** Decodes one event from its JSON text; undefined for what is not an event at all. */
export function decodeEvent(json: string): ServerEvent | undefined {
  const fields = parseObject(json);
  return fields === undefined ? undefined : readEvent(fields);
}

export function readEvent(value: unknown): ServerEvent | undefined {
  if (!isObject(value) || typeof value.type !== "string") return undefined;
  const roomId = text(value.roomId) ?? "";
  switch (value.type) {
    case "welcome": {
      const clientId = text(value.clientId);
      if (clientId === undefined) return undefined;
      const stream = text(value.stream);
      return {
        type: "welcome",
        roomId,
        clientId,
        name: text(value.name) ?? "",
        resumed: value.resumed === true,
        heartbeat: positive(value.heartbeat) ?? 15,
        ...(stream === undefined ? {} : { stream }),
        ...readRoster(value),
      };
    }
    case "reset":
      return { type: "reset", roomId, reason: text(value.reason) ?? "" };
    case "message":
      return readMessage(value);
    case "live": {
      const cursor = parseCursor(value.cursor);
      return cursor && { type: "live", roomId, cursor };
    }
    case "joined":
    case "left": {
      const member = readMember(value.member);
      const version = number(value.version);
      if (member === undefined || version === undefined) return undefined;
      return { type: value.type, roomId, member, version };
    }
    case "members":
      return { type: "members", roomId, ...readRoster(value) };
    case "typing": {
      const member = readMember(value.member);
      return member && { type: "typing", roomId, member };
    }
    case "ping":
    case "pong":
      return { type: value.type };
    case "ack": {
      const key = text(value.key);
      const id = parseCursor(value.id);
      if (key === undefined || id === undefined) return undefined;
      return { type: "ack", roomId, key, id, time: text(value.time) ?? "" };
    }
    case "error": {
      const problem = readProblem(value);
      const key = text(value.key);
      if (problem === undefined) return undefined;
      return {
        type: "error",
        ...problem,
        ...(roomId === "" ? {} : { roomId }),
        ...(key === undefined ? {} : { key }),
      };
    }
    default: {
      const id = parseCursor(value.id);
      return { type: "unknown", name: value.type, ...(id === undefined ? {} : { id }) };
    }
  }
}

export function readMessage(value: unknown): MessageEvent | undefined {
  if (!isObject(value) || value.type !== "message") return undefined;
  const id = parseCursor(value.id);
  const from = readPerson(value.from);
  const body = text(value.text);
  if (id === undefined || from === undefined || body === undefined) return undefined;
  const key = text(value.key);
  return {
    type: "message",
    roomId: text(value.roomId) ?? "",
    id,
    from,
    text: body,
    time: text(value.time) ?? "",
    ...(key === undefined ? {} : { key }),
  };
}

export function readProblem(value: unknown): Problem | undefined {
  if (!isObject(value) || typeof value.code !== "string") return undefined;
  const problem: Problem = { code: value.code, title: text(value.title) ?? value.code };
  const detail = text(value.detail);
  const status = number(value.status);
  const field = text(value.field);
  const limit = number(value.limit);
  const retryAfter = positive(value.retryAfter);
  if (detail !== undefined) problem.detail = detail;
  if (status !== undefined) problem.status = status;
  if (field !== undefined) problem.field = field;
  if (limit !== undefined) problem.limit = limit;
  if (retryAfter !== undefined) problem.retryAfter = retryAfter;
  return problem;
}

export function readSession(value: unknown): Session | undefined {
  if (!isObject(value)) return undefined;
  const clientId = text(value.clientId);
  const name = text(value.name);
  if (clientId === undefined || name === undefined) return undefined;
  const token = text(value.token);
  const expiresAt = text(value.expiresAt);
  return {
    clientId,
    name,
    ...(token === undefined ? {} : { token }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

/** An answer of the messages call. Entries of kinds not known are left out; the cursor is past them all the same. */
export function readMessages(value: unknown): MessagesReply | undefined {
  if (!isObject(value) || !Array.isArray(value.messages)) return undefined;
  const cursor = parseCursor(value.cursor);
  if (cursor === undefined) return undefined;
  const reason = text(value.reason);
  return {
    messages: value.messages.map(readMessage).filter((m) => m !== undefined),
    cursor,
    reset: value.reset === true,
    ...(reason === undefined ? {} : { reason }),
    ...readRoster(value),
  };
}

export function readRoster(value: unknown): RosterSnapshot {
  if (!isObject(value)) return { memberCount: 0, version: 0 };
  const version = number(value.version) ?? 0;
  if (Array.isArray(value.members)) {
    const members = value.members.map(readMember).filter((m) => m !== undefined);
    return { members, memberCount: members.length, version };
  }
  return { memberCount: number(value.memberCount) ?? 0, version };
}

export function parseObject(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function readPerson(value: unknown): Person | undefined {
  if (!isObject(value)) return undefined;
  const id = text(value.id);
  if (id === undefined) return undefined;
  return { id, name: text(value.name) ?? "", ...(value.guest === true ? { guest: true } : {}) };
}

function readMember(value: unknown): Member | undefined {
  const person = readPerson(value);
  if (person === undefined || !isObject(value)) return undefined;
  return {
    ...person,
    transport: text(value.transport) ?? "",
    joinedAt: text(value.joinedAt) ?? "",
  };
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function text(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function number(value: unknown): number | undefined {
  return typeof value === "number" && Number.isFinite(value) ? value : undefined;
}

function positive(value: unknown): number | undefined {
  const n = number(value);
  return n !== undefined && n > 0 ? n : undefined;
}
