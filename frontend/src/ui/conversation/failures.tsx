import { useEffect, useMemo, useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { AlertIcon } from "../icons.tsx";
import type { MessageProps } from "../message.tsx";
import { problemText } from "../problems.ts";
import { soonText } from "../soon.ts";
import { useActs } from "./acts.ts";
import { failureText } from "./refusals.ts";
import type { Said } from "./talk.ts";

/** What could not be done to a message, said there. */
export function FailureLine({ said }: { said: Said }) {
  const { words } = usePage();
  const acts = useActs();
  const { failure, message } = said;
  if (failure === undefined) return null;
  const { text } = failure;
  return (
    <div class="refusal" role="alert" data-testid="message-failure">
      <span>{failureText(words, failure)}</span>
      {text !== undefined && (
        <button type="button" class="text-button" onClick={() => acts.editAgain(message.id, text)}>
          {words.text("editAgain")}
        </button>
      )}
      <button type="button" class="text-button" onClick={() => acts.dismiss(message.id)}>
        {words.text("dismiss")}
      </button>
    </div>
  );
}

export interface RefusedProps extends Omit<MessageProps, "language"> {
  postKey: string;
}

/** A message of one's own that was not taken. */
export function Refused({ row, postKey, onRetry, onDiscard }: RefusedProps) {
  const { words } = usePage();
  const acts = useActs();
  const retry = () => {
    // Nothing goes out as a guest's that was written under a name.
    if (acts.canWrite()) onRetry(postKey);
    else document.querySelector<HTMLElement>('[data-testid="name-input"]')?.focus();
  };
  return (
    <div class="refusal">
      <span>
        <AlertIcon /> {words.text("refused")}
        {row.problem !== undefined && <>. {problemText(words, row.problem)}</>}
      </span>
      <button type="button" class="text-button" onClick={retry}>
        {words.text("retry")}
      </button>
      <button type="button" class="text-button" onClick={() => onDiscard(postKey)}>
        {words.text("discard")}
      </button>
    </div>
  );
}

/** Why a message of one's own waits, and how long it is until it is sent again. */
export function Waiting({ problem }: { problem: Problem }) {
  const { words } = usePage();
  const { code, retryAfter = 1 } = problem;
  const until = useMemo(() => Date.now() + retryAfter * 1_000, [problem]);
  const [now, setNow] = useState(Date.now);
  const when = soonText(words, (until - now) / 1_000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  if (code !== "too_much" && code !== "slow_mode") return null;
  return (
    <span class="waits" data-testid="message-waits">
      {words.text(code === "slow_mode" ? "problemSlow" : "problemWait", { when })}
    </span>
  );
}
