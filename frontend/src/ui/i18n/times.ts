import { startOfDay, type Words } from "./index.ts";

/** How long ago something was. */
export function agoText(words: Words, at: number, now: number): string {
  const minutes = Math.round((at - now) / 60_000);
  if (minutes >= 0) return words.text("justNow");
  const relative = new Intl.RelativeTimeFormat(words.locale, { numeric: "auto" });
  if (minutes > -60) return relative.format(minutes, "minute");
  if (minutes > -24 * 60) return relative.format(Math.round(minutes / 60), "hour");
  return relative.format(Math.round(minutes / 60 / 24), "day");
}

/** The time with its seconds. */
export function secondsText(words: Words, at: number): string {
  return new Intl.DateTimeFormat(words.locale, { timeStyle: "medium" }).format(at);
}

/** For a list: the time of today, or the day. */
export function shortTime(words: Words, at: number, now: number): string {
  if (startOfDay(at) === startOfDay(now)) return words.time(at);
  return new Intl.DateTimeFormat(words.locale, { day: "numeric", month: "short" }).format(at);
}
