// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { usePage } from "./open_page.tsx";

const page = usePage();
const BOB = { id: "other", name: "Bob" };
const results = () => page.all("find-result").map(({ textContent }) => textContent);

test("what is deleted or changed while one looks at it is not shown as it was", async () => {
  const first = page.server.post("an apple");
  const second = page.server.post("two apples");
  await page.open("/rooms/lobby");
  await page.click("find-open");
  await vi.dynamicImportSettled();
  await page.pass(100);
  await page.fill("find-input", "apple");
  await page.pass(1_000);
  expect(results()).toHaveLength(2);
  page.server.append({ type: "delete", target: first.id, from: BOB });
  page.server.append({ type: "edit", target: second.id, from: BOB, text: "three apples" });
  await page.pass(200);
  expect(results()).toEqual([expect.stringContaining("three apples")]);
  expect(page.one("find-count").textContent).toMatch(/^1 message/);
});

test("a guest, who has an id for each message, is one sender, and all messages are found", async () => {
  const ci = (n: number) => ({ id: `guest-${n}`, name: "ci", guest: true, look: "look-of-ci" });
  for (const n of [1, 2, 3])
    page.server.append({ type: "message", from: ci(n), text: `built ${n}` });
  page.server.append({ type: "message", from: BOB, text: "thanks" });
  await page.open("/rooms/lobby");
  await page.click("find-open");
  await vi.dynamicImportSettled();
  await page.pass(100);
  const from = page.one("find-from") as HTMLSelectElement;
  const senders = [...from.options].filter(({ text }) => text === "ci");
  expect(senders).toHaveLength(1);
  from.value = senders[0]?.value ?? "";
  from.dispatchEvent(new Event("change", { bubbles: true }));
  await page.pass(1_000);
  expect(results()).toHaveLength(3);
});

test("the focus is where it was when one stops looking", async () => {
  await page.open("/rooms/lobby");
  page.one("find-open").focus();
  await page.click("find-open");
  await vi.dynamicImportSettled();
  await page.pass(100);
  expect(document.activeElement).toBe(page.one("find-input"));
  page.press(page.one("find-input"), "Escape");
  await page.pass(100);
  expect(page.all("find")).toEqual([]);
  expect(document.activeElement).toBe(page.one("find-open"));
});

test("what one types at once is for the field of what one opens", async () => {
  await page.open("/rooms/lobby");
  for (const [key, field] of [
    ["f", "find-input"],
    ["k", "jump-input"],
  ] as const) {
    const open = () =>
      page.press(document.body, key, {
        code: `Key${key.toUpperCase()}`,
        ctrlKey: true,
        shiftKey: key === "f",
      });
    open(); // it is loaded
    await page.pass(100);
    await vi.dynamicImportSettled();
    await page.pass(100);
    page.press(page.one(field), "Escape");
    page.all("jump")[0]?.dispatchEvent(new Event("cancel", { cancelable: true }));
    await page.pass(100);
    expect(page.all(field)).toEqual([]);
    open();
    await Promise.resolve(); // drawn, and not painted yet
    expect(document.activeElement).toBe(page.one(field));
  }
});

test.each([["k"], ["л"]])(
  "Ctrl and the key of a K goes to a room, whatever it prints: %s",
  async (key) => {
    await page.open("/rooms/lobby");
    page.press(document.body, key, { code: "KeyK", ctrlKey: true });
    await page.pass(100);
    await vi.dynamicImportSettled();
    await page.pass(100);
    expect(page.all("jump-input")).toHaveLength(1);
  },
);
