/**
 * The one form of a room's name, by the server's rule (chat.ParseRoomID). The examples in
 * chat/testdata/room-names.json hold both to it.
 */
export function normalRoom(typed: string): string | undefined {
  const room = foldRoomName(typed.trim().normalize("NFC")).normalize("NFC");
  const fits = [...room].length <= 64 && /^(?:\p{L}\p{M}*|[\p{Nd}\-_.])+$/u.test(room);
  // A byte order mark would be taken off as space is.
  const hidden = /\p{Default_Ignorable_Code_Point}/u.test(room + typed) || /^\.+$/.test(room);
  return fits && !hidden ? room : undefined;
}

/**
 * Lower case, character by character: an i loses a dot that it gets as a letter of its own, and a
 * sigma is a final one where it ends a word, and no other.
 */
export function foldRoomName(name: string): string {
  return name
    .replaceAll("İ", "i")
    .toLowerCase()
    .replaceAll("i\u0307", "i")
    .replaceAll("ς", "σ")
    .replace(/(?<=\p{L}\p{M}*)σ(?!\p{M}*\p{L})/gu, "ς");
}
