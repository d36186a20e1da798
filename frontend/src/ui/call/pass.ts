import { pageFetch } from "../page_session.ts";
import type { Pass } from "./session.ts";

/** Why the server gives no pass. */
export type PassProblem =
  | "signed-out"
  | "absent"
  | "unconfigured"
  | "room-name"
  | "too-much"
  | "unavailable"
  | "no-answer";

export type PassAnswer = { pass: Pass } | { problem: PassProblem; retryAfter?: number };

/** A try that has no answer by then has none to hope for. Milliseconds. */
const ANSWER_WITHIN = 10_000;

const PROBLEM_OF_CODE: Record<string, PassProblem> = {
  session_required: "signed-out",
  session_invalid: "signed-out",
  not_present: "absent",
  not_found: "unconfigured",
  invalid_field: "room-name",
  too_much: "too-much",
};

/** Asks Caller for a way into the room's call. `retryAfter` is in milliseconds. */
export async function askForPass(
  baseUrl: string,
  room: string,
  signal: AbortSignal,
): Promise<PassAnswer> {
  const url = new URL(`rooms/${encodeURIComponent(room)}/call`, baseUrl).href;
  try {
    const response = await pageFetch(url, {
      method: "POST",
      headers: { Accept: "application/json" },
      cache: "no-store",
      credentials: "same-origin",
      signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN)]),
    });
    const body = (await response.json()) as Record<string, unknown>;
    if (!response.ok) return problemOf(response, body);
    const { url: at, token } = body;
    if (typeof at === "string" && typeof token === "string") return { pass: { url: at, token } };
  } catch {
    // No network, or an answer of something in between.
  }
  return { problem: "no-answer" };
}

function problemOf(response: Response, { code }: Record<string, unknown>): PassAnswer {
  // Only problem+json is our server speaking: a 404 of a proxy in between says nothing about calls.
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("application/problem+json")) return { problem: "no-answer" };
  const known =
    typeof code === "string" && Object.hasOwn(PROBLEM_OF_CODE, code)
      ? PROBLEM_OF_CODE[code]
      : undefined;
  const after = Number(response.headers.get("Retry-After"));
  return {
    problem: known ?? "unavailable",
    ...(after > 0 ? { retryAfter: after * 1000 } : {}),
  };
}
