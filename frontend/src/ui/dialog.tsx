import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { usePage } from "./context.ts";
import { CloseIcon } from "./icons_later.tsx";
import { useLayer } from "./layers.ts";

export interface DialogProps {
  title: string;
  kind: "sheet" | "panel" | "drawer";
  testId?: string;
  onClose(): void;
  children: ComponentChildren;
}

/**
 * A modal dialog: the browser keeps the focus in it, Esc and a click beside it close it. What has
 * `data-first` has the focus first.
 */
export function Dialog({ title, kind, testId, onClose, children }: DialogProps) {
  const { words } = usePage();
  const box = useRef<HTMLDialogElement>(null);
  useLayer(onClose);
  // It is closed while it is there: only then does the browser give the focus back to what had it.
  useLayoutEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    dialog?.querySelector<HTMLElement>("[data-first]")?.focus();
    return () => dialog?.close();
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Esc does the same for the keyboard
    <dialog
      ref={box}
      class={kind}
      data-testid={testId}
      aria-labelledby="dialog-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === box.current && onClose()}
    >
      <div class="dialog-content">
        <div class="dialog-header">
          <h2 id="dialog-title">{title}</h2>
          <button
            type="button"
            class="icon-button"
            aria-label={words.text("close")}
            onClick={onClose}
          >
            <CloseIcon />
          </button>
        </div>
        {children}
      </div>
    </dialog>
  );
}
