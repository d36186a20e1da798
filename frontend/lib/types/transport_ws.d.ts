import type { Channel, Environment, Sink, Target } from "./transport.ts";
/** GET /rooms/{room}/ws, or /stream/ws for several rooms: one event a text frame, commands the other way. */
export declare function openWs(env: Environment, target: Target, sink: Sink): Channel;
