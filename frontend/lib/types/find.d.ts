import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor } from "./cursor.ts";
import { type MessageEvent } from "./events.ts";
import { type Answer } from "./http.ts";
/** What is looked for: one of `text` and `from` at least. */
export interface Query {
    /** Each word has to occur, in whatever case. At most 100 characters. */
    text?: string | undefined;
    /** Whose messages: an id, a guest's `look`, or a name in whatever case. */
    from?: string | undefined;
    /** Only messages before this one, such as the first that was found before. */
    before?: Cursor | undefined;
    /** At most so many, the newest. Default 100. */
    limit?: number | undefined;
}
export interface Found {
    /** In the order of the log. */
    messages: MessageEvent[];
    /** There are others before them. */
    more: boolean;
}
/** The options that the client was made with. */
export type FindOptions = Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env">;
/**
 * Looks for messages in what the room keeps. It never throws: the answer has `result`, or `problem`
 * when the server refuses or does not answer. `abort` ends the waiting.
 */
export declare function findMessages(client: Pick<Client, "session">, options: FindOptions, { text, from, before, limit }: Query, abort?: AbortController): Promise<Answer<Found>>;
