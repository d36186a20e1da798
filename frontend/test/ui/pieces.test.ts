import { describe, expect, test } from "vitest";
import type { Cursor, MessageEvent, Person, Post } from "../../src/client/index.ts";
import { connectionView } from "../../src/ui/connection_view.ts";
import { hueOf, initialsOf, lookOf } from "../../src/ui/identity.ts";
import { normalRoom, pinnedTransport, roomHref, roomOf } from "../../src/ui/routes.ts";
import { type Item, type MessageRow, rowsOf } from "../../src/ui/timeline.ts";

describe("who somebody is", () => {
  test("initials", () => {
    expect(initialsOf("Ann")).toBe("A");
    expect(initialsOf("ann-marie smith")).toBe("AS");
    expect(initialsOf("Аня Б.")).toBe("АБ");
    expect(initialsOf("👻")).toBe("?");
  });

  test("a colour by the id, spread over all", () => {
    const hues = new Set(Array.from({ length: 200 }, (_, i) => hueOf(`id-${i}`)));
    expect(hues.size).toBe(10);
    expect(hueOf("id-1")).toBe(hueOf("id-1"));
  });
});

describe("addresses", () => {
  test("rooms under a path, of any script", () => {
    const base = "https://h/chat/";
    expect(roomOf("https://h/chat/rooms/%D0%BA", base)).toBe("к");
    expect(roomOf("https://h/chat/", base)).toBeUndefined();
    expect(roomOf("https://h/chat/rooms/%", base)).toBeUndefined();
    expect(roomHref("к/х", base, "?transport=sse")).toBe(
      "https://h/chat/rooms/%D0%BA%2F%D1%85?transport=sse",
    );
    expect(pinnedTransport("?transport=sse")).toBe("sse");
    expect(pinnedTransport("?transport=carrier-pigeon")).toBeUndefined();
  });

  test("room names as the server takes them", () => {
    expect(normalRoom(" Кухня ")).toBe("кухня");
    expect(normalRoom("a b")).toBeUndefined();
    expect(normalRoom("")).toBeUndefined();
    expect(normalRoom("x".repeat(65))).toBeUndefined();
  });
});

const ANN: Person = { id: "ann", name: "Ann" };
const BOB: Person = { id: "bob", name: "Bob" };
const NOON = new Date(2026, 10, 24, 12).getTime();

let seq = 0;
function message(from: Person, minutes: number, key?: string): Item {
  const at = NOON + minutes * 60_000;
  const entry: MessageEvent = {
    type: "message",
    roomId: "r",
    id: `${++seq}-x` as Cursor,
    from,
    text: "t",
    time: "",
    ...(key === undefined ? {} : { key }),
  };
  return { kind: "message", message: entry, at };
}
const presence = (type: "joined" | "left", person: Person, n: number): Item => ({
  kind: "presence",
  type,
  person,
  at: NOON,
  n,
});
const rows = (items: Item[], posts: Post[] = [], readUpTo?: Cursor) =>
  rowsOf({ items, posts, self: ANN, isOwn: (id) => id === "ann", readUpTo });

describe("the timeline", () => {
  test("groups a person's messages within five minutes", () => {
    const shown = rows([message(BOB, 0), message(BOB, 4), message(BOB, 10), message(ANN, 10)]);
    const marks = shown
      .filter((row): row is MessageRow => row.kind === "message")
      .map((row) => `${row.first ? "[" : ""}${row.from.id}${row.last ? "]" : ""}`);
    expect(marks).toEqual(["[bob", "bob]", "[bob]", "[ann]"]);
  });

  test("groups what a guest says, with another id each time, by its look", () => {
    const guest = (id: string, look: string, name = "ci"): Person => ({
      id,
      name,
      guest: true,
      look,
    });
    const first = [message(guest("1", "L"), 0), message(guest("2", "L"), 1)];
    const shown = rows([...first, message(guest("3", "M"), 2), message(guest("4", "M", "cd"), 3)]);
    const marks = shown
      .filter((row): row is MessageRow => row.kind === "message")
      .map((row) => `${row.first ? "[" : ""}${row.from.id}${row.last ? "]" : ""}`);
    expect(marks).toEqual(["[1", "2]", "[3]", "[4]"]);
    expect(hueOf(lookOf(guest("1", "L")))).toBe(hueOf(lookOf(guest("2", "L"))));
  });

  test("separates days", () => {
    const shown = rows([message(BOB, -24 * 60), message(BOB, 0)]);
    expect(shown.map((row) => row.kind)).toEqual(["day", "message", "day", "message"]);
  });

  test("folds who came and went, and cancels what cancels out", () => {
    const carl: Person = { id: "carl", name: "Carl" };
    const shown = rows([
      message(BOB, 0),
      presence("joined", carl, 1),
      presence("joined", BOB, 2),
      presence("left", carl, 3),
      message(BOB, 1),
      presence("left", BOB, 4),
      presence("joined", BOB, 5),
      presence("joined", ANN, 6),
    ]);
    expect(shown.map((row) => row.kind)).toEqual(["day", "message", "presence", "message"]);
    expect(shown[2]).toMatchObject({ joined: [BOB], left: [] });
  });

  test("a post keeps its row when it becomes an entry", () => {
    const post: Post = { key: "k", text: "t", at: NOON, state: "waiting" };
    expect(rows([], [post])[1]?.rowKey).toBe(rows([message(ANN, 0, "k")])[1]?.rowKey);
  });

  test("marks where one left off, unless the log is another one", () => {
    const items = [message(BOB, 0), message(BOB, 1)];
    const first = items[0]?.kind === "message" ? items[0].message.id : undefined;
    expect(rows(items, [], first).map((row) => row.kind)).toEqual([
      "day",
      "message",
      "unread",
      "message",
    ]);
    expect(rows(items, [], "999-y" as Cursor).some((row) => row.kind === "unread")).toBe(false);
    expect(rows([message(ANN, 2)], [], "1-y" as Cursor).some((r) => r.kind === "unread")).toBe(
      false,
    );
  });
});

describe("the connection", () => {
  const state = { proven: false, failures: 0 };

  test("short breaks are not shown", () => {
    const broken = { ...state, status: "offline", downSince: 1_000, retryAt: 9_000 } as const;
    expect(connectionView(broken, "ws", 2_900)).toMatchObject({ state: "live", changesAt: 3_000 });
    expect(connectionView(broken, "ws", 3_000)).toEqual({
      state: "offline",
      since: 1_000,
      retryAt: 9_000,
    });
  });

  test("the first connection has time, until it fails", () => {
    const first = { ...state, status: "connecting", downSince: 0 } as const;
    expect(connectionView(first, undefined, 5_000).state).toBe("connecting");
    expect(connectionView({ ...first, failures: 1 }, undefined, 5_000).state).toBe("offline");
    expect(connectionView({ ...state, status: "live", transport: "sse" }, "ws", 0)).toEqual({
      state: "live",
      transport: "sse",
    });
  });
});
