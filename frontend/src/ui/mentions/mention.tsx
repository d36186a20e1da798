import { usePeople } from "./people.tsx";

/** Somebody who is mentioned, under the name that they have now. */
export function Mention({ id, name }: { id: string; name: string }) {
  const people = usePeople();
  return (
    <span
      class={people.isMe(id) ? "mention me" : "mention"}
      data-testid="mention"
      data-id={id}
      dir="auto"
    >
      @{people.nameOf(id) ?? name}
    </span>
  );
}
