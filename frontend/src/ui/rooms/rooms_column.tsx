import { useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { ColumnIcon, RoomsIcon, SearchIcon } from "../icons.tsx";
import { RoomsDrawer, RoomsList } from "../parts.ts";
import { lasting } from "../storage.ts";
import { useMedia } from "../use_media.ts";
import { WIDE } from "../wide.ts";
import { Badge } from "./badge.tsx";
import { openJump } from "./jump_entry.tsx";
import type { Rooms } from "./rooms.ts";
import { useRoomsView } from "./rooms_view.ts";

/** From here on there is room for the names of rooms, too. */
const ROOMY = "(min-width: 1100px)";

/** One's rooms at the side: their names, or only their initials. */
export function RoomsColumn({ rooms }: { rooms: Rooms }) {
  const { words } = usePage();
  const wide = useMedia(WIDE);
  const roomy = useMedia(ROOMY);
  const [wanted, setWanted] = useState(savedWidth);
  if (!wide) return null;
  const narrow = wanted === undefined ? !roomy : wanted === "narrow";
  const label = words.text(narrow ? "roomsWider" : "roomsNarrower");
  const toggle = () => {
    const next = narrow ? "wide" : "narrow";
    lasting.set(KEY, next);
    setWanted(next);
  };
  return (
    <nav
      class={narrow ? "rooms-column narrow" : "rooms-column"}
      aria-label={words.text("rooms")}
      data-testid="rooms"
    >
      <div class="rooms-head">
        {!narrow && <span class="rooms-title">{words.text("rooms")}</span>}
        <JumpButton />
        <button
          type="button"
          class="icon-button"
          data-testid="rooms-width"
          aria-expanded={!narrow}
          aria-label={label}
          title={label}
          onClick={toggle}
        >
          <ColumnIcon />
        </button>
      </div>
      <RoomsList rooms={rooms} narrow={narrow} />
    </nav>
  );
}

const KEY = "roomsWidth";

function savedWidth(): "wide" | "narrow" | undefined {
  const saved = lasting.get(KEY);
  return saved === "wide" || saved === "narrow" ? saved : undefined;
}

function JumpButton() {
  const { words } = usePage();
  const label = `${words.text("jump")} (${MAC ? "⌘" : "Ctrl+"}K)`;
  return (
    <button
      type="button"
      class="icon-button"
      data-testid="jump-open"
      aria-label={words.text("jump")}
      aria-keyshortcuts={MAC ? "Meta+K" : "Control+K"}
      title={label}
      onClick={openJump}
    >
      <SearchIcon />
    </button>
  );
}

const MAC = /Mac|iP(hone|ad)/.test(navigator.platform);

/** Where there is no room at the side, one's rooms come in over the page. */
export function RoomsToggle({ rooms }: { rooms: Rooms }) {
  const { words } = usePage();
  const [open, setOpen] = useState(false);
  const view = useRoomsView(rooms);
  const elsewhere = view.rooms.filter(({ current, muted }) => !current && !muted);
  const sum = (of: "unread" | "mentions") => elsewhere.reduce((n, entry) => n + entry[of], 0);
  const unread = sum("unread");
  const label = unread > 0 ? words.plural("roomsUnread", unread) : words.text("rooms");
  return (
    <>
      <button
        type="button"
        class="icon-button rooms-toggle"
        data-testid="rooms-toggle"
        aria-haspopup="dialog"
        aria-label={label}
        title={label}
        onClick={() => setOpen(true)}
      >
        <RoomsIcon />
        <Badge unread={unread} mentions={sum("mentions")} />
      </button>
      {open && <RoomsDrawer rooms={rooms} onClose={() => setOpen(false)} />}
    </>
  );
}
