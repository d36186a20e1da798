import { useState } from "preact/hooks";
import { listOf, type Problem, withQuery } from "../api.ts";
import { useAsk, useEvery, usePage } from "../context.ts";
import { Heading } from "../parts/heading.tsx";
import { ProblemLine } from "../parts/problem.tsx";
import { isolated } from "../parts/safe.ts";
import { Loaded } from "../parts/state.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { Shown } from "../parts/text.tsx";
import { hrefTo, type Route } from "../route.ts";
import type { DeadLetter, HookInfo } from "../shapes.ts";
import { DeadLetters } from "./dead_letters.tsx";

const PAGE = 50;

/** The server's own webhooks, and what could not be told to them or to those of rooms. */
export function Webhooks({ route }: { route: Route }) {
  const { words } = usePage();
  const { before } = route.params;
  const hooks = useAsk<{ webhooks: HookInfo[] | null }>("api/webhooks");
  const dead = useAsk<{ dead: DeadLetter[] | null; next?: string }>(
    withQuery("api/webhooks/dead", { before, limit: PAGE }),
  );
  useEvery(10_000, () => {
    void hooks.reload();
    if (before === undefined) void dead.reload();
  });
  if (hooks.problem?.status === 404) {
    return (
      <>
        <Heading>{words.text("webhooks")}</Heading>
        <p class="quiet empty" data-testid="webhooks-off">
          {words.text("webhooksOff")}
        </p>
      </>
    );
  }
  return (
    <>
      <Heading hint={words.text("webhooksHint")}>{words.text("webhooks")}</Heading>
      <Loaded asked={hooks}>
        {({ webhooks }) => <Hooks hooks={listOf(webhooks)} onDone={hooks.reload} />}
      </Loaded>
      <h2>{words.text("dead")}</h2>
      <Loaded asked={dead}>
        {({ dead: letters, next }) => (
          <>
            <DeadLetters letters={listOf(letters)} onDone={dead.reload} />
            <nav class="pager" aria-label={words.text("dead")}>
              {before !== undefined && (
                <a class="button" data-testid="newest" href={hrefTo({ page: "webhooks" })}>
                  {words.text("newest")}
                </a>
              )}
              {next !== undefined && next !== "" && (
                <a
                  class="button"
                  data-testid="older"
                  href={hrefTo({ page: "webhooks", params: { before: next } })}
                >
                  {words.text("older")}
                </a>
              )}
            </nav>
          </>
        )}
      </Loaded>
    </>
  );
}

function Hooks({ hooks, onDone }: { hooks: readonly HookInfo[]; onDone(): Promise<void> }) {
  const { words, api, say } = usePage();
  const [problem, setProblem] = useState<Problem>();
  if (hooks.length === 0) return <p class="quiet">{words.text("hooksNone")}</p>;
  const enable = async (id: string) => {
    const answer = await api.send("POST", `api/webhooks/${encodeURIComponent(id)}/enable`);
    setProblem(answer.problem);
    if (answer.problem === undefined) say(words.text("didHookOn"));
    await onDone();
  };
  const columns: Column<HookInfo>[] = [
    {
      key: "url",
      label: words.text("hookUrl"),
      head: true,
      cell: ({ url }) => <Shown text={url} most={200} />,
    },
    {
      key: "events",
      label: words.text("hookEvents"),
      cell: ({ events }) => listOf(events).join(", "),
    },
    {
      key: "state",
      label: words.text("hookState"),
      cell: ({ id, disabledAt, disabledReason = "", failing }) =>
        disabledAt !== undefined && disabledAt !== "" ? (
          <>
            <span class="warn">{words.text("hookOff", { reason: isolated(disabledReason) })}</span>{" "}
            <button
              type="button"
              class="text-button"
              data-testid="hook-on"
              onClick={() => void enable(id)}
            >
              {words.text("hookOn")}
            </button>
          </>
        ) : failing !== undefined ? (
          <span class="warn">
            {words.text("hookFailing", { error: isolated(failing.error ?? "") })}
          </span>
        ) : (
          words.text("hookGood")
        ),
    },
  ];
  return (
    <>
      <ProblemLine problem={problem} />
      <Table
        testId="hooks"
        label={words.text("webhooks")}
        rows={hooks}
        keyOf={({ id }) => id}
        columns={columns}
      />
    </>
  );
}
