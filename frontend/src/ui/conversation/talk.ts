import {
  amend,
  amendmentCall,
  amendmentOf,
  type Conversation,
  followConversation,
  type Message,
  type PostOptions,
  type RoomFile,
} from "../../client/conversation.ts";
import type { Client, Cursor, MessageEvent, Person, Post, Problem } from "../../client/index.ts";
import type { Outgoing } from "../files/outgoing.ts";
import { pageFetch } from "../page_session.ts";
import type { Writing } from "./writing.ts";

/** What was refused, and why. */
export interface Failure {
  what: "edit" | "delete" | "react";
  problem: Problem;
  /** What an edit would have said. */
  text?: string;
}

/** A message as it is to be shown: as it is now, and with what one has done to it oneself. */
export interface Said {
  message: Message;
  /** A change of one's own is on its way. */
  pending: boolean;
  /** It is being deleted, and that can be undone. */
  removing: boolean;
  failure?: Failure | undefined;
}

/** What a message answers, as it is now. */
export interface Answered {
  id: Cursor;
  name: string;
  /** Undefined when it was deleted. */
  text: string | undefined;
}

/** What a message says in words: of one without a text the names of its files. */
export function textOf({
  text,
  files = [],
}: Pick<Message, "text"> & { files?: readonly RoomFile[] }) {
  return text || files.map(({ name }) => name).join(", ");
}

/** How long a deletion can be undone. Milliseconds. */
export const UNDO_WITHIN = 5_000;

/** Of what is answered so much is shown. Characters. */
const EXCERPT = 160;

/**
 * What one does to messages. Edits and reactions go out as posts do, and are shown at once; a deletion
 * waits until it can't be undone any more.
 */
export class Talk {
  readonly room: string;
  readonly #client: Client;
  readonly #conversation: Conversation;
  readonly #writing: Writing;
  readonly address: (path: string) => string;
  readonly #onChange: () => void;
  readonly #removing = new Map<Cursor, ReturnType<typeof setTimeout>>();
  readonly #failures = new Map<Cursor, Failure>();
  /** Messages of which it was asked who has reacted, and the last amendment that they had then. */
  readonly #met = new Map<Cursor, Cursor | undefined>();
  /** A message that nothing is done to is shown as the same object. */
  readonly #plain = new WeakMap<Message, Said>();
  #pending = new Map<Cursor, Post[]>();

  /** Messages whose files are on their way, once there are any: see files/outgoing.ts. */
  outgoing: Outgoing | undefined;

  /** `address` is where a path under the room is. Make it before the client is started. */
  constructor(
    room: string,
    client: Client,
    writing: Writing,
    address: (path: string) => string,
    onChange: () => void,
  ) {
    this.room = room;
    this.#client = client;
    this.#writing = writing;
    this.address = address;
    this.#onChange = onChange;
    this.#conversation = followConversation(client, onChange);
    client.on("posts", () => this.#look());
    client.on("reset", () => {
      this.#failures.clear();
      this.#met.clear();
    });
    this.#look();
  }

  /** The message as it is to be shown. */
  said(event: MessageEvent): Said {
    const message = this.#conversation.get(event.id) ?? this.#conversation.add([event])[0];
    return this.#shown(message ?? event);
  }

  /** One that is known, by its id. */
  get(id: Cursor): Said | undefined {
    const message = this.#conversation.get(id);
    return message && this.#shown(message);
  }

  /** Whom and what a message answers. */
  answered(message: Pick<Message, "replyTo">): Answered | undefined {
    const { replyTo } = message;
    if (replyTo === undefined) return undefined;
    const now = this.get(replyTo.id);
    const gone = now && (now.message.deleted || now.removing);
    const text = now ? (gone ? undefined : textOf(now.message)) : replyTo.excerpt;
    return {
      id: replyTo.id,
      name: (now?.message.from ?? replyTo.from)?.name ?? "",
      text:
        text === undefined ? undefined : [...text.slice(0, 2 * EXCERPT)].slice(0, EXCERPT).join(""),
    };
  }

  isMine(message: Message): boolean {
    return this.#client.isOwn(message.from.id);
  }

  /** The last message of one's own that has a text to edit. */
  lastOwn(): Message | undefined {
    return this.#conversation.messages.findLast(
      (message) => this.isMine(message) && !message.deleted && !this.#removing.has(message.id),
    );
  }

  /** All messages that are known, as they are now. */
  get messages(): readonly Message[] {
    return this.#conversation.messages;
  }

  /** What is to be shown of the messages that are not in the log yet. */
  get posts(): readonly Post[] {
    const posts = this.#client.posts.filter(({ command }) => (command?.type ?? "post") === "post");
    return this.outgoing?.shown(posts) ?? posts;
  }

  /** Forgets a message that is not in the log. */
  discard(key: string): void {
    this.#client.discard(key);
    this.outgoing?.discard(key);
  }

  /** Has what is shown looked at again. */
  changed(): void {
    this.#onChange();
  }

  post(text: string, options: PostOptions): void {
    this.#conversation.post(text, options);
  }

  edit(id: Cursor, text: string, mentions?: readonly string[]): void {
    this.#failures.delete(id);
    const before = this.get(id)?.message;
    if (before?.text !== text) this.#conversation.edit(id, text, mentions);
    this.#onChange();
  }

