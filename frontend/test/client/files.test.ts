import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createFiles, type UploadOptions } from "../../src/client/files.ts";
import type { Command, HttpCall, Post, Problem } from "../../src/client/index.ts";
import { FakeFiles, problem } from "../fake_files.ts";

const MB = 1 << 20;
let server: FakeFiles;
const sent: [Command, HttpCall][] = [];

beforeEach(() => {
  vi.useFakeTimers();
  server = new FakeFiles();
  sent.length = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

function make() {
  const client = {
    session: { clientId: "me", name: "Ann", token: "secret" },
    send: (command: Command, http: HttpCall) => {
      sent.push([command, http]);
      return { key: "k", text: "", at: 0, state: "waiting" } as Post;
    },
  };
  const { fetch } = server;
  return createFiles(client, { baseUrl: "http://host/", room: "tea", env: { fetch } });
}

/** Uploads, and lets the time pass that this takes. */
async function upload(blob: Blob, how: UploadOptions = {}, files = make()) {
  let done: Awaited<ReturnType<typeof files.upload>> | undefined;
  void files.upload(blob, how).then((answer) => {
    done = answer;
  });
  for (let i = 0; i < 400 && done === undefined; i++) await vi.advanceTimersByTimeAsync(1_000);
  if (done === undefined) throw new Error(`no end: ${server.calls.join(", ")}`);
  return done;
}

describe("an upload", () => {
  test("says what it is, sends it, and ends with what the server has", async () => {
    const file = new File(["hello"], "Привет ✓.txt", { type: "text/plain" });
    const progress: number[] = [];
    let begun = "";
    const { result } = await upload(file, {
      onProgress: (bytes) => progress.push(bytes),
      onBegun: (id) => {
        begun = id;
      },
    });
    expect(result).toEqual({ id: "f-1", name: "Привет ✓.txt", type: "text/plain", size: 5 });
    expect(begun).toBe("f-1");
    expect(progress.at(-1)).toBe(5);
    expect(server.text("f-1")).toBe("hello");
    expect(server.calls).toEqual(["POST /uploads", "PATCH /uploads/f-1 5", "GET /files/f-1"]);
  });

  test("of a voice note says how long it is, and its wave", async () => {
    const { result } = await upload(new Blob(["x"], { type: "audio/webm" }), {
      name: "note.webm",
      duration: 2.5,
      wave: [0, 31, 4],
    });
    expect(result).toMatchObject({ name: "note.webm", duration: 2.5, wave: [0, 31, 4] });
  });

  test("without a byte has nothing to send", async () => {
    const { result } = await upload(new File([], "empty.txt"));
    expect(result).toMatchObject({ name: "empty.txt", size: 0 });
    expect(server.calls).toEqual(["POST /uploads", "GET /files/f-1"]);
  });

  test("goes in pieces, and on after a cut with what the server has not", async () => {
    let cuts = 0;
    server.meanwhile = (method) => (method === "PATCH" && ++cuts === 2 ? "cut" : undefined);
    const bytes = new Uint8Array(20 * MB).map((_, i) => i % 251);
    const waits: (Problem | undefined)[] = [];
    const { result } = await upload(new Blob([bytes]), { onWait: (why) => waits.push(why) });
    expect(result?.size).toBe(20 * MB);
    expect(server.uploads.get("f-1")?.bytes.length).toBe(20 * MB);
    expect(server.uploads.get("f-1")?.bytes[17 * MB]).toBe((17 * MB) % 251);
    const patches = server.calls.filter((call) => call.startsWith("PATCH"));
    // The second was cut in its middle; the third is what follows, and less at a time.
    expect(patches.map((call) => Number(call.split(" ")[2]) / MB)).toEqual([8, 8, 4, 4]);
    expect(server.calls).toContain("HEAD /uploads/f-1");
    expect(waits.some((why) => why?.code === "no_answer")).toBe(true);
    expect(waits.at(-1)).toBeUndefined();
  });

  test("goes on where an earlier page has begun it", async () => {
    server.uploads.set("f-9", {
      size: 5,
      metadata: { filename: "a.txt" },
      bytes: new TextEncoder().encode("hel"),
    });
    const { result } = await upload(new Blob(["hello"]), { id: "f-9" });
    expect(result?.id).toBe("f-9");
    expect(server.text("f-9")).toBe("hello");
    expect(server.calls).toEqual(["HEAD /uploads/f-9", "PATCH /uploads/f-9 2", "GET /files/f-9"]);
  });

  test("begins anew when the server has forgotten it", async () => {
    const { result } = await upload(new Blob(["hello"]), { id: "f-swept" });
    expect(result?.id).toBe("f-1");
    expect(server.text("f-1")).toBe("hello");
  });

  test("sends less at a time through a proxy that takes no more, and keeps to that", async () => {
    server.meanwhile = (method, _, size) =>
      method === "PATCH" && size > MB ? new Response("too large", { status: 413 }) : undefined;
    const files = make();
    const { result } = await upload(new Blob([new Uint8Array(2 * MB)]), {}, files);
    expect(result?.size).toBe(2 * MB);
    server.calls.length = 0;
    await upload(new Blob([new Uint8Array(MB)]), {}, files);
    expect(server.calls.filter((call) => call.startsWith("PATCH"))).toHaveLength(2);
  });

  test("ends with words where a proxy takes nothing", async () => {
    server.meanwhile = (method) =>
      method === "PATCH" ? new Response("too large", { status: 413 }) : undefined;
    const answer = await upload(new Blob([new Uint8Array(MB)]));
    expect(answer.problem).toMatchObject({ code: "no_answer", status: 413 });
  });

  test.each([
    ["too_large", 413],
    ["not_allowed", 403],
    ["invalid_field", 422],
    ["session_required", 401],
  ])("ends when the server refuses it: %s", async (code, status) => {
    server.meanwhile = () => problem(status, code, { limit: 7 });
    const answer = await upload(new Blob(["hello"]));
    expect(answer.problem).toMatchObject({ code, status, limit: 7 });
    expect(server.calls).toEqual(["POST /uploads"]);
  });

  test.each([
    ["files_unavailable", 503],
    ["too_much", 429],
    ["internal", 500],
  ])("waits and goes on after %s", async (code, status) => {
    let n = 0;
    server.meanwhile = (method) =>
      method === "PATCH" && n++ === 0 ? problem(status, code, { retryAfter: 2 }) : undefined;
    const waits: (string | undefined)[] = [];
    const { result } = await upload(new Blob(["hello"]), {
      onWait: (why) => waits.push(why?.code),
    });
    expect(result?.size).toBe(5);
    expect(waits).toContain(code);
  });

  test("doesn't wait when the network is back", async () => {
    let off = true;
    server.meanwhile = () => (off ? problem(503, "unavailable", { retryAfter: 200 }) : undefined);
    const files = make();
    const answer = files.upload(new Blob(["hello"]));
    await vi.advanceTimersByTimeAsync(1_000);
    off = false;
    files.retryNow();
    await vi.advanceTimersByTimeAsync(1_000);
    expect((await answer).result?.size).toBe(5);
  });

  test("ends when it is told to", async () => {
    server.meanwhile = (method) => (method === "PATCH" ? problem(503, "unavailable") : undefined);
    const abort = new AbortController();
    const files = make();
    const answer = files.upload(new Blob(["hello"]), { signal: abort.signal });
    await vi.advanceTimersByTimeAsync(3_000);
    abort.abort();
    await vi.advanceTimersByTimeAsync(1);
    expect((await answer).problem?.code).toBe("aborted");
    const { length } = server.calls;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.calls).toHaveLength(length);
  });

  test("of what is silent for a minute is tried again", async () => {
    let n = 0;
    const { fetch } = server;
    server.fetch = (input, init) =>
      init?.method === "PATCH" && n++ === 0
        ? new Promise((_, reject) =>
            init.signal?.addEventListener("abort", () => reject(new Error())),
          )
        : fetch(input, init);
    const { result } = await upload(new Blob(["hello"]));
    expect(result?.size).toBe(5);
    expect(n).toBe(2);
  });

  test("takes no portal's page for an answer", async () => {
    let n = 0;
    server.meanwhile = () => (n++ < 2 ? new Response("<h1>Welcome</h1>") : undefined);
    const { result } = await upload(new Blob(["hello"]));
    expect(result?.id).toBe("f-1");
  });
});

test("a message names its files", () => {
  const files = make();
  files.post(["f-1", "f-2"], { text: "look", mentions: ["bob"] });
  files.post(["f-3"]);
  const path = "/messages";
  expect(sent).toEqual([
    [{ type: "post", text: "look", files: ["f-1", "f-2"], mentions: ["bob"] }, { path }],
    [{ type: "post", text: "", files: ["f-3"] }, { path }],
  ]);
});

test("a file's address is safe, whatever its name", () => {
  const files = make();
  expect(files.urlOf({ id: "f-1", name: "a b/?#%.jpg" })).toBe(
    "http://host/rooms/tea/files/f-1/a%20b%2F%3F%23%25.jpg",
  );
  expect(files.urlOf({ id: "f-1", name: "\ud800" }, true)).toBe(
    "http://host/rooms/tea/files/f-1/%EF%BF%BD?preview=1",
  );
  expect(files.urlOf({ id: "f-1", name: "" })).toMatch(/\/f-1\/file$/);
});

test("the server's limit is asked for, and a file can be taken back", async () => {
  server.max = 100;
  const files = make();
  expect(await files.limit()).toBe(100);
  await upload(new Blob(["hello"]), {}, files);
  const { problem } = await files.remove("f-1");
  expect(problem).toBeUndefined();
  expect(server.uploads.size).toBe(0);
});
