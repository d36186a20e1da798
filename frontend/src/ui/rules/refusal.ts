import type { Problem } from "../../client/index.ts";
import type { Words } from "../i18n/index.ts";
import { problemText } from "../problems.ts";
import { soonText } from "../soon.ts";

/** Says in words why the server would not do what was asked of it. */
export function refusalOf(words: Words, problem: Problem): string {
  const { code, retryAfter, detail } = problem;
  switch (code) {
    case "too_much":
      return words.text("problemLater", { when: soonText(words, seconds(retryAfter)) });
    case "not_allowed":
    case "session_required":
      return words.text("problemRole");
    case "not_found":
      return words.text("problemGone");
    case "version_mismatch":
      return words.text("setConflict");
    case "invalid_field":
      return words.text("problemField", { detail: detail ?? problem.field ?? code });
    default:
      return problemText(words, problem);
  }
}

/** As people count them: never less than one. */
export function seconds(retryAfter: number | undefined): number {
  return Math.max(1, Math.ceil(retryAfter ?? 1));
}
