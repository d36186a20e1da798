import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "../api.ts";
import { usePage } from "../context.ts";
import { problemText } from "../parts/problem.tsx";
import { SettingsFields } from "../parts/settings_fields.tsx";

export interface LoginProps {
  /** Whether one is signed in isn't known yet. */
  asking: boolean;
  /** One was signed in until just now. */
  over: boolean;
  answers: boolean;
  onIn(): void;
}

/** The token, which gives a cookie: it is kept nowhere by the page. */
export function Login({ asking, over, answers, onIn }: LoginProps) {
  const { words, api } = usePage();
  const field = useRef<HTMLInputElement>(null);
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem>();
  const [working, setWorking] = useState(false);
  useEffect(() => {
    document.title = words.text("pageTitle", { page: words.text("loginTitle") });
  }, [words]);
  useLayoutEffect(() => {
    if (!asking) field.current?.focus();
  }, [asking]);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (working || token.trim() === "") return;
    setWorking(true);
    setProblem(undefined);
    const answer = await api.send("POST", "login", { body: { token: token.trim() } });
    setWorking(false);
    setProblem(answer.problem);
    if (answer.problem === undefined) onIn();
    else field.current?.select();
  };
  if (asking) {
    return (
      <main class="login">
        <p class="quiet" role="status">
          {words.text(answers ? "loading" : "problemOffline")}
        </p>
      </main>
    );
  }
  return (
    <main class="login">
      <form class="login-card" onSubmit={submit}>
        <h1>{words.text("appName")}</h1>
        <p class="quiet">{words.text(over ? "loginOver" : "loginHint")}</p>
        {/* Whoever keeps passwords keeps this one by a name. */}
        <input hidden readOnly name="username" autocomplete="username" value="operator" />
        <label class="field">
          <span>{words.text("loginToken")}</span>
          <input
            ref={field}
            type="password"
            name="token"
            autocomplete="current-password"
            spellcheck={false}
            data-testid="token"
            value={token}
            aria-invalid={problem !== undefined}
            aria-describedby="login-problem"
            onInput={(event) => setToken(event.currentTarget.value)}
          />
        </label>
        <p class="problem" id="login-problem" role="alert" data-testid="login-problem">
          {problem === undefined
            ? ""
            : problem.status === 401
              ? words.text("loginWrong")
              : problem.status === 429
                ? words.text("loginSlow", {
                    span: words.span(Math.max(1, problem.retryAfter ?? 1)),
                  })
                : problemText(words, problem)}
        </p>
        <button
          type="submit"
          class="button primary wide"
          data-testid="login"
          disabled={working || token.trim() === ""}
        >
          {words.text("loginGo")}
        </button>
        <div class="login-fields">
          <SettingsFields />
        </div>
      </form>
    </main>
  );
}
