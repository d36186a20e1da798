import { type Cursor } from "./cursor.ts";
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
export type ServerEvent = WelcomeEvent | ResetEvent | MessageEvent | LiveEvent | PresenceEvent | MembersEvent | TypingEvent | CallEvent | PingEvent | PongEvent | AckEvent | ErrorEvent | UnknownEvent;
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
export type Command = ({
    type: "post";
    key: string;
    text: string;
} | {
    type: "typing";
} | {
    type: "ping";
} | {
    type: "leave";
}) & {
    roomId?: RoomId;
};
/** A JSON object. */
export type Fields = Record<string, unknown>;
type Reader<T> = (value: unknown) => T | undefined;
/** Decodes one event from its JSON text; undefined for what is not an event at all. */
export declare function decodeEvent(json: string): ServerEvent | undefined;
export declare function readEvent(value: unknown): ServerEvent | undefined;
export declare function readMessage(value: unknown): MessageEvent | undefined;
export declare const readProblem: Reader<Problem>;
export declare const readSession: Reader<Session>;
export declare const readRoster: Reader<RosterSnapshot>;
/** An answer of the messages call. Entries of kinds not known are left out; the cursor is past them all the same. */
export declare const readMessages: Reader<MessagesReply>;
/** The answers for several rooms. */
export declare const readReplies: Reader<MessagesReply[]>;
export declare function parseObject(json: string): Fields | undefined;
export {};
