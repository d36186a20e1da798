import type { Client } from "./client_types.ts";
import { type Cursor, parseCursor, START, seqOf } from "./cursor.ts";
import type { ClientId, MessageEvent, Person, ServerEvent } from "./events.ts";
import type { HttpCall } from "./http.ts";
import type { Post } from "./outbox.ts";
import { type RoomFile, readFile } from "./room_file.ts";
import { amount, list, mark, must, type Reader, type Shape, shape, text, words } from "./shape.ts";

/** An emoji under a message. */
export interface Reaction {
  emoji: string;
  count: number;
  /** Who has put it there, as far as that was told: the first 20, and whoever came since. */
  by: ClientId[];
}

/** What a message answers. */
export interface ReplyTo {
  id: Cursor;
  from?: Person;
  /** How it began when it was answered; missing when it was deleted. */
  excerpt?: string;
}

/** A message as it is now. */
export interface Message extends MessageEvent {
  replyTo?: ReplyTo;
  /** The members that it is meant for. */
  mentions?: ClientId[];
  /** When its text was changed last, RFC 3339. */
  editedAt?: string;
  /** It was taken back: it has no text any more. */
  deleted?: true;
  reactions?: Reaction[];
  /** The last amendment that is in it. */
  amended?: Cursor;
  /** What is attached to it: see files.ts. */
  files?: RoomFile[];
}

interface OfMessage {
  /** Missing while it is not in the log yet. */
  id?: Cursor;
  target: Cursor;
  from: Person;
  time: string;
}

export interface Edit extends OfMessage {
  type: "edit";
  text: string;
  mentions?: ClientId[];
}
export interface Deletion extends OfMessage {
  type: "delete";
}
export interface Reacting extends OfMessage {
  type: "reaction";
  emoji: string;
  /** It was put under the message, or taken away. */
  on: boolean;
}

/** An entry that changes an earlier message. */
export type Amendment = Edit | Deletion | Reacting;

/** What a post says beside its text. */
export interface PostOptions {
  /** The message that it answers. */
  replyTo?: Cursor | undefined;
  /** For whom it is, in the order of the `@Name`s of its text: at most 50. */
  mentions?: readonly ClientId[] | undefined;
}

export type { RoomFile } from "./room_file.ts";

export interface Conversation {
  /** The messages that are known, as they are now, in order. */
  readonly messages: readonly Message[];
  get(id: Cursor): Message | undefined;
  /**
   * Takes in messages that were read elsewhere, such as earlier ones, or one with all who have
   * reacted (`GET /rooms/{room}/messages/{id}`), and gives them as they are now.
   */
  add(messages: readonly MessageEvent[]): Message[];
  /** Writes to the room, as `Client.post` does, with more than a text. */
  post(text: string, options?: PostOptions): Post;
  /** Changes the text of a message of one's own. */
  edit(id: Cursor, text: string, mentions?: readonly ClientId[]): Post;
  /** Takes a message of one's own back. */
  remove(id: Cursor): Post;
  /** Puts an emoji under a message, or takes one's own away. */
  react(id: Cursor, emoji: string, on?: boolean): Post;
}

const ids = list(text);
/** Reads the files of a message; what is none is passed over. */
export const readFiles = list(readFile);
const readPerson = shape<Person>({
  id: must(text),
  name: words,
  guest: mark,
  look: text,
  via: text,
});
const readMore = shape<Omit<Message, keyof MessageEvent>>({
  replyTo: shape<ReplyTo>({ id: must(parseCursor), from: readPerson, excerpt: text }),
  mentions: ids,
  editedAt: text,
  deleted: mark,
  reactions: list(
    shape<Reaction>({
      emoji: must(text),
      count: (value) => amount(value) || null,
      by: (value) => ids(value) ?? [],
    }),
  ),
  amended: parseCursor,
  files: readFiles,
});

const BASE: Shape<OfMessage> = {
  id: must(parseCursor),
  target: must(parseCursor),
  from: must(readPerson),
  time: words,
};
const AMENDMENTS = new Map(
  Object.entries<Reader<object>>({
    edit: shape<Edit>({ ...BASE, text: must(text), mentions: ids }),
    delete: shape<Deletion>(BASE),
    reaction: shape<Reacting>({ ...BASE, emoji: must(text), on: (value) => value !== false }),
  }),
);

/** Reads what a message has beside its text. */
export function readMessage(event: MessageEvent): Message {
  return { ...event, ...readMore(event.fields ?? {}) };
}

/** Reads an entry that amends a message; undefined for anything else. */
export function readAmendment(event: ServerEvent): Amendment | undefined {
  if (event.type !== "unknown") return undefined;
  const read = AMENDMENTS.get(event.name)?.(event.fields);
  return read && ({ type: event.name, ...read } as Amendment);
}

/**
 * The message as the amendment leaves it: the same one where it changes nothing. One that is in it
 * already, since it came by another way, is passed over.
 */