  /** Puts the emoji under the message, or takes one's own away. */
  react(id: Cursor, emoji: string): void {
    this.#failures.delete(id);
    const there = this.get(id)?.message.reactions?.find((one) => one.emoji === emoji);
    const { by = [], count = 0 } = there ?? {};
    const has = by.some((one) => this.#client.isOwn(one));
    // Of many only the first are named, and who came since.
    if (!has && count > by.length) void this.#reactOrTakeBack(id, emoji);
    else this.#conversation.react(id, emoji, !has);
  }

  /** The server knows whether one has put it there: then it is taken away. */
  async #reactOrTakeBack(id: Cursor, emoji: string): Promise<void> {
    let had = false;
    try {
      const { putThere } = await import("./crowd.ts");
      const put = await putThere(amendmentCall(id, emoji), this.address);
      if (put === "put") return;
      had = put === "had";
    } catch {
      // It goes out as any other, once there is a network.
    }
    this.#conversation.react(id, emoji, !had);
  }

  /** Finds out who else has reacted to a message, of which only the first are named. */
  async meet(id: Cursor): Promise<void> {
    const { amended, reactions = [] } = this.#conversation.get(id) ?? {};
    const crowd = reactions.some(({ count, by }) => count > by.length);
    if (!crowd || this.#met.get(id) === amended) return;
    this.#met.set(id, amended);
    try {
      const { wholeMessage } = await import("./crowd.ts");
      const message = await wholeMessage(this.address(`/messages/${id}`));
      if (message?.id !== id) return;
      this.#conversation.add([message]);
      this.#onChange();
    } catch {
      // One is told of the first of them.
    }
  }

  /** Deletes a message, once it can't be undone any more. */
  remove(id: Cursor): void {
    if (this.#removing.has(id)) return;
    this.#failures.delete(id);
    const timer = setTimeout(() => {
      this.#removing.delete(id);
      this.#conversation.remove(id);
    }, UNDO_WITHIN);
    this.#removing.set(id, timer);
    this.#onChange();
  }

  undo(id: Cursor): void {
    clearTimeout(this.#removing.get(id));
    this.#removing.delete(id);
    this.#onChange();
  }

  /** The refusal was read. */
  dismiss(id: Cursor): void {
    this.#failures.delete(id);
    this.#onChange();
  }

  /**
   * The page is being left: what was deleted is deleted now. The connection may not carry it any
   * more, so it goes out beside it too, under the same key.
   */
  leave(): void {
    this.outgoing?.stop();
    for (const [id, timer] of this.#removing) {
      clearTimeout(timer);
      const { key } = this.#conversation.remove(id);
      const { method = "DELETE", path } = amendmentCall(id);
      void pageFetch(this.address(path), {
        method,
        headers: { "Idempotency-Key": key, Accept: "application/json" },
        keepalive: true,
      }).catch(() => undefined);
    }
    this.#removing.clear();
  }

  #self(): Person {
    const { session } = this.#client;
    return { id: session?.clientId ?? "", name: session?.name ?? "" };
  }

  #shown(message: Message): Said {
    const posts = this.#pending.get(message.id) ?? [];
    const removing = this.#removing.has(message.id);
    const failure = this.#failures.get(message.id);
    if (posts.length === 0 && !removing && !failure) {
      const plain = this.#plain.get(message) ?? { message, pending: false, removing: false };
      this.#plain.set(message, plain);
      return plain;
    }
    const self = this.#self();
    const now = posts.reduce((before, post) => {
      const amendment = amendmentOf(post, self);
      return amendment ? amend(before, amendment) : before;
    }, message);
    const pending = posts.some(({ state, command }) => state === "waiting" && !isReaction(command));
    return { message: now, pending, removing, failure };
  }

  /** What is on its way to which message; a refusal is told where one looked. */
  #look(): void {
    const pending = new Map<Cursor, Post[]>();
    const refused: Post[] = [];
    for (const post of this.#client.posts) {
      const target = amendmentOf(post, this.#self())?.target;
      if (post.state === "refused" && (target !== undefined || answersNothing(post))) {
        refused.push(post);
      } else if (target !== undefined && post.state !== "refused") {
        pending.set(target, [...(pending.get(target) ?? []), post]);
      }
    }
    this.#pending = pending;
    // Not now: the client is telling others of the same posts.
    if (refused.length > 0) queueMicrotask(() => this.#refused(refused));
  }

  #refused(posts: readonly Post[]): void {
    for (const { key, command, problem } of posts) {
      const known = this.#client.posts.some((post) => post.key === key);
      if (!known || command === undefined || problem === undefined) continue;
      if (command.type === "post") {
        if (this.#writing.giveBack(`${command.text}`, problem)) this.#client.discard(key);
        continue;
      }
      this.#client.discard(key);
      const id = command.target as Cursor;
      if (command.type === "edit") this.#editRefused(id, `${command.text}`, problem);
      else this.#failures.set(id, { what: isReaction(command) ? "react" : "delete", problem });
    }
    this.#onChange();
  }

  /** The text goes back to where it was written, unless something else is edited there now. */
  #editRefused(id: Cursor, text: string, problem: Problem): void {
    const { editing } = this.#writing.view;
    if (editing === undefined) this.#writing.edit(id, text, problem);
    else this.#failures.set(id, { what: "edit", problem, text });
  }
}

/** What it answers is not kept any more, or was deleted: it can't go out as it is. */
function answersNothing({ command, problem }: Post): boolean {
  const gone = problem?.code === "not_found" || problem?.code === "conflict";
  return gone && command?.type === "post" && command.replyTo !== undefined;
}

function isReaction(command: { type: string } | undefined): boolean {
  return command?.type === "react";
}
