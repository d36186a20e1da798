import type { Cursor } from "./cursor.ts";
import { type Problem } from "./events.ts";
import type { Outbox, Post } from "./outbox.ts";
import { type Environment, type Target } from "./transport.ts";
export interface PosterOptions {
    env: Environment;
    outbox: Outbox;
    target: () => Target;
    /** Sends it over the connection; false when that carries no commands. */
    send(post: Post): boolean;
    /** The connection gave no answer. */
    onStuck(): void;
    onSignedOut(): void;
    /** A post over HTTP was stored, by whom, under which id. */
    onStored(key: string, id: Cursor, time: string, from: string): void;
    onChange(): void;
}
/** Brings posts to the server one after the other: over the connection if it carries commands, else by HTTP. */
export declare class Poster {
    #private;
    constructor(options: PosterOptions);
    /** A session is live: everything unacknowledged goes out, again if need be. */
    resume(): void;
    /** No session: nothing under way has an answer to hope for. */
    pause(): void;
    pump(): void;
    /** The connection acknowledged or refused something. */
    answered(): void;
    /** The connection answered that this post failed. */
    failed(key: string, problem: Problem): void;
}
