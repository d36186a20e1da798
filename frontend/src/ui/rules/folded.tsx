import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { Message, type MessageProps } from "../message.tsx";
import { isolate } from "../rows.tsx";

/** A message of somebody whom one has hidden: a line in its place, until one wants to see it. */
export function Folded({ row, ...actions }: Omit<MessageProps, "language">) {
  const { words } = usePage();
  const [shown, setShown] = useState(false);
  if (shown) return <Message row={row} language={words.language} {...actions} />;
  return (
    <p class="presence folded" data-testid="folded">
      {words.text("hiddenMessage", { name: isolate(row.from.name) })}{" "}
      <button type="button" class="text-button" onClick={() => setShown(true)}>
        {words.text("hiddenShow")}
      </button>
    </p>
  );
}
