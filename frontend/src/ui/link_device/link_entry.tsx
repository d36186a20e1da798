import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { usePage } from "../context.ts";

export interface LinkEntryProps {
  /** Shows what stands in place of the menu: a dialog, or nothing. */
  onShow(dialog: ComponentChildren): void;
}

/** "Use this on another device", in the menu. The dialog and its QR code are loaded when asked. */
export function LinkEntry({ onShow }: LinkEntryProps) {
  const { words } = usePage();
  const [failed, setFailed] = useState(false);
  const open = async () => {
    setFailed(false);
    try {
      const { LinkDialog } = await import("./link_dialog.tsx");
      onShow(<LinkDialog onClose={() => onShow(undefined)} />);
    } catch {
      setFailed(true);
    }
  };
  return (
    <>
      <button
        type="button"
        class="text-button menu-action"
        data-testid="link-device"
        onClick={open}
      >
        {words.text("linkDevice")}
      </button>
      {failed && (
        <p class="problem" role="alert">
          {words.text("partNotLoaded")}
        </p>
      )}
    </>
  );
}
