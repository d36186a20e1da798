// @vitest-environment happy-dom
import { describe, expect, test, vi } from "vitest";
import type { Cursor, MessageEvent } from "../../src/client/index.ts";
import { usePage } from "./open_page.tsx";

const page = usePage();
const { pass, all, one, texts, fill, click, press, open } = page;
const field = () => one("composer-input") as HTMLTextAreaElement;
const ME = { id: "me", name: "Ann" };
const BOB = { id: "other", name: "Bob" };
const mine = (text: string, key?: string) => page.server.post(text, key, ME);
const row = ({ id }: { id: Cursor }) => {
  const found = all("message").find((element) => element.dataset.id === id);
  if (found === undefined) throw new Error(`${id} is not there`);
  return found;
};
const inRow = (message: MessageEvent, id: string) =>
  row(message).querySelector<HTMLElement>(`[data-testid="${id}"]`);
/** A key on the message, which has the focus then. */
const key = async (message: MessageEvent, name: string, init: KeyboardEventInit = {}) => {
  row(message).focus();
  press(row(message), name, init);
  await opened();
};
/** What is over the messages is loaded when it is wanted. */
const opened = async () => {
  await pass(50);
  await vi.dynamicImportSettled();
  await pass(50);
};
const last = () => page.server.log.at(-1) as unknown as Record<string, unknown>;
const kinds = () => page.server.log.map(({ type }) => type as string);

describe("what others do to their messages", () => {
  test("is shown where they stand", async () => {
    const first = page.server.post("first");
    const second = page.server.post("second");
    await open("/rooms/lobby");
    page.server.append({ type: "edit", target: first.id, from: BOB, text: "better" });
    page.server.append({ type: "delete", target: second.id, from: BOB });
    page.server.append({ type: "reaction", target: first.id, from: BOB, emoji: "👍", on: true });
    page.server.append({ type: "edit", target: "99-zz", from: BOB, text: "of nothing" });
    await pass(200);
    expect(texts()).toEqual(["better"]);
    expect(inRow(first, "edited")?.title).toMatch(/^Edited .*\d/);
    expect(row(second).textContent).toContain("Message deleted");
    expect(row(second).dataset.deleted).toBe("true");
    const reaction = inRow(first, "reaction");
    expect(reaction?.textContent).toBe("👍1");
    expect(reaction?.getAttribute("aria-pressed")).toBe("false");
    page.server.append({ type: "reaction", target: first.id, from: BOB, emoji: "👍", on: false });
    await pass(200);
    expect(inRow(first, "reaction")).toBeNull();
  });

  test("is the same for who comes later, and over a reconnect", async () => {
    const first = page.server.post("first");
    Object.assign(first, {
      text: "better",
      editedAt: new Date().toISOString(),
      reactions: [{ emoji: "🎉", count: 3, by: ["me", "other"] }],
      amended: "5-00000001",
    });
    await open("/rooms/lobby");
    expect(texts()).toEqual(["better"]);
    expect(inRow(first, "edited")).toBeTruthy();
    expect(inRow(first, "reaction")?.textContent).toBe("🎉3");
    expect(inRow(first, "reaction")?.getAttribute("aria-pressed")).toBe("true");
    expect(inRow(first, "reaction")?.getAttribute("aria-label")).toMatch(/^🎉 3: you/);
  });

  test("draws the message anew, and no other", async () => {
    const first = page.server.post("first");
    const second = page.server.post("second");
    await open("/rooms/lobby");
    const [before, other] = [row(first), row(second)];
    page.server.append({ type: "edit", target: first.id, from: BOB, text: "better" });
    await pass(200);
    expect(row(first)).toBe(before);
    expect(row(second)).toBe(other);
  });
});

