// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import type { Cursor, Person, ServerEvent } from "../../src/client/index.ts";
import { isBlank } from "../../src/ui/blank.ts";
import { drawnOf, moved, rangeOf } from "../../src/ui/drawn.ts";
import { Earlier } from "../../src/ui/earlier.ts";
import { Words } from "../../src/ui/i18n/index.ts";
import { NewLine } from "../../src/ui/new_line.ts";
import { presenceText } from "../../src/ui/presence_line.tsx";
import { RosterNews } from "../../src/ui/roster_news.ts";
import { type Item, type PresenceRow, type Row, rowsOf } from "../../src/ui/timeline.ts";
import { usePage } from "./open_page.tsx";

const page = usePage();
const notice = () => page.one("notice").textContent;
const heard = () => [...page.one("heard").children].map((line) => line.textContent);
const hide = (hidden: boolean) => {
  vi.spyOn(document, "hidden", "get").mockReturnValue(hidden);
  document.dispatchEvent(new Event("visibilitychange"));
};

describe("the start", () => {
  test("offers the room that was meant", async () => {
    await page.open("/");
    await page.fill("start-room", "Москва 2026");
    await page.click("join");
    expect(document.querySelector("[role=alert]")?.textContent).toContain("64");
    expect(page.one("start-offer").textContent).toBe("Join москва-2026");
    await page.click("start-offer");
    expect(decodeURIComponent(location.pathname)).toBe("/rooms/москва-2026");
  });

  test.each(["½", ".", "..", "\u0301"])(
    "says that %s is no name, and offers nothing",
    async (typed) => {
      await page.open("/");
      await page.fill("start-room", typed);
      await page.click("join");
      expect(location.pathname).toBe("/");
      expect(document.querySelector("[role=alert]")?.textContent).toContain("64");
      expect(page.all("start-offer")).toHaveLength(0);
    },
  );

  test("opens a link to a message of this server", async () => {
    page.server.post("one");
    await page.open("/");
    await page.fill("start-room", `${location.origin}/rooms/lobby#1-00000001`);
    await page.click("join");
    await page.pass(300);
    expect(location.pathname + location.hash).toBe("/rooms/lobby#1-00000001");
    expect(page.one("message").dataset.linked).toBe("");
  });

  test("has the focus on its heading when one comes back, and not before", async () => {
    await page.open("/");
    expect(document.activeElement).toBe(document.body);
    page.away();
    await page.open("/rooms/lobby");
    await page.click("leave");
    await page.pass(100);
    expect(document.activeElement?.textContent).toBe("Chat rooms");
  });
});

const fill = (n: number) => {
  for (let i = 1; i <= n; i++) page.server.post(`m${i}`);
};

describe("a link to a message", () => {
  test("shows it, with the focus on it", async () => {
    fill(5);
    await page.open("/rooms/lobby#2-00000001");
    await page.pass(300);
    expect(page.all("message").filter((m) => m.dataset.linked === "").length).toBe(1);
    expect(document.activeElement?.textContent).toContain("m2");
    // Another one, by the address bar.
    location.hash = "#4-00000001";
    window.dispatchEvent(new PopStateEvent("popstate"));
    await page.pass(300);
    expect(document.activeElement?.textContent).toContain("m4");
    expect(document.querySelectorAll("[data-linked]")).toHaveLength(1);
  });

  test("draws it, however far from the end it is", async () => {
    fill(900);
    await page.open("/rooms/lobby#100-00000001");
    await page.pass(3_000);
    expect(document.activeElement?.textContent).toContain("m100");
    expect(page.texts().length).toBeLessThan(800);
  });

  test.each(["3-00000001", "3-ffffffff", "99-00000001"])("says that %s is gone", async (id) => {
    fill(12);
    page.server.trim(5);
    await page.open(`/rooms/lobby#${id}`);
    await page.pass(500);
    expect(notice()).toBe("This message is no longer kept");
    expect(document.querySelectorAll("[data-linked]")).toHaveLength(0);
  });
});

describe("a link to what has not come yet", () => {
  test("waits for it while there is no connection", async () => {
    fill(3);
    await page.open("/rooms/lobby");
    for (const path of ["ws", "sse", "poll"] as const) page.server.network[path] = "refused";
    page.server.cutAll();
    await page.pass(1_000);
    page.server.post("the fourth");
    location.hash = "#4-00000001";
    window.dispatchEvent(new PopStateEvent("popstate"));
    await page.pass(1_000);
    expect(notice()).not.toBe("This message is no longer kept");
    for (const path of ["ws", "sse", "poll"] as const) page.server.network[path] = "ok";
    await page.pass(60_000);
    expect(document.activeElement?.textContent).toContain("the fourth");
  });
});

