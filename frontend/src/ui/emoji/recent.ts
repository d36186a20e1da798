import { lasting } from "../storage.ts";

const KEY = "emoji";
const KEPT = 16;
const QUICK = 6;
/** What everybody uses, the most used first. */
export const USUAL = ["👍", "❤️", "😂", "😮", "😢", "🎉"];

/** What one has used lately, the last first. */
export function recentEmoji(): string[] {
  const kept = lasting.get(KEY);
  if (!Array.isArray(kept)) return [];
  return kept.filter((one): one is string => typeof one === "string" && one !== "");
}

export function noteEmoji(emoji: string): void {
  const others = recentEmoji().filter((one) => one !== emoji);
  lasting.set(KEY, [emoji, ...others].slice(0, KEPT));
}

/** A handful to choose from at once: one's own, and those that everybody uses. */
export function quickEmoji(): string[] {
  return [...new Set([...recentEmoji(), ...USUAL])].slice(0, QUICK);
}