describe("editing", () => {
  test("e on one's own message, Enter saves it, and the draft is back", async () => {
    const first = mine("teh");
    await open("/rooms/lobby");
    await fill("composer-input", "a draft");
    await key(first, "e");
    expect(one("editing").textContent).toContain("Edit message");
    expect(field().value).toBe("teh");
    expect(document.activeElement).toBe(field());
    await fill("composer-input", "the");
    press(field(), "Enter");
    await pass(50);
    expect(field().value).toBe("a draft");
    expect(texts()).toEqual(["the"]); // at once
    await pass(300);
    expect(last()).toMatchObject({ type: "edit", target: first.id, text: "the" });
    expect(inRow(first, "edited")).toBeTruthy();
  });

  test("a message of files may lose its words, and another one is asked about", async () => {
    const files = [{ id: "2", name: "a.zip", type: "application/zip", size: 5 }];
    page.server.append({ type: "message", from: ME, text: "look", files });
    await open("/rooms/lobby");
    const [first] = page.server.log as [MessageEvent];
    await key(first, "e");
    await fill("composer-input", "");
    expect((one("send") as HTMLButtonElement).disabled).toBe(false);
    press(field(), "Enter");
    await opened();
    expect(all("editing")).toEqual([]);
    await pass(300);
    expect(last()).toMatchObject({ type: "edit", target: first.id, text: "" });
    expect(kinds()).toEqual(["message", "edit"]);

    const second = mine("only words");
    await pass(300);
    await key(second, "e");
    await fill("composer-input", "");
    expect((one("send") as HTMLButtonElement).disabled).toBe(true);
    press(field(), "Enter");
    await opened();
    expect(all("editing")).toHaveLength(1);
  });

  test("Esc gives the draft back, and so does a reload on the way", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await fill("composer-input", "a draft");
    await key(first, "e");
    await fill("composer-input", "half");
    page.reload();
    await open("/rooms/lobby");
    expect(field().value).toBe("half");
    press(field(), "Escape");
    await pass(50);
    expect(field().value).toBe("a draft");
    expect(kinds()).toEqual(["message"]);
  });

  test("an edit that is not saved waits while another message is edited, and over a reload", async () => {
    const [first, second, third] = [mine("first"), mine("second"), mine("third")];
    await open("/rooms/lobby");
    await fill("composer-input", "a draft");
    await key(first, "e");
    await fill("composer-input", "first, changed");
    await key(second, "e");
    expect(field().value).toBe("second");
    await key(third, "e");
    await fill("composer-input", "third, changed");

    // What was changed before is there again, by itself and when one goes back to it.
    await key(first, "e");
    expect(field().value).toBe("first, changed");
    page.reload();
    await open("/rooms/lobby");
    expect(field().value).toBe("first, changed");
    press(field(), "Enter");
    await pass(200);
    expect(field().value).toBe("third, changed");
    expect(one("editing").textContent).toContain("third");
    press(field(), "Escape");
    await pass(50);
    expect(field().value, "what was not changed does not come back").toBe("a draft");
    expect(all("editing")).toHaveLength(0);
    expect(texts()).toEqual(["first, changed", "second", "third"]);
    await key(third, "e");
    expect(field().value, "what was given up is gone").toBe("third");
  });

  test("what waits for a message that one deletes is gone", async () => {
    const [first, second] = [mine("first"), mine("second")];
    await open("/rooms/lobby");
    await key(first, "e");
    await fill("composer-input", "first, changed");
    await key(second, "e");
    await key(first, "Delete");
    await click("remove");
    await pass(200);
    press(field(), "Escape");
    await pass(50);
    expect(field().value).toBe("");
    expect(all("editing")).toHaveLength(0);
  });

  test("↑ in the empty field edits one's last that is not deleted", async () => {
    mine("one");
    const two = mine("two");
    const three = mine("three");
    page.server.post("of Bob");
    await open("/rooms/lobby");
    page.server.append({ type: "delete", target: three.id, from: ME });
    await pass(100);
    press(field(), "ArrowUp");
    await pass(50);
    expect(field().value).toBe("two");
    press(field(), "ArrowUp"); // goes up within the text then
    press(field(), "Enter"); // nothing was changed
    await pass(300);
    expect(kinds().filter((kind) => kind === "edit")).toEqual([]);
    expect(two.text).toBe("two");
    await fill("composer-input", "x");
    press(field(), "ArrowUp");
    await pass(50);
    expect(field().value).toBe("x");
  });

  test("with another keyboard's letters, and never of a message of others", async () => {
    const first = mine("one");
    const other = page.server.post("theirs");
    await open("/rooms/lobby");
    await key(other, "e");
    expect(all("editing")).toHaveLength(0);
    await key(first, "e", { ctrlKey: true });
    expect(all("editing")).toHaveLength(0);
    await key(first, "у", { code: "KeyE" });
    expect(all("editing")).toHaveLength(1);
  });

  test("a refusal is said at the field, and the text stays there", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await fill("composer-input", "a draft");
    await key(first, "e");
    await fill("composer-input", "two");
    page.server.refuse = { status: 409, code: "conflict" };
    press(field(), "Enter");
    await pass(300);
    expect(field().value).toBe("two");
    expect(one("writing-problem").textContent).toBe("Not saved. This message has been deleted.");
    expect(texts()).toEqual(["one"]);
    press(field(), "Escape");
    await pass(50);
    expect(field().value).toBe("a draft");
  });

  test("a text of nothing asks whether to delete", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await key(first, "e");
    await fill("composer-input", "");
    press(field(), "Enter");
    await opened();
    expect(all("remove-ask")).toHaveLength(1);
  });

  test("written offline it waits, survives the tab, and goes out once", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await pass(2_000);
    for (const path of ["ws", "sse", "poll", "post"] as const)
      page.server.network[path] = "refused";
    page.server.cutAll();
    await pass(3_000);
    await key(first, "e");
    await fill("composer-input", "two");
    press(field(), "Enter");
    await pass(100);
    expect(texts()).toEqual(["two"]);
    expect(row(first).textContent).toContain("Waiting");
    page.closeTab();
    for (const path of ["ws", "sse", "poll", "post"] as const) page.server.network[path] = "ok";
    await open("/rooms/lobby");
    await pass(2_000);
    expect(kinds()).toEqual(["message", "edit"]);
    expect(texts()).toEqual(["two"]);
    expect(row(first).textContent).not.toContain("Waiting");
    expect(Object.keys(localStorage).filter((key) => key.includes("posts"))).toEqual([]);
  });
});

