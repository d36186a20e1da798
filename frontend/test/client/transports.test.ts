import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { defaultEnvironment } from "../../src/client/environment.ts";
import type { Cursor, End, ServerEvent, SocketLike } from "../../src/client/index.ts";
import { oneRoom, type Target } from "../../src/client/target.ts";
import type { Environment, OpenTransport } from "../../src/client/transport.ts";
import { openPoll } from "../../src/client/transport_poll.ts";
import { openSse } from "../../src/client/transport_sse.ts";
import { openWs } from "../../src/client/transport_ws.ts";
import { problem } from "../fake_server.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

const TARGET: Target = oneRoom({
  baseUrl: "https://host/chat/",
  room: "кухня",
  after: "7-abc" as Cursor,
  headers: { Authorization: "Bearer t" },
});
const ROOM = "https://host/chat/rooms/%D0%BA%D1%83%D1%85%D0%BD%D1%8F";

function run(open: OpenTransport, parts: Partial<Environment>) {
  const events: ServerEvent[] = [];
  const ends: End[] = [];
  const env: Environment = {
    fetch: () => Promise.reject(new TypeError("no network")),
    socket: () => {
      throw new Error("no sockets");
    },
    now: () => Date.now(),
    setTimeout: (go, ms) => Number(setTimeout(go, ms)),
    clearTimeout: (timer) => clearTimeout(timer),
    random: () => 0.5,
    key: () => "k",
    ...parts,
  };
  const connection = open(env, TARGET, {
    event: (event) => events.push(event),
    heard: () => undefined,
    end: (end) => ends.push(end),
  });
  return { connection, events, ends, types: () => events.map((e) => e.type) };
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe("WebSocket", () => {
  function socket() {
    const sent: string[] = [];
    const fake: SocketLike = {
      onopen: null,
      onmessage: null,
      onclose: null,
      onerror: null,
      readyState: 1,
      send: (data) => sent.push(data),
      close: () => undefined,
    };
    return { fake, sent };
  }

  test("its address, events, commands and end", () => {
    const { fake, sent } = socket();
    let asked: unknown[] = [];
    const { connection, events, ends } = run(openWs, {
      socket: (...args) => {
        asked = args;
        return fake;
      },
    });
    expect(asked).toEqual([
      `${ROOM.replace("https", "wss")}/ws?after=7-abc`,
      { Authorization: "Bearer t" },
    ]);
    fake.onmessage?.({ data: '{"type":"ping"}' });
    fake.onmessage?.({ data: "garbage" });
    fake.onmessage?.({ data: new ArrayBuffer(2) });
    expect(events).toEqual([{ type: "ping" }]);
    expect(connection.send({ type: "typing" })).toBe(true);
    fake.readyState = 3;
    expect(connection.send({ type: "typing" })).toBe(false);
    expect(sent).toEqual(['{"type":"typing"}']);
    const closed = fake.onclose;
    closed?.({ code: 1001, reason: "" });
    expect(ends).toMatchObject([{ kind: "busy" }]);
  });

  test("an error of the socket is heard, also once it is closed", () => {
    const { fake } = socket();
    const { connection } = run(openWs, { socket: () => fake });
    connection.close();
    expect(fake.onerror).not.toBeNull();
  });

  test("offers the token as a subprotocol where no header can be set", () => {
    const opened: unknown[][] = [];
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor(...args: unknown[]) {
          opened.push(args);
        }
      },
    );
    const { socket } = defaultEnvironment();
    socket("ws://host/", { Authorization: "Bearer a.b" });
    socket("ws://host/", {});
    vi.unstubAllGlobals();
    expect(opened).toEqual([
      ["ws://host/", ["caller.v1", "caller.token.a.b"]],
      ["ws://host/", []],
    ]);
  });

  test("says nothing once closed", () => {
    const { fake } = socket();
    const { connection, ends } = run(openWs, { socket: () => fake });
    connection.close();
    fake.onclose?.({ code: 1006, reason: "" });
    expect(ends).toEqual([]);
  });
});

