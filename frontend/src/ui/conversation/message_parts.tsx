import { usePage } from "../context.ts";
import { MoreIcon, ReactIcon, ReplyIcon } from "../icons.tsx";
import { useActs } from "./acts.ts";
import { excerptOf } from "./excerpt.ts";
import { KEYS } from "./message_keys.ts";
import type { Answered, Said } from "./talk.ts";

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

/** Whom and what a message answers; it leads there. */
export function Quote({ answered }: { answered: Answered }) {
  const { words } = usePage();
  const acts = useActs();
  return (
    <button
      type="button"
      class={answered.text === undefined ? "quote gone" : "quote"}
      data-testid="quote"
      title={words.text("goToMessage")}
      tabIndex={-1}
      onClick={() => acts.jump(answered.id)}
    >
      <ReplyIcon />
      <span class="quote-text">
        <bdi class="quote-name">{answered.name}</bdi>
        <span class="sr">: </span>
        <bdi class="quote-excerpt">{excerptOf(words, answered)}</bdi>
      </span>
    </button>
  );
}

/** Stands where the text was. */
export function Deleted({ said }: { said: Said }) {
  const { words } = usePage();
  const acts = useActs();
  return (
    <div class="text deleted" data-testid="message-deleted">
      {words.text("messageDeleted")}
      {said.removing && (
        <button
          type="button"
          class="text-button"
          data-testid="undo"
          onClick={() => acts.undo(said.message.id)}
        >
          {words.text("undo")}
        </button>
      )}
    </div>
  );
}

export function Edited({ at }: { at: string }) {
  const { words } = usePage();
  const time = Date.parse(at);
  return (
    <span
      class="edited"
      data-testid="edited"
      title={
        Number.isNaN(time) ? undefined : words.text("editedAt", { time: words.exactTime(time) })
      }
    >
      {words.text("edited")}
    </span>
  );
}
