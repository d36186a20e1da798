import type { Environment } from "./transport.ts";
/** The world of a browser or of Node 22; give `socket` in Node 20, which has no WebSocket of its own. */
export declare function defaultEnvironment(): Environment;
/** Not randomUUID: that one is missing from pages that came over plain HTTP. */
export declare function randomKey(): string;
