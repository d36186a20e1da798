// @vitest-environment happy-dom
import { describe, expect, test } from "vitest";
import { en } from "../../src/admin/i18n/en.ts";
import { ru } from "../../src/admin/i18n/ru.ts";
import { loadWords, Words } from "../../src/admin/i18n/words.ts";
import { EMPTY, withEarlier, withEntry } from "../../src/admin/log.ts";
import { cut, isolated, piecesOf } from "../../src/admin/parts/safe.ts";
import { hrefTo, parseRoute } from "../../src/admin/route.ts";
import { patchOf } from "../../src/admin/screens/settings.tsx";
import type { LogEntry, RoomSettings } from "../../src/admin/shapes.ts";
import { heard } from "../../src/admin/use_live.ts";

describe("somebody's text", () => {
  test.each([
    ["plain", [{ text: "plain" }]],
    ["", []],
    ["a\u202eb", [{ text: "a" }, { hidden: "U+202E" }, { text: "b" }]],
    ["\u0000\u0007", [{ hidden: "U+0000" }, { hidden: "U+0007" }]],
    ["\u2068x\u2069", [{ hidden: "U+2068" }, { text: "x" }, { hidden: "U+2069" }]],
    ["\u{e0041}", [{ hidden: "U+E0041" }]],
    ["two\nlines\tand a tab", [{ text: "two\nlines\tand a tab" }]],
    ["علي", [{ text: "علي" }]],
    // Emoji and Persian are written with joiners.
    ["👩‍💻 می‌خواهم", [{ text: "👩‍💻 می‌خواهم" }]],
  ])("%j shows what doesn't show", (text, pieces) => {
    expect(piecesOf(text)).toEqual(pieces);
  });

  test("has no more pieces than can be looked at, and nothing hidden in the rest", () => {
    const pieces = piecesOf("a\u202e".repeat(10_000));
    expect(pieces.length).toBeLessThan(100);
    expect(JSON.stringify(pieces)).not.toContain("\u202e");
  });

  test("is cut between characters", () => {
    expect(cut("abc", 3)).toEqual({ text: "abc", whole: true });
    expect(cut("ab🙂c", 3)).toEqual({ text: "ab…", whole: false });
    expect(cut("ab🙂c", 4)).toEqual({ text: "ab🙂…", whole: false });
  });

  test("is isolated in a sentence, and can't end that", () => {
    expect(isolated("Eve\u2069\u202e")).toBe("\u2068Eve\ufffd\ufffd\u2069");
    expect(isolated("x".repeat(500)).length).toBeLessThan(100);
  });
});

describe("a place", () => {
  test.each([
    ["", { page: "overview", params: {} }],
    ["#/rooms", { page: "rooms", params: {} }],
    ["#/rooms/tea/members", { page: "rooms", of: "tea", part: "members", params: {} }],
    ["#/rooms/%D1%87%D0%B0%D0%B9", { page: "rooms", of: "чай", params: {} }],
    ["#/rooms/100%", { page: "rooms", of: "100%", params: {} }],
    ["#/rooms?query=a%26b&after=x%3Fy", { page: "rooms", params: { query: "a&b", after: "x?y" } }],
  ])("%j is read", (hash, route) => {
    expect(parseRoute(hash)).toEqual(route);
  });

  test.each(["tea", "чай", "a.b", "..", "a/b?c#d", "100%"])("of %j leads there", (of) => {
    const href = hrefTo({ page: "rooms", of, part: "bans", params: { query: of, none: "" } });
    expect(parseRoute(href)).toEqual({ page: "rooms", of, part: "bans", params: { query: of } });
  });
});

