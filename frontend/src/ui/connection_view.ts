import type { ConnectionState, Transport } from "../client/index.ts";

/**
 * What the indicator shows. Breaks that are over before anybody would have read about them are not
 * shown.
 */
export interface ConnectionView {
  state: "connecting" | "live" | "offline" | "ended";
  transport?: Transport;
  since?: number;
  retryAt?: number;
  /** When the view will be another one by the clock alone. */
  changesAt?: number;
}

/** Shorter breaks are not shown. Milliseconds. */
const SHORT_BREAK = 2_000;
/** The first connection may need all three transports: 2 s head start each. */
const FIRST_CONNECT = 8_000;

export function connectionView(
  state: ConnectionState,
  lastLive: Transport | undefined,
  now: number,
): ConnectionView {
  if (state.status === "idle") return { state: "ended" };
  if (state.status === "live") {
    return {
      state: "live",
      ...(state.transport === undefined ? {} : { transport: state.transport }),
    };
  }
  const since = state.downSince ?? now;
  const patience = since + (lastLive === undefined ? FIRST_CONNECT : SHORT_BREAK);
  const failed = lastLive === undefined && state.failures > 0;
  if (now < patience && !failed) {
    return lastLive === undefined
      ? { state: "connecting", changesAt: patience }
      : { state: "live", transport: lastLive, changesAt: patience };
  }
  return {
    state: "offline",
    since,
    ...(state.retryAt === undefined ? {} : { retryAt: state.retryAt }),
  };
}
