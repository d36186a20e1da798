import { useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { MoreIcon } from "../icons.tsx";
import { Actions } from "../parts.ts";
import type { RoomEntry, Rooms } from "./rooms.ts";

export interface RowMenuProps {
  entry: RoomEntry;
  rooms: Rooms;
}

/** What can be done about a room of the list. */
export function RowMenu({ entry, rooms }: RowMenuProps) {
  const { words } = usePage();
  const [open, setOpen] = useState(false);
  const toggle = useRef<HTMLButtonElement>(null);
  const label = words.text("roomOptions", { room: entry.room });
  return (
    <>
      <button
        ref={toggle}
        type="button"
        class="icon-button row-options"
        data-testid="room-options"
        aria-expanded={open}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!open)}
      >
        <MoreIcon />
      </button>
      {open && (
        <Actions
          entry={entry}
          rooms={rooms}
          beside={toggle.current}
          onClose={() => {
            setOpen(false);
            toggle.current?.focus();
          }}
        />
      )}
    </>
  );
}
