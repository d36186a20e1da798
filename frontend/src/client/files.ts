import { type Backoff, createBackoff } from "./backoff.ts";
import type { Client, ClientOptions } from "./client_types.ts";
import type { Cursor } from "./cursor.ts";
import { endOfProblem } from "./end.ts";
import { defaultEnvironment } from "./environment.ts";
import type { ClientId, Problem } from "./events.ts";
import { type Answer, ask, problemOf } from "./http.ts";
import type { Post } from "./outbox.ts";
import { type RoomFile, readFile } from "./room_file.ts";
import { roomUrl } from "./target.ts";

export type { RoomFile } from "./room_file.ts";

/** What is sent of a file, a request at a time: the most, and where it gets no smaller. Bytes. */
const MOST = 8 << 20;
const LEAST = 64 << 10;
/** What proxies take that say nothing else: nginx's limit is 1 MiB. Bytes. */
const SMALL = 512 << 10;
/** A request of which nothing more goes up, and that has no answer by then, is given up. Milliseconds. */
const SILENT = 60_000;

/** One request. `onProgress` is told how many bytes of the body have gone out. */
export type Send = (
  url: string,
  init: { method: string; headers: Record<string, string>; body?: Blob; signal: AbortSignal },
  onProgress: (bytes: number) => void,
) => Promise<Response>;

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

