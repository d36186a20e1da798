// @vitest-environment happy-dom
import { beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { usePage } from "./open_page.tsx";

const page = usePage();
const { pass, all, one } = page;

/** What is watched, and whether it is near. */
let observers: { near(is: boolean): void; margin: string }[];
let asked: string[];
let answer: () => Response;

beforeAll(async () => {
  const { ready } = await import("../../src/ui/links/link_preview.tsx");
  for (const link of document.head.querySelectorAll('link[rel="stylesheet"]')) {
    link.dispatchEvent(new Event("load"));
  }
  await ready;
});

beforeEach(() => {
  observers = [];
  asked = [];
  answer = () => Response.json(FOUND);
  vi.stubGlobal(
    "IntersectionObserver",
    class {
      constructor(then: (all: { isIntersecting: boolean }[]) => void, o: { rootMargin: string }) {
        this.#one = { near: (is) => then([{ isIntersecting: is }]), margin: o.rootMargin };
      }
      readonly #one: (typeof observers)[number];
      observe() {
        observers.push(this.#one);
      }
      disconnect() {
        observers = observers.filter((one) => one !== this.#one);
      }
    },
  );
  vi.stubGlobal("fetch", async (input: RequestInfo, init: RequestInit = {}) => {
    if (!String(input).endsWith("/link")) return page.server.fetch(input, init);
    asked.push(String(input));
    return answer();
  });
});

const FOUND = {
  url: "https://example.org/a",
  title: "A title",
  text: "Some words",
  site: "Example",
  image: "/rooms/lobby/messages/1-a/link/image",
};

function offer() {
  const meta = document.createElement("meta");
  meta.name = "caller-link-previews";
  meta.content = "on";
  document.body.append(meta);
}

let number = 0;

/** Somebody says something with a link that nobody has seen before. */
async function say(text = `see https://example.org/${++number}`) {
  page.server.post(text);
  await settled();
}

const settled = async () => {
  for (let i = 0; i < 4; i++) {
    await pass(50);
    await vi.dynamicImportSettled();
  }
};

const near = async () => {
  for (const one of [...observers]) if (one.margin.startsWith("800px")) one.near(true);
  await settled();
};

describe("link previews", () => {
  test("are not asked for where the server has none", async () => {
    await page.open("/rooms/lobby");
    await say();
    await near();
    expect(asked).toEqual([]);
  });

  test("are shown under the message", async () => {
    offer();
    await page.open("/rooms/lobby");
    await say();
    expect(asked, "it is not near yet").toEqual([]);
    await near();
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatch(/\/rooms\/lobby\/messages\/[^/]+\/link$/);
    const card = one("link-preview") as HTMLAnchorElement;
    expect(card.textContent).toBe("ExampleA titleSome words");
    expect(card.href).toBe("https://example.org/a");
    expect(card.rel).toContain("noopener");
    expect(card.querySelector("img")?.getAttribute("src")).toBe(FOUND.image);
  });

  test("are not shown where there is nothing, or something that is no address of the web", async () => {
    offer();
    await page.open("/rooms/lobby");
    answer = () => new Response(null, { status: 404 });
    await say();
    await near();
    answer = () => Response.json({ ...FOUND, url: "javascript:alert(1)" });
    await say();
    await near();
    answer = () => new Response(null, { status: 503 });
    await say();
    await near();
    expect(asked).toHaveLength(3);
    expect(all("link-preview")).toEqual([]);
  });

  test("move nothing that somebody looks at", async () => {
    offer();
    await page.open("/rooms/lobby");
    await say();
    await say("and that");
    const rect = (top: number, bottom: number) => () => ({ top, bottom }) as DOMRect;
    const box = document.querySelector(".log") as HTMLElement;
    box.getBoundingClientRect = rect(0, 500);
    const first = all("message").at(-2) as HTMLElement;
    first.getBoundingClientRect = rect(100, 150);
    await near();
    expect(asked).toHaveLength(1);
    expect(all("link-preview"), "it is on screen").toEqual([]);
    for (const one of [...observers]) if (one.margin.startsWith("0px")) one.near(false);
    await settled();
    expect(all("link-preview"), "it has gone off screen").toHaveLength(1);
  });
});
