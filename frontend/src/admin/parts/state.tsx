import type { ComponentChildren } from "preact";
import type { Asked } from "../context.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/words.ts";
import { ProblemLine } from "./problem.tsx";

/** Shows what was asked for; before that, that it is on its way or why it isn't. */
export function Loaded<T>({
  asked,
  children,
}: {
  asked: Asked<T>;
  children: (result: T) => ComponentChildren;
}) {
  const { words } = usePage();
  return (
    <>
      <ProblemLine problem={asked.problem} onAgain={() => void asked.reload()} />
      {asked.result !== undefined
        ? children(asked.result)
        : asked.problem === undefined && (
            <p class="quiet empty" role="status">
              {words.text("loading")}
            </p>
          )}
    </>
  );
}

/** How many of the members are guests, where some are. */
export function guestsOf(words: Words, guests: number | null | undefined): string | undefined {
  return guests === undefined || guests === null || guests === 0
    ? undefined
    : words.plural("guestsOf", guests);
}

/** A number that one looks at, and what it is. */
export function Figure({
  label,
  value,
  note,
  testId,
}: {
  label: string;
  value: ComponentChildren;
  note?: ComponentChildren;
  testId?: string;
}) {
  return (
    <div class="figure" data-testid={testId}>
      <dt>{label}</dt>
      <dd>
        <span class="figure-value">{value}</span>
        {note !== undefined && <span class="quiet small">{note}</span>}
      </dd>
    </div>
  );
}
