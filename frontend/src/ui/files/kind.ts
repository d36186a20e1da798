import type { RoomFile } from "../../client/conversation.ts";

/** How a file is shown. Its box is as box.ts has it. */
export type FileKind = "picture" | "voice" | "video" | "audio" | "pdf" | "text" | "other";

export function kindOf({ type, width, height, duration }: RoomFile): FileKind {
  if (width && height) return "picture";
  if (/^video\/(mp4|webm|ogg)/.test(type)) return "video";
  if (type.startsWith("audio/")) return duration ? "voice" : "audio";
  if (type === "application/pdf") return "pdf";
  return type.startsWith("text/plain") ? "text" : "other";
}
