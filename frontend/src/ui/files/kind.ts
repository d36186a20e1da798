import type { RoomFile } from "../../client/conversation.ts";

/** How a file is shown. Its box is as box.ts has it. */
export type FileKind = "picture" | "voice" | "video" | "audio" | "pdf" | "text" | "other";

export function kindOf({ type, width, height, duration }: RoomFile): FileKind {
  if (width && height) return "picture";
  // Telephones' videos are QuickTime's: most of them play as MP4 does.
  if (/^video\/(mp4|webm|ogg|quicktime)/.test(type)) return "video";
  if (type.startsWith("audio/")) return duration ? "voice" : "audio";
  if (type === "application/pdf") return "pdf";
  // Logs, code and tables too: they are shown as they are written.
  return /^text\/|(json|yaml|toml|sql)$/.test(type) ? "text" : "other";
}