describe("what is heard", () => {
  test("nothing of the past, and each message once, with its author and without its time", async () => {
    for (let i = 0; i < 100; i++) page.server.post(`old ${i}`);
    await page.open("/rooms/lobby");
    const log = document.querySelector("[role=log]") as HTMLElement;
    expect(log.ariaLive ?? log.getAttribute("aria-live")).toBe("off");
    await page.pass(2_000);
    expect(heard()).toEqual([]);
    page.server.post("hello");
    await page.pass(100);
    expect(heard()).toEqual(["Bob: hello"]);
    page.server.post("again");
    await page.pass(100);
    expect(heard()).toEqual(["Bob: hello", "Bob: again"]);
    await page.pass(30_000);
    expect(heard()).toEqual([]);
  });

  test("not one's own, unless it was refused", async () => {
    await page.open("/rooms/lobby");
    page.server.post("there");
    await page.pass(100);
    await page.fill("composer-input", "mine");
    await page.click("send");
    await page.pass(200);
    expect(heard()).toEqual(["Bob: there"]);
    page.server.refuse = { status: 422, code: "invalid_field", field: "text", limit: 4000 };
    await page.fill("composer-input", "too long");
    await page.click("send");
    await page.pass(200);
    expect(heard().slice(1)).toEqual([
      "Not sent. The message is too long: at most 4,000 characters.",
    ]);
  });

  test("the first message of an empty room", async () => {
    await page.open("/rooms/lobby");
    page.server.post("first");
    await page.pass(100);
    expect(heard()).toEqual(["Bob: first"]);
  });

  test("many at once as their number", async () => {
    page.server.post("old");
    await page.open("/rooms/lobby");
    for (let i = 0; i < 50; i++) page.server.post(`m${i}`);
    await page.pass(100);
    expect(heard()).toEqual(["50 new messages"]);
  });

  test("nothing of what is kept after a reset, and then what is new", async () => {
    for (let i = 0; i < 20; i++) page.server.post(`old ${i}`);
    await page.open("/rooms/lobby");
    page.server.rewrite();
    page.server.post("kept");
    await page.pass(3_000);
    expect(page.texts()).toEqual(["kept"]);
    expect(heard()).toEqual([]);
    page.server.post("new");
    await page.pass(100);
    expect(heard()).toEqual(["Bob: new"]);
  });

  test("days are headings", async () => {
    page.server.post("today");
    await page.open("/rooms/lobby");
    expect([...document.querySelectorAll("[role=log] h2")].map((h) => h.textContent)).toEqual([
      "Today",
    ]);
  });
});

describe("a server that lost everything", () => {
  test("says so once, where the messages were", async () => {
    page.server.post("old");
    await page.open("/rooms/lobby");
    page.server.rewrite();
    await page.pass(3_000);
    expect(notice()).toBe("");
    const log = document.querySelector("[role=log]");
    expect(log?.textContent).toContain("Earlier messages are no longer kept");
    expect(log?.textContent).not.toContain("No messages yet");
    page.server.post("new");
    await page.pass(100);
    expect(page.texts()).toEqual(["new"]);
    expect(log?.textContent).not.toContain("no longer kept");
  });
});

describe("the new line", () => {
  const line = () => {
    const rows = [...document.querySelectorAll("[role=log] .message, [role=log] .unread")];
    return rows[rows.findIndex((row) => row.matches(".unread")) + 1]?.textContent;
  };

  test("is before what came while the tab was hidden, not before one's own of another tab", async () => {
    page.server.post("read");
    await page.open("/rooms/lobby");
    hide(true);
    page.server.post("from my other tab", "k", { id: "me", name: "Ann" });
    page.server.post("news");
    page.server.post("more");
    await page.pass(1_000);
    hide(false);
    await page.pass(300);
    expect(document.querySelectorAll(".unread")).toHaveLength(1);
    expect(line()).toContain("news");
  });

  test("stays until one was at the end again", () => {
    const at = (n: number) => `${n}-x` as Cursor;
    const line = new NewLine(at(3));
    line.came();
    expect(line.readUpTo).toBe(at(3));
    line.watch(true, at(9));
    line.came();
    expect(line.readUpTo).toBe(at(3));
    line.watch(false, at(10));
    line.came();
    line.came();
    expect(line.readUpTo).toBe(at(10));
    line.watch(true, at(12));
    line.wrote();
    expect(line.readUpTo).toBeUndefined();
  });
});

