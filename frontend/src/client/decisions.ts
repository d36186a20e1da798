import type { Transport } from "./transport.ts";

/** By what the selector decides, and what it tells. Times are milliseconds of one clock. */

export interface Timing {
  /** Before the next transport is opened beside one that has not brought `welcome`. */
  headStart: number;
  /** A handshake may be held for ever (a tarpit): only this ends it. */
  welcomeWithin: number;
  /**
   * From `welcome` to proof: the first `ping`, sent a second after `live`, and on a WebSocket an
   * answer too.
   */
  proofWithin: number;
  /**
   * An active transport that lived less than this died young; twice in a row sends its transport to
   * the back.
   */
  shortLife: number;
  /** How long it stays at the back, and how long what worked is tried first. */
  remember: number;
  /**
   * An unproven active transport that was kept, since nothing else got through, is doubted again
   * after this.
   */
  doubtAgain: number;
  /** From proof to the first probe for a better transport. */
  firstProbe: number;
  /** Between probes. */
  probeEvery: number;
  /**
   * A transport that died young before must live this long beside the active transport before it is
   * trusted.
   */
  probation: number;
}

export const TIMING: Timing = {
  headStart: 2_000,
  welcomeWithin: 12_000,
  proofWithin: 4_000,
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
  /** What was done, such as `open`, `activate`, `proven`, `close`, `back`, `wait`. */
  what: string;
  transport?: Transport | undefined;
  /**
   * A short word, such as `late` or `silent` (frontend/README.md lists them), or what happened in
   * English.
   */
  why: string;
}
