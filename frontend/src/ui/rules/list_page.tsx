import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { RefusalLine } from "./refusal_line.tsx";

type Answer<T> = { result?: T; problem?: Problem };

/** A list of the server's, read when it is shown, and again after what changes it. */
export function useList<T>(read: () => Promise<Answer<T[]>>) {
  const [items, setItems] = useState<T[]>();
  const [problem, setProblem] = useState<Problem>();
  const load = async () => {
    const answer = await read();
    if (answer.result !== undefined) setItems(answer.result);
    setProblem(answer.problem);
  };
  useEffect(() => void load(), []);
  /** Does something to one of them. */
  const act = async (change: Promise<Answer<object>>) => {
    const answer = await change;
    if (answer.problem !== undefined && answer.problem.code !== "not_found") {
      return setProblem(answer.problem);
    }
    await load();
  };
  return { items, problem, load, act };
}

export interface ListProps {
  /** Undefined until they were read. */
  count: number | undefined;
  problem: Problem | undefined;
  /** Said where there are none. */
  none: string;
  testId: string;
  children: ComponentChildren;
}

export function List({ count, problem, none, testId, children }: ListProps) {
  const { words } = usePage();
  return (
    <>
      <RefusalLine problem={problem} />
      {count === undefined
        ? problem === undefined && <p role="status">{words.text("claimWorking")}</p>
        : count === 0 && <p class="quiet">{none}</p>}
      {count !== undefined && count > 0 && (
        <ul class="records" data-testid={testId}>
          {children}
        </ul>
      )}
    </>
  );
}
