import type { Call } from "../src/client/calls.ts";
import type { Cursor, Member, MessageEvent, SocketLike, Transport } from "../src/client/index.ts";
import { START, seqOf } from "../src/client/index.ts";

/**
 * A room's server and the network before it, in memory and in the time of Vitest's fake timers.
 * Give its `fetch` and `socket` to a client. To try another network, add a `Mode` and say in
 * `#deliver` what it does to what is sent.
 *
 * - `ok`: everything passes
 * - `refused`: nothing can be opened, and says so at once
 * - `hang`: nothing can be opened, and does not say so
 * - `mute`: everything opens, and nothing comes down
 * - `freeze`: what was sent within half a second of opening comes down, and then nothing
 * - `deaf`: everything comes down, nothing goes up
 * - `kill`: is cut 300 ms after opening
 * - `cut`: is cut 5 s after opening
 * - `short`: what takes longer than 10 s is refused then
 */
export const MODES = [
  "ok",
  "refused",
  "hang",
  "mute",
  "freeze",
  "deaf",
  "kill",
  "cut",
  "short",
] as const;
export type Mode = (typeof MODES)[number];
export type Path = Transport | "post";

const LATENCY = 20;

/** What can be sent, and with which method over HTTP. */
const COMMANDS = { post: "POST", edit: "PATCH", delete: "DELETE", react: "PUT" };

interface Stream {
  path: Transport;
  openedAt: number;
  /** Sends without asking the network. */
  write(event: object): void;
  /** `code` is what a WebSocket is closed with. */
  cut(code: number): void;
  /** Something was lost on the way: nothing after it can come. */
  broken: boolean;
  closed: boolean;
  lastSent: number;
}

export class FakeServer {
  readonly room: string;
  readonly network: Record<Path, Mode> = { ws: "ok", sse: "ok", poll: "ok", post: "ok" };
  log: MessageEvent[] = [];
  heartbeat = 15;
  /** Answers to posts are lost, though they are stored. */
  loseAnswers = false;
  /** Posts are refused with this status and code. */
  refuse:
    | {
        status: number;
        code: string;
        field?: string;
        limit?: number;
        retryAfter?: number;
        until?: string;
        reason?: string;
      }
    | undefined;
  signedIn = true;
  /** Streams that are open, by transport: what a test asserts about. */
  readonly streams = new Set<Stream>();
  readonly opened: Transport[] = [];
  /** What was sent over HTTP: method and path. */
  readonly sent: string[] = [];
  #tag = "00000001";
  #waiters = new Set<() => void>();
  call: Call | undefined;
  version = 1;
  member: Member = {
    id: "me",
    name: "Ann",
    transport: "ws",
    joinedAt: "2026-11-24T12:00:00.000Z",
  };

  /** Answers instead of the room, where it has an answer. */
  answer: ((method: string, url: URL, init: RequestInit) => Response | undefined) | undefined;
  /** Nobody is let in: streams and polls are refused by this. */
  door: { status: number; code: string; [more: string]: unknown } | undefined;
  /** The room's settings, where somebody owns it. */
  settings: object | undefined;