describe("deleting", () => {
  const remove = async (message: MessageEvent) => {
    await key(message, "Delete");
    await click("remove");
  };

  test("asks once, can be undone for five seconds, and is then done", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await key(first, "Delete");
    expect(one("remove-ask").textContent).toContain("Delete this message?");
    await click("remove");
    expect(texts()).toEqual([]);
    expect(document.activeElement).toBe(row(first));
    await pass(4_800);
    await click("undo");
    expect(texts()).toEqual(["one"]);
    expect(document.activeElement).toBe(row(first));
    await pass(10_000);
    expect(kinds()).toEqual(["message"]);
    await remove(first);
    await pass(5_300);
    expect(last()).toMatchObject({ type: "delete", target: first.id });
    expect(row(first).textContent).toContain("Message deleted");
    expect(all("undo")).toHaveLength(0);
    await key(first, "Delete");
    expect(all("remove-ask")).toHaveLength(0);
  });

  test("its question is closed while it stands there: only then the focus goes back", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    const there: boolean[] = [];
    const close = vi.spyOn(HTMLDialogElement.prototype, "close").mockImplementation(function (
      this: HTMLDialogElement,
    ) {
      there.push(this.isConnected);
    });
    await key(first, "Delete");
    one("remove-ask").dispatchEvent(new Event("cancel", { cancelable: true }));
    await pass(100);
    close.mockRestore();
    expect(all("remove-ask")).toEqual([]);
    expect(there).toEqual([true]);
  });

  test("is not asked for a message of others", async () => {
    const other = page.server.post("theirs");
    await open("/rooms/lobby");
    await key(other, "Delete");
    expect(all("remove-ask")).toHaveLength(0);
  });

  test.each([
    ["the tab is closed", () => page.closeTab()],
    ["one goes elsewhere in the page", () => page.away()],
  ])("is done at once when %s, and beside the connection", async (_, leave) => {
    const first = mine("one");
    await open("/rooms/lobby");
    await remove(first);
    const asked: RequestInit[] = [];
    const real = page.server.fetch;
    page.server.fetch = (input, init) => {
      if (init?.method === "DELETE" && init.keepalive) {
        asked.push(init);
        expect(String(input)).toContain(`/rooms/lobby/messages/${first.id}`);
      }
      return real(input, init);
    };
    leave();
    await pass(300);
    expect(asked).toHaveLength(1);
    expect(new Headers(asked[0]?.headers).get("Idempotency-Key")).toMatch(/.{8}/);
    expect(kinds()).toEqual(["message", "delete"]);
  });

  test("what was deleted meanwhile says so where it stands", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    await remove(first);
    page.server.refuse = { status: 404, code: "not_found" };
    await pass(5_300);
    expect(inRow(first, "message-failure")?.textContent).toContain(
      "Not deleted. This message is no longer kept.",
    );
    expect(texts()).toEqual(["one"]);
    inRow(first, "message-failure")?.querySelector("button")?.click();
    await pass(100);
    expect(all("message-failure")).toHaveLength(0);
  });
});

