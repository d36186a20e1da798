import type { Client, ClientOptions } from "./client_types.ts";
import { createConnection } from "./connection.ts";
/**
 * Makes a client of one room. `join` takes a place on a connection that is shared, as the tabs of
 * the page do, rather than make one.
 */
export declare function createClient<Extra extends object = object>(options: ClientOptions<Extra>, join?: typeof createConnection): Client<Extra>;
