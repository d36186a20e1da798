import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  type Amendment,
  amend,
  amendmentOf,
  followConversation,
  type Message,
  postedText,
  readAmendment,
  readMessage,
} from "../../src/client/conversation.ts";
import {
  type Cursor,
  createClient,
  decodeEvent,
  type MessageEvent,
  TRANSPORTS,
} from "../../src/client/index.ts";
import { FakeServer } from "../fake_server.ts";

const TESTDATA = new URL("../../../transport/wire/testdata/events/", import.meta.url);
const example = (name: string) => {
  const event = decodeEvent(readFileSync(new URL(name, TESTDATA), "utf8"));
  if (event === undefined) throw new Error(name);
  return event;
};

const ANN = { id: "ann", name: "Ann" };
const BOB = { id: "bob", name: "Bob" };
const id = (seq: number) => `${seq}-a` as Cursor;
const message: Message = {
  type: "message",
  roomId: "r",
  id: id(1),
  from: ANN,
  text: "one",
  time: "2026-11-24T12:00:00.000Z",
  key: "k",
  replyTo: { id: id(7) },
  mentions: ["bob"],
};
const edit = (seq: number, text: string): Amendment => ({
  type: "edit",
  id: id(seq),
  target: id(1),
  from: ANN,
  time: "t",
  text,
});
const reacting = (seq: number, emoji: string, on: boolean, from = ANN): Amendment => ({
  type: "reaction",
  id: id(seq),
  target: id(1),
  from,
  time: "t",
  emoji,
  on,
});
const deletion: Amendment = { type: "delete", id: id(9), target: id(1), from: ANN, time: "t" };

describe("what is read", () => {
  test.each(readdirSync(TESTDATA))("%s never throws, and is a message or an amendment", (name) => {
    const event = example(name);
    if (event.type === "message") expect(readMessage(event)).toMatchObject({ id: event.id });
    const isAmendment = /^(edit|delete|reaction(-off)?)\.json$/.test(name);
    expect(readAmendment(event) !== undefined).toBe(isAmendment);
  });

  test("messages as they are now", () => {
    expect(readMessage(example("message-amended.json") as MessageEvent)).toMatchObject({
      editedAt: "2026-11-24T12:05:02.500Z",
      reactions: [
        { emoji: "👍", count: 2 },
        { emoji: "🎉", count: 1 },
      ],
      amended: "49-1337c0de",
    });
    expect(readMessage(example("message-deleted.json") as MessageEvent)).toMatchObject({
      text: "",
      deleted: true,
    });
    expect(readMessage(example("message-reply.json") as MessageEvent)).toMatchObject({
      replyTo: { id: "42-7f3a9c12", from: { name: "Ann" }, excerpt: "hello" },
      mentions: ["0b0d8a0e-7a54-4f0e-9a47-0d9f0b6f2b11"],
    });
  });

  test.each([
    { replyTo: "x", mentions: "y", reactions: { a: 1 }, amended: 3, editedAt: 5, deleted: "no" },
    {
      replyTo: { id: "no cursor" },
      reactions: [null, {}, { emoji: "👍", count: -1 }],
      mentions: [1],
    },
  ])("nonsense is left out", (fields) => {
    const { replyTo: _, mentions: __, ...plain } = message;
    const read = readMessage({ ...plain, fields });
    expect(read).toMatchObject({ text: "one" });
    expect(read.reactions ?? []).toEqual([]);
    expect(read.mentions ?? []).toEqual([]);
    for (const name of ["replyTo", "amended", "editedAt", "deleted"] as const) {
      expect(read[name]).toBeUndefined();
    }
  });

  test.each([
    { name: "edit", fields: { target: "1-a", from: ANN } },
    { name: "delete", fields: { target: "x", from: ANN } },
    { name: "delete", fields: { target: "1-a" } },
    { name: "reaction", fields: { target: "1-a", from: ANN, emoji: 1 } },
    { name: "void", fields: { target: "1-a", from: ANN } },
    { name: "toString", fields: { target: "1-a", from: ANN } },
  ])("$name of $fields is no amendment", ({ name, fields }) => {
    const entry = { id: "2-a", ...fields };
    expect(readAmendment({ type: "unknown", name, id: id(2), fields: entry })).toBeUndefined();
  });
});

