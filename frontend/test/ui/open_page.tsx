import { render } from "preact";
import { afterEach, beforeEach, vi } from "vitest";
import { App } from "../../src/ui/app.tsx";
import { later } from "../../src/ui/parts.ts";
import { FakeServer } from "../fake_server.ts";

/** The page in memory, with a room's server behind it and Vitest's clock. */
export interface OpenPage {
  server: FakeServer;
  pass(ms: number): Promise<unknown>;
  all(id: string): HTMLElement[];
  one(id: string): HTMLElement;
  texts(): (string | null)[];
  /** What somebody types into a field, as one change of it. */
  fill(id: string, value: string): Promise<void>;
  click(id: string): Promise<void>;
  /** False when a handler took it. */
  press(element: HTMLElement, key: string, more?: KeyboardEventInit): boolean;
  /** Opens an address as Ann, whom the browser knows, unless `asGuest`. */
  open(path: string, asGuest?: boolean): Promise<void>;
  /** The tab is closed; its successor has none of its session storage. */
  closeTab(): void;
  /** The page is taken away, and the tab stays. */
  reload(): void;
  /** The page is taken away as one goes elsewhere in it. */
  away(): void;
}

/** Call it in a `describe`, or at the top of a file. */
export function usePage(): OpenPage {
  let root: HTMLElement;
  const page: OpenPage = {
    server: new FakeServer(),
    pass: (ms) => vi.advanceTimersByTimeAsync(ms),
    all: (id) => [...document.querySelectorAll<HTMLElement>(`[data-testid="${id}"]`)],
    one(id) {
      const found = page.all(id)[0];
      if (found === undefined) throw new Error(`no ${id} in ${document.body.textContent}`);
      return found;
    },
    texts: () => page.all("message-text").map((element) => element.textContent),
    async fill(id, value) {
      const field = page.one(id) as HTMLInputElement;
      field.value = value;
      field.dispatchEvent(new Event("input", { bubbles: true }));
      await page.pass(20);
    },
    async click(id) {
      const element = page.one(id) as HTMLButtonElement;
      if (element.type === "submit") {
        element.form?.dispatchEvent(new Event("submit", { bubbles: true, cancelable: true }));
      } else element.click();
      await page.pass(20);
    },
    press: (element, key, more = {}) =>
      element.dispatchEvent(
        new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }),
      ),
    async open(path, asGuest = false) {
      if (!asGuest) {
        localStorage.setItem("caller.session", JSON.stringify({ clientId: "me", name: "Ann" }));
        localStorage.setItem("caller.name", '"Ann"');
      }
      history.replaceState(null, "", path);
      const base = document.createElement("base");
      base.href = "/";
      document.head.replaceChildren(base);
      render(<App />, root);
      await page.pass(200);
    },
    reload() {
      window.dispatchEvent(new Event("pagehide"));
      render(null, root);
    },
    closeTab() {
      page.reload();
      sessionStorage.clear();
    },
    away: () => render(null, root),
  };

  beforeEach(async () => {
    // The files that the page loads after reading are not these tests' matter.
    await later.ahead();
    vi.useFakeTimers({
      toFake: [
        "setTimeout",
        "clearTimeout",
        "setInterval",
        "clearInterval",
        "Date",
        "requestAnimationFrame",
        "cancelAnimationFrame",
      ],
    });
    page.server = new FakeServer();
    vi.stubGlobal("fetch", (input: RequestInfo, init?: RequestInit) =>
      page.server.fetch(input, init),
    );
    // What tabs share is for their own tests and for real browsers.
    vi.stubGlobal("BroadcastChannel", undefined);
    vi.stubGlobal(
      "WebSocket",
      class {
        constructor(url: string) {
          // biome-ignore lint/correctness/noConstructorReturn: the fake stands in for what is made
          return page.server.socket(url);
        }
      },
    );
    localStorage.clear();
    sessionStorage.clear();
    document.body.innerHTML = '<div id="app"></div>';
    root = document.getElementById("app") as HTMLElement;
  });

  afterEach(async () => {
    render(null, root);
    // What was to be drawn is not left to the next test.
    await page.pass(100);
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  return page;
}
