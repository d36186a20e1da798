import type { Message, Reaction } from "../../client/conversation.ts";
import { usePage } from "../context.ts";
import { PlusIcon } from "../icons.tsx";
import { usePeople } from "../mentions/people.tsx";
import { useActs } from "./acts.ts";

/** So many names are said; the list has all of them. */
const NAMED = 10;

/** Who put an emoji there, as far as that is known: oneself first. */
export function useReactors(): (reaction: Reaction, most?: number) => string {
  const { words } = usePage();
  const people = usePeople();
  const acts = useActs();
  return ({ by, count }, most = NAMED) => {
    const mine = by.some((id) => acts.isSelf(id));
    const others = by
      .filter((id) => !acts.isSelf(id))
      .flatMap((id) => people.nameOf(id) ?? [])
      .slice(0, most - Number(mine));
    const names = [...(mine ? [words.text("you")] : []), ...others.map((n) => `\u2068${n}\u2069`)];
    const more = count - names.length;
    if (names.length === 0) return words.plural("peopleCount", count);
    return words.list(more > 0 ? [...names, words.plural("andMore", more)] : names);
  };
}

/** What others think of a message. A click puts one's own there, or takes it away. */
export function Reactions({ message }: { message: Message }) {
  const { words } = usePage();
  const acts = useActs();
  const reactors = useReactors();
  const { id, reactions = [] } = message;
  if (reactions.length === 0) return null;
  return (
    <ul
      class="reactions"
      aria-label={words.text("reactions")}
      data-testid="reactions"
      onPointerEnter={() => acts.meet(id)}
      onFocusCapture={() => acts.meet(id)}
    >
      {reactions.map((reaction) => {
        const { emoji, count, by } = reaction;
        const who = reactors(reaction);
        return (
          <li key={emoji}>
            <button
              type="button"
              class="reaction"
              data-testid="reaction"
              data-emoji={emoji}
              aria-pressed={by.some((one) => acts.isSelf(one))}
              aria-label={`${emoji} ${count}: ${who}`}
              title={who}
              tabIndex={-1}
              onClick={() => acts.react(id, emoji)}
            >
              <span class="reaction-emoji">{emoji}</span>
              <span class="reaction-count">{count}</span>
            </button>
          </li>
        );
      })}
      {acts.canWrite() && (
        <li>
          <button
            type="button"
            class="reaction add"
            data-testid="reaction-add"
            aria-label={words.text("react")}
            title={words.text("react")}
            tabIndex={-1}
            onClick={(event) =>
              acts.open({
                kind: "picker",
                id,
                at: event.currentTarget.getBoundingClientRect(),
              })
            }
          >
            <PlusIcon />
          </button>
        </li>
      )}
    </ul>
  );
}
