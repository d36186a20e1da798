import { type Problem, type Session } from "./events.ts";
import type { Environment } from "./transport.ts";
export type SessionResult = {
    session: Session;
} | {
    problem: Problem;
};
/** The session calls: who one is, as the server knows it. */
export declare class Sessions {
    #private;
    session: Session | undefined;
    /** `tokens`: send the token in a header, as programs do; pages have a cookie that they can't even read. */
    constructor(env: Environment, baseUrl: string, tokens: boolean, session?: Session);
    get headers(): Record<string, string>;
    /** The session that the server still knows, if there is one. */
    current(): Promise<SessionResult>;
    /** A new session, or a new name for the one there is. */
    signIn(name: string): Promise<SessionResult>;
}
/** The problem that stands for no answer of ours at all: a network error, or a page of something in between. */
export declare function noAnswer(status?: number): Problem;
