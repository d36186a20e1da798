import type { ServerEvent } from "../../client/index.ts";
import { usePage } from "../context.ts";
import { isolate } from "../rows.tsx";
import { List, useList } from "./list_page.tsx";
import type { PageProps } from "./room_dialog.tsx";

/** What was reported, with what was said before and after it. */
export function ReportsPage({ control, room, onClose }: PageProps) {
  const { words, goTo } = usePage();
  const { calls } = control;
  const { items, problem, act } = useList(() => calls.reports());
  return (
    <List
      count={items?.length}
      problem={problem}
      none={words.text("reportsNone")}
      testId="report-list"
    >
      {items?.map(({ id, by, reason, at, messageId, context }) => (
        <li key={id} class="report">
          <p class="quiet small">
            {words.text("reportOf", { name: isolate(by.name) })}
            {" · "}
            <time dateTime={at}>{words.exactTime(Date.parse(at) || 0)}</time>
          </p>
          {reason !== "" && (
            <p class="record-reason" dir="auto">
              {reason}
            </p>
          )}
          <Context events={context} about={messageId} />
          <button
            type="button"
            class="text-button"
            data-testid="report-go"
            onClick={() => {
              onClose();
              goTo(room, `#${messageId}`);
            }}
          >
            {words.text("goToMessage")}
          </button>
          <button
            type="button"
            class="text-button"
            data-testid="report-done"
            onClick={() => void act(calls.putAway(id))}
          >
            {words.text("reportDone")}
          </button>
        </li>
      ))}
    </List>
  );
}

function Context({ events, about }: { events: readonly ServerEvent[]; about: string }) {
  const { words } = usePage();
  const messages = events.flatMap((event) => (event.type === "message" ? [event] : []));
  if (messages.length === 0) return <p class="quiet">{words.text("reportGone")}</p>;
  return (
    <ul class="report-context">
      {messages.map(({ id, from, text }) => (
        <li key={id} class={id === about ? "reported" : "quiet"}>
          <bdi class="record-name">{from.name}</bdi>:{" "}
          <span dir="auto">{text === "" ? words.text("messageDeleted") : text}</span>
        </li>
      ))}
    </ul>
  );
}
