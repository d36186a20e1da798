import { loadAll } from "../src/ui/i18n/index.ts";

// The page has the words of one's language before it shows anything.
await Promise.all([loadAll("en"), loadAll("ru")]);
