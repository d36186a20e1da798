import type { Problem } from "../client/index.ts";
import type { Words } from "./i18n/index.ts";

/** Says in words why something was refused. */
export function problemText(words: Words, problem: Problem): string {
  switch (problem.code) {
    case "invalid_field":
      return fieldText(words, problem);
    case "too_large":
      return words.text("problemTooLarge");
    case "malformed":
    case "invalid_utf8":
    case "unsupported":
      return words.text("problemText");
    case "cross_origin":
    case "not_allowed":
      return words.text("problemNotAllowed");
    // Of a post it is what the post answers.
    case "not_found":
    case "conflict":
      return words.text("problemAnswered");
    case "name_fixed":
      return words.text("problemNameFixed");
    case "muted":
      return problem.until === undefined
        ? words.text("problemMuted")
        : words.text("problemMutedTill", { time: words.exactTime(Date.parse(problem.until)) });
    case "too_much":
      return words.text("problemTooMuch");
    case "unavailable":
    case "busy":
    case "going_away":
    case "internal":
      return words.text("problemUnavailable");
    case "no_answer":
      return words.text("problemNoAnswer");
    // What the page's own address says: see name_prompt.tsx.
    case "signin_refused":
      return words.text("signInRefused");
    case "signin_expired":
      return words.text("signInExpired");
    case "signin_over":
    case "session_over":
      return words.text("signInOver");
    default:
      if (problem.code.startsWith("signin_")) return words.text("signInFailed");
      return words.text("problemOther", { code: problem.detail ?? problem.code });
  }
}

function fieldText(words: Words, { field, limit, code }: Problem): string {
  switch (field) {
    case "text":
      return limit !== undefined && limit > 1
        ? words.plural("problemTooLong", limit)
        : words.text("problemText");
    case "name":
      return words.text("problemName");
    case "room":
      return words.text("problemRoom");
    default:
      return words.text("problemOther", { code: field ?? code });
  }
}
