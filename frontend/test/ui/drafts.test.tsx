// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import { readDraft } from "../../src/ui/conversation/draft.ts";
import { lasting } from "../../src/ui/storage.ts";
import { usePage } from "./open_page.tsx";

const page = usePage();
const { pass, all, one, texts, fill, click, press, open } = page;
const field = () => one("composer-input") as HTMLTextAreaElement;
const LONG = "a draft of some length, ".repeat(5);

describe("a draft is kept with each keystroke, by room", () => {
  test.each([
    ["going elsewhere in the page", () => page.away()],
    ["the end of the tab", () => page.closeTab()],
    ["a reload", () => page.reload()],
  ])("%s at once leaves all of it", async (_, leave) => {
    await open("/rooms/lobby");
    field().value = LONG;
    field().dispatchEvent(new Event("input", { bubbles: true }));
    leave();
    await open("/rooms/kitchen");
    expect(field().value).toBe("");
    page.away();
    await open("/rooms/lobby");
    expect(field().value).toBe(LONG);
  });

  test("back to the start, and back", async () => {
    await open("/rooms/lobby");
    await fill("composer-input", LONG);
    document.querySelector<HTMLButtonElement>(".back")?.click();
    await pass(50);
    page.away();
    await open("/rooms/lobby");
    expect(field().value).toBe(LONG);
  });

  test("a change of name that is ended with Esc", async () => {
    await open("/rooms/lobby");
    await fill("composer-input", LONG);
    await click("menu");
    await click("change-name");
    expect(all("composer-input")).toHaveLength(0);
    press(one("name-input"), "Escape");
    await pass(50);
    expect(field().value).toBe(LONG);
  });

  test("a tab that is there keeps its own", async () => {
    const draft = { text: "theirs" };
    const value = { beat: Date.now(), posts: [], draft };
    localStorage.setItem("caller.posts.lobby/other", JSON.stringify(value));
    await open("/rooms/lobby");
    expect(field().value).toBe("");
    await pass(200_000);
    expect(field().value).toBe("");
    page.away();
    await open("/rooms/lobby");
    expect(field().value).toBe("theirs");
  });

  test("where nothing can be stored it lasts as long as the page", async () => {
    const full = () => {
      throw new DOMException("full", "QuotaExceededError");
    };
    const storage = { getItem: full, setItem: full, removeItem: full };
    vi.stubGlobal("localStorage", storage);
    lasting.set("probe", 1);
    expect(lasting.get("probe")).toBe(1);
    expect(lasting.keys("pro")).toEqual(["probe"]);
    lasting.set("probe", undefined);
    expect(lasting.get("probe")).toBeUndefined();
    expect(lasting.keys("pro")).toEqual([]);
  });
});

describe("a draft that a tab left behind", () => {
  const key = "caller.posts.kitchen/other";
  const left = JSON.stringify({ beat: 0, posts: [], draft: { text: "theirs" } });
  const visits = JSON.stringify(["lobby", "kitchen"].map((room) => ({ room, at: Date.now() })));

  test("waits for who opens the room, and is not for who only follows it", async () => {
    localStorage.setItem("caller.rooms", visits);
    localStorage.setItem(key, left);
    await open("/rooms/lobby");
    await pass(2_000);
    expect(all("room-row").map(({ dataset }) => dataset.joined)).toEqual(["true", "true"]);
    expect(localStorage.getItem(key)).toBe(left);
  });

  test("is there in a room that was followed before, once one comes to it", async () => {
    localStorage.setItem("caller.rooms", visits);
    await open("/rooms/lobby");
    await pass(2_000);
    localStorage.setItem(key, left);
    history.pushState(null, "", "/rooms/kitchen");
    window.dispatchEvent(new PopStateEvent("popstate"));
    await pass(100);
    expect(field().value).toBe("theirs");
    expect(localStorage.getItem(key)).toBeNull();
  });
});

