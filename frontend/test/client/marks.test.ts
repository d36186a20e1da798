import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type ClientOptions,
  type Cursor,
  createClient,
  type MessageEvent,
  TRANSPORTS,
} from "../../src/client/index.ts";
import { followMarks } from "../../src/client/marks.ts";
import { FakeServer } from "../fake_server.ts";

let server: FakeServer;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
  server = new FakeServer();
  server.marks = true;
});

afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const me = { id: "me", name: "Ann" };

function open(options: Partial<ClientOptions> = {}, mark?: Cursor) {
  const all = {
    baseUrl: "http://host/",
    room: "lobby",
    session: { clientId: "me", name: "Ann" },
    env: { fetch: server.fetch, socket: server.socket },
    ...options,
  };
  const client = createClient(all);
  const marks = followMarks(client, { ...all, mark });
  client.start();
  return { client, marks };
}

const counts = ({ marks }: ReturnType<typeof open>) => [marks.unread, marks.mentions];
const mention = (text: string, from = { id: "other", name: "Bob" }) =>
  server.append({ type: "message", from, text, mentions: ["me", "third"] });

describe.each(TRANSPORTS)("over %s", (transport) => {
  test("a first visit has missed nothing, and counts what others write from then on", async () => {
    server.post("before");
    const one = open({ transport });
    await pass(3_000);
    expect(counts(one)).toEqual([0, 0]);
    const first = server.post("one");
    server.post("mine, from another tab", "k", me);
    const hit = mention("@Ann");
    await pass(3_000);
    expect(counts(one)).toEqual([2, 1]);
    expect(one.marks.firstUnread).toBe(first.id);
    expect(one.marks.lastMention).toBe(hit.id);
    one.client.close();
  });

  test("devices agree, each with what came since", async () => {
    const messages = ["a", "b", "c"].map((text) => server.post(text));
    server.mark = messages[0]?.id;
    const [phone, desk] = [open({ transport }), open({ transport })];
    await pass(3_000);
    expect([counts(phone), counts(desk)]).toEqual([
      [2, 0],
      [2, 0],
    ]);
    phone.marks.read(messages[1]?.id as Cursor);
    expect(counts(phone)).toEqual([1, 0]);
    await pass(3_000);
    expect(counts(desk)).toEqual([1, 0]);
    expect(server.mark).toBe(messages[1]?.id);
    server.post("d");
    await pass(3_000);
    expect([counts(phone), counts(desk)]).toEqual([
      [2, 0],
      [2, 0],
    ]);
    phone.client.close();
    desk.client.close();
  });

  test("are right after a resume, and after the log was lost", async () => {
    const one = open({ transport });
    await pass(3_000);
    const first = server.post("one");
    await pass(2_000);
    one.marks.read(first.id);
    await pass(3_000);
    expect(counts(one)).toEqual([0, 0]);
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "refused";
    server.cutAll();
    for (let i = 0; i < 3; i++) server.post(`missed ${i}`);
    server.post("mine", "k", me);
    for (const path of ["ws", "sse", "poll"] as const) server.network[path] = "ok";
    await pass(60_000);
    expect(counts(one)).toEqual([3, 0]);

    // What is kept then is all new, though its numbers were read before.
    server.rewrite();
    server.mark = undefined;
    server.post("new");
    await pass(60_000);
    expect(counts(one)).toEqual([1, 0]);
    one.client.close();
  });

  test("what is taken back is not counted any more", async () => {
    const one = open({ transport });
    await pass(3_000);
    const message = mention("@Ann, sorry");
    const other = server.post("other");
    await pass(3_000);
    expect(counts(one)).toEqual([2, 1]);
    const edit = { type: "edit", target: message.id, text: "sorry", from: message.from };
    server.append(edit);
    await pass(3_000);
    expect(counts(one)).toEqual([2, 0]);
    server.append({ type: "delete", target: other.id, from: other.from });
    await pass(3_000);
    expect(counts(one)).toEqual([1, 0]);
    one.client.close();
  });
});

