import { usePage } from "../context.ts";
import { Dialog } from "../dialog.tsx";
import { BackIcon, SearchIcon } from "../icons.tsx";
import { openJump } from "./jump_entry.tsx";
import type { Rooms } from "./rooms.ts";
import { RoomsList } from "./rooms_list.tsx";

export interface RoomsDrawerProps {
  rooms: Rooms;
  onClose(): void;
}

/** One's rooms over the page, where there is no room for them at the side. */
export function RoomsDrawer({ rooms, onClose }: RoomsDrawerProps) {
  const { words, goTo } = usePage();
  return (
    <Dialog title={words.text("rooms")} kind="drawer" onClose={onClose}>
      <nav aria-label={words.text("rooms")} data-testid="rooms">
        <button type="button" class="drawer-row" onClick={() => goTo()}>
          <BackIcon />
          {words.text("backToStart")}
        </button>
        <button
          type="button"
          class="drawer-row"
          data-testid="jump-open"
          onClick={() => {
            onClose();
            openJump();
          }}
        >
          <SearchIcon />
          {words.text("jump")}
        </button>
        <RoomsList rooms={rooms} onGo={onClose} />
      </nav>
    </Dialog>
  );
}
