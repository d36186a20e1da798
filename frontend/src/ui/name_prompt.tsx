import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem, SessionResult } from "../client/index.ts";
import { isBlank } from "./blank.ts";
import { usePage } from "./context.ts";
import { ProblemText, SignInLink } from "./parts.ts";
import { offersSignIn } from "./sign_in.ts";
import { isSignInOver, savedName, saveName } from "./visits.ts";

/** What was typed and is not taken yet: the form may come to stand elsewhere meanwhile. */
let typed: string | undefined;

export interface NamePromptProps {
  signIn(name: string): Promise<SessionResult>;
  onDone(): void;
  /** When there is a name already, and this changes it. */
  onCancel?: (() => void) | undefined;
  /** Whoever is asked reads already; true unless it is said. */
  reads?: boolean;
}

/** Asks for a name where one writes otherwise: the messages stay in view. */
export function NamePrompt({ signIn, onDone, onCancel, reads = true }: NamePromptProps) {
  const { words } = usePage();
  const field = useRef<HTMLInputElement>(null);
  const [name, setName] = useState(typed ?? savedName() ?? "");
  const [problem, setProblem] = useState<string | Problem | undefined>(signInProblem);
  const [busy, setBusy] = useState(false);

  // Before it is painted: what one types at once is for the field.
  useLayoutEffect(() => field.current?.focus(), []);

  const cancel = () => {
    typed = undefined;
    onCancel?.();
  };
  const save = async (event: Event) => {
    event.preventDefault();
    const trimmed = name.trim();
    if (isBlank(trimmed) || [...trimmed].length > 40) return setProblem(words.text("problemName"));
    setBusy(true);
    const result = await signIn(trimmed);
    setBusy(false);
    if ("problem" in result) return setProblem(result.problem);
    typed = undefined;
    saveName(result.session.name);
    onDone();
  };

  return (
    <form
      class="name-prompt"
      onSubmit={save}
      onKeyDown={(event) => event.key === "Escape" && cancel()}
    >
      <label class="field">
        <span class="prompt-title">{words.text("askName")}</span>
        {reads && onCancel === undefined && (
          <span class="quiet small">{words.text("askNameHint")}</span>
        )}
        <span class="joined-field">
          <input
            ref={field}
            data-testid="name-input"
            name="name"
            autocomplete="nickname"
            maxLength={80}
            placeholder={words.text("namePlaceholder")}
            value={name}
            aria-invalid={problem !== undefined}
            aria-describedby="name-problem"
            onInput={(event) => {
              typed = event.currentTarget.value;
              setName(typed);
              setProblem(undefined);
            }}
          />
          <button class="button primary" type="submit" data-testid="name-save" disabled={busy}>
            {words.text("saveName")}
          </button>
          {onCancel !== undefined && (
            <button class="button" type="button" onClick={cancel}>
              {words.text("cancel")}
            </button>
          )}
        </span>
      </label>
      {onCancel === undefined && offersSignIn() && <SignInLink />}
      <p id="name-problem" class="problem" role="alert">
        {typeof problem === "object" ? <ProblemText problem={problem} /> : problem}
      </p>
    </form>
  );
}

/** What came of a sign-in, where nothing came of it: the address says so, once. Or it is over. */
function signInProblem(): Problem | undefined {
  const url = new URL(location.href);
  const why = url.searchParams.get("signin");
  if (why === null) return isSignInOver() ? { code: "signin_over", title: "" } : undefined;
  url.searchParams.delete("signin");
  history.replaceState(history.state, "", url.href);
  return { code: `signin_${why}`, title: "" };
}
