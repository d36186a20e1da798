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

export function lost(detail: string): End {
  return { kind: "lost", detail };
}

/**
 * The codes of problems and those that a WebSocket is closed with (docs/protocol.md); any other is
 * `lost`.
 */
const CODES: [EndKind, RegExp][] = [
  ["busy", /busy|going_away|too_slow|too_much|slow_mode|unavailable|1001|4008|4013/],
  ["left", /left|1000/],
  ["signed-out", /session_|4001/],
  ["refused", /not_found|method_not_allowed|malformed|invalid_|unsupported/],
  ["forbidden", /cross_origin|not_allowed|_required|locked|full|banned|removed|room_closed|4003/],
];

function kindOf(code: string): EndKind {
  return CODES.find(([, codes]) => codes.test(code))?.[0] ?? "lost";
}

/** The end that an `error` event announced, or a problem answer is. */
export function endOfProblem(problem: Problem): End {
  const { code, status, detail = "", retryAfter } = problem;
  return {
    kind: kindOf(code),
    detail: `${status ?? ""} ${code} ${detail}`.trim(),
    problem,
    retryAfter: retryAfter && retryAfter * 1000,
    foreign: code === "no_answer" && (Number(status) < 400 || status === 511),
  };
}

/** The end by a close frame. */
export function endOfClose(code: number, reason: string): End {
  return { kind: kindOf(`${code}`), detail: `closed with ${code} ${reason}`.trim() };
}
