import type { Problem } from "../api.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/words.ts";
import { isolated } from "./safe.ts";

/** Says in words why something didn't work. */
export function problemText(words: Words, problem: Problem): string {
  const detail = problem.detail ?? (problem.title || problem.code);
  switch (problem.code) {
    case "no_answer":
      return words.text("problemOffline");
    case "not_found":
    case "room_closed":
    case "404":
      return words.text("problemGone");
    case "not_allowed":
    case "cross_origin":
      return words.text("problemNotAllowed", { detail });
    case "version_mismatch":
      return words.text("problemConflict");
    case "invalid_field":
      return words.text("problemField", { field: problem.field ?? "", detail: isolated(detail) });
    case "too_much":
      return words.text("problemTooMuch", {
        span: words.span(Math.max(1, problem.retryAfter ?? 1)),
      });
  }
  if (problem.status >= 500) return words.text("problemUnavailable");
  return words.text("problemOther", { detail: isolated(detail) });
}

/** Why something didn't work, and a way to try it again. */
export function ProblemLine({
  problem,
  onAgain,
}: {
  problem: Problem | undefined;
  onAgain?: (() => void) | undefined;
}) {
  const { words } = usePage();
  if (problem === undefined) return null;
  return (
    <div class="problem-line" role="alert" data-testid="problem">
      <span>{problemText(words, problem)}</span>
      {onAgain !== undefined && (
        <button type="button" class="text-button" data-testid="again" onClick={onAgain}>
          {words.text("again")}
        </button>
      )}
    </div>
  );
}
