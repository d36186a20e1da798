import { describe, expect, test } from "vitest";
import { createBackoff } from "../../src/client/backoff.ts";
import { type Cursor, later, parseCursor, START, seqOf } from "../../src/client/cursor.ts";
import { endOfClose, endOfProblem } from "../../src/client/end.ts";
import { defaultEnvironment } from "../../src/client/environment.ts";
import type { Command, Member, RosterSnapshot } from "../../src/client/events.ts";
import { problemOf } from "../../src/client/http.ts";
import { createOutbox } from "../../src/client/outbox.ts";
import { changed } from "../../src/client/roster.ts";
import { sseParser } from "../../src/client/sse_parser.ts";
import { oneRoom } from "../../src/client/target.ts";
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

test("a cursor never goes back", () => {
  let cursor = later(undefined, at("1-a"));
  const seen = ["2-b", "1-a", "2-b", "7-c", "6-d", "7-c"].map((id) => {
    const before = cursor;
    cursor = later(before, at(id));
    return cursor !== before;
  });
  expect(seen, "each is news once").toEqual([true, false, false, true, false, false]);
  expect(cursor).toBe("7-c");
  expect(later(START, at("1-b"))).toBe("1-b");
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
  function start(have?: Cursor) {
    const sent: string[] = [];
    const target = oneRoom({ baseUrl: "http://host/", room: "r", headers: {}, after: have });
    const nothing = () => undefined;
    const send = ({ key = "" }: Command) => sent.push(key) > 0;
    const outbox = createOutbox({
      env: { ...defaultEnvironment(), setTimeout: () => 1, clearTimeout: nothing },
      target: () => target,
      connection: { send, input: nothing },
      onChange: nothing,
      onSignedOut: nothing,
      onOwn: nothing,
    });
    outbox.resume();
    return { outbox, sent, target };
  }

  test("one is under way at a time, in order", () => {
    const { outbox, sent } = start();
    for (const key of ["a", "b", "c"]) outbox.add({ text: key }, key);
    expect(sent.splice(0)).toEqual(["a"]);
    outbox.pause();
    outbox.resume();
    expect(sent.splice(0)).toEqual(["a"]);
    outbox.stored({ key: "a", id: at("5-x"), time: "" });
    outbox.stored({ key: "a", id: at("5-x"), time: "" });
    expect(outbox.posts.map((p) => p.state)).toEqual(["sent", "waiting", "waiting"]);
    expect(sent.splice(0)).toEqual(["b"]);
    outbox.failed("b", { code: "invalid_field", title: "x" });
    expect(sent.splice(0)).toEqual(["c"]);
    outbox.arrived("a");
    outbox.changed();
    expect(sent, "c is under way").toEqual([]);
    outbox.retry("c");
    expect(outbox.posts.map((p) => p.key)).toEqual(["b", "c"]);
    outbox.arrived("c");
    expect(outbox.posts).toMatchObject([{ key: "b", state: "refused" }]);
    outbox.retry("b");
    expect(sent.splice(0)).toEqual(["b"]);
    outbox.discard("b");
    expect(outbox.posts).toEqual([]);
  });

  test("what was stored before the cursor is not waited for", () => {
    const { outbox, target } = start(at("9-y"));
    outbox.add({ text: "a" }, "a");
    outbox.add({ text: "b" }, "b");
    outbox.stored({ key: "a", id: at("5-x"), time: "" });
    expect(outbox.posts.map((p) => p.key)).toEqual(["b"]);
    outbox.stored({ key: "b", id: at("10-x"), time: "" });
    expect(outbox.posts).toHaveLength(1);
    target.after = at("10-x");
    outbox.changed();
    expect(outbox.posts).toEqual([]);
  });

  test("what is restored goes before, and once", () => {
    const { outbox } = start();
    outbox.add({ text: "new" }, "n");
    const old = { key: "o", text: "old", at: 0, state: "waiting" } as const;
    outbox.restore([old, { ...old, key: "n" }]);
    expect(outbox.posts.map((p) => p.text)).toEqual(["old", "new"]);
  });
});

describe("roster", () => {
  const member = (id: string): Member => ({ id, name: id, transport: "ws", joinedAt: "" });
  const change = (type: "joined" | "left", id: string, version: number) =>
    ({ type, roomId: "r", member: member(id), version }) as const;
  const ids = ({ members }: RosterSnapshot) => members?.map((m) => m.id);

  test("changes are applied, and news of somebody who is there change no count", () => {
    let roster: RosterSnapshot = { members: [member("a")], memberCount: 1, version: 10 };
    roster = changed(roster, change("joined", "b", 11));
    expect(roster).toMatchObject({ memberCount: 2, version: 11 });
    roster = changed(roster, change("joined", "b", 12));
    expect(roster).toMatchObject({ memberCount: 2, version: 12 });
    roster = changed(roster, change("left", "a", 13));
    expect(ids(roster)).toEqual(["b"]);
    expect(changed(roster, change("left", "b", 14)).memberCount).toBe(0);
  });

  test("a large room has only a size", () => {
    const large: RosterSnapshot = { memberCount: 300, version: 6 };
    expect(changed(large, change("joined", "a", 7)).memberCount).toBe(301);
    expect(changed(large, change("left", "a", 7)).memberCount).toBe(299);
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

  test.each([
    [403, "password_required", "forbidden"],
    [403, "invite_required", "forbidden"],
    [403, "locked", "forbidden"],
    [403, "full", "forbidden"],
    [403, "banned", "forbidden"],
    [403, "removed", "forbidden"],
    [410, "room_closed", "forbidden"],
    [401, "session_required", "signed-out"],
    [429, "too_much", "busy"],
    [429, "slow_mode", "busy"],
    // It refuses what one says, and ends nothing.
    [403, "muted", "lost"],
  ])("%i %s is %s", async (status, code, kind) => {
    const until = "2026-11-25T12:10:00.000Z";
    const end = endOfProblem(await problemOf(problem(status, code, { until, reason: "spam" })));
    expect(end).toMatchObject({ kind, problem: { code, status, until, reason: "spam" } });
  });

  test("only our own server can close the door", async () => {
    const end = async (answer: Response) => endOfProblem(await problemOf(answer));
    const own = (status: number, code: string) => end(problem(status, code));
    expect((await own(401, "session_invalid")).kind).toBe("signed-out");
    expect((await own(403, "cross_origin")).kind).toBe("forbidden");
    expect((await own(422, "invalid_field")).kind).toBe("refused");
    expect((await own(503, "unavailable")).kind).toBe("busy");
    expect((await own(405, "method_not_allowed")).kind).toBe("refused");
    expect((await own(403, "constructor")).kind).toBe("lost");
    const foreign = async (status: number) =>
      (await end(new Response("<html>", { status }))).foreign;
    expect(await Promise.all([200, 302, 511, 403, 502].map(foreign))).toEqual([
      true,
      true,
      true,
      false,
      false,
    ]);
    for (const status of [401, 403, 404, 407, 502, 504]) {
      expect((await end(new Response("<html>", { status }))).kind).toBe("lost");
    }
  });
});
