import type { SocketLike } from "../src/client/index.ts";
import { FakeServer, FakeSocket, type Mode, type Path } from "./fake_server.ts";

/**
 * Several rooms of one server: each a FakeServer, and `/stream/…` the streams of some of them in
 * one.
 */
export class FakeRooms {
  readonly rooms = new Map<string, FakeServer>();
  /** What one of the tabs asked for: `/stream/ws?room=a&room=b`. */
  readonly asked: string[] = [];
  readonly #network: Partial<Record<Path, Mode>> = {};

  room(name: string): FakeServer {
    let room = this.rooms.get(name);
    if (room === undefined) {
      room = new FakeServer(name);
      Object.assign(room.network, this.#network);
      this.rooms.set(name, room);
    }
    return room;
  }

  /** One network lies before all rooms. */
  set(path: Path, mode: Mode): void {
    this.#network[path] = mode;
    for (const room of this.rooms.values()) room.network[path] = mode;
  }

  /** Streams that are open, in the room. */
  streams(name: string): number {
    return this.room(name).streams.size;
  }

  fetch = async (input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> => {
    const url = new URL(String(input));
    this.asked.push(url.pathname.replace("/chat", "") + url.search);
    if (!url.pathname.includes("/stream/")) return this.#one(url).fetch(url, init);
    const parts = this.#parts(url);
    if (url.pathname.endsWith("/sse")) return this.#sse(parts, init);
    const controllers = parts.map(() => new AbortController());
    init.signal?.addEventListener("abort", () => {
      for (const controller of controllers) controller.abort();
    });
    const now = parts.map(({ room, url }, i) =>
      room.fetch(url, { ...init, signal: controllers[i]?.signal ?? null }),
    );
    await Promise.race(now);
    const replies = await Promise.all(
      parts.map(async ({ room, url }, i) => {
        controllers[i]?.abort();
        now[i]?.catch(() => undefined);
        url.searchParams.delete("wait");
        const reply = await room.fetch(url, init);
        return { roomId: room.room, ...((await reply.json()) as object) };
      }),
    );
    return Response.json({ rooms: replies });
  };

  socket = (text: string): SocketLike => {
    const url = new URL(text);
    this.asked.push(url.pathname.replace("/chat", "") + url.search);
    if (!url.pathname.includes("/stream/")) return this.#one(url).socket(text);
    const socket = new FakeSocket();
    const parts = this.#parts(url).map((part) => ({
      name: part.room.room,
      socket: part.room.socket(part.url.href),
    }));
    const end = () => {
      if (socket.readyState === 3) return;
      for (const part of parts) part.socket.close();
      socket.end(1006);
    };
    for (const part of parts) {
      part.socket.onmessage = ({ data }) => {
        socket.readyState = 1;
        socket.onmessage?.({ data });
      };
      part.socket.onclose = ({ code }) => code !== 1000 && end();
    }
    socket.onSend = (data) => {
      const { roomId } = JSON.parse(data) as { roomId?: string };
      // A ping is of the connection, and is answered once.
      const part = roomId === undefined ? parts[0] : parts.find(({ name }) => name === roomId);
      part?.socket.send(data);
    };
    socket.onClosed = () => {
      for (const part of parts) part.socket.close();
    };
    return socket;
  };

  #one(url: URL): FakeServer {
    const name = /\/rooms\/([^/]+)/.exec(url.pathname)?.[1];
    return this.room(name ?? "lobby");
  }

  #parts(url: URL): { room: FakeServer; url: URL }[] {
    return url.searchParams.getAll("room").map((place) => {
      const [name = "", after] = place.split("@");
      const one = new URL(`http://host/rooms/${name}${url.pathname.replace(/.*stream/, "")}`);
      if (after !== undefined) one.searchParams.set("after", after);
      const wait = url.searchParams.get("wait");
      if (wait !== null) one.searchParams.set("wait", wait);
      return { room: this.room(name), url: one };
    });
  }

  async #sse(parts: { room: FakeServer; url: URL }[], init: RequestInit): Promise<Response> {
    const abort = new AbortController();
    init.signal?.addEventListener("abort", () => abort.abort());
    const { signal } = abort;
    const replies = await Promise.all(
      parts.map(({ room, url }) => room.fetch(url, { ...init, signal })),
    );
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        for (const reply of replies) {
          const pump = async () => {
            const reader = (reply.body as ReadableStream<Uint8Array>).getReader();
            for (;;) {
              const { done, value } = await reader.read();
              if (done) return;
              controller.enqueue(value);
            }
          };
          pump().catch((error) => {
            abort.abort();
            controller.error(error);
          });
        }
      },
    });
    return new Response(body, { headers: { "Content-Type": "text/event-stream" } });
  }
}
