import { useEffect, useRef, useState } from "preact/hooks";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../rows.tsx";
import type { CallState } from "./call.ts";
import type { Talker } from "./session.ts";

/**
 * What is worth saying aloud between two moments of a call: who came, who went, who shares a
 * screen.
 */
export function newsOf(words: Words, before: readonly Talker[], now: readonly Talker[]): string[] {
  const was = new Map(before.map((talker) => [talker.id, talker]));
  const is = new Set(now.map(({ id }) => id));
  const news: string[] = [];
  for (const { id, name, own, screen } of now) {
    if (own) continue;
    const values = { name: isolate(name) };
    if (!was.has(id)) news.push(words.text("callSomebodyJoined", values));
    if (screen !== undefined && was.get(id)?.screen === undefined) {
      news.push(words.text("callSomebodyShares", values));
    }
  }
  for (const { id, name, own } of before) {
    if (!own && !is.has(id)) news.push(words.text("callSomebodyLeft", { name: isolate(name) }));
  }
  return news;
}

/**
 * The latest news of a call. Who was there before one came is none, nor is who is not to be seen
 * while one is not in.
 */
export function useNews(words: Words, state: CallState, talkers: readonly Talker[]): string {
  const before = useRef<readonly Talker[] | undefined>(undefined);
  const broken = useRef(false);
  const [news, setNews] = useState("");
  useEffect(() => {
    const isIn = state.phase === "in" && !state.mending;
    if (!isIn) {
      broken.current ||= state.phase !== "connecting";
      before.current = undefined;
      return;
    }
    const told = before.current === undefined ? [] : newsOf(words, before.current, talkers);
    if (broken.current) told.unshift(words.text("callMended"));
    broken.current = false;
    before.current = talkers;
    if (told.length > 0) setNews(told.join(". "));
  }, [state, talkers]);
  return news;
}
