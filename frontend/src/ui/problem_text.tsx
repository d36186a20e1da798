import type { Problem } from "../client/index.ts";
import { usePage } from "./context.ts";
import { problemText } from "./problems.ts";

/** Why something was refused, in words. */
export function ProblemText({ problem }: { problem: Problem }) {
  const { words } = usePage();
  return <>{problemText(words, problem)}</>;
}
