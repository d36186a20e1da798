import { lasting } from "./storage.ts";

export type Theme = "system" | "light" | "dark";
export const THEMES: readonly Theme[] = ["system", "light", "dark"];

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
