import { useEffect, useState } from "preact/hooks";
import type { Rooms } from "./rooms.ts";

type JumpModule = typeof import("./jump.tsx");

const OPEN = "caller-jump";

/** Opens the dialog that goes to a room by its name. */
export function openJump(): void {
  window.dispatchEvent(new Event(OPEN));
}

/** The dialog is loaded when it is first wanted: by Ctrl+K, ⌘K or a button. */
export function JumpEntry({ rooms }: { rooms: Rooms }) {
  const [module, setModule] = useState<JumpModule>();
  const [open, setOpen] = useState(false);

  useEffect(() => {
    const show = () => setOpen(true);
    const onKey = (event: KeyboardEvent) => {
      const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
      if (key.toLowerCase() !== "k" || ctrlKey === metaKey || altKey || shiftKey) return;
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
  useEffect(() => {
    if (!open || module !== undefined) return;
    import("./jump.tsx").then(setModule, () => setOpen(false));
  }, [open]);

  if (!open || module === undefined) return null;
  return <module.Jump rooms={rooms} onClose={() => setOpen(false)} />;
}
