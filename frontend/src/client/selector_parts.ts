import type { ConnectionState, Decision, Memory, Timing } from "./decisions.ts";
import type { End } from "./end.ts";
import type { AttemptId, Input } from "./selector_input.ts";
import type { Environment, Transport } from "./transport.ts";

export interface TransportSelectorOptions {
  timing?: Partial<Timing>;
  memory?: Memory | undefined;
  /** Only these, in this order. Default all. */
  transports?: readonly Transport[] | undefined;
  env: Pick<Environment, "now" | "random">;
  /** Opens and closes what is tried. */
  open(id: AttemptId, transport: Transport): void;
  close(id: AttemptId): void;
  /** From now on this attempt's events are the session's. */
  activate(id: AttemptId, transport: Transport): void;
  onState(state: ConnectionState): void;
  onDecision(decision: Decision): void;
  onMemory(memory: Memory): void;
  /** The server refused access, or one has left: nothing is open, nothing is tried. */
  onFinal(end: End): void;
}

export interface TransportSelector {
  step(input: Input): void;
  /** When `tick` must be given next; Infinity when nothing is due. */
  deadline(): number;
}

/**
 * The bound of a pause where somebody else answers, as a captive portal does. Long pauses would
 * spare no server of ours, and a person who has just accepted the terms waits. Milliseconds.
 */
export const PORTAL = 2_000;

/**
 * How long a WebSocket that is asked whether it lives has for its answer before others are opened
 * beside it. Milliseconds.
 */
export const ANSWER_WITHIN = 500;

export type Cause = "start" | "again" | Doubt | "network" | "rooms" | "probe";

export type Doubt = "unproven" | "stuck";

/** One try of one transport. */
export interface Attempt {
  id: AttemptId;
  transport: Transport;
  openedAt: number;
  welcomeAt?: number;
  heardAt: number;
  /** The server's heartbeat interval. */
  interval: number;
  /** A ping has come down; something of ours went up. Both prove it. */
  down: boolean;
  up: boolean;
  proved: boolean;
  /** Why others race beside it while it is not proven. */
  doubt: Doubt;
}

/** Transports that are tried one after the other until one is there. */
export interface Race {
  /** Why it was begun. */
  cause: Cause;
  /** What is still to be opened, and when at the latest. */
  queue: Transport[];
  nextAt: number;
}

export function newAttempt(id: AttemptId, transport: Transport, now: number): Attempt {
  return {
    id,
    transport,
    openedAt: now,
    heardAt: now,
    interval: 0,
    down: false,
    // The others send each post in a request of its own, whose answer is the proof.
    up: transport !== "ws",
    proved: false,
    doubt: "unproven",
  };
}

/** Says how old it is, for the diagnostics. */
export function age({ openedAt }: Attempt, now: number): string {
  return `after ${now - openedAt} ms`;
}

/** All transports, the most promising first. `active` goes before what worked earlier. */
export function ranked(
  transports: readonly Transport[],
  { works, back }: Memory,
  active: Transport | undefined,
  now: number,
): Transport[] {
  const first = active ?? (works && works.until > now && works.transport);
  const rank = (transport: Transport) =>
    transport === first ? 0 : (back[transport] ?? 0) > now ? 2 : 1;
  return [...transports].sort((a, b) => rank(a) - rank(b));
}
