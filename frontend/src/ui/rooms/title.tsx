import { useEffect } from "preact/hooks";
import { usePage } from "../context.ts";
import { showCount } from "../notify/icon_count.ts";
import type { Rooms } from "./rooms.ts";
import { countText, useRoomsView } from "./rooms_view.ts";

/** The page's title: the room, and how many messages one has not read. */
export function Title({ rooms, room }: { rooms: Rooms; room: string | undefined }) {
  const { words } = usePage();
  const { unread, rooms: all } = useRoomsView(rooms);
  const name = all.find((entry) => entry.room === room)?.name ?? room;
  const title =
    name === undefined ? words.text("appName") : words.text("pageTitle", { room: name });
  useEffect(() => {
    document.title = unread > 0 ? `(${countText(unread)}) ${title}` : title;
  }, [unread, title]);
  useEffect(() => showCount(unread), [unread]);
  return null;
}
