import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Cursor, seqOf } from "../client/index.ts";
import type { RoomModel, RoomView } from "./room_model.ts";
import { messageOf } from "./routes.ts";

/** Earlier messages that are asked for at once to find one: all that the server gives. */
const MANY = 1_000;

/**
 * The message that the address leads to, or `jump`, once it is there: earlier messages are loaded for
 * it. When it is kept no longer, `onGone` says so.
 */
export function useLink(
  href: string,
  model: RoomModel,
  view: RoomView,
  onGone: () => void,
): { linked: { id: Cursor } | undefined; jump(id: Cursor): void } {
  const [linked, setLinked] = useState<{ id: Cursor }>();
  const [jumps, setJumps] = useState(0);
  const wanted = useRef<Cursor | undefined>(undefined);

  useEffect(() => {
    wanted.current = messageOf(href);
  }, [href]);

  useEffect(() => {
    const id = wanted.current;
    if (id === undefined || !view.loaded) return;
    const ids = view.items.flatMap((item) => (item.kind === "message" ? [item.message.id] : []));
    const first = ids[0];
    const found = ids.includes(id);
    if (!found && first !== undefined && seqOf(id) < seqOf(first) && view.earlier !== "none") {
      // One that failed is tried again when one scrolls up, or asks.
      if (view.earlier === "more") model.loadEarlier(MANY);
      return;
    }
    // What came last is known by a connection alone: it may be on its way.
    const last = ids.at(-1);
    const later = last === undefined || seqOf(id) > seqOf(last);
    if (!found && later && view.connection.status !== "live") return;
    wanted.current = undefined;
    if (found) setLinked({ id });
    else onGone();
  }, [href, view, jumps]);
  const jump = useCallback((id: Cursor) => {
    wanted.current = id;
    setJumps((n) => n + 1);
  }, []);
  return { linked, jump };
}
