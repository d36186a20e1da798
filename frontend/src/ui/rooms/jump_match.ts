import { foldRoomName } from "../room_name.ts";
import type { RoomEntry } from "./rooms.ts";

export interface JumpOption {
  room: string;
  /** Undefined for a room that is not in the list. */
  entry?: RoomEntry;
}

/**
 * The rooms whose titles or ids have what was typed: those that begin so first, and the one on the
 * screen last. The room that is named so exactly can be gone to even if one has never been there.
 */
export function found(
  rooms: readonly RoomEntry[],
  typed: string,
  named: string | undefined,
): JumpOption[] {
  const wanted = toLookFor(typed.trim());
  const names = ({ name, room }: RoomEntry) => [toLookFor(name), toLookFor(room)];
  const rank = (entry: RoomEntry) =>
    (names(entry).some((name) => name.startsWith(wanted)) ? 0 : 8) +
    (entry.current ? 4 : 0) +
    (entry.mentions > 0 ? 0 : entry.unread > 0 ? 1 : 2);
  const matches = rooms
    .filter((entry) => names(entry).some((name) => name.includes(wanted)))
    .sort((a, b) => rank(a) - rank(b))
    .map((entry): JumpOption => ({ room: entry.room, entry }));
  const exact = matches.find(({ room }) => room === named);
  if (exact !== undefined) return [exact, ...matches.filter((one) => one !== exact)];
  return named === undefined ? matches : [...matches, { room: named }];
}

/** By the rule of rooms' names. A sigma is not known to be a final one before the word is whole. */
function toLookFor(name: string): string {
  return foldRoomName(name.normalize("NFC")).replaceAll("ς", "σ");
}
