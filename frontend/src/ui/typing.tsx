import type { Person } from "../client/index.ts";
import { usePage } from "./context.ts";
import { isolate } from "./rows.tsx";

/** Who is typing. */
export function Typing({ people }: { people: readonly Person[] }) {
  const { words } = usePage();
  const names = words.list(people.map(({ name }) => isolate(name)));
  const text =
    people.length === 0
      ? ""
      : people.length > 3
        ? words.text("typingMany")
        : words.plural("typing", people.length, { names });
  return (
    <p class="typing" data-testid="typing">
      {text}
    </p>
  );
}
