import type { Call } from "./calls.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import {
  amount,
  count,
  type Fields,
  isObject,
  list,
  mark,
  must,
  parseObject,
  type Reader,
  type Shape,
  shape,
  text,
  words,
  yes,
} from "./shape.ts";

/**
 * What a room's streams carry (docs/protocol.md). The decoder makes these out of anything, and
 * never throws.
 */

export type RoomId = string;
export type ClientId = string;

export type TransportName = "ws" | "sse" | "ndjson" | "text" | "poll" | (string & {});

export interface Person {
  id: ClientId;
  name: string;
  guest?: true;
  /** Of a guest, the same for all under one name from one address: for the eye alone. */
  look?: string | undefined;
  /** Who else vouches for the name: `site`, `oidc`, or `token` for a program of the room's owner. */
  via?: string | undefined;
}

export interface Member extends Person {
  transport: TransportName;
  joinedAt: string;
  inCall?: true;
  /** Where it is `owner` or `moderator`. */
  role?: string | undefined;
  /** The first who was here before it by a name that looks the same. */
  looksLike?: ClientId | undefined;
}

/** The roster, or only its size in a large room. */
export interface RosterSnapshot {
  members?: Member[] | undefined;
  call?: Call | undefined;
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
  /** The whole message as it came, for modules that read more of it. */
  fields?: Fields;
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

/** A type that the core does not know. One with an id is an entry: it moves the cursor. */
export interface UnknownEvent {
  type: "unknown";
  /** Its type on the wire. */
  name: string;
  roomId?: RoomId;
  id?: Cursor;
  /** The whole event, as it came. */
  fields?: Fields;
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

/**
 * Why something was refused: an `error` event or a problem+json body. `code` is stable, the rest is
 * for people.
 */
export interface Problem {
  code: string;
  title: string;
  detail?: string | undefined;
  status?: number | undefined;
  field?: string;
  limit?: number;
  /** Seconds. */
  retryAfter?: number | undefined;
  /** When what refuses it ends, RFC 3339, and why it is so: of a ban or a mute of one's own. */
  until?: string | undefined;
  reason?: string | undefined;
}

export interface Session {
  clientId: ClientId;
  name: string;
  token?: string | undefined;
  expiresAt?: string;
}

export interface MessagesReply extends RosterSnapshot {
  /** Entries: messages, and those of kinds that are not known. */
  messages: ServerEvent[];
  cursor: Cursor;
  reset: boolean;
  reason?: string;
  /** How far one has read, as the event that a stream has. */
  read?: UnknownEvent;
}

/** `roomId` is for connections that carry several rooms. */
export interface Command {
  type: string;
  roomId?: RoomId;
  /** Of those that are answered by an `ack` or an `error`. */
  key?: string;
  readonly [field: string]: unknown;
}

const PERSON: Shape<Person> = { id: must(text), name: words, guest: mark, look: text, via: text };
const MEMBER = shape<Member>({
  ...PERSON,
  transport: words,
  joinedAt: words,
  inCall: mark,
  role: text,
  looksLike: text,
});
const ROSTER: Shape<RosterSnapshot> = {
  members: list(MEMBER),
  call: shape<Call>({ startedAt: words, memberCount: count }),
  // A roster that is listed has its size by itself.
  memberCount: (value, { members }) => (Array.isArray(members) ? members.length : count(value)),
  version: count,
};
const ROOM = { roomId: words };
const ID = must(parseCursor);
/** Somebody came, went or types. News without a version is passed over: it is older than any. */
const PRESENCE = shape<PresenceEvent>({ ...ROOM, member: must(MEMBER), version: count });

/** Of an answer, whose status says itself, and of the event `error`. */
export const readProblem = shape<Omit<ErrorEvent, "status">>({
  code: must(text),
  title: (value, { code }) => text(value) || (code as string),
  detail: text,
  retryAfter: amount,
  until: text,
  reason: text,
  limit: amount,
  key: text,
  field: text,
  roomId: text,
});

/** By the type of the event. */
const EVENTS = new Map(
  Object.entries<Reader<object>>({
    welcome: shape<WelcomeEvent>({
      ...ROOM,
      ...ROSTER,
      clientId: must(text),
      name: words,
      resumed: yes,
      heartbeat: (value) => amount(value) || 15,
      stream: text,
    }),
    reset: shape<ResetEvent>({ ...ROOM, reason: words }),
    message: shape<MessageEvent>({
      ...ROOM,
      id: ID,
      from: must(shape(PERSON)),
      text: must(text),
      time: words,
      key: text,
      fields: (_, whole) => whole,
    }),
    live: shape<LiveEvent>({ ...ROOM, cursor: ID }),
    joined: PRESENCE,
    left: PRESENCE,
    members: shape<MembersEvent>({ ...ROOM, ...ROSTER }),
    typing: PRESENCE,
    ping: shape<PingEvent>({}),
    pong: shape<PongEvent>({}),
    ack: shape<AckEvent>({ ...ROOM, key: must(text), id: ID, time: words }),
    error: readProblem,
  }),
);

const readEntry = shape<{ roomId?: RoomId; id?: Cursor }>({ roomId: text, id: parseCursor });

/** Decodes one event from its JSON text; undefined for what is not an event at all. */
export function decodeEvent(json: string): ServerEvent | undefined {
  return readEvent(parseObject(json));
}

export function readEvent(value: unknown): ServerEvent | undefined {
  const type = isObject(value) && text(value.type);
  if (!type) return undefined;
  const read = EVENTS.get(type);
  if (!read) return { type: "unknown", name: type, fields: value, ...readEntry(value) };
  const event = read(value);
  return event && ({ type, ...event } as ServerEvent);
}

/** What is known of an entry that was stored, whatever its kind. */
export const readStored = shape<{ id: Cursor; time: string; from?: Person }>({
  id: ID,
  time: words,
  from: shape(PERSON),
});

export const readSession = shape<Session>({
  clientId: must(text),
  name: must(text),
  token: text,
  expiresAt: text,
});

export const readRoster = shape(ROSTER);

/** An answer of the messages call. */
export const readMessages = shape<MessagesReply>({
  ...ROSTER,
  messages: must(list(readEvent)),
  cursor: ID,
  reset: yes,
  reason: text,
  read: readEvent as Reader<UnknownEvent>,
});

/** The answers for several rooms. */
export const readReplies = list(readMessages);
