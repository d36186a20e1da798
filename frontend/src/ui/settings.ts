import { LANGUAGES, type Language, preferredLanguage } from "./i18n/index.ts";
import { lasting } from "./storage.ts";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

export function savedLanguage(): Language {
  const saved = lasting.get("language");
  if (typeof saved === "string" && saved in LANGUAGES) return saved as Language;
  return preferredLanguage(navigator.languages);
}

export function saveLanguage(language: Language): void {
  lasting.set("language", language);
}

export function savedTheme(): Theme {
  const saved = lasting.get("theme");
  return THEMES.find((theme) => theme === saved) ?? "system";
}

/** The style sheet follows the system unless the root says otherwise. */
export function applyTheme(theme: Theme): void {
  lasting.set("theme", theme === "system" ? undefined : theme);
  if (theme === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
