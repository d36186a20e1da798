import { useEffect, useState } from "preact/hooks";
import type { Rooms, RoomsView } from "./rooms.ts";

/** What a count says: larger ones than this are not told apart. */
const MOST_SHOWN = 99;

export function countText(count: number): string {
  return count > MOST_SHOWN ? `${MOST_SHOWN}+` : String(count);
}

/** The rooms as they are now. */
export function useRoomsView(rooms: Rooms): RoomsView {
  const [view, setView] = useState(rooms.view);
  useEffect(() => {
    setView(rooms.view);
    return rooms.subscribe(() => setView(rooms.view));
  }, [rooms]);
  return view;
}
