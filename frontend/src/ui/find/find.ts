import { type Found, findMessages } from "../../client/find.ts";
import { type Cursor, type MessageEvent, seqOf } from "../../client/index.ts";
import { pageFetch } from "../page_session.ts";
import type { RoomModel } from "../room_model.ts";
import { isEmpty, matches, type Query } from "./find_match.ts";

/** As many results are shown. */
const MOST = 100;

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
): Promise<Found | undefined> {
  const options = { baseUrl, room, env: { fetch: pageFetch } };
  // The server takes so much.
  const query = { text: [...text.trim()].slice(0, 100).join(""), from, limit: MOST };
  return (await findMessages({ session: null }, options, query, abort)).result;
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
