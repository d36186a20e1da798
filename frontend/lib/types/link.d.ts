import type { Client, ClientOptions } from "./client_types.ts";
import { type Session } from "./events.ts";
import { type Answer } from "./http.ts";
/** What makes another device the same person: good once, for two minutes. */
export interface Link {
    code: string;
    /** The server's own page, which uses the code that is in its fragment. */
    url: string;
    /** By the server's clock, RFC 3339. */
    expiresAt: string;
}
/** The options that the client is made with. */
export type LinkOptions = Pick<ClientOptions, "baseUrl" | "tokens" | "env">;
/** Makes a link for the session that the client has. */
export declare function makeLink(client: Pick<Client, "session">, options: LinkOptions): Promise<Answer<Link>>;
/**
 * Becomes whose link it is: a page by its cookie, and a program by the session that it makes its
 * client with. The problem is `not_found` when the code was used, or its time is over.
 */
export declare function claimLink(options: LinkOptions, code: string): Promise<Answer<Session>>;
/** The code in a link, or in the fragment of an address; undefined where there is none. */
export declare function codeOf(link: string): string | undefined;
