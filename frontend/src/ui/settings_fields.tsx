import { usePage } from "./context.ts";
import { LANGUAGES, type Language } from "./i18n/index.ts";
import { THEMES, type Theme } from "./theme.ts";

const THEME_TEXT = { system: "themeSystem", light: "themeLight", dark: "themeDark" } as const;

export function SettingsFields() {
  const { words, setLanguage, theme, setTheme } = usePage();
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
