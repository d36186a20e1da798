import { savedLanguage } from "../settings.ts";
import { loadMore, loadRules } from "./index.ts";

/** Loads a part of the page together with its words, which do not come with the page. */
export function withWords<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return async () => {
    const [module] = await Promise.all([load(), loadMore(savedLanguage())]);
    return module;
  };
}

/** The same for what is about who may do what in a room. */
export function withRulesWords<Module>(load: () => Promise<Module>): () => Promise<Module> {
  return withWords(async () => (await Promise.all([load(), loadRules(savedLanguage())]))[0]);
}
