import { useEffect } from "preact/hooks";
import type { Message } from "../../client/conversation.ts";
import { useActs } from "./acts.ts";
import { useReactors } from "./reactions.tsx";

/** Each emoji with all who put it there. */
export function ReactionList({ message }: { message: Message }) {
  const acts = useActs();
  const reactors = useReactors();
  useEffect(() => acts.meet(message.id), [message.id]);
  return (
    <ul class="reaction-list" data-testid="reaction-list">
      {(message.reactions ?? []).map((reaction) => (
        <li key={reaction.emoji}>
          <span class="reaction-emoji">{reaction.emoji}</span>
          <span>{reactors(reaction, Number.POSITIVE_INFINITY)}</span>
        </li>
      ))}
    </ul>
  );
}