describe("answering", () => {
  test("r answers, the answer shows whom and what, as it is now, and leads there", async () => {
    const first = page.server.post("what is it?");
    await open("/rooms/lobby");
    await fill("composer-input", "it is");
    await key(first, "r");
    expect(one("replying").textContent).toContain("Bob");
    expect(one("replying").textContent).toContain("what is it?");
    expect(field().value).toBe("it is");
    expect(document.activeElement).toBe(field());
    await fill("composer-input", "it is this");
    press(field(), "Enter");
    await pass(50);
    expect(one("quote").textContent).toBe("Bob: what is it?"); // while it waits
    await pass(300);
    expect(all("replying")).toHaveLength(0);
    expect(last()).toMatchObject({ text: "it is this", replyTo: { id: first.id } });
    page.server.append({ type: "edit", target: first.id, from: BOB, text: "what\nis that?" });
    await pass(100);
    expect(one("quote").textContent).toBe("Bob: what is that?");
    await click("quote");
    await pass(200);
    expect(document.activeElement).toBe(row(first));
    page.server.append({ type: "delete", target: first.id, from: BOB });
    await pass(100);
    expect(one("quote").textContent).toBe("Bob: Deleted message");
  });

  test("Esc answers nobody, and keeps the text; a reload keeps whom one answers", async () => {
    const first = page.server.post("what?");
    await open("/rooms/lobby");
    await key(first, "r");
    await fill("composer-input", "this");
    page.reload();
    await open("/rooms/lobby");
    expect(all("replying")).toHaveLength(1);
    expect(field().value).toBe("this");
    press(field(), "Escape");
    await pass(50);
    expect(all("replying")).toHaveLength(0);
    expect(field().value).toBe("this");
  });

  test("an answer to what is gone meanwhile comes back into the field, and goes out as a new one", async () => {
    const first = page.server.post("what?");
    await open("/rooms/lobby");
    await key(first, "r");
    await fill("composer-input", "this");
    page.server.refuse = { status: 404, code: "not_found" };
    press(field(), "Enter");
    await pass(300);
    expect(field().value).toBe("this");
    expect(one("given-back").textContent).toMatch(
      /^Not sent. The message you're replying to is gone/,
    );
    expect(texts()).toEqual(["what?"]);
    page.server.refuse = undefined;
    press(field(), "Enter");
    await pass(300);
    expect(all("given-back")).toHaveLength(0);
    expect(texts()).toEqual(["what?", "this"]);
    expect(all("quote")).toHaveLength(0);

    // Where the field is in use the message says it, and stays.
    await key(first, "r");
    await fill("composer-input", "that");
    page.server.refuse = { status: 409, code: "conflict" };
    press(field(), "Enter");
    await fill("composer-input", "something else");
    await pass(300);
    expect(field().value).toBe("something else");
    expect(all("message").at(-1)?.textContent).toContain("is gone");
    expect(texts().at(-1)).toBe("that");
  });

  test("one that is not kept is said to be so", async () => {
    const gone = { id: "1-gone" as Cursor, from: BOB, excerpt: "long ago" };
    page.server.append({ type: "message", from: BOB, text: "answer", replyTo: gone });
    await open("/rooms/lobby");
    expect(one("quote").textContent).toBe("Bob: long ago");
    await click("quote");
    await pass(200);
    expect(one("notice").textContent).toMatch(/no longer kept/);
  });
});