test.each(TRANSPORTS)("over %s nobody asks for the mark: it comes by itself", async (transport) => {
  const messages = ["a", "b", "c"].map((text) => server.post(text));
  server.mark = messages[0]?.id;
  const told: string[] = [];
  const one = open({ transport });
  one.client.on("event", (event) => {
    if (event.type !== "unknown" || event.name !== "read") return;
    expect(one.client.state.status).toBe("live");
    told.push(String(event.fields?.cursor));
  });
  await pass(3_000);
  expect([counts(one), one.marks.settled, one.marks.told]).toEqual([[2, 0], true, messages[0]?.id]);
  // Read on another device, also between two polls.
  server.read(messages[1]?.id as Cursor);
  await pass(1_500);
  expect([counts(one), one.marks.told]).toEqual([[1, 0], messages[1]?.id]);
  await pass(120_000);
  expect(counts(one)).toEqual([1, 0]);
  expect(server.sent).not.toContain("GET /read");
  expect(new Set(told)).toEqual(new Set([messages[0]?.id, messages[1]?.id]));
  one.client.close();
});

test("a mark that this device kept counts before the server says its own", async () => {
  const messages = ["a", "b", "c"].map((text) => server.post(text));
  server.mark = messages[0]?.id;
  const one = open({}, messages[1]?.id);
  await pass(500);
  expect(counts(one)).toEqual([1, 0]);
  // It is ahead of the server's, which hears of it.
  await pass(5_000);
  expect(server.mark).toBe(messages[1]?.id);
  one.client.close();
});

test("a mark of a log that was lost while nobody looked says nothing about this one", async () => {
  server.post("new");
  server.mark = "500-old" as Cursor;
  const one = open({}, "500-old" as Cursor);
  await pass(3_000);
  expect(counts(one)).toEqual([1, 0]);
  one.marks.read(server.log[0]?.id as Cursor);
  expect(counts(one)).toEqual([0, 0]);
  one.client.close();
});

test("all that was read in a moment is told at once, and not more often than that", async () => {
  const one = open();
  await pass(3_000);
  for (let i = 0; i < 100; i++) {
    const { id } = server.post(`m${i}`);
    await pass(30);
    one.marks.read(id);
  }
  await pass(3_000);
  const told = server.sent.filter((call) => call === "POST /read").length;
  expect(told).toBeGreaterThan(0);
  expect(told).toBeLessThanOrEqual(4);
  expect(server.mark).toBe(server.log.at(-1)?.id);
  one.client.close();
});

test("what could not be told is told when there is a way again", async () => {
  const one = open();
  await pass(3_000);
  const { id } = server.post("seen");
  await pass(1_000);
  server.network.post = "refused";
  one.marks.read(id);
  await pass(5_000);
  expect(server.mark).toBe("0-0");
  server.network.post = "ok";
  await pass(5_000);
  expect(server.mark).toBe(id);
  one.client.close();
});

test("a guest has a mark of this page alone, and nobody is told", async () => {
  server.marks = false;
  const one = open({ session: null });
  await pass(3_000);
  const { id } = server.post("hello");
  await pass(1_000);
  expect(counts(one)).toEqual([1, 0]);
  one.marks.read(id);
  expect(counts(one)).toEqual([0, 0]);
  await pass(5_000);
  expect(server.sent).toEqual([]);
  one.client.close();
});

test("a client that resumes counts with what the server says of the messages before", async () => {
  const messages = Array.from({ length: 10 }, (_, i) => server.post(`m${i}`));
  server.mark = messages[2]?.id;
  const one = open({ after: messages[6]?.id as Cursor });
  await pass(3_000);
  expect(counts(one)).toEqual([7, 0]);
  one.marks.add(messages.slice(3, 7) as MessageEvent[]);
  server.read(messages[3]?.id as Cursor);
  await pass(1_000);
  expect(counts(one)).toEqual([6, 0]);
  one.marks.read(messages[8]?.id as Cursor);
  expect(counts(one)).toEqual([1, 0]);
  one.client.close();
});
