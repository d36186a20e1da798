import type { Target } from "./target.ts";
import type { Channel, Environment, Sink } from "./transport.ts";
/**
 * GET /rooms/{room}/messages?wait=, or /stream/messages for several rooms: the floor, made to look
 * like a stream. The first answer becomes `welcome`, perhaps `reset`, the messages and `live`; each
 * later one its messages, the roster when it changed, and a `ping`. How far one has read is in each.
 */
export declare function openPoll(env: Environment, target: Target, sink: Sink): Channel;
