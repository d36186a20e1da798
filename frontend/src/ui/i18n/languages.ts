/** What words of any page need: the languages that there are, and how a text takes its values. */

export const LANGUAGES = {
  en: { name: "English" },
  ru: { name: "Русский" },
};
export type Language = keyof typeof LANGUAGES;

export type Plural = { one: string; other: string; few?: string; many?: string };

/** What another language has to say, where English says this. */
export type Said<English> = {
  [Key in keyof English]: English[Key] extends string ? string : Plural;
};

export type Values = Record<string, string | number>;

/** Puts values where a text has `{name}`. */
export function fill(text = "", values: Values = {}): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** The first language of the browser that there are words for. */
export function preferredLanguage(languages: readonly string[]): Language {
  for (const tag of languages) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "ru" || base === "en") return base;
  }
  return "en";
}

/** The browser's own variant of a language, if it has one: it knows the habits of the place (12 or 24 hours). */
export function localeOf(language: Language): string {
  return navigator.languages?.find((l) => l.startsWith(language)) ?? language;
}

export function startOfDay(at: number): number {
  return new Date(at).setHours(0, 0, 0, 0);
}
