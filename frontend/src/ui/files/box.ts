import type { RoomFile } from "../../client/conversation.ts";

/** The longest side of a picture, and the width of anything else. Pixels. */
const LARGEST = 320;
/** A picture can be hit by a finger. Pixels. */
const SMALLEST = 48;

/**
 * The room that a file takes in its message, before anything of it has come: nothing moves then. It
 * gets no wider than the message.
 */
export function boxOf({ type, width, height, duration }: RoomFile, among: number) {
  if (!width || !height) {
    const shown = /^video.(mp4|webm|ogg)|\/pdf$|^text.plain/.test(type);
    return { width: LARGEST, height: shown ? 248 : !duration && /^audio/.test(type) ? 120 : 64 };
  }
  if (among > 1) return { width: 104, height: 104 };
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(SMALLEST, side * scale));
  return { width: w, aspectRatio: `${w} / ${h}` };
}
