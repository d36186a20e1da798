import { useEffect, useState } from "preact/hooks";
import { withWords } from "../i18n/more.ts";
import { onDemand } from "../on_demand.ts";
import type { Rooms } from "./rooms.ts";

const jump = onDemand(withWords(() => import("./jump.tsx")));

const OPEN = "caller-jump";

/** Opens the dialog that goes to a room by its name. */
export function openJump(): void {
  window.dispatchEvent(new Event(OPEN));
}

/** The dialog is loaded when it is first wanted: by Ctrl+K, ⌘K or a button. */
export function JumpEntry({ rooms }: { rooms: Rooms }) {
  const [open, setOpen] = useState(false);
  const module = jump.use(open, () => setOpen(false));

  useEffect(() => {
    const show = () => setOpen(true);
    const onKey = (event: KeyboardEvent) => {
      const { key, code, ctrlKey, metaKey, altKey, shiftKey } = event;
      // On a keyboard of another script a letter is where it is printed.
      const letter = /^[a-z]$/i.test(key) ? key : code.slice(3);
      if (letter.toLowerCase() !== "k" || ctrlKey === metaKey || altKey || shiftKey) return;
      event.preventDefault();
      show();
    };
    window.addEventListener(OPEN, show);
    window.addEventListener("keydown", onKey);
    return () => {
      window.removeEventListener(OPEN, show);
      window.removeEventListener("keydown", onKey);
    };
  }, []);
  if (!open || module === undefined) return null;
  return <module.Jump rooms={rooms} onClose={() => setOpen(false)} />;
}
