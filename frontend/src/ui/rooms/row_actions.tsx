import { useLayoutEffect, useRef } from "preact/hooks";
import { usePage } from "../context.ts";
import { useLayer } from "../layers.ts";
import type { RowMenuProps } from "./row_menu.tsx";

export interface ActionsProps extends RowMenuProps {
  beside: HTMLElement | null;
  onClose(): void;
}

/** The menu of a room in the list. */
export function Actions({ entry, rooms, beside, onClose }: ActionsProps) {
  const { words, goTo } = usePage();
  const box = useRef<HTMLDivElement>(null);
  useLayer(onClose);

  useLayoutEffect(() => {
    const menu = box.current;
    if (menu === null) return;
    // Over everything, also where the list scrolls or is a dialog itself.
    menu.showPopover?.();
    place(menu, beside);
    menu.querySelector("button")?.focus();
    const onToggle = (event: Event) => {
      if ((event as ToggleEvent).newState === "closed") onClose();
    };
    menu.addEventListener("toggle", onToggle);
    return () => menu.removeEventListener("toggle", onToggle);
  }, []);

  const run = (action: () => void) => () => {
    action();
    onClose();
  };
  const out = (action: () => void) => () => {
    if (entry.current) goTo();
    run(action)();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrow keys go from button to button
    <div
      ref={box}
      popover="auto"
      class="row-menu"
      onKeyDown={(event) => moveFocus(event, box.current)}
    >
      <button
        type="button"
        data-testid="room-mute"
        onClick={run(() => rooms.mute(entry.room, !entry.muted))}
      >
        {words.text(entry.muted ? "roomUnmute" : "roomMute")}
      </button>
      {entry.joined && (
        <button type="button" data-testid="room-leave" onClick={out(() => rooms.leave(entry.room))}>
          {words.text("roomLeave")}
        </button>
      )}
      <button type="button" data-testid="room-forget" onClick={out(() => rooms.forget(entry.room))}>
        {words.text("roomForget")}
      </button>
    </div>
  );
}

/** Under the button, or over it where there is no room. */
function place(menu: HTMLElement, beside: HTMLElement | null): void {
  if (beside === null) return;
  const at = beside.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = menu;
  const left = Math.max(8, Math.min(at.right - width, innerWidth - width - 8));
  const top = at.bottom + height + 8 > innerHeight ? at.top - height : at.bottom;
  menu.style.setProperty("left", `${left}px`);
  menu.style.setProperty("top", `${Math.max(8, top)}px`);
}

function moveFocus(event: KeyboardEvent, menu: HTMLElement | null): void {
  const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
  if (step === 0 || menu === null) return;
  event.preventDefault();
  const buttons = [...menu.querySelectorAll("button")];
  const at = buttons.indexOf(event.target as HTMLButtonElement);
  buttons[(at + step + buttons.length) % buttons.length]?.focus();
}
