import { type Problem } from "./events.ts";
/**
 * How a connection ended, and so whether to come back:
 * - `lost`: the network's doing; come back, perhaps on another transport
 * - `busy`: the server said to come back later; no fault of the transport
 * - `signed-out`: come back with a new session
 * - `left`, `forbidden`, `refused`: do not come back by yourself
 */
export type EndKind = "lost" | "busy" | "signed-out" | "left" | "forbidden" | "refused";
export interface End {
    kind: EndKind;
    /** For the diagnostics, in English. */
    detail: string;
    problem?: Problem;
    /** Milliseconds. */
    retryAfter?: number;
}
/** WebSocket close codes of docs/protocol.md. */
export declare const CLOSE: {
    readonly left: 1000;
    readonly goingAway: 1001;
    readonly notSignedIn: 4001;
    readonly notAllowed: 4003;
    readonly tooSlow: 4008;
    readonly tooMuch: 4013;
};
export declare function lost(detail: string): End;
/** The end that an `error` event announced, or a problem answer is. */
export declare function endOfProblem(problem: Problem): End;
/** The end by a close frame; `announced` is the `error` event that came before it. */
export declare function endOfClose(code: number, reason: string, announced?: Problem): End;
/**
 * Reads why an HTTP call failed. Only problem+json is our server speaking: a 403 or 404 page of a proxy in between says
 * nothing about the room, so it is no reason to give up.
 */
export declare function problemOf(response: Response): Promise<Problem | undefined>;
export declare function endOfResponse(response: Response): Promise<End>;
