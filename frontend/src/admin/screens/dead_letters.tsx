import { useState } from "preact/hooks";
import type { Problem } from "../api.ts";
import { usePage } from "../context.ts";
import { Ask } from "../parts/ask.tsx";
import { ProblemLine } from "../parts/problem.tsx";
import { Table } from "../parts/table.tsx";
import { LongText, Shown, Time } from "../parts/text.tsx";
import { hrefTo } from "../route.ts";
import type { DeadLetter } from "../shapes.ts";

interface DeadLettersProps {
  letters: readonly DeadLetter[];
  onDone(): Promise<void>;
}

/** What could not be told: looked at, sent again, or dropped. */
export function DeadLetters({ letters, onDone }: DeadLettersProps) {
  const { words, api, say } = usePage();
  const [problem, setProblem] = useState<Problem>();
  const [dropping, setDropping] = useState<DeadLetter>();
  const pathOf = ({ id }: DeadLetter) => `api/webhooks/dead/${encodeURIComponent(id)}`;
  const retry = async (letter: DeadLetter) => {
    const answer = await api.send("POST", `${pathOf(letter)}/retry`);
    // Somebody else has sent or dropped it.
    setProblem(answer.problem?.status === 404 ? undefined : answer.problem);
    if (answer.problem === undefined) say(words.text("didRetry"));
    await onDone();
  };
  if (letters.length === 0) return <p class="quiet">{words.text("deadNone")}</p>;
  return (
    <>
      <ProblemLine problem={problem} />
      <Table
        testId="dead"
        label={words.text("dead")}
        rows={letters}
        keyOf={({ id }) => id}
        columns={[
          {
            key: "type",
            label: words.text("deadType"),
            head: true,
            cell: ({ type = "", payload }) => (
              <>
                {type}
                <details>
                  <summary class="small">{words.text("deadShow")}</summary>
                  <code>
                    <LongText text={JSON.stringify(payload ?? null, null, 1)} />
                  </code>
                </details>
              </>
            ),
          },
          {
            key: "room",
            label: words.text("room"),
            cell: ({ room = "" }) => (
              <a href={hrefTo({ page: "rooms", of: room })}>
                <Shown text={room} most={64} />
              </a>
            ),
          },
          {
            key: "url",
            label: words.text("hookUrl"),
            cell: ({ url = "" }) => <Shown text={url} most={200} />,
          },
          {
            key: "why",
            label: words.text("deadWhy"),
            cell: ({ error = "", attempts = 0 }) => (
              <>
                <Shown text={error} most={300} />
                <span class="under quiet">{words.plural("deadTries", attempts)}</span>
              </>
            ),
          },
          {
            key: "at",
            label: words.text("deadWhen"),
            cell: ({ diedAt }) => <Time at={diedAt} />,
          },
          {
            key: "actions",
            label: words.text("actions"),
            cell: (letter) => (
              <span class="row-actions">
                <button
                  type="button"
                  class="text-button"
                  data-testid="dead-retry"
                  onClick={() => void retry(letter)}
                >
                  {words.text("deadRetry")}
                </button>
                <button
                  type="button"
                  class="text-button"
                  data-testid="dead-drop"
                  onClick={() => setDropping(letter)}
                >
                  {words.text("deadDrop")}
                </button>
              </span>
            ),
          },
        ]}
      />
      {dropping !== undefined && (
        <Ask
          title={words.text("askDrop")}
          hint={words.text("askDropHint")}
          go={words.text("doDrop")}
          danger
          onClose={() => setDropping(undefined)}
          onGo={async () => {
            const { problem } = await api.send("DELETE", pathOf(dropping));
            if (problem === undefined) {
              say(words.text("didDrop"));
              await onDone();
            }
            return problem;
          }}
        />
      )}
    </>
  );
}