export function amend(message: Message, amendment: Amendment): Message {
  const { id, type } = amendment;
  if (amendment.target !== message.id || message.deleted) return message;
  if (id && seqOf(id) <= seqOf(message.amended ?? START)) return message;
  const now: Message = { ...message, ...(id && { amended: id }) };
  if (type === "edit") {
    const { mentions: _, ...rest } = now;
    const { text, time, mentions } = amendment;
    return { ...rest, text, editedAt: time, ...(mentions && { mentions }) };
  }
  if (type === "delete") {
    const { fields, replyTo, mentions, editedAt, reactions, files, ...rest } = now;
    return { ...rest, text: "", deleted: true };
  }
  const reactions = react(message.reactions ?? [], amendment);
  const { reactions: _, ...rest } = now;
  return reactions.length > 0 ? { ...rest, reactions } : rest;
}

/** What was taken back is gone from what the client remembers too. */
function forget(event: MessageEvent | undefined): void {
  if (!event) return;
  event.text = "";
  delete event.fields;
}

/** How many of those who have reacted are known by their ids. */
function named({ reactions = [] }: Message): number {
  return reactions.reduce((n, { by }) => n + by.length, 0);
}

function react(reactions: Reaction[], { emoji, on, from }: Reacting): Reaction[] {
  const old = reactions.find((one) => one.emoji === emoji);
  const has = old?.by.includes(from.id) ?? false;
  if (on) {
    if (has) return reactions;
    if (!old) return [...reactions, { emoji, count: 1, by: [from.id] }];
    const next = { emoji, count: old.count + 1, by: [...old.by, from.id] };
    return reactions.map((one) => (one === old ? next : one));
  }
  // Of a crowd only the first are known by their ids.
  if (!old || (!has && old.count <= old.by.length)) return reactions;
  const next = { emoji, count: old.count - 1, by: old.by.filter((id) => id !== from.id) };
  return reactions.flatMap((one) => (one !== old ? one : next.count > 0 ? next : []));
}

/**
 * What a post of this module would do once it is in the log: the message can be shown so while the
 * post waits. Undefined for posts of messages.
 */
export function amendmentOf({ command, at }: Post, from: Person): Amendment | undefined {
  const target = parseCursor(command?.target);
  if (!command || !target) return undefined;
  const base = { target, from, time: new Date(at).toISOString() };
  const { type, text, emoji, on, mentions } = command;
  if (type === "delete") return { type, ...base };
  if (type === "edit") {
    const meant = ids(mentions);
    return { type, ...base, text: `${text}`, ...(meant && { mentions: meant }) };
  }
  return type === "react"
    ? { type: "reaction", ...base, emoji: `${emoji}`, on: on !== false }
    : undefined;
}

/** The text that a post brings into the room, by `Client.post` or by this module. */
export function postedText({ text, command }: Post): string {
  return command?.type === "post" ? `${command.text}` : text;
}

/** How an amendment goes over HTTP. */
export function amendmentCall(target: Cursor, emoji?: string, on = true): HttpCall {
  const path = `/messages/${target}`;
  if (emoji === undefined) return { method: "DELETE", path };
  return {
    method: on ? "PUT" : "DELETE",
    path: `${path}/reactions/${encodeURIComponent(emoji)}`,
  };
}

/**
 * Follows what becomes of a client's messages, and sends what changes them. `onChange` is called
 * with each message that was amended, as it is then. Begin before `start()`.
 */
export function followConversation(
  client: Pick<Client, "on" | "send" | "post" | "messages">,
  onChange: (message: Message) => void = () => undefined,
): Conversation {
  let messages = new Map<Cursor, Message>();

  /** Reports whether the second has nothing that the first has not. */
  const later = (one: Message, two: Message) => {
    const more = seqOf(one.amended ?? START) - seqOf(two.amended ?? START);
    return more > 0 || (more === 0 && named(one) >= named(two));
  };

  const take = (event: MessageEvent): Message => {
    const old = messages.get(event.id);
    const read = readMessage(event);
    // What was read elsewhere may be older than what is known, or newer.
    const now = old && (old.deleted || later(old, read)) ? old : read;
    messages.set(event.id, now);
    return now;
  };
  for (const message of client.messages) take(message);
  client.on("message", take);
  client.on("reset", () => {
    messages = new Map();
  });
  client.on("event", (event) => {
    const amendment = readAmendment(event);
    const message = amendment && messages.get(amendment.target);
    if (!message) return;
    const now = amend(message, amendment);
    if (now === message) return;
    messages.set(now.id, now);
    if (now.deleted) forget(client.messages.find(({ id }) => id === now.id));
    onChange(now);
  });

  return {
    get messages() {
      return [...messages.values()].sort((a, b) => seqOf(a.id) - seqOf(b.id));
    },
    get: (id) => messages.get(id),
    add: (events) => events.map(take),
    post(text, { replyTo, mentions } = {}) {
      if (!replyTo && !mentions?.length) return client.post(text);
      const more = { ...(replyTo && { replyTo }), ...(mentions?.length && { mentions }) };
      return client.send({ type: "post", text, ...more }, { path: "/messages" });
    },
    edit: (target, text, mentions = []) =>
      client.send(
        { type: "edit", target, text, ...(mentions.length > 0 && { mentions }) },
        { method: "PATCH", path: `/messages/${target}` },
      ),
    remove: (target) => client.send({ type: "delete", target }, amendmentCall(target)),
    react: (target, emoji, on = true) =>
      client.send({ type: "react", target, emoji, on }, amendmentCall(target, emoji, on)),
  };
}