describe("reacting", () => {
  test("a click puts one's own there, and takes it away", async () => {
    const first = page.server.post("one");
    await open("/rooms/lobby");
    page.server.append({ type: "reaction", target: first.id, from: BOB, emoji: "👍", on: true });
    await pass(100);
    await click("reaction");
    expect(inRow(first, "reaction")?.getAttribute("aria-pressed")).toBe("true"); // at once
    await pass(300);
    expect(last()).toMatchObject({ type: "reaction", emoji: "👍", on: true, from: ME });
    expect(inRow(first, "reaction")?.textContent).toBe("👍2");
    await click("reaction");
    await pass(300);
    expect(last()).toMatchObject({ emoji: "👍", on: false });
    expect(inRow(first, "reaction")?.textContent).toBe("👍1");
  });

  test.each([
    ["takes away what was one's own", "0-0", [{ emoji: "👍", on: false }]],
    ["puts it there, once", "9-00000001", []],
    ["goes out as any other when there is no answer", undefined, [{ emoji: "👍", on: true }]],
  ])("among more people than are named a click %s", async (_, id, sent) => {
    const first = page.server.post("one");
    const by = Array.from({ length: 20 }, (_, i) => `p${i}`);
    Object.assign(first, { reactions: [{ emoji: "👍", count: 30, by }], amended: "5-00000001" });
    await open("/rooms/lobby");
    const asked: string[] = [];
    page.server.answer = (method, { pathname }) => {
      if (!pathname.includes("/reactions/")) return undefined;
      asked.push(`${method} ${decodeURIComponent(pathname)}`);
      return id === undefined ? new Response("busy", { status: 502 }) : Response.json({ id });
    };
    await click("reaction");
    await vi.waitFor(() => expect(asked).not.toEqual([]), 10_000);
    await pass(300);
    expect(asked).toEqual([`PUT /rooms/lobby/messages/${first.id}/reactions/👍`]);
    const reactions = page.server.log.filter(({ type }) => (type as string) === "reaction");
    expect(reactions).toMatchObject(sent);
  });

  test("the picker stays while a keyboard comes up, and goes when the page gets another width", async () => {
    const first = page.server.post("one");
    await open("/rooms/lobby");
    await key(first, "+");
    await opened();
    const { innerWidth, innerHeight } = window;
    vi.stubGlobal("innerHeight", innerHeight / 2);
    window.dispatchEvent(new Event("resize"));
    await pass(50);
    expect(all("emoji-picker")).toHaveLength(1);
    vi.stubGlobal("innerWidth", innerWidth / 2);
    window.dispatchEvent(new Event("resize"));
    await pass(50);
    expect(all("emoji-picker")).toHaveLength(0);
  });

  test("+ opens the picker, which finds in both languages and goes by arrows", async () => {
    const first = page.server.post("one");
    await open("/rooms/lobby");
    await key(first, "+");
    await opened();
    const search = one("emoji-search") as HTMLInputElement;
    expect(document.activeElement).toBe(search);
    const shown = () =>
      [...document.querySelectorAll<HTMLElement>(".emoji-choice")].map((e) => e.dataset.emoji);
    expect(shown().length).toBeGreaterThan(300);
    await fill("emoji-search", "rocket");
    expect(shown()).toContain("🚀");
    await fill("emoji-search", "ракет");
    expect(shown()).toContain("🚀");
    await fill("emoji-search", "no such thing");
    expect(one("emoji-picker").textContent).toContain("Nothing found");
    await fill("emoji-search", "heart");
    press(search, "ArrowDown");
    const hearts = shown();
    const at = () => (document.activeElement as HTMLElement).dataset.emoji;
    expect(at()).toBe(hearts[0]);
    press(document.activeElement as HTMLElement, "ArrowRight");
    expect(at()).toBe(hearts[1]);
    press(document.activeElement as HTMLElement, "ArrowDown");
    expect(at()).toBe(hearts[9]);
    press(document.activeElement as HTMLElement, "ArrowUp");
    press(document.activeElement as HTMLElement, "ArrowUp");
    expect(document.activeElement).toBe(search);
    search.form?.requestSubmit();
    await pass(300);
    expect(all("emoji-picker")).toHaveLength(0);
    expect(last()).toMatchObject({ type: "reaction", emoji: hearts[0], on: true });
    expect(document.activeElement).toBe(row(first));
    await key(first, "+");
    await pass(100);
    expect(shown()[0]).toBe(hearts[0]); // recent
    press(one("emoji-search"), "Escape");
    await pass(50);
    expect(all("emoji-picker")).toHaveLength(0);
  });

  test("a refusal is said under the message", async () => {
    const first = page.server.post("one");
    await open("/rooms/lobby");
    page.server.append({ type: "reaction", target: first.id, from: BOB, emoji: "👍", on: true });
    await pass(100);
    page.server.refuse = { status: 422, code: "invalid_field", field: "emoji", limit: 20 };
    await click("reaction");
    await pass(300);
    expect(inRow(first, "message-failure")?.textContent).toContain("more reactions");
    expect(inRow(first, "reaction")?.textContent).toBe("👍1");
  });
});

