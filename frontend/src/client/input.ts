import type { End } from "./end.ts";

export type TryId = number;

/** What the chooser is told. */
export type Input =
  | { type: "start" }
  | { type: "stop" }
  /** Again from the beginning, as somebody else, over what carries now. */
  | { type: "anew" }
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
