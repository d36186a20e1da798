import { useEffect, useState } from "preact/hooks";
import { type Api, listOf } from "./api.ts";
import type { Live } from "./context.ts";
import { openStream } from "./live.ts";
import type { RoomInfo, Stats } from "./shapes.ts";

/** How many rooms are remembered as changed: those of some pages of the list. */
const REMEMBERED = 2_000;

const NOTHING: Live = { state: "connecting", stats: undefined, rooms: new Map() };

/** What the server tells by itself, while one is signed in. */
export function useLive(api: Api, wanted: boolean): Live {
  const [live, setLive] = useState(NOTHING);
  useEffect(() => {
    if (!wanted) return;
    const stream = openStream({
      url: () => api.url("api/stream"),
      events: ["stats", "rooms"],
      onEvent: (name, data) => setLive((now) => heard(now, name, data)),
      onState: (state) => setLive((now) => (now.state === state ? now : { ...now, state })),
      onRefused: () => void api.get("api/health"),
    });
    return () => {
      stream.close();
      setLive(NOTHING);
    };
  }, [api, wanted]);
  return live;
}

/** What is known after an event: the totals, and the rooms that changed. */
export function heard(now: Live, name: string, data: unknown): Live {
  if (typeof data !== "object" || data === null) return now;
  const fields = data as { stats?: Stats; rooms?: unknown };
  const stats = name === "stats" ? (data as Stats) : (fields.stats ?? now.stats);
  const changed = name === "stats" ? [] : listOf(fields.rooms as RoomInfo[]);
  if (changed.length === 0) return { ...now, stats };
  const rooms = new Map(now.rooms);
  for (const room of changed) {
    if (typeof room?.room !== "string") continue;
    rooms.delete(room.room);
    rooms.set(room.room, room);
  }
  for (const name of rooms.keys()) {
    if (rooms.size <= REMEMBERED) break;
    rooms.delete(name);
  }
  return { ...now, stats, rooms };
}
