import type { Words } from "./i18n/index.ts";

const MINUTE = 60;
const HOUR = 60 * MINUTE;

/** When something is to be, as people count it: "in 20 seconds", "in 5 minutes". */
export function soonText(words: Words, seconds: number): string {
  const format = new Intl.RelativeTimeFormat(words.language);
  const left = Math.max(1, Math.ceil(seconds));
  if (left < 100) return format.format(left, "second");
  if (left < 100 * MINUTE) return format.format(Math.ceil(left / MINUTE), "minute");
  return format.format(Math.ceil(left / HOUR), "hour");
}
