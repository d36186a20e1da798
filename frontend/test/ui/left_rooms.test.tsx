// @vitest-environment happy-dom
import { expect, test } from "vitest";
import { usePage } from "./open_page.tsx";

const page = usePage();

test("a room that is taken off the start page is left, and does not come back from the server", async () => {
  await page.open("/rooms/lobby");
  await page.pass(1_000);
  expect(page.server.streams.size).toBe(1);
  document.querySelector<HTMLButtonElement>(".back")?.click();
  await page.pass(100);
  document.querySelector<HTMLButtonElement>('[aria-label="Remove lobby from the list"]')?.click();
  await page.pass(1_000);
  expect(document.querySelectorAll(".recent li")).toHaveLength(0);
  expect(page.server.sent).toContain("DELETE /session/rooms/lobby");
  expect(page.server.streams.size, "one is in it no more").toBe(0);
});

test("a room that was left in another tab is one's own again where one comes back to it", async () => {
  await page.open("/rooms/lobby");
  await page.pass(1_000);
  const left = [{ room: "lobby", at: Date.now(), left: true }];
  localStorage.setItem("caller.rooms", JSON.stringify(left));
  page.server.cutAll();
  await page.pass(10_000);
  expect(page.one("connection").dataset.state).toBe("live");
  expect(localStorage.getItem("caller.rooms")).not.toContain("left");
});