describe("what an amendment does", () => {
  test("an edit changes the text, the time and whom it is for", () => {
    const edited = amend(message, edit(2, "two"));
    expect(edited).toMatchObject({ text: "two", editedAt: "t", replyTo: { id: id(7) }, key: "k" });
    expect(edited).not.toHaveProperty("mentions");
    expect(message.text).toBe("one");
  });

  test("nothing of a deleted message is left, and nothing changes it any more", () => {
    const gone = amend(amend(message, reacting(2, "👍", true)), deletion);
    expect(gone).toEqual({
      type: "message",
      roomId: "r",
      id: id(1),
      from: ANN,
      text: "",
      time: message.time,
      key: "k",
      deleted: true,
      amended: id(9),
    });
    expect(amend(gone, edit(12, "back"))).toBe(gone);
  });

  test("reactions are counted, each person once", () => {
    let now = amend(message, reacting(2, "👍", true));
    now = amend(now, reacting(3, "👍", true, BOB));
    now = amend(now, reacting(4, "👍", true, BOB));
    now = amend(now, reacting(5, "🎉", true, BOB));
    expect(now.reactions).toEqual([
      { emoji: "👍", count: 2, by: ["ann", "bob"] },
      { emoji: "🎉", count: 1, by: ["bob"] },
    ]);
    now = amend(now, reacting(6, "👍", false, ANN));
    now = amend(now, reacting(7, "👍", false, ANN));
    now = amend(now, reacting(8, "🎉", false, BOB));
    expect(now.reactions).toEqual([{ emoji: "👍", count: 1, by: ["bob"] }]);
    expect(amend(now, reacting(9, "👍", false, BOB))).not.toHaveProperty("reactions");
  });

  test("of a crowd, whoever is not known by an id can go too", () => {
    const crowd = { ...message, reactions: [{ emoji: "👍", count: 30, by: ["ann"] }] };
    expect(amend(crowd, reacting(2, "👍", false, BOB)).reactions).toEqual([
      { emoji: "👍", count: 29, by: ["ann"] },
    ]);
  });

  test("what is in the message already is passed over, and so is what is of another one", () => {
    const later = { ...message, amended: id(5) };
    expect(amend(later, edit(5, "older"))).toBe(later);
    expect(amend(later, edit(4, "older"))).toBe(later);
    expect(amend(later, edit(6, "newer")).text).toBe("newer");
    const other = { ...message, id: id(3) };
    expect(amend(other, edit(6, "newer"))).toBe(other);
  });
});

describe.each(TRANSPORTS)("over %s", (transport) => {
  let server: FakeServer;
  const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
  const open = () => {
    const client = createClient({
      baseUrl: "http://host/",
      room: "lobby",
      transport,
      session: { clientId: "me", name: "Ann" },
      env: { fetch: server.fetch, socket: server.socket },
    });
    const changed: Message[] = [];
    const talk = followConversation(client, (message) => changed.push(message));
    client.start();
    return { client, talk, changed };
  };

  beforeEach(() => {
    vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
    server = new FakeServer();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("edits, deletions and reactions go out, come back, and change the message", async () => {
    const first = server.post("first", "k1", { id: "me", name: "Ann" });
    const { client, talk, changed } = open();
    await pass(3_000);
    const sent = talk.edit(first.id, "better", ["bob"]);
    expect(amendmentOf(sent, ANN)).toMatchObject({
      type: "edit",
      text: "better",
      mentions: ["bob"],
    });
    talk.react(first.id, "👍");
    talk.react(first.id, "🎉");
    talk.react(first.id, "🎉", false);
    await pass(5_000);
    expect(client.posts).toEqual([]);
    expect(talk.get(first.id)).toMatchObject({
      text: "better",
      mentions: ["bob"],
      reactions: [{ emoji: "👍", count: 1, by: ["me"] }],
    });
    talk.remove(first.id);
    await pass(5_000);
    expect(talk.messages).toMatchObject([{ id: first.id, text: "", deleted: true }]);
    expect(client.messages[0]).toMatchObject({ text: "" });
    expect(changed).toHaveLength(5);
    expect(server.log.slice(1).map(({ type }) => type as string)).toEqual([
      "edit",
      "reaction",
      "reaction",
      "reaction",
      "delete",
    ]);
    client.close();
  });

  test("replies and mentions go out with a post", async () => {
    const first = server.post("first");
    const { client, talk } = open();
    await pass(3_000);
    const post = talk.post("@Bob yes", { replyTo: first.id, mentions: ["other"] });
    expect(postedText(post)).toBe("@Bob yes");
    expect(amendmentOf(post, ANN)).toBeUndefined();
    expect(postedText(talk.post("plain"))).toBe("plain");
    await pass(3_000);
    expect(client.posts).toEqual([]);
    expect(talk.messages.slice(1)).toMatchObject([
      { text: "@Bob yes", replyTo: { id: first.id, excerpt: "first" }, mentions: ["other"] },
      { text: "plain" },
    ]);
    client.close();
  });

  test("an amendment that comes twice, or that is in the message, counts once", async () => {
    const first = server.post("first");
    const { client, talk, changed } = open();
    await pass(3_000);
    server.append({ type: "reaction", target: first.id, from: BOB, emoji: "👍", on: true });
    await pass(3_000);
    server.cutAll();
    await pass(20_000);
    expect(talk.get(first.id)?.reactions).toEqual([{ emoji: "👍", count: 1, by: ["bob"] }]);
    expect(changed).toHaveLength(1);

    // What was read elsewhere counts if it is newer, and does not undo what is known.
    const text = "as it is now";
    const fields = { ...first, text, amended: "99-a" };
    expect(talk.add([{ ...first, text, fields }])).toMatchObject([{ text, amended: "99-a" }]);
    expect(talk.add([{ ...first, fields: { ...first } }])).toMatchObject([{ text }]);
    client.close();
  });

  test("a refusal waits for a decision", async () => {
    const first = server.post("first");
    const { client, talk } = open();
    await pass(3_000);
    server.refuse = { status: 409, code: "conflict" };
    talk.edit(first.id, "too late");
    await pass(3_000);
    expect(client.posts).toMatchObject([{ state: "refused", problem: { code: "conflict" } }]);
    client.close();
  });
});
