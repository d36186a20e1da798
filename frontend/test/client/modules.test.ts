import { readdirSync, readFileSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createClient, type Fields, type ServerEvent, TRANSPORTS } from "../../src/client/index.ts";
import { FakeServer } from "../fake_server.ts";

/** The seams that optional modules stand on: event types of their own, and commands. */

let server: FakeServer;

beforeEach(() => {
  vi.useFakeTimers({ now: Date.parse("2026-11-24T12:00:00Z") });
  server = new FakeServer();
});

afterEach(() => {
  vi.useRealTimers();
});

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

interface Edit {
  target: string;
  text: string;
}

function readEdit(fields: unknown): Edit | undefined {
  const { target, text } = fields as Fields;
  return typeof target === "string" && typeof text === "string" ? { target, text } : undefined;
}

/** An example is `testdata/events/NAME.json`; those of kinds that come later are read too. */
const TESTDATA = new URL("../../../transport/wire/testdata/events/", import.meta.url);
const examples = readdirSync(TESTDATA).map(
  (name) => JSON.parse(readFileSync(new URL(name, TESTDATA), "utf8")) as Fields,
);
const entries = [
  ...examples.filter(({ id, type }) => typeof id === "string" && type !== "ack"),
  ...["edit", "delete", "reaction", "notice", "not-thought-of-yet"].map((type) => ({
    type,
    odd: 1,
  })),
];

describe.each(TRANSPORTS)("over %s", (transport) => {
  const open = () =>
    createClient({
      baseUrl: "http://host/",
      room: "lobby",
      transport,
      session: { clientId: "me", name: "Ann" },
      env: { fetch: server.fetch, socket: server.socket },
      events: { edit: readEdit },
    });

  test("entries of any kind move the cursor, and are otherwise passed over", async () => {
    const client = open();
    const texts: string[] = [];
    let resets = 0;
    client.on("message", ({ text }) => texts.push(text));
    client.on("reset", () => resets++);
    server.post("first");
    client.start();
    await pass(3_000);
    for (const { id: _, roomId: __, ...fields } of entries as Fields[]) server.append(fields);
    server.post("last");
    await pass(3_000);
    const last = server.log.at(-1)?.id;
    expect(client.cursor).toBe(last);
    const told = server.log.filter(({ type }) => type === "message").map(({ text }) => text);
    expect(texts).toEqual(told);

    // Resuming after an entry that is not known loses nothing, and doubles nothing.
    server.append({ type: "not-thought-of-yet" });
    await pass(3_000);
    expect(client.cursor).toBe(server.log.at(-1)?.id);
    server.cutAll();
    server.post("after");
    await pass(20_000);
    expect(texts).toEqual([...told, "after"]);
    expect(resets).toBe(0);
    client.close();
  });

  test("an event that a module reads is told once, and as the module reads it", async () => {
    const client = open();
    const edits: Edit[] = [];
    const events: ServerEvent[] = [];
    client.on("edit", (edit) => edits.push(edit));
    client.on("event", (event) => events.push(event));
    client.start();
    await pass(3_000);
    server.append({ type: "edit", target: "1-a", text: "better" });
    server.append({ type: "edit", target: 7 });
    server.append({ type: "constructor" });
    server.append({ type: "__proto__" });
    await pass(3_000);
    server.cutAll();
    await pass(20_000);
    expect(edits).toEqual([{ target: "1-a", text: "better" }]);
    expect(events).toContainEqual(
      expect.objectContaining({
        type: "unknown",
        name: "edit",
        fields: expect.objectContaining({ target: 7 }),
      }),
    );
    client.close();
  });

  test("a command goes out in order, under its key, until it is answered", async () => {
    const client = open();
    client.start();
    client.post("one");
    const sent = client.send(
      { type: "edit", target: "1-a", text: "two" },
      { method: "PATCH", path: "/messages/1-a" },
    );
    client.post("three");
    expect(client.posts.map(({ text, state }) => [text, state])).toEqual([
      ["one", "waiting"],
      ["", "waiting"],
      ["three", "waiting"],
    ]);
    await pass(5_000);
    expect(client.posts).toEqual([]);
    expect(server.log.map(({ text }) => text)).toEqual(["one", "two", "three"]);
    expect(server.log[1]).toMatchObject({ type: "edit", target: "1-a", key: sent.key });
    const put = "POST /rooms/lobby/messages";
    const asked = transport === "ws" ? [] : [put, "PATCH /rooms/lobby/messages/1-a", put];
    expect(server.sent).toEqual(asked);
    server.refuse = { status: 403, code: "not_allowed" };
    client.send({ type: "delete" }, { method: "DELETE", path: "/messages/1-a" });
    await pass(3_000);
    expect(client.posts).toMatchObject([
      { command: { type: "delete" }, problem: { code: "not_allowed" } },
    ]);
    client.close();
  });
});