describe("event stream", () => {
  const stream = (...chunks: string[]) =>
    new Response(
      new ReadableStream<Uint8Array>({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
          controller.close();
        },
      }),
      { headers: { "Content-Type": "text/event-stream" } },
    );

  test("its address and events; a clean end is a lost one", async () => {
    let asked: [string, RequestInit | undefined] = ["", undefined];
    const { types, ends } = run(openSse, {
      fetch: (url, init) => {
        asked = [String(url), init];
        return Promise.resolve(
          stream(
            '\uFEFFdata: {"type":"ping"}\n\n: pad\n\ndata: {"type":"pi',
            'ng"}\n\nevent: x\ndata: {}\n\n',
          ),
        );
      },
    });
    await pass(0);
    expect(asked[0]).toBe(`${ROOM}/sse?after=7-abc`);
    expect(asked[1]?.headers).toMatchObject({ Authorization: "Bearer t" });
    expect(types()).toEqual(["ping", "ping"]);
    expect(ends).toMatchObject([{ kind: "lost" }]);
  });

  test.each([
    ["our 401", () => problem(401, "session_invalid"), "signed-out"],
    ["our 503", () => problem(503, "unavailable", { retryAfter: 2 }), "busy"],
    ["a proxy's 403", () => new Response("no", { status: 403 }), "lost"],
    ["a captive portal's page", () => new Response("<html>", { status: 200 }), "lost"],
  ])("%s", async (_, answer, kind) => {
    const { ends } = run(openSse, { fetch: () => Promise.resolve(answer()) });
    await pass(0);
    expect(ends).toMatchObject([{ kind }]);
  });
});

describe("long polling", () => {
  const reply = (more: object = {}) =>
    Response.json({
      messages: [],
      cursor: "7-abc",
      reset: false,
      members: [],
      version: 4,
      ...more,
    });

  test("looks like a stream, and proves itself with a short second poll", async () => {
    const asked: string[] = [];
    const answers = [
      () => Promise.resolve(reply()),
      () => Promise.resolve(reply({ version: 5 })),
      () => new Promise<Response>(() => undefined),
    ];
    const { types } = run(openPoll, {
      fetch: (url) => {
        asked.push(new URL(String(url)).search);
        return (answers.shift() as () => Promise<Response>)();
      },
    });
    await pass(100);
    expect(asked).toEqual([
      "?after=7-abc",
      "?after=7-abc&wait=1&roster=4",
      "?after=7-abc&wait=3&roster=5",
    ]);
    expect(types().filter((t) => t !== "unknown")).toEqual(["welcome", "live", "members", "ping"]);
  });

  test("a cursor that can't be served is a reset before the messages", async () => {
    const { events } = run(openPoll, {
      fetch: () => Promise.resolve(reply({ reset: true, reason: "rewritten", cursor: "2-x" })),
    });
    await pass(0);
    expect(events[0]).toMatchObject({ type: "welcome", resumed: false });
    expect(events[1]).toMatchObject({ type: "reset", reason: "rewritten" });
  });

  test("polls that are cut get shorter, and the session goes on", async () => {
    const waits: number[] = [];
    const { ends } = run(openPoll, {
      fetch: (url) => {
        const wait = Number(new URL(String(url)).searchParams.get("wait") ?? 0);
        waits.push(wait);
        return new Promise((resolve, reject) => {
          setTimeout(
            () => (wait > 10 ? reject(new TypeError("cut")) : resolve(reply())),
            Math.min(wait, 10) * 1000,
          );
        });
      },
    });
    await pass(60_000);
    expect(waits.slice(0, 6)).toEqual([0, 1, 3, 8, 20, 8]);
    expect(waits.slice(6).every((wait) => wait === 8)).toBe(true);
    await pass(5 * 60_000);
    expect(waits.filter((wait) => wait > 10).length, "tried longer once more").toBe(2);
    expect(ends).toEqual([]);
  });

  test("a poll without an answer ends by its own time, and three of them end it", async () => {
    let polls = 0;
    const { ends } = run(openPoll, {
      fetch: (_, init) => {
        polls += 1;
        if (polls < 3) return Promise.resolve(reply());
        return new Promise((_, reject) => {
          init?.signal?.addEventListener("abort", () =>
            reject(new DOMException("x", "AbortError")),
          );
        });
      },
    });
    await pass(11_100);
    expect(ends).toEqual([]);
    await pass(30_000);
    expect(ends).toMatchObject([{ kind: "lost", detail: "no_answer timeout" }]);
  });

  test("answers that come at once are not asked for in circles", async () => {
    let polls = 0;
    run(openPoll, {
      fetch: () => {
        polls += 1;
        return Promise.resolve(reply());
      },
    });
    await pass(10_000);
    expect(polls).toBeLessThanOrEqual(12);
  });

  test("a failure at once is an end", async () => {
    const { ends } = run(openPoll, {});
    await pass(0);
    expect(ends).toMatchObject([{ kind: "lost" }]);
  });
});