describe("earlier messages", () => {
  test("are read again when one was amended on the way", async () => {
    const at = (n: number) => `${n}-x` as Cursor;
    const message = (n: number, text: string) => ({
      type: "message",
      roomId: "r",
      id: at(n),
      from: { id: "b", name: "Bob" },
      text,
      time: "",
    });
    const texts = ["before", "after"];
    const asked: string[] = [];
    vi.stubGlobal("fetch", async (address: string) => {
      asked.push(address);
      const text = texts[asked.length - 1] ?? "";
      if (asked.length === 1) earlier.amended(at(2));
      return Response.json({ messages: asked.length < 3 ? [message(2, text)] : [] });
    });
    const states: string[] = [];
    const earlier = new Earlier("http://host/messages", () => states.push(earlier.state));
    earlier.load(at(3));
    await page.pass(100);
    expect(earlier.entries).toMatchObject([{ text: "after" }]);
    earlier.load(at(3));
    await page.pass(100);
    expect(asked.map((address) => new URL(address).search)).toEqual([
      "?before=3-x&limit=50",
      "?before=3-x&limit=50",
      "?before=2-x&limit=50",
    ]);
    expect(states).toEqual(["loading", "more", "loading", "none"]);
  });
});

test.each([
  "",
  " \n",
  "\u200b",
  "\u3164",
  "\u2800",
  "\u00ad",
  "\u0085",
  "\u2060 \ufeff",
  "\ufff9",
  "\ufffc",
])("a text of %j shows nothing, and is not sent", async (text) => {
  expect(isBlank(text)).toBe(true);
  expect(isBlank(`${text}a`)).toBe(false);
  await page.open("/rooms/lobby");
  await page.fill("composer-input", text);
  expect((page.one("send") as HTMLButtonElement).disabled).toBe(true);
});

describe("which rows are drawn", () => {
  const rows = (from: number, to: number): Row[] =>
    Array.from(
      { length: to - from },
      (_, i) => ({ kind: "message", rowKey: `m${from + i}` }) as Row,
    );

  test("the same ones, whatever comes before and after them", () => {
    const range = rangeOf(rows(500, 1_000), 200, 400);
    const more = rows(0, 2_000);
    const { from, to } = drawnOf(more, range, false);
    expect([more[from]?.rowKey, more[to - 1]?.rowKey]).toEqual(["m700", "m899"]);
  });

  test("a day goes with its first message, which names it", () => {
    const day: Row = { kind: "day", rowKey: "day:1", at: 0 };
    const range = rangeOf([day, ...rows(5, 9)], 0, 5);
    const earlier = [day, ...rows(0, 9)];
    expect(drawnOf(earlier, range, false)).toEqual({ from: 6, to: 10 });
  });

  test("a window of them at the end, a bounded number elsewhere", () => {
    const all = rows(0, 2_000);
    expect(drawnOf(all, rangeOf(all, 0, 2_000), true)).toEqual({ from: 1_700, to: 2_000 });
  });

  test("more where one scrolls to, and fewer on the other side, but none that are near", () => {
    const up = { from: 500, to: 800, up: true, down: false, near: { from: 490, to: 540 } };
    expect(moved(up, 4, 2_000)).toEqual({ from: 496, to: 792 });
    expect(moved({ ...up, to: 548 }, 4, 2_000)).toEqual({ from: 496, to: 546 });
    expect(moved({ ...up, to: 545 }, 4, 2_000)).toEqual({ from: 496, to: 545 });
    expect(moved({ ...up, from: 2 }, 4, 2_000)).toMatchObject({ from: 0 });
    const tall = { ...up, near: { from: 490, to: 798 } };
    expect(moved(tall, 4, 2_000)).toEqual({ from: 496, to: 798 });
    const down = { from: 500, to: 800, up: false, down: true, near: { from: 508, to: 810 } };
    expect(moved(down, 4, 2_000)).toEqual({ from: 508, to: 804 });
    // One is where enough is drawn: what is far goes still.
    const here = { from: 500, to: 800, up: false, down: false, near: { from: 600, to: 650 } };
    expect(moved(here, 4, 2_000)).toEqual({ from: 500, to: 792 });
    expect(moved({ ...here, to: 650 }, 4, 2_000)).toEqual({ from: 508, to: 650 });
    // Both ends are near: nothing goes, so that nothing comes and goes for ever.
    const all = { from: 500, to: 800, up: false, down: false, near: { from: 490, to: 810 } };
    expect(moved(all, 4, 2_000)).toEqual({ from: 500, to: 800 });
  });

  test("few at a time, all the way up and down a long room", () => {
    const count = 2_000;
    const n = 4;
    let drawn = { from: 1_700, to: count };
    let steps = 0;
    /** On screen are ten rows, around 20 on each side have to be there, and 30 may be. */
    const goTo = (top: number) => {
      for (; ; steps++) {
        const { from, to } = drawn;
        const up = from > Math.max(0, top - 20);
        const down = !up && to < Math.min(count, top + 30);
        const near = { from: Math.max(from, top - 30), to: Math.min(to, top + 40) };
        const next = moved({ from, to, up, down, near }, n, count);
        expect(Math.max(0, from - next.from) + Math.max(0, next.to - to)).toBeLessThanOrEqual(n);
        expect(Math.max(0, next.from - from) + Math.max(0, to - next.to)).toBeLessThanOrEqual(
          2 * n,
        );
        if (next.from === from && next.to === to) return;
        drawn = next;
      }
    };
    for (let top = 1_990; top >= 0; top -= 10) goTo(top);
    expect(drawn).toEqual({ from: 0, to: 50 });
    for (let top = 0; top <= 1_990; top += 10) goTo(top);
    expect(drawn).toEqual({ from: 1_950, to: 2_000 });
    expect(steps).toBeGreaterThan(900);
  });
});

