// @vitest-environment happy-dom
import { expect, test, vi } from "vitest";
import { usePage } from "./open_page.tsx";

const page = usePage();

test("signing in is offered where there is a service, and leads back as whom the server says", async () => {
  page.server.signedIn = false;
  await page.open("/rooms/lobby?signin=expired", true);
  await vi.waitFor(
    async () => {
      await page.pass(50);
      page.one("name-input");
    },
    { timeout: 30_000 },
  );
  expect(page.all("sign-in")).toEqual([]);
  expect(document.querySelector("#name-problem")?.textContent).toContain("too long");
  expect(location.search).toBe("");
  page.reload();

  await page.open("/rooms/lobby", true);
  const meta = document.createElement("meta");
  meta.name = "caller-oidc";
  meta.content = "on";
  document.head.append(meta);
  await page.pass(50);
  page.reload();
  await page.open("/rooms/lobby", true);
  document.head.append(meta);
  await vi.waitFor(
    async () => {
      await page.pass(50);
      page.one("name-input");
    },
    { timeout: 30_000 },
  );
  await page.fill("name-input", "x"); // drawn anew
  const link = page.one("sign-in") as HTMLAnchorElement;
  expect(link.href).toBe(`${location.origin}/signin?room=lobby`);
  link.addEventListener("click", (event) => event.preventDefault());
  await page.click("sign-in");
  meta.remove();

  // The page is loaded anew, with another session's cookie and an old name.
  vi.resetModules();
  const { isBackFromSignIn } = await import("../../src/ui/sign_in.ts");
  expect(isBackFromSignIn()).toBe(true);
  vi.resetModules();
  const again = await import("../../src/ui/sign_in.ts");
  expect(again.isBackFromSignIn()).toBe(false);
});
