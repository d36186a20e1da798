import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { useLayer } from "../../ui/layers.ts";
import type { Problem } from "../api.ts";
import { usePage } from "../context.ts";
import { focusHeading } from "./focus.ts";
import { ProblemLine } from "./problem.tsx";

export interface AskProps {
  title: string;
  hint?: string;
  /** What the button says that does it. */
  go: string;
  /** It can't be undone. */
  danger?: boolean;
  /** It may be done: what has to be typed was. */
  ready?: boolean;
  /** Does it, and says why it wasn't done. */
  onGo(): Promise<Problem | undefined>;
  onClose(): void;
  children?: ComponentChildren;
}

/** Asks before something is done. Esc, Back and Cancel leave it. */
export function Ask({ title, hint, go, danger, ready = true, onGo, onClose, children }: AskProps) {
  const { words } = usePage();
  const box = useRef<HTMLDialogElement>(null);
  const [working, setWorking] = useState(false);
  const [problem, setProblem] = useState<Problem>();
  const id = useId();
  useLayer(onClose);
  // Not after the paint: whoever presses Tab at once would be elsewhere then, and come back there.
  useLayoutEffect(() => {
    const dialog = box.current;
    const before = document.activeElement;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("input, select, textarea, [data-first]")?.focus();
    return () => {
      dialog?.close();
      // The browser does it for a dialog that stays in the page, and this one goes.
      if (before instanceof HTMLElement && before.isConnected && before !== document.body) {
        before.focus();
      } else {
        focusHeading(); // what was asked from went meanwhile
      }
    };
  }, []);
  const submit = async (event: Event) => {
    event.preventDefault();
    if (working || !ready) return;
    setWorking(true);
    const refused = await onGo();
    setWorking(false);
    setProblem(refused);
    if (refused === undefined) onClose();
  };
  return (
    <dialog
      ref={box}
      class="panel ask-box"
      data-testid="ask"
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <form class="ask" onSubmit={submit}>
        <h2 id={id}>{title}</h2>
        {hint !== undefined && <p class="quiet">{hint}</p>}
        {children}
        <ProblemLine problem={problem} />
        <div class="buttons">
          <button
            type="button"
            class="button"
            data-testid="ask-cancel"
            data-first
            onClick={onClose}
          >
            {words.text("cancel")}
          </button>
          <button
            type="submit"
            class={danger ? "button danger" : "button primary"}
            data-testid="ask-go"
            disabled={!ready || working}
          >
            {go}
          </button>
        </div>
      </form>
    </dialog>
  );
}
