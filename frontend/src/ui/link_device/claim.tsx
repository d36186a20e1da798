import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { callServer } from "../call_server.ts";
import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { problemText } from "../problems.ts";
import { savedName, savedSession, saveName, saveSession } from "../visits.ts";
import { tellTabs } from "./link_gate.tsx";

export interface ClaimProps {
  code: string;
  onDone(): void;
}

/** This device becomes whose link it has opened; who is somebody here is asked before. */
export function Claim({ code, onDone }: ClaimProps) {
  const { words, baseUrl } = usePage();
  const [own] = useState(() => savedSession()?.name ?? savedName());
  const [agreed, setAgreed] = useState(own === undefined);
  const [problem, setProblem] = useState<Problem>();

  const claim = async () => {
    setProblem(undefined);
    const answer = await callServer(new URL("session/claim", baseUrl), "POST", { code });
    if (answer.problem !== undefined) return setProblem(answer.problem);
    const { clientId, name } = answer.body;
    if (typeof clientId === "string" && typeof name === "string") {
      saveSession({ clientId, name });
      saveName(name);
      tellTabs();
    }
    onDone();
  };
  useEffect(() => {
    if (agreed) void claim();
  }, [agreed]);

  const gone = problem?.code === "not_found";
  return (
    <Dialog title={words.text("claimTitle")} kind="panel" testId="claim" onClose={onDone}>
      <p role="status">
        {problem !== undefined
          ? gone
            ? words.text("claimGone")
            : problemText(words, problem)
          : agreed
            ? words.text("claimWorking")
            : words.text("claimAsk", { name: own ?? "" })}
      </p>
      <div class="buttons">
        {!agreed && (
          <button
            type="button"
            class="button primary"
            data-testid="claim-agree"
            onClick={() => setAgreed(true)}
          >
            {words.text("claimAgree")}
          </button>
        )}
        {problem !== undefined && !gone && (
          <button type="button" class="button primary" data-testid="claim-again" onClick={claim}>
            {words.text("claimAgain")}
          </button>
        )}
        {(!agreed || problem !== undefined) && (
          <button type="button" class="button" data-testid="claim-cancel" onClick={onDone}>
            {words.text(agreed ? "close" : "cancel")}
          </button>
        )}
      </div>
    </Dialog>
  );
}
