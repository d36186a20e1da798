import { createFiles, FILE_CALL, type Files, fileCommand } from "../../client/files.ts";
import type { Cursor, Post, Problem } from "../../client/index.ts";
import { oncePerFrame } from "../frame.ts";
import { pageFetch } from "../page_session.ts";
import type { RoomModel } from "../room_model.ts";
import type { Chosen } from "./chosen.ts";
import { type Kept, keepBlob, keepParcel, keptOf, letGo } from "./kept_files.ts";
import { sendAsPage } from "./send.ts";

/** Uploads of the page's room that run beside each other. */
const AT_ONCE = 2;

/** A file of a message that is on its way. */
export interface Part extends Chosen {
  state: "waiting" | "sending" | "failed" | "done";
  /** Bytes that have gone out. */
  sent: number;
  /** Why it failed, or why it pauses. */
  problem?: Problem | undefined;
  abort?: AbortController;
}

/** A message with files that is not in the log yet. */
export interface Parcel {
  key: string;
  at: number;
  text: string;
  replyTo: Cursor | undefined;
  mentions: readonly string[];
  parts: Part[];
  /** It is with the client's other posts. */
  posted: boolean;
  /** The server had lost its files once: they were sent again. */
  again?: boolean;
}

/**
 * Messages with files, from the choosing until they are in the log. The files are uploaded first,
 * and then the message goes out as any other does, under the key that it has had from the start.
 * What is written meanwhile is not held up. All of it is kept by the browser, so that it goes on
 * after a reload.
 */
export class Outgoing {
  /** What is chosen for the next message. */
  chosen: readonly Chosen[] = [];
  readonly files: Files;
  readonly #model: RoomModel;
  readonly #room: string;
  #parcels: Parcel[] = [];
  #stopped = false;
  readonly #listeners = new Set<() => void>();
  readonly #off: (() => void)[];
  readonly #changed = oncePerFrame(() => {
    for (const listener of [...this.#listeners]) listener();
  });

  constructor(model: RoomModel, baseUrl: string) {
    const { client, talk } = model;
    this.#model = model;
    this.#room = talk.room;
    this.files = createFiles(client, {
      baseUrl,
      room: talk.room,
      env: { fetch: pageFetch },
      send: sendAsPage,
    });
    this.#off = [client.on("posts", () => this.#look())];
    const online = () => this.files.retryNow();
    addEventListener("online", online);
    addEventListener("beforeunload", this.#ask);
    // A tab that was closed may have left something: somebody comes to this one then.
    const come = () => document.visibilityState === "visible" && this.#adopt();
    document.addEventListener("visibilitychange", come);
    this.#off.push(() => {
      document.removeEventListener("visibilitychange", come);
      removeEventListener("online", online);
      removeEventListener("beforeunload", this.#ask);
    });
    void this.#adopt();
  }

  /** Is called when something of it changed. Returns what takes the listener off again. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** A part that is on its way; undefined once it is in the log. */
  part(key: string | undefined, id: string): Part | undefined {
    return this.#find(key)?.parts.find((part) => part.id === id || part.done?.id === id);
  }

  /** The client's posts as they are to be shown, and what is not among them yet. */
  shown(posts: readonly Post[]): readonly Post[] {
    const known = new Set(posts.map(({ key }) => key));
    return [
      ...posts.map((post) => {
        const parcel = this.#find(post.key);
        return parcel ? { ...post, command: shownOf(parcel) } : post;
      }),
      ...this.#parcels
        .filter(({ key }) => !known.has(key))
        .map((parcel): Post => {
          const { key, at } = parcel;
          return { key, at, text: "", state: "waiting", command: shownOf(parcel), http: FILE_CALL };
        }),
    ];
  }

  choose(chosen: readonly Chosen[]): void {
    this.chosen = chosen;
    this.#changed();
  }

  /** Sends what is chosen; false when nothing is. */
  sendChosen(text: string, mentions: readonly string[]): boolean {
    const { chosen } = this;
    if (chosen.length === 0) return false;
    this.chosen = [];
    this.send(chosen, text, mentions);
    return true;
  }

