import type { RoomFile } from "../../client/conversation.ts";
import type { Talk } from "../conversation/talk.ts";
import { pageFetch } from "../page_session.ts";

/** Where a file's bytes are, or a smaller picture of it. */
export function urlOf(talk: Talk, { id, name }: RoomFile, preview = false): string {
  // Half a character can't be in an address.
  const whole = name.replace(/\p{Surrogate}/gu, "\ufffd") || "file";
  const path = `/files/${encodeURIComponent(id)}/${encodeURIComponent(whole)}`;
  return talk.address(path) + (preview ? "?preview=1" : "");
}

/** Why a file can't be shown, by its words. */
export type Trouble =
  | "fileGone"
  | "fileForbidden"
  | "fileBroken"
  | "fileNoAnswer"
  | "fileNotPlayed"
  | "fileNoPage";

/** Asks why something of a file could not be loaded; undefined when it can be. */
export async function troubleOf(url: string): Promise<Trouble | undefined> {
  try {
    const { ok, status } = await pageFetch(url, { method: "HEAD", cache: "no-store" });
    if (ok) return undefined;
    if (status === 404 || status === 410) return "fileGone";
    return status === 401 || status === 403 ? "fileForbidden" : "fileNoAnswer";
  } catch {
    return "fileNoAnswer";
  }
}
