import { usePage } from "../context.ts";
import { isolate } from "../rows.tsx";
import { List, useList } from "./list_page.tsx";
import type { PageProps } from "./room_dialog.tsx";
import { untilText } from "./when.ts";

/** Who may not come in, why and until when; each can be lifted. */
export function BansPage({ control }: PageProps) {
  const { words } = usePage();
  const { calls } = control;
  const { items, problem, act } = useList(() => calls.bans());
  return (
    <List count={items?.length} problem={problem} none={words.text("bansNone")} testId="ban-list">
      {items?.map(({ id, member, by, reason, until, network }) => (
        <li key={id}>
          <span>
            <bdi class="record-name">{member.name}</bdi>{" "}
            {until === undefined
              ? words.text("banForever")
              : words.text("banTill", { time: untilText(words, until) })}
            {reason !== "" && (
              <span class="record-reason" dir="auto">
                {reason}
              </span>
            )}
            <span class="quiet small record-line">
              {[
                by && words.text("madeBy", { name: isolate(by.name) }),
                network && words.text("banNetwork"),
              ]
                .filter(Boolean)
                .join(" · ")}
            </span>
          </span>
          <button
            type="button"
            class="text-button"
            data-testid="unban"
            onClick={() => void act(calls.unban(id))}
          >
            {words.text("unban")}
          </button>
        </li>
      ))}
    </List>
  );
}
