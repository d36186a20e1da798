import { useRef, useState } from "preact/hooks";
import { usePage } from "../context.ts";
import { shortTime } from "../i18n/times.ts";
import { MutedIcon } from "../icons_later.tsx";
import { hueOf, initialsOf } from "../identity.ts";
import { roomHref } from "../routes.ts";
import { inOneLine } from "../text/typed.ts";
import { Badge } from "./badge.tsx";
import { settled } from "./order.ts";
import type { RoomEntry, Rooms } from "./rooms.ts";
import { useRoomsView } from "./rooms_view.ts";
import { RowMenu } from "./row_menu.tsx";

export interface RoomsListProps {
  rooms: Rooms;
  /** Initials only. */
  narrow?: boolean;
  onGo?(): void;
}

/** One's rooms, by the last message. What moves does not move under the pointer, or the focus. */
export function RoomsList({ rooms, narrow = false, onGo }: RoomsListProps) {
  const { words } = usePage();
  const view = useRoomsView(rooms);
  const [pointed, setPointed] = useState(false);
  const [focused, setFocused] = useState(false);
  const order = useRef<readonly string[]>([]);
  order.current = settled(
    order.current,
    view.rooms.map(({ room }) => room),
    pointed || focused,
  );
  const entries = new Map(view.rooms.map((entry) => [entry.room, entry]));
  return (
    <ul
      class="rooms-list"
      aria-label={words.text("rooms")}
      onPointerEnter={() => setPointed(true)}
      onPointerLeave={() => setPointed(false)}
      onFocusIn={() => setFocused(true)}
      onFocusOut={() => setFocused(false)}
    >
      {order.current.map((room) => {
        const entry = entries.get(room);
        return (
          entry !== undefined && (
            <Row key={room} entry={entry} rooms={rooms} narrow={narrow} onGo={onGo} />
          )
        );
      })}
    </ul>
  );
}

interface RowProps {
  entry: RoomEntry;
  rooms: Rooms;
  narrow: boolean;
  onGo: (() => void) | undefined;
}

function Row({ entry, rooms, narrow, onGo }: RowProps) {
  const { words, baseUrl, goTo } = usePage();
  const { room, name, current, joined, muted, at, unread, mentions } = entry;
  const classes = ["room-row", current && "current", !joined && "out", unread > 0 && "fresh"];
  const open = (event: MouseEvent) => {
    // A new tab or window is the browser's.
    if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (!current) goTo(room);
    onGo?.();
  };
  const marks = (
    <span class="room-row-marks">
      {muted && (
        <span class="room-row-muted" title={words.text("roomMuted")}>
          <MutedIcon />
          <span class="sr">{words.text("roomMuted")}</span>
        </span>
      )}
      <Badge unread={unread} mentions={mentions} muted={muted} />
    </span>
  );
  return (
    <li
      class={classes.filter(Boolean).join(" ")}
      data-testid="room-row"
      data-room={room}
      data-unread={unread}
      data-mentions={mentions}
      data-joined={String(joined)}
      data-muted={String(muted)}
    >
      <a
        href={roomHref(room, baseUrl, location.search)}
        aria-current={current ? "page" : undefined}
        title={narrow ? name : undefined}
        onClick={open}
      >
        <span class={`avatar room-avatar hue-${hueOf(room)}`} aria-hidden="true">
          {initialsOf(name)}
        </span>
        {narrow ? (
          <span class="sr">
            <bdi>{name}</bdi>{" "}
          </span>
        ) : (
          <span class="room-row-text">
            <bdi class="room-row-name">{name}</bdi>
            <time class="room-row-time" dateTime={new Date(at).toISOString()}>
              {shortTime(words, at, Date.now())}
            </time>
            <LastLine entry={entry} />
            {marks}
          </span>
        )}
        {narrow && marks}
      </a>
      {!narrow && <RowMenu entry={entry} rooms={rooms} />}
    </li>
  );
}

function LastLine({ entry: { last, joined } }: { entry: RoomEntry }) {
  const { words } = usePage();
  if (!joined) return <span class="room-row-last">{words.text("roomNotIn")}</span>;
  if (last === undefined) return <span class="room-row-last" />;
  const { from, own, text } = last;
  if (text === "") return <span class="room-row-last">{words.text("roomLastDeleted")}</span>;
  const line = inOneLine(text).slice(0, LONGEST);
  return (
    <span class="room-row-last">
      {own ? (
        <bdi>{words.text("roomLastOwn", { text: line })}</bdi>
      ) : (
        <>
          <bdi>{from.name}</bdi>: <bdi>{line}</bdi>
        </>
      )}
    </span>
  );
}

/** Of a message, in the list. */
const LONGEST = 120;
