import { describe, expect, test } from "vitest";
import { createBackoff } from "../../src/client/backoff.ts";
import { type Cursor, parseCursor, START, seqOf } from "../../src/client/cursor.ts";
import { endOfClose, endOfProblem } from "../../src/client/end.ts";
import type { Member, MessageEvent } from "../../src/client/events.ts";
import { problemOf } from "../../src/client/http.ts";
import { Log } from "../../src/client/log.ts";
import { Outbox } from "../../src/client/outbox.ts";
import { Roster } from "../../src/client/roster.ts";
import { sseParser } from "../../src/client/sse_parser.ts";
import { problem } from "../fake_server.ts";
import { Random } from "../random.ts";

const at = (text: string) => text as Cursor;

describe("cursor", () => {
  test("its shape", () => {
    expect(parseCursor("42-7f3a9c12")).toBe("42-7f3a9c12");
    expect(parseCursor(START)).toBe(START);
    expect(seqOf(at("42-7f3a9c12"))).toBe(42);
    for (const bad of ["", "42", "-1", "x-1", "1-", "01-a", "1-a b", 7, null, undefined]) {
      expect(parseCursor(bad)).toBeUndefined();
    }
  });
});

describe("backoff", () => {
  test("doubles, is jittered in full, and has a bound", () => {
    const highest = createBackoff(() => 0.999999, 4_000);
    expect([0, 0, 0, 0, 0].map(() => highest.next())).toEqual([500, 1_000, 2_000, 4_000, 4_000]);
    const lowest = createBackoff(() => 0);
    expect([0, 0, 0].map(() => lowest.next())).toEqual([0, 0, 0]);
  });

  test("never comes before retryAfter, nor is kept for ever by it", () => {
    const backoff = createBackoff(() => 0.5);
    expect(backoff.next(7_000)).toBe(7_250);
    expect(backoff.next(10 ** 9)).toBeLessThan(10 ** 6);
    backoff.reset();
    expect(backoff.next()).toBe(250);
  });
});

describe("SSE parser", () => {
  const stream =
    ': padding\r\n\r\nretry: 5\r\nevent: welcome\r\ndata: {"a":1}\r\n\r\n' +
    "id: 42-7f\ndata: one\ndata:two\ndata\n\n" +
    "event: live\rid: 43-00\rdata:  spaced\r\r" +
    "unknown: x\nevent: dropped\n\ndata: last\n\ndata: unfinished\n";
  const whole = ['{"a":1}', "one\ntwo\n", " spaced", "last"];

  test("in one piece", () => {
    expect(sseParser()(stream)).toEqual(whole);
  });

  test("in pieces of one character", () => {
    expect([...stream].flatMap(sseParser())).toEqual(whole);
  });

  test("in pieces of any size", () => {
    const random = new Random(3);
    for (let round = 0; round < 300; round++) {
      const parse = sseParser();
      const blocks = [];
      for (let from = 0; from < stream.length; ) {
        const to = from + random.below(9);
        blocks.push(...parse(stream.slice(from, to)));
        from = to;
      }
      expect(blocks).toEqual(whole);
    }
  });
});

describe("outbox", () => {
  test("one is under way at a time, in order", () => {
    const outbox = new Outbox();
    for (const key of ["a", "b", "c"]) outbox.add(key, key, 0);
    expect(outbox.next()?.key).toBe("a");
    expect(outbox.next()).toBeUndefined();
    outbox.interrupted();
    expect(outbox.next()?.key).toBe("a");
    expect(outbox.acknowledged("a", at("5-x"), "", START)).toBe(true);
    expect(outbox.acknowledged("a", at("5-x"), "", START)).toBe(false);
    expect(outbox.posts.map((p) => p.state)).toEqual(["sent", "waiting", "waiting"]);
    expect(outbox.next()?.key).toBe("b");
    outbox.refused("b", { code: "invalid_field", title: "x" });
    expect(outbox.next()?.key).toBe("c");
    expect(outbox.arrived("a")).toBe(false);
    expect(outbox.arrived("c")).toBe(true);
    expect(outbox.posts.map((p) => p.key)).toEqual(["b"]);
    outbox.retry("b", 1);
    expect(outbox.next()?.key).toBe("b");
    outbox.discard("b");
    expect(outbox.posts).toEqual([]);
  });

  test("what was stored before the cursor is not waited for", () => {
    const outbox = new Outbox();
    outbox.add("a", "a", 0);
    outbox.add("b", "b", 0);
    outbox.acknowledged("a", at("5-x"), "", at("9-y"));
    expect(outbox.posts.map((p) => p.key)).toEqual(["b"]);
    outbox.acknowledged("b", at("10-x"), "", at("9-y"));
    expect(outbox.posts).toHaveLength(1);
    outbox.passed(at("10-x"));
    expect(outbox.posts).toEqual([]);
  });
});

