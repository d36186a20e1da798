import type { Problem } from "../../client/index.ts";
import type { Words } from "../i18n/index.ts";
import { problemText } from "../problems.ts";
import { refusalOf } from "../rules/refusal.ts";
import { UNREADABLE } from "./outgoing.ts";
import { sizeText } from "./sizes.ts";

/** Says in words why a file is not sent. */
export function fileProblem(words: Words, problem: Problem): string {
  const { code, limit, field, status, detail } = problem;
  switch (code) {
    case UNREADABLE:
      return words.text("fileUnreadable");
    case "too_large": {
      if (field === "pixels" && limit !== undefined) {
        return words.text("fileTooManyPixels", { limit: Math.floor(limit / 1e6) });
      }
      const size = limit === undefined ? undefined : sizeText(words, limit);
      if (size === undefined) return words.text("fileTooLargeSomehow");
      return words.text("fileTooLarge", { limit: size });
    }
    case "files_full":
      return words.text("fileRoomFull", { limit: sizeText(words, limit ?? 0) });
    case "infected":
      return words.text("fileInfected");
    case "files_unavailable":
      return words.text("filesUnavailable");
    case "invalid_field":
      return words.text("fileRefused", { detail: detail ?? field ?? code });
    case "no_answer":
      // A proxy on the way takes nothing as large as the smallest part.
      return words.text(status === 413 ? "fileProxyLimit" : "fileNoAnswer");
    case "too_much":
      return refusalOf(words, problem);
    default:
      return problemText(words, problem);
  }
}
