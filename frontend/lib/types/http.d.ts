import { type Problem } from "./events.ts";
import { type Fields } from "./shape.ts";
import type { Environment } from "./transport.ts";
/** Headers of every call: `Authorization` for programs, none for pages, which send their cookie. */
export type Headers = Record<string, string>;
export type Answer<T> = {
    result: T;
    problem?: never;
} | {
    result?: never;
    problem: Problem;
};
/** How a command goes over HTTP. */
export interface HttpCall {
    /** Default POST. */
    method?: string;
    /** Under the room's address, such as `/messages/42-7f3a9c12`. */
    path: string;
}
/** One HTTP request to the server: with a body, a POST of JSON unless another method is given. */
export declare function request(env: Environment, url: string, headers: Headers, accept: string, signal: AbortSignal, body?: object | false, method?: string): Promise<Response>;
/**
 * Makes a call, and reads its answer. It never throws: what is no answer of ours is a problem too.
 */
export declare function ask<T extends object>(env: Environment, url: string, headers: Headers, read: (body: Fields | undefined) => T | undefined, body?: object | false, abort?: AbortController, within?: number, method?: string): Promise<Answer<T>>;
/**
 * Reads why a call failed. Only problem+json is our server speaking: a 403 or 404 page of a proxy
 * in between says nothing about the room, so it is no reason to give up. What Retry-After says, the
 * body says more exactly.
 */
export declare function problemOf(response: Response): Promise<Problem>;
