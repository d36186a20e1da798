import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor } from "./cursor.ts";
import type { MessageEvent } from "./events.ts";
import { type Reader } from "./shape.ts";
/** How far one has read, as the server knows it. */
export interface ReadMark {
    cursor: Cursor;
    /** Messages of others after it. */
    unread: number;
    /** Those of them that mention one. */
    mentions: number;
}
/** The options that the client was made with, and how far one had read before. */
export interface MarksOptions extends Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env" | "after"> {
    mark?: Cursor | undefined;
}
export interface Marks {
    /** How far one has read, on whichever device; undefined before anything is known. */
    readonly cursor: Cursor | undefined;
    /** Messages of others that are not read yet, without those that were taken back. */
    readonly unread: number;
    /** Those of them that mention one. */
    readonly mentions: number;
    /** The first and the last of them, if they are known. */
    readonly firstUnread: Cursor | undefined;
    readonly lastMention: Cursor | undefined;
    /** How far the server says one has read. */
    readonly told: Cursor | undefined;
    /** The server has said how far one has read, or it has nothing to say. */
    readonly settled: boolean;
    /** All up to this message has been seen. The server is told after a moment. */
    read(cursor: Cursor): void;
    /** Takes in messages that did not come as events of the client, such as earlier ones. */
    add(messages: readonly MessageEvent[]): void;
    /** Stops telling the server. */
    stop(): void;
}
/** Reads a mark out of the event `read`, or out of the answer of the call. */
export declare const readMark: Reader<ReadMark>;
/**
 * Follows how far one has read a client's room. A person's tabs and devices have one mark, which
 * only moves forward; a guest has one of this client's own. The count is of the messages that the
 * client has heard of, and of what the server says was before them. `onChange` is called when any of
 * it may have changed. Begin before `start()`.
 */
export declare function followMarks(client: Pick<Client, "on" | "isOwn" | "messages" | "cursor" | "session" | "state">, options: MarksOptions, onChange?: () => void): Marks;
