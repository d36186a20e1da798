import { usePage } from "../context.ts";
import { MoreIcon, ReactIcon, ReplyIcon } from "../icons.tsx";
import { useActs } from "./acts.ts";
import { KEYS } from "./message_keys.ts";
import type { Said } from "./talk.ts";

/** What is at hand on a message that the pointer is over, or that has the focus. */
export function MessageBar({ said }: { said: Said }) {
  const { words } = usePage();
  const acts = useActs();
  const { id } = said.message;
  const whereOf = (event: Event) => (event.currentTarget as Element).getBoundingClientRect();
  return (
    <div class="message-bar" data-testid="message-bar">
      {acts.canWrite() && (
        <>
          <button
            type="button"
            class="bar-button"
            data-testid="message-react"
            aria-label={words.text("react")}
            title={`${words.text("react")} (${KEYS.react})`}
            onClick={(event) => acts.open({ kind: "picker", id, at: whereOf(event) })}
          >
            <ReactIcon />
          </button>
          <button
            type="button"
            class="bar-button"
            data-testid="message-reply"
            aria-label={words.text("reply")}
            title={`${words.text("reply")} (${KEYS.reply})`}
            onClick={() => acts.reply(id)}
          >
            <ReplyIcon />
          </button>
        </>
      )}
      <button
        type="button"
        class="bar-button"
        data-testid="message-more"
        aria-haspopup="menu"
        aria-label={words.text("moreActions")}
        title={words.text("moreActions")}
        onClick={(event) => acts.open({ kind: "menu", id, at: whereOf(event) })}
      >
        <MoreIcon />
      </button>
    </div>
  );
}
