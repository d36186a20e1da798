import type { Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";
/**
 * GET /rooms/{room}/ws, or /stream/ws for several rooms: one event a text frame, commands the other
 * way.
 */
export declare function openWs(env: Environment, target: Target, sink: Sink): Channel;
