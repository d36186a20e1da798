import { LANGUAGES, type Language } from "../../ui/i18n/languages.ts";
import { THEMES, type Theme } from "../../ui/theme.ts";
import { usePage } from "../context.ts";
import type { Text } from "../i18n/words.ts";

const THEME_TEXT: Record<Theme, Text> = {
  system: "themeSystem",
  light: "themeLight",
  dark: "themeDark",
};

/** The language and the colours. */
export function SettingsFields() {
  const { words, theme, setTheme, setLanguage } = usePage();
  return (
    <>
      <label class="setting">
        <span>{words.text("language")}</span>
        <select
          data-testid="language"
          value={words.language}
          onChange={(event) => setLanguage(event.currentTarget.value as Language)}
        >
          {Object.entries(LANGUAGES).map(([language, { name }]) => (
            <option key={language} value={language} lang={language}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <label class="setting">
        <span>{words.text("theme")}</span>
        <select
          data-testid="theme"
          value={theme}
          onChange={(event) => setTheme(event.currentTarget.value as Theme)}
        >
          {THEMES.map((one) => (
            <option key={one} value={one}>
              {words.text(THEME_TEXT[one])}
            </option>
          ))}
        </select>
      </label>
    </>
  );
}
