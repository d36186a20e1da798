import type { Connection } from "./connection.ts";
import { type Cursor } from "./cursor.ts";
import { type AckEvent, type ClientId, type Command, type Problem } from "./events.ts";
import { type HttpCall } from "./http.ts";
import { type Target } from "./target.ts";
import type { Environment } from "./transport.ts";
/**
 * - `waiting`: not stored yet, as far as is known
 * - `sent`: stored, but its message has not come by yet
 * - `refused`: the server will not have it
 */
export type PostState = "waiting" | "sent" | "refused";
/** What is to be sent. */
export interface Outgoing {
    /** Empty for a command of another kind. */
    readonly text: string;
    /** What is sent instead of a post of the text, and how over HTTP. */
    readonly command?: Command;
    readonly http?: HttpCall;
}
export interface Post extends Outgoing {
    readonly key: string;
    /** Milliseconds. */
    readonly at: number;
    state: PostState;
    /** Why it is refused, or why it waits. */
    problem?: Problem | undefined;
    id?: Cursor;
    time?: string;
}
export interface OutboxOptions {
    env: Environment;
    target: () => Target;
    connection: Connection;
    posts?: readonly Post[] | undefined;
    onChange(): void;
    onSignedOut(): void;
    /** As whom a post was stored. */
    onOwn(id: ClientId): void;
}
/** Of an answer, or of the event `ack`. */
type Stored = Pick<AckEvent, "key" | "id" | "time">;
export interface Outbox {
    readonly posts: readonly Post[];
    add(what: Outgoing, key: string): Post;
    /**
     * Takes in posts that were written elsewhere, before those there are; known ones are left as they
     * are.
     */
    restore(posts: readonly Post[]): void;
    /** A person wants a refused one sent after all; it goes to the end. */
    retry(key: string): void;
    discard(key: string): void;
    /** A session is live: everything unacknowledged goes out, again if need be. */
    resume(): void;
    /** No session: nothing under way has an answer to hope for. */
    pause(): void;
    stored(ack: Stored): void;
    /** The server answered that this post failed, or something in between did. */
    failed(key: string, problem: Problem): void;
    /** Its message came by; call `changed` once that was told. */
    arrived(key: string): void;
    changed(): void;
}
/**
 * What was written and has not come by as a message, in order. One post is under way at a time:
 * with more, a failure of the first would let the second pass it. The network gets no say in the
 * order of what one says. It goes out over the connection if that carries commands, else by HTTP.
 *
 * A post whose answer was lost may or may not be stored, so it goes out again under its key, and
 * the server knows it.
 */
export declare function createOutbox(options: OutboxOptions): Outbox;
export {};