describe("a room's log", () => {
  const message = (n: number, text = `message ${n}`): LogEntry => ({
    type: "message",
    id: `${n}-aaaa`,
    text,
    from: { id: "ann", name: "Ann" },
  });
  const texts = (log: typeof EMPTY) => log.rows.map(({ text }) => text);

  test("has each entry once, in its order", () => {
    let log = withEarlier(EMPTY, [message(3), message(4)]);
    for (const n of [4, 5, 3, 6, 6]) log = withEntry(log, message(n));
    log = withEarlier(log, [message(1), message(2), message(3)]);
    expect(texts(log)).toEqual([1, 2, 3, 4, 5, 6].map((n) => `message ${n}`));
    expect(log.news).toBe(2);
  });

  test("is changed by what amends it", () => {
    let log = withEarlier(EMPTY, [message(1), message(2)]);
    const from = { id: "bob", name: "Bob" };
    const amend = (type: string, more: object) => {
      log = withEntry(log, { type, id: "9-b", from, target: "1-aaaa", time: "t", ...more });
    };
    amend("edit", { text: "better" });
    expect(log.rows[0]).toMatchObject({ text: "better", editedAt: "t" });
    amend("reaction", { emoji: "👍", on: true });
    amend("reaction", { emoji: "👍", on: true });
    amend("reaction", { emoji: "👍", on: false });
    expect(log.rows[0]?.reactions).toEqual([{ emoji: "👍", count: 1 }]);
    amend("delete", {});
    expect(log.rows[0]).toEqual({
      type: "message",
      id: "1-aaaa",
      deleted: true,
      from: { id: "ann", name: "Ann" },
    });
    amend("edit", { target: "7-none", text: "nobody" });
    expect(texts(log)).toEqual([undefined, "message 2"]);
  });

  test("is short after it was cleared, and never too long", () => {
    let log = EMPTY;
    for (let n = 1; n <= 700; n++) log = withEntry(log, message(n));
    expect(log.rows).toHaveLength(500);
    log = withEntry(log, { type: "notice", id: "701-b", what: "cleared" });
    expect(log.rows.map(({ what }) => what)).toEqual(["cleared"]);
  });

  test("takes what it doesn't know for nothing", () => {
    for (const entry of [{ type: "call" }, {}, { type: "message" }]) {
      expect(withEntry(EMPTY, entry as LogEntry)).toBe(EMPTY);
    }
  });
});

describe("what the server tells by itself", () => {
  const none = { state: "live" as const, stats: undefined, rooms: new Map() };

  test("are totals, and rooms that changed", () => {
    const stats = { rooms: 3 };
    expect(heard(none, "stats", stats).stats).toEqual(stats);
    const now = heard(none, "rooms", { rooms: [{ room: "tea", members: 2 }, null, {}] });
    expect([...now.rooms]).toEqual([["tea", { room: "tea", members: 2 }]]);
    expect(heard(now, "rooms", { rooms: null }).rooms.size).toBe(1);
    expect(heard(now, "rooms", "nonsense")).toBe(now);
  });

  test("is not remembered without end", () => {
    const rooms = Array.from({ length: 5_000 }, (_, n) => ({ room: `r${n}` }));
    const now = heard(none, "rooms", { rooms });
    expect(now.rooms.size).toBe(2_000);
    expect(now.rooms.has("r4999")).toBe(true);
  });
});

test("only what was changed of the settings is sent", () => {
  const before = { title: "Tea", locked: false, slowMode: 0 } as RoomSettings;
  expect(patchOf(before, { ...before, locked: true })).toEqual({ locked: true });
  expect(patchOf(before, { ...before })).toEqual({});
});

describe("the words", () => {
  test("are all there in Russian, with the same values", () => {
    const valuesOf = (text: unknown) => [...JSON.stringify(text).matchAll(/\{(\w+)\}/g)];
    const names = (text: unknown) => [...new Set(valuesOf(text).map(([, name]) => name))].sort();
    expect(Object.keys(ru).sort()).toEqual(Object.keys(en).sort());
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(names(ru[key]), key).toEqual(names(en[key]));
    }
  });

  test("have plurals, sizes and lengths of time", async () => {
    await loadWords("ru");
    const [english, russian] = [new Words("en"), new Words("ru")];
    expect(english.plural("didAnnounce", 1)).toBe("Announced in 1 room.");
    expect(russian.plural("didAnnounce", 3)).toBe("Объявлено в 3 комнатах.");
    expect(english.bytes(0)).toBe("0 byte");
    expect(english.bytes(1_500_000)).toBe("1.5 MB");
    expect(english.span(86_400)).toBe("1 day");
    expect(english.span(5_400)).toBe("90 minutes");
    expect(english.lasting(90_000)).toBe("1 day");
    expect(english.maybe("check_store", "store")).toBe("Redis");
    expect(english.maybe("toString", "as it is")).toBe("as it is");
  });
});
