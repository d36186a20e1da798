import type { Client } from "./client_types.ts";
import { type Cursor } from "./cursor.ts";
import type { ClientId, MessageEvent, Person, ServerEvent } from "./events.ts";
import type { HttpCall } from "./http.ts";
import type { Post } from "./outbox.ts";
import { type RoomFile } from "./room_file.ts";
import { type Reader } from "./shape.ts";
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
/** Reads the files of a message; what is none is passed over. */
export declare const readFiles: Reader<RoomFile[]>;
/** Reads what a message has beside its text. */
export declare function readMessage(event: MessageEvent): Message;
/** Reads an entry that amends a message; undefined for anything else. */
export declare function readAmendment(event: ServerEvent): Amendment | undefined;
/**
 * The message as the amendment leaves it: the same one where it changes nothing. One that is in it
 * already, since it came by another way, is passed over.
 */
export declare function amend(message: Message, amendment: Amendment): Message;
/**
 * What a post of this module would do once it is in the log: the message can be shown so while the
 * post waits. Undefined for posts of messages.
 */
export declare function amendmentOf({ command, at }: Post, from: Person): Amendment | undefined;
/** The text that a post brings into the room, by `Client.post` or by this module. */
export declare function postedText({ text, command }: Post): string;
/** How an amendment goes over HTTP. */
export declare function amendmentCall(target: Cursor, emoji?: string, on?: boolean): HttpCall;
/**
 * Follows what becomes of a client's messages, and sends what changes them. `onChange` is called
 * with each message that was amended, as it is then. Begin before `start()`.
 */
export declare function followConversation(client: Pick<Client, "on" | "send" | "post" | "messages">, onChange?: (message: Message) => void): Conversation;
