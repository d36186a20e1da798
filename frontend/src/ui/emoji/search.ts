import data from "./emoji.json";
import { USUAL } from "./recent.ts";

export type Group = (typeof GROUPS)[number];
export const GROUPS = [
  "faces",
  "people",
  "hearts",
  "nature",
  "food",
  "going",
  "things",
  "signs",
] as const;

export interface Emoji {
  emoji: string;
  /** Its name in each language. */
  names: Record<"en" | "ru", string>;
  /** Words to find it by, in both languages. */
  words: string[];
}

const ALL = new Map<Group, Emoji[]>(
  data.map(({ group, emoji }) => [
    group as Group,
    emoji.map(([emoji = "", en = "", moreEn = "", ru = "", moreRu = ""]) => ({
      emoji,
      names: { en, ru },
      words: wordsOf(`${en} ${moreEn} ${ru} ${moreRu}`),
    })),
  ]),
);

export function emojiOf(group: Group): Emoji[] {
  return ALL.get(group) ?? [];
}

export function everyEmoji(): Emoji[] {
  return GROUPS.flatMap(emojiOf);
}

/**
 * Those that have a word beginning with each of the words that are looked for, in any language: the
 * nearest come first, and among those as near what everybody uses.
 */
export function findEmoji(query: string): Emoji[] {
  const wanted = wordsOf(query);
  const exact = query.trim();
  return everyEmoji()
    .map((one) => ({ one, far: one.emoji === exact ? 0 : farness(one, wanted) }))
    .filter(({ far }) => far < Number.POSITIVE_INFINITY)
    .sort((a, b) => a.far - b.far || usualness(a.one) - usualness(b.one))
    .map(({ one }) => one);
}

/**
 * How far an emoji is from what is looked for: "heart" is near to "red heart", which says little
 * else, then to what has it among its other words, then to "smiling face with hearts".
 */
function farness({ names, words }: Emoji, wanted: readonly string[]): number {
  if (wanted.length === 0) return Number.POSITIVE_INFINITY;
  const whole = (of: readonly string[]) => wanted.every((one) => of.includes(one));
  const begun = (of: readonly string[]) =>
    wanted.every((one) => of.some((word) => word.startsWith(one)));
  const ways = Object.values(names).map((name) => {
    const of = wordsOf(name);
    return begun(of) ? of.length + (whole(of) ? 0 : 1) : Number.POSITIVE_INFINITY;
  });
  if (begun(words)) ways.push(whole(words) ? 2.5 : 20);
  return Math.min(...ways);
}

function usualness({ emoji }: Emoji): number {
  const place = USUAL.indexOf(emoji);
  return place < 0 ? USUAL.length : place;
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll("ё", "е")
    .split(/[^\p{L}\p{N}+]+/u)
    .filter(Boolean);
}