  send(chosen: readonly Chosen[], text = "", mentions: readonly string[] = []): void {
    const { reading, writing } = this.#model;
    reading.wrote();
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const parcel: Parcel = {
      key,
      at: Date.now(),
      text,
      replyTo: writing.sent(),
      mentions,
      parts: chosen.map((one) => ({ ...one, state: "waiting", sent: 0 })),
      posted: false,
    };
    this.#parcels.push(parcel);
    this.#model.talk.changed();
    this.#pump();
    this.#keep(parcel);
    for (const part of parcel.parts) void this.#keepBlob(parcel, part);
  }

  /** Somebody wants one file sent after all. */
  retry(part: Part): void {
    if (part.state !== "failed") return;
    part.state = "waiting";
    part.problem = undefined;
    this.#changed();
    this.#pump();
  }

  /** One file is not to be sent. What is left of the message goes out. */
  cancel(key: string, part: Part): void {
    const parcel = this.#find(key);
    if (!parcel || parcel.posted) return;
    this.#end(part);
    parcel.parts = parcel.parts.filter((one) => one !== part);
    if (parcel.parts.length === 0) {
      this.discard(key);
      if (parcel.text) this.#model.talk.post(parcel.text, parcel);
    } else this.#keep(parcel);
    this.#model.talk.changed();
    this.#pump();
  }

  discard(key: string): void {
    const parcel = this.#find(key);
    if (!parcel) return;
    this.#parcels = this.#parcels.filter((one) => one !== parcel);
    if (!parcel.posted) for (const part of parcel.parts) this.#end(part);
    void letGo(this.#room, parcel);
    this.#model.talk.changed();
    this.#pump();
  }

  /** The room is left: what is on its way goes on when somebody comes back. */
  stop(): void {
    this.#stopped = true;
    for (const off of this.#off) off();
    for (const { parts } of this.#parcels) for (const part of parts) part.abort?.abort();
  }

  #find(key: string | undefined): Parcel | undefined {
    return this.#parcels.find((parcel) => parcel.key === key);
  }

  /** Nothing of it goes on, here or on the server. */
  #end(part: Part): void {
    part.abort?.abort();
    const id = part.done?.id ?? part.upload;
    if (id !== undefined) void this.files.remove(id);
  }

  #pump(): void {
    if (this.#stopped) return;
    const parts = this.#parcels.flatMap((parcel) => parcel.parts.map((part) => ({ parcel, part })));
    let free = AT_ONCE - parts.filter(({ part }) => part.state === "sending").length;
    for (const { parcel, part } of parts) {
      if (part.state !== "waiting" || free-- <= 0) continue;
      void this.#upload(parcel, part);
    }
    for (const parcel of this.#parcels) {
      if (parcel.posted) continue;
      if (parcel.parts.every(({ state }) => state === "done")) this.#post(parcel);
      // What waits for somebody holds nothing up; else they go out in order.
      else if (parcel.parts.every(({ state }) => state !== "failed")) break;
    }
  }

  async #upload(parcel: Parcel, part: Part): Promise<void> {
    part.state = "sending";
    const abort = new AbortController();
    part.abort = abort;
    await become(part);
    if (part.abort !== abort || abort.signal.aborted) return;
    const { result, problem } = await this.files.upload(part.blob, {
      name: part.name,
      type: part.type,
      ...(part.duration && { duration: part.duration }),
      ...(part.wave && { wave: part.wave }),
      ...(part.upload !== undefined && { id: part.upload }),
      signal: abort.signal,
      onBegun: (id) => {
        part.upload = id;
        this.#keep(parcel);
      },
      onProgress: (bytes) => {
        part.sent = bytes;
        this.#changed();
      },
      onWait: (problem) => {
        part.problem = problem;
        if (problem) void this.#checkReadable(part);
        this.#changed();
      },
    });
    if (part.abort !== abort || this.#stopped) return;
    part.problem = part.problem?.code === UNREADABLE ? part.problem : problem;
    part.state = result ? "done" : "failed";
    if (result) {
      part.done = result;
      part.sent = part.size;
      this.#keep(parcel);
    }
    this.#model.talk.changed();
    this.#changed();
    this.#pump();
  }

  /** A file that was changed or removed since it was chosen fails as a cut does. */
  async #checkReadable(part: Part): Promise<void> {
    if (await isReadable(part.blob)) return;
    part.problem = { code: UNREADABLE, title: "It can't be read" };
    part.abort?.abort();
  }

