import type { ComponentChildren, RefObject } from "preact";
import { useLayoutEffect } from "preact/hooks";
import { usePage } from "./context.ts";
import { useLayer } from "./layers.ts";
import { LinkEntry } from "./link_device/link_entry.tsx";
import type { MenuProps } from "./menu.tsx";
import { MenuWho } from "./menu_who.tsx";
import { NotifyEntry } from "./notify/notify_entry.tsx";
import { SettingsFields } from "./settings_fields.tsx";

const ABOUT = { change: "roomSettings", look: "roomAbout", own: "roomMine" } as const;

export interface MenuBoxProps extends MenuProps {
  /** Has the menu and what opens it. */
  around: RefObject<HTMLElement | null>;
  toggle: RefObject<HTMLElement | null>;
  onClose(): void;
  /** Shows what stands in place of the menu: a dialog, or nothing. */
  onDialog(dialog: ComponentChildren): void;
}

/** What is open of it: Back, Esc and a click elsewhere close it. */
export function MenuBox(props: MenuBoxProps) {
  const { room, name, about, around, toggle, onClose, onChangeName, onAbout, onDialog } = props;
  const { words } = usePage();
  useLayer(onClose);
  useLayoutEffect(() => {
    // Not sooner than the click: where that leads to another address, it takes the layer's entry.
    const onClick = (event: Event) => {
      if (!event.composedPath().includes(around.current as EventTarget)) onClose();
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      onClose();
      toggle.current?.focus();
    };
    document.addEventListener("click", onClick);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("click", onClick);
      document.removeEventListener("keydown", onKey);
    };
  }, []);
  return (
    <div class="menu-box">
      {name !== undefined && (
        <MenuWho
          name={name}
          onChangeName={() => {
            onClose();
            onChangeName();
          }}
        />
      )}
      {about !== undefined && (
        <button
          type="button"
          class="text-button menu-action"
          data-testid="room-about-open"
          onClick={() => {
            onClose();
            // What is opened gives the focus back to it.
            toggle.current?.focus();
            onAbout();
          }}
        >
          {words.text(ABOUT[about])}
        </button>
      )}
      <SettingsFields />
      {name !== undefined && (
        <LinkEntry
          onShow={(shown) => {
            onClose();
            toggle.current?.focus();
            onDialog(shown);
          }}
        />
      )}
      {/* Last: it comes a moment later, and nothing may move away from under a finger. */}
      {name !== undefined && <NotifyEntry room={room} />}
    </div>
  );
}
