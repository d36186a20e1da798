import type { Call } from "./calls.ts";
import { type Cursor } from "./cursor.ts";
import { type Fields, type Reader } from "./shape.ts";
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
export type ServerEvent = WelcomeEvent | ResetEvent | MessageEvent | LiveEvent | PresenceEvent | MembersEvent | TypingEvent | PingEvent | PongEvent | AckEvent | ErrorEvent | UnknownEvent;
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
/** Of an answer, whose status says itself, and of the event `error`. */
export declare const readProblem: Reader<Omit<ErrorEvent, "status">>;
/** Decodes one event from its JSON text; undefined for what is not an event at all. */
export declare function decodeEvent(json: string): ServerEvent | undefined;
export declare function readEvent(value: unknown): ServerEvent | undefined;
/** What is known of an entry that was stored, whatever its kind. */
export declare const readStored: Reader<{
    id: Cursor;
    time: string;
    from?: Person;
}>;
export declare const readSession: Reader<Session>;
export declare const readRoster: Reader<RosterSnapshot>;
/** An answer of the messages call. */
export declare const readMessages: Reader<MessagesReply>;
/** The answers for several rooms. */
export declare const readReplies: Reader<MessagesReply[]>;
