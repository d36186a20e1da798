import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";
import type { Language } from "../ui/i18n/languages.ts";
import type { Theme } from "../ui/theme.ts";
import type { Api, Problem } from "./api.ts";
import type { Words } from "./i18n/words.ts";
import type { StreamState } from "./live.ts";
import type { RoomInfo, Stats } from "./shapes.ts";

/** What the server tells by itself, every two seconds. */
export interface Live {
  state: StreamState;
  stats: Stats | undefined;
  /** The rooms that changed lately, by name. */
  rooms: ReadonlyMap<string, RoomInfo>;
}

/** What is being typed, for whoever has to sign in again meanwhile. */
export interface Drafts {
  /** The login is over: what goes from the page now comes back to it. */
  keeping: boolean;
  readonly kept: Map<string, unknown>;
}

/** What every part of the page may ask for. */
export interface PageContext {
  words: Words;
  api: Api;
  live: Live;
  drafts: Drafts;
  theme: Theme;
  setTheme(theme: Theme): void;
  setLanguage(language: Language): void;
  /** Says what was done, for the eye and the ear. */
  say(text: string): void;
}

export const Page = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === undefined) throw new Error("outside of the page");
  return page;
}

/** A state that outlives a login that is over, by a name of its own, but no change of the place. */
export function useKept<T>(name: string, first: T): [T, (next: T) => void] {
  const { drafts } = usePage();
  const [value, setValue] = useState<T>(() => {
    const kept = drafts.kept.has(name) ? (drafts.kept.get(name) as T) : first;
    drafts.kept.delete(name);
    return kept;
  });
  const last = useRef(value);
  last.current = value;
  useEffect(
    () => () => {
      if (drafts.keeping) drafts.kept.set(name, last.current);
    },
    [drafts, name],
  );
  return [value, (next) => setValue(() => next)];
}

export interface Asked<T> {
  result: T | undefined;
  /** What the result is of: another path than the one that is asked for, while that is on its way. */
  of: string | undefined;
  /** Of the settings that a room has: their version, to be sent back. */
  tag: string | undefined;
  problem: Problem | undefined;
  loading: boolean;
  reload(): Promise<void>;
}

/** Something of the API, asked for when its path changes; what was there is shown meanwhile. */
export function useAsk<T>(path: string | undefined): Asked<T> {
  const { api } = usePage();
  const [result, setResult] = useState<T>();
  const [of, setOf] = useState<string>();
  const [tag, setTag] = useState<string>();
  const [problem, setProblem] = useState<Problem>();
  const [loading, setLoading] = useState(true);
  const running = useRef<AbortController | undefined>(undefined);

  const reload = useCallback(async () => {
    running.current?.abort();
    if (path === undefined) return;
    const own = new AbortController();
    running.current = own;
    setLoading(true);
    const answer = await api.get<T>(path, own.signal);
    if (own.signal.aborted) return;
    setLoading(false);
    setProblem(answer.problem);
    if (answer.problem !== undefined) return;
    setResult(() => answer.result);
    setOf(path);
    setTag(answer.tag);
  }, [api, path]);

  useEffect(() => {
    void reload();
    return () => running.current?.abort();
  }, [reload]);
  return { result, of, tag, problem, loading, reload };
}

/** Calls again and again while the page is to be seen. Milliseconds. */
export function useEvery(pause: number, act: () => void): void {
  const last = useRef(act);
  last.current = act;
  useEffect(() => {
    const timer = setInterval(() => {
      if (document.visibilityState === "visible") last.current();
    }, pause);
    return () => clearInterval(timer);
  }, [pause]);
}
