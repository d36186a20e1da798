import type { Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";
/**
 * GET /rooms/{room}/sse, or /stream/sse for several rooms, read with fetch rather than EventSource:
 * that one hides the status and the reason of a failure, and comes back when it likes, not when the
 * backoff says.
 */
export declare function openSse(env: Environment, target: Target, sink: Sink): Channel;