  /** Who is inside is put out, and not let in again. */
  close(code: string, status = 403, more: object = {}): void {
    this.door = { status, code, ...more };
    for (const stream of [...this.streams]) {
      this.#send(stream, { type: "error", roomId: this.room, code, title: code, ...more });
      setTimeout(() => this.#cut(stream, 4003), LATENCY + 1);
    }
  }

  constructor(room = "lobby") {
    this.room = room;
  }

  /** Somebody amends a message, or says more than a text: what a room's server makes of a command. */
  command(command: Record<string, unknown>, from = { id: "me", name: "Ann" }): MessageEvent {
    const { type, on, key, replyTo, ...fields } = command;
    const known = key === undefined ? undefined : this.log.find((m) => m.key === key);
    if (known !== undefined) return known;
    const answered = this.log.find(({ id }) => id === replyTo);
    return this.append({
      ...fields,
      from,
      ...(key === undefined ? {} : { key }),
      ...(type === "react"
        ? { type: "reaction", on: on !== false }
        : { type: type === "post" ? "message" : type }),
      ...(answered && {
        replyTo: { id: answered.id, from: answered.from, excerpt: answered.text },
      }),
    });
  }

  /** Somebody posts. */
  post(text: string, key?: string, from = { id: "other", name: "Bob" }): MessageEvent {
    const known = key === undefined ? undefined : this.log.find((m) => m.key === key);
    if (known !== undefined) return known;
    return this.append({ type: "message", from, text, ...(key === undefined ? {} : { key }) });
  }

  /** An entry of any kind comes into the log. */
  append(fields: object): MessageEvent {
    const seq = this.log.length === 0 ? 1 : seqOf(this.log[this.log.length - 1]?.id ?? START) + 1;
    const entry = {
      roomId: this.room,
      id: `${seq}-${this.#tag}` as Cursor,
      time: new Date().toISOString(),
      ...fields,
    } as MessageEvent;
    this.log.push(entry);
    for (const stream of this.streams) this.#send(stream, entry);
    for (const wake of [...this.#waiters]) wake();
    return entry;
  }

  /** What is told to streams alone; a poll finds out by itself. */
  tell(event: object): void {
    for (const stream of this.streams) this.#send(stream, event);
  }

  /** The log is lost and begins again: old cursors match nothing. */
  rewrite(): void {
    this.log = [];
    this.#tag = "00000002";
    for (const stream of this.streams) this.#cut(stream);
  }

  /** Only the last `n` are kept. */
  trim(n: number): void {
    this.log = this.log.slice(-n);
  }

  cutAll(): void {
    for (const stream of [...this.streams]) this.#cut(stream);
  }

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    const path: Path = url.pathname.endsWith("/sse")
      ? "sse"
      : init.method !== undefined
        ? "post"
        : "poll";
    const answer = this.answer?.(init.method ?? "GET", url, init);
    if (answer !== undefined) {
      await delay(LATENCY, init.signal);
      return answer;
    }
    if (url.pathname.endsWith("/session")) return this.#session();
    if (url.pathname.endsWith("/read")) return this.#read(init);
    const mode = this.network[path];
    const { signal } = init;
    if (path !== "post") this.opened.push(path);
    if (mode === "refused") {
      await delay(LATENCY, signal);
      throw new TypeError("fetch failed");
    }
    if (mode === "hang" || (mode === "deaf" && path === "post")) await forever(signal);
    await delay(LATENCY, signal);
    if (path !== "post" && this.door !== undefined) {
      const { status, code, ...more } = this.door;
      return problem(status, code, more);
    }
    if (path === "sse") return this.#sse(url, signal);
    if (path === "post") return this.#posted(url, String(init.body), mode, signal, init.method);
    return this.#poll(url, mode, signal);
  };

  socket = (url: string): SocketLike => {
    const socket = new FakeSocket();
    const mode = this.network.ws;
    this.opened.push("ws");
    if (mode === "hang") return socket;
    setTimeout(() => {
      if (socket.readyState !== 0) return;
      if (mode === "refused" || this.door !== undefined) return socket.end(1006);
      socket.readyState = 1;
      const stream = this.#open(
        "ws",
        new URL(url),
        (event) => socket.onmessage?.({ data: JSON.stringify(event) }),
        (code) => socket.end(code),
      );
      socket.onSend = (data) => {
        const command = JSON.parse(data) as { type: string; key: string; text: string };
        if (this.network.ws === "deaf" || this.network.ws === "mute")
          stream.broken ||= this.network.ws === "mute";
        if (this.network.ws === "deaf" || this.network.ws === "mute") return;
        setTimeout(() => {
          if (command.type === "leave") {
            this.streams.delete(stream);
            return socket.end(1000);
          }
          if (command.type === "ping") this.#send(stream, { type: "pong" });
          if (command.key === undefined) return;
          if (this.refuse !== undefined) {
            const { status: _, ...refused } = this.refuse;
            const { key } = command;
            return this.#send(stream, { type: "error", title: refused.code, key, ...refused });
          }
          const { id, time } =
            command.type in COMMANDS ? this.command({ ...command }) : this.append(command);
          if (this.loseAnswers) return this.#cut(stream);
          this.#send(stream, { type: "ack", roomId: this.room, key: command.key, id, time });
        }, LATENCY);
      };
      socket.onClosed = () => this.#close(stream);
    }, LATENCY);
    return socket;
  };

  /** How far the session has read, on any of its devices; it begins at the end. */
  mark: Cursor | undefined;
  /** Tells streams and polls of the mark. */
  marks = false;

  /** The session has read up to a message, here or elsewhere. */
  read(cursor: Cursor): void {
    if (this.mark === undefined || seqOf(cursor) > seqOf(this.mark)) this.mark = cursor;
    this.tell(this.readEvent());
    if (this.marks) for (const wake of [...this.#waiters]) wake();
  }

  readEvent() {
    this.mark ??= this.#cursor();
    const at = this.log.some(({ id }) => id === this.mark) ? seqOf(this.mark ?? START) : 0;
    const unread = this.log.filter(
      (m) => m.type === "message" && m.from.id !== "me" && seqOf(m.id) > at,
    );
    const mentions = unread.filter((m) =>
      (m as unknown as { mentions?: string[] }).mentions?.includes("me"),
    );
    return {
      type: "read",
      roomId: this.room,
      cursor: this.mark,
      unread: unread.length,
      mentions: mentions.length,
    };
  }

  async #read({ method = "GET", body, signal }: RequestInit): Promise<Response> {
    this.sent.push(`${method} /read`);
    if (this.network.post === "refused") throw new TypeError("fetch failed");
    await delay(LATENCY, signal);
    if (method === "POST") this.read((JSON.parse(String(body)) as { cursor: Cursor }).cursor);
    return Response.json(this.readEvent());
  }

  #session(): Response {
    return this.signedIn
      ? Response.json({ clientId: "me", name: "Ann" })
      : problem(401, "session_invalid");
  }

  #sse(url: URL, signal: AbortSignal | null | undefined): Response {
    if (!this.signedIn) return problem(401, "session_invalid");
    const encoder = new TextEncoder();
    let stream: Stream | undefined;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const write = (event: object) =>
          controller.enqueue(encoder.encode(`data: ${JSON.stringify(event)}\n\n`));
        stream = this.#open("sse", url, write, () => controller.error(new TypeError("cut")));
        const opened = stream;
        signal?.addEventListener("abort", () => {
          if (opened.closed) return;
          this.#close(opened);
          controller.error(new DOMException("aborted", "AbortError"));
        });
      },
      cancel: () => stream && this.#close(stream),
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }

  /** What a search by sender finds: an id, or a guest's look. */
  #from(entries: MessageEvent[], who: string | null): MessageEvent[] {
    return entries.filter(({ from }) => who === null || from.id === who || from.look === who);
  }

  async #poll(url: URL, mode: Mode, signal: AbortSignal | null | undefined): Promise<Response> {
    if (!this.signedIn) return problem(401, "session_invalid");
    const wait = Number(url.searchParams.get("wait") ?? 0) * 1000;
    const after = url.searchParams.get("after") ?? undefined;
    if (mode === "mute") await forever(signal);
    if (mode === "freeze" && wait > 0) await forever(signal);
    const cutAfter =
      mode === "kill"
        ? 300
        : mode === "cut"
          ? 5_000
          : mode === "short"
            ? 10_000
            : Number.POSITIVE_INFINITY;
    const read = url.searchParams.get("read");
    const moved = this.marks && read !== null && read !== this.mark;
    const news = this.#after(after);
    if (wait > 0 && news.entries.length === 0 && !news.reset && !moved) {
      await Promise.race([
        delay(Math.min(wait, cutAfter), signal),
        new Promise<void>((resolve) => {
          this.#waiters.add(resolve);
          setTimeout(() => this.#waiters.delete(resolve), wait);
        }),
      ]);
      if (wait > cutAfter && this.#after(after).entries.length === 0) throw new TypeError("cut");
    }
    const { entries, reset } = this.#after(after);
    const cursor = entries.at(-1)?.id ?? this.#cursor();
    await delay(LATENCY, signal);
    return Response.json({
      messages: this.#from(entries, url.searchParams.get("from")),
      cursor,
      reset,
      reason: this.#reason(after),
      members: [this.member],
      call: this.call,
      version: this.version,
      read: this.marks ? this.readEvent() : undefined,
    });
  }

  async #posted(
    url: URL,
    body: string,
    mode: Mode,
    signal: AbortSignal | null | undefined,
    method = "POST",
  ) {
    if (!this.signedIn) return problem(401, "session_invalid");
    this.sent.push(`${method} ${url.pathname}`);
    if (this.refuse !== undefined) {
      const { status, code, ...more } = this.refuse;
      return problem(status, code, more);
    }
    const fields = JSON.parse(body) as { text: string; key: string };
    const { text, key } = fields;
    const [, target, emoji] =
      /\/messages(?:\/([^/]+))?(?:\/reactions\/(.+))?$/.exec(url.pathname) ?? [];
    const on = method === "PUT";
    const type =
      emoji !== undefined
        ? "react"
        : Object.entries(COMMANDS).find(([, how]) => how === method)?.[0];
    const message =
      target === undefined && method === "POST" && !url.pathname.endsWith("/messages")
        ? this.append({ type: method, target: url.pathname, text, key })
        : this.command({
            ...fields,
            type,
            ...(target && { target }),
            ...(emoji && { emoji: decodeURIComponent(emoji), on }),
          });
    if (this.loseAnswers || mode === "mute") throw new TypeError("the answer was lost");
    await delay(LATENCY, signal);
    return Response.json(message, { status: 201 });
  }

  #open(path: Transport, url: URL, write: (event: object) => void, cut: Stream["cut"]): Stream {
    const now = Date.now();
    const stream: Stream = {
      path,
      openedAt: now,
      write,
      cut,
      broken: false,
      closed: false,
      lastSent: now,
    };
    this.streams.add(stream);
    const after = url.searchParams.get("after") ?? undefined;
    const { entries, reset } = this.#after(after);
    this.#send(stream, {
      type: "welcome",
      roomId: this.room,
      clientId: "me",
      name: "Ann",
      resumed: after !== undefined && !reset,
      heartbeat: this.heartbeat,
      stream: "s-1",
      members: [this.member],
      call: this.call,
      version: this.version,
    });
    if (this.settings !== undefined) this.#send(stream, this.settings);
    if (reset) {
      this.#send(stream, { type: "reset", roomId: this.room, reason: this.#reason(after) });
    }
    for (const entry of entries) this.#send(stream, entry);
    this.#send(stream, { type: "live", roomId: this.room, cursor: this.#cursor() });
    if (this.marks) this.#send(stream, this.readEvent());
    setTimeout(() => this.#send(stream, { type: "ping" }), 1_000);
    const heartbeat = () => {
      if (stream.closed) return;
      if (Date.now() - stream.lastSent >= this.heartbeat * 1000)
        this.#send(stream, { type: "ping" });
      setTimeout(heartbeat, 1_000);
    };
    setTimeout(heartbeat, 1_000);
    for (const [ms, modes] of [
      [300, ["kill"]],
      [5_000, ["kill", "cut"]],
      [10_000, ["kill", "cut", "short"]],
    ] as const) {
      setTimeout(() => {
        if ((modes as readonly string[]).includes(this.network[path])) this.#cut(stream);
      }, ms);
    }
    return stream;
  }

  #send(stream: Stream, event: object): void {
    stream.lastSent = Date.now();
    setTimeout(() => {
      if (stream.closed) return;
      const mode = this.network[stream.path];
      const young = Date.now() - stream.openedAt < 500;
      if (mode === "mute" || mode === "hang" || (mode === "freeze" && !young)) stream.broken = true;
      if (!stream.broken) stream.write(event);
    }, LATENCY);
  }

  #cut(stream: Stream, code = 1006): void {
    if (stream.closed) return;
    this.#close(stream);
    stream.cut(code);
  }

  #close(stream: Stream): void {
    stream.closed = true;
    this.streams.delete(stream);
  }

  #after(after: string | undefined): { entries: MessageEvent[]; reset: boolean } {
    if (after === undefined) return { entries: this.log, reset: false };
    const at = this.log.findIndex((m) => m.id === after);
    if (at >= 0) return { entries: this.log.slice(at + 1), reset: false };
    const first = this.log[0];
    const whole = after === START && (first === undefined || seqOf(first.id) === 1);
    return { entries: this.log, reset: !whole };
  }

  #reason(after = ""): string {
    return after.endsWith(this.#tag) ? "expired" : "rewritten";
  }

  #cursor(): Cursor {
    return this.log.at(-1)?.id ?? START;
  }
}

export class FakeSocket implements SocketLike {
  onopen = null;
  onmessage: SocketLike["onmessage"] = null;
  onclose: SocketLike["onclose"] = null;
  onerror = null;
  readyState = 0;
  onSend: ((data: string) => void) | undefined;
  onClosed: (() => void) | undefined;

  send(data: string): void {
    this.onSend?.(data);
  }

  close(): void {
    this.readyState = 3;
    this.onClosed?.();
  }

  end(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code, reason: "" });
  }
}

export function problem(status: number, code: string, more: object = {}): Response {
  return new Response(JSON.stringify({ type: "about:blank", title: code, status, code, ...more }), {
    status,
    headers: { "Content-Type": "application/problem+json" },
  });
}

function delay(ms: number, signal?: AbortSignal | null): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = () => reject(new DOMException("aborted", "AbortError"));
    if (signal?.aborted) return aborted();
    signal?.addEventListener("abort", aborted);
    setTimeout(resolve, ms);
  });
}

function forever(signal?: AbortSignal | null): Promise<void> {
  return delay(2 ** 31 - 1, signal);
}
