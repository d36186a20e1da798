import {
  fill,
  type Language,
  localeOf,
  type Plural,
  type Said,
  startOfDay,
  type Values,
} from "../../ui/i18n/languages.ts";
import { en } from "./en.ts";

export type Texts = Said<typeof en>;

/** The words of English come with the page, those of others for who reads them. */
const TEXTS: Partial<Record<Language, Texts>> = { en };

/** Brings the words of a language; where they can't be had, English stands in for them. */
export async function loadWords(language: Language): Promise<void> {
  if (language !== "ru" || TEXTS.ru !== undefined) return;
  try {
    TEXTS.ru = (await import("./ru.ts")).ru;
  } catch {
    // There is no network.
  }
}

type PlainKey = { [Key in keyof Texts]: Texts[Key] extends string ? Key : never }[keyof Texts];
type PluralKey = Exclude<keyof Texts, PlainKey>;
export type Text = PlainKey;

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** The words of one language that was loaded, with its plurals, numbers and times. */
export class Words {
  readonly language: Language;
  readonly #texts: Texts;
  readonly #locale: string;
  readonly #plural: Intl.PluralRules;
  readonly #whole: Intl.NumberFormat;
  readonly #rate: Intl.NumberFormat;
  readonly #relative: Intl.RelativeTimeFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #dayAndTime: Intl.DateTimeFormat;
  readonly #exact: Intl.DateTimeFormat;

  constructor(language: Language) {
    const locale = localeOf(language);
    this.language = language;
    this.#locale = locale;
    this.#texts = TEXTS[language] ?? en;
    this.#plural = new Intl.PluralRules(locale);
    this.#whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
    this.#rate = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
    this.#relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
    this.#time = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
    this.#dayAndTime = new Intl.DateTimeFormat(locale, {
      month: "short",
      day: "numeric",
      hour: "2-digit",
      minute: "2-digit",
    });
    this.#exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
  }

  text(key: PlainKey, values?: Values): string {
    return fill(this.#texts[key], values);
  }

  /** The text of a key that is known only when it runs, or the fallback. */
  maybe(key: string, fallback: string): string {
    const found = Object.hasOwn(this.#texts, key) ? this.#texts[key as PlainKey] : undefined;
    return typeof found === "string" ? found : fallback;
  }

  plural(key: PluralKey, count: number, values?: Values): string {
    const forms: Plural = this.#texts[key];
    const form = forms[this.#plural.select(count) as keyof Plural] ?? forms.other;
    return fill(form, { count: this.#whole.format(count), ...values });
  }

  number(value: number): string {
    return this.#whole.format(value);
  }

  /** With one digit after the point, where there is something. */
  rate(value: number): string {
    return this.#rate.format(value);
  }

  percent(share: number): string {
    return new Intl.NumberFormat(this.#locale, { style: "percent" }).format(share);
  }

  bytes(count: number): string {
    const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
    let value = count;
    let unit = 0;
    for (; value >= 1000 && unit < units.length - 1; unit++) value /= 1000;
    return new Intl.NumberFormat(this.#locale, {
      style: "unit",
      unit: units[unit] ?? "byte",
      unitDisplay: "short",
      maximumFractionDigits: value < 10 && unit > 0 ? 1 : 0,
    }).format(value);
  }

  /** The time of today, or the day with it. */
  when(at: number, now = Date.now()): string {
    return (startOfDay(at) === startOfDay(now) ? this.#time : this.#dayAndTime).format(at);
  }

  exact(at: number): string {
    return this.#exact.format(at);
  }

  ago(at: number, now = Date.now()): string {
    const past = Math.max(0, now - at);
    if (past < 10 * SECOND) return this.text("justNow");
    if (past < MINUTE) return this.#relative.format(-Math.round(past / SECOND), "second");
    if (past < HOUR) return this.#relative.format(-Math.round(past / MINUTE), "minute");
    if (past < DAY) return this.#relative.format(-Math.round(past / HOUR), "hour");
    return this.#relative.format(-Math.round(past / DAY), "day");
  }

  /** A length of time in its largest whole unit. */
  span(seconds: number): string {
    const units = [
      [86_400, "day"],
      [3_600, "hour"],
      [60, "minute"],
      [1, "second"],
    ] as const;
    const [size, unit] = units.find(([size]) => seconds >= size && seconds % size === 0) ?? [
      1,
      "second",
    ];
    return new Intl.NumberFormat(this.#locale, {
      style: "unit",
      unit,
      unitDisplay: "long",
    }).format(seconds / size);
  }

  /** About how long something has been going on: its largest unit. */
  lasting(seconds: number): string {
    const size = seconds >= 86_400 ? 86_400 : seconds >= 3_600 ? 3_600 : seconds >= 60 ? 60 : 1;
    return this.span(Math.max(1, Math.floor(seconds / size)) * size);
  }
}
