import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Language } from "../ui/i18n/languages.ts";
import { closeLayers } from "../ui/layers.ts";
import { saveLanguage } from "../ui/settings.ts";
import { applyTheme, savedTheme } from "../ui/theme.ts";
import type { Api } from "./api.ts";
import { type Drafts, Page } from "./context.ts";
import { loadWords, Words } from "./i18n/words.ts";
import { Login } from "./screens/login.tsx";
import type { Health } from "./shapes.ts";
import { Shell } from "./shell.tsx";
import { useLive } from "./use_live.ts";

/** Whether the server knows one: asked first, and then as its answers tell. */
type Session = "asking" | "out" | "over" | "in";

export interface AppProps {
  api: Api;
  first: Language;
}

export function App({ api, first }: AppProps) {
  const [words, setWords] = useState(() => new Words(first));
  const [theme, setTheme] = useState(savedTheme);
  const [session, setSession] = useState<Session>("asking");
  const [answers, setAnswers] = useState(true);
  const [said, setSaid] = useState("");
  const live = useLive(api, session === "in");
  const drafts = useRef<Drafts>({ keeping: false, kept: new Map() }).current;
  const saying = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);

  const ask = useCallback(async () => {
    const { problem } = await api.get<Health>("api/health");
    // That the store is away is no reason to ask for a token again.
    if (problem === undefined || problem.status >= 500) {
      drafts.keeping = false;
      setSession("in");
    }
  }, [api, drafts]);
  useEffect(() => {
    api.onChange = {
      signedOut() {
        drafts.keeping = true;
        setSession((now) => (now === "in" ? "over" : now === "over" ? now : "out"));
      },
      answers: setAnswers,
    };
    void ask();
    addEventListener("popstate", closeLayers);
    return () => removeEventListener("popstate", closeLayers);
  }, [api, ask, drafts]);
  useEffect(() => {
    document.documentElement.lang = words.language;
  }, [words]);
  // Nothing was heard yet: it is asked again until there is an answer.
  useEffect(() => {
    if (answers || session !== "asking") return;
    const timer = setInterval(ask, 5_000);
    return () => clearInterval(timer);
  }, [answers, session, ask]);

  const page = useMemo(
    () => ({
      words,
      api,
      live,
      drafts,
      theme,
      setTheme(next: typeof theme) {
        applyTheme(next);
        setTheme(next);
      },
      setLanguage(language: Language) {
        saveLanguage(language);
        void loadWords(language).then(() => setWords(new Words(language)));
      },
      say(text: string) {
        clearTimeout(saying.current);
        setSaid(text);
        saying.current = setTimeout(() => setSaid(""), 6_000);
      },
    }),
    [words, api, live, drafts, theme],
  );
  const signOut = async () => {
    const { problem } = await api.send("POST", "logout");
    if (problem !== undefined && problem.status !== 401) return;
    drafts.keeping = false;
    drafts.kept.clear();
    setSession("out");
  };
  return (
    <Page.Provider value={page}>
      {session === "in" ? (
        <Shell answers={answers} onSignOut={() => void signOut()} />
      ) : (
        <Login
          asking={session === "asking"}
          over={session === "over"}
          answers={answers}
          onIn={() => {
            drafts.keeping = false;
            setSession("in");
          }}
        />
      )}
      <p class="said" role="status" data-testid="said">
        {said}
      </p>
    </Page.Provider>
  );
}
