import { useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { useSingle } from "../single.ts";
import { linkOf } from "./invites_page.tsx";
import { refusalOf } from "./refusal.ts";
import { RefusalLine } from "./refusal_line.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { ShownOnce } from "./shown_once.tsx";

/** The owner's link, which is shown once. */
function OwnerLink({ url }: { url: string }) {
  const { words, baseUrl } = usePage();
  return (
    <>
      <p class="quiet">{words.text("ownerLinkHint")}</p>
      <ShownOnce text={linkOf(url, baseUrl)} label={words.text("ownerLink")} testId="owner-link" />
    </>
  );
}

/** Makes a room that nobody owns one's own. */
export function MinePage({ control, goTo }: PageProps) {
  const { words } = usePage();
  const [problem, setProblem] = useState<Problem>();
  const [url, setUrl] = useState<string>();
  const own = useSingle(async () => {
    const { result, problem } = await control.calls.own();
    setProblem(problem);
    setUrl(result?.ownerUrl);
    if (problem === undefined && result?.ownerUrl === undefined) goTo("settings");
  });
  if (url !== undefined) {
    return (
      <>
        <OwnerLink url={url} />
        <button
          type="button"
          class="button"
          data-testid="mine-settings"
          onClick={() => goTo("settings")}
        >
          {words.text("roomSettings")}
        </button>
      </>
    );
  }
  return (
    <>
      <p class="quiet">{words.text("roomMineHint")}</p>
      <p class="problem" role="alert">
        {problem !== undefined &&
          (problem.code === "conflict" ? words.text("roomMineNot") : refusalOf(words, problem))}
      </p>
      <button type="button" class="button primary" data-first data-testid="mine-do" onClick={own}>
        {words.text("roomMine")}
      </button>
    </>
  );
}

/** Another owner's link. */
export function OwnerPage({ control }: PageProps) {
  const { words } = usePage();
  const [problem, setProblem] = useState<Problem>();
  const [url, setUrl] = useState<string>();
  const make = useSingle(async () => {
    const { result, problem } = await control.calls.ownerLink();
    setProblem(problem);
    if (result !== undefined) setUrl(result.ownerUrl);
  });
  return (
    <>
      {url === undefined ? (
        <p class="quiet">{words.text("ownerLinkHint")}</p>
      ) : (
        <OwnerLink url={url} />
      )}
      <RefusalLine problem={problem} />
      <button type="button" class="button" data-testid="owner-link-make" onClick={make}>
        {words.text("ownerLinkNew")}
      </button>
    </>
  );
}

export function ClearPage({ control, say, onClose }: PageProps) {
  const { words } = usePage();
  return (
    <Sure
      hint={words.text("roomClearHint")}
      does={words.text("doClear")}
      testId="clear-do"
      act={() => control.calls.clear()}
      onDone={() => {
        say(words.text("done"));
        onClose();
      }}
    />
  );
}

export function ClosePage({ control, onClose }: PageProps) {
  const { words } = usePage();
  return (
    <Sure
      hint={words.text("roomCloseHint")}
      does={words.text("doClose")}
      testId="close-do"
      act={() => control.calls.closeRoom()}
      onDone={onClose}
    />
  );
}

interface SureProps {
  hint: string;
  does: string;
  testId: string;
  act(): Promise<{ problem?: Problem }>;
  onDone(): void;
}

/** What can't be undone is asked once. */
function Sure({ hint, does, testId, act, onDone }: SureProps) {
  const [problem, setProblem] = useState<Problem>();
  return (
    <>
      <p>{hint}</p>
      <RefusalLine problem={problem} />
      <button
        type="button"
        class="button danger"
        data-testid={testId}
        onClick={async () => {
          const { problem } = await act();
          setProblem(problem);
          if (problem === undefined) onDone();
        }}
      >
        {does}
      </button>
    </>
  );
}
