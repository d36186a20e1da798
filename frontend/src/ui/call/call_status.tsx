import { useEffect, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import type { Call } from "./call.ts";
import { mediaTexts, troubleText } from "./call_texts.ts";

/** How it goes with the call, in words: nothing while all is well. */
export function CallStatus({ call, alone }: { call: Call; alone: boolean }) {
  const { words } = usePage();
  const { state, problems, view } = call;
  return (
    <div class="call-status">
      <div role="status" data-testid="call-status">
        {state.phase === "connecting" && <p>{words.text("callConnecting")}</p>}
        {state.phase === "in" && state.mending && (
          <p class="call-problem">{words.text("callMending")}</p>
        )}
        {state.phase === "waiting" && (
          <p class="call-problem" data-testid="call-trouble">
            {troubleText(words, state.trouble)}
            {state.retryAt === undefined && ` ${words.text("callWaitsForChat")}`}
          </p>
        )}
        {mediaTexts(words, problems).map((text) => (
          <p key={text} class="call-problem" data-testid="call-media-problem">
            {text}
          </p>
        ))}
        {alone && <p>{words.text("callAlone")}</p>}
      </div>
      {state.phase === "waiting" && state.retryAt !== undefined && (
        <p class="call-retry">
          <NextTry at={state.retryAt} />
          <button
            type="button"
            class="text-button"
            data-testid="call-retry"
            onClick={() => call.retryNow()}
          >
            {words.text("tryNow")}
          </button>
        </p>
      )}
      {view.soundBlocked && (
        <p class="call-retry">
          <span>{words.text("soundBlocked")}</span>
          <button
            type="button"
            class="button"
            data-testid="call-sound"
            onClick={() => void call.startSound()}
          >
            {words.text("soundOn")}
          </button>
        </p>
      )}
    </div>
  );
}

/** Counts down. It is no status: a screen reader would say every second. */
function NextTry({ at }: { at: number }) {
  const { words } = usePage();
  const [, tick] = useState(0);
  useEffect(() => {
    const timer = setInterval(() => tick((n) => n + 1), 1_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <span class="quiet">
      {words.plural("nextTry", Math.max(1, Math.ceil((at - Date.now()) / 1000)))}
    </span>
  );
}
