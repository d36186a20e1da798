import type { ComponentChildren } from "preact";
import { useRef, useState } from "preact/hooks";
import { usePage } from "./context.ts";
import { MoreIcon } from "./icons.tsx";
import { MenuBox } from "./parts.ts";
import type { RoomEntry } from "./rules/use_rules.ts";

export interface MenuProps {
  room: string;
  /** One's own, when one has one. */
  name: string | undefined;
  onChangeName(): void;
  /** What is offered about the room itself. */
  about: RoomEntry | undefined;
  onAbout(): void;
}

/** What is needed rarely: name, language, theme, notifications, another device. */
export function Menu(props: MenuProps) {
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
        <MenuBox
          {...props}
          around={box}
          toggle={toggle}
          onClose={() => setOpen(false)}
          onDialog={setDialog}
        />
      )}
      {dialog}
    </div>
  );
}
