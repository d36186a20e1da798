import { useEffect, useRef, useState } from "preact/hooks";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../message_list.tsx";
import type { Talker } from "./session.ts";

/** What is worth saying aloud between two moments of a call: who came, who went, who shares a screen. */
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

/** The latest news of a call. Who was there before one came is none, nor is who is not to be seen while one is not in. */
export function useNews(words: Words, isIn: boolean, talkers: readonly Talker[]): string {
  const before = useRef<readonly Talker[] | undefined>(undefined);
  const [news, setNews] = useState("");
  useEffect(() => {
    if (!isIn) {
      before.current = undefined;
      return;
    }
    const told = before.current === undefined ? [] : newsOf(words, before.current, talkers);
    before.current = talkers;
    if (told.length > 0) setNews(told.join(". "));
  }, [isIn, talkers]);
  return news;
}
