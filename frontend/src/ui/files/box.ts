import type { RoomFile } from "../../client/conversation.ts";

/** The longest side of a picture, and the width of anything else. Pixels. */
const LARGEST = 320;
/** A picture can be hit by a finger. Pixels. */
const SMALLEST = 48;

/**
 * The room that a file takes in its message, before anything of it has come: nothing moves then. It
 * gets no wider than the message.
 */
export function boxOf({ type, width, height, duration }: RoomFile, pictures: number) {
  if (!width || !height) {
    const shown = /^video.(mp4|webm|ogg|quick)|^text|(pdf|json|yaml|toml|sql)$/.test(type);
    const height = shown ? 248 : !duration && /^audio/.test(type) ? 120 : 64;
    return { width: `${LARGEST}px`, height: `${height}px` };
  }
  if (pictures > 1) return { width: "104px", height: "104px" };
  const scale = Math.min(1, LARGEST / Math.max(width, height));
  const [w, h] = [width, height].map((side) => Math.max(SMALLEST, side * scale));
  return { width: `${w}px`, aspectRatio: `${w} / ${h}` };
}
