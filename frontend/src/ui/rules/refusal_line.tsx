import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { refusalOf } from "./refusal.ts";

export interface RefusalLineProps {
  problem: Problem | undefined;
  testId?: string;
}

/** Why the server would not do what was asked of it; empty while there is nothing to say. */
export function RefusalLine({ problem, testId }: RefusalLineProps) {
  const { words } = usePage();
  return (
    <p class="problem" role="alert" data-testid={testId}>
      {problem !== undefined && refusalOf(words, problem)}
    </p>
  );
}
