import { type Connection, type Environment, type Sink, type Target } from "./transport.ts";
/** GET /rooms/{room}/ws: one event a text frame, commands the other way. */
export declare function openWs(env: Environment, target: Target, sink: Sink): Connection;
