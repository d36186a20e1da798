import { usePage } from "../context.ts";
import { ReplyIcon } from "../icons.tsx";
import { useActs } from "./acts.ts";
import { excerptOf } from "./excerpt.ts";
import type { Answered, Said } from "./talk.ts";

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
