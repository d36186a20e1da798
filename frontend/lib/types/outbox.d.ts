import { type Cursor } from "./cursor.ts";
import type { Problem } from "./events.ts";
/**
 * - `waiting`: not stored yet, as far as is known
 * - `sent`: stored, but its message has not come by yet
 * - `refused`: the server will not have it
 */
export type PostState = "waiting" | "sent" | "refused";
export interface Post {
    readonly key: string;
    readonly text: string;
    /** Milliseconds. */
    readonly at: number;
    state: PostState;
    problem?: Problem;
    id?: Cursor;
    time?: string;
}
/**
 * What was written and has not come by as a message, in order. One post is under way at a time: with more, a failure of
 * the first would let the second pass it. The network gets no say in the order of what one says.
 *
 * A post whose answer was lost may or may not be stored, so it goes out again under its key, and the server knows it.
 */
export declare class Outbox {
    #private;
    constructor(posts?: Post[]);
    get posts(): readonly Post[];
    add(key: string, text: string, at: number): Post;
    /** Takes in posts that were written elsewhere, before those there are; known ones are left as they are. */
    restore(posts: readonly Post[]): void;
    /** The post to send now, which then is under way; undefined while one is, or when none waits. */
    next(): Post | undefined;
    /** The one under way has no answer to hope for: its connection is gone, or it failed. It will be next again. */
    interrupted(): void;
    get underWay(): string | undefined;
    /** Stored. True when this is news. */
    acknowledged(key: string, id: Cursor, time: string, have: Cursor): boolean;
    /** Its message came by. True when it was not acknowledged before. */
    arrived(key: string): boolean;
    refused(key: string, problem: Problem): boolean;
    /** A person wants a refused one sent after all; it goes to the end. */
    retry(key: string, at: number): boolean;
    discard(key: string): boolean;
    /** Everything up to `have` has come by, so what was stored before it has too. */
    passed(have: Cursor): void;
}
