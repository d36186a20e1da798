import type { en } from "./en.ts";
import type { enFiles } from "./en_files.ts";
import type { enMore } from "./en_more.ts";
import type { enRules } from "./en_rules.ts";
import type { Said } from "./languages.ts";

export type { Plural } from "./languages.ts";

/** The words that come with the page. */
export type FirstTexts = Said<typeof en>;
/** The words that come with what is loaded on demand. */
export type MoreTexts = Said<typeof enMore>;
/** The words of who may do what in a room. */
export type RulesTexts = Said<typeof enRules>;
/** The words of files. */
export type FilesTexts = Said<typeof enFiles>;
export type Texts = FirstTexts & MoreTexts & RulesTexts & FilesTexts;
