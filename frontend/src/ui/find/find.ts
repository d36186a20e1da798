import { type Cursor, decodeEvent, type MessageEvent, seqOf } from "../../client/index.ts";
import { pageFetch } from "../page_session.ts";
import type { RoomModel } from "../room_model.ts";
import { isEmpty, matches, type Query } from "./find_match.ts";

/** As many results are shown. */
const MOST = 100;
const WITHIN = 15_000;

export interface Results {
  /** The newest first. */
  messages: readonly MessageEvent[];
  /** There are others, which are older. */
  more: boolean;
  /** The server is being asked, or it could not be. */
  server: "asked" | "answered" | "failed";
}

/** What the page holds of the room. */
export function findHere(model: RoomModel, query: Query): MessageEvent[] {
  if (isEmpty(query)) return [];
  const found: MessageEvent[] = [];
  for (const item of model.view.items) {
    if (item.kind !== "message") continue;
    const { message } = model.talk.said(item.message);
    if (!message.deleted && matches(query, message)) found.push(message);
  }
  return found.reverse().slice(0, MOST);
}

/** What is kept of the room, by the server. Undefined when it does not answer. */
export async function findKept(
  baseUrl: string,
  room: string,
  { text, from }: Query,
  abort: AbortController,
): Promise<{ messages: MessageEvent[]; more: boolean } | undefined> {
  const url = new URL(`rooms/${encodeURIComponent(room)}/messages`, baseUrl);
  // The server takes so much.
  if (text.trim() !== "") url.searchParams.set("q", [...text.trim()].slice(0, 100).join(""));
  if (from !== "") url.searchParams.set("from", from);
  url.searchParams.set("limit", String(MOST));
  const timer = setTimeout(() => abort.abort(), WITHIN);
  try {
    const response = await pageFetch(url.href, {
      headers: { Accept: "application/json" },
      cache: "no-store",
      signal: abort.signal,
    });
    if (!response.ok) return undefined;
    const { messages, more } = (await response.json()) as { messages?: unknown; more?: unknown };
    if (!Array.isArray(messages)) return undefined;
    const events = messages
      .map((entry) => decodeEvent(JSON.stringify(entry)))
      .filter((event) => event?.type === "message");
    return { messages: events, more: more === true };
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Both together, each message once, as the page knows it where it does; the newest first. */
export function merged(
  here: readonly MessageEvent[],
  kept: readonly MessageEvent[],
): MessageEvent[] {
  const all = new Map<Cursor, MessageEvent>();
  for (const message of [...kept, ...here]) all.set(message.id, message);
  return [...all.values()].sort((a, b) => seqOf(b.id) - seqOf(a.id)).slice(0, MOST);
}
