import type { Problem } from "../client/index.ts";
import { pageFetch } from "./page_session.ts";

/** What the server answered with, or why it did not do as asked. */
export type ServerAnswer =
  | { body: Record<string, unknown>; problem?: never }
  | { body?: never; problem: Problem };

const NO_ANSWER: Problem = { code: "no_answer", title: "The server did not answer" };

/**
 * Asks the server, with JSON where there is a body. It never throws: no answer of ours is a problem
 * too. An answer without a body is an empty object.
 */
export async function callServer(
  url: string | URL,
  method: string,
  body?: object,
): Promise<ServerAnswer> {
  try {
    const response = await pageFetch(url, {
      method,
      headers: {
        Accept: "application/json",
        ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      cache: "no-store",
    });
    const text = await response.text();
    const answer: unknown = text === "" && response.ok ? {} : JSON.parse(text);
    if (typeof answer !== "object" || answer === null) return { problem: NO_ANSWER };
    const fields = answer as Record<string, unknown>;
    if (response.ok) return { body: fields };
    const { code, title, detail } = fields;
    if (typeof code !== "string") return { problem: NO_ANSWER };
    return {
      problem: {
        code,
        title: String(title),
        status: response.status,
        ...(typeof detail === "string" ? { detail } : {}),
      },
    };
  } catch {
    return { problem: NO_ANSWER };
  }
}
