import { type Problem, readProblem } from "./events.ts";
import { type Fields, parseObject } from "./shape.ts";
import type { Environment } from "./transport.ts";

/** A call without an answer by then is given up. Milliseconds. */
const WITHIN = 10_000;

/** A post of fewer characters outlives its page; browsers let no long ones do so. */
const SHORT = 1_000;

/** Headers of every call: `Authorization` for programs, none for pages, which send their cookie. */
export type Headers = Record<string, string>;

/**
 * The problem that stands for no answer of ours at all: a network error, or a page of something in
 * between.
 */
const NO_ANSWER: Problem = { code: "no_answer", title: "No answer" };

export type Answer<T> = { result: T; problem?: never } | { result?: never; problem: Problem };

/** How a command goes over HTTP. */
export interface HttpCall {
  /** Default POST. */
  method?: string;
  /** Under the room's address, such as `/messages/42-7f3a9c12`. */
  path: string;
}

/** One HTTP request to the server: with a body, a POST of JSON unless another method is given. */
export function request(
  env: Environment,
  url: string,
  headers: Headers,
  accept: string,
  signal: AbortSignal,
  body?: object | false,
  method = "POST",
): Promise<Response> {
  const json = body && JSON.stringify(body);
  return env.fetch(url, {
    headers: { ...headers, Accept: accept, ...(json && { "Content-Type": "application/json" }) },
    ...(json && { method, body: json, keepalive: json.length < SHORT }),
    cache: "no-store",
    // Ours sends nobody elsewhere: it is a portal that does, and a page may not look there.
    redirect: "manual",
    signal,
  });
}

/**
 * Makes a call, and reads its answer. It never throws: what is no answer of ours is a problem too.
 */
export async function ask<T extends object>(
  env: Environment,
  url: string,
  headers: Headers,
  read: (body: Fields | undefined) => T | undefined,
  body?: object | false,
  abort = new AbortController(),
  within = WITHIN,
  method?: string,
): Promise<Answer<T>> {
  const { signal } = abort;
  const timer = env.setTimeout(() => abort.abort("timeout"), within);
  try {
    const response = await request(env, url, headers, "application/json", signal, body, method);
    const value = response.ok ? read(parseObject(await response.text())) : undefined;
    return value ? { result: value } : { problem: await problemOf(response) };
  } catch (error) {
    return { problem: { ...NO_ANSWER, detail: String(signal.reason ?? error) } };
  } finally {
    env.clearTimeout(timer);
    abort.abort();
  }
}

/**
 * Reads why a call failed. Only problem+json is our server speaking: a 403 or 404 page of a proxy
 * in between says nothing about the room, so it is no reason to give up. What Retry-After says, the
 * body says more exactly.
 */
export async function problemOf(response: Response): Promise<Problem> {
  const { headers, status } = response;
  const ours = headers.get("Content-Type")?.startsWith("application/problem+json");
  const problem = ours && readProblem(parseObject(await response.text()));
  return { ...(problem || NO_ANSWER), status };
}
