import type { Problem } from "../../client/index.ts";
import type { Words } from "../i18n/index.ts";
import { problemText } from "../problems.ts";
import type { Failure } from "./talk.ts";

/** Says in words why something could not be done to a message. */
export function refusalText(words: Words, what: Failure["what"], problem: Problem): string {
  switch (problem.code) {
    case "not_found":
      return words.text("notKept");
    case "conflict":
      return words.text("problemDeleted");
    case "not_allowed":
      return words.text(what === "react" ? "problemCantReact" : "problemNotYours");
    case "invalid_field":
      return problem.field === "emoji"
        ? words.text("problemReactions")
        : problemText(words, problem);
    default:
      return problemText(words, problem);
  }
}

/** What was not done. */
export function failureText(words: Words, { what, problem }: Failure): string {
  const said = { edit: "failedEdit", delete: "failedDelete", react: "failedReact" } as const;
  return `${words.text(said[what])}. ${refusalText(words, what, problem)}`;
}
