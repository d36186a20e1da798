import { useEffect, useState } from "preact/hooks";
import type { ConnectionState, Decision, Transport } from "../client/index.ts";
import { type ConnectionView, connectionView } from "./connection_view.ts";
import { usePage } from "./context.ts";
import type { Words } from "./i18n/index.ts";
import { Diagnostics } from "./parts.ts";

const TRANSPORT_TEXT = { ws: "liveWs", sse: "liveSse", poll: "livePoll" } as const;

export interface ConnectionProps {
  state: ConnectionState;
  lastLive: Transport | undefined;
  decisions: readonly Decision[];
  room: string;
  onRetry(): void;
}

/** The indicator: words and a shape, and behind it what was tried. */
export function Connection({ state, lastLive, decisions, room, onRetry }: ConnectionProps) {
  const { words } = usePage();
  const [open, setOpen] = useState(false);
  const now = useClock(state, lastLive);
  const view = connectionView(state, lastLive, now);
  return (
    <div class="connection-line">
      <button
        type="button"
        class={`connection ${view.state}`}
        data-testid="connection"
        data-state={view.state}
        data-transport={view.transport}
        title={words.text("connectionDetails")}
        onClick={() => setOpen(true)}
      >
        <span class="shape" aria-hidden="true" />
        <span role="status">{connectionText(words, view)}</span>
        {view.state === "offline" && (
          <span class="next-try">{nextTryText(words, view.retryAt, now)}</span>
        )}
      </button>
      {view.state === "offline" && view.retryAt !== undefined && (
        <button type="button" class="text-button" data-testid="retry-now" onClick={onRetry}>
          {words.text("tryNow")}
        </button>
      )}
      {open && <Diagnostics decisions={decisions} room={room} onClose={() => setOpen(false)} />}
    </div>
  );
}

/** The time, as often as what is shown depends on it. */
function useClock(state: ConnectionState, lastLive: Transport | undefined): number {
  const [, tick] = useState(0);
  const now = Date.now();
  const view = connectionView(state, lastLive, now);
  const wait =
    view.changesAt !== undefined
      ? view.changesAt - now
      : view.state === "offline"
        ? 1_000
        : undefined;
  useEffect(() => {
    if (wait === undefined) return;
    const timer = setTimeout(() => tick((n) => n + 1), Math.max(50, wait));
    return () => clearTimeout(timer);
  });
  return now;
}

function connectionText(words: Words, view: ConnectionView): string {
  switch (view.state) {
    case "connecting":
      return words.text("connecting");
    case "live":
      return view.transport === undefined
        ? words.text("live")
        : words.text(TRANSPORT_TEXT[view.transport]);
    case "offline":
      return words.text("offlineSince", { time: words.time(view.since ?? Date.now()) });
    case "ended":
      return words.text("ended");
  }
}

function nextTryText(words: Words, retryAt: number | undefined, now: number): string {
  if (retryAt === undefined) return words.text("tryingNow");
  return words.plural("nextTry", Math.max(1, Math.ceil((retryAt - now) / 1000)));
}
