import type { MessageEvent } from "../../client/index.ts";
import { lookOf } from "../identity.ts";

/** What is looked for: every word has to occur, in whatever case, and from whom it is. */
export interface Query {
  text: string;
  /** The look of who has said it ([lookOf]); empty for anybody. */
  from: string;
}

export function isEmpty({ text, from }: Query): boolean {
  return text.trim() === "" && from === "";
}

/** What differs by case alone is the same, as it is to the server. */
function folded(text: string): string {
  return text.normalize("NFC").toLowerCase();
}

function wordsOf(text: string): string[] {
  return folded(text).split(/\s+/u).filter(Boolean);
}

export function matches(
  query: Query,
  { text, from }: Pick<MessageEvent, "text" | "from">,
): boolean {
  if (text === "" || (query.from !== "" && lookOf(from) !== query.from)) return false;
  const said = folded(text);
  return wordsOf(query.text).every((word) => said.includes(word));
}

export interface Part {
  text: string;
  found: boolean;
}

/** How much of a message a result shows, and how much of that before the first word. Characters. */
const SHOWN = 160;
const BEFORE = 40;

/** The part of a text that has the first word that was found, in pieces. */
export function excerpt(query: Query, text: string): Part[] {
  const line = text.replace(/\s+/gu, " ").trim();
  const all = places(wordsOf(query.text), line);
  const first = all[0]?.[0] ?? 0;
  const start = first > BEFORE ? line.lastIndexOf(" ", first - BEFORE / 2) + 1 : 0;
  const end = start + SHOWN;
  const parts: Part[] = [];
  let at = start;
  const add = (to: number, found: boolean) => {
    if (to > at) parts.push({ text: line.slice(at, to), found });
    at = Math.max(at, to);
  };
  for (const [from, to] of all) {
    if (from >= end) break;
    add(Math.min(from, end), false);
    add(Math.min(to, end), true);
  }
  add(Math.min(line.length, end), false);
  if (start > 0) parts.unshift({ text: "…", found: false });
  if (end < line.length) parts.push({ text: "…", found: false });
  return parts;
}

/** Where words are in a text, in order and without what overlaps. */
function places(words: readonly string[], line: string): [from: number, to: number][] {
  const said = line.toLowerCase();
  // Of the few texts that have another length in lower case nothing is marked.
  if (said.length !== line.length) return [];
  const all: [number, number][] = [];
  for (const word of words) {
    for (let at = said.indexOf(word); at >= 0; at = said.indexOf(word, at + word.length)) {
      all.push([at, at + word.length]);
    }
  }
  return all.sort(([a], [b]) => a - b);
}
