import { type Cursor, decodeEvent, parseCursor, type ServerEvent } from "../client/index.ts";

/**
 * The messages that came with the page (docs/protocol.md, One address for a room): they are there
 * before any connection is.
 */
export interface Kept {
  /** Where to go on. */
  cursor: Cursor;
  entries: readonly ServerEvent[];
}

/** Takes what came with the page out of it: it is good for the room that it is of, and once. */
export function takeKept(room: string): Kept | undefined {
  const element = document.getElementById("kept");
  element?.remove();
  try {
    const { roomId, cursor, messages } = JSON.parse(element?.textContent ?? "{}");
    const at = parseCursor(cursor);
    if (roomId !== room || at === undefined || !Array.isArray(messages)) return undefined;
    const entries = messages
      .map((entry: unknown) => decodeEvent(JSON.stringify(entry)))
      .filter((event) => event !== undefined);
    return entries.length > 0 ? { cursor: at, entries } : undefined;
  } catch {
    return undefined;
  }
}

/** Tells a client what came with the page as a connection would. It then goes on after that. */
export function feed(kept: Kept, room: string, tell: (event: ServerEvent) => void): void {
  for (const event of kept.entries) tell(event);
  // The last entry may be none that is shown, such as a reaction.
  tell({ type: "unknown", name: "cursor", roomId: room, id: kept.cursor });
}
