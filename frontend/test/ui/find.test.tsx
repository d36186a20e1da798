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
