import { useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { messageHrefHere } from "./routes.ts";
import type { MessageRow } from "./timeline.ts";

/**
 * When it was said. It is the message's own address, once one points at it: a link in each message
 * would be in the way of who goes from link to link, and the keyboard has the message's menu.
 */
export function MessageTime({ row }: { row: Pick<MessageRow, "id" | "at"> }) {
  const { words } = usePage();
  const [pointed, setPointed] = useState(false);
  const { id, at } = row;
  const text = words.time(at);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: a finger has no pointer over it before
    <time
      class="time"
      dateTime={new Date(at).toISOString()}
      title={words.exactTime(at)}
      onPointerEnter={() => setPointed(true)}
      onClick={(event) => {
        if (id === undefined || event.target !== event.currentTarget) return;
        location.assign(messageHrefHere(id));
      }}
    >
      {pointed && id !== undefined ? (
        <a class="time-link" href={messageHrefHere(id)} tabIndex={-1} draggable={false}>
          {text}
        </a>
      ) : (
        text
      )}
    </time>
  );
}