describe("what was sent is no draft", () => {
  test.each([
    ["going elsewhere in the page", () => page.away()],
    ["the end of the tab", () => page.closeTab()],
    ["a crash, which says nothing", () => undefined],
  ])("%s in the same moment", async (_, leave) => {
    await open("/rooms/lobby");
    await fill("composer-input", "once");
    one("composer-input").closest("form")?.requestSubmit();
    const stored = Object.values(localStorage).join();
    expect(stored).not.toContain('"draft"');
    leave();
    await pass(0);
    page.away();
    await open("/rooms/lobby");
    expect(field().value).toBe("");
    press(field(), "Enter");
    await pass(200_000);
    expect(texts()).toEqual(["once"]);
    expect(page.server.log).toHaveLength(1);
  });

  test("nor what an older record has as both", async () => {
    const post = { key: "k", text: "once", at: Date.now(), state: "waiting" };
    const value = { beat: 0, posts: [post], draft: { text: "once" } };
    localStorage.setItem("caller.posts.lobby/other", JSON.stringify(value));
    await open("/rooms/lobby");
    await pass(1_000);
    expect(field().value).toBe("");
    expect(texts()).toEqual(["once"]);
  });
});

test.each([undefined, null, 1, "x", [], {}, { text: 1 }])("%j is no draft", (value) => {
  expect(readDraft(value)).toBeUndefined();
});

test.each([
  [{ text: "a", replyTo: "nonsense", edit: { id: "7" } }, { text: "a" }],
  [
    { text: "a", replyTo: "1-a", edit: { id: "2-b", text: "b" }, more: 1 },
    {
      text: "a",
      replyTo: "1-a",
      edit: { id: "2-b", text: "b" },
    },
  ],
  [
    { text: "a", edits: [{ id: "2-b", text: "b" }, 1, { id: "nonsense", text: "c" }] },
    { text: "a", edits: [{ id: "2-b", text: "b" }] },
  ],
  [{ text: "a", edits: [null] }, { text: "a" }],
])("%j is read as far as it makes sense", (value, draft) => {
  expect(readDraft(value)).toEqual(draft);
});

describe("an input method", () => {
  const enters: [string, KeyboardEventInit][] = [
    ["within a composition", { isComposing: true }],
    ["after it, as WebKit has it", { isComposing: false, keyCode: 229 }],
  ];

  test.each(enters)("its Enter sends nothing: %s", async (_, init) => {
    await open("/rooms/lobby");
    await fill("composer-input", "にほんご");
    field().dispatchEvent(new CompositionEvent("compositionend", { bubbles: true }));
    press(field(), "Enter", init);
    await pass(300);
    expect(page.server.log).toHaveLength(0);
    expect(field().value).toBe("にほんご");
    press(field(), "Enter", { keyCode: 13 });
    await pass(300);
    expect(texts()).toEqual(["にほんご"]);
  });

  test.each(enters)("its Esc closes nothing: %s", async (_, init) => {
    await open("/rooms/lobby");
    await click("menu");
    press(document.body, "Escape", init);
    await pass(50);
    expect(all("change-name")).toHaveLength(1);
    await click("change-name");
    press(one("name-input"), "Escape", init);
    await pass(50);
    expect(all("name-input")).toHaveLength(1);
  });
});

describe("a keyboard on the screen", () => {
  const real = window.matchMedia.bind(window);
  const touch = (query: string) =>
    query.includes("coarse") ? ({ ...real(query), matches: true } as MediaQueryList) : real(query);

  test("its Enter breaks the line, and the button sends", async () => {
    vi.stubGlobal("matchMedia", touch);
    await open("/rooms/lobby");
    expect(field().getAttribute("enterkeyhint")).toBe("enter");
    await fill("composer-input", "one");
    expect(press(field(), "Enter")).toBe(true);
    await pass(300);
    expect(page.server.log).toHaveLength(0);
    await fill("composer-input", "one\ntwo");
    await click("send");
    await pass(300);
    expect(texts()).toEqual(["one\ntwo"]);
  });

  test("a real one's Enter sends, and Shift+Enter breaks the line", async () => {
    await open("/rooms/lobby");
    expect(field().getAttribute("enterkeyhint")).toBe("send");
    await fill("composer-input", "one");
    expect(press(field(), "Enter", { shiftKey: true })).toBe(true);
    expect(press(field(), "Enter")).toBe(false);
    await pass(300);
    expect(texts()).toEqual(["one"]);
  });
});
