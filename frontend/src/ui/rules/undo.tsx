import { useEffect, useState } from "preact/hooks";
import type { Problem } from "../../client/index.ts";
import { usePage } from "../context.ts";
import type { Words } from "../i18n/index.ts";
import { isolate } from "../rows.tsx";
import type { Control } from "./control.ts";
import type { Asked } from "./moderate.tsx";
import { refusalOf } from "./refusal.ts";
import { toField } from "./to_field.ts";

/** What one has done to somebody just now, and what takes it back. */
export interface Done {
  text: string;
  /** What the button says. */
  label: "undo" | "unban";
  undo(): Promise<{ problem?: Problem }>;
}

/** So long it is offered; longer while the pointer or the focus is there. Milliseconds. */
const OFFERED = 10_000;

/** Says what was done, and takes it back. It can be taken back elsewhere too, later. */
export function UndoBar({ control, say }: { control: Control; say(text: string): void }) {
  const { words } = usePage();
  const { done } = control;
  const [held, setHeld] = useState(false);
  useEffect(() => setHeld(false), [done]);
  useEffect(() => {
    if (done === undefined || held) return;
    const timer = setTimeout(() => control.did(undefined), OFFERED);
    return () => clearTimeout(timer);
  }, [done, held]);
  const undo = async (event: { currentTarget: Element }) => {
    toField(event.currentTarget);
    control.did(undefined);
    const { problem } = (await done?.undo()) ?? {};
    if (problem !== undefined) say(refusalOf(words, problem));
  };
  return (
    <div class="notice" role="status">
      {done !== undefined && (
        <span
          data-testid="done"
          onPointerEnter={() => setHeld(true)}
          onPointerLeave={() => setHeld(false)}
          onFocusIn={() => setHeld(true)}
          onFocusOut={() => setHeld(false)}
        >
          {done.text}{" "}
          <button type="button" class="text-button" data-testid="done-undo" onClick={undo}>
            {words.text(done.label)}
          </button>
        </span>
      )}
    </div>
  );
}

/** What takes back what was asked for and done; undefined of what can't be taken back. */
export function doneOf(
  words: Words,
  { calls }: Control,
  asked: Asked,
  deleted: boolean,
): Done | undefined {
  if (asked.kind === "report") return undefined;
  const { person } = asked;
  const name = isolate(person.name);
  switch (asked.kind) {
    case "ban":
      return {
        text: words.text(deleted ? "didBanAndDelete" : "didBan", { name }),
        label: "unban",
        async undo() {
          const { result, problem } = await calls.bans();
          const ban = result?.findLast(({ member }) => member.id === person.id);
          return ban === undefined ? { ...(problem && { problem }) } : calls.unban(ban.id);
        },
      };
    case "mute":
      return {
        text: words.text("didMute", { name }),
        label: "undo",
        undo: () => calls.unmute(person.id),
      };
    default:
      return undefined;
  }
}
