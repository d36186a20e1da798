import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Language, Words } from "./i18n/index.ts";
import type { Theme } from "./theme.ts";

/** What every part of the page may ask for. */
export interface PageContext {
  words: Words;
  setLanguage(language: Language): void;
  theme: Theme;
  setTheme(theme: Theme): void;
  baseUrl: string;
  /** Shows another screen: a room, or the start. `hash` is what leads to a place in the room. */
  goTo(room?: string, hash?: string): void;
  /** One came from another screen of the page, so that the focus must be put somewhere. */
  arrived: boolean;
}

export const Page = createContext<PageContext | undefined>(undefined);

export function usePage(): PageContext {
  const page = useContext(Page);
  if (page === undefined) throw new Error("outside of the page");
  return page;
}
