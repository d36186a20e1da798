import type { Words } from "../i18n/index.ts";
import { inOneLine } from "../text/typed.ts";
import type { Answered } from "./talk.ts";

/** How a message begins, in one line. */
export function excerptOf(words: Words, { text }: Pick<Answered, "text">): string {
  return text === undefined ? words.text("replyDeleted") : inOneLine(text);
}
