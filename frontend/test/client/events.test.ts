import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  decodeEvent,
  readEvent,
  readMessages,
  readProblem,
  readRoster,
  readSession,
} from "../../src/client/events.ts";
import { parseObject } from "../../src/client/shape.ts";
import { Random } from "../random.ts";

/** The wire's examples, which the Go tests read too. */
const TESTDATA = new URL("../../../transport/wire/testdata/", import.meta.url);
const read = (file: string) => readFileSync(new URL(file, TESTDATA), "utf8");
const names = (folder: string) => readdirSync(new URL(folder, TESTDATA)).sort();

describe("the examples of the wire", () => {
  test.each(names("events/"))("%s is decoded whole", (file) => {
    const json = read(`events/${file}`);
    const raw = JSON.parse(json) as Record<string, unknown>;
    const event = decodeEvent(json);
    if (event?.type === "unknown") {
      // A kind that a module reads: nothing of it is lost, and an entry can be resumed after.
      expect(event.name).toBe(raw.type);
      expect(event.fields).toEqual(raw);
      expect([event.roomId, event.id]).toEqual([raw.roomId, raw.id]);
      return;
    }
    expect(event?.type).toBe(raw.type);
    if (event?.type === "message") {
      // What else a message may have is for modules.
      const { type, roomId, id, from, text, time, key } = raw;
      expect(event).toMatchObject({ type, roomId, id, from, text, time, ...(key ? { key } : {}) });
      expect(event.fields).toEqual(raw);
      return;
    }
    if (event?.type === "ping") return;
    // Every field of the example is there, but for the size that a listed roster has by itself.
    const { memberCount, ...decoded } = event as unknown as Record<string, unknown>;
    const { memberCount: rawCount, ...expected } = raw;
    expect(decoded).toMatchObject(expected);
    if (rawCount !== undefined) expect(memberCount).toBe(rawCount);
  });

  test.each(names("errors/"))("%s is a problem", (file) => {
    const raw = JSON.parse(read(`errors/${file}`)) as Record<string, unknown>;
    const { type: _, status: __, ...expected } = raw; // the answer's status is the answer's own
    expect(readProblem(raw)).toEqual(expected);
  });

  test("replies are read", () => {
    expect(readSession(parseObject(read("replies/session.json")))?.name).toBe("Ann");
    expect(readRoster(parseObject(read("replies/members.json")))?.members).toHaveLength(1);
    const reply = readMessages(parseObject(read("replies/messages.json")));
    expect(reply?.messages.map(({ type }) => type)).toContain("message");
    expect(reply?.cursor).toBe("42-7f3a9c12");
    const several = parseObject(read("replies/stream-messages.json")) as { rooms: unknown[] };
    expect(several.rooms.map((room) => readMessages(room)?.reset)).toEqual([false, true]);
  });
});

test("the call of a roster is read, and who is in it", () => {
  const json =
    '{"type":"members","roomId":"r","members":[{"id":"a","name":"","transport":"","joinedAt":"","inCall":true}],' +
    '"call":{"startedAt":"x","memberCount":1},"memberCount":1,"version":7}';
  expect(decodeEvent(json)).toEqual(JSON.parse(json));
});

describe("what is not known", () => {
  test("an unknown type is passed over, and moves the cursor if it is an entry", () => {
    expect(decodeEvent('{"type":"reaction","id":"7-0badcafe","to":1}')).toEqual({
      type: "unknown",
      name: "reaction",
      id: "7-0badcafe",
      fields: { type: "reaction", id: "7-0badcafe", to: 1 },
    });
    expect(decodeEvent('{"type":"weather"}')).toEqual({
      type: "unknown",
      name: "weather",
      fields: { type: "weather" },
    });
  });

  test("unknown fields are passed over", () => {
    expect(decodeEvent('{"type":"ping","time":"x","mood":"good"}')).toEqual({ type: "ping" });
  });

  test.each([
    "",
    "null",
    "[]",
    "42",
    '"ping"',
    "{",
    "{}",
    '{"type":7}',
    '{"type":"message"}',
    '{"type":"message","id":"x","from":{},"text":7}',
    '{"type":"message","id":"1-a","from":null,"text":"t"}',
    '{"type":"live","cursor":"nonsense"}',
    '{"type":"joined","member":[],"version":"1"}',
    '{"type":"ack","key":1,"id":"1-a"}',
    '{"type":"welcome"}',
    '{"type":"error"}',
  ])("%s is nothing", (json) => {
    expect(decodeEvent(json)).toBeUndefined();
  });

  test("garbage made from the examples never throws", () => {
    const random = new Random(5);
    const examples = names("events/").map((file) => read(`events/${file}`));
    const odd = ["null", "[]", "{}", "-1", '""', "1e999", "true", '"\\u0000"'];
    for (let i = 0; i < 5_000; i++) {
      const json = random.of(examples);
      const at = random.below(json.length);
      const cut = json.slice(0, at) + random.of(odd) + json.slice(at + random.below(12));
      expect(() => decodeEvent(cut)).not.toThrow();
      const fields = JSON.parse(json) as Record<string, unknown>;
      fields[random.of(Object.keys(fields).slice(1).concat("x"))] = JSON.parse(random.of(odd));
      expect(() => readEvent(fields)).not.toThrow();
    }
  });
});