export function createFiles(client: Pick<Client, "session" | "send">, options: FilesOptions) {
  const env = { ...defaultEnvironment(), ...options.env };
  const send = options.send ?? (options.env?.fetch ? byFetch(env.fetch) : sendWithProgress);
  /** What goes through here, as far as it was seen. */
  let most = MOST;
  const waiting = new Set<() => void>();

  const headers = (more: Record<string, string> = {}): Record<string, string> => {
    const token = options.tokens && client.session?.token;
    return { ...(token && { Authorization: `Bearer ${token}` }), ...more };
  };
  const address = (path: string) => roomUrl(options, path);

  /** One request of tus. It never throws. */
  async function tus(
    method: string,
    path: string,
    more: Record<string, string>,
    ended: AbortSignal | undefined,
    body?: Blob,
    onProgress: (bytes: number) => void = () => undefined,
  ): Promise<Answer<Response>> {
    const abort = new AbortController();
    const end = () => abort.abort("aborted");
    let timer = 0;
    const heard = () => {
      env.clearTimeout(timer);
      timer = env.setTimeout(() => abort.abort("timeout"), SILENT);
    };
    if (ended?.aborted) end();
    ended?.addEventListener("abort", end);
    heard();
    try {
      const response = await send(
        address(path),
        {
          method,
          headers: headers({ "Tus-Resumable": "1.0.0", Accept: "application/json", ...more }),
          signal: abort.signal,
          ...(body && { body }),
        },
        (bytes) => {
          heard();
          onProgress(bytes);
        },
      );
      return response.ok ? { result: response } : { problem: await problemOf(response) };
    } catch (error) {
      const detail = String(abort.signal.reason ?? error);
      return { problem: { code: "no_answer", title: "No answer", detail } };
    } finally {
      env.clearTimeout(timer);
      ended?.removeEventListener("abort", end);
    }
  }

  function pause(backoff: Backoff, retryAfter: number | undefined, signal?: AbortSignal) {
    return new Promise<void>((resolve) => {
      const go = () => {
        env.clearTimeout(timer);
        waiting.delete(go);
        signal?.removeEventListener("abort", go);
        resolve();
      };
      const timer = env.setTimeout(go, backoff.next(retryAfter));
      waiting.add(go);
      signal?.addEventListener("abort", go);
    });
  }

  /** Uploads a file. It goes on by itself after a cut, and ends when the server has it or refuses it. */
  async function upload(blob: Blob, how: UploadOptions = {}): Promise<Answer<RoomFile>> {
    const { signal, onProgress, onWait } = how;
    const backoff = createBackoff(env.random, 15_000);
    let { id } = how;
    /** How much the server has; undefined when that is to be asked. */
    let offset: number | undefined;
    let piece = most;
    /** The server has forgotten an upload; not for ever. */
    let again = 3;

    const begin = async () => {
      const { result, problem } = await tus(
        "POST",
        "/uploads",
        { "Upload-Length": `${blob.size}`, "Upload-Metadata": metadataOf(blob, how) },
        signal,
      );
      if (problem) return problem;
      id = (result.headers.get("Location") ?? "").replace(/[?#].*/, "").match(/[^/]+$/)?.[0];
      if (!id) return foreign(result);
      offset = 0;
      how.onBegun?.(id);
      return undefined;
    };
    /** Takes in what the server has now. */
    const have = (response: Response) => {
      const said = response.headers.get("Upload-Offset");
      const known = Number(said);
      if (!said || !(known >= 0 && known <= blob.size)) return foreign(response);
      offset = known;
      onProgress?.(known);
      return undefined;
    };
    const look = async () => {
      const { result, problem } = await tus("HEAD", `/uploads/${id}`, {}, signal);
      return problem ?? have(result);
    };
    const go = async (from: number) => {
      const { result, problem } = await tus(
        "PATCH",
        `/uploads/${id}`,
        { "Upload-Offset": `${from}`, "Content-Type": "application/offset+octet-stream" },
        signal,
        blob.slice(from, from + piece),
        (bytes) => onProgress?.(Math.min(blob.size, from + bytes)),
      );
      if (problem) return problem;
      piece = Math.min(most, piece * 2);
      return have(result);
    };
    /** How long to wait before it goes on; null where it does not. Milliseconds. */
    const judge = (problem: Problem): number | null => {
      const { status = 0, code } = problem;
      const end = endOfProblem(problem);
      const ours = code !== "no_answer";
      const part = offset !== undefined;
      offset = undefined;
      if (end.kind === "busy") return end.retryAfter ?? 0;
      if (id && (status === 404 || status === 410) && again-- > 0) {
        id = undefined;
        return 0;
      }
      // Something in between takes no more at a time.
      if (status === 413 && !ours && part && piece > LEAST) {
        piece = piece > SMALL ? SMALL : piece / 2;
        most = piece;
        return 0;
      }
      if (status === 409 || status === 423) return 0;
      if (ours || (status >= 400 && status < 500 && status !== 408 && status !== 429)) {
        return code === "internal" ? 0 : null;
      }
      // What was under way may be lost: so much less is the next time.
      piece = Math.max(LEAST, piece / 2);
      return 0;
    };

    for (;;) {
      if (signal?.aborted) return { problem: ABORTED };
      let problem: Problem | undefined;
      if (!id) problem = await begin();
      else if (offset === undefined) problem = await look();
      else if (offset < blob.size) problem = await go(offset);
      else {
        const done = await read(id);
        if (done.result) return done;
        ({ problem } = done);
      }
      if (signal?.aborted) return { problem: ABORTED };
      if (!problem) {
        backoff.reset();
        onWait?.(undefined);
        continue;
      }
      const wait = judge(problem);
      if (wait === null) return { problem };
      onWait?.(problem);
      await pause(backoff, wait, signal);
    }
  }

  /** Asks for a file: whether it is there, and how. */
  function read(id: string): Promise<Answer<RoomFile>> {
    const path = `/files/${encodeURIComponent(id)}`;
    return ask(env, address(path), headers(), readFile);
  }

  return {
    upload,
    read,
    /** Where the file's bytes are, or a smaller picture of it. */
    urlOf({ id, name }: Pick<RoomFile, "id" | "name">, preview = false): string {
      const path = `/files/${encodeURIComponent(id)}/${encodeURIComponent(whole(name))}`;
      return roomUrl(options, path, preview ? { preview: 1 } : {});
    },
    /** The most bytes that one file may have, if the server says so. */
    async limit(): Promise<number | undefined> {
      const { result } = await tus("OPTIONS", "/uploads", {}, undefined);
      return Number(result?.headers.get("Tus-Max-Size")) || undefined;
    },
    /** Takes back a file that no message names yet. */
    remove(id: string): Promise<Answer<object>> {
      const path = `/files/${encodeURIComponent(id)}`;
      return ask(env, address(path), headers(), () => ({}), {}, undefined, undefined, "DELETE");
    },
    /** Posts a message with these files, by their ids: at most ten. The text may be empty. */
    post: (files: readonly string[], more: FilePost = {}): Post =>
      client.send(fileCommand(files, more), FILE_CALL),
    /** Doesn't wait for the next try of anything: the network is back. */
    retryNow() {
      for (const go of [...waiting]) go();
    },
  };
}

/** The command that posts a message with files, and how it goes over HTTP. */
export function fileCommand(
  files: readonly string[],
  { text = "", replyTo, mentions = [] }: FilePost = {},
) {
  return {
    type: "post",
    text,
    files,
    ...(replyTo && { replyTo }),
    ...(mentions.length > 0 && { mentions }),
  };
}
export const FILE_CALL = { path: "/messages" };

const ABORTED: Problem = { code: "aborted", title: "It was ended" };

/** It says that all is well, and is no answer of ours. */
function foreign({ status }: Response): Problem {
  return { code: "no_answer", title: "No answer", status: status < 400 ? 0 : status };
}

/** What tus says of a file: names, and values in base64. */
function metadataOf(blob: Blob, { name, type, duration, wave }: UploadOptions): string {
  const said = {
    filename: name ?? (blob as { name?: string }).name ?? "",
    filetype: type ?? blob.type,
    duration: duration ? `${duration}` : "",
    wave: wave?.length ? JSON.stringify(wave) : "",
  };
  return Object.entries(said)
    .filter(([, value]) => value)
    .map(([key, value]) => `${key} ${base64(value)}`)
    .join(",");
}

function base64(text: string): string {
  return btoa(String.fromCharCode(...new TextEncoder().encode(text)));
}

/** Half a character can't be in an address. */
function whole(name: string): string {
  return name.replace(/\p{Surrogate}/gu, "\ufffd") || "file";
}

function byFetch(fetch: typeof globalThis.fetch): Send {
  return (url, init) => fetch(url, { ...init, cache: "no-store" });
}

/** Sends a request and tells its progress, where there is `XMLHttpRequest`. */
export const sendWithProgress: Send = (url, init, onProgress) => {
  if (typeof XMLHttpRequest === "undefined") return byFetch(fetch)(url, init, onProgress);
  const { method, headers, body, signal } = init;
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const failed = () => reject(new TypeError("no answer"));
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded }) => onProgress(loaded);
    request.onload = () => {
      const { status } = request;
      const said = request.getAllResponseHeaders().trim().split(/\r\n/).filter(Boolean);
      const parts = said.map((line): [string, string] => {
        const at = line.indexOf(":");
        return [line.slice(0, at), line.slice(at + 1).trim()];
      });
      const text = status === 204 || status === 304 ? null : request.responseText;
      resolve(new Response(text, { status, headers: parts }));
    };
    request.onerror = failed;
    request.onabort = failed;
    signal.addEventListener("abort", () => request.abort());
    if (signal.aborted) failed();
    else request.send(body ?? null);
  });
};
