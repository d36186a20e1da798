import { lasting } from "../storage.ts";

/** What one is told of in a room. */
export type Level = "mentions" | "all" | "none";
export const LEVELS: readonly Level[] = ["mentions", "all", "none"];

export interface NotifySettings {
  /** Notifications are wanted in this browser; the browser may forbid them all the same. */
  on: boolean;
  sound: boolean;
  /** Mentions, for rooms that are not here. */
  rooms: Record<string, Level>;
}

const KEY = "notify";

export function notifySettings(): NotifySettings {
  const stored = (lasting.get(KEY) ?? {}) as Partial<Record<keyof NotifySettings, unknown>>;
  const rooms: Record<string, Level> = {};
  for (const [room, level] of Object.entries((stored.rooms ?? {}) as Record<string, unknown>)) {
    const known = LEVELS.find((one) => one === level);
    if (known !== undefined) rooms[room] = known;
  }
  return { on: stored.on === true, sound: stored.sound !== false, rooms };
}

/** What is the default is not kept. */
export function saveNotifySettings({ on, sound, rooms }: NotifySettings): void {
  const said = Object.entries(rooms).filter(([, level]) => level !== "mentions");
  const any = on || !sound || said.length > 0;
  lasting.set(KEY, any ? { on, sound, rooms: Object.fromEntries(said) } : undefined);
}

export function levelOf({ rooms }: NotifySettings, room: string): Level {
  return rooms[room] ?? "mentions";
}
