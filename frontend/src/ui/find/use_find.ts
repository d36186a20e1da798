import { useEffect, useState } from "preact/hooks";
import { withWords } from "../i18n/more.ts";
import { onDemand } from "../on_demand.ts";

const panel = onDemand(withWords(() => import("./find_panel.tsx")));

/** The search of a room: by a button, by `/` where nothing is written, and by Ctrl+Shift+F. */
export function useFind() {
  const [open, setOpen] = useState(false);
  const module = panel.use(open, () => setOpen(false));

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { key, code, ctrlKey, metaKey, altKey, shiftKey, target } = event;
      const slash = key === "/" && !ctrlKey && !metaKey && !altKey && !takesText(target);
      const keys = code === "KeyF" && shiftKey && !altKey && ctrlKey !== metaKey;
      if ((!slash && !keys) || document.querySelector("dialog[open]") !== null) return;
      event.preventDefault();
      setOpen(true);
      document.querySelector<HTMLElement>(".find input")?.focus();
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);

  return { open, setOpen, Panel: open ? module?.FindPanel : undefined };
}

function takesText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.matches("input, textarea, select"))
  );
}