  #post(parcel: Parcel): void {
    parcel.posted = true;
    const { key, at, text, replyTo, mentions } = parcel;
    const ids = parcel.parts.flatMap(({ done }) => done?.id ?? []);
    const command = fileCommand(ids, { text, replyTo, mentions });
    const post: Post = { key, at, text: "", state: "waiting", command, http: FILE_CALL };
    this.#model.client.restore([post]);
    this.#look();
  }

  /** What became of the messages that went out. */
  #look(): void {
    const { posts } = this.#model.client;
    for (const parcel of [...this.#parcels]) {
      if (!parcel.posted) continue;
      const post = posts.find(({ key }) => key === parcel.key);
      if (post === undefined) {
        this.#parcels = this.#parcels.filter((one) => one !== parcel);
        void letGo(this.#room, parcel);
      } else if (post.state === "refused" && post.problem?.field === "files" && !parcel.again) {
        queueMicrotask(() => this.#again(parcel));
      }
    }
  }

  /** The server has swept its files meanwhile. */
  #again(parcel: Parcel): void {
    if (!this.#parcels.includes(parcel) || parcel.again) return;
    parcel.again = true;
    parcel.posted = false;
    this.#model.client.discard(parcel.key);
    for (const part of parcel.parts) {
      delete part.done;
      delete part.upload;
      part.state = "waiting";
      part.sent = 0;
    }
    this.#pump();
  }

  /** Takes up what an earlier page, or one that is gone, could not bring out. */
  async #adopt(): Promise<void> {
    const found = await keptOf(this.#room, this.#model.client.session?.clientId);
    for (const kept of found) {
      if (this.#stopped || this.#find(kept.key)) continue;
      this.#parcels.push(parcelOf(kept));
    }
    if (found.length === 0) return;
    this.#parcels.sort((a, b) => a.at - b.at);
    this.#model.talk.changed();
    this.#pump();
  }

  #keep(parcel: Parcel): void {
    if (!this.#find(parcel.key)) return;
    const { key, at, text, replyTo, mentions, parts } = parcel;
    void keepParcel(this.#room, this.#model.client.session?.clientId, {
      key,
      at,
      text,
      mentions,
      ...(replyTo && { replyTo }),
      parts: parts.map(kept),
    });
  }

  async #keepBlob(parcel: Parcel, part: Part): Promise<void> {
    await become(part);
    if (await keepBlob(parcel.key, part.id, part.blob)) this.#keep(parcel);
  }

  /** Closing the page ends what is on its way: one is asked. */
  #ask = (event: BeforeUnloadEvent) => {
    const sends = this.#parcels.some(({ posted }) => !posted);
    if (sends || this.chosen.length > 0) event.preventDefault();
  };
}

/** What is kept of a part: its bytes are kept apart. */
function kept(part: Part) {
  const { blob, state, problem, abort, thumb, becomes, ...rest } = part;
  return rest;
}

/** It is made smaller yet: that is what is sent. */
async function become(part: Part): Promise<void> {
  if (part.becomes === undefined) return;
  const { blob, name, type, size, width, height } = await part.becomes;
  delete part.becomes;
  Object.assign(part, { blob, name, type, size, width, height });
}

export const UNREADABLE = "unreadable";

export async function isReadable(blob: Blob): Promise<boolean> {
  try {
    await blob.slice(0, 1).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function parcelOf({ parts, ...kept }: Kept): Parcel {
  return {
    ...kept,
    replyTo: kept.replyTo,
    posted: false,
    parts: parts.map((part) => ({ ...part, state: part.done ? "done" : "waiting" })),
  };
}

/** The post as it is shown: its files by what is known of them here. */
function shownOf({ text, replyTo, mentions, parts }: Parcel) {
  const files = parts.map(({ id, name, type, size, width, height, duration, wave, done }) => {
    const more = {
      ...(width && { width }),
      ...(height && { height }),
      ...(duration && { duration }),
    };
    return done ?? { id, name, type, size, ...more, ...(wave && { wave }) };
  });
  return { ...fileCommand([], { text, replyTo, mentions }), files };
}
