import type { Client, ClientOptions } from "./client_types.ts";
import type { Cursor } from "./cursor.ts";
import type { ClientId, Problem } from "./events.ts";
import { type Answer } from "./http.ts";
import type { Post } from "./outbox.ts";
import { type RoomFile } from "./room_file.ts";
export type { RoomFile } from "./room_file.ts";
/** One request. `onProgress` is told how many bytes of the body have gone out. */
export type Send = (url: string, init: {
    method: string;
    headers: Record<string, string>;
    body?: Blob;
    signal: AbortSignal;
}, onProgress: (bytes: number) => void) => Promise<Response>;
/** The options that the client was made with. */
export interface FilesOptions extends Pick<ClientOptions, "baseUrl" | "room" | "tokens" | "env"> {
    /** Default: `XMLHttpRequest` where there is one, since `fetch` tells no progress; else `fetch`. */
    send?: Send;
}
export interface UploadOptions {
    /** Default: that of a `File`. */
    name?: string;
    /** Default: the blob's own. The server looks at the bytes, too. */
    type?: string;
    /** Of a voice note: seconds, and up to 64 loudnesses from 0 to 31. */
    duration?: number;
    wave?: readonly number[];
    /** An upload that was begun before: what the server has of it is not sent again. */
    id?: string;
    /** The upload has an id from here on. Keep it to go on after a reload. */
    onBegun?(id: string): void;
    /** So many bytes have gone out. It may go back, where some were lost on the way. */
    onProgress?(bytes: number): void;
    /** It is tried again later, because of this; undefined: it goes on. */
    onWait?(problem: Problem | undefined): void;
    /** Ends it. What was sent is swept by the server after an hour. */
    signal?: AbortSignal;
}
export interface FilePost {
    text?: string;
    replyTo?: Cursor | undefined;
    mentions?: readonly ClientId[] | undefined;
}
/**
 * Brings files into a room: uploads that go on after a cut, by the protocol tus 1.0, and the message
 * that names them.
 */
export type Files = ReturnType<typeof createFiles>;
export declare function createFiles(client: Pick<Client, "session" | "send">, options: FilesOptions): {
    upload: (blob: Blob, how?: UploadOptions) => Promise<Answer<RoomFile>>;
    read: (id: string) => Promise<Answer<RoomFile>>;
    /** Where the file's bytes are, or a smaller picture of it. */
    urlOf({ id, name }: Pick<RoomFile, "id" | "name">, preview?: boolean): string;
    /** The most bytes that one file may have, if the server says so. */
    limit(): Promise<number | undefined>;
    /** Takes back a file that no message names yet. */
    remove(id: string): Promise<Answer<object>>;
    /** Posts a message with these files, by their ids: at most ten. The text may be empty. */
    post: (files: readonly string[], more?: FilePost) => Post;
    /** Doesn't wait for the next try of anything: the network is back. */
    retryNow(): void;
};
/** The command that posts a message with files, and how it goes over HTTP. */
export declare function fileCommand(files: readonly string[], { text, replyTo, mentions }?: FilePost): {
    type: string;
    text: string;
    files: readonly string[];
    replyTo?: Cursor;
    mentions?: readonly string[];
};
export declare const FILE_CALL: {
    path: string;
};
/** Sends a request and tells its progress, where there is `XMLHttpRequest`. */
export declare const sendWithProgress: Send;
