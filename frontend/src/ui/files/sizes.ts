import type { Words } from "../i18n/index.ts";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** A size in words, as "1.2 MB". */
export function sizeText(words: Words, bytes: number): string {
  let [size, unit] = [bytes, 0];
  for (; size >= 999.5 && unit < UNITS.length - 1; unit++) size /= 1_000;
  const maximumFractionDigits = unit < 2 || size >= 99.95 ? 0 : 1;
  return new Intl.NumberFormat(words.locale, {
    style: "unit",
    unit: UNITS[unit] ?? "byte",
    // "5 byte" is what the short one says.
    unitDisplay: unit === 0 ? "long" : "short",
    maximumFractionDigits,
  }).format(size);
}

/** Minutes and seconds, as "1:05". */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