describe("what is at hand", () => {
  test("three buttons on the message one points at, and no more", async () => {
    const first = mine("one");
    const other = page.server.post("two");
    await open("/rooms/lobby");
    expect(all("message-bar")).toHaveLength(0);
    const enter = (message: MessageEvent, pointerType: string) =>
      row(message).dispatchEvent(new PointerEvent("pointerenter", { pointerType }));
    enter(first, "touch");
    await pass(50);
    expect(all("message-bar")).toHaveLength(0);
    enter(first, "mouse");
    await pass(50);
    expect(one("message-bar").querySelectorAll("button")).toHaveLength(3);
    await click("message-more");
    await opened();
    const items = () =>
      [...document.querySelectorAll("[role=menuitem]")].map((item) => item.textContent);
    expect(items()).toEqual([
      "Add reaction+",
      "ReplyR",
      "EditE",
      "Copy text",
      "Copy link to message",
      "DeleteDel",
    ]);
    const focused = () => document.activeElement?.textContent;
    expect(focused()).toBe("Add reaction+");
    press(document.activeElement as HTMLElement, "ArrowUp");
    expect(focused()).toBe("DeleteDel");
    press(document.activeElement as HTMLElement, "ArrowDown");
    press(document.activeElement as HTMLElement, "ArrowDown");
    expect(focused()).toBe("ReplyR");
    press(document.activeElement as HTMLElement, "Escape");
    await pass(50);
    expect(all("message-menu")).toHaveLength(0);
    expect(document.activeElement).toBe(row(first));
    await key(other, "Enter");
    expect(items()).toEqual([
      "Add reaction+",
      "ReplyR",
      "Copy text",
      "Copy link to message",
      "Hide messages",
    ]);
  });

  test("a finger that rests on it opens a sheet, one that scrolls does not", async () => {
    const first = mine("one");
    await open("/rooms/lobby");
    const touch = (type: string, clientX = 0) =>
      row(first).dispatchEvent(
        new PointerEvent(type, { pointerType: "touch", bubbles: true, clientX, clientY: 0 }),
      );
    touch("pointerdown");
    touch("pointermove", 30);
    await pass(700);
    expect(all("message-sheet")).toHaveLength(0);
    touch("pointerdown");
    touch("pointermove", 3);
    await pass(600);
    await opened();
    expect(one("message-sheet").querySelectorAll(".quick")).toHaveLength(7);
    // The finger is lifted over what has come under it.
    const quick = one("message-sheet").querySelector<HTMLElement>(".quick");
    touch("pointerup");
    quick?.click();
    await pass(100);
    expect(all("message-sheet")).toHaveLength(1);
    quick?.dispatchEvent(new PointerEvent("pointerdown", { bubbles: true }));
    one("message-sheet").querySelector<HTMLElement>(".quick")?.click();
    await pass(300);
    expect(last()).toMatchObject({ type: "reaction", emoji: "👍" });
    expect(all("message-sheet")).toHaveLength(0);
  });

  test("a guest is asked for a name", async () => {
    const first = page.server.post("one");
    await open("/rooms/lobby", true);
    await key(first, "r");
    expect(one("notice").textContent).toBe("Choose a name to reply or react.");
    expect(document.activeElement).toBe(one("name-input"));
    await key(first, "Enter");
    expect(document.querySelectorAll("[role=menuitem]")).toHaveLength(3);
  });

  test("one message is in the order of Tab, and the arrows go on from it", async () => {
    const messages = ["a", "b", "c"].map((text) => page.server.post(text));
    await open("/rooms/lobby");
    await pass(100);
    const inOrder = () => all("message").filter((e) => e.tabIndex === 0);
    expect(inOrder().map((e) => e.dataset.id)).toEqual([messages[2]?.id]);
    inOrder()[0]?.focus();
    for (const [name, expected] of [
      ["ArrowUp", 1],
      ["ArrowUp", 0],
      ["ArrowUp", 0],
      ["End", 2],
      ["Home", 0],
      ["ArrowDown", 1],
    ] as const) {
      press(document.activeElement as HTMLElement, name);
      await pass(20);
      expect((document.activeElement as HTMLElement).dataset.id).toBe(messages[expected]?.id);
      expect(inOrder()).toEqual([document.activeElement]);
    }
    press(document.activeElement as HTMLElement, "Escape");
    expect(document.activeElement).toBe(field());
  });
});
