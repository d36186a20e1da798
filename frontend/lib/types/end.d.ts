import type { Problem } from "./events.ts";
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
    problem?: Problem | undefined;
    /** Milliseconds. */
    retryAfter?: number | undefined;
    /** Somebody else answered, such as a portal that wants its terms accepted. */
    foreign?: boolean;
}
export declare function lost(detail: string): End;
/** The end that an `error` event announced, or a problem answer is. */
export declare function endOfProblem(problem: Problem): End;
/** The end by a close frame. */
export declare function endOfClose(code: number, reason: string): End;
