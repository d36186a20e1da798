import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { MoreIcon } from "./icons.tsx";
import { useLayer } from "./layers.ts";
import { LinkEntry } from "./link_device/link_entry.tsx";
import { NotifyEntry } from "./notify/notify_entry.tsx";
import { SettingsFields } from "./settings_fields.tsx";

export interface MenuProps {
  room: string;
  /** One's own, when one has one. */
  name: string | undefined;
  onChangeName(): void;
}

/** What is needed rarely: name, language, theme, notifications, another device. */
export function Menu({ room, name, onChangeName }: MenuProps) {
  const { words } = usePage();
  const [open, setOpen] = useState(false);
  const [dialog, setDialog] = useState<ComponentChildren>();
  const box = useRef<HTMLDivElement>(null);
  const toggle = useRef<HTMLButtonElement>(null);

  return (
    <div class="menu" ref={box}>
      <button
        ref={toggle}
        type="button"
        class="icon-button"
        data-testid="menu"
        aria-expanded={open}
        aria-label={words.text("menu")}
        title={words.text("menu")}
        onClick={() => setOpen(!open)}
      >
        <MoreIcon />
      </button>
      {open && (
        <MenuBox around={box} toggle={toggle} onClose={() => setOpen(false)}>
          {name !== undefined && (
            <div class="setting">
              <bdi class="own-name">{name}</bdi>
              <button
                type="button"
                class="text-button"
                data-testid="change-name"
                onClick={() => {
                  setOpen(false);
                  onChangeName();
                }}
              >
                {words.text("changeName")}
              </button>
            </div>
          )}
          <SettingsFields />
          {name !== undefined && <NotifyEntry room={room} />}
          {name !== undefined && (
            <LinkEntry
              onShow={(shown) => {
                setOpen(false);
                setDialog(shown);
                if (shown === undefined) toggle.current?.focus();
              }}
            />
          )}
        </MenuBox>
      )}
      {dialog}
    </div>
  );
}

interface MenuBoxProps {
  /** Has the menu and what opens it. */
  around: RefObject<HTMLElement | null>;
  toggle: RefObject<HTMLElement | null>;
  onClose(): void;
  children: ComponentChildren;
}

/** What is open of it: Back, Esc and a click elsewhere close it. */
function MenuBox({ around, toggle, onClose, children }: MenuBoxProps) {
  useLayer(onClose);
  useEffect(() => {
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
  return <div class="menu-box">{children}</div>;
}
