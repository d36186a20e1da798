import type { Person } from "../../client/index.ts";

/** An `@` that is being written, and what stands after it. */
export interface Query {
  start: number;
  text: string;
}

/** Names have at most 40 characters. */
const LONGEST = 40;
/** People offered at once. */
const MOST = 8;
/** The server takes as many. */
const MOST_MENTIONS = 50;

/** The `@` before the caret, if it may become a mention. */
export function queryAt(text: string, caret: number): Query | undefined {
  const from = Math.max(0, caret - LONGEST - 1);
  const start = text.lastIndexOf("@", caret - 1);
  if (start < from || caret === 0 || isWord(text, start)) return undefined;
  const query = text.slice(start + 1, caret);
  return /^\s|\n|\s\s/.test(query) ? undefined : { start, text: query };
}

/** A letter or a digit right before this place: an address of mail has one before its `@`. */
function isWord(text: string, at: number): boolean {
  return /[\p{L}\p{N}_]$/u.test(text.slice(Math.max(0, at - 2), at));
}

/** Small letters without their accents, so that "zoe" finds Zoë. */
function folded(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLocaleLowerCase();
}

/** Who may be meant: whose name begins so, then of whom another part of the name does. */
export function matching(people: readonly Person[], query: string): Person[] {
  const wanted = folded(query);
  const first: Person[] = [];
  const second: Person[] = [];
  for (const person of people) {
    const name = folded(person.name);
    if (name.startsWith(wanted)) first.push(person);
    else if (name.split(/[\s._-]+/).some((part) => part.startsWith(wanted))) second.push(person);
  }
  return [...first, ...second].slice(0, MOST);
}

/**
 * Whom a text mentions, in the order of the text. Of several people of one name it is the one who
 * was chosen from the list; without a choice it is nobody.
 */
export function mentionsIn(
  text: string,
  people: readonly Person[],
  chosen: readonly Person[],
): string[] {
  const byName = new Map<string, Set<string>>();
  for (const { id, name } of people) {
    const ids = byName.get(name) ?? new Set();
    byName.set(name, ids.add(id));
  }
  const names = [...new Set([...byName.keys(), ...chosen.map(({ name }) => name)])].sort(
    (a, b) => b.length - a.length,
  );
  const left = [...chosen];
  const ids = new Set<string>();
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    if (isWord(text, at)) continue;
    const name = names.find(
      (one) =>
        text.startsWith(one, at + 1) && !/^[\p{L}\p{N}_]/u.test(text.slice(at + 1 + one.length)),
    );
    if (name === undefined) continue;
    const choice = left.findIndex((person) => person.name === name);
    const picked = choice < 0 ? chosen.find((p) => p.name === name) : left.splice(choice, 1)[0];
    const having = byName.get(name);
    const only = having?.size === 1 ? [...having][0] : undefined;
    const id = picked?.id ?? only;
    if (id !== undefined) ids.add(id);
  }
  return [...ids].slice(0, MOST_MENTIONS);
}
