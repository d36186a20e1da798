import type { Client, ClientOptions } from "./client_types.ts";
import { type Cursor, parseCursor } from "./cursor.ts";
import { defaultEnvironment } from "./environment.ts";
import { type MessageEvent, readEvent } from "./events.ts";
import { type Answer, ask } from "./http.ts";
import { list, must, type Reader, shape, yes } from "./shape.ts";
import { roomUrl } from "./target.ts";

/** What is looked for: one of `text` and `from` at least. */
export interface Query {
  /** Each word has to occur, in whatever case. At most 100 characters. */
  text?: string | undefined;
  /** Whose messages: an id, a guest's `look`, or a name in whatever case. */
  from?: string | undefined;
  /** Only messages before this one, such as the first that was found before. */
  before?: Cursor | undefined;
  /** At most so many, the newest. Default 100. */
  limit?: number | undefined;
}

export interface Found {
  /** In the order of the log. */
  messages: MessageEvent[];
  /** There are others before them. */
  more: boolean;
}

/** The options that the client was made with. */
export type FindOptions = Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env">;

/** As many are asked for, unless said otherwise. */
const LIMIT = 100;

const readMessage: Reader<MessageEvent> = (value) => {
  const event = readEvent(value);
  return event?.type === "message" && parseCursor(event.id) ? event : undefined;
};

const readFound = shape<Found>({ messages: must(list(readMessage)), more: yes });

/**
 * Looks for messages in what the room keeps. It never throws: the answer has `result`, or `problem`
 * when the server refuses or does not answer. `abort` ends the waiting.
 */
export function findMessages(
  client: Pick<Client, "session">,
  options: FindOptions,
  { text, from, before, limit = LIMIT }: Query,
  abort?: AbortController,
): Promise<Answer<Found>> {
  const env = { ...defaultEnvironment(), ...options.env };
  const token = options.tokens ? client.session?.token : undefined;
  const headers: Record<string, string> = token ? { Authorization: `Bearer ${token}` } : {};
  const url = roomUrl(options, "/messages", {
    q: text || undefined,
    from: from || undefined,
    before,
    limit,
  });
  return ask(env, url, headers, readFound, undefined, abort);
}
