import type { End } from "./end.ts";
import type { Transport } from "./transport.ts";

/** What the chooser is told, and what it tells. Times are milliseconds of one clock. */

export interface Timing {
  /** Before the next transport is opened beside one that has not brought `welcome`. */
  headStart: number;
  /** A handshake may be held for ever (a tarpit): only this ends it. */
  welcomeWithin: number;
  /** From `welcome` to proof: the first `ping`, sent a second after `live`, and on a WebSocket an answer too. */
  proofWithin: number;
  /** Woken up, or on another network, a WebSocket is asked whether it lives, and others are opened beside it after this. */
  answerWithin: number;
  /** A carrier that lived less than this died young; twice in a row sends its transport to the back. */
  shortLife: number;
  /** How long it stays at the back, and how long what worked is tried first. */
  remember: number;
  /** An unproven carrier that was kept, since nothing else got through, is doubted again after this. */
  doubtAgain: number;
  /** From proof to the first probe for a better transport. */
  firstProbe: number;
  /** Between probes. */
  probeEvery: number;
  /** A transport that died young before must live this long beside the carrier before it is trusted. */
  probation: number;
}

export const TIMING: Timing = {
  headStart: 2_000,
  welcomeWithin: 12_000,
  proofWithin: 4_000,
  answerWithin: 500,
  shortLife: 10_000,
  remember: 60 * 60_000,
  doubtAgain: 30_000,
  firstProbe: 30_000,
  probeEvery: 3 * 60_000,
  probation: 15_000,
};

/** What was learnt about this network; kept across page loads by whoever has a storage. */
export interface Memory {
  works?: { transport: Transport; until: number } | undefined;
  back: Partial<Record<Transport, number>>;
}

export type TryId = number;

export type Input =
  | { type: "start" }
  | { type: "stop" }
  /** The time of `deadline()` has come. */
  | { type: "tick" }
  | { type: "welcome"; id: TryId; heartbeat: number }
  /** Anything arrived; `proof` for a ping, `answer` for what only comes when something went up. */
  | { type: "heard"; id: TryId; proof?: boolean; answer?: boolean }
  | { type: "ended"; id: TryId; end: End }
  /** A post got no answer on the carrier: perhaps nothing goes up. */
  | { type: "stuck" }
  /** The device changed its network, or says that it has one again. */
  | { type: "network"; online: boolean }
  /** The page was asleep, and is back; `frozen` when it certainly was: it may have missed its connection's end. */
  | { type: "wake"; frozen?: boolean }
  /** The connection is to carry other rooms: another one, opened with them, is to take its place. */
  | { type: "rooms" }
  /** A person asked to try now. */
  | { type: "retry" };

export interface ConnectionState {
  /** `idle` before the start and after the end. */
  status: "idle" | "connecting" | "live" | "offline";
  transport?: Transport | undefined;
  proven: boolean;
  /** Since when there has been no connection. */
  downSince?: number | undefined;
  /** When the next try begins. */
  retryAt?: number | undefined;
  /** Rounds in which no transport got through, since the last that did. */
  failures: number;
}

export interface Decision {
  at: number;
  /** What was done, such as `open`, `carry`, `proven`, `close`, `back`, `wait`. */
  what: string;
  transport?: Transport | undefined;
  /** A short word, such as `late` or `silent` (frontend/README.md lists them), or what happened in English. */
  why: string;
}
