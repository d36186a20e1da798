import type { Environment } from "./transport.ts";
/**
 * The world of a browser or of Node 22; give `socket` in Node 20, which has no WebSocket of its
 * own.
 */
export declare function defaultEnvironment(): Environment;
