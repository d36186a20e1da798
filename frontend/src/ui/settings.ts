import { LANGUAGES, type Language, preferredLanguage } from "./i18n/languages.ts";
import { lasting } from "./storage.ts";

export function savedLanguage(): Language {
  const saved = lasting.get("language");
  if (typeof saved === "string" && saved in LANGUAGES) return saved as Language;
  return preferredLanguage(navigator.languages);
}

export function saveLanguage(language: Language): void {
  lasting.set("language", language);
}
