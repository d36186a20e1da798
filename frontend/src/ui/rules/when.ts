import { startOfDay, type Words } from "../i18n/index.ts";
import { shortTime } from "../i18n/times.ts";

/** A time that is to come: of today the hour, else the day with it, or of another year the day alone. */
export function untilText(words: Words, until: string, now = Date.now()): string {
  const at = Date.parse(until);
  if (Number.isNaN(at)) return until;
  if (startOfDay(at) === startOfDay(now)) return words.time(at);
  if (new Date(at).getFullYear() !== new Date(now).getFullYear()) return words.day(at, now);
  return `${shortTime(words, at, now)}, ${words.time(at)}`;
}

/** A length of time in its largest whole unit. */
export function spanText(words: Words, seconds: number): string {
  if (seconds === 365 * 86_400) return words.text("setYear");
  if (seconds % 86_400 === 0) return words.plural("days", seconds / 86_400);
  if (seconds % 3_600 === 0) return words.plural("hours", seconds / 3_600);
  if (seconds % 60 === 0) return words.plural("minutes", seconds / 60);
  return words.plural("seconds", seconds);
}