describe("who came and went", () => {
  const words = new Words("en");
  const person = (n: number): Person => ({ id: `p${n}`, name: `P${n}` });
  const member = (n: number) => ({ ...person(n), transport: "ws", joinedAt: "" });
  const members = (n: number) => Array.from({ length: n }, (_, i) => member(i));
  /** The one line of all that a roster's news come to. */
  const lineOf = (events: object[]): string => {
    const news = new RosterNews();
    let n = 0;
    const items: Item[] = events.flatMap((event) =>
      news
        .take({ roomId: "r", ...event } as ServerEvent)
        .map((change) => ({ ...change, at: 0, n: n++ })),
    );
    const rows = rowsOf({ items, posts: [], self: person(999), isOwn: () => false });
    return rows.map((row) => presenceText(words, row as PresenceRow)).join("; ");
  };
  const welcome = (n: number, version = 1) =>
    n > 200
      ? { type: "welcome", memberCount: n, version }
      : { type: "welcome", members: members(n), memberCount: n, version };
  const counted = (memberCount: number, version: number) => ({
    type: "members",
    memberCount,
    version,
  });

  test("1,100 come and go", () => {
    const came = Array.from({ length: 199 }, (_, i) => ({
      type: "joined",
      member: member(i + 1),
      version: i + 2,
    }));
    const counts = [300, 700, 1_101, 600, 210].map((n, i) => counted(n, 300 + i));
    const few = { type: "members", members: members(3), memberCount: 3, version: 400 };
    expect(lineOf([welcome(1), ...came, ...counts, few])).toBe(
      "Many people joined · Many people left",
    );
  });

  test("150 leave a large room, and the last of them are named", () => {
    const gone = Array.from({ length: 22 }, (_, i) => ({
      type: "left",
      member: member(i),
      version: 10 + i,
    }));
    expect(lineOf([welcome(300), counted(200, 2), counted(172, 3), ...gone])).toBe(
      "Many people left",
    );
  });

  test("a few in a large room are no news", () => {
    expect(lineOf([welcome(300), counted(301, 2), counted(299, 3)])).toBe("");
  });

  test("a roster told as a whole is compared: by polling, and after news that was missed", () => {
    const next = { type: "members", members: members(4).slice(1), memberCount: 3, version: 5 };
    expect(lineOf([welcome(2), next])).toBe(
      "\u2068P2\u2069 and \u2068P3\u2069 joined · \u2068P0\u2069 left",
    );
  });

  test("who has other news has not come again, and old news count once", () => {
    const again = { type: "joined", member: member(0), version: 2 };
    const left = { type: "left", member: member(1), version: 3 };
    expect(lineOf([welcome(2), again, left, left])).toBe("\u2068P1\u2069 left");
  });
});

test("how far one has read is kept when the page goes at once", async () => {
  await page.open("/rooms/lobby");
  const read = () => JSON.parse(localStorage.getItem("caller.rooms") ?? "[]")[0]?.read;
  expect(read()).toBeUndefined();
  window.dispatchEvent(new Event("pagehide"));
  // Nothing was said yet: what comes from now on is new, also to a page that comes later.
  expect(read()).toBe("0-0");
});

test("how many people there are is not said before it is known", async () => {
  page.server.network.ws = page.server.network.sse = page.server.network.poll = "hang";
  await page.open("/rooms/lobby");
  expect(page.one("people-count").textContent).toBe("");
  expect(page.one("people-toggle").title).toBe("People");
  expect(document.body.textContent).not.toContain("0 people");
});