describe("log", () => {
  const entry = (id: string) => ({ id: at(id) }) as MessageEvent;

  test("each entry once, in order, and the cursor never goes back", () => {
    const log = new Log();
    expect(log.add(entry("1-a"))).toBe(true);
    expect(log.add(entry("2-b"))).toBe(true);
    expect(log.add(entry("1-a"))).toBe(false);
    expect(log.add(entry("2-b"))).toBe(false);
    expect(log.advance(at("7-c"))).toBe(true);
    expect(log.add(entry("6-d"))).toBe(false);
    expect(log.cursor).toBe("7-c");
    expect(log.entries.map((e) => e.id)).toEqual(["1-a", "2-b"]);
  });

  test("after a reset anything may follow", () => {
    const log = new Log(at("90-a"));
    log.reset();
    expect(log.cursor).toBe(START);
    expect(log.add(entry("1-b"))).toBe(true);
    expect(log.entries).toHaveLength(1);
  });
});

describe("roster", () => {
  const member = (id: string): Member => ({ id, name: id, transport: "ws", joinedAt: "" });
  const change = (type: "joined" | "left", id: string, version: number) =>
    ({ type, roomId: "r", member: member(id), version }) as const;

  test("changes are applied in turn, and a missed one is noticed", () => {
    const roster = new Roster();
    roster.replace({ members: [member("a")], memberCount: 1, version: 10 });
    expect(roster.change(change("joined", "b", 11))).toBe("applied");
    expect(roster.change(change("joined", "b", 11))).toBe("old");
    expect(roster.change(change("joined", "b", 12))).toBe("news");
    expect(roster.change(change("left", "a", 14))).toBe("missed");
    expect(roster.count).toBe(2);
    roster.replace({ members: [member("b")], memberCount: 1, version: 14 });
    roster.replace({ members: [member("old")], memberCount: 1, version: 3 });
    expect(roster.members?.map((m) => m.id)).toEqual(["b"]);
    expect(roster.change(change("left", "b", 15))).toBe("applied");
    expect(roster.count).toBe(0);
  });

  test("the call is what was told, and then who is in it", () => {
    const roster = new Roster();
    const inCall = (id: string, version: number) => ({
      ...change("joined", id, version),
      member: { ...member(id), inCall: true as const },
    });
    const called = (state: "started" | "ended") =>
      roster.called({ type: "call", roomId: "r", state, time: "12:00" });
    roster.replace({ members: [member("a"), member("b")], memberCount: 2, version: 1 });
    expect(roster.change(inCall("a", 2))).toBe("news");
    expect(roster.call).toBeUndefined();
    called("started");
    expect(roster.call).toEqual({ startedAt: "12:00", memberCount: 1 });
    roster.change(inCall("b", 3));
    expect(roster.call).toEqual({ startedAt: "12:00", memberCount: 2 });
    roster.change(change("joined", "a", 4));
    expect(roster.members?.filter((m) => m.inCall).map((m) => m.id)).toEqual(["b"]);
    expect(roster.call?.memberCount).toBe(1);
    roster.change(change("left", "b", 5));
    expect(roster.call).toBeUndefined();
    called("ended");
    expect(roster.call).toBeUndefined();
    roster.replace({ memberCount: 300, version: 6, call: { startedAt: "13:00", memberCount: 7 } });
    expect(roster.call).toEqual({ startedAt: "13:00", memberCount: 7 });
    called("ended");
    called("started");
    expect(roster.call).toEqual({ startedAt: "12:00", memberCount: 1 });
    roster.replace({ memberCount: 300, version: 7 });
    expect(roster.call).toBeUndefined();
  });

  test("a large room has only a size", () => {
    const roster = new Roster();
    roster.replace({ memberCount: 300, version: 1 });
    expect(roster.members).toBeUndefined();
    expect(roster.count).toBe(300);
  });
});

describe("how a connection ended", () => {
  test.each([
    [1000, "left"],
    [1001, "busy"],
    [1006, "lost"],
    [4001, "signed-out"],
    [4003, "forbidden"],
    [4008, "busy"],
    [4013, "busy"],
  ])("close code %i is %s", (code, kind) => {
    expect(endOfClose(code, "").kind).toBe(kind);
  });

  test("the event before the close says when to come back", () => {
    const end = endOfClose(1001, "", { code: "going_away", title: "", retryAfter: 2.5 });
    expect(end).toMatchObject({ kind: "busy", retryAfter: 2_500 });
  });

  test("only our own server can close the door", async () => {
    const end = async (answer: Response) => endOfProblem(await problemOf(answer));
    const own = (status: number, code: string) => end(problem(status, code));
    expect((await own(401, "session_invalid")).kind).toBe("signed-out");
    expect((await own(403, "cross_origin")).kind).toBe("forbidden");
    expect((await own(422, "invalid_field")).kind).toBe("refused");
    expect((await own(503, "unavailable")).kind).toBe("busy");
    expect((await own(403, "constructor")).kind).toBe("lost");
    for (const status of [401, 403, 404, 407, 502, 504]) {
      expect((await end(new Response("<html>", { status }))).kind).toBe("lost");
    }
  });
});
