import { en } from "./en.ts";
import {
  fill,
  type Language,
  localeOf,
  type Plural,
  startOfDay,
  type Values,
} from "./languages.ts";
import type { Texts } from "./texts.ts";

export { LANGUAGES, type Language, preferredLanguage, startOfDay } from "./languages.ts";

/**
 * What is there of each language. The first words of English come with the page, those of others for
 * who reads them, and for both the words of what is loaded on demand come with that.
 */
const TEXTS: Partial<Record<Language, Partial<Texts>>> = { en: { ...en } };

/** Brings the first words of a language; where they can't be had, English stands in for them. */
export async function loadLanguage(language: Language): Promise<void> {
  if (language !== "ru" || TEXTS.ru !== undefined) return;
  try {
    const { ru } = await import("./ru.ts");
    TEXTS.ru ??= { ...ru }; // it may have been brought meanwhile, and have more by now
  } catch {
    // There is no network, and no copy of the file.
  }
}

type Bring = () => Promise<Partial<Texts>>;

/** Adds words to a language, or those of English. Rejects where there are none. */
export async function bring(language: Language, ofRussian: Bring, ofEnglish: Bring): Promise<void> {
  await loadLanguage(language);
  const { ru } = TEXTS;
  if (language === "ru" && ru !== undefined) {
    try {
      Object.assign(ru, await ofRussian());
      return;
    } catch {
      // English stands in for them.
    }
  }
  Object.assign((language === "ru" ? ru : undefined) ?? TEXTS.en ?? {}, await ofEnglish());
}

/** Brings the other words of a language, or those of English. Rejects where there are none. */
export function loadMore(language: Language): Promise<void> {
  return bring(
    language,
    async () => (await import("./ru_more.ts")).ruMore,
    async () => (await import("./en_more.ts")).enMore,
  );
}

/** The same for the words of who may do what in a room. */
export function loadRules(language: Language): Promise<void> {
  return bring(
    language,
    async () => (await import("./ru_rules.ts")).ruRules,
    async () => (await import("./en_rules.ts")).enRules,
  );
}

/** What brings words that a part of the page came with. */
export const others = new Set<typeof loadMore>();

/** Brings all words of a language that are needed by now. It never rejects. */
export async function loadAll(language: Language): Promise<void> {
  const all = [loadMore, loadRules, ...others].map((load) => load(language));
  await Promise.all(all).catch(() => {});
}

type PlainKey = { [Key in keyof Texts]: Texts[Key] extends string ? Key : never }[keyof Texts];
type PluralKey = Exclude<keyof Texts, PlainKey>;

/** The words of one language that was loaded, with its plurals, times and lists. */
export class Words {
  readonly language: Language;
  /** The browser's own variant of it. */
  readonly locale: string;
  readonly #texts: Partial<Texts>;
  readonly #plural: Intl.PluralRules;
  readonly #number: Intl.NumberFormat;
  readonly #list: Intl.ListFormat;
  readonly #time: Intl.DateTimeFormat;
  readonly #exact: Intl.DateTimeFormat;
  readonly #day: Intl.DateTimeFormat;
  readonly #dayWithYear: Intl.DateTimeFormat;

  constructor(language: Language) {
    this.language = language;
    this.#texts = TEXTS[language] ?? TEXTS.en ?? en;
    const locale = localeOf(language);
    this.locale = locale;
    this.#plural = new Intl.PluralRules(locale);
    this.#number = new Intl.NumberFormat(locale);
    this.#list = new Intl.ListFormat(locale, { type: "conjunction" });
    this.#time = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
    this.#exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "medium" });
    this.#day = new Intl.DateTimeFormat(locale, { weekday: "long", day: "numeric", month: "long" });
    this.#dayWithYear = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  }

  text(key: PlainKey, values?: Values): string {
    return fill(this.#texts[key], values);
  }

  plural(key: PluralKey, count: number, values?: Values): string {
    const forms: Plural | undefined = this.#texts[key];
    const form = forms?.[this.#plural.select(count) as keyof Plural] ?? forms?.other;
    return fill(form, { count: this.#number.format(count), ...values });
  }

  number(value: number): string {
    return this.#number.format(value);
  }

  list(items: string[]): string {
    return this.#list.format(items);
  }

  time(at: number): string {
    return this.#time.format(at);
  }

  exactTime(at: number): string {
    return this.#exact.format(at);
  }

  day(at: number, now: number): string {
    const days = Math.round((startOfDay(now) - startOfDay(at)) / 86_400_000);
    if (days === 0) return this.text("today");
    if (days === 1) return this.text("yesterday");
    const sameYear = new Date(at).getFullYear() === new Date(now).getFullYear();
    return (sameYear ? this.#day : this.#dayWithYear).format(at);
  }
}
