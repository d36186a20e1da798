import data from "./emoji.json";

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
 * Those that have a word beginning with each of the words that are looked for, in any language. Those
 * that are named so come first.
 */
export function findEmoji(query: string): Emoji[] {
  const wanted = wordsOf(query);
  const exact = query.trim();
  const has = (words: readonly string[]) =>
    wanted.length > 0 && wanted.every((one) => words.some((word) => word.startsWith(one)));
  const found = everyEmoji().filter(({ emoji, words }) => emoji === exact || has(words));
  const named = found.filter(({ names }) => has(wordsOf(`${names.en} ${names.ru}`)));
  return [...new Set([...named, ...found])];
}

function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll("ё", "е")
    .split(/[^\p{L}\p{N}+]+/u)
    .filter(Boolean);
}
