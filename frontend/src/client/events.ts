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
  inCall?: true;
}

/** The call that is going on in a room. */
export interface Call {
  startedAt: string;
  memberCount: number;
}

/** The roster, or only its size in a large room. */
export interface RosterSnapshot {
  members?: Member[];
  call?: Call;
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

/** The first is in the call, or the last is out. Who comes later finds it in the roster. */
export interface CallEvent {
  type: "call";
  roomId: RoomId;
  state: "started" | "ended";
  time: string;
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
  roomId?: RoomId;
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
  | CallEvent
  | PingEvent
  | PongEvent
  | AckEvent
  | ErrorEvent
  | UnknownEvent;

/** Why something was refused: an `error` event or a problem+json body. `code` is stable, the rest is for people. */
export interface Problem {
  code: string;
  title: string;
  detail?: string | undefined;
  status?: number | undefined;
  field?: string;
  limit?: number;
  /** Seconds. */
  retryAfter?: number | undefined;
}

export interface Session {
  clientId: ClientId;
  name: string;
  token?: string | undefined;
  expiresAt?: string;
}

export interface MessagesReply extends RosterSnapshot {
  messages: MessageEvent[];
  cursor: Cursor;
  reset: boolean;
  reason?: string;
}

/** `roomId` is for connections that carry several rooms. */
export type Command = (
  | { type: "post"; key: string; text: string }
  | { type: "typing" }
  | { type: "ping" }
  | { type: "leave" }
) & { roomId?: RoomId };

/** A JSON object. */
export type Fields = Record<string, unknown>;

/** Reads one field: undefined leaves it out, null refuses the whole. */
type Read<T> = (value: unknown) => T;

/** How each field is read; one that must be there can't be left out. */
type Shape<T> = {
  [Name in Exclude<keyof T, "type">]-?: Read<
    T[Name] | null | (object extends Pick<T, Name> ? undefined : never)
  >;
};

function shape<T>(fields: Shape<T>): Read<T | undefined> {
  return (value) => {
    if (!isObject(value)) return undefined;
    const result: Fields = {};
    for (const [name, read] of Object.entries<Read<unknown>>(fields)) {
      const field = read(value[name]);
      if (field === null) return undefined;
      if (field !== undefined) result[name] = field;
    }
    return result as T;
  };
}

function must<T>(read: Read<T | undefined>): Read<T | null> {
  return (value) => read(value) ?? null;
}

function or<T>(read: Read<T | undefined>, otherwise: T): Read<T> {
  return (value) => read(value) ?? otherwise;
}

const text: Read<string | undefined> = (value) => (typeof value === "string" ? value : undefined);

const number: Read<number | undefined> = (value) =>
  Number.isFinite(value) ? (value as number) : undefined;

const positive: Read<number | undefined> = (value) => {
  const n = number(value);
  return n !== undefined && n > 0 ? n : undefined;
};

const yes: Read<boolean> = (value) => value === true;
const mark: Read<true | undefined> = (value) => yes(value) || undefined;

/** Those of a list that can be read. */
function list<T>(read: Read<T | undefined>): Read<T[] | undefined> {
  return (value) =>
    Array.isArray(value) ? value.map(read).filter((one) => one !== undefined) : undefined;
}

/** Text that may be missing. */
const words = or(text, "");
const PERSON: Shape<Person> = {
  id: must(text),
  name: words,
  guest: mark,
};
const readMember = shape<Member>({ ...PERSON, transport: words, joinedAt: words, inCall: mark });
const ROSTER: Shape<RosterSnapshot> = {
  members: list(readMember),
  call: shape<Call>({ startedAt: words, memberCount: or(number, 0) }),
  memberCount: or(number, 0),
  version: or(number, 0),
};
const ROOM = { roomId: words };
const SOME_ROOM: Read<string | undefined> = (value) => text(value) || undefined;
const ID = must(parseCursor);
const MEMBER = must(readMember);
const PRESENCE: Shape<PresenceEvent> = { ...ROOM, member: MEMBER, version: must(number) };
const PROBLEM: Shape<Problem> = {
  code: must(text),
  title: words,
  detail: text,
  status: number,
  field: text,
  limit: number,
  retryAfter: positive,
};

/** By the type of the event. */
const EVENTS = new Map(
  Object.entries<Read<object | undefined>>({
    welcome: shape<WelcomeEvent>({
      ...ROOM,
      ...ROSTER,
      clientId: must(text),
      name: words,
      resumed: yes,
      heartbeat: or(positive, 15),
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
    }),
    live: shape<LiveEvent>({ ...ROOM, cursor: ID }),
    joined: shape(PRESENCE),
    left: shape(PRESENCE),
    members: shape<MembersEvent>({ ...ROOM, ...ROSTER }),
    typing: shape<TypingEvent>({ ...ROOM, member: MEMBER }),
    call: shape<CallEvent>({
      ...ROOM,
      state: (value) => (value === "started" || value === "ended" ? value : null),
      time: words,
    }),
    ping: shape<PingEvent>({}),
    pong: shape<PongEvent>({}),
    ack: shape<AckEvent>({ ...ROOM, key: must(text), id: ID, time: words }),
    error: shape<ErrorEvent>({
      ...PROBLEM,
      roomId: SOME_ROOM,
      key: text,
    }),
  }),
);

/** Decodes one event from its JSON text; undefined for what is not an event at all. */
export function decodeEvent(json: string): ServerEvent | undefined {
  return readEvent(parseObject(json));
}

export function readEvent(value: unknown): ServerEvent | undefined {
  if (!isObject(value) || typeof value.type !== "string") return undefined;
  const { type } = value;
  const read = EVENTS.get(type);
  if (read === undefined) return { type: "unknown", name: type, ...readEntry(value) };
  const event = read(value);
  return event && completed({ type, ...event } as ServerEvent);
}

const readEntry = shape<{ roomId?: RoomId; id?: Cursor }>({
  roomId: SOME_ROOM,
  id: parseCursor,
});

/** What one field says of another. */
function completed<T>(value: T): T {
  const { members, code, title }: Partial<RosterSnapshot & Problem> = value ?? {};
  if (members) return { ...value, memberCount: members.length };
  return code !== undefined && title === "" ? { ...value, title: code } : value;
}

export function readMessage(value: unknown): MessageEvent | undefined {
  const event = readEvent(value);
  return event?.type === "message" ? event : undefined;
}

export function readProblem(value: unknown): Problem | undefined {
  return completed(problem(value));
}

const problem = shape(PROBLEM);

export const readSession = shape<Session>({
  clientId: must(text),
  name: must(text),
  token: text,
  expiresAt: text,
});

const reply = shape<MessagesReply>({
  ...ROSTER,
  messages: must(list(readMessage)),
  cursor: ID,
  reset: yes,
  reason: text,
});

/** An answer of the messages call. Entries of kinds not known are left out; the cursor is past them all the same. */
export function readMessages(value: unknown): MessagesReply | undefined {
  return completed(reply(value));
}

const roster = shape<RosterSnapshot>(ROSTER);

export function readRoster(value: unknown): RosterSnapshot {
  return completed(roster(value)) ?? { memberCount: 0, version: 0 };
}

export function parseObject(json: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(json);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
