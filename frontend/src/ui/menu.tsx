import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { MoreIcon } from "./icons.tsx";
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

  useEffect(() => {
    if (!open) return;
    const onPointer = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) setOpen(false);
    };
    const onKey = (event: KeyboardEvent) => {
      if (event.key !== "Escape") return;
      setOpen(false);
      toggle.current?.focus();
    };
    document.addEventListener("pointerdown", onPointer);
    document.addEventListener("keydown", onKey);
    return () => {
      document.removeEventListener("pointerdown", onPointer);
      document.removeEventListener("keydown", onKey);
    };
  }, [open]);

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
        <div class="menu-box">
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
        </div>
      )}
      {dialog}
    </div>
  );
}
