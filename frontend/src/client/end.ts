import { type Problem, parseObject, readProblem } from "./events.ts";

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
export const CLOSE = {
  left: 1000,
  goingAway: 1001,
  notSignedIn: 4001,
  notAllowed: 4003,
  tooSlow: 4008,
  tooMuch: 4013,
} as const;

export function lost(detail: string): End {
  return { kind: "lost", detail };
}

const KIND_OF_CODE: Record<string, EndKind> = {
  left: "left",
  going_away: "busy",
  too_slow: "busy",
  too_much: "busy",
  unavailable: "busy",
  session_invalid: "signed-out",
  session_required: "signed-out",
  cross_origin: "forbidden",
  not_allowed: "forbidden",
  not_found: "refused",
  method_not_allowed: "refused",
  malformed: "refused",
  invalid_field: "refused",
  invalid_utf8: "refused",
  unsupported: "refused",
};

const KIND_OF_CLOSE: Record<number, EndKind> = {
  [CLOSE.left]: "left",
  [CLOSE.goingAway]: "busy",
  [CLOSE.notSignedIn]: "signed-out",
  [CLOSE.notAllowed]: "forbidden",
  [CLOSE.tooSlow]: "busy",
  [CLOSE.tooMuch]: "busy",
};

/** The end that an `error` event announced, or a problem answer is. */
export function endOfProblem(problem: Problem): End {
  const end: End = {
    // A code is from the wire, and an object has members of its own.
    kind: (Object.hasOwn(KIND_OF_CODE, problem.code) && KIND_OF_CODE[problem.code]) || "lost",
    detail: problem.status === undefined ? problem.code : `${problem.status} ${problem.code}`,
    problem,
  };
  if (problem.retryAfter !== undefined) end.retryAfter = problem.retryAfter * 1000;
  return end;
}

/** The end by a close frame; `announced` is the `error` event that came before it. */
export function endOfClose(code: number, reason: string, announced?: Problem): End {
  const detail = `closed with ${code} ${reason}`.trim();
  const from = announced && endOfProblem(announced);
  return { ...from, kind: KIND_OF_CLOSE[code] ?? from?.kind ?? "lost", detail };
}

/**
 * Reads why an HTTP call failed. Only problem+json is our server speaking: a 403 or 404 page of a proxy in between says
 * nothing about the room, so it is no reason to give up.
 */
export async function problemOf(response: Response): Promise<Problem | undefined> {
  const type = response.headers.get("Content-Type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    await response.body?.cancel().catch(() => undefined);
    return undefined;
  }
  const problem = readProblem(parseObject(await response.text().catch(() => "")));
  if (!problem) return undefined;
  const after = Number(response.headers.get("Retry-After"));
  if (problem.retryAfter === undefined && after > 0) problem.retryAfter = after;
  return { ...problem, status: response.status };
}

export async function endOfResponse(response: Response): Promise<End> {
  const problem = await problemOf(response);
  return problem ? endOfProblem(problem) : lost(`HTTP ${response.status}`);
}
